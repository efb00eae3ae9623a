"""The triangle of (t, k): how often a gradient counts each term. What draws it may colour it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.diagnosis.coefficients import Coefficients
from core.records import Record

CALM, LOUD, OPEN = "calm", "loud", "open"
"""How a piece is to look: a term that is right, one that is wrong, one that cannot be told."""

_RIGHT = 1e-3  # a coefficient this near to 1 is right
_WIDEST = 96

MUCH = 1e-3
"""Of a gradient: if a fit leaves more, the terms themselves are wrong."""

OTHER = "×"
"""A term that is no multiple of the right one."""
UNDETERMINED = "?"


class Piece(Record):
    """A part of a line, and how it is to look."""

    text: str
    look: str = CALM


def worth_seeing(found: Coefficients) -> bool:
    """Whether any term is not the right one, counted once."""
    lower = np.tri(len(found.values), dtype=bool)
    return bool((found.other | (lower & ~(np.abs(found.values - 1) < _RIGHT))).any())


_TITLE = "  how often each term (t, k) of ∂E/∂W is counted: E at step t, sent back to step k"


def triangle(found: Coefficients) -> Iterator[list[Piece]]:
    """A title, a line for each t, a column for each k, and lines that say what is to be seen."""
    steps = len(found.values)
    cells = [[_cell(found, t, k) for k in range(steps)] for t in range(steps)]
    width = 1 + max(len(str(steps - 1)), *(len(cell.text) for row in cells for cell in row))
    if steps * width > _WIDEST - 6:
        cells = [[Piece(_mark(cell.text), cell.look) for cell in row] for row in cells]
        width = 1 + len(str(steps - 1))
    yield [Piece(_TITLE)]
    yield [Piece("  t\\k " + "".join(str(k).rjust(width) for k in range(steps)))]
    for t, row in enumerate(cells):
        last = max(k for k in range(steps) if row[k].text)
        yield [
            Piece(f"{t:5} "),
            *(Piece(cell.text.rjust(width), cell.look) for cell in row[: last + 1]),
        ]
    yield from _legend(found, {cell.text for row in cells for cell in row})


def _cell(found: Coefficients, t: int, k: int) -> Piece:
    if found.other[t, k]:
        return Piece(OTHER, LOUD)
    if k > t:
        return Piece("")
    value = found.values[t, k]
    if np.isnan(value):
        return Piece(UNDETERMINED, OPEN)
    return Piece(_short(float(value)), CALM if abs(value - 1) < _RIGHT else LOUD)


def _short(value: float) -> str:
    if abs(value - round(value)) < _RIGHT and abs(value) < 1000:
        return str(round(value))
    text = f"{value:.2g}" if 0.005 < abs(value) < 100 else f"{value:.0e}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def _mark(text: str) -> str:
    return text if text in ("", "0", "1", OTHER, UNDETERMINED) else "~"


def _legend(found: Coefficients, shown: set[str]) -> Iterator[list[Piece]]:
    said = ["1 is right"]
    if OTHER in shown:
        said.append(f"{OTHER} no multiple of the right term")
    if "~" in shown:
        said.append("~ a number that is neither 0 nor 1")
    if UNDETERMINED in shown:
        said.append(f"{UNDETERMINED} not determined")
    yield [Piece("      " + ", ".join(said))]
    if found.residual > MUCH:
        yield [
            Piece(
                f"      the best fit; it leaves {100 * found.residual:.2g} % unexplained: "
                "these are not the right terms, counted differently"
            )
        ]
    if found.nullity:
        yield [
            Piece(
                f"      the terms depend on each other in {found.nullity} dimensions: "
                "other coefficients fit as well"
            )
        ]
