"""The chain rule as an outline: symbol, norm, and a bar that compares the terms."""

from __future__ import annotations

import math

import numpy as np
from rich.style import Style

from core.errors import InputError
from tuiviz.cells import bar, cells, fitted, right
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.outline import Row
from tuiviz.debugger.session import Session
from tuiviz.numbers import number
from tuiviz.screen.drawing import Line, Room, hidden, line, window

_NORM = 9
_BAR = 10
_SHORTEST = 5
_CUT = "cut"
_NEAR = 1e-3  # of 1: a count so near is right


def chain(debugger: Debugger, room: Room) -> list[Line]:
    """The rows around the cursor, as many as there is room for."""
    session = debugger.session
    if debugger.question is not None:
        return hidden(room)
    outline = session.outline
    first = window(outline.number(session.focus), len(outline), room.height)
    norms, focus, digits = session.terms.norms, session.focus, debugger.look.digits
    largest = float(norms.max(initial=0.0, where=np.isfinite(norms)))
    rows = [
        (row, row.path == focus, _label(session, row), _norm(row, digits))
        for row in outline.rows(first, room.height)
    ]
    longest = max((cells(label) for row, _, label, _ in rows if row.expression.term), default=0)
    wide = max(_NORM, digits + 5)
    if room.width - longest - wide - 1 < _SHORTEST:  # what a term is must fit
        wide = 1 + max(len(norm) for *_, norm in rows)
    return [_row(session, *row, (largest, longest, wide), room) for row in rows]


def title(debugger: Debugger) -> str:
    """∂E₃/∂W = Σₖ, k = 3 … 0"""
    root = debugger.session.outline.root
    if debugger.question is not None:
        return root.symbol
    return root.equation


def subtitle(debugger: Debugger) -> str:
    """What the bars mean."""
    return "" if debugger.question is not None else "bars: linear"


def _row(
    session: Session,
    row: Row,
    focused: bool,
    label: str,
    norm: str,
    most: tuple[float, int, int],
    room: Room,
) -> Line:
    """A row; `most`: the largest norm of a term, the longest label of one, the cells of a norm."""
    largest, longest, wide = most
    term = row.expression.term
    given = f" {counted}" if term and (counted := _counted(session, term.k)) else ""
    width = room.width - cells(given)
    # Its bar has what is left.
    least = 0 if given or session.problem.truncation is None else len(_CUT)
    bars = max(least, min(_BAR, width - wide - 1 - longest))
    space = max(8, width - wide - bars - 1)
    text = fitted(label, space)
    text += right(norm, wide) + " "
    if term and term.kept:
        text += bar(term.norm / largest if largest else 0.0, bars)
    elif term:
        text += "dropped" if bars >= len("dropped") else _CUT
    elif row.depth:
        shape = "×".join(map(str, row.expression.shape))
        text += shape if cells(shape) <= bars else ""
    click = "cursor " + ".".join(map(str, row.path))
    made = line(fitted(text, width), _style(session, row, focused, room), click)
    calm = given in ("", f" {_ONCE}")
    return made.add(given, room.palette.dim if calm else room.palette.warning)


_ONCE = "×1"


def _counted(session: Session, k: int) -> str:
    """How often the given gradient counts the term: ×1 is right; nothing where it is not known."""
    report = session.problem.report
    found = report.coefficients if report else None
    if found is None or session.parameter not in ("U", "W", "b"):
        return ""
    if found.other[session.error, k]:
        return "wrong"
    count = float(found.values[session.error, k])
    if math.isnan(count):
        return "×?"
    return _ONCE if abs(count - 1) < _NEAR else f"×{count:.3g}"


def _label(session: Session, row: Row) -> str:
    marker = "  " * row.depth + (("▾ " if row.is_open else "▸ ") if row.opens else "  ")
    term = row.expression.term
    if term is None:
        kept = ", kept" if row.expression.relation == "≈" else ""
        return f"{marker}{row.expression.symbol}{kept}"
    why = zero_reason(session, term.k) if term.norm == 0 else ""
    return f"{marker}k={term.k} {why or row.expression.written}"


def zero_reason(session: Session, k: int) -> str:
    """Why the term of W at k = 0 is zero, where it is."""
    if k:
        return ""
    parameter = session.program.parameters[session.parameter]
    reads_state = session.program.axes(parameter)[1:] == (session.program.state,)
    zero = not session.problem.tape.initial_state.any()
    if not (reads_state and session.terms.recurrent and zero):
        return ""
    return "" if session.terms.at(k).norm else "s₋₁ = 0"  # 0 times NaN is NaN


def _norm(row: Row, digits: int) -> str:
    try:
        return number(row.expression.norm, digits)
    except InputError:
        return "too large"


def _style(session: Session, row: Row, focused: bool, room: Room) -> Style:
    palette = room.palette
    if focused:
        return palette.current if session.cursor is not None else palette.selected
    dropped = row.expression.term is not None and not row.expression.term.kept
    return palette.dim if dropped else palette.plain
