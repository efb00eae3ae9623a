"""SGD inside the debugger: forth and back over training, exactly, at the same position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_sgd import same

from core.errors import InputError
from core.learning.comparison import Comparison, compare
from core.learning.lags import median_lags
from core.learning.sgd import Clip
from core.learning.training import State, Training
from core.parameters import NAMES
from core.tape import Tape
from core.truncation import Truncation
from tuiviz.debugger import curves, learning, truncating
from tuiviz.debugger.commands import run
from tuiviz.debugger.curves import COLUMNS, points
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.session import Session
from tuiviz.debugger.styles import styles, work
from tuiviz.debugger.sums import so_far
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


def theta(debugger: Debugger) -> Any:
    return debugger.session.problem.theta


def test_a_step_changes_the_network_and_not_the_position(debugger: Debugger) -> None:
    run(debugger, "4 sgd")
    assert same(theta(debugger), expected(debugger, 4).theta)
    assert same(debugger.session.problem.tape.theta, theta(debugger))
    assert debugger.session.index == 11
    assert debugger.trained == 4


def test_back_and_forth_is_exact(debugger: Debugger) -> None:
    start = theta(debugger)
    run(debugger, "7 sgd")
    end = theta(debugger)
    learning.sgd_back(debugger, 5, "")
    assert same(theta(debugger), expected(debugger, 2).theta)
    run(debugger, "5 sgd")
    assert same(theta(debugger), end)
    learning.sgd_to(debugger, None, "0")
    assert same(theta(debugger), start)
    with pytest.raises(InputError, match="0 to 7"):
        learning.sgd_to(debugger, None, "8")


def test_a_step_is_taken_as_the_screen_shows_and_earlier_ones_stay(debugger: Debugger) -> None:
    run(debugger, "6 sgd")
    sixth = theta(debugger)
    truncating.truncate(debugger, None, "2")
    learning.clip(debugger, None, "norm 0.5")
    learning.rate(debugger, None, "0.7")
    run(debugger, "3 sgd")
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
    run(debugger, "5 sgd")
    end = theta(debugger)
    learning.sgd_back(debugger, 3, "")
    truncating.truncate_less(debugger, 2, "")
    truncating.truncate(debugger, None, "off")
    run(debugger, "3 sgd")
    assert same(theta(debugger), end)
    assert debugger.history is not None
    assert debugger.history.last == 5


def test_a_step_that_cannot_be_taken_leaves_those_before(debugger: Debugger) -> None:
    run(debugger, "2 sgd")
    second = theta(debugger)
    learning.rate(debugger, None, "1e308")
    with pytest.raises(InputError, match="step 3"):
        run(debugger, "9 sgd")
    assert same(theta(debugger), second)


def test_many_steps_can_be_stopped_and_those_taken_stay(
    debugger: Debugger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "BREATH", 0.0)  # a step at a time
    running = learning.sgd(debugger, 1000, "")
    for _ in range(3):
        next(iter(running))
    running.close()
    assert debugger.trained == 3
    assert same(theta(debugger), expected(debugger, 3).theta)
    run(debugger, "2 sgd")
    assert same(theta(debugger), expected(debugger, 5).theta)


# The update, a line of the program


@pytest.mark.parametrize("typed", [(), ("clip norm 0.5", "truncate 2"), ("clip 0.05", "walk sum")])
def test_a_step_adds_the_update_that_is_shown_to_the_bit(
    debugger: Debugger, typed: tuple[str, ...]
) -> None:
    for text in (*typed, "3 sgd"):
        run(debugger, text)
    before, shown = theta(debugger), {}
    for name in NAMES:
        run(debugger, f"update {name}")
        shown[name] = debugger.value.array
    run(debugger, "sgd")
    for name in NAMES:
        assert np.array_equal(getattr(before, name) + shown[name], getattr(theta(debugger), name))


def test_the_update_is_reached_by_arrows_and_left_by_a_move(debugger: Debugger) -> None:
    line = debugger.value
    run(debugger, "panel program")
    run(debugger, "99 down")
    with pytest.raises(InputError, match="SGD"):
        run(debugger, "run-to-cursor")
    run(debugger, "open")
    assert debugger.look.update == NAMES[-1]
    run(debugger, "here")
    assert np.array_equal(debugger.value.array, line.array)
    run(debugger, "update V")
    assert debugger.value.array.shape == theta(debugger).V.shape
    run(debugger, "step")
    assert not debugger.look.update


# A value beside itself some steps of training ago


@pytest.mark.parametrize(
    "look", ["goto t=2", "goto term 1", "cursor 0.1", "end; total", "update W"]
)
def test_what_was_then_is_what_was_shown_then(debugger: Debugger, look: str) -> None:
    run(debugger, "2 sgd")
    for text in look.split("; "):
        run(debugger, text)
    shown = debugger.value
    run(debugger, "3 sgd")
    run(debugger, "ago 3")
    step, then = debugger.then
    assert (step, then.title) == (2, shown.title)
    assert np.array_equal(then.array, shown.array)
    assert not np.array_equal(debugger.value.array, shown.array)
    run(debugger, "ago 99")
    assert debugger.then[0] == 0
    run(debugger, "ago")
    assert debugger.ago is None


def test_an_update_of_then_is_the_one_that_was_taken(debugger: Debugger) -> None:
    run(debugger, "update U")
    shown = debugger.value.array
    for text in ("sgd", "clip norm 0.1", "rate 0.01", "sgd", "ago 2", "update U"):
        run(debugger, text)
    assert np.array_equal(debugger.then[1].array, shown)
    run(debugger, "cursor 0")
    assert debugger.then[1].title == debugger.value.title


def test_nothing_is_long_ago_before_the_first_step(debugger: Debugger) -> None:
    with pytest.raises(InputError, match="no step of training"):
        run(debugger, "ago 2")


# The curves


def test_arrows_go_along_the_curve_and_enter_goes_there(debugger: Debugger) -> None:
    run(debugger, "9 sgd")
    run(debugger, "panel training")
    run(debugger, "4 left")
    run(debugger, "open")
    assert same(theta(debugger), expected(debugger, 5).theta)
    for name in COLUMNS:
        assert debugger.look.curve == name
        run(debugger, "down")
    run(debugger, "9 up")
    assert debugger.look.curve == next(iter(COLUMNS))


def test_the_curve_of_the_reach_is_the_median_lag_of_each_state(
    debugger: Debugger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves, "AT_ONCE", 1)  # a point at a time
    run(debugger, "6 sgd")
    seen = points(debugger, "reach")
    assert np.isfinite(seen.values).sum() == 1
    assert debugger.unfinished
    run(debugger, "curve reach")
    found = points(debugger, "reach")
    assert found.steps == tuple(range(7))
    assert debugger.history is not None
    assert list(found.values) == list(median_lags(debugger.history, range(7)))
    run(debugger, "sgd-to 2")
    run(debugger, "rate 3")
    run(debugger, "4 sgd")
    run(debugger, "curve reach")
    again = points(debugger, "reach").values
    assert list(again) == list(median_lags(debugger.history, range(7)))


@pytest.mark.parametrize(("steps", "hidden"), [(5, 4), (62, 32), (1000, 256), (10**5, 512)])
def test_a_look_at_the_reach_is_bounded(steps: int, hidden: int) -> None:
    errors = curves.some_errors(steps, hidden)
    assert errors[-1] == steps - 1
    assert len(errors) == 1 or sum(t + 1 for t in errors) * hidden**2 <= 1.1 * curves.LONG
    assert 1 <= len(errors) <= min(steps, curves.ERRORS)


# Words


def test_what_a_truncation_keeps_is_said_and_the_sums_count_it(debugger: Debugger) -> None:
    run(debugger, "truncate 2,3")
    steps = debugger.session.steps
    way = Truncation(2, 3)
    kept = sum(way.keeps(t, k, steps) for t in range(steps) for k in range(t + 1))
    assert f"{kept} of {steps * (steps + 1) // 2} terms" in debugger.message
    for kind in ("one", "each"):
        run(debugger, f"walk {kind}")
        session = debugger.session
        for index in range(len(session.walk)):
            here = session.moved_to(index)
            found = so_far(here)
            assert found.terms + found.dropped == here.error + 1
            assert found.terms == sum(
                way.keeps(here.error, k, steps) for k in range(here.error + 1)
            )


def known(found: Comparison, tape: Tape) -> bool:
    """Whether a comparison has numbers; they are those of its own truncation, or it has none."""
    if not found.errors:
        return False
    right = compare(tape, found.style, found.n, found.truncation, tape.gradient())
    assert right.errors == pytest.approx(found.errors, rel=1e-9, abs=1e-14)
    assert right.cosines == pytest.approx(found.cosines, rel=1e-9)
    return True


def test_a_style_that_takes_long_has_its_own_numbers_or_none(
    debugger: Debugger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuiviz.debugger.debugger.AT_ONCE", 0)
    monkeypatch.setattr("tuiviz.debugger.styles.PART", 40)
    tape = debugger.session.problem.tape
    run(debugger, "truncate 2,3")
    assert "error" not in debugger.message.split(";")[0]
    found = styles(debugger)
    assert found.part == 0
    assert not any(known(each, tape) for each in found.found)
    counts, parts = [], []
    for found in debugger.wishes.pop("truncation").parts():
        counts.append(sum(known(each, tape) for each in found.found))
        parts.append(found.part)
    assert counts == sorted(counts)
    assert parts == sorted(parts)
    assert len(set(parts)) > len(found.found)
    assert (counts[-1], parts[-1]) == (5, 1)


def test_a_style_that_takes_minutes_has_no_numbers(
    debugger: Debugger, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(debugger, "truncate 2,3")
    cost = work(debugger.session, styles(debugger).of(Truncation(2, 3)))
    monkeypatch.setattr("tuiviz.debugger.styles.LONGEST", cost - 1)
    run(debugger, "truncate 3,3")
    run(debugger, "truncate 2,3")
    tape, found = debugger.session.problem.tape, styles(debugger)
    for each in found.found:
        assert known(each, tape) is (work(debugger.session, each) < cost)


def test_what_the_clip_did_is_said_of_each_parameter(debugger: Debugger) -> None:
    gradient = debugger.session.problem.tape.gradient()
    run(debugger, "clip 0.1")
    run(debugger, "sgd")
    for name in NAMES:
        over = int((np.abs(getattr(gradient, name)) > 0.1).sum())
        assert f"{name} {over}/{getattr(gradient, name).size}" in debugger.message
