"""What stops a debugger that runs on: breakpoints, and watches that change."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from core.errors import InputError
from core.records import Record
from tuiviz.debugger.conditions import BUILT_IN, Condition, parse
from tuiviz.debugger.news import is_news
from tuiviz.debugger.scope import Scope, descriptions, name_of
from tuiviz.debugger.session import Session
from tuiviz.files.visible import visible

_STEP = re.compile(r"(?:(?P<letter>[tk])\s*=?\s*)?(?P<step>[0-9]{1,18})")

_ON = {"t": "t == {} and forward", "k": "k == {}", None: "step == {}"}
"""The condition of a time step, by the letter that it has on the way."""


class Breakpoint(Record):
    """Stops at a line, where a condition holds, or both.

    The first `ignore` times are passed over. `text` is how it was asked for.
    """

    text: str
    line: str | None = None  # the name of what the line computes
    condition: Condition | None = None
    ignore: int = 0
    enabled: bool = True

    def triggers(self, session: Session) -> bool:
        """Whether it stops at a position, ignore count aside."""
        here = session.position
        if self.line is not None and self.line != name_of(here.line):
            return False
        if self.condition is None:
            return True
        return self.may_hold(session) and self.condition.holds(Scope(session))

    def may_hold(self, session: Session) -> bool:
        """Whether the condition is asked here: at its line, or where one of its names is new."""
        if self.condition is None or self.line is not None:
            return True
        return is_news(self.condition.names, session)


def breakpoint_from(text: str, session: Session) -> Breakpoint:
    """A breakpoint from what a person types.

    A line: `W` or `dW`, `s`, `dEds`. A time step: `t=3` on the way forward, `k=3` on the way back,
    `3` on both. A condition: `if norm(dW) > 5`, or without the if; `dW if k > 0` for both. By name:
    `vanishing`, `exploding`, `not finite`, `saturated`.

    Raises InputError for anything else, and for a step that there is not.
    """
    text = text.strip()
    known = descriptions(session)
    if text in BUILT_IN:
        return Breakpoint(text, condition=parse(BUILT_IN[text].text, known))
    line, found, condition = text.partition("if ")
    lines = {name_of(each) for each in session.walk.lines}
    name = line.strip()
    if name in session.program.parameters:
        name = f"d{name}"
    if name in lines and (found or not condition):
        return Breakpoint(text, name, parse(condition, known) if found else None)
    if step := _STEP.fullmatch(text):
        return Breakpoint(text, condition=parse(_at_step(step, session), known))
    if name:
        condition = text
    if not condition.strip():
        raise InputError(
            f"break {visible(text)}: expected a line ({', '.join(sorted(lines))}), a time step "
            f"such as t=3 or k=3, a condition such as norm(dEds) < 1e-3, or {', '.join(BUILT_IN)}"
        )
    return Breakpoint(text, condition=parse(condition, known))


def _at_step(found: re.Match[str], session: Session) -> str:
    step, last = int(found["step"]), session.steps - 1
    if step > last:
        raise InputError(f"no time step {step}; expected 0 to {last}")
    return _ON[found["letter"]].format(step)


class Watch(Record):
    """An expression shown at every stop; with `stops`, running on stops where it changes."""

    expression: Condition
    stops: bool = False

    @property
    def text(self) -> str:
        """How it was typed."""
        return self.expression.text

    def value(self, session: Session) -> Any:
        """What it is at a position; NOT_HERE where it has no value."""
        return self.expression.value(Scope(session))

    def may_change(self, session: Session) -> bool:
        """Whether one of its names is new at a position."""
        return is_news(self.expression.names, session)


def same(one: Any, other: Any) -> bool:
    """Whether two values of a watch are equal, NOT_HERE among them; NaN equals NaN."""
    if all(isinstance(each, np.generic | np.ndarray) for each in (one, other)):
        return np.array_equal(one, other, equal_nan=True)
    return type(one) is type(other) and bool(one == other)


def counted(breakpoints: tuple[Breakpoint, ...], number: int) -> tuple[Breakpoint, ...]:
    """The breakpoints, one of them having been passed over once more."""
    found = list(breakpoints)
    found[number] = replace(found[number], ignore=found[number].ignore - 1)
    return tuple(found)
