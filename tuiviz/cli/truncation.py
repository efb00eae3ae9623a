"""tuiviz truncation: what each way to cut BPTT off keeps, costs and gets wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from math import isfinite
from typing import TYPE_CHECKING, Any

import click

from tuiviz.cli.options import PARAMETERS, model_options

if TYPE_CHECKING:
    from core.learning.comparison import Comparison
    from tuiviz.problem import ModelOptions, Problem

_COLUMN = 7
_STYLES = (
    "window  every error goes back n steps, its own among them: TBPTT(1, n)",
    "chunks  chunks of n steps: TBPTT(n, n)",
    "end     only the last n steps of the sentence: TBPTT(T, n)",
    "full    every error goes back to the start, all in one sweep",
)
_COLUMNS = (
    "kept    terms (t, k) of ∂E/∂W = Σ_t Σ_k        sweep   steps back: a product with Wᵀ each",
    "error   ‖g_trunc − g‖ / ‖g‖        cosine  of the angle between them        -  g is zero",
)


@click.command()
@click.argument("file")
@model_options
@click.option("--all", "every", is_flag=True, help="Every n; else some of them where T > 16.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def truncation(file: str, options: ModelOptions, every: bool, as_json: bool) -> None:
    """Compare truncated BPTT with the full gradient on FILE, for n = 1 … T.

    --truncate K1,K2, or the truncation of a trace, is compared too, in a row of its own.
    """
    from core.learning.comparison import comparisons, some_lengths
    from tuiviz.opening import open_problem

    problem = open_problem(file, options)
    lengths = list(range(1, problem.steps + 1)) if every else some_lengths(problem.steps)
    found = comparisons(problem.tape, lengths, problem.truncation)
    if as_json:
        print(_json(problem, found))
        return
    print(_heading(problem, lengths))
    for comparison in found:
        print(_row(comparison), flush=True)
    print("", *_about(problem), sep="\n")


def _about(problem: Problem) -> Iterator[str]:
    yield from _STYLES
    if chosen := problem.truncation:
        yield f"chosen  as --truncate or the trace says: TBPTT({chosen.k1}, {chosen.k2})"
    yield from _COLUMNS


def _heading(problem: Problem, lengths: list[int]) -> str:
    steps = problem.steps
    which = "every n" if len(lengths) == steps else f"{len(lengths)} of the {steps} n, --all: each"
    groups = " " * 32 + "error".ljust(_COLUMN * 5) + "  cosine"
    names = "".join(name.rjust(_COLUMN) for name in PARAMETERS)
    return (
        f"{problem.name}: T = {steps}, H = {problem.theta.hidden}, "
        f"{steps * (steps + 1) // 2} terms, {which}\n\n{groups}\n"
        f"{'style':8}{'n':>5}{'kept':>8}{'sweep':>7}{names}  {names}"
    )


def _row(found: Comparison) -> str:
    errors = "".join(_cell(found.errors[name]) for name in PARAMETERS)
    cosines = "".join(_cell(found.cosines[name]) for name in PARAMETERS)
    return f"{found.style:8}{found.n:>5}{found.kept:>8}{found.sweep:>7}{errors}  {cosines}"


def _cell(number: float) -> str:
    if not isfinite(number):
        return "-".rjust(_COLUMN)
    small = 0 < abs(number) < 0.0005
    return (f"{number:.0e}" if small else f"{number:.3f}").rjust(_COLUMN)


def _json(problem: Problem, found: Any) -> str:
    import msgspec
    import numpy as np

    from tuiviz.files.trace import numbers

    rows = [asdict(comparison) for comparison in found]
    for row in rows:
        for name in ("errors", "cosines"):
            row[name] = {key: numbers(np.float64(value)) for key, value in row[name].items()}
    content = {"source": problem.name, "sequence": problem.sequence, "T": problem.steps}
    return msgspec.json.encode(content | {"truncations": rows}).decode()
