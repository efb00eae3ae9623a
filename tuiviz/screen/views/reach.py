"""How far errors reach: the triangle of ‖∂E_t/∂s_k‖, and its fall over the lag t − k."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.cells import cell_len
from rich.style import Style

from core.symbols import subscript
from tuiviz.cells import fitted, right
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.reach import Grid, grid
from tuiviz.numbers import number
from tuiviz.screen.drawing import Line, Room, line, whole
from tuiviz.screen.plot import Curve, bins, plot

_KEPT, _DROPPED = ".░▒▓█", "⠁⠂⠒⠶⠿"
"""Sizes from below all shades to the largest: of terms, and of those that a truncation drops."""

_AXIS = 7
_TINY = -300  # decades: below, a float cannot hold the size itself

_DECADES = 6
"""Decades below the largest that have shades of their own."""


def triangle(debugger: Debugger, room: Room) -> list[Line]:
    """A row for each E_t, a column for each step k; the shade is log₁₀‖∂E_t/∂s_k‖.

    In dots where the truncation drops the term.
    """
    wide = max(1, (room.width - _side(debugger)) // 2)
    of = grid(debugger.session.steps, room.height - 1, wide)
    logs = debugger.triangle(of)
    if logs is None:
        return [line("working it out …", room.palette.dim)]
    truncation = debugger.session.problem.truncation
    missing = int(np.isnan(logs[:, 0]).sum())
    key = ("triangle drawn", missing, debugger.session.error, debugger.cell, truncation, room)
    drawn: list[Line] = debugger.session.keep(key, lambda: _triangle(debugger, room, of, logs))
    return drawn


def _triangle(debugger: Debugger, room: Room, of: Grid, logs: Any) -> list[Line]:
    cell = max(1, min(4, (room.width - _side(debugger)) // of.columns))
    finite = logs[np.isfinite(logs)]
    top = float(finite.max()) if finite.size else 0.0
    t, k = debugger.cell
    at = (of.row(t), of.column(k))
    rows = [
        _row(debugger, room, of, row, logs[row].tolist(), top, cell, at)
        for row in range(len(of.errors))
    ]
    return [*rows, line(whole(_legend(debugger, of, logs), room.width), room.palette.dim)]


def _side(debugger: Debugger) -> int:
    """Cells of the name of a row."""
    return max(5, len(f"E{debugger.session.steps - 1} "))


def _row(
    debugger: Debugger,
    room: Room,
    of: Grid,
    row: int,
    logs: Sequence[float],
    top: float,
    cell: int,
    at: tuple[int, int],
) -> Line:
    t, palette = of.errors[row], room.palette
    session = debugger.session
    selected = of.row(session.error) == row
    name = right(f"E{subscript(t)} ", _side(debugger))
    made = line(name, palette.selected if selected else palette.dim, f"error {t}")
    truncation = session.problem.truncation
    kept_from = truncation.first(t, session.steps) if truncation else 0
    for column in range(of.columns):
        if of.edges[column] > t:
            break
        k = min(of.edges[column + 1] - 1, t)
        shade, style = _shade(logs[column], top, palette, k >= kept_from)
        text = shade * cell
        if (row, column) == at:
            text, style = ("×" + shade * (cell - 1))[:cell], palette.current
        made.add(text, style, f"cell {t} {k}")
    return made


def _shade(log: float, top: float, palette: Any, kept: bool) -> tuple[str, Style]:
    if math.isnan(log):
        return "?", palette.dim
    if log == -math.inf:
        return " ", palette.dim
    part = max(0.0, 1 + (log - top) / _DECADES) if math.isfinite(log) else 1.0
    glyph = (_KEPT if kept else _DROPPED)[min(4, 1 + int(part * 4)) if part > 0 else 0]
    if not math.isfinite(log):
        return glyph, palette.warning
    return glyph, palette.size(part) if kept else palette.dim


def _legend(debugger: Debugger, of: Grid, logs: Any) -> str:
    t, k = debugger.cell
    log = debugger.log_reach(t)[k]
    size = "0" if log == -np.inf else number(10**log) if _TINY < log < -_TINY else f"1e{log:.0f}"
    parts = [f"‖∂E{subscript(t)}/∂s{subscript(k)}‖ {size}"]
    steps, truncation = debugger.session.steps, debugger.session.problem.truncation
    if truncation and not truncation.keeps(t, k, steps):
        parts[0] += " dropped"
    if np.isnan(logs).any():
        done = int((~np.isnan(logs).any(axis=1)).sum())
        parts.append(f"{100 * done // len(of.errors)} %")
    if len(of.errors) < steps:
        parts.append(f"{steps / len(of.errors):.0f} Eₜ a row")
    return "  ".join(parts)


def decay(debugger: Debugger, room: Room) -> list[Line]:
    """log₁₀‖∂E_t/∂s_k‖ of the selected error over the lag t − k."""
    key = ("decay drawn", debugger.session.error, debugger.cell, room)
    drawn: list[Line] = debugger.session.keep(key, lambda: _decay(debugger, room))
    return drawn


def _decay(debugger: Debugger, room: Room) -> list[Line]:
    t, (at, k) = debugger.session.error, debugger.cell
    logs = debugger.log_reach(t)[::-1]
    finite = logs[np.isfinite(logs)]
    low = float(np.floor(finite.min())) if finite.size else 0.0
    high = max(float(np.ceil(finite.max())) if finite.size else 0.0, low + 1)
    curve = Curve(
        logs,
        label=lambda log: f"{10.0**log:.1g}" if log > _TINY else f"1e{log:.0f}",
        click=lambda lag: f"cell {t} {t - lag}",
        marked=at - k if at == t else None,
    )
    inner = Room(room.width, room.height - 1, room.palette)
    axis = f"lag t − k: 0 … {len(logs) - 1}"
    if bins(len(logs), inner) > 1:
        axis += f", max of {bins(len(logs), inner):.0f}"
    axis = " " * max(0, min(_AXIS, room.width - cell_len(axis))) + axis
    drawn = plot(curve, inner, low, high)
    return [*drawn, line(fitted(axis, room.width), room.palette.dim)]


def triangle_title(debugger: Debugger) -> str:
    """‖∂E_t/∂s_k‖"""
    return "reach: ‖∂Eₜ/∂sₖ‖ by t and k"


def triangle_subtitle(debugger: Debugger) -> str:
    """What the dots are, where there are any."""
    return f"{_DROPPED[3]} dropped" if debugger.session.problem.truncation else ""


def decay_title(debugger: Debugger) -> str:
    """Which error's."""
    return f"decay: ‖∂E{subscript(debugger.session.error)}/∂sₖ‖ by lag"
