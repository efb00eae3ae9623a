"""A value as a matrix with labels, heat colours, and what can be said of it in one line."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from core.numbers import norm
from tuiviz.debugger.session import Value
from tuiviz.screen.formats import fitted, number, right, short
from tuiviz.screen.renderables.styles import DIM, heat

_LABEL = 8
"""Cells that a label takes at most."""


def matrix(value: Value, width: int, height: int) -> list[Text]:
    """The numbers as far as there is room, the rest counted."""
    lines: list[Text] = []
    array, labels = value.array, value.labels
    if np.ndim(array) == 0:
        return [*lines, Text(number(float(array), 6), heat(float(array), abs(float(array))))]
    if np.ndim(array) == 3:
        array, labels, note = _slice(array, labels)
        lines.append(Text(fitted(note, width), DIM))
    rows, columns = (labels[0], labels[1]) if np.ndim(array) == 2 else (labels[0], ("",))
    return lines + _table(
        np.reshape(array, (len(rows), -1)), rows, columns, width, height - len(lines)
    )


def summary(value: Value) -> str:
    """Shape, norm, smallest and largest number; how many are not finite."""
    array = np.asarray(value.array)
    if not array.ndim:
        return ""
    finite = array[np.isfinite(array)]
    parts = ["×".join(map(str, array.shape)), f"‖·‖ {number(_norm(array))}"]
    if finite.size:
        parts += [f"min {number(finite.min())}", f"max {number(finite.max())}"]
    if lost := array.size - finite.size:
        parts.append(f"{lost} not finite")
    return "  ".join(parts)


def _norm(array: Any) -> float:
    return float(norm(array.reshape(1, -1))[0])


def _slice(array: Any, labels: Any) -> tuple[Any, Any, str]:
    """Of a three-axis partial the matrix of one unit: the one with the largest number."""
    strongest = np.nan_to_num(np.abs(array)).reshape(len(array), -1).max(axis=1)
    at = int(strongest.argmax())
    return array[at], labels[1:], f"the part of {labels[0][at]}, one of {len(array)}"


def _table(
    array: Any, rows: tuple[str, ...], columns: tuple[str, ...], width: int, height: int
) -> list[Text]:
    side = min(_LABEL, max(map(cell_len, rows), default=0))
    cell = 1 + max(5, *(len(short(float(n))) for n in _corner(array, width, height).flat))
    headed = any(columns)
    fits_across, fits_down = max(1, (width - side) // cell), max(1, height - headed)
    across, down = _fitting(len(columns), fits_across), _fitting(len(rows), fits_down)
    largest = float(np.abs(array[np.isfinite(array)]).max(initial=0))
    lines = [_head(columns, across, side, cell)] if headed else []
    for row in range(down):
        line = Text(right(rows[row], side), DIM)
        for column in range(across):
            value = float(array[row, column])
            line.append(right(short(value), cell), heat(value, largest))
        if across < len(columns):
            line.append(" …", DIM)
        lines.append(line)
    if down < len(rows):
        lines.append(Text(fitted(f"… {len(rows) - down} more rows", width), DIM))
    return lines


def _corner(array: Any, width: int, height: int) -> Any:
    return array[: max(1, height), : max(1, width // 4)]


def _fitting(count: int, room: int) -> int:
    return count if count <= room else max(1, room - 1)


def _head(columns: tuple[str, ...], across: int, side: int, cell: int) -> Text:
    names = "".join(
        " " + right(fitted(name, min(cell - 1, cell_len(name))), cell - 1)
        for name in columns[:across]
    )
    return Text(
        " " * side + names + (f" +{len(columns) - across}" if across < len(columns) else ""), DIM
    )
