"""Gradients that are right, but of another forward pass than the one that was described."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from core import ops
from core.diagnosis.loop import Gradient
from core.diagnosis.ruler import Ruler
from core.tape import Tape, record


def other_forward(tape: Tape, given: Gradient, ruler: Ruler) -> str:
    """What such a forward pass does, "starts from s₋₁ = 0" perhaps; "" if there is none.

    The initial state, the activation, or a bias may be another. ruler: of the tape itself.
    """
    for says, other in _others(tape):
        gradient = other.gradient()
        if ruler.same(given, {name: getattr(gradient, name) for name in given}):
            return says
    return ""


def _others(tape: Tape) -> Iterator[tuple[str, Tape]]:
    theta, x, y = tape.theta, tape.inputs["x"], tape.inputs["y"]
    start, own = tape.initial_state, tape.program.cell.activation
    if start.any():
        yield (
            "starts from s₋₁ = 0, not from the initial state given",
            record(theta, x, y, None, own),
        )
    for activation in ops.ACTIVATIONS:
        if activation != own:
            yield f"has {activation} in place of {own}", record(theta, x, y, start, activation)
    for bias in ("b", "c"):
        array = getattr(theta, bias)
        if array.any():
            without = replace(theta, **{bias: np.zeros_like(array)})
            yield f"leaves out the bias {bias}", tape.with_parameters(without)
