"""Everything a person can do in the debugger: one table for keys, footer, help and documents."""

from __future__ import annotations

from core.records import Record


class Action(Record):
    """`name` is what one types; its method on the debugger, or the application, has _ for -.

    `takes` is what its argument is; a key asks for it if `asks`. `label` stands in the footer after
    the key `shown`, with those before it that have the same one; `rank` 0 stays on the narrowest
    screen. `preset` is an argument that its keys bring.
    """

    name: str
    keys: tuple[str, ...]
    shown: str
    help: str
    group: str
    label: str = ""
    rank: int = 0
    takes: str = ""
    asks: bool = False
    preset: str = ""
    on_screen: bool = False  # a matter of the screen: there is nothing to do without one
    beside: bool = False  # the screen does it in a thread: it may take long, and moves nothing

    @property
    def id(self) -> str:
        """What it is called in a file of keys: gradient-U, step."""
        return f"{self.name}-{self.preset}" if self.preset else self.name

    @property
    def typed(self) -> str:
        """What is typed for what its keys do: gradient U, step."""
        return f"{self.name} {self.preset}" if self.preset else self.name

    @property
    def method(self) -> str:
        """The name of its method."""
        return self.name.replace("-", "_")


MOVE, LOOK, STOP, ASK, JUDGE, LEARN, CUT, USE = (
    "Moving",
    "Looking",
    "Stopping",
    "Finding out",
    "Your gradient",
    "Training",
    "Truncating",
    "Using",
)

