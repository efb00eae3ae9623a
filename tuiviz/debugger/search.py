"""Searching, on and back, for a text: in the lines as they are drawn, their names, the tokens."""

from __future__ import annotations

import unicodedata
from collections.abc import Generator
from time import monotonic

from core.errors import InputError
from core.lines import GIVEN, Line, Operand
from core.records import Record
from tuiviz.debugger.debugger import BREATH
from tuiviz.debugger.scope import name_of
from tuiviz.debugger.session import Session
from tuiviz.debugger.walk import SUM
from tuiviz.files.visible import visible
from tuiviz.glyphs import to_ascii

_FOLLOWS = Operand(GIVEN, "y")


def found_position(
    session: Session, text: str, direction: int, times: int = 1
) -> Generator[str, None, int]:
    """The next position, in a direction and round the end, that shows a text.

    Or the one so many `times` further. Yields how far it is; raises InputError if there is none.
    """
    sought, positions, found = _Sought.of(session, text), len(session.walk), []
    breath = monotonic() + BREATH
    for passed in range(1, positions + 1):
        index = (session.index + direction * passed) % positions
        if sought.stands_at(index):
            found.append(index)
        if len(found) == times:
            return index
        if monotonic() > breath:
            yield f"searching … {passed} of {positions} positions"
            breath = monotonic() + BREATH
    if not found:
        raise InputError(f"nothing holds {visible(text)}: neither a line nor a token")
    return found[(times - 1) % len(found)]


class _Sought(Record):
    """A text, the lines that hold it at every step, and the tokens that do.

    Where it has an index, as in s₃, a line may hold it at some steps alone.
    """

    session: Session
    text: str
    indexed: bool
    lines: frozenset[Line]
    tokens: frozenset[str]

    @staticmethod
    def of(session: Session, text: str) -> _Sought:
        text = unicodedata.normalize("NFC", text)  # as tokens and lines are
        return _Sought(
            session=session,
            text=text,
            indexed=any(sign.isdigit() for sign in text),
            lines=frozenset(line for line in session.walk.lines if _always_holds(line, text)),
            tokens=frozenset(label for label in session.problem.labels if text in label),
        )

    def stands_at(self, index: int) -> bool:
        """Whether the line of a position holds it, or the token that is read or follows there.

        A token is read at the first line of a step, and follows where a line reads y.
        """
        walk, problem = self.session.walk, self.session.problem
        here = walk[index]
        if here.line in self.lines or (self.indexed and self._is_drawn(index)):
            return True
        if not self.tokens:
            return False
        reads = walk.line_number(index) == 0 and problem.reads(here.step) in self.tokens
        return reads or (
            _FOLLOWS in here.line.operands and problem.follows(here.step) in self.tokens
        )

    def _is_drawn(self, index: int) -> bool:
        session = self.session
        here = session.walk[index]
        last = session.walk.passes[here.back][1] if here.back >= 0 else session.error
        error = "" if session.kind == SUM else last
        return any(_holds(here.line.written(error, k), self.text) for k in ("k", here.step))


def _always_holds(line: Line, text: str) -> bool:
    forms = (line.written(error, k) for error in ("t", "") for k in ("t", "k"))
    return text in name_of(line) or any(_holds(form, text) for form in forms)


def _holds(written: str, text: str) -> bool:
    return text in written or text in to_ascii(written)
