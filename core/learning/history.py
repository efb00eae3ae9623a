"""The history of a training: any earlier step again, bit for bit, in bounded memory."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from core.errors import InputError
from core.learning.training import State, Step, Training
from core.numbers import Array

ROOM = 64 * 2**20
"""The memory that kept states take at most, in bytes, unless four of them take more."""

MOST_CHECKPOINTS = 256
LONGEST = 1_000_000
"""The most steps of a history: so many points of the curve take 40 MB."""

COLUMNS = ("loss", "gradient", "theta", "rate", "tokens")
"""What the curve has for each step, see `Report`."""


class History:
    """The states of a training from its start to its end, of which a few are kept.

    States are kept at multiples of `interval`; one in between is computed anew from the one
    before it. When there is no more room, every other one is given up and the interval doubles.
    What was computed anew last is kept as well, up to as many states, so that going back step by
    step is quick; and one state for each change of how steps are taken.
    """

    def __init__(self, training: Training, start: State, room: int = ROOM) -> None:
        self.interval = 1
        self._first = start.step
        self._most = max(2, min(MOST_CHECKPOINTS, room // 2 // max(1, start.nbytes)))
        self._changes = [(start, training)]  # each training in force from its state on
        self._checkpoints: dict[int, State] = {}
        self._anew: dict[int, State] = {}
        self._last = start
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
        kept = {id(state): state.nbytes for state in self._kept()}
        points = sum(len(column) * column.itemsize for column in self._columns.values())
        return sum(kept.values()) + points

    @property
    def checkpoints(self) -> tuple[int, ...]:
        """The steps whose state is kept for good, or until there is no more room."""
        return tuple(sorted({*self._checkpoints, *(state.step for state, _ in self._changes)}))

    def training_at(self, step: int) -> Training:
        """How the step after so many steps is taken."""
        place = bisect_right(self._changes, step, key=lambda change: change[0].step)
        return self._changes[place - 1][1]

    def at(self, step: int) -> State:
        """The state after so many steps. Raises InputError unless they were taken."""
        if not self.first <= step <= self.last:
            raise InputError(f"no step {step} in the history; it has {self.first} to {self.last}")
        earlier = (state for state in self._kept() if state.step <= step)
        state = max(earlier, key=lambda state: state.step)
        if state.step < step:
            anew = deque([state], maxlen=self._most)
            while state.step < step:
                state = self.training_at(state.step).step(state).after
                anew.append(state)
            self._anew = {state.step: state for state in anew}
        return state

    def taken(self, step: int) -> Step:
        """The step that was or would be taken from the state after so many, with its gradient."""
        return self.training_at(step).step(self.at(step))

    def advance(self, steps: int = 1) -> State:
        """Takes so many more steps from the last one.

        Raises DivergenceError at one that cannot be taken; those before it stay. Raises InputError
        for more than LONGEST.
        """
        self.require_room(self.last + steps)
        for _ in range(steps):
            self._append(self._changes[-1][1].step(self._last))
        return self._last

    def require_room(self, step: int) -> None:
        """Raises InputError for a step that would make it longer than LONGEST."""
        if step - self.first > LONGEST:
            raise InputError(f"a history has at most {LONGEST} steps; take fewer")

    def train_by(self, training: Training, step: int, rate: float | None = None) -> None:
        """From `step` on another training, or rate, is in force; later steps are forgotten."""
        state = self.at(step)
        if rate is not None:
            state = replace(state, rate=rate)
        self._changes = [change for change in self._changes if change[0].step < step]
        self._changes.append((state, training))
        for kept in (self._checkpoints, self._anew):
            for later in [at for at in kept if at >= step]:
                del kept[later]
        self._last = state
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
        if (step.after.step - self.first) % self.interval == 0:
            self._keep(step.after)

    def _keep(self, state: State) -> None:
        self._checkpoints[state.step] = state
        while len(self._checkpoints) >= self._most:
            self.interval *= 2
            off = [at for at in self._checkpoints if (at - self.first) % self.interval]
            for step in off:
                del self._checkpoints[step]

    def _kept(self) -> Iterator[State]:
        yield from (state for state, _ in self._changes)
        yield from self._checkpoints.values()
        yield from self._anew.values()
        yield self._last
