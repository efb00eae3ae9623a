"""Actions on gradients that somebody computed: they stand beside the right ones."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import InputError
from core.symbols import derivative
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.session import Value
from tuiviz.debugger.walk import SUM

if TYPE_CHECKING:
    from core.diagnosis.report import Report


def begin(debugger: Debugger) -> None:
    """All errors in one sweep, as real code does it, and the gradients that were given in sight."""
    debugger.session = debugger.session.with_kind(SUM)
    debugger.look = replace(debugger.look, panel="yours")


def first_difference(debugger: Debugger, count: int | None, argument: str) -> None:
    """To the first line and step, going backward, where the given gradients go wrong."""
    report = _report(debugger)
    places = [each.first_wrong for each in report.findings if each.first_wrong is not None]
    if not places:
        raise InputError(f"nothing is wrong at a step of its own: the verdict is {report.verdict}")
    place = places[0]
    session = debugger.session.with_kind(SUM)
    step = session.steps - 1 if place.k is None else place.k
    index = session.walk.made(0, step, place.line.kind, place.line.name)
    debugger.go(session.moved_to(session.walk.turn if index is None else index), jump=True)
    where = "" if place.k is None else f" first at k = {place.k}"
    here = debugger.session.written(debugger.session.position.line)
    debugger.message = f"yours differs{where}, in {here}"


def yours(debugger: Debugger, count: int | None, argument: str) -> None:
    """The given gradient pinned beside the right one, at the end of the sweep."""
    report, name = _report(debugger), debugger.session.parameter
    if name not in report.gradients:
        have = ", ".join(f"∂E/∂{each}" for each in report.gradients)
        raise InputError(f"∂E/∂{name} was not given; there is {have}")
    session = debugger.session.with_kind(SUM)
    session = session.moved_to(len(session.walk) - 1).with_parameter(name)
    debugger.go(session, jump=True)
    title, labels = derivative("E", name), session.parameter_labels(name)
    given = Value(f"your {title}", "", report.gradients[name], labels)
    debugger.pinned = (debugger.place, given)
    debugger.look = replace(debugger.look, panel="value", total=True)
    lets_go = debugger.keyboard.with_keys("{pin} lets it go")
    debugger.message = f"your {title} beside the right one; {lets_go}"


def _report(debugger: Debugger) -> Report:
    report = debugger.session.problem.report
    if report is None:
        raise InputError("no gradient was given: open a file that tuiviz check reads")
    return report
