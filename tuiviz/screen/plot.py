"""A curve in columns of a terminal's cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.records import Record
from tuiviz.cells import cells, right
from tuiviz.screen.drawing import Line, Room, line

_SIDE = 6
"""Cells of the names at the left, at least."""

_GLYPHS = np.array(list(" ▁▂▃▄▅▆▇█"))


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
    names = _names(curve, room.height, (low, high))
    count = len(curve.values)
    width = _width(room, names)
    edges = np.linspace(0, count, min(width, count) + 1).round().astype(int)
    tops = _largest(np.asarray(curve.values, float), edges)
    cell = max(1, min(6, width // len(tops)))
    levels = np.repeat(_levels(tops, room.height, low, high), cell, axis=1)
    start = stop = 0  # the columns of the one that is marked
    if curve.marked is not None:
        stop = cell * int(np.searchsorted(edges, curve.marked, side="right"))
        start = stop - cell

    def click(x: int) -> str:
        return curve.click(int(edges[x // cell]))

    drawn = []
    for name, glyphs in zip(names, _GLYPHS[levels].tolist(), strict=True):
        text = "".join(glyphs)
        plain, marked = room.palette.symbol, room.palette.selected
        pieces = ((text[:start], plain), (text[start:stop], marked), (text[stop:], plain))
        drawn.append(line(f"{name}│", room.palette.dim).add_all(pieces, click))
    return drawn


def _names(curve: Curve, height: int, bounds: tuple[float, float]) -> list[str]:
    """What stands beside each row, all as wide: the value at the top, in the middle, below."""
    (low, high), last = bounds, height - 1
    values = {height // 2: high - (high - low) * (height // 2) / max(1, last), last: low, 0: high}
    names = [curve.label(values[row]) if row in values else "" for row in range(height)]
    side = max(_SIDE, *map(cells, names))
    return [right(name, side) for name in names]


def _width(room: Room, names: list[str]) -> int:
    return max(1, room.width - cells(names[0]) - 1)


def _levels(tops: Any, height: int, low: float, high: float) -> Any:
    """Eighths of a cell that each column fills of each row: (height, columns)."""
    below = np.arange(height - 1, -1, -1)[:, None]
    parts = (tops - low) / ((high - low) or 1.0) * height - below
    return np.nan_to_num(np.rint(parts * 8)).clip(0, 8).astype(int)


def _largest(values: Any, edges: Any) -> Any:
    finite = np.where(np.isfinite(values), values, -np.inf)
    found = np.maximum.reduceat(finite, edges[:-1])
    return np.where(np.isfinite(found), found, np.nan)


def bins(curve: Curve, room: Room, low: float, high: float) -> float:
    """How many values a column stands for; 1 where each has its own."""
    return max(1.0, len(curve.values) / _width(room, _names(curve, room.height, (low, high))))
