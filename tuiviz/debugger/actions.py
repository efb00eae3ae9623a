"""Everything a person can do in the debugger: one table for keys, footer, help and documents."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Action:
    """`name` is the method action_… of the application.

    `label` stands in the footer after the key `shown`, with those before it that have the same one;
    `rank` 0 stays on the narrowest screen.
    """

    name: str
    keys: tuple[str, ...]
    shown: str
    help: str
    label: str = ""
    rank: int = 0

    @property
    def bound(self) -> str:
        """The keys, as Textual binds them."""
        return ",".join(self.keys)


# With a Korean keyboard on, a key arrives as the letter that is printed beside it.
ACTIONS = (
    Action("step", ("n", "ㅜ", "space"), "n", "one line on", "step"),
    Action("step_back", ("N", "backspace"), "N", "one line back", "back"),
    Action("next_step", ("t", "ㅅ"), "t", "to the next time step", "time"),
    Action("previous_step", ("T", "ㅆ"), "T", "to the time step before", "time"),
    Action("onward", ("c", "ㅊ"), "c", "on: to the turn, then the end", "on", 2),
    Action("backward", ("C",), "C", "back: to the turn, then the start"),
    Action("start", ("home",), "Home", "to the start"),
    Action("end", ("end",), "End", "to the end"),
    Action("previous_error", ("left_square_bracket",), "[", "the error before", "error"),
    Action("next_error", ("right_square_bracket",), "]", "the next error", "error"),
    Action("wrt('U')", ("u", "ㅕ"), "u", "the gradient ∂E/∂U", "gradient"),
    Action("wrt('W')", ("w", "ㅈ"), "w", "the gradient ∂E/∂W", "gradient"),
    Action("wrt('V')", ("v", "ㅍ"), "v", "the gradient ∂E/∂V", "gradient"),
    Action("next_parameter", ("p", "ㅔ"), "p", "the next of U, W, V, b, c", "gradient"),
    Action("cursor_up", ("up", "k", "ㅏ"), "↑", "in the chain rule, up"),
    Action("cursor_down", ("down", "j", "ㅓ"), "↓", "in the chain rule, down"),
    Action("close", ("left", "h", "ㅗ"), "←", "close, or out of it"),
    Action("open", ("right", "l", "ㅣ"), "→", "open, or into it"),
    Action("open_or_close", ("enter",), "⏎", "open or close", "open"),
    Action("line", ("escape",), "Esc", "the current line again"),
    Action("export", ("x", "ㅌ"), "x", "save the trace as JSON", "export"),
    Action("help", ("question_mark", "f1"), "?", "this help", "help"),
    Action("quit", ("q", "ㅂ", "ctrl+c", "ctrl+q"), "q", "leave", "quit", 1),
)


def in_footer(rank: int) -> list[tuple[str, str]]:
    """(keys, label) up to a rank, keys with the same label together."""
    labelled = [action for action in ACTIONS if action.label and action.rank <= rank]
    return [
        (" ".join(action.shown for action in group), label)
        for label, group in groupby(labelled, key=lambda action: action.label)
    ]
