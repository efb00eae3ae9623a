"""The widget that hosts a view, and follows the debugger that the application shows it."""

from __future__ import annotations

from collections.abc import Callable

from rich.style import Style
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tuiviz.debugger.debugger import Debugger
from tuiviz.screen.drawing import Draw, Line, Room, Spelling, filled, framed, line
from tuiviz.screen.palette import DARK, LIGHT

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
        self._lines: list[Line] = []
        self._drawn_for = Size(0, 0)
        self._ground: Style | None = None

    def show(self, debugger: Debugger) -> None:
        """Draws this debugger, as it is now; only the lines that are others are painted."""
        self._debugger = debugger
        before, self._lines = self._lines, self._drawn() if self.display else []
        if len(before) != len(self._lines):
            self.refresh()
            return
        width = self.size.width
        pairs = enumerate(zip(before, self._lines, strict=True))
        if changed := [Region(0, y, width, 1) for y, (old, new) in pairs if old != new]:
            self.refresh(*changed)

    def _drawn(self) -> list[Line]:
        size = self._drawn_for = self.size
        if not size.area:
            return []
        palette = DARK if self.app.current_theme.dark else LIGHT
        focused = self._debugger.look.panel == self.id
        if not self._titles:
            room = Room(size.width, size.height, palette, focused)
            return filled(self._draw(self._debugger, room), size.height)
        room = Room(size.width - 2, size.height - 2, palette, focused)
        titles = [title(self._debugger) for title in self._titles]
        return framed(self._draw(self._debugger, room), room, *titles)

    def notify_style_update(self) -> None:
        self._lines, self._ground = [], None
        super().notify_style_update()

    def on_resize(self) -> None:
        if self._drawn_for != self.size:  # else it has been painted at this size already
            self._lines = []
            self.refresh()

    def render_line(self, y: int) -> Strip:
        if self._ground is None:
            self._ground = self.rich_style
        if not self._lines or self._drawn_for != self.size:
            self._lines = self._drawn()
        drawn = self._lines[y] if y < len(self._lines) else line()
        return drawn.strip(self.size.width, self._spelled, self._ground)

    def on_click(self, event: Click) -> None:
        found = self._lines[event.y].clicked(event.x) if event.y < len(self._lines) else ""
        self.post_message(self.Typed(self.id or "", found))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Typed(self.id or "", "3 down"))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Typed(self.id or "", "3 up"))
