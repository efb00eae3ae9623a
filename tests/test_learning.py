"""SGD inside the debugger: forth and back over training, exactly, at the same position."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_sgd import same

from core.errors import InputError
from core.sgd import Clip
from core.training import State, Training
from core.truncation import Truncation
from tuiviz.debugger import learning
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.session import Session
from tuiviz.problem import ModelOptions, read_problem

SAMPLE = Path(__file__).parent.parent / "samples" / "sample.txt"


@pytest.fixture
def debugger() -> Debugger:
    return Debugger(Session(read_problem(SAMPLE, ModelOptions()), 3).moved_to(11))


def expected(debugger: Debugger, steps: int, **way: object) -> State:
    """So many steps from the network of the sample, by the chosen rate."""
    problem = read_problem(SAMPLE, ModelOptions())
    training = Training([(problem.x, problem.y)], **way)  # type: ignore[arg-type]
    return training.advance(State(problem.theta, debugger.rate), steps)


def theta(debugger: Debugger) -> object:
    return debugger.session.problem.theta


def test_a_step_changes_the_network_and_not_the_position(debugger: Debugger) -> None:
    learning.sgd(debugger, 4, "")
    assert same(theta(debugger), expected(debugger, 4).theta)
    assert same(debugger.session.problem.tape.theta, theta(debugger))
    assert debugger.session.index == 11
    assert debugger.trained == 4


def test_back_and_forth_is_exact(debugger: Debugger) -> None:
    start = theta(debugger)
    learning.sgd(debugger, 7, "")
    end = theta(debugger)
    learning.sgd_back(debugger, 5, "")
    assert same(theta(debugger), expected(debugger, 2).theta)
    learning.sgd(debugger, 5, "")
    assert same(theta(debugger), end)
    learning.sgd_to(debugger, None, "0")
    assert same(theta(debugger), start)
    with pytest.raises(InputError, match="0 to 7"):
        learning.sgd_to(debugger, None, "8")


def test_a_step_is_taken_as_the_screen_shows_and_earlier_ones_stay(debugger: Debugger) -> None:
    learning.sgd(debugger, 6, "")
    sixth = theta(debugger)
    learning.truncate(debugger, None, "2")
    learning.clip(debugger, None, "norm 0.5")
    learning.rate(debugger, None, "0.7")
    learning.sgd(debugger, 3, "")
    problem = read_problem(SAMPLE, ModelOptions())
    way = Training([(problem.x, problem.y)], truncation=Truncation(1, 2), clip=Clip(0.5, "norm"))
    changed = way.advance(State(sixth, 0.7), 3)
    assert same(theta(debugger), changed.theta)
    learning.sgd_back(debugger, 3, "")
    assert same(theta(debugger), sixth)
    learning.sgd_to(debugger, None, "2")
    problem = read_problem(SAMPLE, ModelOptions())
    first = Training([(problem.x, problem.y)])
    assert debugger.history is not None
    before = State(problem.theta, debugger.history.at(0).rate)
    assert same(theta(debugger), first.advance(before, 2).theta)


def test_a_look_at_a_truncation_forgets_no_step(debugger: Debugger) -> None:
    learning.sgd(debugger, 5, "")
    end = theta(debugger)
    learning.sgd_back(debugger, 3, "")
    learning.truncate_less(debugger, 2, "")
    learning.truncate(debugger, None, "off")
    learning.sgd(debugger, 3, "")
    assert same(theta(debugger), end)
    assert debugger.history is not None
    assert debugger.history.last == 5


def test_a_step_that_cannot_be_taken_leaves_those_before(debugger: Debugger) -> None:
    learning.sgd(debugger, 2, "")
    second = theta(debugger)
    learning.rate(debugger, None, "1e308")
    with pytest.raises(InputError, match="step 3"):
        learning.sgd(debugger, 9, "")
    assert same(theta(debugger), second)
