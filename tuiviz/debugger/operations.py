"""What operators and functions do with the values of an expression, and which they refuse.

A value is a float64, a truth value, an array of either, or a text. A truth value among numbers
counts as 1 or 0. Every function here raises InputError with the reason alone; the reader of the
text adds where it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.errors import InputError
from tuiviz.debugger.functions import Function


def checked(found: Any) -> Any:
    """A value from outside: any number or array of numbers or truth values, or a text."""
    if isinstance(found, str | np.float64):
        return found
    array = np.asarray(found)
    if array.dtype.kind not in "biuf" or not array.size:
        raise InputError("holds neither numbers nor a text")
    return (array if array.dtype == bool else array.astype(np.float64, copy=False))[()]


def numbers(value: Any) -> Any:
    """A value as float64."""
    if isinstance(value, str):
        raise InputError("a text where numbers are expected")
    return value if value.dtype == np.float64 else np.asarray(value, np.float64)[()]


def truths(value: Any) -> Any:
    """What a comparison gave."""
    if isinstance(value, str) or value.dtype != bool:
        raise InputError("neither true nor false; compare it, as in s > 0.5")
    return value


def truth(value: Any) -> bool:
    """What one comparison of numbers gave."""
    if truths(value).ndim:
        raise InputError(f"{value.size} truth values where one is expected; use any(…) or all(…)")
    return bool(value)


def negated(value: Any) -> Any:
    """−value."""
    return np.negative(numbers(value))


def combined(operation: Callable[..., Any], left: Any, right: Any) -> Any:
    """left ∘ right, element by element, of any ufunc on numbers."""
    left, right = numbers(left), numbers(right)
    require_fit(left, right)
    return operation(left, right)


def compared(comparison: Callable[..., Any], left: Any, right: Any) -> Any:
    """left < right and the like, element by element; texts are only equal or not."""
    texts = isinstance(left, str) + isinstance(right, str)
    if texts == 1:
        raise InputError("a text beside a number; write a text in quotes, a number without")
    if texts and comparison not in (np.equal, np.not_equal):
        raise InputError("texts have no order; compare them with == or !=")
    if texts:
        return np.bool((left == right) is (comparison is np.equal))
    require_fit(left, right)
    return comparison(left, right)


def both(left: Any, right: Any) -> Any:
    """Whether left and right are true, element by element."""
    require_fit(left, right)
    return np.logical_and(left, right)


def require_fit(left: Any, right: Any) -> None:
    """Raises InputError unless shapes are equal or one is a single number: no axis is stretched."""
    if left.ndim and right.ndim and left.shape != right.shape:
        raise InputError(f"shapes {left.shape} and {right.shape} do not fit each other")


def applied(function: Function, *arguments: Any) -> Any:
    """function(arguments)."""
    kind = truths if function.of_truths else numbers
    return function.call(*(kind(argument) for argument in arguments))


def is_whole(number: Any, first: int, end: int) -> bool:
    """Whether it is one of the whole numbers first … end − 1."""
    return bool(first <= number < end and number == np.floor(number))


def element(array: Any, *indices: Any) -> Any:
    """array[indices], counted from 0, or with a sign from the end; one index of a matrix: a row."""
    axes = 0 if isinstance(array, str) else array.ndim
    if len(indices) > axes:
        what = "more than one index" if len(indices) > 1 else "an index"
        raise InputError(f"{what} of a value with {axes or 'no'} {'axis' if axes == 1 else 'axes'}")
    for index, size in zip(indices, np.shape(array), strict=False):
        if np.ndim(index) or not is_whole(numbers(index), -size, size):
            raise InputError(f"no such index; expected 0 to {size - 1}, or −{size} to −1")
    return array[tuple(int(index) for index in indices)]
