"""How far gradients are apart, relative to their own size and to what rounding leaves of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from core.diagnosis.loop import Gradient, Instance
from core.numbers import Array
from core.records import Record

_FLOOR = 1e-3  # of the sum of the terms' norms: below it, what is left of them is rounding


class Ruler(Record):
    """The distance ‖found − expected‖/‖expected‖, and the tolerance below which it is none.

    Where terms cancel, ‖expected‖ is no less than the floor of the parameter.
    """

    floors: Mapping[str, float]
    tolerance: float

    @classmethod
    def of(cls, instance: Instance, names: Iterable[str], tolerance: float) -> Ruler:
        """With the sizes that rounding in this instance is relative to."""
        return cls({name: _FLOOR * instance.right.magnitude(name) for name in names}, tolerance)

    def one(self, name: str, found: Array, expected: Array) -> float:
        """The distance for one parameter; inf for another shape and for what is not finite."""
        if found.shape != expected.shape:
            return np.inf
        with np.errstate(all="ignore"):
            difference = float(np.linalg.norm(found - expected))
            if difference == 0:
                return 0.0
            scale = max(float(np.linalg.norm(expected)), self.floors[name])
            return difference / scale if scale > 0 and np.isfinite(difference) else np.inf

    def factor(self, name: str, found: Array, expected: Array) -> float | None:
        """The number that found is times expected, to the tolerance; None if it is no multiple."""
        square = float(np.vdot(expected, expected))
        if found.shape != expected.shape or not square > 0:
            return None
        factor = float(np.vdot(expected, found)) / square
        same = factor != 0 and self.one(name, found / factor, expected) <= self.tolerance
        return factor if same else None

    def residual(self, found: Gradient, expected: Gradient) -> float:
        """The largest distance over the names of `found`."""
        return max(self.one(name, found[name], expected[name]) for name in found)

    def same(self, found: Gradient, expected: Gradient) -> bool:
        """Whether they agree within the tolerance."""
        return all(self.one(name, found[name], expected[name]) <= self.tolerance for name in found)
