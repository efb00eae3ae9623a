"""Actions that change the network: steps of SGD, forth and back, and the truncation."""

from __future__ import annotations

import math
from dataclasses import replace

from core.errors import InputError
from core.history import History
from core.sgd import Clip
from core.training import State, Training
from core.truncation import Truncation
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.moving import times
from tuiviz.files.visible import visible
from tuiviz.numbers import number
from tuiviz.problem import parse_truncation


def sgd(debugger: Debugger, count: int | None, argument: str) -> None:
    """A step of SGD on this sequence, θ ← θ − η ∂E/∂θ, or again one that was gone back."""
    history = _history(debugger)
    _take_as_chosen(debugger, history)
    wanted = debugger.trained + times(count)
    try:
        if wanted > history.last:
            history.advance(wanted - history.last)
    finally:
        _go_to(debugger, min(wanted, history.last))


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


def truncate(debugger: Debugger, count: int | None, argument: str) -> None:
    """Chooses the truncation: `truncate K2`, `truncate K1,K2`, or `truncate off`."""
    if argument.strip() == "off":
        _truncate(debugger, None)
    elif not argument:
        raise InputError("truncate: expected K2, K1,K2 or off")
    else:
        _truncate(debugger, parse_truncation(argument))


def truncate_more(debugger: Debugger, count: int | None, argument: str) -> None:
    """Sends errors one step further back; past the whole sentence the truncation is off."""
    now = debugger.session.problem.truncation
    if now is not None:
        wanted = now.k2 + times(count)
        kept_whole = wanted >= debugger.session.steps
        _truncate(debugger, None if kept_whole else Truncation(now.k1, wanted))


def truncate_less(debugger: Debugger, count: int | None, argument: str) -> None:
    """Sends errors one step less back."""
    now = debugger.session.problem.truncation or Truncation(1, debugger.session.steps)
    _truncate(debugger, Truncation(now.k1, max(1, now.k2 - times(count))))


def block_more(debugger: Debugger, count: int | None, argument: str) -> None:
    """Sends one more error back together: k1 up."""
    _block(debugger, times(count))


def block_less(debugger: Debugger, count: int | None, argument: str) -> None:
    """Sends one error less back together: k1 down."""
    _block(debugger, -times(count))


def _block(debugger: Debugger, more: int) -> None:
    steps = debugger.session.steps
    now = debugger.session.problem.truncation or Truncation(1, steps)
    _truncate(debugger, Truncation(max(1, min(now.k1 + more, steps)), now.k2))


def _truncate(debugger: Debugger, truncation: Truncation | None) -> None:
    problem = replace(debugger.session.problem, truncation=truncation)
    debugger.go(debugger.session.with_problem(problem))
    debugger.message = "no truncation: every term counts"
    if truncation:
        shown = f"TBPTT({truncation.k1}, {truncation.k2})"
        debugger.message = f"{shown}: dropped terms stay in sight, and count nothing"


def _history(debugger: Debugger) -> History:
    if debugger.history is None:
        start = State(debugger.session.problem.theta, debugger.rate, debugger.trained)
        debugger.history = History(_training(debugger), start)
    return debugger.history


def _training(debugger: Debugger) -> Training:
    """How steps are to be taken on this sequence."""
    problem, tape = debugger.session.problem, debugger.session.problem.tape
    return Training(
        [(tape.inputs["x"], tape.inputs["y"])],
        tape.program.cell,
        tape.initial_state,
        truncation=problem.truncation,
        clip=debugger.clip,
    )


def _take_as_chosen(debugger: Debugger, history: History) -> None:
    """The next steps are those that the screen shows: by the rate, clip and truncation of now.

    Steps that had been taken from here in another way are forgotten; those before stay.
    """
    here, chosen = debugger.trained, _training(debugger)
    before = history.training_at(here)
    ways = [(way.truncation, way.clip) for way in (before, chosen)]
    if ways[0] != ways[1] or history.at(here).rate != debugger.rate:
        history.train_by(chosen, here, debugger.rate)


def _go_to(debugger: Debugger, step: int) -> None:
    theta = _history(debugger).at(step).theta
    problem = debugger.session.problem
    tape = problem.tape.with_parameters(theta)
    debugger.trained = step
    debugger.go(debugger.session.with_problem(replace(problem, theta=theta, tape=tape)))
    debugger.message = f"after {step} steps of SGD: E {number(tape.loss, 5)}"
