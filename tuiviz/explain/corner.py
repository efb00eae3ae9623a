"""As much of an array as is shown: all of a small one, the corner of a large one."""

from __future__ import annotations

import numpy as np

from core.numbers import Array
from core.records import Record
from tuiviz.explain.explanation import Quantity

FITS, CORNER = 8, 6
"""An axis of at most FITS numbers is shown whole, of a longer one the first CORNER."""


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


def corner(quantity: Quantity, value: Array) -> Corner:
    """The corner of an array of one, two or three axes."""
    labels, note = quantity.labels, ""
    if value.ndim == 3:
        value, labels, note = _two_axes(value, labels)
    if value.ndim == 1:
        value, labels = value[:, None], (labels[0], ("",))
    down, across = (_shown(size) for size in value.shape)
    return Corner(
        numbers=value[:down, :across],
        rows=labels[0][:down],
        columns=labels[1][:across],
        more_rows=len(value) - down,
        more_columns=value.shape[1] - across,
        note=note,
    )


def _shown(size: int) -> int:
    return size if size <= FITS else CORNER


def _two_axes(
    value: Array, labels: tuple[tuple[str, ...], ...]
) -> tuple[Array, tuple[tuple[str, ...], ...], str]:
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
