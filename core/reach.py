"""How far each error reaches back: ‖∂E_t/∂s_k‖ for every t and k, without keeping ∂E_t/∂s_k.

The errors go back in blocks of rows. A row is held near a fixed power of two, far from both ends of
the floats, and the power that it was multiplied by is counted: nothing underflows to a false zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat

import numpy as np

from core.numbers import Array
from core.program import Node
from core.recording import Recording
from core.sweep import Ring, readout_adjoints

BLOCK = 256
"""Errors that go back together: enough for the matrix product, few enough for the cache."""

CHUNK = 8
"""Steps between two looks at the size of the rows."""


def reach(tape: Recording) -> Array:
    """(T, T): [t, k] = ‖∂E_t/∂s_k‖₂, zero for k > t."""
    return _triangle(tape, 0.0, lambda squares, exponents: np.ldexp(np.sqrt(squares), exponents))


def log_reach(tape: Recording) -> Array:
    """(T, T): [t, k] = log₁₀‖∂E_t/∂s_k‖₂, −inf for k > t and for an exact zero."""

    def logarithm(squares: Array, exponents: Array) -> Array:
        return np.log10(squares) / 2 + exponents * np.log10(2)

    return _triangle(tape, -np.inf, logarithm)


def _triangle(tape: Recording, empty: float, of: Callable[[Array, Array], Array]) -> Array:
    found = np.full((tape.steps, tape.steps), empty, tape.dtype)
    with np.errstate(all="ignore"):
        for start in range(0, tape.steps, BLOCK):
            stop = min(start + BLOCK, tape.steps)
            block = _Block(tape, start, stop)
            for high in range(stop, 0, -CHUNK):
                low = max(0, high - CHUNK)
                squares, exponents = block.back(low, high)
                values = of(squares, exponents).T
                np.copyto(found[start:stop, low:high], values, where=block.alive(low, high))
    return found


class _Block:
    """The errors start ≤ t < stop on their way back, a row each.

    A row of the buffers, times two to its exponent, is the cotangent.
    """

    def __init__(self, tape: Recording, start: int, stop: int) -> None:
        self.tape, self.start, self.stop = tape, start, stop
        self.ring = Ring(tape, stop - start)
        self.state = tape.program.states[tape.program.state]
        limit = np.finfo(tape.dtype).maxexp
        # Where a row is held: its square is a float, and one step may shrink it by 2^-1300 (10^-390)
        # or let it grow by 2^200 before anything is lost.
        self.level = limit * 3 // 10
        self.smallest, self.largest = (
            np.ldexp(1.0, 2 * self.level + d * limit // 4) for d in (-1, 1)
        )
        found = readout_adjoints(tape, start, stop)
        joining = {state: found[state] for state in tape.program.carried}
        shift = self._shift(joining.values())
        self.joining = {state: np.ldexp(rows, shift[:, None]) for state, rows in joining.items()}
        self.joins = ~_settled(joining.values())
        self.exponents = -shift

    def alive(self, low: int, high: int) -> Array:
        """(rows, steps): whether t ≥ k."""
        return np.arange(self.start, self.stop)[:, None] >= np.arange(low, high)

    def back(self, low: int, high: int) -> tuple[Array, Array]:
        """‖∂E_t/∂s_k‖² and its exponents, (steps, rows), for the steps low ≤ k < high."""
        before = {node: buffer.copy() for node, buffer in self.ring.buffers.items()}
        squares = self._run(low, high)
        settled = _settled(buffer[high & 1] for buffer in before.values())
        settled &= (np.arange(self.start, self.stop) >= high) | ~self.joins
        outside = ~((squares >= self.smallest) & (squares <= self.largest))
        if not (outside & self.alive(low, high).T & ~settled).any():
            return squares, np.broadcast_to(self.exponents, squares.shape)
        for node, buffer in before.items():
            self.ring.buffers[node][...] = buffer
        return self._step_by_step(low, high)

    def _run(self, low: int, high: int) -> Array:
        squares = np.zeros((high - low, self.stop - self.start), self.tape.dtype)
        back = range(high - 1, low - 1, -1)
        alive = [slice(max(0, k - self.start), None) for k in back]
        rows = [
            self.ring.rows(self.state, k)[living] for k, living in zip(back, alive, strict=True)
        ]
        room = [squares[k - low, living] for k, living in zip(back, alive, strict=True)]
        norms = zip(repeat(np.vecdot), rows, rows, room, strict=False)
        joining = (
            {state: self._joins(state, back) for state in self.joining} if high > self.start else {}
        )
        self.ring.back(low, high, alive, joining, [norms])
        return squares

    def _joins(self, state: Node, back: range) -> tuple[list[Array], list[Array]]:
        joining, nowhere = self.joining[state], np.zeros_like(self.joining[state][0])
        rows = [k - self.start for k in back]
        where = [
            self.ring.rows(state, k)[r] if r >= 0 else nowhere
            for k, r in zip(back, rows, strict=True)
        ]
        return where, [joining[r] if r >= 0 else nowhere for r in rows]

    def _step_by_step(self, low: int, high: int) -> tuple[Array, Array]:
        """The same, every row brought back to its level after each step."""
        squares = np.zeros((high - low, self.stop - self.start), self.tape.dtype)
        exponents = np.zeros(squares.shape, int)
        for k in range(high - 1, low - 1, -1):
            self._run(k, k + 1)
            living = slice(max(0, k - self.start), None)
            rows = [buffer[k & 1, living] for buffer in self.ring.buffers.values()]
            shift = self._shift(rows)
            for part in rows:
                np.ldexp(part, shift[:, None], part)
            self.exponents[living] -= shift
            state = self.ring.rows(self.state, k)[living]
            squares[k - low, living] = np.vecdot(state, state)
            exponents[k - low] = self.exponents
        return squares, exponents

    def _shift(self, parts: Iterable[Array]) -> Array:
        """The power of two that brings each row to its level; 0 for zeros and what is not finite."""
        largest = _largest(parts)
        moving = np.isfinite(largest) & (largest > 0)
        return np.where(moving, self.level - np.frexp(largest)[1], 0)


def _largest(parts: Iterable[Array]) -> Array:
    return np.max([np.abs(part).max(axis=-1) for part in parts], axis=0)


def _settled(parts: Iterable[Array]) -> Array:
    """Rows that stay what they are, however they are scaled: zero, or not finite."""
    largest = _largest(parts)
    return ~(np.isfinite(largest) & (largest > 0))
