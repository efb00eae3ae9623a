"""The program, forward and backward, with the current line marked."""

from __future__ import annotations

from collections.abc import Iterator

from rich.style import Style
from rich.text import Text

from core.lines import GRADIENT, Line
from core.symbols import subscript
from tuiviz.debugger.session import Session
from tuiviz.screen.formats import fitted
from tuiviz.screen.renderables.styles import CURRENT, DIM, PLAIN, SELECTED, SYMBOL


def program(session: Session, width: int, height: int) -> list[Text]:
    """All lines, those of the current step with its indices, scrolled to the current one."""
    rows = [Text(fitted(text, width), style) for text, style in _rows(session)]
    here = next(i for i, row in enumerate(rows) if row.style is CURRENT)
    first = max(0, min(here - height // 2, len(rows) - height))
    return rows[first : first + height]


def heading(session: Session) -> str:
    """What is running, and at which step."""
    step = session.position.step
    if session.going_forward:
        return f"forward, t = {step}"
    return f"back from E{subscript(session.error)}, k = {step}"


def _rows(session: Session) -> Iterator[tuple[str, Style]]:
    found, step, error = session.walk.listing, session.position.step, session.error
    forward = session.going_forward
    yield "forward", SYMBOL
    for line in found.forward:
        yield _row(session, line, step if forward else "t", forward)
    yield f"back from E{subscript(error)}", SYMBOL
    for line in found.readout:
        yield _row(session, line, error, not forward and step == error)
    yield "for k = t … 0", SYMBOL
    for line in found.back:
        runs = not forward and (step < error or line in found.joined)
        yield _row(session, line, step if runs else "k", runs)


def _row(session: Session, line: Line, step: int | str, runs: bool) -> tuple[str, Style]:
    current = runs and line == session.position.line
    selected = line.kind == GRADIENT and line.name == session.parameter
    style = CURRENT if current else SELECTED if selected and runs else PLAIN if runs else DIM
    return ("▶ " if current else "  ") + line.written(session.error, step), style
