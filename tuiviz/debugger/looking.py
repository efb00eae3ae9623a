"""Actions that choose what is walked and what is looked at."""

from __future__ import annotations

from dataclasses import replace

from core.errors import InputError
from core.symbols import subscript
from tuiviz.debugger.curves import COLUMNS
from tuiviz.debugger.debugger import KINDS, PANELS, Debugger
from tuiviz.debugger.find import error_named, goto_position
from tuiviz.debugger.moving import run_to_cursor, times
from tuiviz.debugger.session import Session
from tuiviz.debugger.stopping import switch
from tuiviz.files.visible import visible

PAGE = 10
"""Rows that a page is."""

DIGITS = range(2, 13)
"""Significant digits that numbers can be shown with."""


def walk(debugger: Debugger, count: int | None, argument: str) -> None:
    """Chooses the walk back: one, each, sum; without an argument the next of them."""
    kinds = list(KINDS)
    chosen = argument or kinds[(kinds.index(debugger.session.kind) + 1) % len(kinds)]
    if chosen not in kinds:
        raise InputError(f"walk {visible(chosen)}: expected {', '.join(kinds)}")
    debugger.go(debugger.session.with_kind(chosen), jump=True)
    debugger.message = f"walk: {KINDS[chosen]}"


def error(debugger: Debugger, count: int | None, argument: str) -> None:
    """The next E_t; with an argument the one of that step."""
    if argument:
        there = debugger.session.with_error(error_named(debugger.session, argument))
        debugger.go(there, jump=True)
    else:
        _select(debugger, times(count))


def error_back(debugger: Debugger, count: int | None, argument: str) -> None:
    """The E_t before."""
    _select(debugger, -times(count))


def _select(debugger: Debugger, further: int) -> None:
    last = debugger.session.steps - 1
    wanted = debugger.session.error + further
    debugger.go(debugger.session.with_error(wanted), jump=True)
    if not 0 <= wanted <= last:
        ends = f"E{subscript(last)} is the last" if further > 0 else "E₀ is the first"
        debugger.message = f"{ends} of the errors"


def gradient(debugger: Debugger, count: int | None, argument: str) -> None:
    """The parameter whose gradient is looked at; without an argument the next one."""
    names = debugger.session.parameters
    chosen = argument or names[(names.index(debugger.session.parameter) + 1) % len(names)]
    debugger.session.require_parameter(chosen)
    debugger.go(debugger.session.with_parameter(chosen))


def here(debugger: Debugger, count: int | None, argument: str) -> None:
    """The current line again, whatever was looked at."""
    debugger.session = debugger.session.moved_to(debugger.session.index)
    debugger.look = replace(
        debugger.look, scroll=None, line=None, cell=None, column=None, update="", moment=None
    )


def panel(debugger: Debugger, count: int | None, argument: str) -> None:
    """The panel that arrows and Enter belong to; without an argument the next one."""
    chosen = argument or PANELS[(PANELS.index(debugger.look.panel) + times(count)) % len(PANELS)]
    if chosen not in PANELS:
        raise InputError(f"no panel {visible(chosen)}; expected {', '.join(PANELS)}")
    debugger.look = replace(debugger.look, panel=chosen)


def panel_back(debugger: Debugger, count: int | None, argument: str) -> None:
    """The panel before."""
    panel(debugger, -times(count), "")


def total(debugger: Debugger, count: int | None, argument: str) -> None:
    """The sum so far in place of the line's value, or that again."""
    debugger.look = replace(debugger.look, total=not debugger.look.total, scroll=None)


def zoom(debugger: Debugger, count: int | None, argument: str) -> None:
    """This panel alone, or all again."""
    if debugger.look.panel == "network" and not debugger.look.zoomed:
        goes = debugger.keyboard.with_keys("{panel} goes to another panel")
        raise InputError(f"the network has the whole width already; {goes}")
    debugger.look = replace(debugger.look, zoomed=not debugger.look.zoomed)


def digits_more(debugger: Debugger, count: int | None, argument: str) -> None:
    """One more digit."""
    _digits(debugger, times(count))


