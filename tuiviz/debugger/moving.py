"""Actions that move the debugger."""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import normalize

from core.errors import InputError
from tuiviz.debugger.debugger import Debugger, Running
from tuiviz.debugger.find import goto_position
from tuiviz.debugger.keeping import MOST
from tuiviz.debugger.origins import origin_of_cursor
from tuiviz.debugger.search import found_position
from tuiviz.debugger.session import Session
from tuiviz.files.visible import visible

ENDS = {1: "the end of the walk", -1: "the start of the walk"}
"""What is said where there is no way on."""

NO_MARKS = "no marks yet: {mark} sets one"
"""What is said where there are none."""


def times(count: int | None) -> int:
    """How often to do something: once, unless a count was typed."""
    return 1 if count is None else count


def step(debugger: Debugger, count: int | None, argument: str) -> None:
    """One line on."""
    _go(debugger, debugger.session.stepped, 1, count)


def step_back(debugger: Debugger, count: int | None, argument: str) -> None:
    """One line back."""
    _go(debugger, debugger.session.stepped, -1, count)


def time(debugger: Debugger, count: int | None, argument: str) -> None:
    """To the next time step."""
    _go(debugger, debugger.session.time_stepped, 1, count)


def time_back(debugger: Debugger, count: int | None, argument: str) -> None:
    """To the time step before."""
    _go(debugger, debugger.session.time_stepped, -1, count)


def finish(debugger: Debugger, count: int | None, argument: str) -> None:
    """To the end of this pass."""
    _go(debugger, debugger.session.finished, 1, count, jump=True)


def finish_back(debugger: Debugger, count: int | None, argument: str) -> None:
    """To the start of this pass."""
    _go(debugger, debugger.session.finished, -1, count, jump=True)


def _go(
    debugger: Debugger,
    moved: Callable[[int], Session],
    direction: int,
    count: int | None,
    jump: bool = False,
) -> None:
    """Moves so many times; says so where the walk ended before."""
    often = times(count)
    there = moved(direction * often)
    fell_short = often > 0 and moved(direction * (often - 1)).index == there.index
    debugger.go(there, jump)
    if fell_short:
        debugger.message = ENDS[direction]


def start(debugger: Debugger, count: int | None, argument: str) -> None:
    """To the first position."""
    debugger.go(debugger.session.moved_to(0), jump=True)


def end(debugger: Debugger, count: int | None, argument: str) -> None:
    """To the last position."""
    debugger.go(debugger.session.moved_to(len(debugger.session.walk) - 1), jump=True)


def goto(debugger: Debugger, count: int | None, argument: str) -> None:
    """To a position, a step, an error, a term, or the next step that reads a token."""
    debugger.go(goto_position(debugger.session, argument or str(count or "")), jump=True)


def search(debugger: Debugger, count: int | None, argument: str) -> Running:
    """To the next line or token that holds a text; without one, that of the last search."""
    return _seek(debugger, argument, 1, count)


def search_back(debugger: Debugger, count: int | None, argument: str) -> Running:
    """The same, backwards."""
    return _seek(debugger, argument, -1, count)


def match(debugger: Debugger, count: int | None, argument: str) -> Running:
    """The search again, onwards."""
    return _seek(debugger, "", 1, count)


def match_back(debugger: Debugger, count: int | None, argument: str) -> Running:
    """The search again, backwards."""
    return _seek(debugger, "", -1, count)


def _seek(debugger: Debugger, text: str, direction: int, count: int | None) -> Running:
    if text:
        debugger.sought = text
    if not debugger.sought:
        raise InputError("search: expected a text, part of a line or of a token")
    often, said = max(1, times(count)), "the search was stopped"
    try:
        index = yield from found_position(debugger.session, debugger.sought, direction, often)
        debugger.go(debugger.session.moved_to(index), jump=True)
        said = ""
    finally:
        debugger.message = said


def run_to_cursor(debugger: Debugger, count: int | None, argument: str) -> None:
    """To the position that computes what the cursor is on."""
    line = debugger.look.line
    if debugger.look.panel == "program" and line is not None:
        if debugger.update_at(line):
            why = "a step of SGD runs this line: {sgd} takes one, {open} shows what it adds"
            raise InputError(debugger.keyboard.with_keys(why))
        start = debugger.session.walk.at(
            debugger.session.position.back, debugger.session.position.step
        )
        debugger.go(debugger.session.moved_to((start or 0) + line), jump=True)
        return
    index = origin_of_cursor(debugger.session)
    if index is None:
        raise InputError("no line computes this alone: put the cursor on a term or a factor")
    debugger.go(debugger.session.moved_to(index), jump=True)


def jump_back(debugger: Debugger, count: int | None, argument: str) -> None:
    """To where you were before the last jump."""
    if not debugger.behind:
        debugger.message = "there was no jump before this place"
    for _ in range(min(times(count), len(debugger.behind))):
        debugger.ahead.append(debugger.place)
        debugger.return_to(debugger.behind.pop())


def jump_forward(debugger: Debugger, count: int | None, argument: str) -> None:
    """To where you were before going back."""
    if not debugger.ahead:
        debugger.message = "nothing has been gone back"
    for _ in range(min(times(count), len(debugger.ahead))):
        debugger.behind.append(debugger.place)
        debugger.return_to(debugger.ahead.pop())


def mark(debugger: Debugger, count: int | None, argument: str) -> None:
    """Names this place."""
    name = _name_of_mark(argument)
    if len(debugger.marks) == MOST and name not in debugger.marks:
        raise InputError(f"at most {MOST} marks are kept; take one of their names")
    debugger.marks[name] = debugger.place
    debugger.message = f"mark {name}: position {debugger.session.index + 1}"


def marks(debugger: Debugger, count: int | None, argument: str) -> None:
    """Lists the places that have a name."""
    found = sorted(debugger.marks.items())
    listed = ", ".join(f"{name} position {place.index + 1}" for name, place in found)
    debugger.message = f"marks: {listed}" if found else debugger.keyboard.with_keys(NO_MARKS)


def return_to(debugger: Debugger, count: int | None, argument: str) -> None:
    """To a place with a name."""
    name = _name_of_mark(argument)
    if name not in debugger.marks:
        have = ", ".join(sorted(debugger.marks))
        none = debugger.keyboard.with_keys(NO_MARKS)
        raise InputError(f"no mark {name}; " + (f"there is {have}" if have else none))
    debugger.return_to(debugger.marks[name], jump=True)


def _name_of_mark(text: str) -> str:
    name = visible(normalize("NFC", text.strip()))
    if not name or len(name) > 20:
        raise InputError("a mark needs a name of 1 to 20 characters")
    return name
