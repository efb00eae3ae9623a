"""What can be said of an array in one line."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.numbers import frobenius
from tuiviz.numbers import number

_RANKED = 64
"""The rank of a larger matrix is not worked out at every key."""


def summary(value: Any, digits: int) -> str:
    """Shape, norm, min, max, what is not finite, rank."""
    array = np.asarray(value)
    if not array.ndim:
        return ""
    if array.dtype == bool:
        return f"{'×'.join(map(str, array.shape))}  {int(array.sum())} of {array.size} true"
    finite = array[np.isfinite(array)]
    parts = ["×".join(map(str, array.shape)), f"‖·‖ {number(frobenius(array), digits)}"]
    if finite.size:
        parts += [f"min {number(finite.min(), digits)}", f"max {number(finite.max(), digits)}"]
    nans = int(np.isnan(array).sum())
    infinite = array.size - finite.size - nans
    parts += [f"{count} {what}" for count, what in ((nans, "NaN"), (infinite, "inf")) if count]
    if array.ndim == 2 and max(array.shape) <= _RANKED and finite.size == array.size:
        parts.append(f"rank {_rank(array)}")
    return "  ".join(parts)


def _rank(array: Any) -> int:
    # Scaled first: a matrix of 1e-200 has a rank too.
    largest = np.abs(array).max(initial=0.0)
    return int(np.linalg.matrix_rank(array / largest)) if largest else 0
