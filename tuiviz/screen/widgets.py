"""The widgets: each hosts one view, and follows the debugger that the application shows it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import ClassVar

from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Region, Size
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static

from tuiviz.cells import fitted
from tuiviz.debugger.actions import ACTIONS, NAMES, Action
from tuiviz.debugger.debugger import Debugger
from tuiviz.screen.drawing import Draw, Line, Room, Spelling, filled, framed, line
from tuiviz.screen.palette import DARK, LIGHT

_INTRODUCTION = """\
A position is one line of the program at one time step: forward over
the sentence, then back from the selected error. ∂E/∂W is a sum with
one term for each step k: open a term to see its chain rule.
Type a count before a key: 5n. Type any action after a colon.
"""

_ENTRY = 37
"""Cells of a key and what it does; two stand side by side."""

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


class Help(ModalScreen[None]):
    """Every key and what it does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter,f1,ㅂ", "dismiss", "close")
    ]

    def __init__(self, spelled: Spelling) -> None:
        super().__init__()
        self._spelled = spelled

    def compose(self) -> ComposeResult:
        shown = [action for action in ACTIONS if action.shown]
        half = (len(shown) + 1) // 2
        rows = [
            _entry(left) + (_entry(right) if right else "")
            for left, right in zip_longest(shown[:half], shown[half:])
        ]
        typed = ", ".join(action.name for action in ACTIONS if not action.shown)
        text = "\n".join([_INTRODUCTION, *rows, "", f"Typed after a colon only: {typed}."])
        frame = "dialog" if self._spelled is str else "dialog ascii"
        with VerticalScroll(classes=frame):
            yield Static(self._spelled(text), markup=False)


def _entry(action: Action) -> str:
    return fitted(f"{action.shown:>4}  {action.help}", _ENTRY)


class Prompt(Input):
    """One line in which an argument, an answer, a path or an action is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "cancel", show=False)]

    class Left(Message):
        """Escape was pressed."""

    def __init__(self) -> None:
        super().__init__(id="prompt", compact=True, select_on_focus=False)
        self.action = ""

    def ask(self, action: str, expects: str, proposed: str = "") -> None:
        """Asks for what an action takes."""
        self.action = action
        self.value = proposed
        self.placeholder = f"{action}: {expects}   (Enter; Esc leaves)"
        self.suggester = SuggestFromList(NAMES) if action == "command" else None
        self.display = True
        self.disabled = False
        self.screen.set_focus(self)  # at once: the next key may be under way

    def close(self) -> None:
        """Hides it."""
        self.display = False
        self.disabled = True

    def action_leave(self) -> None:
        self.post_message(self.Left())
