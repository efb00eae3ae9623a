"""Actions that change the network: steps of SGD, forth and back; and looks at what they did."""

from __future__ import annotations

import math
from dataclasses import replace
from time import monotonic

from core.errors import InputError
from core.learning.history import History
from core.learning.sgd import Clip
from core.learning.training import State
from tuiviz.debugger.curves import COLUMNS, points
from tuiviz.debugger.debugger import BREATH, Debugger, Running
from tuiviz.debugger.moving import times
from tuiviz.debugger.steps import trained_to, way
from tuiviz.debugger.training_sentences import curve_text, last_step, updated
from tuiviz.files.visible import visible
from tuiviz.numbers import number


def sgd(debugger: Debugger, count: int | None, argument: str) -> Running:
    """A step of SGD on this sequence, θ ← θ − η ∂E/∂θ, or again one that was gone back.

    Of many steps some at a time, so that they can be watched, and stopped: those taken stay.
    """
    history = _history(debugger)
    _take_as_chosen(debugger, history)
    wanted = debugger.trained + times(count)
    history.require_room(wanted)
    try:
        while history.last < wanted:
            _advance(history, wanted)
            if history.last < wanted:
                _go_to(debugger, history.last)
                yield f"training … {history.last} of {wanted} steps"
    finally:
        _go_to(debugger, min(wanted, history.last))


def _advance(history: History, wanted: int) -> None:
    """Takes a step, and more for as long as a person does not notice."""
    end = monotonic() + BREATH
    history.advance()
    while history.last < wanted and monotonic() < end:
        history.advance()


def sgd_back(debugger: Debugger, count: int | None, argument: str) -> None:
    """A step of SGD back, to the bit."""
    _go_to(debugger, max(_history(debugger).first, debugger.trained - times(count)))


def sgd_to(debugger: Debugger, count: int | None, argument: str) -> None:
    """To a step of the training that was taken."""
    text = argument.strip() or str(count or "")
    if not text.isdecimal():
        raise InputError("sgd-to: expected the number of a step, from 0")
    _go_to(debugger, int(text))


def rate(debugger: Debugger, count: int | None, argument: str) -> None:
    """Chooses the learning rate η of the steps from here on."""
    try:
        chosen = float(argument)
    except ValueError:
        raise InputError(f"rate {visible(argument)}: expected a number, such as 0.1") from None
    if not 0 < chosen < math.inf:
        raise InputError(f"rate {visible(argument)}: expected a number above 0")
    debugger.rate = chosen
    debugger.message = f"η = {number(chosen)} from here on"


def clip(debugger: Debugger, count: int | None, argument: str) -> None:
    """Clips the gradient of each step: `clip 5` its entries, `clip norm 5` its norm, `clip off`."""
    words = argument.split()
    if words == ["off"]:
        debugger.clip = None
    else:
        by, limit = ("value", words) if len(words) == 1 else (words[0] if words else "", words[1:])
        try:
            debugger.clip = Clip(float(limit[0]), by)
        except (ValueError, IndexError):
            raise InputError(
                "clip: expected a number for the entries, as in clip 5; clip norm 5; or clip off"
            ) from None
    debugger.message = f"clip {argument.strip()} from here on"


def update(debugger: Debugger, count: int | None, argument: str) -> None:
    """Looks at −η ∂E/∂θ, which a step of SGD from here adds to a parameter."""
    name = argument or debugger.session.parameter
    debugger.session.require_parameter(name)
    session = debugger.session
    step = debugger.next_step
    debugger.session = session.moved_to(session.index)
    debugger.look = replace(debugger.look, panel="value", update=name, scroll=None)
    debugger.message = updated(step, name, getattr(session.problem.theta, name))


def ago(debugger: Debugger, count: int | None, argument: str) -> None:
    """The value shown beside itself so many steps of training ago; without a number, or not."""
    text = argument.strip() or str(count or "")
    if text in ("", "off") and debugger.ago is not None:
        debugger.ago, debugger.message = None, "now alone again"
        return
    if not (text or "1").isdecimal():
        raise InputError("ago: expected how many steps of training, as in ago 5, or off")
    back, history = int(text or "1"), debugger.history
    if history is None or debugger.trained == history.first:
        takes = debugger.keyboard.with_keys("{sgd} takes one")
        raise InputError(f"ago: no step of training has been taken yet; {takes}")
    debugger.ago, debugger.pinned = max(1, back), None
    debugger.look = replace(debugger.look, panel="value")
    lets_go = debugger.keyboard.with_keys("{ago} lets go")
    debugger.message = f"beside itself {back} steps of training ago; {lets_go}"


def curve(debugger: Debugger, count: int | None, argument: str) -> Running:
    """Chooses the curve of the panel training; without an argument the next one."""
    names = list(COLUMNS)
    chosen = argument.strip() or names[(names.index(debugger.look.curve) + 1) % len(names)]
    if chosen not in names:
        raise InputError(f"curve {visible(chosen)}: expected {', '.join(names)}")
    debugger.look = replace(debugger.look, curve=chosen)
    found = points(debugger, chosen)
    while debugger.unfinished:
        yield "working it out …"
        found = points(debugger, chosen)
    none = debugger.keyboard.with_keys("no step has been taken yet; {sgd} takes one")
    debugger.message = curve_text(found, chosen) if len(found.steps) else none


def _history(debugger: Debugger) -> History:
    if debugger.history is None:
        start = State(debugger.session.problem.theta, debugger.rate, debugger.trained)
        debugger.history = History(way(debugger.session.problem, debugger.clip), start)
    return debugger.history


def _take_as_chosen(debugger: Debugger, history: History) -> None:
    """The next steps are those that the screen shows: by the rate, clip and truncation of now.

    Steps that had been taken from here in another way are forgotten; those before stay.
    """
    here, chosen = debugger.trained, way(debugger.session.problem, debugger.clip)
    before = history.training_at(here)
    ways = [(each.truncation, each.clip) for each in (before, chosen)]
    if ways[0] != ways[1] or history.at(here).rate != debugger.rate:
        history.train_by(chosen, here, debugger.rate)


def _go_to(debugger: Debugger, step: int) -> None:
    theta = _history(debugger).at(step).theta
    debugger.trained = step
    debugger.look = replace(debugger.look, moment=None)
    debugger.go(debugger.session.with_problem(trained_to(debugger.session.problem, theta)))
    tape = debugger.session.problem.tape
    said = f"after {step} steps of SGD: E {number(tape.loss, 5)}, {number(tape.loss / tape.steps)}"
    debugger.message = "\n".join([f"{said} a token", *last_step(debugger)])
