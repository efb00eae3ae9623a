"""Truncations of the sentence at hand beside the full gradient: each number that of its own style.

What takes long is worked out in parts, and shown as far as it is there; what would take minutes is
left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from core.learning.comparison import STYLES, Comparison, counted
from core.records import Record
from core.theta import by_name
from core.truncation import Truncation

if TYPE_CHECKING:
    from tuiviz.debugger.debugger import Debugger
    from tuiviz.debugger.session import Session

PART = 5 * 10**8
"""Multiply-adds between two breaths."""

LONGEST = 10**12
"""Multiply-adds of a style, at most: a minute or two."""

_STEP = 20_000
"""Multiply-adds that cost as much as a step of a sweep does beside its own."""


class Styles(Record):
    """Truncations side by side; `part` of what is to be worked out is there.

    The first of them are the styles at one n, the last is the full gradient.
    """

    found: tuple[Comparison, ...]
    part: float = 1.0

    def of(self, truncation: Truncation) -> Comparison:
        """The one of a truncation that is among them."""
        return next(each for each in self.found if each.truncation == truncation)


def chosen_length(session: Session) -> int:
    """The n that the styles are compared at: k2, or half the sentence."""
    chosen, steps = session.problem.truncation, session.steps
    return min(chosen.k2 if chosen else max(1, steps // 2), steps)


def styles(debugger: Debugger) -> Styles:
    """Every style at that n, the truncation in force if it is none of them, and the full one.

    What there is so far: what takes long is wished for, see `Debugger.worked_out`.
    """
    session = debugger.session
    begun = session.keep(("styles", session.problem.truncation), lambda: _begun(session))
    cost = sum(work(session, each) for each in begun)
    key = ("comparisons", session.problem.truncation)
    made = debugger.worked_out("truncation", key, cost, lambda: _worked_out(session, begun))
    return made or Styles(tuple(begun), 0.0)


def in_force(session: Session) -> Comparison | None:
    """The truncation in force: what it keeps, and unless it takes long, its errors too."""
    from tuiviz.debugger.debugger import AT_ONCE

    chosen, steps = session.problem.truncation, session.steps
    if chosen is None:
        return None
    found = counted("chosen", chosen.k2, chosen, steps)
    if work(session, found) > AT_ONCE:
        return found
    tape = session.problem.tape
    return found.beside(tape.gradient(chosen), _full(session))


def work(session: Session, of: Comparison) -> int:
    """Multiply-adds that the errors and cosines of a truncation take."""
    return of.sweep * len(session.problem.tape.initial_state) ** 2 + session.steps * _STEP


def _begun(session: Session) -> list[Comparison]:
    chosen, steps, n = session.problem.truncation, session.steps, chosen_length(session)
    made = [counted(style, n, of(n, steps), steps) for style, of in STYLES.items()]
    full = counted("full", steps, Truncation(steps, steps), steps)
    if chosen and chosen not in [each.truncation for each in (*made, full)]:
        made.append(counted("chosen", n, chosen, steps))
    return [*made, full]


def _worked_out(session: Session, begun: list[Comparison]) -> Iterator[Styles]:
    """The comparisons one after the other, the cheapest first."""
    full, found, done = _full(session), list(begun), 0
    todo = sorted((work(session, each), i) for i, each in enumerate(begun))
    todo = [(cost, i) for cost, i in todo if cost <= LONGEST]
    whole = sum(cost for cost, _ in todo)
    for cost, i in todo:
        total, parts = None, -(-cost // PART)
        for count, part in enumerate(_parts(session, begun[i], full), start=1):
            total = part if total is None else _added(total, part)
            yield Styles(tuple(found), (done + cost * min(1.0, count / parts)) / whole)
        found[i], done = begun[i].beside(total, full), done + cost
    yield Styles(tuple(found))


def _parts(session: Session, of: Comparison, full: Any) -> Iterator[Any]:
    """What adds up to a truncated gradient."""
    if of.kept == of.terms:
        return iter([full])
    return session.problem.tape.gradient_in_parts(of.truncation, PART)


@np.errstate(all="ignore")
def _added(one: Any, other: Any) -> Any:
    sums = {name: array + getattr(other, name) for name, array in by_name(one).items()}
    return replace(one, **sums)


def _full(session: Session) -> Any:
    return session.keep(("full gradient",), session.problem.tape.gradient)
