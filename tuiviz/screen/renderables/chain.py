"""The chain rule as an outline: symbol, norm, and a bar that compares the terms."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from core.errors import InputError
from tuiviz.debugger.outline import Row
from tuiviz.debugger.session import Session
from tuiviz.screen.formats import bar, fitted, number, right
from tuiviz.screen.renderables.styles import CURRENT, DIM, PLAIN, SELECTED

_NORM = 9
_BAR = 10


def chain(session: Session, width: int, height: int) -> list[Text]:
    """The rows around the cursor, as many as there is room for."""
    rows = session.outline
    at = next(i for i, row in enumerate(rows) if row.path == session.focus)
    first = max(0, min(at - height // 2, len(rows) - height))
    largest = float(session.terms.norms.max(initial=0.0))
    return [_row(session, row, largest, width) for row in rows[first : first + height]]


def _row(session: Session, row: Row, largest: float, width: int) -> Text:
    marker = ("▾ " if row.is_open else "▸ ") if row.opens else "  "
    term = row.expression.term
    bars = _BAR if width >= 34 else 5
    room = max(8, width - _NORM - bars - 2)
    label = "  " * row.depth + marker + _label(session, row)
    text = fitted(label, room) + right(_norm(row), _NORM) + "  "
    if term and term.kept:
        text += bar(term.norm / largest if largest else 0.0, bars)
    elif term:
        text += "dropped"
    elif row.depth:
        text += "×".join(map(str, row.expression.shape))
    return Text(fitted(text, width), _style(session, row))


def _label(session: Session, row: Row) -> str:
    term = row.expression.term
    if term is None:
        return row.expression.symbol
    return f"k={term.k}  {_zero(session, term.k) or row.expression.written}"


def _zero(session: Session, k: int) -> str:
    """Why the term of W at k = 0 is zero, where it is."""
    reads_state = session.problem.tape.program.axes(
        session.problem.tape.program.parameters[session.parameter]
    )[1:] == ("s",)
    recurrent = session.terms.recurrent
    zero = not session.problem.tape.initial_state.any()
    return "s₋₁ = 0" if k == 0 and reads_state and recurrent and zero else ""


def _norm(row: Row) -> str:
    try:
        return number(row.expression.norm)
    except InputError:
        return "too large"


def _style(session: Session, row: Row) -> Style:
    if row.path == session.focus:
        return CURRENT if session.cursor is not None else SELECTED
    dropped = row.expression.term is not None and not row.expression.term.kept
    return DIM if dropped else PLAIN
