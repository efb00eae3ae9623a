"""Where a number comes from: what its line reads, and the positions that made that."""

from __future__ import annotations

import re

from core.lines import ADJOINT, GIVEN, GRADIENT, VALUE, Operand
from core.program import symbol
from core.records import Record
from core.symbols import adjoint_template, filled, sent_back, subscript
from tuiviz.debugger.session import Session


class Origin(Record):
    """Something that a line reads: how it is written, and the position that made it, if one did."""

    written: str
    index: int | None


def origins(session: Session) -> list[Origin]:
    """What the current line reads, in the order in which it is written."""
    line = session.position.line
    written = session.written(line).partition(" = ")[2] or session.written(line)

    def place(origin: Origin) -> int:
        symbol = re.escape(origin.written.partition(" = ")[0])
        found = re.search(f"{symbol}(?![₀-₉])", written)
        return found.start() if found else len(written)

    return sorted((_origin(session, operand) for operand in line.operands), key=place)


def _origin(session: Session, operand: Operand) -> Origin:
    here, walk = session.position, session.walk
    step = here.step + operand.later
    if operand.kind == ADJOINT:
        written = sent_back(filled(adjoint_template(operand.name), step), session.sent_back)
        return Origin(written, walk.made(here.back, step, ADJOINT, operand.name))
    if operand.kind == VALUE:
        written = symbol(operand.name) + subscript(step)
        return Origin(written, walk.made(-1, step, VALUE, operand.name))
    if operand.kind == GIVEN:
        problem = session.problem
        label = problem.reads(step) if operand.name == "x" else problem.follows(step)
        return Origin(f"{operand.name}{subscript(step)} = {label}", None)
    return Origin(operand.name, None)


def origin_of_cursor(session: Session) -> int | None:
    """The position that made what the cursor of the chain rule is on, if one did."""
    if session.cursor is None:
        return None
    walk = session.walk
    found = session.outline.expression(session.cursor)
    if found.term is not None:
        back = walk.pass_of(session.error)
        if back is None:
            return None
        return walk.made(back, found.term.k, GRADIENT, session.parameter)
    if found.place is not None:
        return walk.made(-1, found.place[1], VALUE, found.place[0])
    return None
