"""The lines without a frame: the sentence and the model, the sum so far, words, the keys."""

from __future__ import annotations

from functools import cache

from tuiviz.cells import bar, cells, fitted
from tuiviz.debugger.debugger import KINDS, Debugger
from tuiviz.debugger.keyboard import Keyboard
from tuiviz.debugger.report import HIDDEN, added_text, terms_text
from tuiviz.debugger.session import Session
from tuiviz.debugger.sums import SoFar, so_far
from tuiviz.debugger.walk import SUM
from tuiviz.numbers import number, percent
from tuiviz.problem import Problem
from tuiviz.screen.drawing import Line, Room, line
from tuiviz.screen.palette import Palette

_WORDS = 60  # more than a line holds


def header(debugger: Debugger, room: Room) -> list[Line]:
    """The sentence, what there is to know of the model, the walk and the position."""
    session, palette = debugger.session, room.palette
    place = f" {session.index + 1} of {len(session.walk)} "
    walk = f" {walk_name(session)} "
    left = room.width - len(" tuiviz  ") - len(place) - len(walk) - 1
    asked = debugger.question is not None and session.going_forward
    model = _model(session.problem, left - 14, asked)
    words = fitted(sentence(session.problem), max(10, left - cells(model) - 2)).rstrip()
    made = line(" tuiviz  ", palette.bold)
    made.add(fitted(f"{words}  {model}", left + 1), palette.dim)
    return [made.add(walk, palette.symbol).add(place, palette.bold)]


def walk_name(session: Session) -> str:
    """The walk in words; under a truncation its blocks."""
    truncation = session.problem.truncation
    if session.kind != SUM or truncation is None:
        return KINDS[session.kind]
    return f"a sweep each {truncation.k1} Eₜ" if truncation.k1 > 1 else "a sweep each Eₜ"


def _model(problem: Problem, room: int, asked: bool) -> str:
    """What fits of: sizes, loss unless it is asked for, truncation, seed, activation."""
    tape, truncation = problem.tape, problem.truncation
    sizes = f"T {tape.steps} · H {len(tape.initial_state)} · C {tape.values['z'].shape[-1]}"
    parts = [sizes, "E ?" if asked else f"E {number(tape.loss, 5)}"]
    if truncation:
        parts.append(f"TBPTT({truncation.k1}, {truncation.k2})")
    parts.append("given weights" if problem.seed is None else f"seed {problem.seed}")
    parts.append(problem.activation)
    while len(parts) > 1 and cells(" · ".join(parts)) > room:
        parts.pop()
    return " · ".join(parts)


def sentence(problem: Problem) -> str:
    """The tokens, as far as a line may need them."""
    words = [problem.reads(t) for t in range(min(problem.steps, _WORDS))]
    if problem.steps <= _WORDS:
        words.append(problem.follows(problem.steps - 1))
    return ("" if problem.level == "char" else " ").join(words)


def sums(debugger: Debugger, room: Room) -> list[Line]:
    """Which terms have been added, and how much of the whole they are."""
    found, digits = so_far(debugger.session), debugger.look.digits
    if debugger.question is not None:
        made = line(f" {found.gradient} so far: ", room.palette.bold)
        return [made.add(HIDDEN, room.palette.dim)]
    made = _sums(found, digits, room, counted=True)
    if made.width >= room.width:
        made = _sums(found, min(digits, 4), room, counted=False)
    return [made.add(bar(found.share, max(0, min(24, room.width - made.width - 1))))]


def _sums(found: SoFar, digits: int, room: Room, counted: bool) -> Line:
    palette = room.palette
    made = line(f" {found.gradient} so far: ", palette.bold)
    if found.passes:
        made.add(f"{found.passes} Eₜ + ", palette.dim)
    made.add(added_text(found))
    if counted:
        made.add(f"  {terms_text(found)}", palette.dim)
    elif found.dropped:
        made.add(f"  {found.dropped} dropped", palette.dim)
    made.add(f"  ‖·‖ {number(found.norm, digits)} of {number(found.whole, digits)}")
    of = f" of {found.gradient}" if counted else ""
    return made.add(f"  share{of} {percent(found.share)} ")


def footer(debugger: Debugger, room: Room) -> list[Line]:
    """The keys; the less needed ones go first where there is no room."""
    return _keys(debugger.keyboard, room.width, room.palette)


@cache
def _keys(keyboard: Keyboard, width: int, palette: Palette) -> list[Line]:
    made = Line()
    for wanted in (3, 2, 1, 0):
        for gap in ("  ", " "):
            made = line(" ")
            for count, (label, actions) in enumerate(keyboard.in_footer(wanted)):
                made.add(gap if count else "")
                for action in actions:
                    made.add(f"{action.shown} ", palette.bold, action.typed)
                made.add(label, palette.dim, actions[0].typed)
            if made.width <= width:
                return [made]
    return [made]