def digits_less(debugger: Debugger, count: int | None, argument: str) -> None:
    """One digit less."""
    _digits(debugger, -times(count))


def _digits(debugger: Debugger, more: int) -> None:
    wanted = debugger.look.digits + more
    chosen = max(DIGITS.start, min(wanted, DIGITS.stop - 1))
    debugger.look = replace(debugger.look, digits=chosen)
    debugger.message = f"{chosen} digits"


# Arrows and Enter: in the panel that is in focus


def up(debugger: Debugger, count: int | None, argument: str) -> None:
    """Up in the panel."""
    _move(debugger, -times(count), 0)


def down(debugger: Debugger, count: int | None, argument: str) -> None:
    """Down in the panel."""
    _move(debugger, times(count), 0)


def page_up(debugger: Debugger, count: int | None, argument: str) -> None:
    """A page up in the panel."""
    _move(debugger, -PAGE * times(count), 0)


def page_down(debugger: Debugger, count: int | None, argument: str) -> None:
    """A page down in the panel."""
    _move(debugger, PAGE * times(count), 0)


def left(debugger: Debugger, count: int | None, argument: str) -> None:
    """Left in the panel; in the chain rule: closes a term."""
    if debugger.look.panel == "chain":
        _point(debugger, debugger.session.closed())
    else:
        _move(debugger, 0, -times(count))


def right(debugger: Debugger, count: int | None, argument: str) -> None:
    """Right in the panel; in the chain rule: opens a term."""
    if debugger.look.panel == "chain":
        _point(debugger, debugger.session.opened_up())
    else:
        _move(debugger, 0, times(count))


def open(debugger: Debugger, count: int | None, argument: str) -> None:  # noqa: A001
    """Opens or closes what the cursor is on in the chain rule; in other panels goes there."""
    look, session = debugger.look, debugger.session
    if look.panel == "program":
        _open_line(debugger)
    elif look.panel == "training":
        _open_moment(debugger)
    elif look.panel in ("reach", "decay") and look.cell is not None:
        go_to_term(debugger, *look.cell)
    elif look.panel == "network":
        debugger.go(goto_position(session, f"E{debugger.column}"), jump=True)
    elif look.panel == "watches":
        switch(debugger, look.item)
    else:
        _point(debugger, session.toggled())


def _point(debugger: Debugger, session: Session) -> None:
    """The cursor of the chain rule as in this session; another value is seen from its start."""
    if session.cursor != debugger.session.cursor:
        debugger.look = replace(debugger.look, scroll=None)
    debugger.session = session


def _open_line(debugger: Debugger) -> None:
    """Runs to the line under the cursor; an update is looked at."""
    name = debugger.update_at(debugger.look.line)
    if not name:
        run_to_cursor(debugger, None, "")
        return
    from tuiviz.debugger.learning import update

    update(debugger, None, name)


def _open_moment(debugger: Debugger) -> None:
    """To the step of the training under the cursor."""
    if debugger.look.moment is not None:
        from tuiviz.debugger.learning import sgd_to

        sgd_to(debugger, None, str(debugger.look.moment))


def go_to_term(debugger: Debugger, t: int, k: int) -> None:
    """To the line that adds the term k of ∂E_t/∂θ."""
    session = debugger.session.with_error(t)
    name = session.parameter if session.terms.lowest <= k else "W"
    if name != session.parameter and name in session.program.parameters:
        session = session.with_parameter(name)
    debugger.go(goto_position(session, f"term {k}"), jump=True)


