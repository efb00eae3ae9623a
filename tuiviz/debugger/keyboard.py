"""The actions with the keys that they have: those of the table, or those of a configuration."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from core.records import Record
from tuiviz.debugger.actions import ACTIONS, Action

if TYPE_CHECKING:
    from tuiviz.debugger.keymap import Keys

_MENTION = re.compile(r"\{([a-zA-Z-]+)\}")


class Keyboard(Record, eq=False):
    """Whatever shows a key takes it from here: footer, help, hints and messages."""

    actions: tuple[Action, ...] = ACTIONS

    @cached_property
    def _of_key(self) -> dict[str, Action]:
        return {key: action for action in self.actions for key in action.keys}

    @cached_property
    def _of_id(self) -> dict[str, Action]:
        return {action.id: action for action in self.actions}

    def pressed(self, names: Iterable[str]) -> Action | None:
        """The action of a key that has these names."""
        return next((self._of_key[name] for name in names if name in self._of_key), None)

    def by_key(self, shown: str) -> Action | None:
        """The action whose key is shown so: n, [, Home; or the Korean letter beside it, ㅜ."""
        found = (each for each in self.actions if shown and shown in (each.shown, *each.keys))
        return next(found, None)

    def with_keys(self, text: str) -> str:
        """A text that names actions, as in `{step} goes on a line`, with their keys.

        An action without a key is typed after a colon: `:step goes on a line`.
        """
        return _MENTION.sub(lambda found: self._shown(found[1]), text)

    def _shown(self, name: str) -> str:
        action = self._of_id[name]
        return action.shown or f":{action.typed}"

    def in_footer(self, rank: int) -> list[tuple[str, list[Action]]]:
        """(label, actions) up to a rank; those with the same label stand together."""
        labelled = [
            action
            for action in self.actions
            if action.label and action.shown and action.rank <= rank
        ]
        return [(label, list(group)) for label, group in groupby(labelled, lambda each: each.label)]


DEFAULT = Keyboard()
"""The keys that the table of actions gives."""


def keyboard(keys: Keys) -> Keyboard:
    """The actions with other keys, by the identifiers of the actions."""
    return Keyboard(tuple(_with(action, keys[action.id]) for action in ACTIONS))


def _with(action: Action, keys: tuple[str, ...]) -> Action:
    if keys == action.keys:
        return action
    from tuiviz.debugger.keynames import key_shown

    return replace(action, keys=keys, shown=key_shown(keys[0]) if keys else "")
