"""What a stop shows, as lines of text: for scripts, and for the panels of the screen."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import InputError
from core.numbers import frobenius
from tuiviz.debugger.absence import NOT_HERE
from tuiviz.debugger.debugger import KINDS, Debugger
from tuiviz.debugger.sums import SoFar, so_far
from tuiviz.files.visible import visible
from tuiviz.numbers import counted, in_full, number, percent

IN_A_LINE = 8
"""Numbers of a vector that are shown in one line."""

_ALL_DIGITS = 17
"""Digits that tell any two float64 apart."""


HIDDEN = "hidden until you answer"
"""What is said in place of numbers while they are asked for."""


def stop_report(debugger: Debugger) -> list[str]:
    """Position, line, value, the sum so far, what the cursor is on, and the watches."""
    session = debugger.session
    here = f"{session.index + 1} of {len(session.walk)}  {debugger.where}"
    lines = [f"{here}  ({KINDS[session.kind]})", f"  {line_text(debugger)}"]
    if debugger.question is not None:  # the rest would answer it
        return [*lines, f"  the rest is {HIDDEN}"]
    lines += [f"  {so_far_text(so_far(session))}", *cursor_texts(debugger)]
    lines += [f"  {text}" for text in looked_at(debugger)]
    return lines + [f"  {text}" for text in watch_texts(debugger)]


def looked_at(debugger: Debugger) -> list[str]:
    """The update that is looked at, and the value beside what it was some steps of training ago."""
    update = debugger.look.update and debugger.session.cursor is None
    if debugger.question is not None or not (update or debugger.ago is not None):
        return []
    try:
        value, digits = debugger.value, debugger.look.digits
        texts = [f"{value.title}  {shown_value(value.array, digits)}"] if update else []
        return [*texts, *(_then(debugger) if debugger.ago is not None else [])]
    except InputError as error:
        return [str(error)]


def _then(debugger: Debugger) -> list[str]:
    (step, then), now, digits = debugger.then, debugger.value, debugger.look.digits
    with np.errstate(all="ignore"):
        less = np.asarray(now.array - then.array)
    size = number(frobenius(less), digits)
    shown = shown_value(then.array, digits)
    return [f"{then.title} after {step} steps of SGD: {shown}  now less then: ‖·‖ {size}"]


def line_text(debugger: Debugger) -> str:
    """The current line with its numbers; with a question instead, while one is asked."""
    session = debugger.session
    asked = debugger.question
    if asked is not None:
        written = session.written(session.position.line)
        return f"{written}  ?  {asked.text.removeprefix(f'{written}: ')}"
    value = session.line_value().array
    return f"{session.written(session.position.line)}  {shown_value(value, debugger.look.digits)}"


def cursor_texts(debugger: Debugger) -> list[str]:
    """What the cursor of the chain rule is on, if it is on something: its formula and its size."""
    if debugger.session.cursor is None:
        return []
    try:
        found = debugger.session.value()
    except InputError as error:  # too many numbers
        return [f"  {error}"]
    return [f"  cursor  {found.written}  {shown_value(found.array, debugger.look.digits)}"]


def shown_value(value: Any, digits: int = 4) -> str:
    """A number, a short vector whole, of anything larger its shape and norm."""
    if value is NOT_HERE:
        return "–"
    if isinstance(value, str):
        return f'"{visible(value)}"'
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    array = np.asarray(value)
    if array.ndim == 0:
        return in_full(float(array), digits)
    if array.ndim == 1 and array.size <= IN_A_LINE:
        return "[" + "  ".join(in_full(float(each), digits) for each in array) + "]"
    size = in_full(frobenius(array.astype(float)), digits)
    return f"{'×'.join(map(str, array.shape))}  ‖·‖ {size}"


def changed_texts(before: Any, after: Any, digits: int) -> tuple[str, str]:
    """Two values of a watch that differ, with as many digits as it takes to see it."""
    for more in range(digits, _ALL_DIGITS + 1):
        texts = shown_value(before, more), shown_value(after, more)
        if texts[0] != texts[1]:
            break
    return texts


def added_text(found: SoFar) -> str:
    """Which terms of the pass have been added."""
    t, done = found.last, found.done
    if done > 2:
        return f"k={t} + … + k={t - done + 1}"
    return " + ".join(f"k={t - i}" for i in range(done)) or "nothing yet"


def terms_text(found: SoFar) -> str:
    """How many of the terms that are kept have been added, and how many are dropped."""
    dropped = f", {found.dropped} dropped" if found.dropped else ""
    return f"{found.done} of {counted(found.terms, 'term')}{dropped}"


def so_far_text(found: SoFar) -> str:
    """The sum so far, in one line."""
    behind = f", after {found.passes} other passes" if found.passes else ""
    return (
        f"{found.gradient} so far: {added_text(found)}  {terms_text(found)}{behind}"
        f"  ‖·‖ {number(found.norm)} of {number(found.whole)}  share {percent(found.share)}"
    )


def watch_texts(debugger: Debugger) -> list[str]:
    """The watches and what they are here, numbered."""
    texts = []
    for count, watch in enumerate(debugger.watches, 1):
        try:
            shown = "?"
            if debugger.question is None:
                shown = shown_value(watch.value(debugger.session), debugger.look.digits)
        except InputError as error:
            shown = str(error)
        stops = "stop " if watch.stops else ""
        texts.append(f"watch {count}  {stops}{visible(watch.text)} = {shown}")
    return texts


def breakpoint_texts(debugger: Debugger) -> list[str]:
    """The breakpoints, numbered."""
    texts = []
    for count, each in enumerate(debugger.breakpoints, 1):
        state = "" if each.enabled else "  disabled"
        ignored = f"  passed over {each.ignore} more times" if each.ignore else ""
        texts.append(f"breakpoint {count}  {visible(each.text)}{state}{ignored}")
    return texts
