"""The network unrolled in time: tokens, states, errors, and how the gradient fares."""

from __future__ import annotations

import math
from collections.abc import Callable

from rich.style import Style
from rich.text import Text

from core.numbers import norm
from core.symbols import subscript
from tuiviz.debugger.session import Session
from tuiviz.screen.formats import fitted, level, number
from tuiviz.screen.renderables.styles import BOLD, CURRENT, DIM, PLAIN, SELECTED

_SIDE, _CELL = 11, 13
ROWS = 5


def network(session: Session, width: int) -> list[Text]:
    """Five rows, a column for each step: as many as there is room for, around the current one."""
    steps, here = session.problem.steps, session.position.step
    room = max(1, (width - _SIDE - 2) // _CELL)
    first = max(0, min(here - room // 2, steps - room))
    shown = range(first, min(first + room, steps))

    def row(title: str, cell: Callable[[int], tuple[str, Style]]) -> Text:
        line = Text(fitted(title, _SIDE), DIM)
        line.append("‹ " if first else "  ", DIM)
        for t in shown:
            text, style = cell(t)
            line.append(fitted(text, _CELL - 1), style)
            line.append(" ")
        if shown.stop < steps:
            line.append("›", DIM)
        line.truncate(width)
        return line

    problem = session.problem
    adjoint = f"‖∂E{subscript(session.error)}/∂s‖"
    return [
        row("reads", lambda t: (f"x{subscript(t)} {problem.reads(t)}", _at(t, here, PLAIN))),
        row("state" if first else "s₋₁ ──────▶", lambda t: _state(t, here, steps)),
        row("error", lambda t: _error(session, t)),
        row("follows", lambda t: (f"y{subscript(t)} {problem.follows(t)}", _of(session, t, DIM))),
        row(adjoint, _adjoints(session, shown)),
    ]


def _state(t: int, here: int, steps: int) -> tuple[str, Style]:
    name = f"s{subscript(t)}"
    box = f"[{name}]" if t == here else f" {name} "
    arrow = "─" * (_CELL - 3 - len(box)) + "▶" if t < steps - 1 else ""
    return f"{box}{arrow}", BOLD if t == here else PLAIN


def _error(session: Session, t: int) -> tuple[str, Style]:
    value = number(float(session.problem.tape.values["E"][t]))
    mark = " ◀" if t == session.error else ""
    return f"E{subscript(t)} {value}{mark}", _of(session, t, PLAIN)


def _adjoints(session: Session, shown: range) -> Callable[[int], tuple[str, Style]]:
    state = session.problem.tape.program.state
    rows = session.at_error.adjoints[state]
    norms = {t: float(norm(rows[t : t + 1])[0]) for t in shown if t < len(rows)}
    largest = max((n for n in norms.values() if math.isfinite(n)), default=0.0)
    reached = session.walk.lowest if session.going_forward else session.position.step

    def cell(t: int) -> tuple[str, Style]:
        if t not in norms:
            return "·", DIM
        text = f"{number(norms[t])} {level(norms[t] / largest if largest else 0.0)}"
        return text, PLAIN if t >= reached and not session.going_forward else DIM

    return cell


def _at(t: int, here: int, otherwise: Style) -> Style:
    return CURRENT if t == here else otherwise


def _of(session: Session, t: int, otherwise: Style) -> Style:
    return SELECTED if t == session.error else otherwise
