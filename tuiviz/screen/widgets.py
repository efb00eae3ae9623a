"""The widget that hosts a view, and follows the debugger that the application shows it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from rich.segment import Segment
from rich.style import Style
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tuiviz.debugger.debugger import Debugger
from tuiviz.screen.drawing import Draw, Line, Room, Spelling, Turns, filled, framed
from tuiviz.screen.palette import DARK, WITHOUT_COLOUR, palette

Title = Callable[[Debugger], str]


class View(Widget):
    """A panel that draws a debugger line by line; its titles are data, never markup."""

    class Typed(Message):
        """A click that types an action."""

        def __init__(self, panel: str, text: str) -> None:
            super().__init__()
            self.panel, self.text = panel, text

    def __init__(
        self,
        name: str,
        debugger: Debugger,
        draw: Draw,
        spelled: Spelling,
        titles: tuple[Title, ...],
    ) -> None:
        super().__init__(id=name)
        self._debugger = debugger
        self._draw, self._titles, self._spelled = draw, titles, spelled
        self.turns: Turns = ()
        """What leads to the other panels that share its place."""
        self._lines: list[Line] = []
        self._strips: list[Strip] = []  # of the lines, but for those that are stale
        self._stale: set[int] = set()
        self._drawn_for = Size(0, 0)
        self._palette, self._paint = DARK, cache(self._painted)

    def show(self, debugger: Debugger) -> list[Region]:
        """Draws this debugger, as it is now. Returns what of the screen is to be painted.

        That is left to the screen: one update of it costs a fraction of one of each view.
        """
        self._debugger, size, before = debugger, self.outer_size, self._lines
        self._lines = self._drawn(size) if self.display else []
        if len(before) != len(self._lines):
            self._strips = []
            self._stale.clear()
            return [self.region]
        pairs = enumerate(zip(before, self._lines, strict=True))
        changed = [y for y, (old, new) in pairs if old != new]
        if not changed:
            return []
        self._stale.update(changed)
        left, top = self.region.offset
        return [Region(left, top + y, size.width, 1) for y in changed]

    def _drawn(self, size: Size) -> list[Line]:
        self._drawn_for = size
        if not size.area:
            return []
        palette, focused = self._palette, self._debugger.look.panel == self.id
        if not self._titles:
            room = Room(size.width, size.height, palette, focused)
            return filled(self._draw(self._debugger, room), size.height)
        room = Room(size.width - 2, size.height - 2, palette, focused)
        title, *below = [title(self._debugger) for title in self._titles]
        return framed(
            self._draw(self._debugger, room), room, title, "".join(below), turns=self.turns
        )

    def notify_style_update(self) -> None:
        few = getattr(self.app, "few_colours", False)
        self._palette = palette(self.app.current_theme.dark, few)
        if self.app.no_color:
            self._palette = WITHOUT_COLOUR
        self._paint = cache(self._painted)
        self._lines, self._strips = [], []
        super().notify_style_update()

    def _painted(self, style: Style) -> Style:
        """A style on the ground of this view, through the filters of the application."""
        segments = [Segment("", self.rich_style + style)]
        for each in self.get_line_filters():
            segments = each.apply(segments, self.background_colors[1])
        return segments[0].style or style

    def on_resize(self) -> None:
        if self._drawn_for != self.outer_size:  # else it has been painted at this size already
            self._lines = []
            self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines as they are: a view has no border, no padding and no children."""
        size = self.outer_size
        if not self._lines or self._drawn_for != size:
            self._lines, self._strips = self._drawn(size), []
            self._stale.clear()
        if len(self._strips) != len(self._lines):  # none of either where there is no room
            self._strips = [Strip([])] * len(self._lines)
            self._stale.update(range(len(self._lines)))
        for y in self._stale:
            self._strips[y] = self._lines[y].strip(size.width, self._spelled, self._paint)
        self._stale.clear()
        strips = self._strips[crop.y : crop.bottom]
        if crop.column_span == (0, size.width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def render_line(self, y: int) -> Strip:
        return self.render_lines(Region(0, y, self.outer_size.width, 1))[0]

    def on_click(self, event: Click) -> None:
        found = self._lines[event.y].clicked(event.x) if event.y < len(self._lines) else ""
        self.post_message(self.Typed(self.id or "", found))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Typed(self.id or "", "3 down"))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Typed(self.id or "", "3 up"))
