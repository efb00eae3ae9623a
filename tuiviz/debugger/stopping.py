"""Actions that run on, and what they stop at."""

from __future__ import annotations

from collections.abc import Generator, Sized
from dataclasses import replace
from time import monotonic
from typing import Any

from core.errors import InputError
from tuiviz.debugger.commands import MOST_DIGITS
from tuiviz.debugger.conditions import NOT_HERE, parse
from tuiviz.debugger.debugger import BREATH, Debugger, Running
from tuiviz.debugger.keeping import MOST
from tuiviz.debugger.moving import ENDS, times
from tuiviz.debugger.report import breakpoint_texts, changed_texts, watch_texts
from tuiviz.debugger.scope import descriptions, name_of
from tuiviz.debugger.session import Session
from tuiviz.debugger.stops import Breakpoint, Watch, breakpoint_from, counted, same
from tuiviz.debugger.syntax import listed
from tuiviz.files.visible import visible

_SETS = {"breakpoint": "{break-at}", "watch": "{watch}"}
"""The actions that set them."""


def break_at(debugger: Debugger, count: int | None, argument: str) -> None:
    """A breakpoint; without an argument on the current line, or off it again."""
    if len(debugger.breakpoints) == MOST:
        raise InputError(f"at most {MOST} breakpoints are kept; delete some")
    if argument:
        made = breakpoint_from(argument, debugger.session)
        also = [n for n, each in enumerate(debugger.breakpoints, 1) if each.text == made.text]
        debugger.breakpoints += (made,)
        note = f", as is {also[0]}" if also else ""
        debugger.message = f"breakpoint {len(debugger.breakpoints)}: {visible(argument)}{note}"
        return
    name = name_of(debugger.session.position.line)
    others = tuple(each for each in debugger.breakpoints if each != Breakpoint(name, name))
    if len(others) == len(debugger.breakpoints):
        debugger.breakpoints += (Breakpoint(name, name),)
        number = len(debugger.breakpoints)
        debugger.message = f"breakpoint {number}: the line of {name}, at every step"
    else:
        debugger.breakpoints = others
        debugger.message = f"no breakpoint on the line of {name} any more"


def break_if(debugger: Debugger, count: int | None, argument: str) -> None:
    """A breakpoint on a line, a time step or a condition."""
    if not argument:
        raise InputError("break-if: expected a line, a time step such as t=3, or a condition")
    break_at(debugger, count, argument)


def breakpoints(debugger: Debugger, count: int | None, argument: str) -> None:
    """Lists the breakpoints and the watches."""
    found = breakpoint_texts(debugger) + watch_texts(debugger)
    debugger.message = "\n".join(found) or debugger.keyboard.with_keys(
        "no breakpoints: {break-at} sets one here, {break-if} on a condition"
    )


def delete(debugger: Debugger, count: int | None, argument: str) -> None:
    """Deletes breakpoint N; all with "all"."""
    if argument == "all":
        debugger.message = f"all breakpoints are deleted, {len(debugger.breakpoints)}"
        debugger.breakpoints = ()
        return
    number = _number(debugger, "breakpoint", debugger.breakpoints, argument, count)
    gone = debugger.breakpoints[number - 1]
    debugger.breakpoints = debugger.breakpoints[: number - 1] + debugger.breakpoints[number:]
    debugger.message = f"breakpoint {number} is deleted: {visible(gone.text)}"


def enable(debugger: Debugger, count: int | None, argument: str) -> None:
    """Enables breakpoint N."""
    _change(debugger, _breakpoint(debugger, argument, count), "is enabled", enabled=True)


def disable(debugger: Debugger, count: int | None, argument: str) -> None:
    """Disables breakpoint N."""
    _change(debugger, _breakpoint(debugger, argument, count), "is disabled", enabled=False)


def ignore(debugger: Debugger, count: int | None, argument: str) -> None:
    """Passes over breakpoint N the next COUNT times: `ignore N COUNT`."""
    number, _, often = argument.partition(" ")
    if not (often.strip().isdecimal() and len(often.strip()) <= MOST_DIGITS):
        raise InputError(
            f"ignore: expected the number of a breakpoint and a count of up to {MOST_DIGITS} digits"
        )
    said = f"is passed over {often.strip()} more times"
    _change(debugger, _breakpoint(debugger, number, count), said, ignore=int(often))


def switch(debugger: Debugger, item: int) -> None:
    """Enables a breakpoint of the list or disables it; of a watch: whether it stops."""
    number = item - len(debugger.watches)
    if 0 <= number < len(debugger.breakpoints):
        turn = disable if debugger.breakpoints[number].enabled else enable
        turn(debugger, number + 1, "")
    elif 0 <= item < len(debugger.watches):
        found = list(debugger.watches)
        found[item] = replace(found[item], stops=not found[item].stops)
        debugger.watches = tuple(found)
        debugger.message = watch_texts(debugger)[item]


def remove(debugger: Debugger, count: int | None, argument: str) -> None:
    """Removes what the cursor of the list is on."""
    last = len(debugger.watches) + len(debugger.breakpoints) - 1
    item = max(0, min(debugger.look.item, last))
    number = item - len(debugger.watches)
    if number < 0:
        unwatch(debugger, item + 1, "")
    else:
        delete(debugger, number + 1, "")
    debugger.look = replace(debugger.look, item=max(0, min(item, last - 1)))


