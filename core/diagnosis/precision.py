"""How far rounding, or finite differences, may take a right gradient from the engine's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from core.diagnosis.ruler import Ruler
from core.numbers import Array
from core.parameters import NAMES
from core.records import Record
from core.tape import Tape

_DOUBLE, _SINGLE = 1e-9, 1e-4
_DOUBLE_DIFFERENCES, _SINGLE_DIFFERENCES = 1e-5, 1e-3
_MOST = 1e-2

# What may be amplified, beside what a pass in float32 shows: another order of the same sums.
_SINGLE_FACTOR, _DOUBLE_FACTOR = 30.0, 1e3 * 2.0**-29


class Precision(Record):
    """Tolerances relative to the norm of each gradient. single: something is in float32."""

    single: bool
    rounding: float
    differences: float

    @classmethod
    def of(cls, tape: Tape, right: Mapping[str, Array], single: bool) -> Precision:
        """For a network, which may amplify rounding: a pass in float32 shows by how much."""
        with np.errstate(all="ignore"):
            other = tape.with_parameters(cast(tape.theta, np.float32)).gradient()
        rounded = {name: getattr(other, name).astype(np.float64) for name in right}
        amplified = Ruler(dict.fromkeys(right, 0.0), 0.0).residual(rounded, right)
        least, factor = (_SINGLE, _SINGLE_FACTOR) if single else (_DOUBLE, _DOUBLE_FACTOR)
        rounding = min(max(least, factor * amplified), _MOST) if np.isfinite(amplified) else least
        differences = _SINGLE_DIFFERENCES if single else _DOUBLE_DIFFERENCES
        return cls(single, float(rounding), float(max(rounding, differences)))


def in_double(tape: Tape) -> Tape:
    """The same pass in float64."""
    if tape.values["s"].dtype == np.float64:
        return tape
    return tape.with_parameters(cast(tape.theta, np.float64))


def cast(theta: Any, dtype: Any) -> Any:
    """The same parameters in another dtype."""
    return replace(theta, **{name: getattr(theta, name).astype(dtype) for name in NAMES})
