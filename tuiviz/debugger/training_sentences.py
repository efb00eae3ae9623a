"""What a step of SGD, its clip, an update and a truncation did, in words."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from core.numbers import norm
from tuiviz.debugger.curves import COLUMNS
from tuiviz.numbers import number, percent

if TYPE_CHECKING:
    from core.learning.comparison import Comparison
    from core.learning.sgd import Clip
    from core.learning.training import Step
    from tuiviz.debugger.curves import Points
    from tuiviz.debugger.debugger import Debugger

_SHOWN = 6  # numbers of a curve that a line has room for


def written_update(name: str, clip: Clip | None) -> str:
    """The line of the program that a step of SGD runs for a parameter."""
    gradient = f"∂E/∂{name}"
    return f"{name} ← {name} − η {f'clip({gradient})' if clip else gradient}"


def last_step(debugger: Debugger) -> list[str]:
    """The step behind the network that is looked at: its sizes, and what the clip did to it."""
    history = debugger.history
    if history is None or not history.first < debugger.trained <= history.last:
        return []
    at = debugger.trained - history.first - 1
    gradient, theta, rate = (
        number(float(history.curve(name)[at])) for name in ("gradient", "theta", "rate")
    )
    texts = [f"step {debugger.trained}, before it: ‖∂E/∂θ‖ {gradient}  ‖θ‖ {theta}  η {rate}"]
    clip = history.training_at(debugger.trained - 1).clip
    if clip is not None:
        taken = debugger.session.keep(
            ("taken", debugger.trained, clip), lambda: history.taken(debugger.trained - 1)
        )
        texts.append(clipped(taken, clip))
    return texts


def clipped(step: Step, clip: Clip) -> str:
    """The factor of the norm, or how many entries of each parameter were brought to the limit."""
    found, limit = step.clipped, number(clip.limit)
    if clip.by == "norm":
        did = f"all × {number(found.factor)}" if found.changed else "nothing to do"
        return f"clip norm {limit}: {did}"
    sizes = {name: array.size for name, array in step.update.items()}
    counts = "  ".join(f"{name} {found.entries[name]}/{size}" for name, size in sizes.items())
    return f"clip {limit}, entries: {counts}"


def updated(step: Step, name: str, theta: Any) -> str:
    """What a step adds to a parameter, beside the parameter."""
    size, whole = _size(step.update[name]), _size(theta)
    part = f", {percent(size / whole)} of ‖{name}‖" if whole else ""
    return f"−η ∂E/∂{name}, what step {step.after.step} adds to {name}: ‖·‖ {number(size)}{part}"


def curve_text(found: Points, column: str) -> str:
    """A curve as a few of its numbers."""
    some = np.unique(np.linspace(0, len(found.steps) - 1, _SHOWN).round().astype(int))
    shown = [f"{found.steps[i]}: {number(float(found.values[i]))}" for i in some]
    return f"{COLUMNS[column]} after steps  {'  '.join(shown)}{found.note}"


def truncated(found: Comparison) -> str:
    """How many terms a truncation keeps, and how far that takes each parameter off."""
    k1, k2 = found.truncation.k1, found.truncation.k2
    said = f"TBPTT({k1}, {k2}): {found.kept} of {found.terms} terms"
    if not found.errors:
        return f"{said}; the panel truncation works its errors and cosines out"
    errors = "  ".join(f"{name} {part(error)}" for name, error in found.errors.items())
    cosines = "  ".join(f"{name} {cosine(each)}" for name, each in found.cosines.items())
    return f"{said}  error {errors}\ncosine {cosines}"


def part(error: float) -> str:
    """A relative error in four cells: 12%, 1.9%, <.1%."""
    if isnan(error):
        return "–"
    if 0 < error < 0.001:
        return "<.1%"
    return f"{100 * error:.1f}%" if error and error < 0.0995 else f"{100 * error:.0f}%"


def cosine(number: float) -> str:
    """A cosine in four cells: .988, 1.00, -.05, -1."""
    if isnan(number):
        return "–"
    text = f"{number:.{3 if number >= 0 else 2}f}".replace("0.", ".", 1)
    return {"1.000": "1.00", "-1.00": "-1"}.get(text, text)


def _size(array: Any) -> float:
    return float(norm(np.reshape(array, (1, -1)))[0])
