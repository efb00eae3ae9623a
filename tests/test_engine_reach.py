"""∂s_t/∂s_k and how far an error reaches back, from 1e-1000 to 1e+9000 and to exact zeros."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import ACTIVATIONS, KINDS, RNNS, Array, close, laws, problems

import tuiviz as tv
from core.apart import Wide, squares_apart
from core.learning.lags import lags
from core.reach import _joining

every_network = pytest.mark.parametrize("network", KINDS)
every_rnn = pytest.mark.parametrize("network", RNNS)
one_state = pytest.mark.parametrize(
    "network", [name for name, kind in KINDS.items() if len(kind.states) == 1]
)


@every_rnn
@laws
@given(data=st.data())
def test_a_jacobian_is_the_product_of_its_steps(network: str, data: st.DataObject) -> None:
    """∂s_t/∂s_k = Π_{j=t}^{k+1} diag(f'(a_j)) W, in descending j"""
    problem = data.draw(problems(network, longest=8))
    W = problem.theta.W
    slopes = ACTIVATIONS[problem.kind.activation][1](problem.values["a"])
    for t in range(problem.steps):
        for k in range(-1, t + 1):
            factors = [np.diag(slopes[j]) @ W for j in range(t, k, -1)]
            close(problem.tape.jacobian(t, k), reduce(np.matmul, factors, np.eye(len(W))))


@every_network
@laws
@given(data=st.data())
def test_a_jacobian_is_the_complex_step_of_a_run_begun_again(
    network: str, data: st.DataObject
) -> None:
    """Of several states the others are held at step k, and followed after it."""
    problem = data.draw(problems(network))
    for t in range(problem.steps):
        for k in range(-1, t):
            close(problem.tape.jacobian(t, k), problem.jacobian(t, k), scale=1e-3)


@one_state
@laws
@given(data=st.data())
def test_an_adjoint_goes_back_through_the_jacobian(network: str, data: st.DataObject) -> None:
    """∂E_t/∂s_k = ∂E_t/∂s_t · ∂s_t/∂s_k"""
    problem = data.draw(problems(network))
    for t in range(problem.steps):
        adjoints = problem.tape.error(t).adjoints["s"]
        for k in range(t + 1):
            close(adjoints[k], adjoints[t] @ problem.tape.jacobian(t, k), 1e-12, scale=1e-3)


@every_rnn
@laws
@given(data=st.data())
def test_the_adjoint_of_the_pre_activation_is_that_of_the_state_times_the_slope(
    network: str, data: st.DataObject
) -> None:
    """δ_{t,k} = ∂E_t/∂a_k = f'(a_k) ⊙ ∂E_t/∂s_k"""
    problem = data.draw(problems(network))
    slopes = ACTIVATIONS[network][1](problem.values["a"])
    for t in range(problem.steps):
        adjoints = problem.tape.error(t).adjoints
        assert adjoints["a"].shape == adjoints["s"].shape == (t + 1, len(problem.theta.W))
        close(adjoints["a"], slopes[: t + 1] * adjoints["s"], 1e-13)


@every_network
@laws
@given(data=st.data())
def test_reach_is_the_norm_of_the_adjoints(network: str, data: st.DataObject) -> None:
    """reach[t, k] = ‖∂E_t/∂s_k‖₂, zero for k > t"""
    tape = data.draw(problems(network, longest=9)).tape
    expected = np.zeros((tape.steps, tape.steps))
    for t in range(tape.steps):
        expected[t, : t + 1] = np.linalg.norm(tape.error(t).adjoints["s"], axis=1)
    np.testing.assert_allclose(tape.reach(), expected, rtol=1e-12, atol=1e-300)


@every_network
@laws
@given(data=st.data())
def test_log_reach_is_the_logarithm_of_reach(network: str, data: st.DataObject) -> None:
    tape = data.draw(problems(network, longest=9)).tape
    reach, log_reach = tape.reach(), tape.log_reach()
    np.testing.assert_array_equal(np.isneginf(log_reach), reach == 0)
    np.testing.assert_allclose(10**log_reach, reach, rtol=1e-11)


def orthogonal(size: int, seed: int = 0) -> Array:
    return np.asarray(np.linalg.qr(np.random.default_rng(seed).standard_normal((size, size)))[0])


def scaled_rotation(w: float, steps: int, dtype: Any = float) -> tuple[tv.Tape, Array]:
    """An identity network with W = w Q, Q orthogonal, and its exact log₁₀‖∂E_t/∂s_k‖.

    ‖∂E_t/∂s_k‖ = ‖g_t (w Q)^{t−k}‖ = w^{t−k} ‖g_t‖ with g_t = Vᵀ (ŷ_t − y_t). U = 0, so s = 0.
    """
    rng = np.random.default_rng(1)
    V, c = rng.standard_normal((3, 4)), rng.standard_normal(3)
    theta = tv.Parameters(U=np.zeros((4, 2)), W=w * orthogonal(4), V=V, c=c)
    theta = tv.Parameters(**{name: getattr(theta, name).astype(dtype) for name in "UWVbc"})
    y = rng.integers(3, size=steps)
    tape = tv.record(theta, np.zeros(steps, int), y, activation="identity")
    yhat = np.exp(c) / np.exp(c).sum()
    joined = np.log10(np.linalg.norm((yhat - np.eye(3)[y]) @ V, axis=1))
    lag = np.subtract.outer(np.arange(steps), np.arange(steps))
    return tape, np.where(lag >= 0, joined[:, None] + lag * np.log10(w), -np.inf)


@pytest.mark.parametrize("w", [1e-5, 1e-30, 1e-200, 0.5, 1.0, 3.0, 1e5, 1e30, 1e200])
@pytest.mark.parametrize("steps", [200, 391])
def test_log_reach_is_right_far_outside_the_floats(w: float, steps: int) -> None:
    """Down to 1e-78000 and up to 1e+78000, in blocks of errors that do not come out even."""
    tape, expected = scaled_rotation(w, steps)
    np.testing.assert_allclose(tape.log_reach(), expected, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("w", [1e-5, 0.5, 1.0, 1e5, 1e30])
def test_reach_has_every_number_that_is_a_float(w: float) -> None:
    """Where the logarithm is that of a float; zero below them, infinite above."""
    tape, logarithm = scaled_rotation(w, 391)
    found = tape.reach()
    inside = np.abs(logarithm) < 300
    np.testing.assert_allclose(found[inside], 10 ** logarithm[inside], rtol=1e-9)
    assert not found[logarithm < -330].any()
    assert np.isinf(found[logarithm > 310]).all()


@pytest.mark.parametrize("w", [1e-3, 0.7, 1.0, 1e3])
def test_log_reach_of_single_precision(w: float) -> None:
    tape, expected = scaled_rotation(w, 391, np.float32)
    found = tape.log_reach()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


def step_by_step(tape: tv.Tape, slopes: Array) -> Array:
    """log₁₀‖∂E_t/∂s_k‖ of a simple network, a row of length 1 and its logarithm carried back."""
    theta, T = tape.theta, tape.steps
    e = tape.values["yhat"] - np.eye(theta.outputs)[tape.inputs["y"]]
    found = np.full((T, T), -np.inf)
    for t in range(T):
        row, logarithm = e[t] @ theta.V, 0.0
        for k in range(t, -1, -1):
            length = np.linalg.norm(row)
            if length == 0:
                break
            row, logarithm = row / length, logarithm + np.log10(length)
            found[t, k] = logarithm
            row = (row * slopes[k]) @ theta.W
    return found


@pytest.mark.parametrize(("gain", "steps"), [(1e-4, 300), (0.3, 300), (1.5, 300), (1e-40, 60)])
@pytest.mark.parametrize("network", ["tanh", "sigmoid"])
def test_log_reach_of_a_network_that_reads_random_tokens(
    network: str, gain: float, steps: int
) -> None:
    rng = np.random.default_rng(3)
    theta = tv.Parameters.random(5, 6, 5, seed=2)
    theta = tv.Parameters(U=theta.U, W=gain * theta.W, V=theta.V)
    tape = tv.record(theta, rng.integers(5, size=steps), rng.integers(5, size=steps), None, network)
    expected = step_by_step(tape, ACTIVATIONS[network][1](tape.values["a"]))
    np.testing.assert_allclose(tape.log_reach(), expected, rtol=1e-10, atol=1e-8)


def test_log_reach_is_minus_infinity_where_every_unit_is_dead_and_nowhere_else() -> None:
    """A relu network in which token 1 turns all units off: ∂s_j/∂s_{j−1} = 0 where x_j = 1."""
    steps, rng = 300, np.random.default_rng(0)
    x = (rng.random(steps) < 0.02).astype(int)
    U = np.array([[1.0, -1e3], [1.0, -1e3]])
    theta = tv.Parameters(U=U, W=1e-3 * np.eye(2) + 1e-4, V=rng.standard_normal((3, 2)))
    tape = tv.record(theta, x, rng.integers(3, size=steps), activation="relu")
    deaths = np.cumsum(x)  # none between k and t where the count is the same at both
    alive = np.tri(steps, dtype=bool) & (deaths[:, None] == deaths)
    found = tape.log_reach()
    np.testing.assert_array_equal(found > -np.inf, alive)
    np.testing.assert_allclose(found, step_by_step(tape, (tape.values["a"] > 0) * 1.0), atol=1e-9)
    np.testing.assert_array_equal(tape.reach()[~alive], 0)


def units_apart(factors: list[float], deaths: dict[int, list[int]], steps: int) -> tv.Tape:
    """A relu network of units that do not touch: W = diag(factors), unit i dead at deaths[i]."""
    size = len(factors)
    x = np.ones((steps, size))
    for unit, dead in deaths.items():
        x[dead, unit] = -1.0
    W, V = np.diag(factors), np.random.default_rng(2).standard_normal((3, size))
    theta = tv.Parameters(U=1e-3 * np.eye(size), W=W, V=V)
    return tv.record(theta, 1e3 * x, np.ones(steps, int), activation="relu")


def of_units_apart(tape: tv.Tape) -> Array:
    """log₁₀‖∂E_t/∂s_k‖ where ∂E_t/∂s_k[i] = ∂E_t/∂s_t[i] Π_{j=t}^{k+1} W_ii [a_j[i] > 0]."""
    g = (tape.values["yhat"] - np.eye(3)[tape.inputs["y"]]) @ tape.theta.V
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.log10(np.abs(np.diag(tape.theta.W)) * (tape.values["a"] > 0))
        found = np.full((tape.steps, tape.steps), -np.inf)
        for t in range(tape.steps):
            logarithms = np.log10(np.abs(g[t]))
            for k in range(t, -1, -1):
                if (top := logarithms.max()) > -np.inf:
                    found[t, k] = top + np.log10(np.sum(100 ** (logarithms - top))) / 2
                logarithms = logarithms + each[k]
    return found


@pytest.mark.parametrize(
    ("factors", "deaths", "steps"),
    [
        ([1, 1e-10], {0: [80]}, 100),
        ([1, 1e-3], {0: [3]}, 150),
        ([1, 1e-3], {0: [3, 100], 1: [1]}, 400),
        ([1, 1e-3, 1e-30, 1e-90], {0: [90, 30], 1: [60], 2: [20, 50], 3: [100]}, 205),
        ([0.5, 1e-200], {0: [150]}, 200),
        ([1, 1, 1], {0: [40], 1: [20], 2: [30]}, 50),
        ([1, 1e-3, 0], {0: [140], 1: [7]}, 150),
    ],
)
def test_a_unit_that_fades_beside_louder_ones_is_no_zero(
    factors: list[float], deaths: dict[int, list[int]], steps: int
) -> None:
    """However far it has faded: where the louder ones die, it is all that is left."""
    tape = units_apart(factors, deaths, steps)
    found, expected = tape.log_reach(), of_units_apart(tape)
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(expected))
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-9)
    some = [steps - 1, steps // 2]
    np.testing.assert_allclose(tape.log_reach(some), expected[some], rtol=1e-11, atol=1e-9)
    with np.errstate(under="ignore", over="ignore"):
        np.testing.assert_allclose(tape.reach(), 10**expected, rtol=1e-9, atol=1e-300)


@every_network
@laws
@given(data=st.data())
def test_rows_with_an_exponent_for_each_number_are_the_same_rows(
    network: str, data: st.DataObject
) -> None:
    tape = data.draw(problems(network, longest=9)).tape
    recording = tape.error(0).tape
    errors = sorted(data.draw(st.sets(st.integers(0, tape.steps - 1), min_size=1)))
    joining = _joining(recording, np.array(errors))
    squares, exponents = squares_apart(recording, np.array(errors), joining)
    found = np.ldexp(np.sqrt(squares), exponents).T
    np.testing.assert_allclose(found, tape.reach(errors), rtol=1e-12, atol=1e-300)


@laws
@given(st.integers(1, 3), st.integers(1, 3), st.data())
def test_a_product_of_numbers_far_apart_is_that_of_fractions(
    n: int, m: int, data: st.DataObject
) -> None:
    """Also where only one row is multiplied at a time."""
    number = st.tuples(st.floats(-1, 1), st.integers(-3000, 3000))
    rows = data.draw(st.lists(st.lists(number, min_size=n, max_size=n), min_size=1, max_size=3))
    matrix = data.draw(st.lists(st.lists(number, min_size=m, max_size=m), min_size=n, max_size=n))

    def wide(numbers: Any) -> Wide:
        array = np.array(numbers, object)
        return Wide.of(array[..., 0].astype(float), array[..., 1].astype(np.int64))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("core.apart.ROOM", data.draw(st.sampled_from([1, 2**18])))
        found = wide(rows).times(wide(matrix))
    for r, row in enumerate(rows):
        for j in range(m):
            terms = [exact(row[i]) * exact(matrix[i][j]) for i in range(n)]
            value = exact((found.fractions[r, j], int(found.exponents[r, j])))
            assert abs(value - sum(terms)) <= max(map(abs, terms)) * Fraction(1, 2**50)


def exact(number: tuple[float, int]) -> Fraction:
    fraction, exponent = number
    return Fraction(fraction) * Fraction(2) ** exponent if fraction else Fraction(0)


@every_network
@laws
@given(data=st.data())
def test_reach_of_some_errors_is_their_rows(network: str, data: st.DataObject) -> None:
    tape = data.draw(problems(network, longest=9)).tape
    errors = data.draw(st.lists(st.integers(0, tape.steps - 1), unique=True))
    np.testing.assert_allclose(tape.reach(errors), tape.reach()[errors], rtol=1e-12)
    np.testing.assert_allclose(tape.log_reach(errors), tape.log_reach()[errors], atol=1e-13)


@pytest.mark.parametrize("w", [1e-30, 0.5, 1.0, 1e30])
def test_log_reach_of_some_errors_is_right_far_outside_the_floats(w: float) -> None:
    tape, expected = scaled_rotation(w, 391)
    errors = [390, 0, 200, 137, 138, 64]
    np.testing.assert_allclose(tape.log_reach(errors), expected[errors], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("errors", [[3], [-1], [0, 1, 0], [1.0], [[1]]])
def test_errors_that_there_are_not_or_twice_are_refused(errors: Any) -> None:
    tape, _ = scaled_rotation(0.5, 3)
    for ask in (tape.reach, tape.log_reach):
        with pytest.raises(tv.InputError, match=r"no error|distinct whole numbers"):
            ask(errors)


@pytest.mark.parametrize("w", [1e-200, 0.5, 0.8, 0.99, 1.0, 1.01])
@pytest.mark.parametrize("part", [0.47, 0.93])
def test_the_lag_that_holds_a_part_is_that_of_a_geometric_sum(w: float, part: float) -> None:
    """Σ_{l ≤ L} w^l = (1 − w^{L+1}) / (1 − w), the smallest L that holds the part of it."""
    tape, _ = scaled_rotation(w, 60)
    sums = [np.cumsum(np.float64(w) ** np.arange(t + 1)) for t in range(60)]
    expected = [int(np.argmax(held >= part * held[-1] * (1 - 1e-12))) for held in sums]
    np.testing.assert_array_equal(lags(tape.reach(), part), expected)
    errors = [59, 7]
    found = lags(tape.reach(errors), part, errors)
    np.testing.assert_array_equal(found, [expected[t] for t in errors])


@every_rnn
@laws
@given(data=st.data())
def test_the_spectrum_of_a_step_bounds_what_it_does(network: str, data: st.DataObject) -> None:
    """ρ(J) ≤ ‖J‖₂ ≤ ‖J‖_F, ‖J v‖ ≤ ‖J‖₂ ‖v‖, and ‖J^n‖^{1/n} tends to ρ(J)."""
    problem = data.draw(problems(network))
    j = data.draw(st.integers(0, problem.steps - 1))
    found = problem.tape.step_spectrum(j)
    norm, radius = found.norm, found.radius
    J = problem.jacobian(j, j - 1)
    assert radius <= norm * (1 + 1e-12)
    assert norm <= np.linalg.norm(J) * (1 + 1e-12)
    directions = np.random.default_rng(0).standard_normal((len(J), 200))
    stretch = np.linalg.norm(J @ directions, axis=0) / np.linalg.norm(directions, axis=0)
    assert 0.8 * norm <= stretch.max() + 1e-12 <= norm * (1 + 1e-9) + 2e-12
    if radius > 1e-3:
        power = np.linalg.matrix_power(J / radius, 512)
        assert np.linalg.norm(power) ** (1 / 512) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("w", [1e-320, 1e-200, 1.0, 1e200])
def test_the_spectrum_of_a_scaled_rotation_is_its_scale(w: float) -> None:
    tape, _ = scaled_rotation(w, 2)
    found = tape.step_spectrum(1)
    assert (found.norm, found.radius) == pytest.approx((w, w), rel=1e-3 if w < 1e-300 else 1e-12)


def test_the_spectrum_of_what_is_no_number() -> None:
    def spectrum(*diagonal: float) -> tuple[float, float]:
        W = np.diag(diagonal)
        theta = tv.Parameters(U=np.ones((2, 1)), W=W, V=np.ones((2, 2)))
        found = tv.record(theta, [0, 0], [1, 1], activation="identity").step_spectrum(1)
        return found.norm, found.radius

    assert spectrum(2, -3) == pytest.approx((3, 3))
    assert spectrum(0, 0) == (0, 0)
    assert np.isnan(spectrum(np.nan, 1)).all()
