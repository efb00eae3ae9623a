"""How often a gradient counts each term: the coefficients c(t,k) that fit it best.

    ∂E/∂W ≈ Σ_{t,k} c(t,k) d(t,k) ⊗ s_{k−1},   ∂E/∂U and ∂E/∂b with the same c

All ones is the gradient itself; zeros and ones are a truncation. Where the terms depend on each
other, or are lost in rounding, a coefficient is not determined.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from core.diagnosis.loop import RECURRENT, BackwardLoop, Gradient
from core.numbers import Array
from core.records import Record

MOST_STEPS = 24
"""The largest T with a map: 300 coefficients."""

_DEPENDENT = 1e-12  # an eigenvalue of the unit terms' Gram matrix below it stands for none
_LEAKS = 1e-3  # of a coefficient's square that may lie in the null space
_PARALLEL = 1e-9  # 1 − cos² below it is rounding
_UNCERTAIN = 0.05  # the largest error of a coefficient that is shown


class Coefficients(Record, eq=False):
    """The map: `values` (T, T) as [t, k], NaN for k > t and where not determined.

    `other` (T, T) marks what is no multiple of the right term, known only where the mistake is.
    `residual` is what the map leaves of the gradient, relative; `nullity` the number of dimensions
    in which the terms of this instance depend on each other.
    """

    values: Array
    other: Array
    residual: float
    nullity: int


def coefficients(loop: BackwardLoop, given: Gradient, tolerance: float) -> Coefficients | None:
    """The map of the given ∂E/∂U, ∂E/∂W, ∂E/∂b over the terms of a loop.

    None without any of them, with numbers that are not finite, and above MOST_STEPS.
    """
    names = [name for name in RECURRENT if name in given]
    steps = len(loop.error)
    if not names or steps > MOST_STEPS or not all(np.isfinite(given[n]).all() for n in names):
        return None
    return _Fit(loop, {name: _matrix(given[name]) for name in names}, tolerance).map()


def _matrix(array: Array) -> Array:
    return array if array.ndim == 2 else array[:, None]


def compared(loop: BackwardLoop, right: BackwardLoop, name: str, scale: float) -> Coefficients:
    """The terms of one parameter in a loop, times a scale, as multiples of the right ones."""
    rows = scale * loop.weights.terms.T[:, :, None] * loop.deltas  # [k, t]
    factor, expected = loop.factors[name], right.factors[name]
    inner = np.vecdot(rows, right.deltas) * np.vecdot(factor, expected)[:, None]
    size = np.vecdot(right.deltas, right.deltas) * np.vecdot(expected, expected)[:, None]
    own = np.vecdot(rows, rows) * np.vecdot(factor, factor)[:, None]
    with np.errstate(all="ignore"):
        values = np.where(size > 0, inner / size, np.nan)
        other = (own > 0) & ~(inner**2 >= (1 - _PARALLEL) * own * size) | (own > 0) & (size == 0)
    return Coefficients(np.where(other, np.nan, values).T, other.T, 0.0, 0)


class _Fit:
    def __init__(self, loop: BackwardLoop, given: Gradient, tolerance: float) -> None:
        self.given, self.tolerance = given, tolerance
        self.factors = {name: loop.factors[name] for name in given}
        self.t, self.k = np.tril_indices(len(loop.error))
        deltas = loop.deltas[self.k, self.t]
        inner = sum(rows @ rows.T for rows in self.factors.values())
        gram = (deltas @ deltas.T) * np.asarray(inner)[np.ix_(self.k, self.k)]
        self.sizes = np.sqrt(np.diag(gram))
        self.sizes[self.sizes == 0] = 1
        self.deltas = deltas
        self.values, self.vectors = np.linalg.eigh(gram / np.outer(self.sizes, self.sizes))
        self.used = self.values > _DEPENDENT * max(1, len(gram))

    def map(self) -> Coefficients:
        """Solves for c − 1, and once more for what rounding left over."""
        found = np.ones(len(self.t))
        for _ in range(3):
            found += self._solved(self._rest(found))
        size = np.sqrt(sum(float(np.vdot(array, array)) for array in self.given.values()))
        rest = np.sqrt(sum(float(np.vdot(r, r)) for r in self._rest(found).values()))
        values = np.full((max(self.t) + 1,) * 2, np.nan)
        values[self.t, self.k] = np.where(self._determined(size), found, np.nan)
        residual = float(rest / size) if size else 0.0
        return Coefficients(values, np.zeros(values.shape, bool), residual, int((~self.used).sum()))

    def _rest(self, found: Array) -> dict[str, Array]:
        steps = max(self.t) + 1
        rows = np.zeros((steps, self.deltas.shape[1]))
        np.add.at(rows, self.k, found[:, None] * self.deltas)
        return {name: self.given[name] - rows.T @ factor for name, factor in self.factors.items()}

    def _solved(self, rest: Gradient) -> Array:
        along = sum(factor @ rest[name].T for name, factor in self.factors.items())  # (T, H)
        right = np.vecdot(self.deltas, np.asarray(along)[self.k]) / self.sizes
        kept = self.vectors[:, self.used]
        return np.asarray(kept @ ((kept.T @ right) / self.values[self.used]) / self.sizes)

    @cached_property
    def _leaks(self) -> Array:
        return np.asarray((self.vectors[:, ~self.used] ** 2).sum(axis=1))

    def _determined(self, size: float) -> Array:
        spread = (self.vectors[:, self.used] ** 2 / self.values[self.used]).sum(axis=1)
        error = self.tolerance * size * np.sqrt(spread) / self.sizes
        present = np.linalg.norm(self.deltas, axis=1) > 0
        seen = sum((factor**2).sum(axis=1) for factor in self.factors.values())
        present &= np.asarray(seen)[self.k] > 0
        return np.asarray(present & (self._leaks < _LEAKS) & (error < _UNCERTAIN))
