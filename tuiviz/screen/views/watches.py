"""Watches and breakpoints, marks, and where numbers of the current line come from."""

from __future__ import annotations

from tuiviz.cells import fitted, wrapped
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.origins import origins
from tuiviz.debugger.report import breakpoint_texts, watch_texts
from tuiviz.screen.drawing import Line, Room, line, window


def watches(debugger: Debugger, room: Room) -> list[Line]:
    """The watches, the breakpoints, what this line reads, the marks."""
    palette, with_keys = room.palette, debugger.keyboard.with_keys
    made: list[Line] = []
    at = debugger.look.item if room.focused else None
    for number, text in enumerate(watch_texts(debugger) + breakpoint_texts(debugger)):
        style = palette.current if number == at else palette.plain
        made.append(line(fitted(text, room.width), style, f"item {number}"))
    if not made:
        hint = with_keys("{watch} adds a watch, {break-if} a breakpoint")
        made += [line(each, palette.dim) for each in wrapped(hint, room.width)]
    reads = with_keys("this line reads ({origin} goes there)")
    made.append(line(fitted(reads, room.width), palette.symbol))
    for number, each in enumerate(origins(debugger.session), 1):
        click = f"{number} origin" if each.index is not None else ""
        style = palette.plain if click else palette.dim
        made.append(line(fitted(f"{number} {each.written}", room.width), style, click))
    for name, place in sorted(debugger.marks.items()):
        text = fitted(f"mark {name}  position {place.index + 1}", room.width)
        made.append(line(text, palette.dim, f"return-to {name}"))
    first = window(at or 0, len(made), room.height)
    return made[first : first + room.height]


def title(debugger: Debugger) -> str:
    """How many there are."""
    return f"watches {len(debugger.watches)}, breakpoints {len(debugger.breakpoints)}"
