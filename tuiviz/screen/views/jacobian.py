"""The Jacobian ∂s_k/∂s_{k−1} of a step: what makes a gradient shrink or grow there."""

from __future__ import annotations

from core.symbols import subscript
from tuiviz.cells import bar, fitted, right
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.spectrum import passage
from tuiviz.numbers import number
from tuiviz.screen.drawing import Line, Room, line


def jacobian(debugger: Debugger, room: Room) -> list[Line]:
    """Norm, spectral radius, the bound ‖W‖·max f′, and the singular values as bars."""
    found, palette = passage(debugger.session), room.palette
    if found is None:
        return [line("H is too large to work this out at each key", palette.dim)]
    digits = debugger.look.digits
    largest = found.jacobian.norm
    grows = largest > 1
    facts = (
        ("‖·‖₂", f"{number(largest, digits)}  {'can grow' if grows else 'shrinks any vector'}"),
        ("radius", number(found.jacobian.radius, digits)),
        ("‖W‖₂", f"{number(found.of_W, digits)}  max f′ {number(found.steepest, digits)}"),
    )
    made = [line(fitted(f"{name:>7} {text}", room.width)) for name, text in facts]
    made[0].pieces[0] = (made[0].text, palette.warning if grows else palette.good)
    width = max(1, room.width - 17)
    for i, value in enumerate(found.jacobian.singular[: room.height - len(made)]):
        part = float(value) / max(largest, 1.0) if largest > 0 else 0.0
        drawn = line(right(f"σ{subscript(i)}", 7) + right(number(float(value), digits), 9) + " ")
        made.append(drawn.add(bar(part, width), palette.symbol))
    return made


def title(debugger: Debugger) -> str:
    """∂s₂/∂s₁"""
    step = debugger.session.position.step
    return f"jacobian: ∂s{subscript(step)}/∂s{subscript(step - 1)}"
