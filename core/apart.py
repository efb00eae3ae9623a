"""Rows on their way back whose numbers lie too far apart for one scale.

A number is a fraction times two to an exponent of its own: next to a loud unit a faint one may fade
without end, and is right when the loud one dies. Slow: for the rows that need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from core.numbers import Array
from core.program import Node
from core.recording import Recording
from core.ring import Ring
from core.schedule import Move, schedule

ZERO = -(2**40)
"""The exponent of zero: below every other."""

ROOM = 2**18
"""The most numbers that are multiplied one by one at a time."""

NARROW = 300
"""So many powers of two apart, numbers and their products are floats of one scale."""


class Wide(NamedTuple):
    """Numbers, fraction · 2^exponent; the fractions in [½, 1), or zero, infinite, NaN."""

    fractions: Array
    exponents: Array

    @classmethod
    def of(cls, numbers: Array, exponents: Array | int = 0) -> Wide:
        """numbers · 2^exponents."""
        fractions, more = np.frexp(numbers.astype(np.float64))
        return cls(fractions, np.where(fractions == 0, ZERO, exponents + more.astype(np.int64)))

    def at(self, index: Any) -> Wide:
        """Some of the numbers."""
        return Wide(self.fractions[index], self.exponents[index])

    def after(self, first: Wide) -> Wide:
        """With other rows before these."""
        return Wide(*(np.concatenate(pair) for pair in zip(first, self, strict=True)))

    def level(self, axis: int | None) -> tuple[Array, Array]:
        """The numbers as floats, the largest in [½, 1), and the exponent that each is short of."""
        top = self.exponents.max(axis, keepdims=True)
        return _scaled(self.fractions, self.exponents - top), top

    def spread(self, axis: int | None) -> Array:
        """How many powers of two the numbers lie apart, zeros left out."""
        top = self.exponents.max(axis)
        least = np.where(self.exponents > ZERO, self.exponents, top[..., None] if axis else top)
        return np.asarray(top - least.min(axis))

    def times(self, matrix: Wide) -> Wide:
        """Each row (…, n) times a matrix (n, m)."""
        narrow = (self.spread(1) <= NARROW) & (matrix.spread(None) <= NARROW)
        wide = np.flatnonzero(~narrow)
        room = max(1, ROOM // matrix.fractions.size)
        parts = [(np.flatnonzero(narrow), _at_one_scale)]
        parts += [(wide[i : i + room], _number_by_number) for i in range(0, len(wide), room)]
        found = Wide.of(np.zeros((len(self.fractions), matrix.fractions.shape[1])))
        for rows, product in parts:
            found.fractions[rows], found.exponents[rows] = product(self.at(rows), matrix)
        return found


def _at_one_scale(rows: Wide, matrix: Wide) -> Wide:
    (left, low), (right, high) = rows.level(1), matrix.level(None)
    return Wide.of(left @ right, low + high)


def _number_by_number(rows: Wide, matrix: Wide) -> Wide:
    products = rows.fractions[:, :, None] * matrix.fractions
    exponents = np.where(products == 0, ZERO, rows.exponents[:, :, None] + matrix.exponents)
    floats, top = Wide(products, exponents).level(1)
    return Wide.of(floats.sum(1), top[:, 0])


def _scaled(fractions: Array, exponents: Array) -> Array:
    return np.ldexp(fractions, np.maximum(exponents, -2000).astype(np.intc))


class Steps:
    """One step back: what it makes of the numbers that it reads of the step after it, (n,).

    The rows of a ring side by side: first those that the next step back reads, then the others.
    """

    def __init__(self, tape: Recording) -> None:
        self.tape = tape
        self.readers = readers(tape)
        others = [node for node in schedule(tape.program).depths if node not in self.readers]
        self.nodes = [*self.readers, *others]
        ends = np.cumsum([0, *map(tape.size, self.nodes)]).tolist()
        self.columns = dict(zip(self.nodes, map(slice, ends, ends[1:]), strict=True))
        self.read = ends[len(self.readers)]
        self.ring = Ring(tape, self.read + 1)

    def back(self, k: int, joining: Mapping[Node, Array] | None = None) -> tuple[Array, Array]:
        """From step k + 1 to k: a matrix (n, all columns), and what joins at k as a row."""
        n, ring = self.read, self.ring
        for node in self.readers:
            ring.rows(node, k + 1)[:n] = np.eye(n, dtype=self.tape.dtype)[:, self.columns[node]]
        joins = {
            state: ([np.copyto], [ring.rows(state, k)[n]], [joining[state] if joining else 0])
            for state in self.tape.program.carried
        }
        ring.back(k, k + 1, [slice(n), slice(n + 1)], joins)
        found = np.concatenate([ring.rows(node, k) for node in self.nodes], axis=1)
        return found[:n], found[n]

    def ends_all(self, k: int) -> bool:
        """Whether nothing of step k + 1 gets past step k: an exact zero."""
        return not self.back(k)[0][:, : self.read].any()


def readers(tape: Recording) -> list[Node]:
    """The nodes whose rows are read one step back."""
    moves = schedule(tape.program).ring_moves
    return list(dict.fromkeys(m.reader for m in moves if isinstance(m, Move) and m.later))


def squares_apart(
    tape: Recording, errors: Array, joining: Mapping[Node, Array]
) -> tuple[Array, Array]:
    """‖∂E_t/∂s_k‖² and its exponents, (T, rows), a row for each of the errors, in ascending order.

    joining: ∂⁺E_t/∂s_t of each state, (rows, n).
    """
    steps = Steps(tape)
    state = steps.columns[tape.program.states[tape.program.state]]
    squares = np.zeros((tape.steps, len(errors)))
    exponents = np.zeros(squares.shape, int)
    rows = Wide.of(np.zeros((0, steps.read)))
    for k in range(int(errors[-1]), -1, -1):
        first = int(np.searchsorted(errors, k))
        joins = {node: array[first] for node, array in joining.items()}
        matrix, joined = steps.back(k, joins)
        rows = rows.times(Wide.of(matrix))
        if errors[first] == k:
            rows = rows.after(Wide.of(joined[None]))
        floats, top = rows.at((..., state)).level(1)
        squares[k, first:] = np.vecdot(floats, floats)
        exponents[k, first:] = np.where(squares[k, first:] == 0, 0, top[:, 0])
        rows = rows.at((..., slice(steps.read)))
    return squares, exponents
