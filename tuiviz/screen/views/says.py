"""The lines that speak: what the last action has to say, or else what the current line does."""

from __future__ import annotations

from rich.cells import cell_len

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


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of at most so many cells, broken between words."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    return lines
