"""The widgets: each hosts one view, and follows the debugger that the application shows it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.suggester import SuggestFromList
from textual.widget import Widget
from textual.widgets import Input, Static

from tuiviz.debugger.actions import ACTIONS, NAMES, Action
from tuiviz.debugger.debugger import Debugger
from tuiviz.screen.cells import fitted
from tuiviz.screen.drawing import Draw, Line, Room, Spelling
from tuiviz.screen.palette import DARK, LIGHT

_INTRODUCTION = """\
A position is one line of the program at one time step: forward over
the sentence, then back from the selected error. ∂E/∂W is a sum with
one term for each step k: open a term to see its chain rule.
Type a count before a key: 5n. Type any action after a colon.
"""

Title = Callable[[Debugger], str]


class View(Widget):
    """A panel that draws a debugger line by line; its titles are data, never markup."""

    class Typed(Message):
        """A click that types an action."""

        def __init__(self, panel: str, text: str) -> None:
            super().__init__()
            self.panel, self.text = panel, text

    def __init__(self, name: str, draw: Draw, spelled: Spelling, titles: tuple[Title, ...]) -> None:
        super().__init__(id=name)
        self._draw, self._titles, self._spelled = draw, titles, spelled
        self._debugger: Debugger | None = None
        self._lines: list[Line] | None = None

    def show(self, debugger: Debugger) -> None:
        """Draws this debugger, as it is now."""
        self._debugger, self._lines = debugger, None
        self.set_class(debugger.look.panel == self.id, "focused")
        if self.display:
            self._entitle(debugger)
            self.refresh()

    def _entitle(self, debugger: Debugger) -> None:
        shown = [Content(self._spelled(title(debugger))) for title in self._titles]
        if shown:
            self.border_title = shown[0]
        if len(shown) > 1:
            self.border_subtitle = shown[1]

    def notify_style_update(self) -> None:
        self._lines = None
        super().notify_style_update()

    def on_resize(self) -> None:
        self._lines = None

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._debugger is None:
            return Strip.blank(width, self.rich_style)
        if self._lines is None:
            palette = DARK if self.app.current_theme.dark else LIGHT
            focused = self._debugger.look.panel == self.id
            room = Room(width, self.size.height, palette, focused)
            self._lines = self._draw(self._debugger, room)
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        strip = self._lines[y].strip(width, self._spelled)
        return strip.apply_style(self.rich_style)

    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        found = self._lines[at.y] if at and self._lines and at.y < len(self._lines) else None
        self.post_message(self.Typed(self.id or "", found.clicked(at.x) if found and at else ""))

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
        with VerticalScroll(classes="dialog"):
            yield Static(self._spelled(text), markup=False)


def _entry(action: Action) -> str:
    return fitted(f"{action.shown:>4}  {action.help}", 37)


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
        self.focus()

    def close(self) -> None:
        """Hides it."""
        self.display = False
        self.disabled = True

    def action_leave(self) -> None:
        self.post_message(self.Left())
