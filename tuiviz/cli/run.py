"""tuiviz run: the debugger on a terminal."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tuiviz.cli.options import model_options, parameter, say
from tuiviz.cli.patience import patience
from tuiviz.glyphs import to_ascii
from tuiviz.interactive import require_terminal

if TYPE_CHECKING:
    from tuiviz.debugger.debugger import Debugger
    from tuiviz.problem import ModelOptions


@click.command()
@click.argument("file")
@model_options
@click.option("--error", type=int, metavar="T", help="Which E_t to go back from.  [default: last]")
@click.option("--wrt", metavar="U|W|V|b|c", help="Which gradient.  [default: W]")
@click.option("--break", "stops", multiple=True, metavar="EXPR", help="A breakpoint; repeatable.")
@click.option("--script", metavar="FILE", help="Do what FILE (- for stdin) says, and print it.")
@click.option(
    "--fresh", is_flag=True, help="Leave aside what was kept of the last time, and keep nothing."
)
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII signs alone.")
def run(
    file: str,
    options: ModelOptions,
    error: int | None,
    wrt: str | None,
    stops: tuple[str, ...],
    script: str | None,
    fresh: bool,
    ascii_only: bool,
) -> None:
    """Open FILE, a text, a trace, or a file that check reads, in the debugger. ? shows the keys."""
    name = parameter("W" if wrt is None else wrt)
    if script is None:
        require_terminal(
            "; --script FILE drives it without one, and tuiviz export writes the trace"
        )
        gc.disable()  # 20 ms of start: nothing that is loaded now is garbage
    from tuiviz.opening import look_ahead, open_debugger

    with patience("reading and recording") as says:
        debugger = open_debugger(file, options, error, name, stops)
        if script is None:
            says(f"{_sizes(debugger)}: sending the error back")
            look_ahead(debugger)
    if script is None:
        given = [name for name, each in (("error", error), ("gradient", wrt)) if each is not None]
        _show(debugger, file, fresh, ascii_only, given)
    else:
        _play(debugger, script, ascii_only)


def _sizes(debugger: Debugger) -> str:
    tape = debugger.session.problem.tape
    return f"T = {tape.steps}, H = {len(tape.initial_state)}"


def _show(
    debugger: Debugger, file: str, fresh: bool, ascii_only: bool, given: Sequence[str]
) -> None:
    """Opens the debugger with what was kept of the last time, and keeps it for the next."""
    from tuiviz.debugger import keeping
    from tuiviz.debugger.actions import ACTIONS
    from tuiviz.debugger.keymap import read_settings
    from tuiviz.opening import session_key
    from tuiviz.screen.app import DebuggerApp

    settings, warnings = read_settings({action.id: action.keys for action in ACTIONS})
    key = session_key(file, debugger.session.problem)
    found, warning = (None, None) if fresh else keeping.load(key)
    warnings += [warning] if warning else []
    restored = ""
    if found is not None:
        from tuiviz.debugger.memory import take_up, taken_up

        stops = len(debugger.breakpoints)
        warnings += take_up(debugger, found, given)
        restored = taken_up(debugger, stops)
    app = DebuggerApp(debugger, ascii_only or bool(settings.ascii), settings)
    warnings += app.warnings
    app.begin_with([*warnings, *filter(None, [restored])])
    app.run()
    if fresh:
        return
    from tuiviz.debugger.memory import kept

    if warning := keeping.save(key, kept(debugger)):
        say(f"tuiviz: {warning}")


def _play(debugger: Debugger, script: str, ascii_only: bool) -> None:
    from tuiviz.debugger.script import play, read_script

    lines = sys.stdin.read().splitlines() if script == "-" else read_script(script)
    for text in play(debugger, lines, script):
        print(to_ascii(text) if ascii_only else text)
