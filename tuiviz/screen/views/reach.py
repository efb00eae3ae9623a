"""How far errors reach: the triangle of ‖∂E_t/∂s_k‖, and its fall over the lag t − k."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from rich.style import Style

from core.symbols import subscript
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.reach import Grid, grid
from tuiviz.numbers import number
from tuiviz.screen.cells import fitted, right
from tuiviz.screen.drawing import Line, Room, line

_SIDE = 5
_SHADES = " ░▒▓█"
_DECADES = 6
"""Decades below the largest that have shades of their own."""


def triangle(debugger: Debugger, room: Room) -> list[Line]:
    """A row for each E_t, a column for each step k; the shade is log₁₀‖∂E_t/∂s_k‖.

    Dots: dropped by the truncation.
    """
    wide = max(1, (room.width - _SIDE) // 2)
    of = grid(debugger.session.steps, room.height - 1, wide)
    cell = max(1, min(4, (room.width - _SIDE) // of.columns))
    logs = debugger.triangle(of)
    if logs is None:
        return [line("working it out …", room.palette.dim)]
    finite = logs[np.isfinite(logs)]
    top = float(finite.max()) if finite.size else 0.0
    at = debugger.cell
    rows = [
        _row(debugger, room, of, row, logs[row], top, cell, at) for row in range(len(of.errors))
    ]
    return [*rows, line(fitted(_legend(debugger, of, logs), room.width), room.palette.dim)]


def _row(
    debugger: Debugger, room: Room, of: Grid, row: int, logs: Any, top: float, cell: int, at: Any
) -> Line:
    t, palette = of.errors[row], room.palette
    session = debugger.session
    selected = of.row(session.error) == row
    name = right(f"E{subscript(t)} ", _SIDE)
    made = line(name, palette.selected if selected else palette.dim, f"error {t}")
    truncation = session.problem.truncation
    kept_from = truncation.first(t, session.steps) if truncation else 0
    for column in range(of.columns):
        if of.edges[column] > t:
            break
        k = min(of.edges[column + 1] - 1, t)
        here = (of.row(at[0]), of.column(at[1])) == (row, column)
        shade, style = _shade(logs[column], top, palette)
        if k < kept_from:
            shade, style = "·", palette.dim
        text = shade * cell
        if here:
            text, style = ("×" + shade * (cell - 1))[:cell], palette.current
        made.add(text, style, f"cell {t} {k}")
    return made


def _shade(log: float, top: float, palette: Any) -> tuple[str, Style]:
    if np.isnan(log):
        return "?", palette.dim
    if log == -np.inf:
        return " ", palette.dim
    part = max(0.0, 1 + (log - top) / _DECADES) if np.isfinite(log) else 1.0
    glyph = _SHADES[max(1, min(4, 1 + int(part * 4)))] if part > 0 else "."
    return glyph, palette.positive[min(4, int(part * 5))] if np.isfinite(log) else palette.warning


def _legend(debugger: Debugger, of: Grid, logs: Any) -> str:
    t, k = debugger.cell
    log = debugger.log_reach(t)[k]
    size = "0" if log == -np.inf else number(10**log) if -300 < log < 300 else f"1e{log:.0f}"
    text = f"‖∂E{subscript(t)}/∂s{subscript(k)}‖ {size}"
    if len(of.errors) < debugger.session.steps:
        text += f"  binned: 1 row of {debugger.session.steps / len(of.errors):.0f} errors"
    if np.isnan(logs).any():
        done = int((~np.isnan(logs).any(axis=1)).sum())
        text += f"  {100 * done // len(of.errors)} %"
    return text


def decay(debugger: Debugger, room: Room) -> list[Line]:
    """log₁₀‖∂E_t/∂s_k‖ of the selected error over the lag t − k: a column for each bin of lags."""
    logs = debugger.log_reach(debugger.session.error)[::-1]
    width, height = max(1, room.width - 7), max(1, room.height - 1)
    edges = np.linspace(0, len(logs), min(width, len(logs)) + 1).round().astype(int)
    means = [_highest(logs[a:b]) for a, b in pairwise(edges.tolist())]
    finite = [m for m in means if np.isfinite(m)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    low, high = float(np.floor(low)), float(max(np.ceil(high), np.floor(low) + 1))
    cell = max(1, min(6, width // len(means)))
    at = debugger.cell
    lag = at[0] - at[1]
    column = int(np.searchsorted(edges, lag, side="right")) - 1
    rows = []
    for row in range(height):
        label = high - (high - low) * row / max(1, height - 1)
        name = f"{10.0**label:.1g}" if row in (0, height - 1, height // 2) else ""
        made = line(right(name, 6) + "│", room.palette.dim)
        for i, mean in enumerate(means):
            part = (mean - low) / (high - low) * height - (height - 1 - row)
            glyph = _filled(part) if np.isfinite(mean) else " "
            style = room.palette.selected if i == column else room.palette.symbol
            t = debugger.session.error
            made.add(glyph * cell, style, f"cell {t} {max(0, t - int(edges[i]))}")
        rows.append(made)
    axis = f"lag t − k: 0 … {len(logs) - 1}"
    if len(means) < len(logs):
        axis += f", the largest of {len(logs) / len(means):.0f}"
    return [*rows, line(fitted(right("", 7) + axis, room.width), room.palette.dim)]


def _highest(part: Any) -> float:
    return float(part.max()) if part.size else float("-inf")


def _filled(part: float) -> str:
    return " ▁▂▃▄▅▆▇█"[max(0, min(8, round(part * 8)))]


def triangle_title(debugger: Debugger) -> str:
    """‖∂E_t/∂s_k‖"""
    return "reach: ‖∂Eₜ/∂sₖ‖, row t, column k"


def decay_title(debugger: Debugger) -> str:
    """Which error's."""
    return f"decay: ‖∂E{subscript(debugger.session.error)}/∂sₖ‖ over the lag"
