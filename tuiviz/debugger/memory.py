"""What a debugger keeps for the next time on the same sample, and how it takes it up again."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from core.errors import InputError
from tuiviz.debugger.conditions import parse
from tuiviz.debugger.debugger import KINDS, PANELS, Debugger, Place
from tuiviz.debugger.keeping import Kept, KeptBreakpoint, KeptMark, KeptWatch
from tuiviz.debugger.looking import DIGITS
from tuiviz.debugger.scope import descriptions, name_of
from tuiviz.debugger.session import Session
from tuiviz.debugger.stops import Breakpoint, Watch, breakpoint_from
from tuiviz.debugger.walk import BACKWARD, FORWARD
from tuiviz.files.visible import visible

_PANEL, _DIGITS, _WALK, _ZOOMED, _THEME = "panel", "digits", "walk", "zoomed", "theme"
ERROR, GRADIENT = "error", "gradient"


def kept(debugger: Debugger) -> Kept:
    """What to keep: breakpoints, watches, marks, and how things are looked at."""
    layout: dict[str, bool | int | str] = {}
    if debugger.look.panel != PANELS[0]:
        layout[_PANEL] = debugger.look.panel
    if debugger.look.digits != type(debugger.look)().digits:
        layout[_DIGITS] = debugger.look.digits
    if debugger.look.zoomed:
        layout[_ZOOMED] = True
    if debugger.look.theme:
        layout[_THEME] = debugger.look.theme
    if debugger.session.kind != next(iter(KINDS)):
        layout[_WALK] = debugger.session.kind
    if debugger.session.error != debugger.session.steps - 1:
        layout[ERROR] = debugger.session.error
    if debugger.session.parameter != Session.parameter:
        layout[GRADIENT] = debugger.session.parameter
    return Kept(
        breakpoints=tuple(_kept_breakpoint(each) for each in debugger.breakpoints),
        watches=tuple(KeptWatch(each.text, each.stops) for each in debugger.watches),
        marks={name: _kept_mark(debugger.session, place) for name, place in debugger.marks.items()},
        layout=layout,
    )


def _kept_breakpoint(each: Breakpoint) -> KeptBreakpoint:
    return KeptBreakpoint(each.text, max(0, each.ignore), each.enabled)


def _kept_mark(session: Session, place: Place) -> KeptMark:
    there = replace(session, kind=place.kind, chosen=place.error).moved_to(place.index)
    here = there.position
    return KeptMark(place.kind, place.error, here.phase, here.step, name_of(here.line))


def taken_up(debugger: Debugger, besides: int = 0) -> str:
    """How much was taken up, in words; nothing for nothing. `besides`: breakpoints not kept."""
    counts = {
        "breakpoint": len(debugger.breakpoints) - besides,
        "watch": len(debugger.watches),
        "mark": len(debugger.marks),
    }
    parts = [f"{count} {_plural(what, count)}" for what, count in counts.items() if count]
    return f"as you left it: {', '.join(parts)}; --fresh starts without" if parts else ""


def _plural(what: str, count: int) -> str:
    return what if count == 1 else f"{what}es" if what.endswith("ch") else f"{what}s"


def take_up(debugger: Debugger, found: Kept, given: Collection[str] = ()) -> Iterator[str]:
    """Takes up what was kept; yields what no longer fits, a line for each.

    Of the layout not what is `given` otherwise: ERROR, GRADIENT.
    """
    session = debugger.session
    for each in found.breakpoints:
        try:
            made = breakpoint_from(each.text, session)
        except InputError as error:
            yield str(error)
            continue
        debugger.breakpoints += (replace(made, ignore=each.ignore, enabled=each.enabled),)
    for watch in found.watches:
        try:
            expression = parse(watch.text, descriptions(session))
        except InputError as error:
            yield str(error)
            continue
        debugger.watches += (Watch(expression, watch.stops),)
    for written, mark in found.marks.items():
        name = visible(written)
        place = _place(session, mark)
        if place is None:
            yield f"mark {name}: there is no such place any more"
        else:
            debugger.marks[name] = place
    _look(debugger, {name: each for name, each in found.layout.items() if name not in given})


def _place(session: Session, mark: KeptMark) -> Place | None:
    if mark.walk not in KINDS or mark.phase not in (FORWARD, BACKWARD):
        return None
    if not mark.error < session.steps:
        return None
    there = replace(session, kind=mark.walk, chosen=mark.error)
    back = -1 if mark.phase == FORWARD else there.walk.pass_of(mark.error)
    line = next((each for each in there.walk.lines if name_of(each) == mark.line), None)
    if back is None or line is None:
        return None
    index = there.walk.made(back, mark.step, line.kind, line.name)
    return index if index is None else Place(mark.walk, mark.error, session.parameter, index)


def _look(debugger: Debugger, layout: dict[str, bool | int | str]) -> None:
    panel, digits, walk = (layout.get(name) for name in (_PANEL, _DIGITS, _WALK))
    if panel in PANELS:
        debugger.look = replace(debugger.look, panel=str(panel))
    if digits in DIGITS:
        debugger.look = replace(debugger.look, digits=int(digits or 0))
    if layout.get(_ZOOMED) is True:
        debugger.look = replace(debugger.look, zoomed=True)
    if isinstance(theme := layout.get(_THEME), str):
        debugger.look = replace(debugger.look, theme=theme)
    if walk in KINDS:
        debugger.session = debugger.session.with_kind(str(walk))
    error, gradient = layout.get(ERROR), layout.get(GRADIENT)
    if type(error) is int and error < debugger.session.steps:
        debugger.session = debugger.session.with_error(error)
    if gradient in debugger.session.parameters:
        debugger.session = debugger.session.with_parameter(str(gradient))
