"""What may be called in a condition: one table for the evaluator, the help and the documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.errors import InputError
from core.numbers import norm
from core.records import Record

_MOST_DIGITS = 15


class Function(Record):
    """`call` gets float64 numbers, or, where `of_truths`, what comparisons gave.

    It takes from 1 to `most` arguments, and raises InputError for one that it has no value for.
    """

    call: Callable[..., Any]
    description: str
    of_truths: bool = False
    most: int = 1


def _norm(numbers: Any) -> Any:
    return norm(np.reshape(numbers, (1, -1)))[0]


def _count(truths: Any) -> Any:
    if not np.ndim(truths):
        raise InputError("a single truth value; expected an array of them, as in count(s > 0.5)")
    return np.float64(np.count_nonzero(truths))


def _length(numbers: Any) -> Any:
    if not np.ndim(numbers):
        raise InputError("a single number; expected an array")
    return np.float64(len(numbers))


def _round(numbers: Any, digits: Any = 0.0) -> Any:
    if np.ndim(digits) or digits not in range(_MOST_DIGITS + 1):
        raise InputError(f"digits must be a whole number from 0 to {_MOST_DIGITS}")
    return np.round(numbers, int(digits))


FUNCTIONS = {
    "norm": Function(_norm, "‖·‖₂ of all its numbers; of a matrix, the Frobenius norm"),
    "max": Function(np.max, "the largest number"),
    "min": Function(np.min, "the smallest number"),
    "sum": Function(np.sum, "the sum of all numbers"),
    "mean": Function(np.mean, "their mean; of comparisons, the share that is true"),
    "abs": Function(np.abs, "each number without its sign"),
    "any": Function(np.any, "true if one comparison is: any(s > 0.5)", of_truths=True),
    "all": Function(np.all, "true if every comparison is: all(s > 0.5)", of_truths=True),
    "count": Function(_count, "how many comparisons are true: count(s > 0.5)", of_truths=True),
    "isnan": Function(lambda x: np.isnan(x).any(), "true if one number is NaN"),
    "isinf": Function(lambda x: np.isinf(x).any(), "true if one number is infinite"),
    "isfinite": Function(lambda x: np.isfinite(x).all(), "true if no number is NaN or infinite"),
    "len": Function(_length, "how many numbers a vector has, how many rows a matrix"),
    "argmax": Function(
        lambda x: np.float64(np.argmax(x)), "index of the largest, counted row by row"
    ),
    "argmin": Function(
        lambda x: np.float64(np.argmin(x)), "index of the smallest, counted row by row"
    ),
    "log10": Function(np.log10, "each number's logarithm to base 10"),
    "log": Function(np.log, "each number's natural logarithm"),
    "exp": Function(np.exp, "e to the power of each number"),
    "sqrt": Function(np.sqrt, "each number's square root; of a negative one, NaN"),
    "round": Function(_round, "each number, rounded; round(x, 3) to 3 digits", most=2),
}
"""By name. NaN in an argument is NaN in max, min, sum, mean and norm, as in NumPy."""
