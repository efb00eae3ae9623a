"""Actions that ask: where a number comes from, how two compare, what comes next."""

from __future__ import annotations

from core.errors import InputError
from tuiviz.debugger.conditions import parse
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.moving import run_to_cursor
from tuiviz.debugger.origins import origins
from tuiviz.debugger.printing import printed
from tuiviz.debugger.report import stop_report
from tuiviz.debugger.scope import descriptions
from tuiviz.debugger.syntax import listed


def origin(debugger: Debugger, count: int | None, argument: str) -> None:
    """To the line and step that made an operand of this line: the first, or number `count`."""
    session = debugger.session
    if session.cursor is not None:
        symbol = session.outline.expression(session.cursor).symbol
        run_to_cursor(debugger, None, "")
        _say_where(debugger, symbol)
        return
    found = [(n, each) for n, each in enumerate(origins(session), 1) if each.index is not None]
    chosen = [each for n, each in found if count in (None, n)]
    if not chosen:
        listed = ", ".join(f"{n} {each.written}" for n, each in found)
        raise InputError(f"no line made that; there is {listed or 'nothing but what is given'}")
    debugger.go(session.moved_to(chosen[0].index or 0), jump=True)
    _say_where(debugger, chosen[0].written)


def _say_where(debugger: Debugger, symbol: str) -> None:
    back = debugger.keyboard.with_keys("{jump-back} goes back")
    debugger.message = f"{symbol} was made here; {back}"


def pin(debugger: Debugger, count: int | None, argument: str) -> None:
    """Pins the value shown, to compare others with it; again: lets it go."""
    if debugger.pinned is not None:
        debugger.pinned, debugger.message = None, "nothing is pinned any more"
        return
    value = debugger.value
    debugger.pinned = (debugger.place, value)
    debugger.message = f"{value.title} is pinned: move, and see the difference"


def predict(debugger: Debugger, count: int | None, argument: str) -> None:
    """Asks for the next value before it shows it, or stops asking."""
    debugger.predicting = not debugger.predicting
    debugger.answered = None
    on = "each value is asked before it is shown; {answer} answers, {predict} stops"
    debugger.message = (
        debugger.keyboard.with_keys(on) if debugger.predicting else "no more questions"
    )


def answer(debugger: Debugger, count: int | None, argument: str) -> None:
    """Answers the question, and shows the value; an empty answer shows it."""
    asked = debugger.question
    if asked is None:
        raise InputError(
            debugger.keyboard.with_keys("nothing is asked; {predict} asks at every line")
        )
    said = argument.strip() or str("" if count is None else count)
    verdict = "" if not said else "right: " if asked.accepts(said) else "no: "
    debugger.answered = debugger.place
    debugger.message = f"{verdict}{asked.answer}"


def print(debugger: Debugger, count: int | None, argument: str) -> None:  # noqa: A001
    """Says what expressions are here: their numbers, as many as there is room for."""
    known = descriptions(debugger.session)
    expressions = [parse(each, known) for each in listed(argument)]
    lines = [printed(each, debugger.session, debugger.look.digits) for each in expressions]
    debugger.message = "\n".join(line for of_one in lines for line in of_one)


def show(debugger: Debugger, count: int | None, argument: str) -> None:
    """Says where the debugger is, and what is here."""
    debugger.message = "\n".join(stop_report(debugger))
