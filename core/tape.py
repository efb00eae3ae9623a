"""record(θ, x, y): the forward pass on a tape, and everything that can be asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core import reach, ring, sweep
from core.adjoints import Adjoints
from core.backward import Pass
from core.cells import rnn
from core.chain import Sum, expand
from core.errors import InputError
from core.forward import forward
from core.inputs import Reading, reading, require_parameters
from core.numbers import Array, is_whole
from core.program import Cell, Program
from core.recording import Recording
from core.spectra import Spectrum, spectrum
from core.terms import Terms
from core.truncation import Truncation, require_truncation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def record(
    theta: Any,
    x: ArrayLike,
    y: ArrayLike,
    initial_state: ArrayLike | Mapping[str, ArrayLike] | None = None,
    activation: str = "tanh",
    cell: Cell | None = None,
) -> Tape:
    """The forward pass over a sequence, every value kept.

        a_t = U x_t + W s_{t−1} + b,   s_t = f(a_t),   z_t = V s_t + c,   ŷ_t = softmax(z_t),
        E_t = −log ŷ_t[y_t],           E = Σ_t E_t, in nats

    theta: `Parameters`, or for another `cell` a dataclass of its arrays. x: (T,) integers, tokens
    0 … D − 1, or (T, D) floats. y: (T,) integers 0 … C − 1. initial_state: s_{−1} (H,), zero unless
    given; for a cell with several states, one by name. activation: f, one of tanh, relu, sigmoid,
    identity.

    Raises InputError for shapes that do not fit θ, tokens that it does not have, an unknown
    activation, and a tape that would take more than 4 GiB. What overflows becomes inf or NaN where
    it arises, without a warning.
    """
    chosen = rnn(activation) if cell is None else cell
    if not isinstance(chosen, Cell):
        raise InputError(f"cell {chosen}: expected a Cell, as rnn() makes one")
    return Tape(forward(theta, reading(chosen, theta, x, y, initial_state)))


class Tape:
    """A recorded forward pass. Never changed again; whatever is asked of it is computed when asked.

    Made by `record`.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._errors: dict[int, Error] = {}

    def __repr__(self) -> str:
        cell = self.program.cell
        return f"Tape({cell.name}, {cell.activation}, T={self.steps}, E={self.loss:.4g})"

    @property
    def program(self) -> Program:
        """The traced equations."""
        return self._recording.program

    @property
    def theta(self) -> Any:
        """θ, as it was given."""
        return self._recording.theta

    @property
    def steps(self) -> int:
        """T."""
        return self._recording.steps

    @cached_property
    def values(self) -> Mapping[str, Array]:
        """By line, stacked over time: "a", "s" (T, H), "z", "yhat" (T, C), "E" (T,)."""
        arrays = self._recording.arrays
        return {name: arrays[node] for name, node in self.program.lines.items()}

    @property
    def inputs(self) -> Mapping[str, Array]:
        """x and y."""
        arrays = self._recording.arrays
        return {leaf.name: arrays[leaf] for leaf in self.program.given}

    @property
    def initial_state(self) -> Array:
        """s_{−1} (H,)."""
        return np.asarray(self._recording.histories[self.program.state][0])

    def before(self, t: int) -> Array:
        """s_{t−1} (H,): the state that step t reads. Raises InputError unless 0 ≤ t ≤ T."""
        if not is_whole(t) or not 0 <= t <= self.steps:
            raise InputError(f"no step {t}; expected 0 to {self.steps}")
        return np.asarray(self._recording.histories[self.program.state][t])

    @cached_property
    def loss(self) -> float:
        """E = Σ_t E_t, in nats."""
        with np.errstate(all="ignore"):
            return float(np.add.reduce(self._recording.arrays[self.program.loss]))

    def gradient(self, truncation: Truncation | None = None) -> Any:
        """∂E/∂θ, the sum of the terms (t, k) that the truncation keeps, in the type of θ.

        Raises InputError for what is no truncation.
        """
        require_truncation(truncation)
        with np.errstate(all="ignore"):
            return self._swept(truncation).gradient()

    def gradient_in_parts(self, truncation: Truncation, room: int) -> Iterator[Any]:
        """∂E/∂θ under a truncation as parts that add up to it, the errors of some blocks each.

        room: multiply-adds of the sweep of a part, or more where a single block takes more.
        """
        if truncation.k2 >= self.steps:
            yield self.gradient()
            return
        blocks = truncation.blocks(self.steps)
        work = np.cumsum(blocks[:, 1] - blocks[:, 2] + 1) * len(self.initial_state) ** 2
        for part in np.split(blocks, np.flatnonzero(np.diff(work // room)) + 1):
            with np.errstate(all="ignore"):
                found = self._truncated(part, int(min(part[0, 0], part[0, 2]))).gradient()
            yield found

    def with_parameters(self, theta: Any) -> Tape:
        """The same sequence, initial state and cell, read with other parameters.

        Raises InputError for arrays of other shapes.
        """
        require_parameters(self.program, theta)
        for name in self.program.parameters:
            found, expected = (np.shape(getattr(each, name)) for each in (theta, self.theta))
            if found != expected:
                raise InputError(f"{name} has shape {found}; expected {expected}, as on the tape")
        initial = {name: rows[0] for name, rows in self._recording.histories.items()}
        x, y = self.inputs.values()
        return Tape(forward(theta, Reading(self.program, x, y, initial)))

    def prefix(self, steps: int) -> Tape:
        """The tape of the first steps alone, without running them again.

        Raises InputError unless 1 ≤ steps ≤ T.
        """
        if not is_whole(steps) or not 1 <= steps <= self.steps:
            raise InputError(f"no prefix of {steps} steps; expected 1 to {self.steps}")
        return Tape(self._recording.prefix(steps))

    def _swept(self, truncation: Truncation | None) -> Adjoints:
        if truncation is not None and truncation.k2 < self.steps:
            return self._truncated(truncation.blocks(self.steps), 0)
        tape = self._recording
        readout = sweep.readout_adjoints(tape, 0, tape.steps)
        joining = {state: readout.pop(state) for state in tape.program.carried}
        loop = sweep.one_row(tape, joining, 0, tape.steps)
        return sweep.complete(tape, readout, loop, at=0, first=0)

    def _truncated(self, blocks: Array, start: int) -> Adjoints:
        """The errors of some blocks of a truncation, down to the step `start` at most."""
        tape, first, stop = self._recording, int(blocks[0, 0]), int(blocks[-1, 1]) + 1
        readout = sweep.readout_adjoints(tape, first, stop)
        joining = {state: readout.pop(state) for state in tape.program.carried}
        loop = ring.truncated_rows(tape, joining, blocks, start)
        low = np.repeat(blocks[:, 2], blocks[:, 1] - blocks[:, 0] + 1)
        dropped = low > np.arange(first, stop)
        for node, rows in readout.items():
            readout[node] = np.where(dropped[:, None], 0, rows)
        return sweep.complete(tape, readout, loop, at=first, first=start)

    def error(self, t: int) -> Error:
        """E_t, sent back on its own. Raises InputError unless 0 ≤ t < T."""
        if not is_whole(t) or not 0 <= t < self.steps:
            raise InputError(f"no error {t}; expected 0 to {self.steps - 1}")
        t = int(t)
        if t not in self._errors:
            self._errors = {t: Error(self._recording, t, t)}  # the last one asked for: O(T·H)
        return self._errors[t]

    def errors(self, first: int, last: int, low: int = 0) -> Pass:
        """The errors E_first … E_last, sent back together down to the step `low`.

        Raises InputError unless 0 ≤ low ≤ last and 0 ≤ first ≤ last < T.
        """
        whole = all(map(is_whole, (first, last, low)))
        if not (whole and 0 <= first <= last < self.steps and 0 <= low <= last):
            raise InputError(f"no errors {first} to {last}, down to {low}; T = {self.steps}")
        return Pass(self._recording, first, last, low)

    def jacobian(self, t: int, k: int) -> Array:
        """∂s_t/∂s_k (H, H) = Π_{j=t}^{k+1} ∂s_j/∂s_{j−1}, through every path; k = −1 is s_{−1}.

        Raises InputError unless −1 ≤ k ≤ t < T.
        """
        if not (is_whole(t) and is_whole(k) and -1 <= k <= t < self.steps):
            raise InputError(f"no ∂s_{t}/∂s_{k}; expected −1 ≤ k ≤ t ≤ {self.steps - 1}")
        return ring.jacobian(self._recording, t, k)

    def step_spectrum(self, j: int) -> Spectrum:
        """The singular values of ∂s_j/∂s_{j−1} and its spectral radius, O(H³).

        Raises InputError unless 0 ≤ j < T.
        """
        if not is_whole(j) or not 0 <= j < self.steps:
            raise InputError(f"no step {j}; expected 0 to {self.steps - 1}")
        return spectrum(self.jacobian(j, j - 1))

    def reach(self, errors: Sequence[int] | None = None) -> Array:
        """(T, T): [t, k] = ‖∂E_t/∂s_k‖₂, zero for k > t, without holding T²H numbers.

        Of some errors alone, distinct ones in any order: (number of them, T).

        Raises InputError for an error that there is not, or twice, and for more than 4 GiB.
        """
        return reach.reach(self._recording, errors)

    def log_reach(self, errors: Sequence[int] | None = None) -> Array:
        """(T, T): [t, k] = log₁₀‖∂E_t/∂s_k‖₂, right far below the smallest float.

        −inf for k > t and for an exact zero, for nothing else. Of some errors alone, distinct ones
        in any order: (number of them, T), O(their number · T·H²).

        Raises InputError for an error that there is not, or twice, and for more than 4 GiB.
        """
        return reach.log_reach(self._recording, errors)


class Error(Pass, eq=False):
    """E_t of a recording, sent back on its own: a pass of one error, down to the first step."""

    def __repr__(self) -> str:
        return f"Error(t={self.t})"

    @property
    def t(self) -> int:
        """The step of the error."""
        return self.last

    def gradient(self, truncation: Truncation | None = None) -> Any:
        """∂E_t/∂θ, the sum of the terms that the truncation keeps, in the type of θ."""
        first = self.kept_from(truncation)
        if first > self.t:
            zeros = {
                name: np.zeros_like(getattr(self.tape.theta, name)) for name in self.parameters
            }
            return replace(self.tape.theta, **zeros)
        with np.errstate(all="ignore"):
            return self.swept.gradient(first)

    def terms(self, name: str, truncation: Truncation | None = None) -> Terms:
        """The terms of ∂E_t/∂θ for one parameter, k = t, t − 1, …, the dropped ones among them.

        Raises InputError for a name that is no parameter.
        """
        return self.steps(name, self.kept_from(truncation))

    def expand(self, name: str, truncation: Truncation | None = None) -> Sum:
        """The chain rule of ∂E_t/∂θ, as an expression that opens from its terms to their factors.

        Raises InputError for a name that is no parameter, and for a cell with several states.
        """
        return expand(self.tape, self.terms(name, truncation))

    def kept_from(self, truncation: Truncation | None) -> int:
        """The smallest k whose term is kept. Raises InputError for what is no truncation."""
        require_truncation(truncation)
        return truncation.first(self.t, self.tape.steps) if truncation else 0
