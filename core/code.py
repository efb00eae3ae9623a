"""Python code that is written for a program, once, and then run for every sequence.

A schedule could be carried out operation by operation, with look-ups in between. Over the 25 steps
of a sentence that would take a sixth of the time; so the code that one would write by hand is
written: `core.forward` and `core.sweep` say how it reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from keyword import iskeyword
from typing import Any


class Words:
    """The identifiers of some code, no two the same; `meaning` has what those from outside are.

    `local` are identifiers that the code uses for itself.
    """

    def __init__(self, meaning: Mapping[str, Any], local: Iterable[str]) -> None:
        self.meaning = dict(meaning)
        self._taken = {*self.meaning, *local}
        self._known: dict[Any, str] = {}

    def new(self, wish: str) -> str:
        """An identifier like that."""
        fine = wish.isascii() and wish.isidentifier() and not iskeyword(wish)
        stem = wish if fine else "v"
        word = next(word for i in count() if (word := f"{stem}{i or ''}") not in self._taken)
        self._taken.add(word)
        return word

    def of(self, value: Any, wish: str) -> str:
        """The identifier of something from outside."""
        if value not in self._known:
            self._known[value] = self.new(wish)
            self.meaning[self._known[value]] = value
        return self._known[value]

    def functions(self, title: str, lines: Iterable[str]) -> Mapping[str, Any]:
        """What the code defines, by name."""
        code = compile("\n".join(lines), f"<{title}>", "exec")
        exec(code, self.meaning)  # noqa: S102  # made of our own words, none of them from a file
        return self.meaning


def indented(lines: Iterable[str], depth: int = 1) -> Iterator[str]:
    """Lines, so many levels deeper."""
    return ("    " * depth + line for line in lines)


def dictionary(items: Mapping[str, str]) -> str:
    """A dict of what some words stand for."""
    return "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"
