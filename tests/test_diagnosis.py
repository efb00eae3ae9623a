"""A mistake that people make is recognised; a right gradient is never called wrong."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wrong_loops import (
    CLIPS,
    COUNTED,
    ROWS,
    Exercise,
    Loop,
    carrying,
    character_model,
    exercise,
    halved_at_one_step,
    looping,
    scan_truncated_at_the_end,
    tutorial,
    wrong_at_one_step,
)

import tuiviz as tv
from core.diagnosis.loop import Instance
from core.diagnosis.mistakes import CATALOGUE
from core.diagnosis.report import Report
from core.diagnosis.verdict import diagnose

CONVENTIONS = {"mean", "row-convention"}
DTYPES = ("float64", "float32")
MORE = settings(max_examples=30, derandomize=True, deadline=None)


def parameters(q: Exercise) -> tv.Parameters:
    return tv.Parameters(U=q.U, W=q.W, V=q.V, b=q.b, c=q.c)


def checked(q: Exercise, gradients: Any, **options: Any) -> Report:
    return tv.check(parameters(q), q.x, q.y, gradients, initial_state=q.s0, **options)


def ids(report: Report) -> list[str]:
    return [finding.id for finding in report.findings]


def require(report: Report, identifier: str) -> None:
    """That one mistake was found, or is named beside what is the same mistake."""
    assert report.verdict == ("convention" if identifier in CONVENTIONS else "wrong")
    assert len(report.findings) == 1
    assert identifier in {*ids(report), *report.indistinguishable}
    assert report.findings[0].residual <= report.tolerance


# Alone


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("identifier", "loop", "bugs"), ROWS, ids=[f"{row[1].__name__}-{row[2][0]}" for row in ROWS]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_every_mistake_of_the_catalogue_is_recognised(
    seed: int, identifier: str, loop: Loop, bugs: tuple[str, ...], dtype: str
) -> None:
    q = exercise(seed).astype(dtype)
    report = checked(q, loop(q, *bugs))
    require(report, identifier)
    if identifier != "stops-at-1":
        assert ids(report) == [identifier]
    assert report.not_testable == ()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("identifier", "loop"), COUNTED)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_a_truncation_is_recognised_with_its_n(
    n: int, identifier: str, loop: Loop, dtype: str
) -> None:
    q = exercise(3).astype(dtype)
    report = checked(q, loop(q, identifier, n=n))
    require(report, identifier)
    if n > 1 and ids(report) == [identifier]:
        assert report.findings[0].argument == n


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("identifier", CLIPS)
@pytest.mark.parametrize("part", [0.1, 0.4, 0.8])
def test_a_clip_is_recognised_with_its_c(part: float, identifier: str, dtype: str) -> None:
    q = exercise(4).astype(dtype)
    right = carrying(q)
    sizes = {name: np.linalg.norm(array) for name, array in right.items()}
    largest = {
        "clipped-elementwise": max(np.abs(array).max() for array in right.values()),
        "clipped-global-norm": np.linalg.norm(list(sizes.values())),
        "clipped-matrix-norm": max(sizes.values()),
    }
    c = float(part * largest[identifier])
    report = checked(q, CLIPS[identifier](right, c))
    require(report, identifier)
    assert ids(report) == [identifier]
    assert report.findings[0].argument == pytest.approx(c, rel=1e-4)


def test_every_row_of_the_catalogue_is_among_the_loops() -> None:
    tested = {row[0] for row in ROWS} | {row[0] for row in COUNTED} | set(CLIPS)
    assert tested == {mistake.id for mistake in CATALOGUE}


@pytest.mark.parametrize("given", ["W", "U", "V", "UW", "WV", "Wb", "UWV", "bc"])
def test_some_of_the_gradients_are_enough(given: str) -> None:
    q = exercise(5)
    for identifier, loop, bugs in ROWS:
        report = checked(q, {name: loop(q, *bugs)[name] for name in given})
        if report.verdict == "right":
            assert identifier in report.not_testable
        else:
            assert identifier in {*ids(report), *report.indistinguishable}


# In the wild


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_the_tutorial_goes_a_step_further_than_it_says(n: int) -> None:
    q = exercise(6)
    report = checked(q, tutorial(q, n))
    require(report, "truncated-window")
    assert n == 0 or (ids(report), report.findings[0].argument) == (["truncated-window"], n + 1)


@pytest.mark.parametrize("n", [1, 2, 4, 5])
def test_a_scan_truncated_at_the_end(n: int) -> None:
    q = exercise(7)
    report = checked(q, scan_truncated_at_the_end(q, n))
    require(report, "truncated-end")
    assert report.findings[0].argument == n


def test_a_character_model_that_clips_to_five() -> None:
    q = exercise(8, T=25, H=20, C=6)
    assert checked(q, character_model(q, np.inf)).verdict == "right"
    report = checked(q, character_model(q, 5))
    assert ids(report) == ["clipped-elementwise"]
    assert report.findings[0].argument == 5


# Two at once

AT_ONCE = (
    "sign", "mean", "bits", "doubled", "softmax-twice", "target-not-shifted", "last-error-only",
    "dV-previous-state", "no-tanh-derivative", "tanh-derivative-twice", "W-not-transposed",
    "dW-transposed", "row-convention", "x[t-1]", "initial-state-ignored", "repeated-tokens-lost",
)  # fmt: skip
NO_PAIR = {
    frozenset({"no-tanh-derivative", "tanh-derivative-twice"}),  # nothing, twice
    frozenset({"dW-transposed", "row-convention"}),  # turned twice
    frozenset({"x[t-1]", "repeated-tokens-lost"}),  # the loop has one or the other
}
PAIRS = [pair for pair in combinations(AT_ONCE, 2) if frozenset(pair) not in NO_PAIR]
NAMED = {"x[t-1]": "dU-input-off-by-one"}


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_two_mistakes_at_once(pair: tuple[str, str]) -> None:
    q = exercise(9)
    report = checked(q, carrying(q, *pair))
    assert report.verdict == ("convention" if set(pair) <= CONVENTIONS else "wrong")
    assert set(ids(report)) == {NAMED.get(bug, bug) for bug in pair}


@pytest.mark.parametrize("function", ["tanh-twice", "square", "sigmoid's"])
@pytest.mark.parametrize(
    "place",
    ["no-tanh-derivative-at-start", "tanh-derivative-twice", "tanh-derivative-off-by-one"],
)
def test_another_derivative_at_a_wrong_place(function: str, place: str) -> None:
    q = exercise(9)
    expected = {place, function if function == "tanh-twice" else "other-derivative"}
    assert set(ids(checked(q, carrying(q, function, place)))) == expected
    assert set(ids(checked(q, carrying(q, function, place, "mean")))) == {*expected, "mean"}


def test_two_conventions_at_once_and_a_convention_beside_a_mistake() -> None:
    q = exercise(9)
    report = checked(q, carrying(q, "mean", "row-convention"))
    assert (report.verdict, set(ids(report))) == ("convention", {"mean", "row-convention"})
    report = checked(q, carrying(q, "mean", "bits"))
    assert (report.verdict, set(ids(report))) == ("wrong", {"mean", "bits"})


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize(
    "other", ["row-convention", "sign", "mean", "no-tanh-derivative", "target-not-shifted"]
)
@pytest.mark.parametrize(("identifier", "loop"), COUNTED)
def test_a_truncation_and_another_mistake(identifier: str, loop: Loop, other: str, n: int) -> None:
    q = exercise(10)
    report = checked(q, loop(q, identifier, other, n=n))
    assert set(ids(report)) == {identifier, other}
    assert n in [finding.argument for finding in report.findings]


# Right


@given(
    seed=st.integers(0, 10**6),
    T=st.integers(1, 9),
    H=st.integers(1, 9),
    C=st.integers(2, 7),
    dtype=st.sampled_from(DTYPES),
    names=st.sets(st.sampled_from("UWVbc"), min_size=1),
)
@MORE
def test_a_right_gradient_is_never_called_wrong(
    seed: int, T: int, H: int, C: int, dtype: str, names: set[str]
) -> None:
    q = exercise(seed, max(T, 2), H, C).astype(dtype)
    report = checked(q, {name: looping(q)[name] for name in names})
    assert report.verdict == "right"
    assert report.findings == ()


@pytest.mark.parametrize("h", [1e-3, 1e-4, 1e-5, 1e-6, 1e-7])
def test_central_differences_are_right(h: float) -> None:
    q = exercise(11)
    theta = parameters(q)

    def loss(name: str, array: Any) -> float:
        arrays = {each: getattr(theta, each) for each in "UWVbc"} | {name: array}
        return tv.record(tv.Parameters(**arrays), q.x, q.y, initial_state=q.s0).loss

    found = {}
    for name in "UWVbc":
        array = getattr(theta, name)
        found[name] = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            step = np.zeros_like(array)
            step[index] = h
            found[name][index] = (loss(name, array + step) - loss(name, array - step)) / (2 * h)
    report = checked(q, found)
    assert report.verdict == "right"
    assert max(report.residuals.values()) <= report.tolerance <= 1e-5


def test_a_right_gradient_of_one_step() -> None:
    q = exercise(21, T=2)
    q = Exercise(q.U, q.W, q.V, q.b, q.c, q.x[:1], q.y[:1], q.s0)
    report = checked(q, looping(q))
    assert report.verdict == "right"
    assert {"truncated-window", "mean", "W-not-transposed"} <= set(report.not_testable)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "identity"])
@pytest.mark.parametrize("dense", [True, False])
def test_every_row_is_recognised_with_other_activations_and_inputs(
    activation: str, dense: bool
) -> None:
    """Here by the formulas of the catalogue itself: the loops are written for tanh and tokens."""
    q = exercise(22)
    x = np.random.default_rng(0).standard_normal((6, 5)) if dense else q.x
    tape = tv.record(parameters(q), x, q.y, initial_state=q.s0, activation=activation)
    instance = Instance.of(tape)
    given = {name: getattr(tape.gradient(), name) for name in "UWVbc"}
    right = diagnose(tape, given)
    assert right.verdict == "right"
    for row in CATALOGUE:
        for variant, gradient in row.gradients(instance, "UWVbc"):
            report = diagnose(tape, gradient)
            if report.verdict == "right":
                assert row.id in right.not_testable
            else:
                assert row.id in {*ids(report), *report.indistinguishable}, variant


def test_a_small_mistake_is_not_taken_for_finite_differences() -> None:
    """What differs by 1e-7 in one gradient, or as a sum of terms would, is no such difference."""
    q = exercise(24)
    right = carrying(q)
    small = {**right, "W": right["W"] * (1 + 1e-7)}
    assert checked(q, small).verdict == "undecided"
    g = halved_at_one_step(q, at=3)
    term = {name: right[name] + 1e-7 * (g[name] - right[name]) for name in right}
    assert checked(q, term).verdict == "unknown"
    assert checked(q, {"W": term["W"], "U": term["U"]}).verdict == "unknown"


@pytest.mark.parametrize("wrong", ["W-not-transposed", "no-tanh-derivative"])
def test_a_mean_over_a_batch_and_another_mistake(wrong: str) -> None:
    q = exercise(25)
    report = checked(q, carrying(q, "mean over a batch", wrong))
    assert set(ids(report)) == {"mean", wrong}


# What an instance cannot tell


def test_what_a_famous_check_passes_is_named_as_not_testable() -> None:
    """Distinct tokens and no initial state: a lost token and an ignored state do not show."""
    q = exercise(12, T=4, C=4)
    q = Exercise(q.U, q.W, q.V, q.b, q.c, np.arange(4), q.y, np.zeros_like(q.s0))
    report = checked(q, carrying(q, "repeated-tokens-lost", "initial-state-ignored"))
    assert report.verdict == "right"
    assert set(report.not_testable) == {"repeated-tokens-lost", "initial-state-ignored"}


@given(seed=st.integers(0, 10**6), row=st.sampled_from(ROWS), H=st.integers(1, 5))
@MORE
def test_a_wrong_gradient_is_never_called_right(
    seed: int, row: tuple[str, Loop, tuple[str, ...]], H: int
) -> None:
    """On small and degenerate instances too: else the mistake is named as not testable."""
    identifier, loop, bugs = row
    rng = np.random.default_rng(seed)
    q = exercise(seed, T=int(rng.integers(2, 5)), H=H, C=2)
    if rng.integers(2):
        q = Exercise(q.U, q.W, q.V, q.b, q.c, q.x, q.y, np.zeros_like(q.s0))
    report = checked(q, loop(q, *bugs))
    if report.verdict == "right":
        assert identifier in report.not_testable


def test_nothing_can_be_said_where_the_right_gradient_is_zero_or_not_finite() -> None:
    q = exercise(13)
    zero = Exercise(0 * q.U, 0 * q.W, 0 * q.V, 0 * q.b, 0 * q.c, q.x, q.y, 0 * q.s0)
    for broken in (zero, Exercise(q.U * np.inf, q.W, q.V, q.b, q.c, q.x, q.y, q.s0)):
        report = checked(broken, {"W": np.zeros_like(q.W)})
        assert report.verdict == "undecided"
        assert len(report.not_testable) == len(CATALOGUE)


# In no catalogue


def test_a_step_that_is_halved_is_found_at_its_step() -> None:
    q = exercise(14)
    g = halved_at_one_step(q, at=3)
    report = checked(q, g)
    assert report.verdict == "unknown"
    (finding,) = report.findings
    assert finding.id == "unknown"
    assert set(finding.parameters) == set("UWb")
    assert finding.first_wrong is not None
    assert (finding.first_wrong.k, finding.first_wrong.line.name) == (3, "s")
    assert report.coefficients is not None
    expected = np.ones((6, 6))
    expected[4:, :4] = 0.5
    lower = np.tril_indices(6)
    assert np.allclose(report.coefficients.values[lower], expected[lower], atol=1e-6)


LINES = {
    "error": ("adjoint", "z"),
    "dV": ("gradient", "V"),
    "dc": ("gradient", "c"),
    "join": ("adjoint", "s"),
    "carry": ("adjoint", "s"),
    "dW": ("gradient", "W"),
    "dU": ("gradient", "U"),
    "db": ("gradient", "b"),
}


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("at", range(4))
def test_a_line_that_is_wrong_at_one_step_is_found_with_its_step(line: str, at: int) -> None:
    q = exercise(26, T=5, H=7, C=6)
    q = Exercise(q.U, q.W, q.V, q.b, q.c, np.arange(5), q.y, q.s0)
    report = checked(q, wrong_at_one_step(q, line, at))
    assert report.verdict == "unknown"
    first = report.findings[0].first_wrong
    assert first is not None
    assert (first.line.kind, first.line.name) == LINES[line]
    # of a bias there is the sum over the steps alone
    assert first.k == (None if line in ("db", "dc") else at)


@pytest.mark.parametrize("name", "UWVbc")
def test_a_gradient_of_noise_is_found_in_its_line(name: str) -> None:
    q = exercise(15)
    g = carrying(q)
    g[name] = np.random.default_rng(0).standard_normal(g[name].shape)
    report = checked(q, g)
    assert report.verdict == "unknown"
    assert report.findings[0].parameters == (name,)
    first = report.findings[0].first_wrong
    assert first is not None
    assert first.line.name == name


@given(seed=st.integers(0, 10**6))
@settings(max_examples=8, derandomize=True, deadline=None)
def test_the_coefficient_map_returns_the_weights_of_the_terms(seed: int) -> None:
    q = exercise(seed, T=5, H=7)
    tape = tv.record(parameters(q), q.x, q.y, initial_state=q.s0)
    weights = np.random.default_rng(seed).integers(-2, 4, (5, 5)) / 2
    given = {
        name: sum(
            weights[t, term.k] * term.value for t in range(5) for term in tape.error(t).terms(name)
        )
        for name in ("U", "W", "b")
    }
    found = tv.check(tape.theta, q.x, q.y, given, initial_state=q.s0).coefficients
    assert found is not None
    lower = np.tril_indices(5)
    assert found.residual < 1e-9
    assert np.allclose(found.values[lower], weights[lower], atol=1e-4)


# Numbers and shapes that are none


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_wrong_and_said(value: float) -> None:
    q = exercise(16)
    g = carrying(q)
    g["W"][2, 3] = value
    report = checked(q, g)
    assert report.verdict == "unknown"
    assert report.faults == (
        f"dW has 1 of 49 numbers that are not finite, first dW[2, 3] = {value}",
    )
    assert report.not_testable == ()
    everywhere = checked(q, {name: np.full_like(array, value) for name, array in g.items()})
    assert (everywhere.verdict, everywhere.not_testable) == ("unknown", ())
    assert everywhere.findings[0].first_wrong is None


@pytest.mark.parametrize(
    ("name", "shape"), [("W", (7, 5)), ("U", (49,)), ("b", (7, 7)), ("c", ()), ("V", (0, 7))]
)
def test_a_shape_that_fits_nothing_is_wrong_and_said(name: str, shape: tuple[int, ...]) -> None:
    q = exercise(17)
    report = checked(q, {**carrying(q), name: np.ones(shape)})
    assert report.verdict == "unknown"
    assert f"d{name} has shape {shape}; expected " in report.faults[0]


def test_a_bias_may_be_a_column() -> None:
    q = exercise(18)
    g = carrying(q)
    assert checked(q, {**g, "b": g["b"][:, None], "c": g["c"][None]}).verdict == "right"


@pytest.mark.parametrize("gradients", [{}, {"dQ": [1]}, {"W": [[1]], "dW": [[1]]}, {"b": ["x"]}])
def test_what_is_no_gradient_is_refused(gradients: dict[str, Any]) -> None:
    with pytest.raises(tv.InputError):
        checked(exercise(19), gradients)


def test_a_long_sequence_is_checked_but_not_searched() -> None:
    q = exercise(23, T=130, H=64, C=4)
    q = Exercise(q.U, q.W / 2, q.V, q.b, q.c, q.x, q.y, q.s0)
    report = checked(q, carrying(q))
    assert (report.verdict, report.searched) == ("right", False)
    assert "W-not-transposed" in report.not_testable
    report = checked(q, carrying(q, "W-not-transposed"))
    assert report.verdict == "unknown"


def test_the_same_report_twice() -> None:
    q = exercise(20)
    wrong = carrying(q, "no-tanh-derivative", "sign")
    first, second = checked(q, wrong), checked(q, wrong)
    assert first.findings == second.findings
    assert first.not_testable == second.not_testable
