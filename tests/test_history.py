"""The history of a training: every step again, exactly, in bounded memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_sgd import few, same_state, sequences, theta, trainings

from core.cells import rnn
from core.errors import InputError
from core.learning.history import COLUMNS, History
from core.learning.lags import median_lag, median_lags
from core.learning.sgd import Clip
from core.learning.training import DivergenceError, State, Step, Training

START = State(theta(), 0.3)
ROOM_FOR_FOUR = 4 * START.nbytes


@few
@given(trainings, st.lists(st.integers(0, 24), min_size=1, max_size=8))
def test_going_back_and_forth_is_exact(training: Training, visits: list[int]) -> None:
    history = History(training, START, ROOM_FOR_FOUR)
    states = [START]
    for _ in range(24):
        states.append(history.advance())
    for step in visits:
        assert same_state(history.at(step), states[step])
    assert same_state(history.advance(), training.advance(START, 25))


@few
@given(st.integers(4, 40), st.integers(1, 100))
def test_no_more_states_are_kept_than_there_is_room_for(most: int, steps: int) -> None:
    history = History(Training(sequences(1)), START, most * START.nbytes)
    history.advance(steps)
    kept = history.checkpoints
    assert kept[0] == 0
    assert len(kept) <= most // 2
    assert set(np.diff(kept)) <= {history.interval}
    assert steps - kept[-1] < history.interval
    history.at(steps - 1)
    history.at(steps // 2)
    curve = steps * len(COLUMNS) * 8
    assert history.memory <= (most + 1) * START.nbytes + curve


def test_going_back_step_by_step_computes_little_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(Training(sequences(1)), START, 40 * START.nbytes)
    history.advance(200)
    taken, take = [], Training.step

    def counted(training: Training, state: State) -> Step:
        taken.append(state.step)
        return take(training, state)

    monkeypatch.setattr(Training, "step", counted)
    for step in range(200, -1, -1):
        history.at(step)
    assert len(taken) <= 201


def test_the_curve_has_what_the_steps_reported() -> None:
    training = Training(sequences(2), halve=True, clip=Clip(0.1))
    history = History(training, START)
    history.advance(12)
    for name in COLUMNS:
        reports = [history.taken(step).report for step in range(12)]
        assert history.curve(name).tolist() == [getattr(report, name) for report in reports]


def test_another_training_from_a_step_on_forgets_what_followed() -> None:
    gentle, rough = Training(sequences(1)), Training(sequences(1), clip=Clip(0.01))
    history = History(gentle, START, ROOM_FOR_FOUR)
    history.advance(30)
    history.train_by(rough, 11)
    assert history.last == 11
    assert len(history.curve("loss")) == 11
    history.advance(20)
    branch = gentle.advance(START, 11)
    assert same_state(history.at(7), gentle.advance(START, 7))
    assert same_state(history.at(11), branch)
    assert same_state(history.at(25), rough.advance(branch, 14))
    assert history.training_at(10) is gentle
    assert history.training_at(11) is rough


def test_another_rate_from_a_step_on_is_exact_too() -> None:
    training = Training(sequences(1))
    history = History(training, START, ROOM_FOR_FOUR)
    history.advance(20)
    for step, rate in ((12, 0.1), (9, 0.05), (14, 0.2)):
        history.train_by(training, step, rate)
        history.advance(10)
    expected = training.advance(START, 9)
    for rate, steps in ((0.05, 5), (0.2, 10)):
        expected = replace(expected, rate=rate)
        assert same_state(history.at(expected.step), expected)
        expected = training.advance(expected, steps)
    assert same_state(history.at(24), expected)
    assert same_state(history.at(8), training.advance(START, 8))
    assert history.curve("rate").tolist() == [0.3] * 9 + [0.05] * 5 + [0.2] * 10


def test_the_reach_over_a_history_is_that_of_its_states() -> None:
    training = Training(sequences(3))
    history = History(training, START)
    history.advance(6)
    for step, lag in zip((0, 6, 3), median_lags(history, (0, 6, 3)), strict=True):
        theta = training.advance(START, step).theta
        assert lag == median_lag(training.record(theta, i) for i in range(3))


def test_a_history_may_start_in_the_middle_of_a_training() -> None:
    training = Training(sequences(3), order="shuffled")
    history = History(training, training.advance(START, 5))
    history.advance(4)
    assert (history.first, history.last) == (5, 9)
    assert same_state(history.at(7), training.advance(START, 7))


def test_the_steps_before_one_that_cannot_be_taken_stay() -> None:
    training = Training(sequences(3), cell=rnn("identity"))
    history = History(training, START)
    history.advance(3)
    history.train_by(training, 3, 1e4)
    with pytest.raises(DivergenceError) as caught:
        history.advance(50)
    assert same_state(history.at(history.last), caught.value.state)
    assert same_state(history.at(2), training.advance(START, 2))


@pytest.mark.parametrize("step", [-1, 6])
def test_a_step_that_was_not_taken_is_not_there(step: int) -> None:
    history = History(Training(sequences(1)), START)
    history.advance(5)
    with pytest.raises(InputError, match="0 to 5"):
        history.at(step)
