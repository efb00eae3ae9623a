"""The triangle of (t, k): how often a gradient counts each term; wrong ones are loud."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.style import Style
from rich.text import Text

from core.coefficients import Coefficients

_CALM, _LOUD, _OPEN = Style(dim=True), Style(bold=True, color="red"), Style(color="yellow")
_RIGHT = 1e-3  # a coefficient this near to 1 is right
_WIDEST = 96

MUCH = 1e-3
"""Of a gradient: if a fit leaves more, the terms themselves are wrong."""

OTHER = "×"
"""A term that is no multiple of the right one."""
UNDETERMINED = "?"


def worth_seeing(found: Coefficients) -> bool:
    """Whether any term is not the right one, counted once."""
    lower = np.tri(len(found.values), dtype=bool)
    return bool((found.other | (lower & ~(np.abs(found.values - 1) < _RIGHT))).any())


def triangle(found: Coefficients) -> Iterator[Text]:
    """A line for each t, a column for each k, and lines that say what is to be seen."""
    steps = len(found.values)
    cells = [[_cell(found, t, k) for k in range(steps)] for t in range(steps)]
    width = 1 + max(len(str(steps - 1)), *(len(text) for row in cells for text, _ in row))
    if steps * width > _WIDEST - 6:
        cells = [[(_mark(text), style) for text, style in row] for row in cells]
        width = 1 + len(str(steps - 1))
    yield Text("  t\\k ".rjust(6)) + Text("".join(str(k).rjust(width) for k in range(steps)))
    for t, row in enumerate(cells):
        line = Text(f"{t}".rjust(5) + " ")
        for text, style in row:
            line.append(text.rjust(width), style)
        line.rstrip()
        yield line
    yield from _legend(found, {text for row in cells for text, _ in row})


def _cell(found: Coefficients, t: int, k: int) -> tuple[str, Style]:
    if found.other[t, k]:
        return OTHER, _LOUD
    if k > t:
        return "", _CALM
    value = found.values[t, k]
    if np.isnan(value):
        return UNDETERMINED, _OPEN
    return _short(float(value)), _CALM if abs(value - 1) < _RIGHT else _LOUD


def _short(value: float) -> str:
    text = f"{value:.2g}" if abs(value) < 100 else f"{value:.0e}"
    if abs(value - round(value)) < _RIGHT:
        text = f"{value:.0f}" if abs(value) < 1000 else text
    return text.replace("-0.", "-.").removeprefix("0") if "." in text else text.replace("-0", "0")


def _mark(text: str) -> str:
    return text if text in ("", "0", "1", OTHER, UNDETERMINED) else "~"


def _legend(found: Coefficients, shown: set[str]) -> Iterator[Text]:
    said = ["1 is right"]
    if OTHER in shown:
        said.append(f"{OTHER} no multiple of the right term")
    if "~" in shown:
        said.append("~ a number that is neither 0 nor 1")
    if UNDETERMINED in shown:
        said.append(f"{UNDETERMINED} not determined")
    yield Text("      " + ", ".join(said), _CALM)
    if found.residual > MUCH:
        yield Text(
            f"      the best fit; it leaves {100 * found.residual:.2g} % unexplained: "
            "these are not the right terms, counted differently"
        )
    if found.nullity:
        yield Text(
            f"      the terms depend on each other in {found.nullity} dimensions: "
            "other coefficients fit as well"
        )
