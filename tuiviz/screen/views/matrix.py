"""A value as a matrix with labels, heat colours, and what can be said of it in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from core.errors import InputError
from core.numbers import frobenius
from core.records import Record
from tuiviz.cells import cells, cut, fitted, right, wrapped
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.session import Value
from tuiviz.debugger.summary import summary
from tuiviz.debugger.training_sentences import written_update
from tuiviz.numbers import counted, number, short
from tuiviz.screen.drawing import Line, Room, fits_above, fitting_below, line

_LABEL = 8
"""Cells that a label takes at most."""

_LOW = 9
"""Rows; with fewer there is no room for three matrices."""


class _Names(Record):
    """What two values that are compared are called; `one` and `two` above columns."""

    first: str
    second: str
    less: str
    one: str
    two: str


_PINNED = _Names("pinned", "here", "here − pinned", "pin", "here")


def value(debugger: Debugger, room: Room) -> list[Line]:
    """The numbers under the cursor or of the current line; beside what is pinned, if something is.

    While a question is asked about them: the question.
    """
    asked = debugger.question
    if asked is not None:
        answers = debugger.keyboard.with_keys("{answer} answers")
        return _said(f"{asked.text}  ({answers})", room)
    try:
        shown = debugger.value
        if debugger.pinned is not None:
            return _compared(debugger, _PINNED, debugger.pinned[1], shown, room)
        if debugger.ago is not None:
            step, then = debugger.then
            names = (f"step {step}", f"step {debugger.trained}", "difference")
            return _compared(debugger, _Names(*names, "then", "now"), then, shown, room)
    except InputError as error:
        return _said(str(error), room)
    above = _formula(title(debugger), room)
    rest = replace(room, height=room.height - len(above))
    lines = [*above, *matrix(shown, rest, debugger.look.digits, debugger.look.scroll)]
    facts = _facts(subtitle(debugger), room)
    return lines + facts if len(lines) + len(facts) < room.height else lines


def corner(debugger: Debugger, room: Room) -> tuple[int, int]:
    """The row and the column that the numbers begin with in this room."""
    look = debugger.look
    try:
        shown = debugger.value
    except InputError:  # too many numbers
        return 0, 0
    if debugger.pinned is not None or debugger.ago is not None or not np.ndim(shown.array):
        return look.scroll or (0, 0)
    above = len(_formula(title(debugger), room))
    _, table, rest = _table(shown, replace(room, height=room.height - above))
    return _begin(table, rest, look.digits, look.scroll)


def _facts(facts: str, room: Room) -> list[Line]:
    """Those below the panel that its frame has no room for."""
    shown = fitting_below(facts, room)
    rest = facts.removeprefix(shown).strip()
    return [line(each, room.palette.dim) for each in wrapped(rest, room.width)] if rest else []


def _formula(written: str, room: Room) -> list[Line]:
    """The side of the title that it has no room for, above the numbers."""
    if fits_above(written, room):
        return []
    _, equals, right_side = written.partition("= ")
    return [line(each, room.palette.dim) for each in wrapped(equals + right_side, room.width)]


def _said(text: str, room: Room) -> list[Line]:
    return [line(each, room.palette.selected) for each in wrapped(text, room.width)][: room.height]


def title(debugger: Debugger) -> str:
    """The line or the expression, as it is written."""
    session = debugger.session
    if session.cursor is None:
        if debugger.look.update:
            return written_update(debugger.look.update, debugger.clip)
        total = debugger.look.total
        return debugger.value.written if total else session.written(session.position.line)
    return session.outline.expression(session.cursor).equation


def subtitle(debugger: Debugger) -> str:
    """Shape, norm, smallest and largest number, rank; how many are not finite."""
    if debugger.question is not None:
        return ""
    try:
        return summary(debugger.value.array, debugger.look.digits)
    except InputError:
        return ""


def _compared(
    debugger: Debugger, names: _Names, before: Value, shown: Value, room: Room
) -> list[Line]:
    """One value, another one, and the other less the one."""
    one, other = np.asarray(before.array), np.asarray(shown.array)
    digits, scroll = debugger.look.digits, debugger.look.scroll
    parts = [(f"{names.first}  {before.title}", before), (f"{names.second}  {shown.title}", shown)]
    if one.shape == other.shape:
        with np.errstate(all="ignore"):
            less = Value("difference", "", other - one, shown.labels)
        parts.append((names.less, less))
    if other.ndim == 1 and one.shape == other.shape:
        table = np.stack([one, other, less.array], axis=1)
        both = Value("", "", table, (*shown.labels, (names.one, names.two, "diff")))
        said = f"{names.first} {before.title}, {names.second} less {names.first}"
        inner = Room(room.width, room.height - 1, room.palette)
        return [line(fitted(said, room.width)), *matrix(both, inner, digits, scroll)]
    heads = [_head_of(text, part, digits, room) for text, part in parts]
    if room.height < _LOW and one.shape == other.shape:  # the difference alone
        rest = replace(room, height=room.height - len(heads))
        return [*heads, *matrix(less, rest, digits, scroll)][: room.height]
    inner = replace(room, height=max(2, room.height // len(parts)) - 1)
    made: list[Line] = []
    for head, (_, part) in zip(heads, parts, strict=True):
        made += [head, *matrix(part, inner, digits, scroll)]
    return made[: room.height]


def _head_of(text: str, part: Value, digits: int, room: Room) -> Line:
    size = number(frobenius(np.atleast_1d(np.asarray(part.array))), digits)
    return line(fitted(f"{text}  ‖·‖ {size}", room.width), room.palette.symbol)


class _Table(Record):
    array: Any  # (rows, columns)
    rows: Sequence[str]
    columns: Sequence[str]  # empty names for a vector


def matrix(
    shown: Value, room: Room, digits: int = 4, scroll: tuple[int, int] | None = None
) -> list[Line]:
    """The numbers as far as there is room, from a row and a column on; the rest counted.

    Without those, from the first column on that is not all zero.
    """
    if room.height < 1:
        return []
    if np.ndim(shown.array) == 0:
        single = float(shown.array)
        return [line(number(single, digits + 2), room.palette.heat(single, abs(single)))]
    made, table, rest = _table(shown, room)
    return (made + _drawn(table, rest, digits, scroll))[: room.height]


def _table(shown: Value, room: Room) -> tuple[list[Line], _Table, Room]:
    """The numbers in rows and columns, a note on which they are, and the room that it leaves."""
    array, labels = np.asarray(shown.array), shown.labels
    made: list[Line] = []
    if array.ndim == 3:
        array, labels, note = _slice(array, labels)
        made.append(line(fitted(note, room.width), room.palette.dim))
    columns = labels[1] if array.ndim == 2 else ("",)
    table = _Table(np.reshape(array, (len(labels[0]), -1)), labels[0], columns)
    return made, table, Room(room.width, room.height - len(made), room.palette)


def _slice(array: Any, labels: Any) -> tuple[Any, Any, str]:
    """Of a three-axis partial the matrix of one unit: the one with the largest number."""
    strongest = np.nan_to_num(np.abs(array)).reshape(len(array), -1).max(axis=1)
    at = int(strongest.argmax())
    return array[at], labels[1:], f"the part of {labels[0][at]}, one of {len(array)}"


def _side(table: _Table) -> int:
    """Cells of the names of the rows."""
    return min(_LABEL, max(map(cells, table.rows[:1000]), default=0))


def _begin(
    table: _Table, room: Room, digits: int, scroll: tuple[int, int] | None
) -> tuple[int, int]:
    """The row and the column to begin with: no room is left empty that numbers could have."""
    count, down = len(table.rows), room.height - any(table.columns)
    top, left = scroll or (0, _first_column(table.array))
    top = min(top, count - max(1, down - 1)) if count > down else 0
    return top, min(left, _last_begin(table, top, room, digits)) if left else 0


def _first_column(array: Any) -> int:
    """The first one with a number that is not zero."""
    return 0 if array[:, :1].any() else int((array != 0).any(axis=0).argmax())


def _last_begin(table: _Table, top: int, room: Room, digits: int) -> int:
    """The column to begin with so that the last one is the last that fits."""
    left, cell, side = len(table.columns), digits + 2, _side(table)
    for column in table.array[top : top + room.height, ::-1].T:
        cell = max(cell, *(1 + len(short(float(n), digits)) for n in column))
        if side + cell * (len(table.columns) - left + 1) > room.width:
            break
        left -= 1
    return min(left, len(table.columns) - 1)


def _drawn(table: _Table, room: Room, digits: int, scroll: tuple[int, int] | None) -> list[Line]:
    headed, side = any(table.columns), _side(table)
    top, left = _begin(table, room, digits, scroll)
    corner = table.array[top : top + room.height, left : left + room.width // 4]
    texts = [[short(float(n), digits) for n in row] for row in corner.tolist()]
    cell = 1 + max([digits + 1, *(len(text) for row in texts for text in row)])
    named = 1 + min(_LABEL, max(map(cells, table.columns[left : left + room.width // 4])))
    if side + max(cell, named) * (len(table.columns) - left) <= room.width:
        cell = max(cell, named)
    across = _fitting(len(table.columns) - left, (room.width - side) // cell)
    down = _fitting(len(table.rows) - top, room.height - headed - (top > 0))
    largest = float(np.abs(table.array[np.isfinite(table.array)]).max(initial=0))
    made = [_head(table.columns, left, across, side, cell, room)] if headed else []
    if top:
        above = f"… {counted(top, 'row')} above"
        made.append(line(fitted(above, room.width), room.palette.dim))
    for row in range(down):
        drawn = line(right(cut(table.rows[top + row], side), side), room.palette.dim)
        for column, text in enumerate(texts[row][:across]):
            drawn.add(right(text, cell), room.palette.heat(float(corner[row, column]), largest))
        made.append(drawn)
    rest = len(table.rows) - top - down
    if rest:
        more = f"… {counted(rest, 'more row')}"
        made.append(line(fitted(more, room.width), room.palette.dim))
    return made


def _fitting(count: int, room: int) -> int:
    return count if count <= room else max(1, room - 1)


def _head(columns: Sequence[str], left: int, across: int, side: int, cell: int, room: Room) -> Line:
    names = "".join(
        " " + right(cut(name, cell - 1), cell - 1) for name in columns[left : left + across]
    )
    rest = len(columns) - left - across
    before = f"‹{left}" if left else ""
    return line(fitted(before, side) + names + (f" +{rest}" if rest else ""), room.palette.dim)
