"""What would give an answer away is hidden while a question is asked."""

from __future__ import annotations

from tuiviz.debugger.debugger import Debugger
from tuiviz.screen.drawing import Draw, Line, Room, hidden


def unless_asked(draw: Draw) -> Draw:
    """A view that says so, and nothing else, while a question is asked."""

    def drawn(debugger: Debugger, room: Room) -> list[Line]:
        if debugger.question is None:
            return draw(debugger, room)
        return hidden(room)

    return drawn
