"""θ, or a gradient in its type, as its arrays by name: for any dataclass of arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np

from core.numbers import Array


def by_name(theta: Any) -> dict[str, Array]:
    """The arrays of θ, or of a gradient in its type."""
    return {name: getattr(theta, name) for name in names(theta.__class__)}


@cache
def names(kind: type) -> tuple[str, ...]:
    """The names of the arrays of a type."""
    return tuple(field.name for field in fields(kind))


def like(theta: Any, arrays: Mapping[str, Array]) -> Any:
    """The type of θ with other arrays: of the same shapes, never written again.

    They are not checked a second time.
    """
    made = object.__new__(type(theta))
    for name, array in arrays.items():
        array.setflags(write=False)
        object.__setattr__(made, name, array)
    return made


def dtype_of(theta: Any, parameters: Iterable[str]) -> np.dtype[Any]:
    """The dtype that holds each of these parameters."""
    found = {getattr(theta, name).dtype for name in parameters}
    return found.pop() if len(found) == 1 else np.result_type(*found)
