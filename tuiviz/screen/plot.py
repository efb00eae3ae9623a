"""A curve in columns of a terminal's cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.records import Record
from tuiviz.cells import right
from tuiviz.screen.drawing import Line, Room, line

_SIDE = 7
_LEVELS = " ▁▂▃▄▅▆▇█"


class Curve(Record):
    """Values along an axis, what a value is called on the other one, and what a click types.

    Where there are more values than columns, a column is the largest of several. A value that is
    not finite has no column.
    """

    values: Any  # (n,)
    label: Callable[[float], str]
    click: Callable[[int], str]
    marked: int | None = None


def plot(curve: Curve, room: Room, low: float, high: float) -> list[Line]:
    """The curve between two values, in all the room there is."""
    count = len(curve.values)
    width = max(1, room.width - _SIDE)
    edges = np.linspace(0, count, min(width, count) + 1).round().astype(int)
    tops = _largest(np.asarray(curve.values, float), edges)
    cell = max(1, min(6, width // len(tops)))
    marked = -1
    if curve.marked is not None:
        marked = int(np.searchsorted(edges, curve.marked, side="right")) - 1
    return [
        _row(curve, room, row, tops, edges, cell, marked, (low, high)) for row in range(room.height)
    ]


def _row(
    curve: Curve,
    room: Room,
    row: int,
    tops: Any,
    edges: Any,
    cell: int,
    marked: int,
    bounds: tuple[float, float],
) -> Line:
    low, high = bounds
    last = room.height - 1
    labelled = row in (0, last, room.height // 2)
    name = curve.label(low + (high - low) * (last - row) / max(1, last)) if labelled else ""
    made = line(right(name, _SIDE - 1) + "│", room.palette.dim)
    for column, top in enumerate(tops.tolist()):
        part = (top - low) / ((high - low) or 1.0) * room.height - (last - row)
        filled = _LEVELS[max(0, min(8, round(part * 8)))] if np.isfinite(top) else " "
        style = room.palette.selected if column == marked else room.palette.symbol
        made.add(filled * cell, style, curve.click(int(edges[column])))
    return made


def _largest(values: Any, edges: Any) -> Any:
    finite = np.where(np.isfinite(values), values, -np.inf)
    found = np.maximum.reduceat(finite, edges[:-1])
    return np.where(np.isfinite(found), found, np.nan)


def bins(count: int, room: Room) -> float:
    """How many values a column stands for; 1 where each has its own."""
    return max(1.0, count / max(1, room.width - _SIDE))
