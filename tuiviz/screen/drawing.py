"""What views draw with: lines of styled text, with what a click on them does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tuiviz.debugger.debugger import Debugger
from tuiviz.screen.palette import Palette

_PLAIN = Style()


Spelling = Callable[[str], str]
"""How a text is put on the screen: as it is, or in ASCII."""


@dataclass(frozen=True)
class Room:
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

    pieces: list[tuple[str, Style]] = field(default_factory=list)
    width: int = 0
    zones: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, text: str, style: Style = _PLAIN, click: str = "") -> Line:
        """Appends a text."""
        size = cell_len(text)
        self.pieces.append((text, style))
        if click:
            self.zones.append((self.width, self.width + size, click))
        self.width += size
        return self

    @property
    def text(self) -> str:
        """Without styles."""
        return "".join(text for text, _ in self.pieces)

    def clicked(self, x: int) -> str:
        """What a click on a cell types; nothing where nothing happens."""
        return next((what for start, end, what in self.zones if start <= x < end), "")

    def strip(self, width: int, spelled: Spelling) -> Strip:
        """The line as the screen takes it, cut or filled to a width."""
        segments = [Segment(spelled(text), style) for text, style in self.pieces]
        return Strip(segments, self.width).adjust_cell_length(width, _PLAIN)


Draw = Callable[[Debugger, Room], list[Line]]
"""A view: lines for a debugger, as many as there is room for."""


def line(text: str = "", style: Style = _PLAIN, click: str = "") -> Line:
    """A line that begins with a text."""
    made = Line()
    return made.add(text, style, click) if text else made


def window(at: int, count: int, height: int) -> int:
    """The first of `count` rows to show so that row `at` is in sight, near the middle."""
    return max(0, min(at - height // 2, count - height))
