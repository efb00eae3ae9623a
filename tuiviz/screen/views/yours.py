"""A given gradient beside the right one: the verdict, and how often it counts each term."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tuiviz.cells import cut, wrapped
from tuiviz.debugger.debugger import Debugger
from tuiviz.numbers import number
from tuiviz.screen.drawing import Line, Room, line

if TYPE_CHECKING:
    from core.diagnosis.report import Report

_RIGHT = 1e-3  # a count so near to 1 is right


def yours(debugger: Debugger, room: Room) -> list[Line]:
    """The verdict, the norms of both, and the triangle of counts: row t, column k."""
    session, palette = debugger.session, room.palette
    report = session.problem.report
    if report is None:
        text = "No gradient was given: open a file that tuiviz check reads; tuiviz probe writes one"
        return [line(each, palette.dim) for each in wrapped(text, room.width)]
    from tuiviz.diagnosis.notation import Notation
    from tuiviz.diagnosis.words import summary

    verdict = summary(report, Notation(activation=session.problem.activation))
    calm = report.verdict in ("right", "convention")
    style = palette.good if calm else palette.warning
    made = [line(each, style) for each in wrapped(verdict, room.width)]
    for name, residual in report.residuals.items():
        mark = palette.selected if name == session.parameter else palette.plain
        off = f"off by {number(residual)} of its norm"
        said = "right" if residual <= report.tolerance else off
        made.append(line(cut(f"∂E/∂{name}: {said}", room.width), mark, f"gradient {name}"))
    return (made + _triangle(debugger, report, room))[: room.height]


def _triangle(debugger: Debugger, report: Report, room: Room) -> list[Line]:
    found = report.coefficients
    if found is None:
        return []
    cell = max(2, min(5, (room.width - 4) // len(found.values)))
    made = [line(cut("row t, column k: times counted", room.width), room.palette.dim)]
    for t, row in enumerate(found.values):
        drawn = line(f"{t:>3} ", room.palette.dim)
        for k in range(t + 1):
            wrong = bool(found.other[t, k])
            right = not wrong and abs(row[k] - 1) < _RIGHT
            text = "×" if wrong else "?" if np.isnan(row[k]) else f"{row[k]:.2g}"
            text = text if len(text) < cell else "~"
            here = (t, k) == debugger.cell
            style = room.palette.dim if right else room.palette.warning
            drawn.add(text.rjust(cell), room.palette.current if here else style, f"cell {t} {k}")
        made.append(drawn)
    return made


def title(debugger: Debugger) -> str:
    """The verdict in a word."""
    report = debugger.session.problem.report
    return f"yours: {report.verdict}" if report else "yours"


def subtitle(debugger: Debugger) -> str:
    """The keys that lead on from here."""
    facts = "{first-difference} first wrong  {yours} side by side"
    return debugger.keyboard.with_keys(facts) if debugger.session.problem.report else ""
