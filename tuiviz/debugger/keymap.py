"""A person's configuration, config.toml: keys for actions, and a few settings.

    ascii = true
    theme = "nord"
    precision = 4

    [keys]
    step = ["n", "space"]
    quit = "ctrl+q"

What cannot be used is a warning, and the rest counts.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.records import Record
from tuiviz.debugger.keynames import key_name
from tuiviz.files.disk import reading, shown
from tuiviz.files.folders import config_folder
from tuiviz.files.visible import visible

LIMIT = 2**16
"""The largest configuration that is read, in bytes."""

Keys = Mapping[str, tuple[str, ...]]
"""The keys of each action, by Textual's names of keys."""

_SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "ascii": (lambda value: isinstance(value, bool), "true or false"),
    "theme": (lambda value: isinstance(value, str), "a name in quotes"),
    "precision": (
        lambda value: type(value) is int and 2 <= value <= 12,
        "a whole number from 2 to 12",
    ),
}


class Settings(Record):
    """`keys` has every action; a setting that is not given is None."""

    keys: Keys
    ascii: bool | None = None
    theme: str | None = None
    precision: int | None = None


def read_settings(defaults: Keys) -> tuple[Settings, list[str]]:
    """The settings of config.toml, and a warning for each thing in it that cannot be used.

    `defaults` has the keys of every action. A key that is given to an action is taken from the
    action that had it; given twice, it stays with the first. Without a file the defaults stand.
    """
    try:
        path = config_folder() / "config.toml"
        found = _read(path)
    except InputError as error:
        missing = isinstance(error.__cause__, FileNotFoundError)
        return Settings(_resolved({}, defaults, [])), [] if missing else [str(error)]
    reasons: list[str] = []
    keys = _resolved(_chosen(found.pop("keys", {}), defaults, reasons), defaults, reasons)
    settings = Settings(keys, **_plain(found, reasons))
    # The whole path once: a screen has two lines for all of them.
    places = [shown(path), *[path.name] * len(reasons)]
    return settings, [f"{place}: {reason}" for place, reason in zip(places, reasons, strict=False)]


def _read(path: Path) -> dict[str, Any]:
    with reading(path, limit=LIMIT) as file:
        content = file.read(LIMIT + 1)
    import tomllib  # here: 10 ms of start that a person without a configuration does not need

    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # of TOML, UTF-8, or a number too long to read
        raise InputError(f"{shown(path)}: cannot be read: {visible(str(error))}") from error


def _plain(found: Mapping[str, Any], reasons: list[str]) -> dict[str, Any]:
    """The settings that are given and can be used."""
    usable = {}
    for name, value in found.items():
        if name not in _SETTINGS:
            reasons.append(f"no setting {_named(name, [*_SETTINGS, 'keys'])}")
        elif not _SETTINGS[name][0](value):
            reasons.append(f"{name}: expected {_SETTINGS[name][1]}")
        else:
            usable[name] = value
    return usable


def _chosen(table: Any, defaults: Keys, reasons: list[str]) -> dict[str, list[str]]:
    """The keys that the table [keys] gives to each action, those that exist."""
    if not isinstance(table, dict):
        reasons.append('keys: expected a table, as in [keys] and below it step = ["n"]')
        return {}
    chosen = {}
    for action, written in table.items():
        listed = [written] if isinstance(written, str) else written
        if action not in defaults:
            reasons.append(f"no action {_named(action, defaults)}")
        elif not isinstance(listed, list) or not all(isinstance(key, str) for key in listed):
            reasons.append(f'keys.{action}: expected keys in quotes, as in ["n", "space"]')
        else:
            keys = list(_existing(action, listed, reasons))
            if keys or not listed:  # [] takes all keys away; a slip takes none
                chosen[action] = keys
    return chosen


def _existing(action: str, listed: Iterable[str], reasons: list[str]) -> Iterator[str]:
    for written in listed:
        try:
            yield key_name(written)
        except InputError as error:
            reasons.append(f"keys.{action}: {error}")


def _resolved(chosen: Mapping[str, list[str]], defaults: Keys, reasons: list[str]) -> Keys:
    """The keys of every action, none of them twice; what is chosen goes before the defaults."""
    owner: dict[str, str] = {}
    for action, keys in chosen.items():
        for key in keys:
            if owner.setdefault(key, action) != action:
                reasons.append(f"keys.{action}: {key} is the key of {owner[key]} already")
    for action in defaults:
        if action in chosen:
            continue
        for key in map(key_name, defaults[action]):
            if owner.setdefault(key, action) != action:
                reasons.append(f"keys.{owner[key]}: {key} is taken from {action}")
    return {
        action: tuple(key for key, owned_by in owner.items() if owned_by == action)
        for action in defaults
    }


def _named(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return visible(name[:40]) + (f"; did you mean {near[0]}?" if near else "")
