"""While a number is asked for, no line of the screen has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.lines import GRADIENT
from core.truncation import Truncation
from tuiviz.debugger.commands import run
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.report import stop_report
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.drawing import Draw, Room
from tuiviz.screen.palette import DARK
from tuiviz.screen.views import (
    chain,
    header,
    jacobian,
    matrix,
    network,
    program,
    reach,
    training,
    truncation,
    watches,
)
from tuiviz.screen.views.says import says

SAMPLE = Path(__file__).parent.parent / "samples" / "sample.txt"
TRUNCATIONS = [None, Truncation(1, 2), Truncation(3, 2), Truncation(2, 4)]

PANELS: tuple[Draw, ...] = (
    chain.chain,
    jacobian.jacobian,
    matrix.value,
    program.program,
    reach.triangle,
    reach.decay,
    training.training,
    truncation.truncation,
    watches.watches,
)
LINES: tuple[Draw, ...] = (header.header, network.network, header.sums, says)


def asking(walk: str = "one", truncation: Truncation | None = None) -> Debugger:
    debugger = open_debugger(SAMPLE, ModelOptions(truncation=truncation))
    for text in (f"walk {walk}", "watch value", "watch norm(dEds)", "watch max(abs(s))", "predict"):
        run(debugger, text)
    return debugger


def on_screen(debugger: Debugger) -> str:
    """Everything that a large screen shows."""
    debugger.message = ""
    lines = [line for draw in PANELS for line in draw(debugger, Room(60, 18, DARK))]
    lines += [line for draw in LINES for line in draw(debugger, Room(160, 6, DARK))]
    titles = [title(debugger) for title in (chain.title, matrix.title, matrix.subtitle)]
    return "\n".join([*(line.text for line in lines), *titles, *stop_report(debugger)])


@pytest.mark.parametrize("walk", ["one", "each", "sum"])
def test_the_number_that_is_asked_for_is_nowhere_until_it_is_answered(walk: str) -> None:
    debugger = asking(walk)
    seen = 0
    for _ in range(len(debugger.session.walk)):
        asked = debugger.question
        assert asked is not None
        found = re.search(r"-?\d*\.\d{3,}$", asked.answer)
        if found and debugger.session.position.line.kind != GRADIENT:
            number = re.compile(rf"(?<![\d.]){re.escape(found.group().lstrip('-'))}(?!\d)")
            assert not number.search(on_screen(debugger)), (asked.text, asked.answer)
            assert asked.text in on_screen(debugger)
            run(debugger, "answer")
            assert number.search(on_screen(debugger))
            seen += 1
        run(debugger, "step")
    assert seen > 20


@pytest.mark.parametrize("truncation", TRUNCATIONS)
@pytest.mark.parametrize("walk", ["one", "each"])
def test_terms_are_asked_for_and_not_told(walk: str, truncation: Truncation | None) -> None:
    debugger = asking(walk, truncation)
    counted = 0
    for _ in range(len(debugger.session.walk)):
        here = debugger.session.position
        if here.line.kind == GRADIENT:
            asked = debugger.question
            assert asked is not None
            t = debugger.session.error
            steps = range(t + 1) if here.line.name in "UWb" else [t]
            kept = [k for k in steps if not truncation or truncation.keeps(t, k, 5)]
            assert [n for n in range(9) if asked.accepts(str(n))] == [len(kept)]
            named = truncation is not None
            assert ("TBPTT" in asked.text) == named
            shown = on_screen(debugger)
            assert not re.search(r"\d of \d terms|One term is all|\d terms", shown)
            counted += 1
        run(debugger, "step")
    assert counted >= 8


def test_a_script_asks_once() -> None:
    debugger = asking()
    assert stop_report(debugger)[1].count("a₀ = U x₀ + W s₋₁ + b") == 1


def test_terms_of_w_are_counted_under_the_truncation_everywhere() -> None:
    debugger = open_debugger(SAMPLE, ModelOptions(truncation=Truncation(1, 2)))
    run(debugger, "goto E4")
    while debugger.session.position.line.name != "V" or debugger.session.going_forward:
        run(debugger, "step")
    assert "W, read at every step, has 5; TBPTT(1, 2) keeps 2" in on_screen(debugger)
