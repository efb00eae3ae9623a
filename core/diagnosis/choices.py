"""The choices for each part of a backward loop: the right one, wrong ones, and two at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import combinations, product
from typing import Any

import numpy as np

from core.diagnosis.loop import Instance, Recursion, Variant
from core.diagnosis.mistakes import (
    ERROR,
    FACTORS,
    RECURSION,
    WEIGHTS,
    Mistake,
    of_part,
    through_softmax,
)
from core.records import Record


class Choice(Record, eq=False):
    """A value of one part, and the rows of the catalogue that make it: none for the right one."""

    value: Any
    rows: tuple[tuple[Mistake, Variant], ...] = ()


def errors(instance: Instance) -> list[Choice]:
    """e (T, C)."""
    found = _single(instance, ERROR)
    return [*found, *_softmax_twice(instance, found)]


def recursions(instance: Instance) -> list[Choice]:
    """`Recursion`s."""
    found = _single(instance, RECURSION)
    return [*found, *_merged(found), *_misplaced(instance, found)]


def weights(instance: Instance) -> list[Choice]:
    """`Weights`."""
    return _single(instance, WEIGHTS)


def factors(instance: Instance, name: str) -> list[Choice]:
    """f (T, n) of one parameter."""
    found = [Choice(instance.right.factors[name])]
    for mistake in of_part(FACTORS):
        for variant in mistake.variants(instance):
            if name in variant.value:
                found.append(Choice(variant.value[name], ((mistake, variant),)))
    return found


def _single(instance: Instance, part: str) -> list[Choice]:
    found = [Choice(getattr(instance.right, part))]
    for mistake in of_part(part):
        for variant in mistake.variants(instance):
            found.append(Choice(variant.value, ((mistake, variant),)))
    return found


def _softmax_twice(instance: Instance, found: Sequence[Choice]) -> Iterator[Choice]:
    """Another wrong error, and the derivative of softmax once more.

    Not of the error that stops at ∂E/∂ŷ: once more is what that one lacks.
    """
    twice = next(each for each in found if each.rows and each.rows[0][0].id == "softmax-twice")
    for other in found:
        if other.rows and other is not twice and other.rows[0][0].id != "stops-at-yhat":
            yield Choice(through_softmax(instance, other.value), (*twice.rows, *other.rows))


def _merged(found: Sequence[Choice]) -> Iterator[Choice]:
    """Two wrong recursions, where they change different things.

    Of the ways to have a derivative at a wrong place only the first is combined with another place.
    """
    right, *wrong = found
    changes = [_changes(right.value, each.value) for each in wrong]
    ways = {each.rows[0][0]: each for each in reversed(wrong)}
    for (first, new), (second, other) in combinations(zip(wrong, changes, strict=True), 2):
        usual = ways[first.rows[0][0]] is first and ways[second.rows[0][0]] is second
        if not new.keys() & other.keys() and (usual or not new.keys() | other.keys() <= _SLOPES):
            yield Choice(replace(right.value, **new, **other), (*first.rows, *second.rows))


def _misplaced(instance: Instance, found: Sequence[Choice]) -> Iterator[Choice]:
    """Another function's derivative, and that at a wrong place: missing, twice, or a step off.

    Of the ways to be at one of these places only the first is tried.
    """
    right, *wrong = found
    changes = [(each, _changes(right.value, each.value).keys()) for each in wrong]
    places = dict.fromkeys(each.rows[0][0] for each, changed in changes if changed < _SLOPES)
    functions = [each for each, changed in changes if changed == _SLOPES]
    others = [each for each in functions if each.rows[0][0] not in places]
    for other, row in product(others, places):
        variant = next(iter(row.variants(replace(instance, slope=other.value.start))))
        yield Choice(variant.value, (*other.rows, (row, variant)))


_SLOPES = {"start", "carry"}


def _changes(right: Recursion, other: Recursion) -> dict[str, Any]:
    names = (each.name for each in fields(Recursion))
    pairs = ((name, getattr(right, name), getattr(other, name)) for name in names)
    return {name: new for name, old, new in pairs if not np.array_equal(old, new)}
