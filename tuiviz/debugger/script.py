"""A script drives the debugger without a screen: one action a line, and what each stop shows.

A line is what is typed after a colon, or a key as the footer shows it, with a count before it; a
line that is empty or begins with # does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.errors import InputError
from tuiviz.debugger import commands
from tuiviz.debugger.actions import CUT, LEARN, MOVE
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.report import cursor_texts, stop_report
from tuiviz.files.disk import StrPath, byte_size, reading, shown
from tuiviz.files.visible import visible

LIMIT = 2**20
"""The largest script that is read, in bytes."""


def read_script(path: StrPath) -> list[str]:
    """The lines of a script, a file or a pipe. Raises InputError if it cannot be read."""
    with reading(path, limit=LIMIT, pipes=True) as file:
        content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise InputError(f"{shown(path)}: too large; expected at most {byte_size(LIMIT)}")
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{shown(path)}: not UTF-8; save it as UTF-8") from None


def play(debugger: Debugger, lines: Iterable[str], name: str) -> Iterator[str]:
    """What each action shows: what it says, and where it stops if it moved.

    Raises InputError for a line that cannot be done, with its number.
    """
    yield from stop_report(debugger)
    for number, text in enumerate(lines, 1):
        text = text.strip()
        if not text or text.startswith("#"):
            continue
        if text in ("q", "quit"):
            return
        yield f"> {visible(text)}"
        try:
            yield from _done(debugger, text)
        except InputError as error:
            raise InputError(f"{shown(name)}, line {number}: {error}") from error


def _done(debugger: Debugger, text: str) -> Iterator[str]:
    before, cursor = debugger.place, debugger.session.cursor
    commands.run(debugger, text)
    yield from _said(debugger)
    action, _, _ = commands.parsed(text)
    if debugger.place != before or action.group in (MOVE, LEARN, CUT):
        yield from stop_report(debugger)
    elif debugger.session.cursor != cursor:
        yield from cursor_texts(debugger)


def _said(debugger: Debugger) -> list[str]:
    """What an action says; what it copies, as there is no clipboard here."""
    copied, debugger.clipboard = debugger.clipboard, ""
    return (copied or debugger.message).splitlines()
