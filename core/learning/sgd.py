"""One step of stochastic gradient descent, and the clip of its gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from math import hypot, inf, isfinite, sqrt
from typing import Any

import numpy as np

from core.errors import InputError
from core.numbers import Array, frobenius
from core.records import Record
from core.theta import by_name, like


def descend(theta: Any, gradient: Any, rate: float) -> Any:
    """θ′ = θ − η g, in the type of θ; η is the learning rate."""
    with np.errstate(all="ignore"):
        new = by_name(theta)
        for name, array in new.items():
            # no more fresh memory than for the result, laid out as θ is
            scaled = np.multiply(getattr(gradient, name), rate, np.empty_like(array))
            new[name] = np.subtract(array, scaled, scaled)
    return like(theta, new)


def whole_norm(theta: Any) -> float:
    """‖θ‖₂ over the numbers of all parameters together; NaN or inf where one of them is."""
    arrays = by_name(theta).values()
    square = sum([float(np.vdot(array, array)) for array in arrays])
    if _PLAIN[0] < square < _PLAIN[1]:
        return sqrt(square)
    with np.errstate(all="ignore"):
        return hypot(*map(frobenius, arrays))


_PLAIN = (1e-280, 1e280)
"""Where a sum of squares has lost nothing to underflow or overflow."""


class Clipped(Record):
    """What a clip made of a gradient: `factor` that all of it was multiplied by, or how many
    `entries` of each parameter were brought back to the limit.
    """

    gradient: Any = field(repr=False)
    factor: float = 1.0
    entries: Mapping[str, int] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether the clip did anything."""
        return self.factor != 1.0 or any(self.entries.values())


class Clip(Record):
    """A limit for the gradient g of a step.

        by "value":   each entry to within ±limit
        by "norm":    g · min(1, limit / ‖g‖), ‖g‖ over all parameters: one factor, one direction

    Raises InputError for a limit that is not above 0, and for another way.

    Source: Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural
    networks", for the norm; Mikolov (2012) for the value.
    """

    limit: float
    by: str = "value"

    def __post_init__(self) -> None:
        if self.by not in _WAYS:
            raise InputError(f'clip by "{self.by}"; expected {" or ".join(_WAYS)}')
        if not 0 < self.limit < inf:
            raise InputError(f"clip at {self.limit}; expected a number above 0")

    def apply(self, gradient: Any) -> Clipped:
        """The gradient within the limit, and what that took."""
        return _WAYS[self.by](gradient, self.limit)


def _by_value(gradient: Any, limit: float) -> Clipped:
    arrays = by_name(gradient)
    entries = {name: int(np.sum(np.abs(array) > limit)) for name, array in arrays.items()}
    clipped = {
        name: _read_only(np.clip(arrays[name], -limit, limit))
        for name, count in entries.items()
        if count
    }
    return Clipped(replace(gradient, **clipped), entries=entries)


def _by_norm(gradient: Any, limit: float) -> Clipped:
    size = whole_norm(gradient)
    if size <= limit or not isfinite(size):
        return Clipped(gradient)
    factor = limit / size
    scaled = {name: _read_only(array * factor) for name, array in by_name(gradient).items()}
    return Clipped(replace(gradient, **scaled), factor)


_WAYS: Mapping[str, Callable[[Any, float], Clipped]] = {"value": _by_value, "norm": _by_norm}

CLIPS: Iterable[str] = tuple(_WAYS)
"""The ways to clip."""


def _read_only(array: Any) -> Array:
    found = np.asarray(array)
    found.setflags(write=False)
    return found
