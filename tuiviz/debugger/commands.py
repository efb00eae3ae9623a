"""Actions as they are typed: a count, a name or a key, an argument."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module

from core.errors import InputError
from tuiviz.debugger.actions import (
    ACTIONS,
    ASK,
    CUT,
    JUDGE,
    LEARN,
    LOOK,
    MOVE,
    NAMES,
    STOP,
    USE,
    Action,
    named,
)
from tuiviz.debugger.debugger import Debugger, Running
from tuiviz.debugger.keyboard import DEFAULT, Keyboard
from tuiviz.files.visible import visible

_FORM = re.compile(r"(?P<count>[0-9]*)\s*(?P<name>\S*)\s*(?P<argument>.*)", re.DOTALL)

MOST_DIGITS = 9
"""Digits of a count."""

LONGEST = 4000
"""Characters of what is typed."""

ALIASES = {"break": "break-at", "continue": "go-on", "next": "time", "back": "step-back"}
"""Names that people of other debuggers type."""


_MODULES = {
    MOVE: "moving",
    LOOK: "looking",
    STOP: "stopping",
    ASK: "asking",
    JUDGE: "judging",
    LEARN: "learning",
    CUT: "truncating",
    USE: "using",
}
"""Where the actions of each group are; a module is loaded with the first action of its group."""

Method = Callable[[Debugger, int | None, str], Running | None]
"""What an action does, with the count and the argument that were typed; None where none was."""


def parsed(text: str, keyboard: Keyboard = DEFAULT) -> tuple[Action, int | None, str]:
    """The action, its count and its argument: `5 step`, `5n`, `step 5`, `break if k == 2`.

    A key is written as the footer shows it. Raises InputError for what is no action.
    """
    if len(text) > LONGEST:
        raise InputError(f"{len(text)} characters; expected at most {LONGEST}")
    found = _FORM.fullmatch(text.strip())
    if found is None or not found["name"] or found["name"][0] in "0123456789":
        raise InputError(f"{visible(text)}: expected an action, such as step, 5n, goto t=3")
    name, count, argument = found["name"], found["count"], found["argument"].strip()
    action = named(ALIASES.get(name, name)) or keyboard.by_key(name)
    if action is None:
        raise InputError(f"no action {visible(name)}; {_hint(name)}")
    if argument and not any(each.takes for each in ACTIONS if each.name == action.name):
        if count or not re.fullmatch("[0-9]+", argument):
            raise InputError(f"{action.name} takes a count alone, as in 5 {action.name}")
        count, argument = argument, ""
    if len(count) > MOST_DIGITS:
        raise InputError(f"a count has at most {MOST_DIGITS} digits, not {len(count)}")
    preset = action.preset if name != action.name else ""
    return action, int(count) if count else None, argument or preset


def _hint(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [*NAMES, *ALIASES], 1)
    return f"did you mean {near[0]}?" if near else "? lists them"


def perform(debugger: Debugger, action: Action, count: int | None, argument: str) -> Running | None:
    """Does it; what may take long is returned to be run. Raises InputError if it cannot be done."""
    debugger.message = ""
    method: Method = getattr(
        import_module(f"tuiviz.debugger.{_MODULES[action.group]}"), action.method
    )
    return method(debugger, count, argument)


def run(debugger: Debugger, text: str) -> None:
    """Does what is typed, to its end. Raises InputError if it cannot be done."""
    action, count, argument = parsed(text)
    if action.on_screen:
        raise InputError(f"{action.name} needs a screen")
    for _ in perform(debugger, action, count, argument) or ():
        pass


def proposed(debugger: Debugger, action: Action) -> str:
    """The argument that an action proposes where it asks for one; nothing for most."""
    if action.name != "export":
        return ""
    from tuiviz.debugger.using import trace_name

    return trace_name(debugger)
