"""As much of an array as is shown: all of a small one, the corner of a large one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.cells import cell_len

from core.numbers import Array
from core.records import Record
from tuiviz.cells import cut, right
from tuiviz.numbers import short

WIDTH = 80
"""Cells of a line of text."""

_LABEL, _CELL = 8, 8

FITS, CORNER = 8, 6
"""An axis of at most FITS numbers is shown whole, of a longer one the first CORNER."""

Labels = tuple[tuple[str, ...], ...]
"""The names along each axis."""


class Corner(Record):
    """Numbers (rows, columns) with their labels, what is left out, and how they are to be read."""

    numbers: Array
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    more_rows: int
    more_columns: int
    note: str = ""

    @property
    def left_out(self) -> str:
        """14 more rows, 58 more columns; nothing if all is shown."""
        more = ((self.more_rows, "row"), (self.more_columns, "column"))
        return ", ".join(
            f"{count:,} more {name}{'s' if count > 1 else ''}" for count, name in more if count
        )


def corner(labels: Labels, value: Array, tall: int = FITS, wide: int = FITS) -> Corner:
    """The corner of an array of one, two or three axes; up to `tall` and `wide` it is whole."""
    note = ""
    if value.ndim == 3:
        value, labels, note = _two_axes(value, labels)
    if value.ndim == 1:
        value, labels = value[:, None], (labels[0], ("",))
    down, across = map(_shown, value.shape, (tall, wide))
    return Corner(
        numbers=value[:down, :across],
        rows=labels[0][:down],
        columns=labels[1][:across],
        more_rows=len(value) - down,
        more_columns=value.shape[1] - across,
        note=note,
    )


def _shown(size: int, most: int) -> int:
    return size if size <= most else max(1, most - FITS + CORNER)


def _two_axes(value: Array, labels: Labels) -> tuple[Array, Labels, str]:
    """Of ∂⁺s_k/∂W the numbers [i, i, l] if all others are 0, or else the part of one unit."""
    if value.shape[0] == value.shape[1]:
        units = np.arange(len(value))
        rest = value.copy()
        rest[units, units] = 0
        if not rest.any():
            return value[units, units], labels[1:], "the numbers [i, i, l]; all others are 0"
    strongest = np.nan_to_num(np.abs(value)).reshape(len(value), -1).max(axis=1)
    at = int(strongest.argmax())
    return value[at], labels[1:], f"the part of {labels[0][at]}, one of {len(value)}"


def table(shown: Corner, digits: int = 4) -> Iterator[str]:
    """The numbers as lines of text, under and beside their labels; what is left out is counted."""
    if shown.note:
        yield f"({shown.note})"
    texts = [[short(float(value), digits) for value in row] for row in shown.numbers]
    cell = max([_CELL, *(1 + len(text) for row in texts for text in row)])
    room = WIDTH - 2 - cell * max(map(len, texts), default=0)
    side = max(1, min(_LABEL, room, max(map(cell_len, shown.rows))))
    more = f"  +{shown.more_columns}" if shown.more_columns else ""
    if any(shown.columns):
        yield " " * side + "".join(right(cut(n, cell - 1), cell) for n in shown.columns) + more
    for label, row in zip(shown.rows, texts, strict=True):
        cells = "".join(right(text, cell) for text in row)
        yield right(cut(label, side), side) + cells + ("  …" if more else "")
    if shown.more_rows:
        yield f"… {shown.more_rows:,} more rows"
