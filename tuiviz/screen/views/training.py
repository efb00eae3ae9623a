"""Steps of SGD: the curve of the loss, what the last step did; and truncations side by side."""

from __future__ import annotations

import math

import numpy as np

from core.comparison import STYLES, Comparison, compare
from core.truncation import Truncation
from tuiviz.cells import fitted, right
from tuiviz.debugger.debugger import Debugger
from tuiviz.files.disk import byte_size
from tuiviz.numbers import number, percent
from tuiviz.screen.drawing import Line, Room, line
from tuiviz.screen.plot import Curve, plot

STYLE_NAMES = {"window": "every error, n steps", "chunks": "chunks of n", "end": "the last n steps"}
"""The styles of truncation, in words."""

_WIDE = 53
"""Cells that the whole table takes."""


def training(debugger: Debugger, room: Room) -> list[Line]:
    """The loss of each step, in nats per token, beside ln C; and the step at hand."""
    history, palette = debugger.history, room.palette
    problem = debugger.session.problem
    guess = math.log(problem.tape.values["z"].shape[-1])
    here = problem.tape.loss / problem.steps
    made = [
        line(fitted(text, room.width), style)
        for text, style in (
            (
                f"step {debugger.trained}  E/T {number(here)}  guessing ln C {number(guess)}",
                palette.bold,
            ),
            (f"η {number(debugger.rate)}  s a step, S back; rate, clip", palette.dim),
        )
    ]
    if history is None or history.last == history.first:
        return made
    made += [line(fitted(text, room.width)) for text in _last_step(debugger)]
    losses = history.curve("loss") / history.curve("tokens")
    finite = losses[np.isfinite(losses)]
    high = max(float(finite.max(initial=0.0)), guess)
    curve = Curve(
        losses,
        label=lambda value: number(value, 3),
        click=lambda step: f"sgd-to {history.first + step}",
        marked=min(debugger.trained - history.first, len(losses) - 1),
    )
    inner = Room(room.width, max(1, room.height - len(made) - 1), palette)
    kept = f"{len(history.checkpoints)} states kept, {byte_size(history.memory)}"
    axis = line(
        fitted(f"       steps {history.first + 1} … {history.last}  {kept}", room.width),
        palette.dim,
    )
    return [*made, *plot(curve, inner, 0.0, high), axis][: room.height]


def _last_step(debugger: Debugger) -> list[str]:
    """‖∂E/∂θ‖ and ‖θ‖ of the step at hand, and what the clip did to it."""
    history = debugger.history
    if history is None or not history.first < debugger.trained <= history.last:
        return []
    at = debugger.trained - history.first - 1
    sizes = [number(float(history.curve(name)[at])) for name in ("gradient", "theta")]
    texts = [f"the step: ‖∂E/∂θ‖ {sizes[0]}  ‖θ‖ {sizes[1]}"]
    if debugger.clip is not None:
        clipped = history.taken(debugger.trained - 1).clipped
        counts = "  ".join(f"{name} {n}" for name, n in clipped.entries.items() if n)
        texts.append(f"clipped: factor {number(clipped.factor)}  {counts or ''}")
    return texts


def training_title(debugger: Debugger) -> str:
    """Which step."""
    last = debugger.history.last if debugger.history else 0
    return f"training: step {debugger.trained} of {last}"


def truncation(debugger: Debugger, room: Room) -> list[Line]:
    """The styles of truncation to the chosen n, on this sentence: terms kept, cost, error."""
    session, palette = debugger.session, room.palette
    tape, steps, name = session.problem.tape, session.steps, session.parameter
    chosen = session.problem.truncation
    n = min(chosen.k2 if chosen else max(1, steps // 2), steps)

    def work_out() -> list[Comparison]:
        full = tape.gradient()
        made = [compare(tape, style, n, of(n, steps), full) for style, of in STYLES.items()]
        if chosen and chosen not in [each.truncation for each in made]:
            made.append(compare(tape, "chosen", n, chosen, full))
        made.append(compare(tape, "full", steps, Truncation(steps, steps), full))
        return made

    found = session.keep(("comparison", n, chosen), work_out)
    wide = room.width >= _WIDE
    head = _columns(f"n = {n}", "terms", "sweep", "error", "cos", wide)
    made = [line(fitted(f"∂E/∂{name}; {{ }} change n, K chooses", room.width), palette.dim)]
    made.append(line(fitted(head, room.width), palette.symbol))
    for each in found:
        text = _columns(
            _style_name(each, wide),
            percent(each.kept / each.terms),
            str(each.sweep),
            percent(each.errors[name]),
            number(each.cosines[name], 3),
            wide,
        )
        k1, k2 = each.truncation.k1, each.truncation.k2
        click = f"truncate {k1},{k2}" if each.style != "full" else "truncate off"
        style = palette.selected if each.truncation == chosen else palette.plain
        made.append(line(fitted(text, room.width), style, click))
    if wide:
        cost = "sweep: steps back, a product with Wᵀ each"
        made.append(line(fitted(cost, room.width), palette.dim))
    return made[: room.height]


def _style_name(each: Comparison, wide: bool) -> str:
    k1, k2 = each.truncation.k1, each.truncation.k2
    if each.style not in STYLE_NAMES:
        return "full" if each.style == "full" else f"({k1}, {k2})"
    return STYLE_NAMES[each.style] if wide else f"{each.style} ({k1}, {k2})"


def _columns(name: str, terms: str, sweep: str, error: str, cosine: str, wide: bool) -> str:
    if not wide:
        return f"{name:<13}{right(terms, 8)}{right(error, 8)}"
    return f"{name:<21}{right(terms, 9)}{right(sweep, 7)}{right(error, 9)}{right(cosine, 7)}"


def truncation_title(debugger: Debugger) -> str:
    """Which truncation is in force."""
    chosen = debugger.session.problem.truncation
    return f"truncation: TBPTT({chosen.k1}, {chosen.k2})" if chosen else "truncation: none"
