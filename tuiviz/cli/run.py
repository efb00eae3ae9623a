"""tuiviz run: the debugger on a terminal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from core.errors import InputError
from tuiviz.cli.options import PARAMETERS, model_options
from tuiviz.glyphs import to_ascii

if TYPE_CHECKING:
    from tuiviz.debugger.debugger import Debugger
    from tuiviz.problem import ModelOptions


@click.command()
@click.argument("file")
@model_options
@click.option("--error", type=int, metavar="T", help="Which E_t to go back from.  [default: last]")
@click.option("--wrt", default="W", show_default=True, metavar="U|W|V|b|c", help="Which gradient.")
@click.option("--break", "stops", multiple=True, metavar="EXPR", help="A breakpoint; repeatable.")
@click.option("--script", metavar="FILE", help="Do what FILE says, without a screen, and print it.")
@click.option("--fresh", is_flag=True, help="Forget the breakpoints and marks of the last time.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII signs alone.")
def run(
    file: str,
    options: ModelOptions,
    error: int | None,
    wrt: str,
    stops: tuple[str, ...],
    script: str | None,
    fresh: bool,
    ascii_only: bool,
) -> None:
    """Open FILE, a text or a trace, in the debugger. ? shows the keys."""
    if wrt not in PARAMETERS:
        raise InputError(f"--wrt {wrt}: expected one of {', '.join(PARAMETERS)}")
    if script is None:
        _require_terminal()
    from tuiviz.opening import open_debugger

    debugger = open_debugger(file, options, error, wrt, stops)
    if script is not None:
        _play(debugger, script, ascii_only)
        return
    from tuiviz.screen.app import DebuggerApp

    DebuggerApp(debugger, ascii_only).run()


def _play(debugger: Debugger, script: str, ascii_only: bool) -> None:
    from tuiviz.debugger.script import play, read_script

    for text in play(debugger, read_script(script), script):
        print(to_ascii(text) if ascii_only else text)


def _require_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(
            "run needs a terminal; tuiviz export writes the trace without one, and --script FILE "
            "drives the debugger"
        )
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise InputError("run needs a terminal that can move the cursor; TERM says it cannot")
