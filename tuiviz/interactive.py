"""The debugger from Python: on a screen, as breakpoint() would, or driven line by line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from core.errors import InputError
from tuiviz.problem import problem_of_tape

if TYPE_CHECKING:
    from core.tape import Tape
    from tuiviz.debugger.debugger import Debugger


def debug(
    tape: Tape,
    vocabulary: Sequence[str] | None = None,
    error: int | None = None,
    wrt: str = "W",
) -> None:
    """Opens a recorded tape in the debugger, and returns when it is closed.

    vocabulary: a text for each token, their numbers unless given. error: the t of the E_t to go
    back from, the last one unless given. wrt: a parameter's name.

    Raises InputError without a terminal, and for a vocabulary, an error or a name that do not fit.
    """
    require_terminal("; tuiviz.play(tape, lines) drives it without one")
    from tuiviz.screen.app import DebuggerApp

    DebuggerApp(_debugger(tape, vocabulary, error, wrt)).run()


def play(
    tape: Tape,
    lines: Iterable[str],
    vocabulary: Sequence[str] | None = None,
    error: int | None = None,
    wrt: str = "W",
) -> Iterator[str]:
    """Drives the debugger on a recorded tape without a screen; gives what it shows, line by line.

    lines: those of a script, an action each, as `tuiviz run --script` takes them. The rest is that
    of `debug`.

    Raises InputError for a line that cannot be done, and for what does not fit the tape.
    """
    from tuiviz.debugger import script

    return script.play(_debugger(tape, vocabulary, error, wrt), lines, "lines")


def _debugger(
    tape: Tape, vocabulary: Sequence[str] | None, error: int | None, wrt: str
) -> Debugger:
    from tuiviz.debugger.debugger import Debugger
    from tuiviz.debugger.session import Session

    if wrt not in tape.program.parameters:
        raise InputError(f"wrt {wrt}: expected one of {', '.join(tape.program.parameters)}")
    chosen = tape.steps - 1 if error is None else error
    tape.error(chosen)  # raises InputError if there is none
    return Debugger(Session(problem_of_tape(tape, "tape", vocabulary), chosen, wrt))


def require_terminal(without: str = "") -> None:
    """Raises InputError where no screen can be drawn; `without` says what to do instead."""
    # Textual draws on the standard error.
    if not (
        sys.stdin.isatty() and sys.stdout.isatty() and sys.__stderr__ and sys.__stderr__.isatty()
    ):
        raise InputError(f"the debugger needs a terminal, on standard error too{without}")
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise InputError(
            "the debugger needs a terminal that can move the cursor; TERM says it cannot"
        )
