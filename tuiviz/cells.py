"""Text in columns: what is cut or filled to so many cells, and bars."""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import cell_len, chop_cells, set_cell_size

from tuiviz.glyphs import SIGNS

_NARROW = SIGNS | frozenset(map(chr, range(0x20, 0x7F)))
"""Characters that take one cell in any company: such a text is cut like any string."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"


def bar(part: float, width: int) -> str:
    """A bar of so many cells for 1, in eighths of a cell; something for everything above 0."""
    if not (part > 0 and width > 0):
        return ""
    eighths = 8 * width if part >= 1 else max(1, round(part * 8 * width))
    full, rest = divmod(eighths, 8)
    return "█" * full + _EIGHTHS[rest].strip()


def level(part: float) -> str:
    """A single cell filled to a part of 1."""
    if not part > 0:
        return " "
    return _LEVELS[min(len(_LEVELS) - 1, int(part * len(_LEVELS)))]


@lru_cache(maxsize=4096)
def cells(text: str) -> int:
    """How many cells a text takes."""
    # Rich looks each character up in a large table; for our own signs it is not even loaded.
    return len(text) if _NARROW.issuperset(text) else cell_len(text)


_NUMBER = re.compile(r"[-−+]?(?:\d[\d.,]*|\.\d+)(?:e[-+]?\d*)?|₋?[₀-₉]+")


def fitted(text: str, width: int) -> str:
    """The text in exactly so many cells, cut with an … if it is longer.

    A number is shown whole or not at all: a part of it would be another number.
    """
    size = cells(text)
    if size <= width:
        return text + " " * (width - size)
    narrow = _NARROW.issuperset(text)
    kept = text[: max(0, width - 1)] if narrow else set_cell_size(text, max(0, width - 1))
    for number in _NUMBER.finditer(text):
        if number.start() < len(kept) < number.end():
            kept = text[: number.start()]
        if number.end() > len(kept):
            break
    made = kept.rstrip() + "…"
    return made.ljust(width)[:width] if narrow else set_cell_size(made, width)


def cut(text: str, width: int) -> str:
    """The text in at most so many cells, not filled."""
    return text if cells(text) <= width else fitted(text, width)


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of at most so many cells, broken between words, and in a longer word."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and cells(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines += chop_cells(word, max(2, width)) or [""]
    return lines


def right(text: str, width: int) -> str:
    """The text at the right of so many cells."""
    size = cells(text)
    return " " * (width - size) + text if size <= width else fitted(text, width)
