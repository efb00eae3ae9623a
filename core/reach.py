"""How far each error reaches back: ‖∂E_t/∂s_k‖ for every t and k, without keeping ∂E_t/∂s_k.

The errors go back in blocks of rows. A row is held far from both ends of the floats, and the power
of two that it was multiplied by is counted: nothing underflows to a false zero. Where a row falls
by hundreds of powers of two at once, as when its loudest unit dies, what is left of it may be what
had faded beside that unit: such a row goes back once more, with an exponent for each number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np

from core.errors import InputError
from core.numbers import Array, as_array
from core.program import Node
from core.recording import Recording
from core.ring import Ring
from core.sizes import require_room
from core.sweep import Cotangents, readout_adjoints

BLOCK = 192
"""Errors that go back together: enough for the matrix product, few enough for the cache."""

CHUNK = 64
"""Steps between two looks at the size of the rows."""


def reach(tape: Recording, errors: Sequence[int] | None = None) -> Array:
    """(T, T): [t, k] = ‖∂E_t/∂s_k‖₂, zero for k > t; or a row for each of the errors given."""

    def lengths(squares: Array, exponents: Array) -> Array:
        found = np.sqrt(squares)
        return np.ldexp(found, exponents) if exponents.any() else found

    return _rows(tape, errors, 0.0, lengths)


def log_reach(tape: Recording, errors: Sequence[int] | None = None) -> Array:
    """The same as log₁₀‖∂E_t/∂s_k‖₂, −inf for k > t and for an exact zero."""

    def logarithms(squares: Array, exponents: Array) -> Array:
        return np.asarray(np.log10(squares) / 2 + exponents * np.log10(2))

    return _rows(tape, errors, -np.inf, logarithms)


def _rows(
    tape: Recording,
    errors: Sequence[int] | None,
    empty: float,
    of: Callable[[Array, Array], Array],
) -> Array:
    asked = np.arange(tape.steps) if errors is None else _distinct(errors, tape.steps)
    what = f"the reach of {len(asked)} errors over T = {tape.steps}"
    size = len(asked) * tape.steps * tape.dtype.itemsize
    require_room(what, size, "ask for fewer errors at a time, as reach(errors=[…])")
    order = np.argsort(asked)
    found = np.empty((len(asked), tape.steps), tape.dtype)
    found.fill(empty)
    with np.errstate(all="ignore"):
        for first in range(0, len(asked), BLOCK):
            rows = order[first : first + BLOCK]
            block = _Block(tape, asked[rows])
            for low, high in block.chunks():
                values = of(*block.back(low, high)).T
                if high > block.errors[0]:
                    values[block.errors[:, None] < np.arange(low, high)] = empty
                found[rows, low:high] = values
            if block.fallen:
                fallen = sorted(block.fallen)
                values = of(*block.apart(fallen)).T
                values[block.errors[fallen, None] < np.arange(tape.steps)] = empty
                found[rows[fallen]] = np.where(np.isnan(values), found[rows[fallen]], values)
    return found


def _distinct(errors: Sequence[int], steps: int) -> Array:
    asked = as_array("errors", errors)
    distinct = asked.ndim == 1 and len(set(asked.tolist())) == len(asked)
    if not distinct or (asked.size and asked.dtype.kind not in "iu"):
        raise InputError(f"errors {errors}: expected distinct whole numbers")
    for t in asked:
        if not 0 <= t < steps:
            raise InputError(f"no error {t}; expected 0 to {steps - 1}")
    return asked.astype(np.intp)


class _Bounds(NamedTuple):
    """Where rows are held: a power of two, and bounds of ‖row‖²."""

    level: int
    left_alone: tuple[float, float]
    chunk: tuple[float, float]


@cache
def _bounds(dtype: np.dtype[Any]) -> _Bounds:
    """A row is brought to 2^300 when it has left 2^-40 … 2^400.

    Within a chunk it may go from 2^-360 to 2^500, where its square is a float; in a single step, to
    the ends of the floats. Of float32 the exponents are an eighth.
    """
    limit = int(np.finfo(dtype).maxexp)
    left_alone = (2.0 ** (-limit * 2 // 25), 2.0 ** (limit * 4 // 5))
    return _Bounds(limit * 3 // 10, left_alone, (2.0 ** (-limit * 7 // 10), 2.0 ** (limit - 16)))


class _Block:
    """Some errors on their way back, a row each, in ascending order.

    A row of the buffers, times two to its exponent, is the cotangent.
    """

    def __init__(self, tape: Recording, errors: Array) -> None:
        self.tape, self.errors = tape, errors
        self.ring = Ring(tape, len(errors))
        self.state = tape.program.states[tape.program.state]
        self.joining = _joining(tape, errors)
        self.exponents = np.zeros(len(errors), int)
        self.bounds = _bounds(tape.dtype)
        self.fallen: set[int] = set()

    def chunks(self) -> Iterable[tuple[int, int]]:
        """(low, high): the steps low ≤ k < high from the last error's back to the first step."""
        for high in range(int(self.errors[-1]) + 1, 0, -CHUNK):
            yield max(0, high - CHUNK), high

    def back(self, low: int, high: int) -> tuple[Array, Array]:
        """‖∂E_t/∂s_k‖² and its exponents, (steps, rows), for the steps low ≤ k < high."""
        before = {node: buffer.copy() for node, buffer in self.ring.buffers.items()}
        squares = self._run(low, high)
        good = _within(squares, self.bounds.chunk)
        if not good and not self._excused(squares, before, low, high):
            for node, buffer in before.items():
                self.ring.buffers[node][...] = buffer
            return self._step_by_step(low, high)
        exponents = self.exponents.copy()
        if low and not _within(squares[0], self.bounds.left_alone):
            self._lift(low)
        return squares, exponents

    def _excused(
        self, squares: Array, before: Mapping[Node, Array], low: int, high: int
    ) -> np.bool[Any]:
        """Whether only rows are out of bounds that stay what they are at any scale."""
        moves = _moves(_largest(buffer[high % len(buffer)] for buffer in before.values()))
        joins = (self.errors >= low) & (self.errors < high)
        smallest, largest = self.bounds.chunk
        good = (squares >= smallest) & (squares <= largest)
        return np.all(good | ~(moves | joins))

    def _lift(self, k: int) -> None:
        """Brings the rows back to their level after step k."""
        living = slice(self._first(k), None)
        rows = [self.ring.rows(node, k)[living] for node in self.ring.buffers]
        largest = _largest(rows)
        shift = np.where(_moves(largest), self.bounds.level - np.frexp(largest)[1], 0)
        for part in rows:
            np.ldexp(part, shift[:, None], part)
        self.exponents[living] -= shift

    def _first(self, k: int) -> int:
        """The first row that lives at step k."""
        return int(np.searchsorted(self.errors, k))

    def _run(self, low: int, high: int) -> Array:
        # Where a row does not live yet there is nothing to look at: in order.
        squares = np.ones((high - low, len(self.errors)), self.tape.dtype)
        firsts = np.searchsorted(self.errors, range(high, low - 1, -1)).tolist()
        alive = [slice(first, None) for first in firsts]
        room = [row[living] for row, living in zip(squares[::-1], alive[1:], strict=True)]
        joins = {}
        if firsts[0] != firsts[-1]:
            joins = {state: self._joins(state, low, high, firsts) for state in self.joining}
        self.ring.back(
            low,
            high,
            alive,
            joins,
            lambda now: [map(np.vecdot, now[self.state], now[self.state], room)],
        )
        return squares

    def _joins(self, state: Node, low: int, high: int, firsts: list[int]) -> Any:
        joining, buffer = self.joining[state], self.ring.buffers[state]
        nowhere = joining[:0]
        where, what = [], []
        for k, later, first in zip(range(high - 1, low - 1, -1), firsts, firsts[1:], strict=False):
            joins = first < later
            where.append(buffer[k % len(buffer), first] if joins else nowhere)
            what.append(joining[first] if joins else nowhere)
        return repeat(np.copyto), where, what

    def _step_by_step(self, low: int, high: int) -> tuple[Array, Array]:
        """The same, every row brought back to its level after each step."""
        squares = np.zeros((high - low, len(self.errors)), self.tape.dtype)
        exponents = np.zeros(squares.shape, int)
        for k in range(high - 1, low - 1, -1):
            before = self._read(k + 1)
            self._run(k, k + 1)
            self._note_fallen(k, before)
            self._lift(k)
            living = slice(self._first(k), None)
            rows = self.ring.rows(self.state, k)[living]
            squares[k - low, living] = np.vecdot(rows, rows)
            exponents[k - low] = self.exponents
        return squares, exponents

    @cached_property
    def readers(self) -> Sequence[Node]:
        """The nodes whose rows are read one step back."""
        from core.apart import readers

        return readers(self.tape)

    def _read(self, k: int) -> Array:
        """The largest number of each row at step k, of those that the step before k reads."""
        return _largest(self.ring.rows(node, k) for node in self.readers)

    def _note_fallen(self, k: int, before: Array) -> None:
        """Notes the rows that fell so far at step k that a float may have lost what is left."""
        from core.apart import Steps

        fell = _moves(before) & (self._read(k) < np.sqrt(self.bounds.chunk[0]))
        fell[: self._first(k + 1)] = False
        new = set(np.flatnonzero(fell).tolist()) - self.fallen
        if new and not Steps(self.tape).ends_all(k):
            self.fallen |= new

    def apart(self, rows: Sequence[int]) -> tuple[Array, Array]:
        """‖∂E_t/∂s_k‖² and its exponents, (T, rows), of some rows from the start."""
        from core.apart import squares_apart

        joining = {state: array[rows] for state, array in self.joining.items()}
        return squares_apart(self.tape, self.errors[rows], joining)


def _joining(tape: Recording, errors: Array) -> Cotangents:
    """∂⁺E_t/∂s_t of each state, a row for each of the errors."""
    first, last = int(errors[0]), int(errors[-1])
    if last - first < len(errors):
        parts = [readout_adjoints(tape, first, last + 1)]
    else:
        parts = [readout_adjoints(tape, t, t + 1) for t in errors.tolist()]
    return {
        state: np.concatenate([part[state] for part in parts]) for state in tape.program.carried
    }


def _within(squares: Array, bounds: tuple[float, float]) -> bool:
    smallest, largest = bounds
    return bool(np.minimum.reduce(squares, None) >= smallest) and bool(
        np.maximum.reduce(squares, None) <= largest
    )


def _largest(parts: Iterable[Array]) -> Array:
    return np.asarray(np.max([np.abs(part).max(axis=-1) for part in parts], axis=0))


def _moves(largest: Array) -> Array:
    """Whether a row can be scaled: neither zero nor out of the floats, which it would stay."""
    return np.isfinite(largest) & (largest > 0)
