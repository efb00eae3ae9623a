"""The line to type in."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from tuiviz.debugger.actions import NAMES
from tuiviz.glyphs import to_ascii


class Prompt(Input):
    """One line in which an argument, an answer, a path or an action is typed."""

    DEFAULT_CSS = """
    Prompt { height: 1; padding: 0 1; }
    Prompt:nocolor > .input--cursor, Prompt:nocolor > .input--selection { text-style: reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "leave", "cancel", show=False)
    ]

    class Left(Message):
        """It is not to be answered."""

    def __init__(self, ascii_only: bool) -> None:
        super().__init__(id="prompt", compact=True, select_on_focus=False)
        self.action = ""
        self._ascii_only = ascii_only

    def ask(self, action: str, expects: str, proposed: str = "") -> None:
        """Asks for what an action takes."""
        self.action = action
        self.value = proposed
        asked = f"{action}: {expects}   (Enter; Esc leaves)"
        self.placeholder = to_ascii(asked) if self._ascii_only else asked
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
