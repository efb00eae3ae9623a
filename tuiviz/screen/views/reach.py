"""How far errors reach: the triangle of ‖∂E_t/∂s_k‖, and its fall over the lag t − k."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from rich.style import Style

from core.symbols import subscript
from tuiviz.cells import cut, right
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.reach import Grid, grid
from tuiviz.numbers import power_of_ten
from tuiviz.screen.drawing import Line, Room, hidden, line, whole
from tuiviz.screen.palette import Palette
from tuiviz.screen.plot import Curve, bins, plot

_KEPT, _DROPPED = ".░▒▓█", "⠁⠂⠒⠶⠿"
"""Sizes from below all shades to the largest: of terms, and of those that a truncation drops."""


_DECADES = 6
"""Decades below the largest that have shades of their own."""


def triangle(debugger: Debugger, room: Room) -> list[Line]:
    """A row for each E_t, a column for each step k; the shade is log₁₀‖∂E_t/∂s_k‖.

    In dots where the truncation drops the term.
    """
    if debugger.question is not None:
        return hidden(room)
    wide = max(1, (room.width - _side(debugger)) // 2)
    of = grid(debugger.session.steps, room.height - 1, wide)
    logs = debugger.triangle(of)
    if logs is None:
        return [line("working it out …", room.palette.dim)]
    cell = max(1, min(4, (room.width - _side(debugger)) // of.columns))
    finite = logs[np.isfinite(logs)]
    top = float(finite.max()) if finite.size else 0.0
    chosen = _chosen(logs, top, len(room.palette.sizes)).tolist()
    chosen += [[_UNKNOWN] * of.columns] * (len(of.errors) - len(logs))
    rows = [_row(debugger, room, of, row, numbers, cell) for row, numbers in enumerate(chosen)]
    return [*rows, line(whole(_legend(debugger, of, logs), room.width), room.palette.dim)]


def _side(debugger: Debugger) -> int:
    """Cells of the name of a row."""
    return max(5, len(f"E{debugger.session.steps - 1} "))


def _row(debugger: Debugger, room: Room, of: Grid, row: int, numbers: list[int], cell: int) -> Line:
    """The row of an E_t from the numbers of its shades, up to the cell of step t."""
    t, palette, session = of.errors[row], room.palette, debugger.session
    name = right(f"E{subscript(t)} ", _side(debugger))
    own = of.row(session.error) == row
    made = line(name, palette.selected if own else palette.dim, f"error {t}")
    steps = [min(end - 1, t) for end in of.edges[1 : of.column(t) + 2]]
    truncation = session.problem.truncation
    kept_from = truncation.first(t, session.steps) if truncation else 0
    kept, dropped = _shades(palette)
    shades = [
        (kept if k >= kept_from else dropped)[number]
        for k, number in zip(steps, numbers, strict=False)
    ]
    pieces = [(glyph * cell, style) for glyph, style in shades]
    looked_at, step = debugger.cell
    if of.row(looked_at) == row:
        at = of.column(step)
        glyphs, style = pieces[at]
        pieces[at : at + 1] = [("×", palette.current), (glyphs[1:], style)]
    return made.add_all(pieces, lambda x: f"cell {t} {steps[x // cell]}")


_Shades = list[tuple[str, Style]]

_UNKNOWN, _NAN, _ZERO, _SMALL, _INFINITE, _SIZED = range(6)
"""Where in a list of shades each is; from the last on there is one for each glyph and colour."""


@cache
def _shades(palette: Palette) -> tuple[_Shades, _Shades]:
    """What a cell may be drawn with: of a term, and of one that a truncation drops."""
    return _with(_KEPT, palette.sizes, palette), _with(
        _DROPPED, (palette.dim,) * len(palette.sizes), palette
    )


def _with(glyphs: str, colours: Sequence[Style], palette: Palette) -> _Shades:
    unknown, zero, nan = ("?", palette.dim), (" ", palette.dim), ("N", palette.warning)
    small, infinite = (glyphs[0], colours[0]), (glyphs[-1], palette.warning)
    sized = [(glyph, colour) for glyph in glyphs[1:] for colour in colours]
    return [unknown, nan, zero, small, infinite, *sized]


def _chosen(logs: Any, top: float, colours: int) -> Any:
    """Which of the shades each cell has: (rows, columns)."""
    part = np.where(np.isfinite(logs), 1 + (logs - top) / _DECADES, 0.0)
    glyphs = len(_KEPT) - 1
    glyph = (part * glyphs).astype(int).clip(0, glyphs - 1)
    colour = (part * colours).astype(int).clip(0, colours - 1)
    found = np.where(part > 0, _SIZED + glyph * colours + colour, _SMALL)
    found[np.isnan(logs)] = _NAN
    found[np.isneginf(logs)] = _ZERO
    found[np.isposinf(logs)] = _INFINITE
    return found


def _legend(debugger: Debugger, of: Grid, logs: Any) -> str:
    t, k = debugger.cell
    log = debugger.log_reach(t)[k]
    parts = [f"‖∂E{subscript(t)}/∂s{subscript(k)}‖ {power_of_ten(log)}"]
    steps, truncation = debugger.session.steps, debugger.session.problem.truncation
    if truncation and not truncation.keeps(t, k, steps):
        parts[0] += " dropped"
    if len(logs) < len(of.errors):
        parts.append(f"{100 * len(logs) // len(of.errors)} %")
    if len(of.errors) < steps:
        parts.append(f"{steps / len(of.errors):.0f} Eₜ a row")
    if of.columns < steps:
        parts.append(f"max of {steps / of.columns:.0f} k")
    return "  ".join(parts)


def decay(debugger: Debugger, room: Room) -> list[Line]:
    """log₁₀‖∂E_t/∂s_k‖ of the selected error over the lag t − k."""
    if debugger.question is not None:
        return hidden(room)
    t, (at, k) = debugger.session.error, debugger.cell
    logs = debugger.log_reach(t)[::-1]
    finite = logs[np.isfinite(logs)]
    if not finite.size:
        said = "all zero" if np.isneginf(logs).all() else "no number: NaN or inf"
        return [line(cut(said, room.width), room.palette.warning)]
    high = float(np.ceil(finite.max()))
    # An even number of decades: the middle of the axis is one, too.
    low = high - 2 * max(1, math.ceil((high - np.floor(finite.min())) / 2))
    curve = Curve(
        logs,
        label=_label,
        click=lambda lag: f"cell {t} {t - lag}",
        marked=at - k if at == t else None,
    )
    inner = Room(room.width, room.height - 1, room.palette)
    notes = [f"lag t − k: 0 … {len(logs) - 1}"]
    if (several := bins(curve, inner, low, high)) > 1:
        notes.append(f"max of {several:.0f}")
    if broken := int((np.isnan(logs) | (logs == np.inf)).sum()):
        notes.append(f"{broken} not finite")
    drawn = plot(curve, inner, low, high)
    return [*drawn, line(whole("  ".join(notes), room.width), room.palette.dim)]


def _label(log: float) -> str:
    """A decade; nothing between two."""
    return f"1e{log:.0f}" if log == round(log) else ""


def triangle_title(debugger: Debugger) -> str:
    """‖∂E_t/∂s_k‖"""
    return "reach: ‖∂Eₜ/∂sₖ‖ (t, k)"


def triangle_subtitle(debugger: Debugger) -> str:
    """What the dots are, where there are any."""
    return f"{_DROPPED[3]} dropped" if debugger.session.problem.truncation else ""


def decay_title(debugger: Debugger) -> str:
    """Which error's."""
    return f"decay: ‖∂E{subscript(debugger.session.error)}/∂sₖ‖ by lag"
