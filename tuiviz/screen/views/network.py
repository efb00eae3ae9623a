"""The network unrolled in time: tokens, states, errors, and how the gradient fares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rich.style import Style

from core.numbers import norm
from core.symbols import subscript
from tuiviz.cells import fitted, level
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
    at = debugger.look.cell[0] if debugger.look.cell and room.focused else session.position.step
    count = capacity(room.width)
    first = max(0, min(at - count // 2, steps - count))
    shown = range(first, min(first + count, steps))
    norms = state_norms(session)
    rows = [
        _row(session, room, shown, title, cell)
        for title, cell in _cells(debugger, room, first, norms)
    ]
    if len(shown) < steps and room.height > ROWS:
        rows.append(_map(session, room, shown, norms))
    return rows[: room.height]


Cell = Callable[[int], tuple[str, Style, str]]


def _cells(debugger: Debugger, room: Room, first: int, norms: Any) -> list[tuple[str, Cell]]:
    session = debugger.session
    problem, palette, here = session.problem, room.palette, session.position.step
    cell = cell_width(room.width)

    def style(t: int, otherwise: Style) -> Style:
        return palette.selected if t == session.error and session.kind != SUM else otherwise

    def reads(t: int) -> tuple[str, Style, str]:
        at = palette.current if t == here else palette.plain
        return f"x{subscript(t)} {problem.reads(t)}", at, f"goto t={t}"

    def state(t: int) -> tuple[str, Style, str]:
        name = f"s{subscript(t)}"
        box = f"[{name}]" if t == here else f" {name} "
        arrow = "─" * (cell - 3 - len(box)) + "▶" if t < session.steps - 1 else ""
        return f"{box}{arrow}", palette.bold if t == here else palette.plain, f"goto t={t}"

    def error(t: int) -> tuple[str, Style, str]:
        mark = " ◀" if t == session.error else ""
        value = number(float(problem.tape.values["E"][t]))
        return f"E{subscript(t)} {value}{mark}", style(t, palette.plain), f"error {t}"

    def follows(t: int) -> tuple[str, Style, str]:
        return f"y{subscript(t)} {problem.follows(t)}", style(t, palette.dim), f"error {t}"

    of = f"‖∂E{subscript(session.sent_back)}/∂s‖"
    return [
        ("reads", reads),
        ("state" if first else "s₋₁ ──────▶", state),
        ("error", error),
        ("follows", follows),
        (of, _adjoints(debugger, room, norms)),
    ]


def _row(session: Session, room: Room, shown: range, title: str, cell: Cell) -> Line:
    dim = room.palette.dim
    made = line(fitted(title, _SIDE), dim)
    made.add("‹ " if shown.start else "  ", dim)
    for t in shown:
        text, style, click = cell(t)
        made.add(fitted(text, cell_width(room.width) - 1), style, click).add(" ")
    return made.add("›", dim) if shown.stop < session.steps else made


def state_norms(session: Session) -> Any:
    """‖∂E/∂s_k‖ for each step k of the pass at hand, NaN elsewhere: (T,)."""
    back = session.at_pass
    key = ("norms", session.kind, back.first, back.last, back.low)

    def make() -> Any:
        found = np.full(session.steps, np.nan)
        rows = back.adjoints[session.program.state]
        found[back.last + 1 - len(rows) : back.last + 1] = norm(rows)
        return found

    return session.keep(key, make)


def _adjoints(debugger: Debugger, room: Room, norms: Any) -> Cell:
    session, palette = debugger.session, room.palette
    top = _top(norms)
    reached = session.steps if session.going_forward else session.position.step
    asked = debugger.question is not None
    truncation = session.problem.truncation if session.kind != SUM else None
    kept_from = truncation.first(session.error, session.steps) if truncation else 0

    def cell(t: int) -> tuple[str, Style, str]:
        back = session.at_pass
        if not back.low <= t <= back.last or np.isnan(norms[t]):
            return "·", palette.dim, ""
        if asked:
            return "?", palette.dim, ""
        size = "cut" if t < kept_from else level(_size(norms[t], top))
        text = f"{number(norms[t])} {size}"
        return text, palette.plain if t >= reached else palette.dim, f"goto k={t}"

    return cell


_DECADES = 2
"""Decades below the largest norm that a bar has something for."""


def _top(norms: Any) -> float:
    """log₁₀ of the largest finite norm."""
    finite = norms[np.isfinite(norms) & (norms > 0)]
    return float(np.log10(finite.max())) if finite.size else 0.0


def _size(norm: float, top: float) -> float:
    """A norm on a log scale, 1 for the largest, 0 for two decades less and below."""
    if not norm > 0:
        return 0.0
    return max(0.0, min(1.0, 1 + (float(np.log10(norm)) - top) / _DECADES))


def _map(session: Session, room: Room, shown: range, norms: Any) -> Line:
    """All steps in a line: how large ‖∂E/∂s_k‖ is, on a log scale, and which part is shown."""
    width = max(1, room.width - _SIDE - _EDGE - 1)
    edges = np.linspace(0, session.steps, min(width, session.steps) + 1).astype(int)
    top = _top(norms)
    largest = np.maximum.reduceat(np.nan_to_num(norms, posinf=0.0), edges[:-1])
    made = line(fitted("all steps", _SIDE), room.palette.dim).add("  ")
    bins = zip(edges[:-1].tolist(), edges[1:].tolist(), largest.tolist(), strict=True)
    for start, stop, norm_ in bins:
        size = _size(norm_, top)
        here = start < shown.stop and shown.start < stop
        mark = "▼" if start <= session.position.step < stop else level(size) if size > 0 else "·"
        style = room.palette.bold if here else room.palette.dim
        made.add(mark, style, f"goto t={start}")
    return made
