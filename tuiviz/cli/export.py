"""tuiviz export: the trace of a file as JSON."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from core.errors import InputError
from tuiviz.cli.options import model_options, say
from tuiviz.files.disk import STANDARD_OUTPUT, shown
from tuiviz.numbers import counted

if TYPE_CHECKING:
    from tuiviz.files.trace import Progress
    from tuiviz.problem import ModelOptions, Problem


@click.command()
@click.argument("file")
@click.option(
    "-o",
    "output",
    required=True,
    metavar="OUT.json",
    help="The file to write; - is standard output.",
)
@model_options
@click.option(
    "--errors",
    default="all",
    show_default=True,
    metavar="all|none|3,4",
    help="Which E_t to send back, each on its own.",
)
@click.option("--terms", is_flag=True, help="Save the numbers of every term too.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def export(
    file: str, output: str, options: ModelOptions, errors: str, terms: bool, force: bool
) -> None:
    """Save the trace of FILE as JSON: every value, gradient and term."""
    from tuiviz.opening import open_problem

    problem = open_problem(file, options)
    chosen = _errors(errors, problem.steps)
    progress = _Progress()
    try:
        _write(problem, output, chosen, terms, force, progress)
    finally:
        progress.done()
    if output != STANDARD_OUTPUT:
        say(f"saved {shown(output)}: T = {problem.steps}, {counted(len(chosen), 'error')}")


def _write(
    problem: Problem, output: str, errors: list[int], terms: bool, force: bool, progress: Progress
) -> None:
    from tuiviz.files.trace import trace, write_trace

    if output != STANDARD_OUTPUT:
        write_trace(problem, output, errors=errors, terms=terms, force=force, progress=progress)
        return
    for chunk in trace(problem, output, errors=errors, terms=terms, progress=progress):
        sys.stdout.buffer.write(chunk)


def _errors(text: str, steps: int) -> list[int]:
    if text in ("all", "none"):
        return list(range(steps)) if text == "all" else []
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--errors {text}: expected all, none, or numbers such as 3,4") from None
    wrong = [t for t in found if not 0 <= t < steps]
    if wrong:
        raise InputError(f"--errors {text}: no error {wrong[0]}; expected 0 to {steps - 1}")
    return list(dict.fromkeys(found))


class _Progress:
    """Says on standard error how far an export is, once it has taken a second."""

    def __init__(self) -> None:
        self._next = time.monotonic() + 1
        self._terminal = sys.stderr.isatty()
        self._said = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.1 if self._terminal else 5)
        self._said = True
        text = f"error {done} of {total}"
        print(f"\r{text}" if self._terminal else text, end="" if self._terminal else "\n",
              file=sys.stderr, flush=True)  # fmt: skip

    def done(self) -> None:
        """Clears the line."""
        if self._said and self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
