"""Text in columns: what is cut or filled to so many cells, and bars."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size

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


def fitted(text: str, width: int) -> str:
    """The text in exactly so many cells, cut with an … if it is longer."""
    size = cell_len(text)
    if size <= width:
        return text + " " * (width - size)
    return set_cell_size(set_cell_size(text, max(0, width - 1)).rstrip() + "…", width)


def cut(text: str, width: int) -> str:
    """The text in at most so many cells, not filled."""
    return fitted(text, min(width, cell_len(text)))


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of at most so many cells, broken between words, and in a longer word."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and cell_len(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines += chop_cells(word, max(2, width)) or [""]
    return lines


def right(text: str, width: int) -> str:
    """The text at the right of so many cells."""
    return " " * max(0, width - cell_len(text)) + fitted(text, min(width, cell_len(text)))