def _change(debugger: Debugger, number: int, said: str, **changes: bool | int) -> None:
    found = list(debugger.breakpoints)
    found[number - 1] = replace(found[number - 1], **changes)  # type: ignore[arg-type]
    debugger.breakpoints = tuple(found)
    debugger.message = f"breakpoint {number} {said}: {visible(found[number - 1].text)}"


def _breakpoint(debugger: Debugger, argument: str, count: int | None) -> int:
    return _number(debugger, "breakpoint", debugger.breakpoints, argument, count)


def _number(debugger: Debugger, kind: str, held: Sized, argument: str, count: int | None) -> int:
    """The number, from 1, of one of those that there are. Raises InputError if there is none."""
    text, last = argument.strip() or str(count or ""), len(held)
    if not (text.isdecimal() and 1 <= int(text) <= last):
        sets = debugger.keyboard.with_keys(_SETS[kind])
        have = f"expected its number, 1 to {last}" if last else f"{sets} sets one"
        raise InputError(f"no {f'{kind} {visible(text)}'.strip()}; {have}")
    return int(text)


def watch(debugger: Debugger, count: int | None, argument: str) -> None:
    """Shows one or several expressions at every stop; `watch stop EXPR` stops where it changes."""
    text = argument.removeprefix("stop ").strip()
    if not text:
        raise InputError("watch: expected an expression, such as norm(dEds)")
    known, stops = descriptions(debugger.session), argument.startswith("stop ")
    made = [Watch(parse(each, known), stops) for each in listed(text)]
    if len(debugger.watches) + len(made) > MOST:
        raise InputError(f"at most {MOST} watches are kept; unwatch some")
    debugger.watches += tuple(made)
    shown = "  ".join(watch_texts(debugger)[-len(made) :])
    debugger.message = f"{shown}  (the panel watches has them all)"


def unwatch(debugger: Debugger, count: int | None, argument: str) -> None:
    """Removes watch N; all with "all"."""
    if argument == "all":
        debugger.message = f"all watches are removed, {len(debugger.watches)}"
        debugger.watches = ()
        return
    number = _number(debugger, "watch", debugger.watches, argument, count)
    gone = debugger.watches[number - 1]
    debugger.watches = debugger.watches[: number - 1] + debugger.watches[number:]
    debugger.message = f"watch {number} is removed: {visible(gone.text)}"


def go_on(debugger: Debugger, count: int | None, argument: str) -> Running:
    """On to the next breakpoint, or the end."""
    return _runs(debugger, 1, times(count))


def go_back(debugger: Debugger, count: int | None, argument: str) -> Running:
    """Back to the breakpoint before, or the start."""
    return _runs(debugger, -1, times(count))


def _runs(debugger: Debugger, direction: int, count: int) -> Running:
    for _ in range(count):
        if not (yield from _run(debugger, direction)):
            return


def _run(debugger: Debugger, direction: int) -> Generator[str, None, bool]:
    """Runs to the next stop, or to where it is closed; whether it found one."""
    start, walk = debugger.session.index, debugger.session.walk
    end = len(walk) - 1 if direction > 0 else 0
    before = [_before(watch, debugger.session) for watch in debugger.watches]
    there, said = debugger.session.moved_to(start), "stopped here by a key"
    breath = monotonic() + BREATH
    try:
        while there.index != end:
            there = debugger.session.moved_to(there.index + direction)
            if reason := _stop_at(debugger, there, before):
                said = reason
                return True
            if monotonic() > breath:
                share = (there.index - start) / (end - start)
                yield f"running on … position {there.index + 1} of {len(walk)}, {share:.0%} done"
                breath = monotonic() + BREATH
        said = ENDS[direction]
        return False
    finally:
        debugger.go(there, jump=True)
        debugger.message = said


def _before(watch: Watch, session: Session) -> Any:
    try:
        return watch.value(session) if watch.stops else NOT_HERE
    except InputError:  # a run comes to where it is asked, and says why it cannot be
        return NOT_HERE


def _stop_at(debugger: Debugger, there: Session, before: list[Any]) -> str:
    """Why to stop at a position; nothing where there is no reason."""
    for number, each in enumerate(debugger.breakpoints):
        try:
            stops = each.enabled and each.triggers(there)
        except InputError as error:
            return f"breakpoint {number + 1} cannot be asked: {error}"
        if stops and each.ignore > 0:
            debugger.breakpoints = counted(debugger.breakpoints, number)
        elif stops:
            return f"breakpoint {number + 1}: {visible(each.text)}"
    for number, watch in enumerate(debugger.watches):
        if watch.stops and watch.may_change(there):
            try:
                value = watch.value(there)
            except InputError as error:
                return f"watch {number + 1} cannot be asked: {error}"
            if not same(value, before[number]):
                was, now = changed_texts(before[number], value, debugger.look.digits)
                return f"watch {number + 1} changed: {visible(watch.text)}, from {was} to {now}"
    return ""
