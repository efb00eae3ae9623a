"""What a walk has added up so far, of one gradient or of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.numbers import frobenius
from core.records import Record
from core.symbols import derivative, gradient
from tuiviz.debugger.session import Session
from tuiviz.debugger.walk import EACH, ONE

if TYPE_CHECKING:
    from core.terms import Terms


class SoFar(Record):
    """How much of a gradient has been added up when the current line is done.

    `gradient` is how it is written. In the pass at hand, whose first term is that of step `last`,
    `done` of `terms` are added, and the truncation drops `dropped` more; `passes` passes are behind
    it. `norm` and `whole` are the norms of
    the sum so far and of the whole; `share` is ⟨so far, whole⟩ / ‖whole‖², NaN if that is zero.
    """

    gradient: str
    last: int
    done: int
    terms: int
    dropped: int
    passes: int
    norm: float
    whole: float
    share: float


def so_far(session: Session) -> SoFar:
    """What has been added to the selected gradient."""
    name = session.parameter
    terms = session.pass_terms(name)
    added = added_up(session, name)
    total = whole(session, name)
    of_one = session.kind == ONE
    return SoFar(
        gradient=gradient(session.error, name) if of_one else derivative("E", name),
        last=terms.last,
        done=_done(session, name),
        terms=max(0, terms.last - max(terms.first, terms.lowest) + 1),
        dropped=_dropped(terms),
        passes=max(session.position.back, 0),
        norm=frobenius(added),
        whole=frobenius(total),
        share=_share(added, total),
    )


def _dropped(terms: Terms) -> int:
    # The sweep of a pass ends where the truncation does: what it drops has not been computed.
    lowest = 0 if terms.recurrent else terms.lowest
    return max(0, min(terms.first, terms.last + 1) - lowest)


@np.errstate(all="ignore")
def whole(session: Session, parameter: str) -> Any:
    """What the walk adds up to: ∂E_t/∂θ or ∂E/∂θ, under the truncation."""
    if session.kind == ONE:
        return session.at_error.terms(parameter, session.problem.truncation).sum
    truncation = session.problem.truncation
    key = ("gradient", truncation)
    return getattr(session.keep(key, lambda: session.problem.tape.gradient(truncation)), parameter)


@np.errstate(all="ignore")
def added_up(session: Session, parameter: str) -> Any:
    """What real code has in its variable for ∂E/∂θ when the current line is done."""
    terms: Terms = session.pass_terms(parameter)
    done = _done(session, parameter)
    here = terms.partial_sum(terms.last - done + 1) if done else np.zeros_like(terms.sum)
    if session.kind == ONE or session.position.back <= 0:
        return here
    return _behind(session)[parameter] + here


def _done(session: Session, parameter: str) -> int:
    if session.going_forward:
        return 0
    return session.walk.terms_done(session.index, parameter)


def _behind(session: Session) -> dict[str, Any]:
    """The gradients of the passes before the one at hand, under the truncation."""
    first, *_ = session.walk.passes[session.position.back]
    truncation = session.problem.truncation
    block = truncation.k1 if truncation else 1
    full = first // block * block if session.kind == EACH else first
    key = ("behind", session.kind, first, truncation)
    made: dict[str, Any] = session.keep(key, lambda: _sums_before(session, full, first))
    return made


def _sums_before(session: Session, full: int, first: int) -> dict[str, Any]:
    """Of the errors before `first`: those before `full` in whole blocks, the rest in one pass."""
    tape, truncation = session.problem.tape, session.problem.truncation
    found = {name: np.zeros_like(getattr(tape.theta, name)) for name in tape.program.parameters}
    if full:
        behind = tape.prefix(full).gradient(truncation)
        found = {name: found[name] + getattr(behind, name) for name in found}
    low = truncation.first(full, tape.steps) if truncation else 0
    if full < first and low < first:
        rest = tape.errors(full, first - 1, low)
        found = {name: found[name] + rest.steps(name).sum for name in found}
    return found


def _share(part: Any, whole: Any) -> float:
    size = frobenius(whole)
    if not size:
        return float("nan")
    with np.errstate(all="ignore"):
        return float(np.vdot(part / size, whole / size))
