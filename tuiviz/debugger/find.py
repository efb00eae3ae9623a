"""Finding a position: by number, time step, error, term or token."""

from __future__ import annotations

import re
import unicodedata

from core.errors import InputError
from core.lines import GRADIENT
from core.symbols import derivative, subscript
from tuiviz.debugger.session import Session
from tuiviz.files.visible import visible

EXPECTED = "a position such as 17, t=3, k=2, E3, term 2, start, end, or a token"

_FORMS = re.compile(r"(?P<what>t|k|E|e|error|term)?\s*=?\s*(?P<number>\d{1,18})")


def goto_position(session: Session, text: str) -> Session:
    """The session at the place that a text names.

    17: a position, counted from 1. t=3: step 3 on the way forward. k=2: step 2 on the way back.
    E3: where the error of step 3 begins its way back. term 2: the line that adds the term k = 2.
    Else the next step that reads the token. Raises InputError if there is no such place.
    """
    text = unicodedata.normalize("NFC", text.strip())  # as tokens are
    if text in ("start", "end"):
        return session.moved_to(0 if text == "start" else len(session.walk) - 1)
    if not text:
        raise InputError(f"goto: expected {EXPECTED}")
    found = _FORMS.fullmatch(text)
    if found is None:
        return session.moved_to(_of_token(session, text))
    number = int(found["number"])
    return {None: _at_position, "t": _forward, "k": _back, "term": _term}.get(
        found["what"], _error
    )(session, number)


def _at_position(session: Session, number: int) -> Session:
    if not 1 <= number <= len(session.walk):
        raise InputError(f"no position {number}; expected 1 to {len(session.walk)}")
    return session.moved_to(number - 1)


def _forward(session: Session, step: int) -> Session:
    index = session.walk.at(-1, step)
    if index is None:
        raise InputError(f"no time step {step}; expected 0 to {session.steps - 1}")
    return session.moved_to(index)


def _pass(session: Session) -> int:
    here = session.position.back
    return here if here >= 0 else _pass_of(session, session.error)


def _pass_of(session: Session, error: int) -> int:
    back = session.walk.pass_of(error)
    if back is None:
        raise InputError("the truncation drops this error whole: there is no way back from it")
    return back


def _back(session: Session, step: int) -> Session:
    back = _pass(session)
    index = session.walk.at(back, step)
    if index is None:
        _, last, low = session.walk.passes[back]
        raise InputError(f"this pass has no step k = {step}; expected {low} to {last}")
    return session.moved_to(index)


def _term(session: Session, step: int) -> Session:
    back = _pass(session)
    index = session.walk.made(back, step, GRADIENT, session.parameter)
    if index is None:
        terms = session.pass_terms(session.parameter)
        low, last = max(terms.first, terms.lowest), terms.last
        expected = f"k = {last} alone" if low == last else f"k = {low} to {last}"
        title = derivative(f"E{subscript(session.sent_back)}", session.parameter)
        raise InputError(f"{title} has no term k = {step} here; expected {expected}")
    return session.moved_to(index)


def _error(session: Session, error: int) -> Session:
    selected = session.with_error(_checked(session, error))
    back = _pass_of(selected, error)
    joins = selected.walk.at(back, error)
    return selected.moved_to(selected.walk.start_of(back) if joins is None else joins)


def error_named(session: Session, text: str) -> int:
    """The t of an E_t: 3, E3. Raises InputError if there is none."""
    found = _FORMS.fullmatch(text)
    if found is None or found["what"] not in (None, "E", "e", "error"):
        raise InputError(f"no error {visible(text)}; expected 0 to {session.steps - 1}")
    return _checked(session, int(found["number"]))


def _checked(session: Session, error: int) -> int:
    if not 0 <= error < session.steps:
        raise InputError(f"no error {error}; expected 0 to {session.steps - 1}")
    return error


def _of_token(session: Session, text: str) -> int:
    """The next time step that reads a token, then those before: its first line, forward."""
    here, steps = session.position.step, session.steps
    for offset in range(1, steps + 1):
        step = (here + offset) % steps
        index = session.walk.at(-1, step)
        if session.problem.reads(step) == text and index is not None:
            return index
    raise InputError(f"no token {visible(text)} is read; expected {EXPECTED}")