def _move(debugger: Debugger, rows: int, columns: int) -> None:
    look = debugger.look
    if look.panel == "network":
        column = debugger.column + columns + rows
        debugger.look = replace(look, column=max(0, min(column, debugger.session.steps - 1)))
    elif look.panel in ("reach", "decay"):
        t, k = debugger.cell
        if look.panel == "decay":
            k = max(0, min(k - columns, t))
        else:
            t = max(0, min(t + rows, debugger.session.steps - 1))
            k = max(0, min(k + columns, t))
        debugger.look = replace(look, cell=(t, min(k, t)))
    elif look.panel == "program":
        lines = len(debugger.session.walk.lines_at(debugger.session.index))
        lines += len(debugger.session.parameters)
        at = debugger.session.walk.line_number(debugger.session.index)
        line = (at if look.line is None else look.line) + rows
        debugger.look = replace(look, line=max(0, min(line, lines - 1)))
    elif look.panel == "watches":
        last = max(0, len(debugger.watches) + len(debugger.breakpoints) - 1)
        debugger.look = replace(look, item=max(0, min(look.item + rows, last)))
    elif look.panel == "training":
        _move_in_training(debugger, rows, columns)
    elif look.panel == "value":
        debugger.look = replace(look, scroll=_scrolled(debugger, rows, columns))
    else:
        _point(debugger, debugger.session.cursor_moved(rows))


def _move_in_training(debugger: Debugger, rows: int, columns: int) -> None:
    """Up and down: which curve; left and right: along it, a fortieth at a time."""
    names, look = list(COLUMNS), debugger.look
    if rows:
        at = max(0, min(names.index(look.curve) + rows, len(names) - 1))
        debugger.look = replace(look, curve=names[at])
    history = debugger.history
    if columns and history is not None:
        here = debugger.trained if look.moment is None else look.moment
        stride = max(1, (history.last - history.first) // 40)
        moment = max(history.first, min(here + columns * stride, history.last))
        debugger.look = replace(look, moment=moment)


def _scrolled(debugger: Debugger, rows: int, columns: int) -> tuple[int, int]:
    """How far down and across the value is scrolled then, from where it is drawn or was scrolled.

    Its last row and column stay in sight.
    """
    try:
        labels = debugger.value.labels[-2:]
    except InputError:  # too many numbers to show any
        labels = ()
    down, across, *_ = (*(len(names) - 1 for names in labels), 0, 0)
    row, column = debugger.corner or debugger.look.scroll or (0, 0)
    return max(0, min(row + rows, down)), max(0, min(column + columns, across))


# What a click types


def cursor(debugger: Debugger, count: int | None, argument: str) -> None:
    """The cursor on a part of the chain rule, 0.2.1: child 1 of child 2 of term 0."""
    parts = argument.split(".") if argument else []
    try:
        path = tuple(int(part) for part in parts if part.isdecimal())
        debugger.session.outline.expression(path)
    except IndexError:
        path = ()
    if len(path) != len(parts):
        raise InputError(f"cursor {visible(argument)}: no such part")
    _point(debugger, debugger.session.cursor_at(path))


def line(debugger: Debugger, count: int | None, argument: str) -> None:
    """To a line of this step, by its number from 0."""
    walk, here = debugger.session.walk, debugger.session.position
    lines = len(walk.lines_at(here.index))
    if not argument.isdecimal() or int(argument) >= lines:
        raise InputError(
            f"line {visible(argument)}: expected 0 to {lines - 1}, a line of this step"
        )
    start = here.index - walk.line_number(here.index)
    debugger.go(debugger.session.moved_to(start + int(argument)))


def cell(debugger: Debugger, count: int | None, argument: str) -> None:
    """To the term (t, k): `cell 3 1` goes to the line that adds the term 1 of ∂E_3/∂θ."""
    numbers = argument.split()
    steps = debugger.session.steps
    if len(numbers) != 2 or not all(each.isdecimal() for each in numbers):
        raise InputError("cell: expected t and k, as in cell 3 1")
    t, k = map(int, numbers)
    if not k <= t < steps:
        raise InputError(f"no ∂E_{t}/∂s_{k}; expected k ≤ t ≤ {steps - 1}")
    go_to_term(debugger, t, k)


def item(debugger: Debugger, count: int | None, argument: str) -> None:
    """The cursor on a watch or a breakpoint of the list."""
    chosen = int(argument) if argument.isdecimal() else 0
    debugger.look = replace(debugger.look, item=chosen)
