"""Gradients as they were given, brought to our names and shapes; what cannot be is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.diagnosis.loop import MATRICES, Gradient
from core.errors import InputError
from core.numbers import Array
from core.parameters import NAMES, Parameters


def by_our_names(gradients: Parameters | Mapping[str, Any]) -> dict[str, Array]:
    """U, W, V, b, c, or dU, dW, dV, db, dc; some of them. Raises InputError for other names."""
    if isinstance(gradients, Parameters):
        return {name: getattr(gradients, name) for name in NAMES}
    found: dict[str, Array] = {}
    for name, value in gradients.items():
        own = name.removeprefix("d")
        if own not in NAMES or own in found:
            raise InputError(f'gradient "{name}": expected some of dU, dW, dV, db, dc, each once')
        found[own] = np.asarray(value)
        if found[own].dtype.kind not in "fiu":
            raise InputError(f"{name} has dtype {found[own].dtype}; expected numbers")
    return found


def in_our_shapes(gradients: Gradient, right: Gradient) -> tuple[dict[str, Array], dict[str, str]]:
    """The gradients in float64, in the order of NAMES, and a sentence for each that is none.

    A bias may be a column or a row. A transpose that would fit stays as it is.
    """
    found, faults = {}, {}
    for name in (name for name in NAMES if name in gradients):
        array, shape = np.asarray(gradients[name], np.float64), right[name].shape
        if name not in MATRICES and array.size == shape[0] == max(array.shape, default=1):
            array = array.reshape(shape)
        found[name] = array
        if array.shape not in (shape, shape[::-1]):
            faults[name] = f"d{name} has shape {array.shape}; expected {shape}"
        elif not np.isfinite(array).all():
            faults[name] = _not_finite(name, array)
    return found, faults


def _not_finite(name: str, array: Array) -> str:
    wrong = ~np.isfinite(array)
    first = ", ".join(str(int(i)) for i in np.argwhere(wrong)[0])
    return (
        f"d{name} has {int(wrong.sum())} of {array.size} numbers that are not finite, "
        f"first d{name}[{first}] = {array[wrong][0]}"
    )
