"""What a node of the chain rule is, in one or two short sentences, true of its numbers."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import numpy as np

from core import symbols
from core.chain import Expression, Sum
from core.lines import GRADIENT, Line
from tuiviz.debugger.activation_sentences import SLOPES
from tuiviz.debugger.line_sentences import LONGEST, line_sentence
from tuiviz.debugger.place import Place
from tuiviz.numbers import counted, number

if TYPE_CHECKING:
    from core.tape import Tape
    from core.truncation import Truncation

_LARGEST = 2**16
"""The most numbers of a matrix whose singular values are computed: 256 × 256."""

_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def expression_sentence(
    expression: Expression,
    *,
    error: int,
    parameter: str,
    tape: Tape,
    truncation: Truncation | None = None,
) -> str:
    """What a node of the expansion of ∂E_t/∂θ is, t = `error` and θ = `parameter`."""
    back = tape.error(error)
    place = Place(tape, parameter, back, error, truncation)
    if expression.term:
        line = Line(GRADIENT, parameter, "")
        step = expression.term.k
        return line_sentence(line, step=step, back=back, tape=tape, truncation=truncation)
    if expression.symbol == symbols.gradient(error, parameter):
        return _gradient(place)
    if "⁺" in expression.symbol:
        return _immediate(expression, parameter, tape.program.state)
    if isinstance(expression, Sum):
        return f"There are {len(expression.children)} ways within the step; their products add up."
    if all(re.fullmatch(rf"{tape.program.state}[₀-₉₋]+", part) for part in _parts(expression)):
        return _through_time(expression, place)
    return _within(expression, place)


def _gradient(place: Place) -> str:
    t, name = place.at_t, place.name
    if not place.tape.error(place.t).terms(name).recurrent:
        dropped = f", and {place.style} drops it" if place.dropped else ""
        return (
            f"E{t} reads {name} at step {place.t} alone, after the state: a single term{dropped}."
        )
    steps = f"Every step 0 … {place.t}" if place.t else "Step 0"
    said = f"{steps} reads {name}, on the way to E{t}: {counted(place.t + 1, 'term')}"
    if place.lowest:
        kept = max(0, place.t - place.lowest + 1)
        return f"{said}, of which {place.style} keeps {kept}."
    return f"{said}."


def _immediate(expression: Expression, parameter: str, state: str) -> str:
    step = _step(expression)
    return (
        f"∂⁺ is the immediate partial: only the {parameter} of step {step} varies; "
        f"{state}{symbols.subscript(step - 1)} is held constant in it, and only in it."
    )


def _through_time(expression: Expression, place: Place) -> str:
    of, by = _parts(expression)
    if of == by:
        return f"The identity: E{place.at_t} reads {of} itself, without a step back in time."
    largest = _largest_singular_value(expression)
    bound = ""
    if largest is not None:
        bound = f"; a gradient leaves it at most {number(largest)} times as large"
    if expression.written.startswith("Π"):
        count = len(expression.children)
        return f"{count} steps back in time, so {count} Jacobians multiplied{bound}."
    return f"One step back in time, from {of} to {by}{bound}."


def _largest_singular_value(expression: Expression) -> float | None:
    """‖·‖₂, where it is not too costly and there is one."""
    if math.prod(expression.shape) > _LARGEST or not np.isfinite(expression.value).all():
        return None
    return float(np.linalg.norm(expression.value, 2))


def _within(expression: Expression, place: Place) -> str:
    of, by = _parts(expression)
    if place.tape.program.cell.name != "rnn":
        said = f"How {of} changes with {by}, within the step."
        return said if len(said) <= LONGEST else "A part of the chain rule, within the step."
    if expression.axes == ("s", "a"):
        here = Place(place.tape, "a", place.back, _step(expression), None)
        return SLOPES[here.activation](here)
    said = _RNN[expression.axes[0], by[0]]
    return said.format(of=of, by=by, y=f"y{place.at_t}", t=place.t)


_RNN = {
    (
        "E",
        "ŷ",
    ): "−1/{by}[{y}] at the token that follows, 0 elsewhere: the loss reads that one alone.",
    ("yhat", "z"): "What one token gains, the others lose: each row and each column adds up to 0.",
    ("yhat", "s"): "From the state to the prediction, within step {t}: first V, then softmax.",
    ("z", "s"): "{of} is linear in {by}, so this is V itself, the same at every step.",
    ("z", "V"): "{of}[i] reads row i of V alone. s does not depend on V: no step back in time.",
    ("z", "c"): "c is added as it is: the identity. s does not depend on c: no step back in time.",
    ("a", "s"): "{of} is linear in {by}, so this is W itself, the same at every step.",
}
"""By the line that is derived, and what it is derived by."""


def _parts(expression: Expression) -> tuple[str, str]:
    of, by = expression.symbol.removeprefix("∂").removeprefix("⁺").split("/∂")
    return of, by


def _step(expression: Expression) -> int:
    """k of ∂s_k/∂…"""
    found = re.search("[₀-₉]+", expression.symbol)
    return int(found.group().translate(_DIGITS)) if found else 0
