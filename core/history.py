"""The history of a training: any earlier step again, bit for bit, in bounded memory."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator

import numpy as np

from core.errors import InputError
from core.numbers import Array
from core.training import State, Step, Training

ROOM = 64 * 2**20
"""The memory that checkpoints take at most, in bytes, unless two of them take more."""

MOST_CHECKPOINTS = 256
LONGEST = 1_000_000
"""The most steps of a history: so many points of the curve take 40 MB."""

COLUMNS = ("loss", "gradient", "theta", "rate", "tokens")
"""What the curve has for each step, see `Report`."""


class History:
    """The states of a training from its start to its end, of which a few are kept.

    States are kept at multiples of `interval`; one in between is computed anew from the one
    before it. When there is no more room, every other one is given up and the interval doubles.
    """

    def __init__(self, training: Training, start: State, room: int = ROOM) -> None:
        self.interval = 1
        self._first = start.step
        self._most = max(2, min(MOST_CHECKPOINTS, room // max(1, start.nbytes)))
        self._trainings = [(start.step, training)]  # each in force from its step on
        self._checkpoints = {start.step: start}
        self._last = self._recent = start
        self._columns = {name: array("d") for name in COLUMNS}

    @property
    def first(self) -> int:
        """The step at which it starts."""
        return self._first

    @property
    def last(self) -> int:
        """The latest step that was taken."""
        return self._last.step

    @property
    def memory(self) -> int:
        """The bytes that the kept states and the curve take."""
        kept = {id(state): state for state in (*self._states(), self._last, self._recent)}
        points = sum(len(column) * column.itemsize for column in self._columns.values())
        return sum(state.nbytes for state in kept.values()) + points

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """The steps whose state is kept."""
        return tuple(sorted(self._checkpoints))

    def training_at(self, step: int) -> Training:
        """How the step after so many steps is taken."""
        place = bisect_right(self._trainings, step, key=lambda change: change[0])
        return self._trainings[place - 1][1]

    def at(self, step: int) -> State:
        """The state after so many steps. Raises InputError unless they were taken."""
        if not self.first <= step <= self.last:
            raise InputError(f"no step {step} in the history; it has {self.first} to {self.last}")
        nearest = max(
            (state for state in (*self._states(), self._last, self._recent) if state.step <= step),
            key=lambda state: state.step,
        )
        for _ in range(nearest.step, step):
            nearest = self.training_at(nearest.step).step(nearest).after
        self._recent = nearest
        return nearest

    def taken(self, step: int) -> Step:
        """The step that was or would be taken from the state after so many, with its gradient."""
        return self.training_at(step).step(self.at(step))

    def advance(self, steps: int = 1) -> State:
        """Takes so many more steps from the last one.

        Raises DivergenceError at one that cannot be taken; those before it stay. Raises InputError
        for more than LONGEST.
        """
        if self.last + steps - self.first > LONGEST:
            raise InputError(f"a history has at most {LONGEST} steps; take fewer")
        for _ in range(steps):
            self._append(self._trainings[-1][1].step(self._last))
        return self._last

    def train_by(self, training: Training, step: int) -> None:
        """From `step` on another training is in force; the steps after it are forgotten."""
        state = self.at(step)
        self._trainings = [change for change in self._trainings if change[0] < step]
        self._trainings.append((step, training))
        self._checkpoints = {at: kept for at, kept in self._checkpoints.items() if at <= step}
        self._last = self._recent = state
        for column in self._columns.values():
            del column[step - self.first :]

    def curve(self, name: str) -> Array:
        """(steps,): the loss, ‖∂E/∂θ‖ ("gradient"), ‖θ‖ ("theta"), η ("rate") or T ("tokens").

        Entry i is of step first + i + 1, before it was taken.
        """
        return np.array(self._columns[name])

    def _append(self, step: Step) -> None:
        report = step.report
        for name, column in self._columns.items():
            column.append(getattr(report, name))
        self._last = step.after
        self._keep(step.after)

    def _keep(self, state: State) -> None:
        if (state.step - self.first) % self.interval:
            return
        self._checkpoints[state.step] = state
        if len(self._checkpoints) > self._most:
            self.interval *= 2
            self._checkpoints = {
                step: kept
                for step, kept in self._checkpoints.items()
                if (step - self.first) % self.interval == 0
            }

    def _states(self) -> Iterator[State]:
        return iter(self._checkpoints.values())
