"""What a line of the program does, and why, in one or two short sentences.

Everything that is said holds of the numbers on the tape: where a claim depends on them, they are
looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from core import symbols
from core.lines import ADJOINT, GRADIENT, VALUE, Line
from core.numbers import norm
from tuiviz.debugger.activation_sentences import KEPT, SLOPES
from tuiviz.debugger.place import Place
from tuiviz.explain.zero import nothing_multiplied, why_zero
from tuiviz.numbers import number

if TYPE_CHECKING:
    from core.backward import Pass
    from core.tape import Tape
    from core.truncation import Truncation

LONGEST = 150
"""Characters that a sentence takes at most: two lines of 80."""


def line_sentence(
    line: Line, *, step: int, back: Pass, tape: Tape, truncation: Truncation | None = None
) -> str:
    """What a line does at a step, forward, or on the way `back` of one error or several."""
    place = Place(tape, line.name, back, step, truncation)
    if line.kind != VALUE and place.dropped:
        return place.dropped
    if not place.finite(line.kind):
        return "Some of these numbers are no longer finite: infinity, or NaN, which spreads."
    if tape.program.cell.name != "rnn":  # another cell may have the same letters
        return _OTHERS[line.kind](place)
    return _RNN[line.kind][line.name](place)


# Forward


def _a(place: Place) -> str:
    k, before = place.at_k, place.before
    if place.k:
        return f"What x{k} brings, U x{k}; what is remembered, W s{before}; and the bias b."
    if place.starts_at_zero:
        return "Nothing is remembered yet: s₋₁ = 0, so W s₋₁ = 0 and U x₀ + b is all there is."
    return "The initial state s₋₁ was given, so W has a say at step 0 already."


def _s(place: Place) -> str:
    return f"{KEPT[place.activation](place)} {_depends_on_w(place)}"


def _depends_on_w(place: Place) -> str:
    before = place.before
    if place.k == 0:
        return "It does not depend on W, as s₋₁ = 0." if place.starts_at_zero else "It reads W s₋₁."
    if place.k == 1 and place.starts_at_zero:
        return "It reads W, in W s₀; s₀ does not."
    return f"It is no constant: it reads W in W s{before}, and s{before} reads W too."


def _z(place: Place) -> str:
    k = place.at_k
    return f"A score for each token. V is used here, after the state: E{k} alone reads z{k}."


def _yhat(place: Place) -> str:
    return "softmax turns the scores into probabilities: none negative, adding up to 1."


def _e(place: Place) -> str:
    k = place.at_k
    return f"The loss, in nats: −log of the probability that ŷ{k} gives to the token that follows."


# Back


def _adjoint_z(place: Place) -> str:
    return "softmax and −log together leave prediction minus truth; its numbers add up to 0."


def _adjoint_s(place: Place) -> str:
    k = place.at_k
    if place.k == place.t:
        onward = "; from here it goes back in time" if place.lowest < place.t else ""
        return f"Vᵀ carries ŷ{k} − y{k} from the scores to the units of s{k}{onward}."
    if place.k >= place.back.first:
        later = place.k + 1
        return (
            f"Two parts, added: Vᵀ brings E{k}, which joins here; Wᵀ, what comes from step {later}."
        )
    came = float(_norm(place.back.adjoint("a", place.k + 1)))
    goes = float(_norm(place.back.adjoint("s", place.k)))
    carried = f"Wᵀ carries {place.later_delta} one step back"
    said = f"{carried}: the norm goes from {number(came)} to {number(goes)}"
    bound = _spectral_norm(place.tape)
    return (
        f"{said}." if bound is None else f"{said}, at most ‖W‖₂ = {number(bound)} times as large."
    )


def _adjoint_a(place: Place) -> str:
    """What the slope of the activation does; true of ∂s_k/∂a_k, and of what passes through it."""
    return SLOPES[place.activation](place)


# The terms of the gradients


def _gradient_v(place: Place) -> str:
    if not place.alone:
        return f"V is used after the state, so at step {place.k} E{place.at_k} alone adds to it."
    kept = place.t + 1 - place.lowest
    cut = f"; {place.style} keeps {kept}" if 0 < kept <= place.t else ""
    others = f"; W, read at every step, has {place.t + 1}{cut}" if place.t else ""
    return (
        f"V is used after the state: E{place.at_t} reads it at step {place.t} alone. One term is "
        f"all{others}."
    )


def _gradient_c(place: Place) -> str:
    k = place.at_k
    return f"c is added after the state: step {place.k} gives it ŷ{k} − y{k}, of E{k} alone."


def _gradient_w(place: Place) -> str:
    k, before = place.at_k, place.before
    if place.norm == 0:
        return _zero_w(place)
    if place.k == 0:
        return "The part of step 0; not zero: the initial state s₋₁ was given, and W multiplies it."
    of = "" if place.alone else f", for {place.errors}"
    said = f"The part of step {place.k}{of}: ∂⁺s{k}/∂W holds s{before} constant"
    if place.k == place.lowest:
        return f"{said}. {place.style} keeps no term of the steps before."
    if place.k == 1 and place.starts_at_zero:
        return f"{said}, which it is here: s₀ does not depend on W, as s₋₁ = 0."
    return f"{said}. But s{before} reads W too: the terms of the steps before add that."


def _zero_w(place: Place) -> str:
    if place.k == 0 and place.starts_at_zero:
        return "Zero because s₋₁ = 0, not because anything vanished: W multiplies nothing here."
    zero = why_zero(place.tape, place.t, "W", place.k) if place.alone else None
    if zero := zero or nothing_multiplied(place.tape, "W", place.k):
        return f"Zero, as {zero}."
    return "Zero: nothing comes back to this step, or numbers smaller than any float."


def _gradient_u(place: Place) -> str:
    k = place.at_k
    if place.tape.inputs["x"].ndim > 1:
        return (
            f"The part of step {place.k}: U multiplies x{k}, and s{place.before} is held constant."
        )
    column = f"U x{k} picks one column of U, its token's"
    return f"{column}; this term fills that column with {place.delta}."


def _gradient_b(place: Place) -> str:
    return f"b is added as it is at every step: the part of step {place.k} is {place.delta} itself."


def _norm(row: Any) -> Any:
    return norm(row[None])[0]


@lru_cache(maxsize=2)
def _spectral_norm(tape: Tape) -> float | None:
    """‖W‖₂; None if W is not finite."""
    weights = tape.theta.W
    return float(np.linalg.norm(weights, 2)) if np.isfinite(weights).all() else None


# Any other cell


def _value(place: Place) -> str:
    return "Computed at every step, forward in time, and kept for the way back."


def _adjoint(place: Place) -> str:
    quantity = symbols.quantity(place.tape.program.lines[place.name], place.k)
    return f"How much {place.errors} changes with {quantity}: a sum over all that reads it."


def _gradient(place: Place) -> str:
    return f"What step {place.k} contributes to the gradient of {place.name}."


_Sentence = Callable[[Place], str]

_RNN: dict[str, dict[str, _Sentence]] = {
    VALUE: {"a": _a, "s": _s, "z": _z, "yhat": _yhat, "E": _e},
    ADJOINT: {"z": _adjoint_z, "s": _adjoint_s, "a": _adjoint_a},
    GRADIENT: {
        "U": _gradient_u,
        "W": _gradient_w,
        "V": _gradient_v,
        "b": _gradient_b,
        "c": _gradient_c,
    },
}
_OTHERS: dict[str, _Sentence] = {VALUE: _value, ADJOINT: _adjoint, GRADIENT: _gradient}
