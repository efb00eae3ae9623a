"""The numbers of an expression as lines of text: labelled, and as many as there is room for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tuiviz.debugger.conditions import NOT_HERE, Condition
from tuiviz.debugger.report import IN_A_LINE, shown_value
from tuiviz.debugger.scope import Scope, labels_of
from tuiviz.debugger.session import Session
from tuiviz.debugger.summary import summary
from tuiviz.files.visible import visible
from tuiviz.numbers import short

Labels = tuple[tuple[str, ...], ...]

_WIDTH, _TALLEST = 78, 18
"""The room, on any screen: cells of a line, and lines of numbers."""

_LABEL = 8
"""Cells that a label takes at most."""


def printed(expression: Condition, session: Session, digits: int) -> list[str]:
    """What an expression is at the position: a number, a text, a short vector in one line.

    Of anything else its shape, norm, smallest and largest number, then the numbers themselves.
    """
    value = expression.value(Scope(session))
    text = visible(expression.text)
    if value is NOT_HERE:
        return [f"{text} = {NOT_HERE}: there is no such value at this position"]
    if not np.ndim(value):
        return [f"{text} = {shown_value(value, digits)}"]
    numbers = np.asarray(value, dtype=float)
    labels = _labels(expression, session, numbers.shape)
    if numbers.ndim == 1 and len(numbers) <= IN_A_LINE and _are_numbers(labels[0]):
        return [f"{text} = {shown_value(numbers, digits)}"]
    lines = _vector if numbers.ndim == 1 else _matrix
    return [f"{text} = {summary(value, digits)}", *lines(numbers, labels, digits)]


def _labels(expression: Condition, session: Session, shape: tuple[int, ...]) -> Labels:
    """Those of the values of this shape that it is made of, if they have the same; or numbers."""
    found = {labels_of(session, name) for name in expression.names}
    fitting = [labels for labels in found if tuple(map(len, labels)) == shape]
    if len(fitting) == 1:
        return fitting[0]
    return tuple(tuple(f"[{i}]" for i in range(size)) for size in shape)


def _are_numbers(labels: tuple[str, ...]) -> bool:
    """Whether labels say no more than where a number stands: s[0], s[1], …"""
    return all(label.endswith(f"[{i}]") for i, label in enumerate(labels))


def _matrix(numbers: Any, labels: Labels, digits: int) -> list[str]:
    from tuiviz.explain.corner import FITS, corner, table

    wide = min(FITS, (_WIDTH - _LABEL) // (digits + 4))
    shown = corner(labels, numbers, _TALLEST, wide)
    return [f"  {line}" for line in table(shown, digits)]


def _vector(numbers: Any, labels: Labels, digits: int) -> Iterator[str]:
    """Each number after its label, several in a line."""
    from tuiviz.cells import cut, fitted, right

    texts = [short(each, digits) for each in numbers[: _WIDTH * _TALLEST].tolist()]
    side = min(_LABEL, max(map(len, labels[0])) + 1)
    longest = max(map(len, texts))
    across = max(1, _WIDTH // (side + longest + 3))
    shown = texts[: across * _TALLEST]
    for first in range(0, len(shown), across):
        cells = zip(labels[0][first:], shown[first : first + across], strict=False)
        yield "".join(f"  {fitted(cut(n, side), side)} {right(text, longest)}" for n, text in cells)
    if len(numbers) > len(shown):
        yield f"  … {len(numbers) - len(shown):,} more"
