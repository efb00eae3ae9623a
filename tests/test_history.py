"""The history of a training: every step again, exactly, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_sgd import few, same_state, sequences, theta, trainings

from core.errors import InputError
from core.history import COLUMNS, History
from core.sgd import Clip
from core.training import DivergenceError, State, Training

START = State(theta(), 0.3)
ROOM_FOR_THREE = 3 * START.nbytes


@few
@given(trainings, st.lists(st.integers(0, 24), min_size=1, max_size=8))
def test_going_back_and_forth_is_exact(training: Training, visits: list[int]) -> None:
    history = History(training, START, ROOM_FOR_THREE)
    states = [START]
    for _ in range(24):
        states.append(history.advance())
    for step in visits:
        assert same_state(history.at(step), states[step])
    assert same_state(history.advance(), training.advance(START, 25))


@settings(few)
@given(st.integers(2, 20), st.integers(1, 100))
def test_no_more_states_are_kept_than_there_is_room_for(most: int, steps: int) -> None:
    history = History(Training(sequences(1)), START, most * START.nbytes)
    history.advance(steps)
    kept = history.checkpoints
    assert kept[0] == 0
    assert len(kept) <= most
    assert set(np.diff(kept)) <= {history.interval}
    assert steps - kept[-1] < history.interval
    history.at(steps // 2)
    curve = steps * len(COLUMNS) * 8
    assert history.memory <= (most + 2) * START.nbytes + curve


def test_the_curve_has_what_the_steps_reported() -> None:
    training = Training(sequences(2), halve=True, clip=Clip(0.1))
    history = History(training, START)
    history.advance(12)
    for name in COLUMNS:
        reports = [history.taken(step).report for step in range(12)]
        assert history.curve(name).tolist() == [getattr(report, name) for report in reports]


def test_another_training_from_a_step_on_forgets_what_followed() -> None:
    gentle, rough = Training(sequences(1)), Training(sequences(1), clip=Clip(0.01))
    history = History(gentle, START, ROOM_FOR_THREE)
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


def test_a_history_may_start_in_the_middle_of_a_training() -> None:
    training = Training(sequences(3), order="shuffled")
    history = History(training, training.advance(START, 5))
    history.advance(4)
    assert (history.first, history.last) == (5, 9)
    assert same_state(history.at(7), training.advance(START, 7))


def test_the_steps_before_one_that_cannot_be_taken_stay() -> None:
    history = History(Training(sequences(1)), START)
    history.advance(3)
    history.train_by(Training([(np.array([0]), np.array([1]))]), 3)
    blown = History(Training(sequences(1)), State(theta(), 1.7e308))
    with pytest.raises(DivergenceError):
        blown.advance(3)
    assert blown.last == 0
    assert same_state(blown.at(0), State(theta(), 1.7e308))


@pytest.mark.parametrize("step", [-1, 6])
def test_a_step_that_was_not_taken_is_not_there(step: int) -> None:
    history = History(Training(sequences(1)), START)
    history.advance(5)
    with pytest.raises(InputError, match="0 to 5"):
        history.at(step)
