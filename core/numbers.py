"""Numbers as they are given, and norms that neither overflow nor underflow on the way."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import InputError

Array = np.ndarray[tuple[Any, ...], np.dtype[Any]]
"""NDArray[Any], spelled out: numpy.typing is for type checkers, and takes time to load."""


def is_whole(value: object) -> bool:
    """Whether it is a whole number, Python's or NumPy's."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def as_array(name: str, value: Any) -> Array:
    """What was given as an array. Raises InputError for rows of different lengths."""
    try:
        return np.asarray(value)
    except ValueError:
        raise InputError(f"{name} has rows of different lengths; expected an array") from None


def unit_scale(rows: Array) -> tuple[Array, Array]:
    """Each row (…, n) divided by a power of two that brings its largest number into [½, 1).

    Returns the scaled rows and the exponents (…). Exact. A row of zeros, or one that holds an
    infinity or a NaN, keeps the exponent 0.
    """
    largest = np.abs(rows).max(axis=-1)
    exponent = np.where(np.isfinite(largest), np.frexp(largest)[1], 0)
    return np.ldexp(rows, -exponent[..., None]), exponent


def norm(rows: Array) -> Array:
    """‖·‖₂ of each row (…, n) → (…): right from the smallest float to the largest.

    A plain sum of squares reads 0 below 1e-162 and inf above 1e154.
    """
    scaled, exponent = unit_scale(rows)
    return np.asarray(np.ldexp(np.sqrt(np.vecdot(scaled, scaled)), exponent))


def frobenius(array: Array) -> float:
    """‖·‖₂ over all numbers of an array together."""
    return float(norm(array.reshape(1, -1))[0])
