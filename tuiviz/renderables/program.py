"""The lines of the program at the current step, the current one marked."""

from __future__ import annotations

from rich.text import Text

from core.lines import GRADIENT
from tuiviz.formats import fitted
from tuiviz.renderables.styles import CURRENT, DIM, PLAIN, SELECTED
from tuiviz.session import Session


def program(session: Session, width: int, height: int) -> list[Text]:
    """A line each, as far as there is room around the current one."""
    lines = session.walk.lines_at(session.index)
    here = session.walk.line_number(session.index)
    room = max(1, height)
    first = max(0, min(here - room // 2, len(lines) - room))
    return [
        _line(session, number, number == here, width)
        for number in range(first, min(first + room, len(lines)))
    ]


def heading(session: Session) -> str:
    """What is running: forward at a step, or backward from an error at a step."""
    step = session.position.step
    if session.going_forward:
        return f"forward, t = {step}"
    return f"backward from E, t = {session.error}, at k = {step}"


def _line(session: Session, number: int, current: bool, width: int) -> Text:
    line = session.walk.lines_at(session.index)[number]
    selected = line.kind == GRADIENT and line.name == session.parameter
    done = number <= session.walk.line_number(session.index)
    style = CURRENT if current else SELECTED if selected else PLAIN if done else DIM
    return Text(fitted(("▶ " if current else "  ") + session.written(line), width), style)
