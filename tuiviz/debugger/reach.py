"""The triangle of ‖∂E_t/∂s_k‖ as a screen shows it: some rows, and bins of steps.

With many steps there are more numbers than cells. Then a row is one E_t of several, the last of its
bin, and a cell the largest ‖∂E_t/∂s_k‖ of its steps: what is shown is exact, and what is left out
is said.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from core.records import Record

if TYPE_CHECKING:
    from core.tape import Tape

AT_ONCE = 4
"""Errors that are sent back together between two breaths."""


class Grid(Record):
    """Which errors are rows, and where the bins of steps k begin; the last edge is T."""

    errors: tuple[int, ...]
    edges: tuple[int, ...]

    @property
    def columns(self) -> int:
        """How many bins there are."""
        return len(self.edges) - 1

    def row(self, t: int) -> int:
        """The row that E_t belongs to."""
        return bisect_left(self.errors, t)

    def column(self, k: int) -> int:
        """The bin that step k is in."""
        return bisect_right(self.edges, k) - 1


@lru_cache(8)
def grid(steps: int, rows: int, columns: int) -> Grid:
    """A grid of at most so many rows and columns over T = `steps`."""
    rows, columns = max(1, min(rows, steps)), max(1, min(columns, steps))
    ends = np.linspace(0, steps, rows + 1).round().astype(int)[1:] - 1
    edges = np.linspace(0, steps, columns + 1).round().astype(int)
    return Grid(tuple(ends.tolist()), tuple(edges.tolist()))


def triangle(tape: Tape, of: Grid) -> Iterator[Any]:
    """Computes log₁₀‖∂E_t/∂s_k‖ (rows, columns), −inf above the diagonal; yields on the way.

    Each time it yields the rows that there are so far; the last time, all.
    """
    found = np.empty((len(of.errors), of.columns))
    for start in range(0, len(of.errors), AT_ONCE):
        errors = of.errors[start : start + AT_ONCE]
        logs = tape.log_reach(errors=errors)
        for i, t in enumerate(errors):
            found[start + i] = np.maximum.reduceat(logs[i], of.edges[:-1])
            found[start + i, of.column(t) + 1 :] = -np.inf
        yield found[: start + len(errors)].copy()


def cost(tape: Tape, of: Grid) -> int:
    """Multiply-adds that the triangle takes."""
    hidden = len(tape.initial_state)
    return sum(t + 1 for t in of.errors) * hidden * hidden
