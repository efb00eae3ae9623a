"""A curve in columns of a terminal's cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.records import Record
from tuiviz.cells import right
from tuiviz.screen.drawing import Line, Room, line

_SIDE = 7
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
    count = len(curve.values)
    width = max(1, room.width - _SIDE)
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
    for row, glyphs in enumerate(_GLYPHS[levels].tolist()):
        text = "".join(glyphs)
        plain, marked = room.palette.symbol, room.palette.selected
        pieces = ((text[:start], plain), (text[start:stop], marked), (text[stop:], plain))
        label = _label(curve, row, room.height, low, high)
        made = line(right(label, _SIDE - 1) + "│", room.palette.dim)
        drawn.append(made.add_all(pieces, click))
    return drawn


def _levels(tops: Any, height: int, low: float, high: float) -> Any:
    """Eighths of a cell that each column fills of each row: (height, columns)."""
    below = np.arange(height - 1, -1, -1)[:, None]
    parts = (tops - low) / ((high - low) or 1.0) * height - below
    return np.nan_to_num(np.rint(parts * 8)).clip(0, 8).astype(int)


def _label(curve: Curve, row: int, height: int, low: float, high: float) -> str:
    """The value at a row; three rows have theirs."""
    last = height - 1
    labelled = row in (0, last, height // 2)
    return curve.label(low + (high - low) * (last - row) / max(1, last)) if labelled else ""


def _largest(values: Any, edges: Any) -> Any:
    finite = np.where(np.isfinite(values), values, -np.inf)
    found = np.maximum.reduceat(finite, edges[:-1])
    return np.where(np.isfinite(found), found, np.nan)


def bins(count: int, room: Room) -> float:
    """How many values a column stands for; 1 where each has its own."""
    return max(1.0, count / max(1, room.width - _SIDE))
