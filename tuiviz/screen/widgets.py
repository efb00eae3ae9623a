"""The widgets: each hosts one renderable, and follows the session that the application gives it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest

from rich.text import Text
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from tuiviz.debugger.actions import ACTIONS, Action
from tuiviz.debugger.session import Session
from tuiviz.screen.formats import fitted
from tuiviz.screen.glyphs import Glyphs

_INTRODUCTION = """\
A position is one line of the program at one time step: forward over
the sentence, then back from the selected error. ∂E/∂W is a sum with
one term for each step k: open a term to see its chain rule.
"""

Draw = Callable[[Session, int, int], list[Text]]
Title = Callable[[Session], str]


class View(Widget):
    """A panel that draws a session; its titles are data, never markup."""

    def __init__(
        self, name: str, draw: Draw, glyphs: Glyphs, titles: tuple[Title, ...] = ()
    ) -> None:
        super().__init__(id=name)
        self._draw, self._titles, self._glyphs = draw, titles, glyphs
        self._session: Session | None = None

    def show(self, session: Session) -> None:
        """Draws this session from now on."""
        self._session = session
        shown = [Content(self._glyphs.text(title(session))) for title in self._titles]
        if shown:
            self.border_title = shown[0]
        if len(shown) > 1:
            self.border_subtitle = shown[1]
        self.refresh()

    def render(self) -> RenderResult:
        if self._session is None or not self.size.area:
            return ""
        lines = self._draw(self._session, self.size.width, self.size.height)
        return self._glyphs.lines(lines[: self.size.height])


class Help(ModalScreen[None]):
    """Every key and what it does."""

    BINDINGS = [Binding("escape,question_mark,q,enter,f1", "dismiss", "close")]

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        half = (len(ACTIONS) + 1) // 2
        rows = [
            Text.assemble(*_entry(left), *(_entry(right) if right else ()))
            for left, right in zip_longest(ACTIONS[:half], ACTIONS[half:])
        ]
        with Vertical(classes="dialog"):
            yield Static(self._glyphs.lines([Text(_INTRODUCTION), *rows]), markup=False)


def _entry(action: Action) -> tuple[tuple[str, str], str]:
    return (f"{action.shown:>4}  ", "bold"), fitted(action.help, 28)


class AskPath(ModalScreen[str | None]):
    """Asks where to save the trace."""

    BINDINGS = [Binding("escape", "dismiss", "cancel")]

    def __init__(self, proposed: str) -> None:
        super().__init__()
        self._proposed = proposed

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Save the trace as JSON to (Enter saves, Esc cancels):", markup=False)
            yield Input(self._proposed)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)
