"""Everything a person can do in the debugger: one table for keys, footer, help and documents."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """`name` is the method action_… of the application; `label` stands in the footer, if any."""

    name: str
    keys: tuple[str, ...]
    shown: str
    label: str
    help: str

    @property
    def bound(self) -> str:
        """The keys, as Textual binds them."""
        return ",".join(self.keys)


# With a Korean keyboard on, a key arrives as the letter that is printed beside it.
ACTIONS = (
    Action("step", ("n", "ㅜ", "space"), "n", "step", "one line on"),
    Action("step_back", ("N", "backspace"), "N", "back", "one line back"),
    Action("next_step", ("t", "ㅅ"), "t", "next t", "to the next time step"),
    Action("previous_step", ("T", "ㅆ"), "T", "previous t", "to the time step before"),
    Action(
        "onward", ("c", "ㅊ"), "c", "on", "on to the turn from forward to backward, then the end"
    ),
    Action("backward", ("C",), "C", "", "back to the turn, then to the start"),
    Action("start", ("home",), "Home", "", "to the start"),
    Action("end", ("end",), "End", "", "to the end"),
    Action("previous_error", ("left_square_bracket",), "[", "E", "select the error before"),
    Action("next_error", ("right_square_bracket",), "]", "E", "select the next error"),
    Action("wrt('U')", ("u", "ㅕ"), "u", "", "look at ∂E/∂U"),
    Action("wrt('W')", ("w", "ㅈ"), "w", "", "look at ∂E/∂W"),
    Action("wrt('V')", ("v", "ㅍ"), "v", "", "look at ∂E/∂V"),
    Action(
        "next_parameter", ("p", "ㅔ"), "p", "", "look at the next of U, W, V and the biases b, c"
    ),
    Action("cursor_up", ("up", "k", "ㅏ"), "↑", "", "in the chain rule: up"),
    Action("cursor_down", ("down", "j", "ㅓ"), "↓", "", "in the chain rule: down"),
    Action("close", ("left", "h", "ㅗ"), "←", "", "in the chain rule: close, or out"),
    Action("open", ("right", "l", "ㅣ"), "→", "", "in the chain rule: open, or in"),
    Action("open_or_close", ("enter",), "⏎", "open", "open or close what the cursor is on"),
    Action("line", ("escape",), "Esc", "", "look at the current line again"),
    Action("export", ("x", "ㅌ"), "x", "export", "save the trace as JSON"),
    Action("help", ("question_mark", "f1"), "?", "help", "this help"),
    Action("quit", ("q", "ㅂ", "ctrl+c", "ctrl+q"), "q", "quit", "leave"),
)


def footer() -> str:
    """The keys that fit on one line."""
    return (
        "n step  N back  t T time step  c on  [ ] error  u w v p gradient  ⏎ open  x export  "
        "? help  q quit"
    )
