"""Numbers and bars as text, in columns of fixed width."""

from __future__ import annotations

import math

from rich.cells import cell_len, set_cell_size

WIDTH = 8
"""Cells that a number of `number` takes at most: -1.0e-300."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"


def number(value: float, digits: int = 4) -> str:
    """A number as a person reads it: .1502, -12.35, 3.1e-05, 1.0e-300, 0, NaN, inf.

    Only an exact zero is written 0.
    """
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:f}"
    size = abs(value)
    if not 10.0 ** (2 - digits) <= size < 1e4:
        return f"{value:.1e}"
    decimals = max(0, digits - max(0, math.floor(math.log10(size)) + 1))
    text = f"{value:.{decimals}f}"
    return text.replace("0.", ".", 1) if size < 1 and not text.lstrip("-").startswith("1") else text


def short(value: float) -> str:
    """A number for the cell of a matrix, six characters or, rarely, seven: -.0064, 9e-05."""
    size = abs(value)
    if value == 0 or not math.isfinite(value) or 1 <= size < 999.5:
        return number(value, 3)
    if 0.0005 <= size < 1:
        text = f"{value:.4f}"
        return text if text.lstrip("-").startswith("1") else text.replace("0.", ".", 1)
    return f"{value:.0e}"


def percent(share: float) -> str:
    """A share as 12.3 %."""
    if math.isnan(share):
        return "–"
    return f"{100 * share:.1f} %" if abs(share) < 100 else f"{100 * share:.1e} %"


def bar(part: float, width: int) -> str:
    """A bar of so many cells for 1, in eighths of a cell; something for everything above 0."""
    if not part > 0:
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
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, max(0, width - 1)).rstrip() + "…", width)


def right(text: str, width: int) -> str:
    """The text at the right of so many cells."""
    return " " * max(0, width - cell_len(text)) + fitted(text, min(width, cell_len(text)))
