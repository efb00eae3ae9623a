"""Truncated backpropagation through time, as a mask over the triangle of (t, k)."""

from __future__ import annotations

import numpy as np

from core.errors import InputError
from core.numbers import Array, is_whole
from core.records import Record


class Truncation(Record):
    """TBPTT(k1, k2): every k1 steps, the last k1 errors go back through the last k2 steps.

    The term (t, k) is kept iff k > u(t) − k2, where u(t) is the last step of the block of k1 steps
    that holds t, or the last step T − 1. (1, n): every error goes back through n steps, itself
    among them. (n, n): chunks. (T, n): only the last n steps. k1, k2 ≥ 1, in time steps.

    Source: Williams and Peng (1990), "An efficient gradient-based algorithm for on-line training
    of recurrent network trajectories", there BPTT(h; h′).
    """

    k1: int
    k2: int

    def __post_init__(self) -> None:
        for name in ("k1", "k2"):
            value = getattr(self, name)
            if not is_whole(value) or value < 1:
                raise InputError(
                    f"truncation {name} is {value}; expected a whole number, 1 or more"
                )
            object.__setattr__(self, name, int(value))

    def first(self, t: int, steps: int) -> int:
        """The first step k that E_t is sent back to, of T = `steps`; above t if there is none."""
        last = min((t // self.k1 + 1) * self.k1, steps) - 1
        return max(0, last - self.k2 + 1)

    def keeps(self, t: int, k: int, steps: int) -> bool:
        """Whether the term (t, k) is kept in a sequence of T = `steps`."""
        return self.first(t, steps) <= k <= t

    def blocks(self, steps: int) -> Array:
        """(blocks, 3): the first and the last step of each block, and how far back it is sent."""
        first = np.arange(0, steps, self.k1)
        last = np.minimum(first + self.k1, steps) - 1
        return np.stack([first, last, np.maximum(0, last - self.k2 + 1)], axis=1)


def require_truncation(given: object) -> None:
    """Raises InputError for what is neither a truncation nor None."""
    if not (given is None or isinstance(given, Truncation)):
        raise InputError(f"truncation {given}: expected Truncation(k1, k2), or None")
