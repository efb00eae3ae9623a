"""The history of a training as curves over its steps."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from core.records import Record

if TYPE_CHECKING:
    from core.learning.history import History
    from core.learning.training import State
    from core.tape import Tape
    from tuiviz.debugger.debugger import Debugger

COLUMNS = {
    "loss": "E/T",
    "gradient": "‖∂E/∂θ‖",
    "theta": "‖θ‖",
    "rate": "η",
    "reach": "median lag",
}
"""What there is a curve of, and how it is written; all but the last are columns of `History`."""

MOMENTS = 48
"""Steps at which the reach is looked at, at most; they are among those whose state is kept."""

ERRORS = 32
"""Errors whose reach is looked at then, at most; fewer where that takes long."""

LONG = 5 * 10**8
"""Multiply-adds of such a look, at most, unless a single error takes more."""

AT_ONCE = 2 * 10**7
"""Multiply-adds that are done between two frames."""


class Points(Record):
    """A curve: values after so many steps each. NaN where one is still to be worked out.

    `note` says what they leave out.
    """

    steps: tuple[int, ...] | range
    values: Any  # (n,)
    note: str = ""

    def number(self, step: int) -> int:
        """Which point is the last one up to a step."""
        return max(0, int(np.searchsorted(self.steps, step, side="right")) - 1)


def points(debugger: Debugger, column: str) -> Points:
    """A column over the steps that were taken. Point i is the network before step first + i + 1."""
    history = debugger.history
    if history is None or history.last == history.first:
        return Points((), np.zeros(0))
    if column == "reach":
        return _reach(debugger, history)
    values = history.curve(column)
    if column == "loss":
        values = values / history.curve("tokens")
    return Points(range(history.first, history.last), values)


def _reach(debugger: Debugger, history: History) -> Points:
    """The median lag at some steps, a few more of them at each call; `debugger.unfinished` says so.

    Steps whose state is kept need not be taken again.
    """
    steps = moments(history)
    states = [history.at(step) for step in steps]
    known = {state: debugger.lags[state] for state in states if state in debugger.lags}
    tape, room = debugger.session.problem.tape, AT_ONCE
    errors = some_errors(tape.steps, len(tape.initial_state))
    cost = sum(t + 1 for t in errors) * len(tape.initial_state) ** 2
    for state in states:
        if state not in known and room > 0:
            known[state] = _lag(tape, state, errors)
            room -= cost
    debugger.lags = known
    debugger.unfinished = len(known) < len(states)
    note = f", of {len(errors)} of {tape.steps} Eₜ" if len(errors) < tape.steps else ""
    return Points(steps, np.array([known.get(state, nan) for state in states]), note)


def moments(history: History) -> tuple[int, ...]:
    """The steps at which the reach is looked at: evenly among those that are kept, and the last."""
    kept = sorted({*history.checkpoints, history.last})
    chosen = np.linspace(0, len(kept) - 1, min(MOMENTS, len(kept))).round().astype(int)
    return tuple(kept[i] for i in chosen)


def some_errors(steps: int, hidden: int) -> list[int]:
    """The errors whose reach is looked at: evenly over T, the last among them."""
    most = max(1, min(ERRORS, 2 * LONG // (steps * hidden**2)))
    ends = np.linspace(0, steps, min(most, steps) + 1).round().astype(int)[1:] - 1
    return [int(t) for t in ends]


def _lag(tape: Tape, state: State, errors: list[int]) -> float:
    from core.learning.lags import lags

    found = lags(tape.with_parameters(state.theta).reach(errors), errors=errors)
    found = found[~np.isnan(found)]
    return float(np.median(found)) if len(found) else 0.0
