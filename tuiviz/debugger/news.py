"""Where names have new values: there a condition is asked, and a watch compared."""

from __future__ import annotations

from collections.abc import Set

from core.lines import GRADIENT, Line
from tuiviz.debugger.scope import CONSTANT, EVERY_LINE, name_of
from tuiviz.debugger.session import Session


def is_news(names: Set[str], session: Session) -> bool:
    """Whether an expression of these names may have a new value when the current line is done.

    Where a line makes one of them; at the first line of a step that has no such line. A sum that
    nothing is added to stays as it is, and an expression of constants is asked once a step.
    """
    index, walk = session.index, session.walk
    if names & EVERY_LINE or names & made_by(walk[index].line):
        return True
    if walk.line_number(index):
        return False
    made = frozenset[str]().union(*map(made_by, walk.lines_at(index)))
    return not (names & made or _stands_still(names, session))


def _stands_still(names: Set[str], session: Session) -> bool:
    parameters = session.parameters
    sums = {f"d{name}" for name in parameters}
    return bool(names & sums) and names <= sums | CONSTANT | set(parameters)


def made_by(line: Line) -> frozenset[str]:
    """The names that one line makes, of those that not every line does."""
    made = name_of(line)
    return frozenset({made, "term", "share"} if line.kind == GRADIENT else {made})
