"""tuiviz run: the debugger on a terminal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from core.errors import InputError
from tuiviz.cli.options import PARAMETERS, model_options

if TYPE_CHECKING:
    from tuiviz.problem import ModelOptions


@click.command()
@click.argument("file")
@model_options
@click.option("--error", type=int, metavar="T", help="Which E_t to go back from.  [default: last]")
@click.option("--wrt", default="W", show_default=True, metavar="U|W|V|b|c", help="Which gradient.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII signs alone.")
def run(file: str, options: ModelOptions, error: int | None, wrt: str, ascii_only: bool) -> None:
    """Open FILE, a text or a trace, in the debugger. ? shows the keys."""
    if wrt not in PARAMETERS:
        raise InputError(f"--wrt {wrt}: expected one of {', '.join(PARAMETERS)}")
    _require_terminal()
    from tuiviz.opening import open_problem

    problem = open_problem(file, options)
    last = problem.steps - 1
    if error is not None and not 0 <= error <= last:
        raise InputError(f"--error {error}: expected 0 to {last}, as T = {problem.steps}")
    from tuiviz.screen.app import DebuggerApp

    DebuggerApp(problem, last if error is None else error, wrt, ascii_only).run()


def _require_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("run needs a terminal; tuiviz export writes the trace without one")
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise InputError("run needs a terminal that can move the cursor; TERM says it cannot")
