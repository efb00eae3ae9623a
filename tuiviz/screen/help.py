"""What is read and closed again: the help, and what was said."""

from __future__ import annotations

from itertools import zip_longest

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.events import Click, Key
from textual.screen import ModalScreen
from textual.widgets import Static

from tuiviz.cells import fitted
from tuiviz.debugger.actions import Action
from tuiviz.debugger.keyboard import Keyboard
from tuiviz.glyphs import to_ascii

_INTRODUCTION = """\
A position is one line of the program at one time step: forward over
the sentence, then back from the selected error. ∂E/∂W is a sum with
one term for each step k: open a term to see its chain rule.
Type a count before a key: 5n. Type any action after a colon.
"""

_ENTRY = 37
"""Cells of a key and what it does; two stand side by side."""

_CLOSES = ("escape", "enter", "ctrl+c")


class Reading(ModalScreen[None]):
    """A text to read, and to scroll in."""

    DEFAULT_CSS = """
    Reading { align: center middle; background: $background 60%; }
    .dialog {
        width: 80; height: auto; max-height: 100%; padding: 0 1; scrollbar-size-vertical: 1;
        background: $surface; border: round $primary;
    }
    .dialog.ascii { border: ascii $primary; scrollbar-size-vertical: 0; }
    """

    def __init__(self, text: str, keyboard: Keyboard, ascii_only: bool) -> None:
        super().__init__()
        self._keyboard = keyboard
        self._text = to_ascii(text) if ascii_only else text
        self._frame = "dialog ascii" if ascii_only else "dialog"

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes=self._frame):
            yield Static(self._text, markup=False)

    def on_key(self, event: Key) -> None:
        action = self._keyboard.pressed(event.aliases)
        if event.key in _CLOSES or (action is not None and action.name in ("help", "quit")):
            event.stop()
            self.dismiss()

    def on_click(self, event: Click) -> None:
        if self.get_widget_at(event.screen_x, event.screen_y)[0] is self:  # beside the text
            self.dismiss()


def help_text(keyboard: Keyboard) -> str:
    """Every key and what it does, in two columns."""
    shown = [action for action in keyboard.actions if action.shown]
    half = (len(shown) + 1) // 2
    rows = [
        _entry(left) + (_entry(right) if right else "")
        for left, right in zip_longest(shown[:half], shown[half:])
    ]
    typed = ", ".join(each.typed for each in keyboard.actions if not each.shown)
    return "\n".join([_INTRODUCTION, *rows, "", f"Typed after a colon only: {typed}."])


def _entry(action: Action) -> str:
    return fitted(f"{action.shown:>4}  {action.help}", _ENTRY)
