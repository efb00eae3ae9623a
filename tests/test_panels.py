"""What the panels say is true of their numbers; of numbers that are not there they say nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.parameters import Parameters
from core.symbols import subscript
from core.tape import record
from core.truncation import Truncation
from tuiviz.debugger.commands import run
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.session import Session
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions, Problem, problem_of_tape
from tuiviz.screen.drawing import Draw, Room
from tuiviz.screen.palette import DARK
from tuiviz.screen.views import chain, jacobian, matrix

SAMPLE = Path(__file__).parent.parent / "samples" / "sample.txt"
STEPS = 5


def problem(W: object, activation: str = "identity", scale: float = 1.0) -> Problem:
    """A network of four units with this W over five tokens."""
    rng = np.random.default_rng(3)
    W = np.asarray(W, float)
    U, V = scale * rng.normal(size=(4, 6)), rng.normal(size=(6, 4))
    theta = Parameters(U=U, W=W, V=V)
    tokens = np.arange(STEPS + 1) % 6
    return problem_of_tape(record(theta, tokens[:-1], tokens[1:], activation=activation), "given")


def debugger_of(given: Problem, *typed: str) -> Debugger:
    debugger = Debugger(Session(given, given.steps - 1))
    for text in typed:
        run(debugger, text)
    return debugger


def shown(view: Draw, debugger: Debugger, width: int = 48, height: int = 14) -> list[str]:
    """The lines of a view."""
    return [line.text for line in view(debugger, Room(width, height, DARK))]


# The Jacobian of a step

ROTATION = np.kron(np.eye(2), [[0.6, -0.8], [0.8, 0.6]])


@pytest.mark.parametrize("W", [np.eye(4), -np.eye(4)[::-1], ROTATION])
def test_a_step_that_keeps_lengths_is_not_said_to_shrink(W: object) -> None:
    debugger = debugger_of(problem(W), "goto term 2")
    adjoints = debugger.session.at_error.adjoints["s"]
    assert np.linalg.norm(adjoints[1]) == pytest.approx(np.linalg.norm(adjoints[2]))
    (first, *_) = shown(jacobian.jacobian, debugger)
    assert first.rstrip().endswith("1.000  keeps or shrinks")


@pytest.mark.parametrize("gain", [0.9, 0.999, 1.001, 3.0])
def test_a_step_that_changes_lengths_is_said_to(gain: float) -> None:
    debugger = debugger_of(problem(gain * np.eye(4)), "goto term 2")
    (first, *_) = shown(jacobian.jacobian, debugger)
    assert ("shrinks any vector" in first) == (gain < 1)
    assert ("can grow" in first) == (gain > 1)


def test_nothing_is_said_of_a_step_that_is_not_a_number() -> None:
    (first, *_) = shown(jacobian.jacobian, debugger_of(problem(np.eye(4) * np.nan), "goto term 2"))
    assert first.split() == ["‖·‖₂", "NaN"]


@pytest.mark.parametrize("height", range(3, 9))
def test_singular_values_without_room_are_counted(height: int) -> None:
    lines = shown(jacobian.jacobian, debugger_of(problem(np.eye(4))), height=height)
    counted = sum(line.lstrip().startswith("σ") for line in lines)
    assert len(lines) == min(height, 7)
    if counted < 4 and height > 3:
        assert lines[-1].startswith(f"… {4 - counted} more, the smallest 1.000")


# A sum of which a truncation drops terms


@pytest.mark.parametrize("truncation", [None, (1, 2), (3, 2), (5, 2), (1, 4), (2, 5)])
@pytest.mark.parametrize("name", ["W", "V"])
def test_the_titles_of_a_sum_are_equations_that_hold(
    truncation: tuple[int, int] | None, name: str
) -> None:
    chosen = Truncation(*truncation) if truncation else None
    given = open_debugger(SAMPLE, ModelOptions(truncation=chosen)).session.problem
    for t in range(STEPS):
        debugger = Debugger(Session(given, t, name))
        run(debugger, "cursor")
        lowest = 0 if name == "W" else t
        kept = [k for k in range(t, lowest - 1, -1) if not chosen or chosen.keeps(t, k, STEPS)]
        terms = given.tape.error(t).terms(name)
        total = sum((terms.at(k).value for k in kept), start=np.zeros(terms.sum.shape))
        assert debugger.session.value().array == pytest.approx(total)
        sign = "=" if len(kept) == t - lowest + 1 else "≈"
        steps = f"k = {kept[0]} … {kept[-1]}" if len(kept) > 1 else f"k = {t}"
        right = f"Σₖ, {steps}" if name == "W" else "one term"
        symbol = f"∂E{subscript(t)}/∂{name}"
        for title in (chain.title(debugger), matrix.title(debugger)):
            assert title == f"{symbol} {sign} {right if kept else '0, all dropped'}"
        first = shown(chain.chain, debugger)[0]
        assert (f"{symbol}, kept " in first) == (sign == "≈")
