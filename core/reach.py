"""How far each error reaches back: ‖∂E_t/∂s_k‖ for every t and k, without keeping ∂E_t/∂s_k.

The errors go back in blocks of rows. A row is held near a fixed power of two, far from both ends of
the floats, and the power that it was multiplied by is counted: nothing underflows to a false zero,
unless a unit fades below 1e-400 of the loudest unit of its row, and that one then dies altogether.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from core.numbers import Array
from core.program import Node
from core.recording import Recording
from core.sweep import Ring, readout_adjoints

BLOCK = 192
"""Errors that go back together: enough for the matrix product, few enough for the cache."""

CHUNK = 64
"""Steps between two looks at the size of the rows."""


def reach(tape: Recording) -> Array:
    """(T, T): [t, k] = ‖∂E_t/∂s_k‖₂, zero for k > t."""
    return _triangle(tape, 0.0, lambda squares, exponents: np.ldexp(np.sqrt(squares), exponents))


def log_reach(tape: Recording) -> Array:
    """(T, T): [t, k] = log₁₀‖∂E_t/∂s_k‖₂, −inf for k > t and for an exact zero."""

    def logarithm(squares: Array, exponents: Array) -> Array:
        return np.asarray(np.log10(squares) / 2 + exponents * np.log10(2))

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
        # A row is held at 2^300. Within a chunk it may fall to 2^-360 or rise to 2^500, where its
        # square is a float; in a single step, to the ends of the floats.
        self.level = limit * 3 // 10
        self.smallest, self.largest = (
            np.ldexp(1.0, 2 * n) for n in (-limit * 7 // 20, limit // 2 - 8)
        )
        found = readout_adjoints(tape, start, stop)
        joining = {state: found[state] for state in tape.program.carried}
        largest = _largest(joining.values())
        shift = self._shift(largest)
        self.joining = {state: np.ldexp(rows, shift[:, None]) for state, rows in joining.items()}
        self.joins = _moves(largest)
        self.exponents = -shift

    def alive(self, low: int, high: int) -> Array:
        """(rows, steps): whether t ≥ k."""
        return np.arange(self.start, self.stop)[:, None] >= np.arange(low, high)

    def back(self, low: int, high: int) -> tuple[Array, Array]:
        """‖∂E_t/∂s_k‖² and its exponents, (steps, rows), for the steps low ≤ k < high."""
        before = {node: buffer.copy() for node, buffer in self.ring.buffers.items()}
        squares = self._run(low, high)
        good = (squares >= self.smallest) & (squares <= self.largest)
        if not good.all() and not (good | self._excused(before, low, high)).all():
            for node, buffer in before.items():
                self.ring.buffers[node][...] = buffer
            return self._step_by_step(low, high)
        exponents = self.exponents.copy()
        if low:
            self._lift(low)
        return squares, exponents

    def _excused(self, before: Mapping[Node, Array], low: int, high: int) -> Array:
        """Rows that have not joined, and rows that stay what they are at any scale."""
        moves = _moves(_largest([buffer[high & 1] for buffer in before.values()]))
        joins = self.joins & (np.arange(self.start, self.stop) < high)
        return ~(moves | joins) | ~self.alive(low, high).T

    def _lift(self, k: int) -> None:
        """Brings the rows back to their level after step k."""
        living = slice(max(0, k - self.start), None)
        rows = [buffer[k & 1, living] for buffer in self.ring.buffers.values()]
        shift = self._shift(_largest(rows))
        for part in rows:
            np.ldexp(part, shift[:, None], part)
        self.exponents[living] -= shift

    def _run(self, low: int, high: int) -> Array:
        # Where a row has not joined yet there is nothing to look at: in order.
        squares = np.full((high - low, self.stop - self.start), self.largest, self.tape.dtype)
        back = range(high - 1, low - 1, -1)
        alive = [slice(max(0, k - self.start), None) for k in back]
        room = [row[living] for row, living in zip(squares[::-1], alive, strict=True)]
        joins = {state: self._joins(state, back) for state in self.joining}
        self.ring.back(
            low,
            high,
            alive,
            joins if high > self.start else {},
            lambda now: [map(np.vecdot, now[self.state], now[self.state], room)],
        )
        return squares

    def _joins(self, state: Node, back: range) -> Sequence[Iterable[Any]]:
        joining, buffer = self.joining[state], self.ring.buffers[state]
        nowhere = np.zeros_like(joining[0])
        where = [buffer[k & 1, k - self.start] if k >= self.start else nowhere for k in back]
        return (
            repeat(np.copyto),
            where,
            [joining[k - self.start] if k >= self.start else nowhere for k in back],
        )

    def _step_by_step(self, low: int, high: int) -> tuple[Array, Array]:
        """The same, every row brought back to its level after each step."""
        squares = np.zeros((high - low, self.stop - self.start), self.tape.dtype)
        exponents = np.zeros(squares.shape, int)
        for k in range(high - 1, low - 1, -1):
            self._run(k, k + 1)
            self._lift(k)
            state = self.ring.rows(self.state, k)[max(0, k - self.start) :]
            squares[k - low, max(0, k - self.start) :] = np.vecdot(state, state)
            exponents[k - low] = self.exponents
        return squares, exponents

    def _shift(self, largest: Array) -> Array:
        """The power of two that brings each row to its level."""
        return np.where(_moves(largest), self.level - np.frexp(largest)[1], 0)


def _largest(parts: Iterable[Array]) -> Array:
    return np.asarray(np.max([np.abs(part).max(axis=-1) for part in parts], axis=0))


def _moves(largest: Array) -> Array:
    """Whether a row can be scaled: neither zero nor out of the floats, which it would stay."""
    return np.isfinite(largest) & (largest > 0)
