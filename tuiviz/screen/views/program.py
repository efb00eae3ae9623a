"""The program, forward and backward, with the current line and the breakpoints marked."""

from __future__ import annotations

from collections.abc import Iterator

from core.lines import GRADIENT, VALUE
from core.lines import Line as ProgramLine
from core.records import Record
from core.symbols import subscript
from tuiviz.cells import fitted
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.scope import name_of
from tuiviz.debugger.session import Session
from tuiviz.debugger.training_sentences import written_update
from tuiviz.debugger.walk import SUM
from tuiviz.screen.drawing import Line, Room, line, window


class _Row(Record):
    text: str
    line: ProgramLine | None = None
    runs: bool = False  # at the current step
    number: int = -1  # among the lines of the step, then the updates
    update: str = ""  # the parameter that a step of SGD changes here


def program(debugger: Debugger, room: Room) -> list[Line]:
    """All lines, those of the current step with its indices, scrolled to the current one.

    At the end those that a step of SGD runs.
    """
    walked = list(_walked(debugger))
    rows = [*walked, *_updates(debugger)]
    here, update = debugger.session.position.line, debugger.look.update
    at = next(i for i, row in enumerate(rows) if row.runs and row.line == here)
    if update:
        at = next(i for i, row in enumerate(rows) if row.update == update)
    if debugger.look.line is not None and room.focused:
        at = next(i for i, row in enumerate(rows) if row.number == debugger.look.line)
    # The updates have what room is left, unless one of them is looked at.
    first = window(at, len(rows) if at >= len(walked) else len(walked), room.height)
    return [_drawn(debugger, row, room) for row in rows[first : first + room.height]]


def heading(debugger: Debugger) -> str:
    """What is running, and at which step."""
    return debugger.where


def _updates(debugger: Debugger) -> Iterator[_Row]:
    session = debugger.session
    yield _Row("a step of SGD, E = Σₜ Eₜ")
    first = len(session.walk.lines_at(session.index))
    for number, name in enumerate(session.parameters, first):
        yield _Row(written_update(name, debugger.clip), number=number, update=name)


def _walked(debugger: Debugger) -> Iterator[_Row]:
    """The lines as they run: forward; where an error joins; at each step before that."""
    session = debugger.session
    found, step, forward = session.walk.listing, session.position.step, session.going_forward
    running = session.walk.lines_at(session.index)
    back = "all errors" if session.kind == SUM else f"E{subscript(session.error)}"

    def rows(lines: tuple[ProgramLine, ...], letter: int | str, here: bool) -> Iterator[_Row]:
        for each in lines:
            runs = here and each in running
            text = each.written(session.sent_back, step if runs else letter)
            yield _Row(text, each, runs, running.index(each) if runs else -1)

    yield _Row("forward, t = 0 … T−1")
    yield from rows(found.forward, "t", forward)
    yield _Row(f"back from {back}")
    joined = not forward and found.carried[0] not in running
    if session.kind == SUM:
        yield from rows((*found.readout, *found.both), "k", joined)
        for other in (found.joining, found.carried):
            if other[0] in running:
                yield from rows(other, "k", True)
        yield from rows(found.inside, "k", not forward)
        return
    yield from rows((*found.readout, *found.joining), session.error, joined)
    yield _Row("for k = t … 0")
    yield from rows((*found.carried, *found.inside), "k", not forward)


def _drawn(debugger: Debugger, row: _Row, room: Room) -> Line:
    palette, session = room.palette, debugger.session
    if row.update:
        return _update(debugger, row, room)
    if row.line is None:
        return line(fitted(f" {row.text}", room.width), palette.symbol)
    name = name_of(row.line)
    mark, stop = _gutter(debugger, name)
    current = row.runs and row.line == session.position.line
    selected = row.line.kind == GRADIENT and row.line.name == session.parameter
    style = palette.plain if row.runs else palette.dim
    if row.runs and selected:
        style = palette.selected
    if current:
        style = palette.current
    pointed = room.focused and row.number >= 0 and row.number == debugger.look.line
    click = f"line {row.number}" if row.number >= 0 else _elsewhere(session)[row.line]
    made = line(mark, palette.warning, stop)
    text = ("▶ " if current else "› " if pointed else "  ") + row.text
    return made.add(fitted(text, room.width - 1), style, click)


def _gutter(debugger: Debugger, name: str) -> tuple[str, str]:
    """The mark of the breakpoints on a line, and what a click there types."""
    stops = [
        (number, each) for number, each in enumerate(debugger.breakpoints, 1) if each.line == name
    ]
    if not stops:
        return " ", f"break-at {name}"
    mark = "●" if any(each.enabled for _, each in stops) else "○"
    number, first = stops[0]
    switch = "disable" if first.enabled else "enable"
    return mark, f"{'delete' if first.condition is None else switch} {number}"


def _elsewhere(session: Session) -> dict[ProgramLine, str]:
    """What a click on a line types that does not run at this step: where it does, near by."""
    walk, here, truncation = session.walk, session.position, session.problem.truncation
    behind = walk.pass_of(session.error) if session.going_forward else here.back

    def goes(line: ProgramLine) -> str:
        back = -1 if line.kind == VALUE else behind
        index = None if back is None else walk.nearest(back, here.step, line)
        return "" if index is None else f"goto {index + 1}"

    key = ("elsewhere", session.kind, session.error, behind, here.step, truncation)
    found: dict[ProgramLine, str] = session.keep(
        key, lambda: {each: goes(each) for each in walk.lines}
    )
    return found


def _update(debugger: Debugger, row: _Row, room: Room) -> Line:
    palette, shown = room.palette, row.update == debugger.look.update
    pointed = room.focused and row.number == debugger.look.line
    style = palette.selected if row.update == debugger.session.parameter else palette.dim
    if shown and debugger.session.cursor is None:
        style = palette.current
    text = ("› " if pointed else "  ") + row.text
    return line(" ").add(fitted(text, room.width - 1), style, f"update {row.update}")
