"""Actions that choose the truncation: how far back errors go, and how many go together."""

from __future__ import annotations

from dataclasses import replace

from core.errors import InputError
from core.truncation import Truncation
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.moving import times
from tuiviz.debugger.styles import in_force
from tuiviz.debugger.training_sentences import truncated
from tuiviz.problem import parse_truncation


def truncate(debugger: Debugger, count: int | None, argument: str) -> None:
    """Chooses the truncation: `truncate K2`, `truncate K1,K2`, or `truncate off`."""
    if argument.strip() == "off":
        _truncate(debugger, None)
    elif not argument:
        raise InputError("truncate: expected K2, K1,K2 or off")
    else:
        _truncate(debugger, parse_truncation(argument, "truncate"))


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
    if found := in_force(debugger.session):
        debugger.message = truncated(found)
