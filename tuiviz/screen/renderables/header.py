"""The lines without a frame: the sentence and the model, the sum so far, the keys."""

from __future__ import annotations

from rich.text import Text

from core.symbols import gradient
from tuiviz.debugger.actions import in_footer
from tuiviz.debugger.session import Session
from tuiviz.problem import Problem
from tuiviz.screen.formats import bar, fitted, number, percent
from tuiviz.screen.renderables.styles import BOLD, DIM


def header(session: Session, width: int) -> Text:
    """The sentence, what there is to know of the model, and the position."""
    problem = session.problem
    place = f" {session.index + 1} of {len(session.walk)} "
    model = _model(problem)
    room = width - len(place) - 10
    sentence = fitted(_sentence(problem), max(10, min(_cells(problem), room - len(model) - 2)))
    text = Text(" tuiviz  ", BOLD)
    text.append(fitted(f"{sentence}  {model}", room + 1), DIM)
    text.append(place, BOLD)
    return text


def _model(problem: Problem) -> str:
    tape = problem.tape
    hidden = len(tape.initial_state)
    parts = [f"T {tape.steps}", f"H {hidden}", f"C {len(problem.vocabulary)}", problem.activation]
    parts.append("weights from a file" if problem.seed is None else f"seed {problem.seed}")
    if problem.truncation:
        parts.append(f"TBPTT({problem.truncation.k1}, {problem.truncation.k2})")
    return " · ".join([*parts, f"E {number(tape.loss, 5)}"])


def _sentence(problem: Problem) -> str:
    shown = range(min(problem.steps, 60))  # more than a line holds
    words = [problem.reads(t) for t in shown] + [problem.follows(problem.steps - 1)]
    return ("" if problem.level == "char" else " ").join(words)


def _cells(problem: Problem) -> int:
    from rich.cells import cell_len

    return cell_len(_sentence(problem))


def so_far(session: Session, width: int) -> Text:
    """Which terms have been added, and how much of the whole they are."""
    found = session.so_far()
    text = Text(f" {gradient(session.error, session.parameter)} so far: ", BOLD)
    text.append(_added(session.error, found.done))
    text.append(f"  {found.done} of {found.terms} terms", DIM)
    text.append(f"  ‖·‖ {number(found.norm)} of {number(found.whole)}")
    text.append(f"  {percent(found.share)} ")
    text.append(bar(found.share, max(0, min(24, width - text.cell_len - 1))))
    text.truncate(width, pad=True)
    return text


def _added(t: int, done: int) -> str:
    if done > 2:
        return f"k={t} + … + k={t - done + 1}"
    return " + ".join(f"k={t - i}" for i in range(done)) or "nothing yet"


def footer(width: int) -> Text:
    """The keys, the most needed ones first to stay."""
    for wanted in (2, 1, 0):
        for gap in ("  ", " "):
            text = Text(" ")
            text.append_text(Text(gap).join(_key(*entry) for entry in in_footer(wanted)))
            if text.cell_len <= width:
                return text
    return text


def _key(shown: str, label: str) -> Text:
    return Text.assemble((shown, BOLD), (f" {label}", DIM))
