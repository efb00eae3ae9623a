"""The widgets: each hosts one renderable, and follows the session that the application gives it."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text
from textual.app import ComposeResult, RenderResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from tuiviz.actions import ACTIONS
from tuiviz.glyphs import Glyphs
from tuiviz.session import Session

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
        rows = [Text.assemble((f"{action.shown:>5}  ", "bold"), action.help) for action in ACTIONS]
        intro = Text(
            "Each position is one line of the program at one time step: forward over the\n"
            "sentence, then back from the selected error E. ∂E/∂W is the sum of one term\n"
            "for each step k; open a term to see the factors of its chain rule.\n"
        )
        lines = self._glyphs.lines([intro, *rows, Text("\nEsc closes this", "dim")])
        with Vertical(classes="dialog"):
            yield Static(lines, markup=False)


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
