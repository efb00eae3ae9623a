"""The Jacobian ∂s_k/∂s_{k−1} of a step: what makes a gradient shrink or grow there."""

from __future__ import annotations

import math

from rich.style import Style

from core.symbols import subscript
from tuiviz.cells import bar, fitted, right
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.spectrum import passage
from tuiviz.numbers import number
from tuiviz.screen.drawing import Line, Room, line

_ROUNDING = 1e-12
"""Of 1: so near, the norm of a matrix that keeps lengths is 1."""


def jacobian(debugger: Debugger, room: Room) -> list[Line]:
    """Norm, spectral radius, the bound ‖W‖·max f′, and the singular values as bars."""
    found, palette = passage(debugger.session), room.palette
    if found is None:
        return [line("H is too large to work this out at each key", palette.dim)]
    digits = debugger.look.digits
    largest = found.jacobian.norm
    said, style = _effect(largest, room)
    facts = (
        ("‖·‖₂", f"{number(largest, digits)}  {said}"),
        ("radius", number(found.jacobian.radius, digits)),
        ("‖W‖₂", f"{number(found.of_W, digits)}  max f′ {number(found.steepest, digits)}"),
    )
    made = [line(fitted(f"{name:>7} {text}", room.width)) for name, text in facts]
    made[0].pieces[0] = (made[0].text, style)
    width = max(1, room.width - 17)
    singular, left = found.jacobian.singular, room.height - len(made)
    fit = len(singular) if len(singular) <= left else max(0, left - 1)
    for i, value in enumerate(singular[:fit]):
        part = float(value) / max(largest, 1.0) if largest > 0 else 0.0
        drawn = line(right(f"σ{subscript(i)}", 7) + right(number(float(value), digits), 9) + " ")
        made.append(drawn.add(bar(part, width), palette.symbol))
    if more := len(singular) - fit:
        rest = f"… {more} more, the smallest {number(float(singular[-1]), digits)}"
        made.append(line(fitted(rest, room.width), palette.dim))
    return made[: room.height]


def _effect(largest: float, room: Room) -> tuple[str, Style]:
    """What a matrix with this ‖·‖₂ does to the length of a vector."""
    if math.isnan(largest):
        return "", room.palette.warning
    if abs(largest - 1) < _ROUNDING:
        return "keeps or shrinks", room.palette.good
    if largest > 1:
        return "can grow", room.palette.warning
    return "shrinks any vector", room.palette.good


def title(debugger: Debugger) -> str:
    """∂s₂/∂s₁"""
    step = debugger.session.position.step
    return f"jacobian: ∂s{subscript(step)}/∂s{subscript(step - 1)}"
