"""SGD steps, clips and training states: equal to what is written down, to the bit."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.cells import rnn
from core.errors import InputError
from core.learning.sgd import Clip, descend, whole_norm
from core.learning.training import DivergenceError, State, Training
from core.parameters import NAMES, Parameters
from core.tape import record
from core.truncation import Truncation

Array = NDArray[Any]
few = settings(max_examples=15, derandomize=True, deadline=None)


def theta(hidden: int = 3, size: int = 4, seed: int = 0) -> Parameters:
    return Parameters.random(inputs=size, hidden=hidden, outputs=size, seed=seed)


def sequences(count: int = 3, size: int = 4, seed: int = 0) -> list[tuple[Array, Array]]:
    rng = np.random.default_rng(seed)
    return [(rng.integers(0, size, n), rng.integers(0, size, n)) for n in range(2, 2 + count)]


def same(one: Any, other: Any) -> bool:
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in NAMES)


def same_state(one: State, other: State) -> bool:
    fields = ("step", "rate", "epoch_loss", "last_epoch_loss")
    return same(one.theta, other.theta) and all(
        getattr(one, name) == getattr(other, name) for name in fields
    )


trainings = st.builds(
    Training,
    sequences=st.integers(1, 4).map(sequences),
    truncation=st.sampled_from([None, Truncation(1, 2), Truncation(2, 2)]),
    clip=st.sampled_from([None, Clip(0.05), Clip(0.3, "norm")]),
    halve=st.booleans(),
    order=st.sampled_from(["file", "shuffled"]),
    seed=st.integers(0, 5),
)

# One step


@few
@given(st.integers(0, 100), st.floats(0, 2))
def test_a_step_is_theta_minus_rate_times_gradient_to_the_bit(seed: int, rate: float) -> None:
    x, y = sequences(seed=seed)[-1]
    before = theta(seed=seed)
    gradient = record(before, x, y).gradient()
    after = Training([(x, y)]).step(State(before, rate)).after.theta
    for name in NAMES:
        expected = getattr(before, name) - rate * getattr(gradient, name)
        assert getattr(after, name).tobytes() == expected.tobytes()


def test_a_step_uses_the_truncated_and_clipped_gradient() -> None:
    x, y = sequences()[-1]
    training = Training([(x, y)], truncation=Truncation(1, 1), clip=Clip(0.1, "norm"))
    step = training.step(State(theta(), 0.5))
    truncated = record(theta(), x, y).gradient(Truncation(1, 1))
    assert same(step.gradient, truncated)
    assert same(
        step.after.theta, descend(theta(), Clip(0.1, "norm").apply(truncated).gradient, 0.5)
    )
    for name, update in step.update.items():
        assert np.array_equal(getattr(theta(), name) + update, getattr(step.after.theta, name))


def test_a_report_says_what_was_before_the_step() -> None:
    x, y = sequences()[-1]
    start = State(theta(), 0.25, step=7)
    report = Training([(x, y)]).step(start).report
    tape = record(theta(), x, y)
    flat = np.concatenate([getattr(tape.gradient(), name).ravel() for name in NAMES])
    assert (report.step, report.sequence, report.tokens, report.rate) == (8, 0, len(x), 0.25)
    assert report.loss == tape.loss
    assert report.gradient == pytest.approx(np.linalg.norm(flat), rel=1e-14)


# The clip


@few
@given(st.integers(0, 1000), st.floats(1e-3, 10))
def test_a_clip_by_value_brings_each_entry_to_the_limit(seed: int, limit: float) -> None:
    gradient = theta(seed=seed)
    clipped = Clip(limit).apply(gradient)
    for name in NAMES:
        entries = getattr(gradient, name).ravel()
        expected = [min(max(entry, -limit), limit) for entry in entries]
        assert getattr(clipped.gradient, name).ravel().tolist() == expected
        assert clipped.entries[name] == sum(abs(entry) > limit for entry in entries)


@few
@given(st.integers(0, 1000), st.floats(1e-3, 10))
def test_a_clip_by_norm_keeps_the_direction_and_the_limit(seed: int, limit: float) -> None:
    gradient = theta(seed=seed)
    clipped = Clip(limit, "norm").apply(gradient)
    assert whole_norm(clipped.gradient) == pytest.approx(min(limit, whole_norm(gradient)))
    assert clipped.changed == (whole_norm(gradient) > limit)
    for name in NAMES:
        expected = getattr(gradient, name) * clipped.factor
        assert np.array_equal(getattr(clipped.gradient, name), expected)


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_the_norm_over_all_parameters_neither_underflows_nor_overflows(scale: float) -> None:
    scaled = Parameters(**{name: scale * getattr(theta(), name) for name in NAMES})
    flat = np.concatenate([getattr(theta(), name).ravel() for name in NAMES])
    assert whole_norm(scaled) == pytest.approx(scale * np.linalg.norm(flat), rel=1e-12)


@pytest.mark.parametrize(
    ("limit", "by"), [(0.0, "value"), (-1.0, "norm"), (float("nan"), "value"), (1.0, "row")]
)
def test_a_clip_that_cannot_be_is_refused(limit: float, by: str) -> None:
    with pytest.raises(InputError, match="clip"):
        Clip(limit, by)


# Training


@few
@given(trainings, st.integers(0, 8), st.integers(0, 8))
def test_training_that_stops_and_goes_on_is_training_that_did_not_stop(
    training: Training, first: int, more: int
) -> None:
    start = State(theta(), 0.3)
    at_once = training.advance(start, first + more)
    halfway = training.advance(start, first)
    again = State(
        Parameters(**{name: np.array(getattr(halfway.theta, name)) for name in NAMES}),
        halfway.rate,
        halfway.step,
        halfway.epoch_loss,
        halfway.last_epoch_loss,
    )
    assert same_state(training.advance(again, more), at_once)


@few
@given(trainings)
def test_an_epoch_reads_each_sequence_once(training: Training) -> None:
    count = len(training.sequences)
    for epoch in range(3):
        steps = range(epoch * count, (epoch + 1) * count)
        assert sorted(training.sequence_at(step) for step in steps) == list(range(count))


def test_a_shuffled_order_differs_from_epoch_to_epoch_and_from_seed_to_seed() -> None:
    def epochs(seed: int) -> list[tuple[int, ...]]:
        training = Training(sequences(8), order="shuffled", seed=seed)
        return [tuple(training.sequence_at(8 * e + i) for i in range(8)) for e in range(4)]

    assert len({*epochs(0), *epochs(1)}) == 8


def test_the_rate_is_halved_just_after_an_epoch_whose_loss_rose() -> None:
    training = Training(sequences(2), halve=True)
    state, losses, rates = State(theta(), 3.0), [], []
    for _ in range(10):
        rates.append(state.rate)
        losses.append(0.0)
        for _ in range(2):
            step = training.step(state)
            assert step.before.rate == rates[-1]
            losses[-1] += step.report.loss
            state = step.after
    rose = [False, *(later > earlier for earlier, later in pairwise(losses))]
    assert any(rose)
    assert [*rates[1:], state.rate] == [
        rate / 2 if up else rate for rate, up in zip(rates, rose, strict=True)
    ]


def test_a_text_that_says_the_same_again_and_again_is_learnt() -> None:
    x, y = np.array([0, 1, 2, 0, 1, 2]), np.array([1, 2, 0, 1, 2, 0])
    training = Training([(x, y)])
    state = training.advance(State(theta(hidden=4, size=3), 0.2), 1500)
    assert training.record(state.theta, 0).loss / len(x) < 0.01


def test_a_step_that_is_not_finite_is_not_taken() -> None:
    large = Parameters(U=np.eye(2), W=np.eye(2) * 1e200, V=np.eye(2))
    training = Training([(np.array([0, 1, 0]), np.array([1, 0, 1]))] * 2, cell=rnn("identity"))
    with pytest.raises(DivergenceError, match="step 2, on sequence 2: the loss is nan") as caught:
        training.step(State(large, 0.1, step=1))
    assert same(caught.value.state.theta, large)
    assert (caught.value.state.step, caught.value.sequence) == (1, 1)


def test_an_update_that_overflows_is_not_taken() -> None:
    x, y = sequences()[-1]
    with pytest.raises(DivergenceError, match="θ − η"):
        Training([(x, y)]).step(State(theta(), 1.7e308)).after  # noqa: B018


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf")])
def test_a_rate_that_cannot_be_is_refused(rate: float) -> None:
    with pytest.raises(InputError, match="learning rate"):
        State(theta(), rate)


def test_training_on_nothing_or_in_another_order_is_refused() -> None:
    with pytest.raises(InputError, match="no sequence"):
        Training([])
    with pytest.raises(InputError, match="backward"):
        Training(sequences(), order="backward")


@pytest.mark.parametrize("clip", [None, Clip(1.0), Clip(1.0, "norm")])
def test_a_gradient_that_overflows_is_not_followed(clip: Clip | None) -> None:
    # All states are zero, so that the loss is that of guessing; W makes the gradient overflow.
    theta = Parameters(U=np.zeros((1, 2)), W=np.array([[1e160]]), V=np.array([[1.0], [-1.0]]))
    x = np.array([0, 1, 0, 1, 0])
    training = Training([(x, x)], cell=rnn("identity"), clip=clip)
    for rate in (0.1, 0.0):
        with pytest.raises(DivergenceError, match="∂E/∂θ is not finite"):
            training.step(State(theta, rate))
