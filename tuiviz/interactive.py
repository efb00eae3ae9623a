"""Opening the debugger from a script, as breakpoint() would."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import InputError
from tuiviz.problem import Problem

if TYPE_CHECKING:
    from core.tape import Tape


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
    require_terminal()
    from tuiviz.debugger.debugger import Debugger
    from tuiviz.debugger.session import Session
    from tuiviz.screen.app import DebuggerApp

    if wrt not in tape.program.parameters:
        raise InputError(f"wrt {wrt}: expected one of {', '.join(tape.program.parameters)}")
    chosen = tape.steps - 1 if error is None else error
    tape.error(chosen)
    DebuggerApp(Debugger(Session(problem_of(tape, vocabulary), chosen, wrt))).run()


def problem_of(tape: Tape, vocabulary: Sequence[str] | None = None) -> Problem:
    """A tape as the debugger takes it. Raises InputError for a vocabulary of another size."""
    size = tape.values["z"].shape[-1]
    if vocabulary is not None and len(vocabulary) != size:
        raise InputError(f"the vocabulary has {len(vocabulary)} tokens; expected C = {size}")
    return Problem(
        name="tape",
        level="word",
        sequence=1,
        vocabulary=tuple(vocabulary or map(str, range(size))),
        activation=tape.program.cell.activation,
        seed=None,
        truncation=None,
        theta=tape.theta,
        tape=tape,
    )


def require_terminal() -> None:
    """Raises InputError where no screen can be drawn."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(
            "run needs a terminal; tuiviz export writes the trace without one, and --script FILE "
            "drives the debugger"
        )
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise InputError("run needs a terminal that can move the cursor; TERM says it cannot")
