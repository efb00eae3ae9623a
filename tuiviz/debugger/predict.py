"""Predict, then reveal: what can be asked about the current line, and what it really is."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from core.errors import InputError
from core.lines import ADJOINT, GRADIENT, VALUE
from core.numbers import norm
from core.records import Record
from core.symbols import derivative, subscript
from tuiviz.debugger.session import Session
from tuiviz.numbers import number

CLOSE = 0.02
"""How far off a predicted number may be, relative to the right one."""

_GROWTH = ("larger", "smaller", "neither")


class Question(Record):
    """A question about a line, its answer as it is shown, and which answers are right."""

    text: str
    answer: str
    accepts: Callable[[str], bool]  # raises InputError for what answers nothing


def question(session: Session) -> Question:
    """What to ask at a position.

    A gradient's line: how many terms it has. An adjoint of the state that came back a step: whether
    its norm grew. Everything else: the number of the largest unit.
    """
    here = session.position
    if here.line.kind == GRADIENT:
        return _count(session)
    grew = here.line.kind == ADJOINT and here.line.name == session.program.state
    if grew and here.step < session.walk.passes[here.back][1]:
        return _growth(session)
    return _value(session)


def _count(session: Session) -> Question:
    name = session.position.line.name
    terms = session.pass_terms(name)
    written = derivative(f"E{subscript(session.sent_back)}", name)
    truncation = session.problem.truncation
    under = f" under TBPTT({truncation.k1}, {truncation.k2})" if truncation else ""
    text = f"{written}{under}: how many terms does it have, one for each step k that it sums?"
    lowest = max(terms.first, terms.lowest)
    found = terms.last - lowest + 1
    steps = f"k = {terms.last} … {lowest}" if found > 1 else f"k = {terms.last} alone"
    return Question(text, f"{found}, {steps}", lambda said: _whole(said) == found)


def _whole(said: str) -> int:
    if not said.isdecimal():
        raise InputError("expected a whole number")
    return int(said)


def _growth(session: Session) -> Question:
    here, name = session.position, session.position.line.name
    now, later = (
        float(norm(session.at_pass.adjoint(name, k)[None])[0]) for k in (here.step, here.step + 1)
    )
    symbol = f"‖∂E{subscript(session.sent_back)}/∂{name}"
    text = (
        f"{symbol}{subscript(here.step)}‖: larger or smaller than {symbol}"
        f"{subscript(here.step + 1)}‖ = {number(later)}?"
    )
    grew = "larger" if now > later else "smaller" if now < later else "neither"
    return Question(text, f"{grew}: {number(now)}", lambda said: _word(said) == grew)


def _word(said: str) -> str:
    if said.lower() not in _GROWTH:
        raise InputError(f"expected one of {', '.join(_GROWTH)}")
    return said.lower()


def _value(session: Session) -> Question:
    shown = session.line_value()
    array = np.atleast_1d(shown.array)
    at = 0 if np.isnan(array).all() else int(np.nanargmax(np.abs(array)))
    right = float(array[at])
    of_unit = f"[{at}]" if array.size > 1 else ""
    unit = " (nats)" if session.position.line.kind == VALUE and not of_unit else ""
    text = f"{shown.written}: what is {shown.title}{of_unit}{unit}?"
    return Question(text, f"{shown.title}{of_unit} = {number(right)}", lambda s: _near(s, right))


def _near(said: str, right: float) -> bool:
    try:
        found = float(said.replace("−", "-"))
    except ValueError:
        raise InputError("expected a number") from None
    if not math.isfinite(right):
        return said.lower() == str(right).lower()
    return abs(found - right) <= CLOSE * abs(right)
