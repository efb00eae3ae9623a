"""tuiviz truncation: what each way to cut BPTT off keeps, costs and gets wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
@click.option("--some", is_flag=True, help="Only some n where T > 16; else every n.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def truncation(file: str, options: ModelOptions, some: bool, as_json: bool) -> None:
    """Compare truncated BPTT with the full gradient on FILE, for n = 1 … T.

    --truncate K1,K2, or the truncation of a trace, is compared too, in a row of its own.
    """
    from core.learning.comparison import comparisons, some_lengths
    from tuiviz.opening import open_problem

    problem = open_problem(file, options)
    lengths = some_lengths(problem.steps) if some else range(1, problem.steps + 1)
    found = comparisons(problem.tape, lengths, problem.truncation)
    if as_json:
        print(_json(problem, found))
        return
    print(_heading(problem, lengths))
    for comparison in found:
        print(_row(comparison, problem.steps), flush=True)
    print("", *_about(problem), sep="\n")


def _about(problem: Problem) -> Iterator[str]:
    yield from _STYLES
    if chosen := problem.truncation:
        yield f"chosen  as --truncate or the trace says: TBPTT({chosen.k1}, {chosen.k2})"
    yield from _COLUMNS


def _heading(problem: Problem, lengths: Sequence[int]) -> str:
    from core.learning.comparison import some_lengths

    steps = problem.steps
    fewer = f"; --some: {few}" if (few := len(some_lengths(steps))) < steps else ""
    which = f"every n{fewer}" if len(lengths) == steps else f"{len(lengths)} of the {steps} n"
    left = _left("style", "n", "kept", "sweep", steps)
    groups = " " * (len(left) + 4) + "error".ljust(_COLUMN * 5) + "  cosine"
    names = "".join(name.rjust(_COLUMN) for name in PARAMETERS)
    return (
        f"{problem.name}: T = {steps}, H = {problem.theta.hidden}, "
        f"{steps * (steps + 1) // 2} terms, {which}\n\n{groups}\n"
        f"{left}{names}  {names}"
    )


def _row(found: Comparison, steps: int) -> str:
    errors = "".join(_cell(found.errors[name]) for name in PARAMETERS)
    cosines = "".join(_cell(found.cosines[name]) for name in PARAMETERS)
    return f"{_left(found.style, found.n, found.kept, found.sweep, steps)}{errors}  {cosines}"


def _left(style: str, n: object, kept: object, sweep: object, steps: int) -> str:
    """The columns before the errors: wider only where T asks for it."""
    terms = len(str(steps * (steps + 1) // 2)) + 2
    n_width = max(5, len(str(steps)) + 1)
    return f"{style:8}{n:>{n_width}}{kept:>{max(8, terms)}}{sweep:>{max(7, terms)}}"


def _cell(number: float) -> str:
    if not isfinite(number):
        return "-".rjust(_COLUMN)
    plain = number == 0 or 0.0005 <= abs(number) < 99
    return (f"{number:.3f}" if plain else f"{number:.0e}").rjust(_COLUMN)


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
