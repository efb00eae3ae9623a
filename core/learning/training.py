"""Training by SGD, a sequence at a time: a state, and the step from it to the next.

A state determines everything that follows, so that training can stop, go on elsewhere and be gone
back in, bit for bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property, lru_cache
from math import inf, isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from core.cells import rnn
from core.errors import InputError
from core.forward import forward
from core.inputs import Reading, reading
from core.learning.sgd import Clip, Clipped, descend, whole_norm
from core.numbers import Array
from core.ops import Shape
from core.program import Cell
from core.records import Record
from core.tape import Tape
from core.theta import by_name
from core.truncation import Truncation

ORDERS = ("file", "shuffled")
"""How the sequences follow each other: as in the file, or in a new random order each epoch."""


class DivergenceError(InputError):
    """A step that cannot be taken, as a number of it is not finite; `state` is the one before it.

    `sequence` is the index of the sequence that it would have read.
    """

    def __init__(self, what: str, state: State, sequence: int) -> None:
        self.what, self.state, self.sequence = what, state, sequence
        super().__init__(
            f"step {state.step + 1}, on sequence {sequence + 1}: {what}; "
            "use a smaller learning rate, or clip the gradient"
        )


class State(Record, eq=False):
    """Where training stands after `step` steps: θ, the learning rate η, and the loss of the epoch.

    An epoch is one pass over all sequences. `epoch_loss` is the sum, in nats, over those of this
    epoch that were read; `last_epoch_loss` that of the whole epoch before, None in the first.

    Raises InputError unless 0 ≤ η < ∞.
    """

    theta: Any
    rate: float
    step: int = 0
    epoch_loss: float = 0.0
    last_epoch_loss: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.rate < inf:
            raise InputError(f"learning rate {self.rate}; expected a number, 0 or more")

    @cached_property
    def norm(self) -> float:
        """‖θ‖."""
        return whole_norm(self.theta)

    @property
    def nbytes(self) -> int:
        """The memory that θ takes."""
        return sum(array.nbytes for array in by_name(self.theta).values())


class Report(Record):
    """What one step was, in numbers.

    `step` counts from 1; `sequence` is an index from 0; `loss` E = Σ_t E_t in nats over `tokens`
    predictions, `gradient` ‖∂E/∂θ‖ before the clip and `theta` ‖θ‖, all before the step; `rate` is
    its η. `factor` and `entries` say what the clip did, see `Clipped`.
    """

    step: int
    sequence: int
    loss: float
    tokens: int
    gradient: float
    theta: float
    rate: float
    factor: float = 1.0
    entries: Mapping[str, int] = field(default_factory=dict)


class Step(Record, eq=False):
    """A step θ′ = θ − η g: the states around it, the tape of the forward pass, ∂E/∂θ, and the
    clipped gradient g.
    """

    before: State
    after: State
    sequence: int
    tape: Tape
    gradient: Any
    clipped: Clipped

    @property
    def loss(self) -> float:
        """E before the step, in nats."""
        return self.tape.loss

    @property
    def tokens(self) -> int:
        """T: how many predictions E is the sum of."""
        return self.tape.steps

    @property
    def update(self) -> dict[str, Array]:
        """−η g, what is added to each parameter."""
        found = by_name(self.clipped.gradient)
        return {name: -self.before.rate * array for name, array in found.items()}

    @property
    def report(self) -> Report:
        """The step in numbers."""
        return Report(
            step=self.after.step,
            sequence=self.sequence,
            loss=self.loss,
            tokens=self.tokens,
            gradient=whole_norm(self.gradient),
            theta=self.before.norm,
            rate=self.before.rate,
            factor=self.clipped.factor,
            entries=self.clipped.entries,
        )


class Training(Record, eq=False):
    """SGD over sequences, one at a time: how a step is taken.

    sequences: (x, y) each, as `record` takes them. truncation: of the gradient, None for the full
    one. clip: None for none. halve: η is halved after an epoch whose loss is above that of the
    epoch before. order: "file", or "shuffled" by a seed.

    Raises InputError without a sequence, and for another order.
    """

    sequences: Sequence[tuple[Array, Array]]
    cell: Cell = field(default_factory=rnn)
    initial_state: ArrayLike | Mapping[str, ArrayLike] | None = None
    truncation: Truncation | None = None
    clip: Clip | None = None
    halve: bool = False
    order: str = "file"
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.sequences:
            raise InputError("no sequence to train on")
        if self.order not in ORDERS:
            raise InputError(f'order "{self.order}"; expected {" or ".join(ORDERS)}')

    def sequence_at(self, step: int) -> int:
        """The index of the sequence that is read after so many steps."""
        epoch, place = divmod(step, len(self.sequences))
        if self.order == "file":
            return place
        return int(_shuffled(self.seed, epoch, len(self.sequences))[place])

    def record(self, theta: Any, sequence: int) -> Tape:
        """The forward pass over one of the sequences."""
        shapes = [array.shape for array in by_name(theta).values()]
        known = self._readings.get(sequence)
        if not known or known[0] != shapes:
            x, y = self.sequences[sequence]
            known = shapes, reading(self.cell, theta, x, y, self.initial_state)
            self._readings[sequence] = known
        return Tape(forward(theta, known[1]))

    @cached_property
    def _readings(self) -> dict[int, tuple[list[Shape], Reading]]:
        """The sequences read so far, checked for parameters of some shapes."""
        return {}

    def step(self, state: State) -> Step:
        """The next step. Raises DivergenceError if the loss, ∂E/∂θ or θ′ is not finite."""
        sequence = self.sequence_at(state.step)
        tape = self.record(state.theta, sequence)
        if not isfinite(state.epoch_loss + tape.loss):
            raise DivergenceError(f"the loss is {tape.loss}", state, sequence)
        gradient = tape.gradient(self.truncation)
        clipped = self.clip.apply(gradient) if self.clip else Clipped(gradient, 1.0, {})
        after = self._after(state, descend(state.theta, clipped.gradient, state.rate), tape.loss)
        # Without a clip, what is not finite in ∂E/∂θ is not finite in θ′ either.
        unseen = self.clip and not isfinite(whole_norm(gradient))
        if unseen or not isfinite(after.norm):
            what = "θ − η ∂E/∂θ" if isfinite(whole_norm(gradient)) else "∂E/∂θ"
            raise DivergenceError(f"{what} is not finite", state, sequence)
        return Step(state, after, sequence, tape, gradient, clipped)

    def advance(self, state: State, steps: int = 1) -> State:
        """The state so many steps later. Raises DivergenceError as `step` does."""
        for _ in range(steps):
            state = self.step(state).after
        return state

    def _after(self, state: State, theta: Any, loss: float) -> State:
        step, total = state.step + 1, state.epoch_loss + loss
        if step % len(self.sequences):
            return State(theta, state.rate, step, total, state.last_epoch_loss)
        before = state.last_epoch_loss
        rose = self.halve and before is not None and total > before
        return State(theta, state.rate / 2 if rose else state.rate, step, 0.0, total)


@lru_cache(maxsize=4)
def _shuffled(seed: int, epoch: int, count: int) -> Array:
    # The spawn key keeps these draws apart from those of the parameters, made from the same seed.
    source = np.random.SeedSequence(seed, spawn_key=(epoch,))
    return np.random.default_rng(source).permutation(count)
