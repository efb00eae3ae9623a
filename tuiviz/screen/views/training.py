"""Steps of SGD as curves, the step at hand, and what its clip did."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tuiviz.cells import cells, fitted, wrapped
from tuiviz.debugger.debugger import Debugger
from tuiviz.files.disk import byte_size
from tuiviz.numbers import number
from tuiviz.screen.drawing import Line, Room, hidden, line
from tuiviz.screen.plot import Curve, plot

if TYPE_CHECKING:
    from tuiviz.debugger.curves import Points

_LOW, _TALL = 8, 14  # rows; below, sizes have no room; from there on, there is room for keys

_KEYS = "{up}{down} the curve  {left}{right} along it  {open} there"


def training(debugger: Debugger, room: Room) -> list[Line]:
    """A curve over the steps that were taken, and the step at hand."""
    if debugger.question is not None:
        return hidden(room)
    history, palette = debugger.history, room.palette
    if history is None or history.last == history.first:
        text = "No step of SGD has been taken yet: {sgd} takes one, 50{sgd} fifty, {sgd-back} goes "
        text = debugger.keyboard.with_keys(f"{text}back. ")
        text += f"η {number(debugger.rate)}; rate and clip choose how. {_guess(debugger)}"
        return [line(each, palette.dim) for each in wrapped(text, room.width)][: room.height]
    from tuiviz.debugger.curves import points
    from tuiviz.debugger.training_sentences import last_step

    texts = [_here(debugger)]
    notes = []
    if room.height >= _TALL:
        notes = _packed(debugger.keyboard.with_keys(_KEYS), room.width)
    sizes, clip = (last_step(debugger) + 2 * [""])[:2]
    for text in (sizes if room.height >= _LOW else "", clip):
        texts += _packed(text, room.width) if text else []
    made = [line(fitted(text, room.width)) for text in texts]
    inner = replace(room, height=max(2, room.height - len(made) - len(notes) - 1))
    made += _curve(debugger, points(debugger, debugger.look.curve), inner)
    made += [line(fitted(text, room.width), palette.dim) for text in notes]
    return made[: room.height]


def _packed(text: str, width: int) -> list[str]:
    """A text in lines, broken where two spaces are."""
    lines: list[str] = []
    for part in text.split("  "):
        if lines and cells(f"{lines[-1]}  {part}") <= width:
            lines[-1] += f"  {part}"
        else:
            lines.append(part)
    return lines


def _guess(debugger: Debugger) -> str:
    classes = debugger.session.problem.tape.values["z"].shape[-1]
    return f"Guessing costs ln C = {number(math.log(classes))} a token."


def _here(debugger: Debugger) -> str:
    """The loss per token beside ln C; at the step that the cursor is on, its value."""
    problem, look, history = debugger.session.problem, debugger.look, debugger.history
    if look.moment is not None and history is not None:
        goes = debugger.keyboard.with_keys("{open} goes there")
        return f"› step {look.moment}{_value_at(debugger, look.moment)}  {goes}"
    guess = math.log(problem.tape.values["z"].shape[-1])
    return f"E/T {number(problem.tape.loss / problem.steps)} guessing ln C {number(guess)}"


def _value_at(debugger: Debugger, step: int) -> str:
    from tuiviz.debugger.curves import COLUMNS, points

    found, column = points(debugger, debugger.look.curve), debugger.look.curve
    if step not in found.steps:
        return ""
    return f": {COLUMNS[column]} {number(float(found.values[found.number(step)]))}"


def _curve(debugger: Debugger, found: Points, room: Room) -> list[Line]:
    """The chosen curve, and below it what it is, and of which steps."""
    column, moment = debugger.look.curve, debugger.look.moment
    finite = found.values[np.isfinite(found.values)]
    high = float(finite.max(initial=0.0))
    drawn = Curve(
        found.values,
        label=lambda value: number(value, 3),
        click=lambda point: f"sgd-to {found.steps[point]}",
        marked=found.number(debugger.trained if moment is None else moment),
    )
    text = f"{_NAMES[column]} after {found.steps[0]} … {found.steps[-1]} steps"
    text += found.note
    if len(finite) < len(found.values):
        text += f"; {len(finite)} of {len(found.values)} so far"
    texts = wrapped(text, room.width)
    inner = replace(room, height=max(1, room.height - len(texts) + 1))
    below = [line(each, room.palette.symbol) for each in texts]
    return [*plot(drawn, inner, 0.0, high or 1.0), *below]


_NAMES = {
    "loss": "E/T in nats",
    "gradient": "‖∂E/∂θ‖",
    "theta": "‖θ‖",
    "rate": "η",
    "reach": "lag of 90 %",
}
"""The curves, in words."""


def title(debugger: Debugger) -> str:
    """Which step."""
    last = debugger.history.last if debugger.history else 0
    return f"training: step {debugger.trained} of {last}"


def subtitle(debugger: Debugger) -> str:
    """The memory of the history."""
    history = debugger.history
    if history is None or history.last == history.first:
        return ""
    from core.learning.history import ROOM

    memory = f"{byte_size(history.memory)} of {byte_size(ROOM)}"
    return f"history {memory}  {len(history.checkpoints)} states kept  others computed anew"
