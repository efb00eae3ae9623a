"""What views draw with: lines of styled text, with what a click on them does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from core.records import Record
from tuiviz.cells import cells, cut, fitted
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.report import HIDDEN
from tuiviz.files.visible import visible
from tuiviz.screen.palette import Palette

_PLAIN = Style()

_CORNERS = 4
"""Cells of an edge that its title cannot have."""


Pieces = list[tuple[str, Style]]
"""Texts with their styles, one after the other."""

Spelling = Callable[[Pieces], Pieces]
"""How a line is put on the screen: as it is, or in ASCII."""

Click = str | Callable[[int], str]
"""What a click on a text types; or that of a click on each of its cells."""

Paint = Callable[[Style], Style]
"""What a style is on the terminal, where all colours are given: on which ground, on a dim text."""


class Room(Record):
    """What a view draws in: its size, the colours, whether it is in focus."""

    width: int
    height: int
    palette: Palette
    focused: bool = False


@dataclass
class Line:
    """A line under construction: pieces of text with styles, and what a click does where.

    `zones` has (first cell, end, what is typed for a click there).
    """

    pieces: Pieces = field(default_factory=list)
    width: int = 0
    zones: list[tuple[int, int, Click]] = field(default_factory=list, compare=False)

    def add(self, text: str, style: Style = _PLAIN, click: Click = "") -> Line:
        """Appends a text. What a terminal would obey is spelled out, wherever it came from."""
        if not text:
            return self
        if not text.isprintable():
            text = visible(text)
        size = cells(text)
        self.pieces.append((text, style))
        if click:
            self.zones.append((self.width, self.width + size, click))
        self.width += size
        return self

    def add_all(self, pieces: Iterable[tuple[str, Style]], click: Click) -> Line:
        """Appends pieces that have their clicks together."""
        start = self.width
        for text, style in _runs(pieces):
            self.add(text, style)
        self.zones.append((start, self.width, click))
        return self

    @property
    def text(self) -> str:
        """Without styles."""
        return "".join(text for text, _ in self.pieces)

    def clicked(self, x: int) -> str:
        """What a click on a cell types; nothing where nothing happens."""
        for start, end, what in self.zones:
            if start <= x < end:
                return what if isinstance(what, str) else what(x - start)
        return ""

    def strip(self, width: int, spelled: Spelling, paint: Paint) -> Strip:
        """The line as the screen takes it, cut or filled to a width."""
        painted = ((text, paint(style)) for text, style in spelled(self.pieces))
        segments = [Segment(text, style) for text, style in _runs(painted)]
        return Strip(segments).adjust_cell_length(width, paint(_PLAIN))


def _runs(pieces: Iterable[tuple[str, Style]]) -> Iterator[tuple[str, Style]]:
    """The pieces, those that follow one another in the same style as one."""
    texts: list[str] = []
    last = _PLAIN
    for text, style in pieces:
        if style is not last and texts:
            yield "".join(texts), last
            texts.clear()
        texts.append(text)
        last = style
    if texts:
        yield "".join(texts), last


Draw = Callable[[Debugger, Room], list[Line]]
"""A view: lines for a debugger, as many as there is room for."""


def line(text: str = "", style: Style = _PLAIN, click: str = "") -> Line:
    """A line that begins with a text."""
    made = Line()
    return made.add(text, style, click) if text else made


def window(at: int, count: int, height: int) -> int:
    """The first of `count` rows to show so that row `at` is in sight, near the middle."""
    return max(0, min(at - height // 2, count - height))


def filled(lines: list[Line], height: int) -> list[Line]:
    """Exactly so many lines."""
    return lines[:height] + [line() for _ in range(height - len(lines))]


Turns = tuple[tuple[str, str], ...]
"""Signs at the end of a title, and what a click on each types."""


def framed(
    lines: list[Line], room: Room, title: str, subtitle: str = "", turns: Turns = ()
) -> list[Line]:
    """The lines of a room in a frame around it, with a title above and one below."""
    style = room.palette.in_focus if room.focused else room.palette.frame
    below = fitting_below(subtitle, room)
    edges = [_edge("╭─", title, "╮", room, turns), _edge("╰─", below, "╯", room)]
    inside = [_between(each, room.width, style) for each in lines[: room.height]]
    nothing = _between(line(), room.width, style)
    inside += [nothing] * (room.height - len(inside))
    return [edges[0], *inside, edges[1]]


def _between(each: Line, width: int, style: Style) -> Line:
    side = ("│", style)
    return Line(
        [side, *each.pieces, (" " * (width - each.width), _PLAIN), side],
        width + 2,
        [(start + 1, end + 1, what) for start, end, what in each.zones],
    )


def whole(facts: str, width: int) -> str:
    """As many of the facts, two spaces between them, as fit; the first in any case, if cut."""
    parts = facts.split("  ")
    while len(parts) > 1 and cells("  ".join(parts)) > width:
        parts.pop()
    return cut("  ".join(parts), width)


def fitting_below(facts: str, room: Room) -> str:
    """The facts that there is room for in the frame."""
    return whole(facts, room.width - _CORNERS)


def fits_above(title: str, room: Room) -> bool:
    """Whether there is room for all of a title in the frame."""
    return cells(title) <= room.width - _CORNERS


def _edge(left: str, title: str, right: str, room: Room, turns: Turns = ()) -> Line:
    palette = room.palette
    style = palette.in_focus if room.focused else palette.frame
    made, after = line(left, style), 2 * len(turns) + 1 if turns else 0
    if title:
        text = cut(title, room.width - _CORNERS)
        made.add(f" {text} ", palette.plain if room.focused else palette.dim)
    if made.width + after > room.width + 1:  # the title goes first
        turns, after = (), 0
    made.add("─" * (room.width + 1 - after - made.width), style)
    for sign, click in turns:
        made.add(" ", style).add(sign, palette.symbol, click)
    return made.add(f"{'─' if turns else ''}{right}", style)


def hidden(room: Room) -> list[Line]:
    """What a panel shows that would give an answer away."""
    return [line(fitted(HIDDEN, room.width), room.palette.dim)]
