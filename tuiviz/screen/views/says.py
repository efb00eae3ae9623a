"""The lines that speak: what the last action has to say, or else what the current line does."""

from __future__ import annotations

from tuiviz.cells import wrapped
from tuiviz.debugger.debugger import Debugger
from tuiviz.screen.drawing import Line, Room, line


def says(debugger: Debugger, room: Room) -> list[Line]:
    """As many lines as there is room for."""
    text, style = debugger.message, room.palette.selected
    if not text:
        from tuiviz.debugger.sentences import sentence  # here: a first frame has a message

        text, style = sentence(debugger.session), room.palette.plain
    return [
        line(f" {each}", style)
        for part in text.split("\n")
        for each in wrapped(part, room.width - 2)
    ][: room.height]
