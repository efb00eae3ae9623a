"""The network unrolled in time: tokens, states, errors, and how the gradient fares."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.style import Style

from core.numbers import norm
from core.records import Record
from core.symbols import subscript
from tuiviz.cells import cells, fitted, level
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.session import Session
from tuiviz.debugger.walk import SUM
from tuiviz.numbers import number
from tuiviz.screen.drawing import Line, Room, line

_SIDE = 11
_EDGE = 2  # for the marks that there is more
ROWS = 5


def cell_width(width: int) -> int:
    """Cells that a step takes."""
    return 13 if width >= 98 else 11


def capacity(width: int) -> int:
    """How many steps there is room for."""
    return max(1, (width - _SIDE - _EDGE - 1) // cell_width(width))


def network(debugger: Debugger, room: Room) -> list[Line]:
    """A column for each step, as many as there is room for, around the current one.

    Where not all fit, a last row has all of T in a line.
    """
    session = debugger.session
    steps = session.steps
    at = debugger.column if room.focused else session.position.step
    count = capacity(room.width)
    first = max(0, min(at - count // 2, steps - count))
    shown = range(first, min(first + count, steps))
    fares = _fares(session)
    rows = [
        _row(session, room, shown, title, cell)
        for title, cell in _cells(debugger, room, first, fares)
    ]
    if len(shown) < steps and room.height > ROWS:
        rows.append(_map(session, room, shown, fares))
    return rows[: room.height]


Cell = Callable[[int], tuple[str, Style, str]]


def _cells(debugger: Debugger, room: Room, first: int, fares: _Fares) -> list[tuple[str, Cell]]:
    session = debugger.session
    problem, palette, here = session.problem, room.palette, session.position.step
    cell, asked = cell_width(room.width), debugger.question is not None
    looked_at = debugger.column if room.focused else None

    def style(t: int, otherwise: Style) -> Style:
        return palette.selected if t == session.error and session.kind != SUM else otherwise

    def reads(t: int) -> tuple[str, Style, str]:
        at = palette.current if t == here else palette.plain
        return f"x{subscript(t)} {problem.reads(t)}", at, f"goto t={t}"

    def state(t: int) -> tuple[str, Style, str]:
        name = f"s{subscript(t)}"
        box = f"[{name}]" if t == here else f"‹{name}›" if t == looked_at else f" {name} "
        arrow = "─" * (cell - 3 - len(box)) + "▶" if t < session.steps - 1 else ""
        return f"{box}{arrow}", palette.bold if t == here else palette.plain, f"goto t={t}"

    def error(t: int) -> tuple[str, Style, str]:
        mark = " ◀" if t == session.error else ""
        hidden = asked and t >= here and session.going_forward
        size = float(problem.tape.values["E"][t])
        texts = [f"E{subscript(t)} {'?' if hidden else number(size, n)}" for n in (4, 3, 2)]
        fitting = [text for text in (texts[0] + mark, *texts) if cells(text) < cell]
        return (fitting or texts)[0], style(t, palette.plain), f"error {t}"

    def follows(t: int) -> tuple[str, Style, str]:
        return f"y{subscript(t)} {problem.follows(t)}", style(t, palette.dim), f"error {t}"

    of = f"‖∂E{subscript(session.sent_back)}/∂s‖"
    return [
        ("reads", reads),
        ("state" if first else "s₋₁ ──────▶", state),
        ("error", error),
        ("follows", follows),
        (of, _adjoints(debugger, room, fares)),
    ]


def _row(session: Session, room: Room, shown: range, title: str, cell: Cell) -> Line:
    dim, space = room.palette.dim, (" ", room.palette.plain)
    made = line(fitted(title, _SIDE), dim)
    made.add("‹ " if shown.start else "  ", dim)
    width, found = cell_width(room.width), [cell(t) for t in shown]
    pieces = [
        piece for text, style, _ in found for piece in ((fitted(text, width - 1), style), space)
    ]
    made.add_all(pieces, lambda x: found[x // width][2] if x % width < width - 1 else "")
    return made.add("›", dim) if shown.stop < session.steps else made


class _Fares(Record, eq=False):
    """How the gradient of the pass at hand fares."""

    norms: Any  # (T,): ‖∂E/∂s_k‖, 0 where the pass does not come
    top: float  # log₁₀ of the largest finite one
    decades: int  # from there down to one below the smallest

    def part(self, size: float) -> float:
        """A norm on a log scale, 1 for the largest, 0 for one that is so many decades less."""
        if not size > 0:
            return 0.0
        return max(0.0, min(1.0, 1 + (math.log10(size) - self.top) / self.decades))


def _fares(session: Session) -> _Fares:
    back = session.at_pass

    def make() -> _Fares:
        norms = np.zeros(session.steps)
        rows = back.adjoints[session.program.state]
        norms[back.last + 1 - len(rows) : back.last + 1] = norm(rows)
        logs = np.log10(norms[np.isfinite(norms) & (norms > 0)])
        if not logs.size:
            return _Fares(norms, 0.0, _DECADES)
        top, span = float(logs.max()), float(np.ptp(logs))
        return _Fares(norms, top, max(_DECADES, math.floor(span) + 1))

    key = ("fares", session.kind, back.first, back.last, back.low)
    made: _Fares = session.keep(key, make)
    return made


def _adjoints(debugger: Debugger, room: Room, fares: _Fares) -> Cell:
    session, palette = debugger.session, room.palette
    back, asked = session.at_pass, debugger.question is not None
    reached = session.steps if session.going_forward else session.position.step
    truncation = session.problem.truncation if session.kind != SUM else None
    kept_from = truncation.first(session.error, session.steps) if truncation else 0

    def cell(t: int) -> tuple[str, Style, str]:
        size = float(fares.norms[t])
        if not back.low <= t <= back.last:
            return "·", palette.dim, ""
        if asked:
            return "?", palette.dim, ""
        part = "cut" if t < kept_from else level(fares.part(size))
        text = f"{number(size)} {part}"
        return text, palette.plain if t >= reached else palette.dim, f"goto k={t}"

    return cell


_DECADES = 2
"""Decades that the bars span at least."""


def title(debugger: Debugger) -> str:
    """What is shown."""
    return "unrolled in time"


def subtitle(debugger: Debugger) -> str:
    """What the bars mean."""
    if debugger.question is not None:
        return ""
    return f"bars of ‖∂E/∂s‖: log scale, {_fares(debugger.session).decades} decades"


def _map(session: Session, room: Room, shown: range, fares: _Fares) -> Line:
    """All steps in a line: how large ‖∂E/∂s_k‖ is, on a log scale, and which part is shown."""
    width = max(1, room.width - _SIDE - _EDGE - 1)
    bins = np.linspace(0, session.steps, min(width, session.steps) + 1).astype(int)
    largest = np.maximum.reduceat(fares.norms, bins[:-1]).tolist()
    parts, starts = [fares.part(each) for each in largest], bins[:-1].tolist()
    marks = [level(part) if part > 0 else "·" for part in parts]
    marks = ["!" if math.isnan(each) else m for each, m in zip(largest, marks, strict=True)]
    marks[bisect_right(starts, session.position.step) - 1] = "▼"
    first, end = bisect_right(starts, shown.start) - 1, bisect_left(starts, shown.stop)
    dim, bold = room.palette.dim, room.palette.bold
    made = line(fitted("all steps", _SIDE), dim).add("  ")
    pieces = ((mark, bold if first <= number < end else dim) for number, mark in enumerate(marks))
    return made.add_all(pieces, lambda x: f"goto t={starts[x]}")