# With a Korean keyboard on, a key arrives as the letter that is printed beside it.
ACTIONS = (
    Action("step", ("n", "ㅜ", "space", "f10"), "n", "one line on", MOVE, "step"),
    Action("step-back", ("N", "backspace"), "N", "one line back", MOVE, "step"),
    Action("time", ("t", "ㅅ", "f11"), "t", "to the next time step", MOVE, "time"),
    Action("time-back", ("T", "ㅆ"), "T", "to the time step before", MOVE, "time"),
    Action("finish", ("f", "ㄹ", "f8"), "f", "to the end of this pass", MOVE, "pass", 2),
    Action("finish-back", ("F",), "F", "to the start of this pass", MOVE, "pass", 2),
    Action("start", ("home",), "Home", "to the first position", MOVE),
    Action("end", ("end",), "End", "to the last position", MOVE),
    Action(
        "goto",
        ("g", "ㅎ"),
        "g",
        "go to 17, t=3, k=2, E3, a word",
        MOVE,
        "go to",
        2,
        takes="17, t=3, k=2, E3, term 2, start, end, or a token",
        asks=True,
    ),
    Action(
        "search",
        ("slash",),
        "/",
        "search on, in lines and tokens",
        MOVE,
        "search",
        3,
        takes="part of a line or of a token",
        asks=True,
    ),
    Action(
        "search-back",
        ("backslash", "₩"),
        "\\",
        "search backwards",
        MOVE,
        takes="part of a line or of a token",
        asks=True,
    ),
    Action("match", ("greater_than_sign",), ">", "the next match", MOVE),
    Action("match-back", ("less_than_sign",), "<", "the match before", MOVE),
    Action("jump-back", ("minus",), "-", "back to where you were", MOVE),
    Action("jump-forward", ("plus", "equals_sign"), "+", "forward again", MOVE),
    Action(
        "mark", ("m", "ㅡ"), "m", "name this place", MOVE, takes="a name for this place", asks=True
    ),
    Action(
        "return-to",
        ("apostrophe",),
        "'",
        "to a place by its name",
        MOVE,
        takes="the name of a place",
        asks=True,
    ),
    Action("marks", (), "", "list the places with a name", MOVE),
    Action("run-to-cursor", ("r", "ㄱ"), "r", "run to the cursor", MOVE),
    Action("go-on", ("c", "ㅊ", "f5"), "c", "on to a breakpoint, or the end", STOP, "run"),
    Action("go-back", ("C", "f6"), "C", "back to one, or the start", STOP, "run"),
    Action("break-at", ("b", "ㅠ", "f9"), "b", "a breakpoint here, or off", STOP, "break",
           takes="nothing, a line, t=3, k=2, or a condition"),
    Action(
        "break-if",
        ("B",),
        "B",
        "a breakpoint on a condition",
        STOP,
        takes="dW, t=3, k=2, norm(dEds) < 1e-3, vanishing, exploding, not finite, saturated",
        asks=True,
    ),
    Action("remove", ("delete",), "Del", "remove it from the list", STOP),
    Action("breakpoints", (), "", "list the breakpoints and watches", STOP),
    Action("delete", (), "", "delete a breakpoint, or all", STOP, takes="a number, or all"),
    Action("enable", (), "", "enable a breakpoint", STOP, takes="a number"),
    Action("disable", (), "", "disable a breakpoint", STOP, takes="a number"),
    Action("ignore", (), "", "pass over a breakpoint so often", STOP, takes="a number and a count"),
    Action(
        "watch",
        ("e", "ㄷ"),
        "e",
        "watch an expression",
        STOP,
        takes="expressions: s, norm(dW); stop EXPR stops where it changes",
        asks=True,
    ),
    Action("unwatch", (), "", "remove a watch, or all", STOP, takes="a number, or all"),
    Action("error-back", ("left_square_bracket",), "[", "the error before", LOOK, "error"),
    Action("error", ("right_square_bracket",), "]", "the next error", LOOK, "error",
           takes="nothing, or a time step"),
    Action("gradient", ("u", "ㅕ"), "u", "∂E/∂U", LOOK, "wrt", preset="U",
           takes="U, W, V, b, c, or nothing for the next"),
    Action("gradient", ("w", "ㅈ"), "w", "∂E/∂W", LOOK, "wrt", preset="W"),
    Action("gradient", ("v", "ㅍ"), "v", "∂E/∂V", LOOK, "wrt", preset="V"),
    Action("gradient", ("p", "ㅔ"), "p", "the next of U, W, V, b, c", LOOK, "wrt", 3),
    Action("walk", ("a", "ㅁ"), "a", "walk: one Eₜ, each, or all", LOOK, "walk", 2,
           takes="one, each, sum, or nothing for the next"),
    Action("open", ("enter",), "Enter", "open or close; or go there", LOOK, "open"),
    Action("up", ("up", "k", "ㅏ"), "↑", "up in the panel", LOOK),
    Action("down", ("down", "j", "ㅓ"), "↓", "down", LOOK),
    Action("left", ("left", "h", "ㅗ"), "←", "left; close a term", LOOK),
    Action("right", ("right", "l", "ㅣ"), "→", "right; open a term", LOOK),
    Action("page-up", ("pageup",), "PgUp", "ten rows up", LOOK),
    Action("page-down", ("pagedown",), "PgDn", "ten rows down", LOOK),
    Action("panel", ("tab",), "Tab", "the next panel", LOOK, "panel", 2, takes="a panel's name"),
    Action("panel-back", ("shift+tab",), "⇧Tab", "the panel before", LOOK),
    Action("cursor", (), "", "the cursor on a part of the chain rule", LOOK,
           takes="which child of which: 0.2.1"),
    Action("line", (), "", "a line of this step", LOOK, takes="its number from 0"),
    Action("cell", (), "", "a term by its t and k", LOOK, takes="t k"),
    Action("item", (), "", "a watch or breakpoint of the list", LOOK, takes="its number from 0"),
    Action("zoom", ("z", "ㅋ"), "z", "this panel alone, or all", LOOK, "zoom", 3),
    Action("total", ("semicolon",), ";", "the sum so far as a matrix", LOOK),
    Action("here", ("escape",), "Esc", "the current line again", LOOK),
    Action("digits-less", ("comma",), ",", "fewer digits", LOOK),
    Action("digits-more", ("full_stop",), ".", "more digits", LOOK),
    Action("origin", ("d", "ㅇ"), "d", "where this number comes from", ASK, "origin", 2),
    Action("pin", ("i", "ㅑ"), "i", "pin this value, and compare", ASK, "pin", 3),
    Action("predict", ("exclamation_mark",), "!", "asked before you are shown", ASK, "predict", 3),
    Action("answer", ("A",), "A", "answer what is asked", ASK, takes="your answer", asks=True),
    Action("print", (), "", "the numbers of an expression", ASK,
           takes="expressions: W, dW[0], norm(s)"),
    Action("show", (), "", "where you are, and what is here", ASK),
    Action("first-difference", ("D",), "D", "where your gradient goes wrong", JUDGE),
    Action("yours", ("o", "ㅐ"), "o", "your gradient beside the right", JUDGE),
    Action("sgd", ("s", "ㄴ"), "s", "a step of SGD", LEARN, "SGD", 3),
    Action("sgd-back", ("S",), "S", "a step of SGD back", LEARN, "SGD", 3),
    Action("sgd-to", (), "", "to a step of the training", LEARN, takes="its number, from 0"),
    Action("rate", (), "", "the learning rate η", LEARN, takes="a number", asks=True),
    Action("clip", (), "", "clip the gradient of a step", LEARN,
           takes="5 for the entries, norm 5, or off"),
    Action("update", ("U",), "U", "−η ∂E/∂θ, what a step adds", LEARN,
           takes="U, W, V, b, c, or nothing for the selected"),
    Action("ago", ("I",), "I", "beside itself an SGD step ago", LEARN,
           takes="how many steps of training, or off"),
    Action("curve", (), "", "what the curve of the training is of", LEARN,
           takes="loss, gradient, theta, rate, reach, or nothing for the next"),
    Action("truncate", ("K",), "K", "truncated BPTT", CUT, takes="K2, K1,K2, or off", asks=True),
    Action("truncate-less", ("left_curly_bracket",), "{", "errors go back a step less", CUT,
           "k2", 3),
    Action("truncate-more", ("right_curly_bracket",), "}", "errors go back a step more", CUT,
           "k2", 3),
    Action("block-less", ("left_parenthesis",), "(", "one error less goes together", CUT),
    Action("block-more", ("right_parenthesis",), ")", "one error more goes together", CUT),
    Action("copy", ("y", "ㅛ"), "y", "copy the value", USE),
    Action("copy-explanation", ("Y",), "Y", "copy the chain rule (Markdown)", USE),
    Action("export", ("x", "ㅌ"), "x", "save the trace as JSON", USE, "export", 1,
           takes="where to save the trace; --force FILE replaces one", asks=True, beside=True),
    Action("command", ("colon",), ":", "type any action by its name", USE, "command", 3,
           on_screen=True),
    Action("theme", (), "", "choose the colours", USE, takes="a theme's name", on_screen=True),
    Action("messages", (), "", "what was said, to read it again", USE),
    Action("help", ("question_mark", "f1"), "?", "this help", USE, "help"),
    Action("quit", ("q", "ㅂ", "ctrl+c", "ctrl+q"), "q", "leave", USE, "quit", on_screen=True),
)  # fmt: skip

NAMES = tuple(dict.fromkeys(action.name for action in ACTIONS))
"""What can be typed."""


def named(name: str) -> Action | None:
    """The first action of a name."""
    return next((action for action in ACTIONS if action.name == name), None)
