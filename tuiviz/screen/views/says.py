"""The lines that speak: what the last action says, a question, or what the current line does."""

from __future__ import annotations

from tuiviz.cells import wrapped
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.origins import origins
from tuiviz.screen.drawing import Line, Room, line, whole


def says(debugger: Debugger, room: Room) -> list[Line]:
    """As many lines as there is room for."""
    text, style = debugger.under_way or debugger.message, room.palette.selected
    if not text and (asked := debugger.question) is not None:
        text = f"{asked.text}  {debugger.keyboard.with_keys('{answer} answers.')}"
    elif not text:
        from tuiviz.debugger.sentences import sentence  # here: a first frame has a message

        text, style = sentence(debugger.session), room.palette.plain
        lines = [line(f" {each}", style) for each in _lines(text, room.width)]
        return [*lines, *_reads(debugger, room)][: room.height]
    return [line(f" {each}", style) for each in _lines(text, room.width)][: room.height]


def _reads(debugger: Debugger, room: Room) -> list[Line]:
    """What the line reads that another line made, with the numbers to go there by."""
    if debugger.session.cursor is not None:
        return []
    found = enumerate(origins(debugger.session), 1)
    made = "  ".join(f"{number} {each.written}" for number, each in found if each.index is not None)
    goes = debugger.keyboard.with_keys("({origin} goes there, 2{origin} to number 2)")
    text = whole(f" reads {made}  {goes}", room.width)
    return [line(text, room.palette.dim)] if made else []


def more(debugger: Debugger, room: Room) -> list[Line]:
    """A message of more than two lines, whole; if that is too much, how much is left out."""
    found = _lines(debugger.message, room.width)
    if len(found) > room.height:
        left_out = f"… {len(found) - room.height + 1} more lines: :messages has them"
        found = [*found[: room.height - 1], left_out]
    return [line(f" {each}", room.palette.selected) for each in found]


def height(debugger: Debugger, width: int) -> int:
    """How many lines the message takes."""
    return len(_lines(debugger.message, width)) if not debugger.under_way else 0


def _lines(text: str, width: int) -> list[str]:
    return [each for part in text.split("\n") for each in wrapped(part, width - 2)]
