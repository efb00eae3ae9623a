"""The names that Textual gives to keys, checked without importing it."""

from __future__ import annotations

import difflib
import unicodedata
from string import punctuation

from core.errors import InputError
from tuiviz.files.visible import visible

_SHORTER = {  # than the names that Unicode gives them
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


def _of_character(character: str) -> str:
    if character.isalnum():
        return character
    named = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _SHORTER.get(named, named)


MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
"""In the order in which they stand before a key."""

NAMES = (
    *("escape", "enter", "tab", "space", "backspace", "insert", "delete"),
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown"),
    *(f"f{number}" for number in range(1, 25)),
    *(_of_character(sign) for sign in punctuation),
)
"""Of the keys that are not the letter or digit itself."""

SENT_AS = {
    "ctrl+i": "tab",
    "ctrl+m": "enter",
    "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
}
"""Keys that a terminal cannot tell from others."""


_SHOWN = {
    **{_of_character(sign): sign for sign in punctuation},
    "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp", "pagedown": "PgDn",
    "escape": "Esc", "delete": "Del", "insert": "Ins",
}  # fmt: skip
_SHOWN_BEFORE = {"ctrl": "^", "shift": "⇧"}


def key_shown(name: str) -> str:
    """A key as the screen shows it, by Textual's name: n, [, Home, F7, PgUp, ^x, ⇧Tab."""
    *modifiers, last = name.split("+")
    shown = last if len(last) == 1 else _SHOWN.get(last) or _sign(last)
    return "".join(_SHOWN_BEFORE.get(each, f"{each}+") for each in modifiers) + shown


def _sign(name: str) -> str:
    """The sign that Unicode calls so, ₩ for won_sign; F7 and Space for keys without one."""
    if name in NAMES:
        return name.capitalize()
    try:
        return visible(unicodedata.lookup(name.replace("_", " ")))
    except KeyError:
        return name


def key_name(written: str) -> str:
    """Textual's name of a key: n, N, ㅜ, "[" or left_square_bracket, pageup, ctrl+n, shift+tab.

    Raises InputError for a name that no key has, and for a key that terminals send as another.
    """
    *modifiers, last = written.split("+") if len(written) > 1 else [written]
    base = _of_character(last) if len(last) == 1 else last
    name = "+".join([*sorted(modifiers), base])
    if not _exists(modifiers, last, base):
        raise InputError(f"no key {_shown(written)}{_hint(modifiers, last)}")
    if modifiers == ["shift"] and len(last) == 1:
        raise InputError(f"no key {_shown(written)}; write the character that it makes")
    if name in SENT_AS:
        raise InputError(f"terminals send {name} as {SENT_AS[name]}; write {SENT_AS[name]}")
    return name


def _exists(modifiers: list[str], last: str, base: str) -> bool:
    if not set(modifiers) <= set(MODIFIERS) or len(set(modifiers)) < len(modifiers):
        return False
    if "ctrl" in modifiers and base != base.lower():
        return False
    return bool(base) if len(last) == 1 else base in NAMES


def _hint(modifiers: list[str], last: str) -> str:
    parts = [*(_nearest(part, MODIFIERS) for part in modifiers), _nearest(last, NAMES)]
    return f"; did you mean {'+'.join(parts)}?" if all(parts) else ""


def _nearest(written: str, names: tuple[str, ...]) -> str:
    if len(written) == 1 and names is NAMES:
        return written.lower() if written.isalnum() else ""
    return next(iter(difflib.get_close_matches(written.lower(), names, n=1)), "")


def _shown(written: str) -> str:
    return visible(written[:40]) or '""'
