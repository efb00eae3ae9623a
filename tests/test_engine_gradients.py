"""∂E/∂θ, ∂E_t/∂θ and its terms, against complex steps and against a double loop over t and k."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import ACTIVATIONS, KINDS, RNNS, Array, Problem, close, keeps, laws, problems
from problems import truncations as any_truncation

import tuiviz as tv

every_network = pytest.mark.parametrize("network", KINDS)
every_rnn = pytest.mark.parametrize("network", RNNS)


def largest(array: Any) -> float:
    """What the rounding of a sum is relative to: the largest number in its terms."""
    return float(np.abs(array).max())


def double_loop(problem: Problem, truncation: tv.Truncation | None = None) -> dict[str, Array]:
    """The textbook's BPTT, line for line.

    δ_{t,t} = f'(a_t) ⊙ Vᵀ(ŷ_t − y_t),   δ_{t,k−1} = f'(a_{k−1}) ⊙ Wᵀ δ_{t,k},
    ∂E_t/∂W = Σ_k δ_{t,k} ⊗ s_{k−1},   ∂E_t/∂U = Σ_k δ_{t,k} ⊗ x_k,   ∂E_t/∂b = Σ_k δ_{t,k}
    """
    theta, lines, T = problem.theta, problem.values, problem.steps
    slope = ACTIVATIONS[problem.kind.activation][1](lines["a"])
    before = np.vstack([problem.initial_states["s"], lines["s"][:-1]])
    mask = np.tri(T, dtype=bool) if truncation is None else keeps(truncation, T)
    dU, dW, dV, db, dc = (np.zeros_like(getattr(theta, name)) for name in "UWVbc")
    for t in range(T):
        e = lines["yhat"][t].copy()
        e[problem.y[t]] -= 1
        if mask[t, t]:
            dV += np.outer(e, lines["s"][t])
            dc += e
        delta = slope[t] * (theta.V.T @ e)
        for k in range(t, -1, -1):
            if mask[t, k]:
                dW += np.outer(delta, before[k])
                dU += np.outer(delta, problem.vectors[k])
                db += delta
            if k:
                delta = slope[k - 1] * (theta.W.T @ delta)
    return {"U": dU, "W": dW, "V": dV, "b": db, "c": dc}


@every_network
@laws
@given(data=st.data())
def test_the_gradient_passes_the_gradient_check(network: str, data: st.DataObject) -> None:
    errors = tv.gradient_check(data.draw(problems(network)).tape)
    assert set(errors) == set(KINDS[network].shapes)
    assert max(errors.values()) <= 1e-9


@every_network
@laws
@given(data=st.data())
def test_gradients_are_complex_steps(network: str, data: st.DataObject) -> None:
    problem = data.draw(problems(network))
    for name in problem.names:
        expected = problem.complex_step(name)
        for t in range(problem.steps):
            found = getattr(problem.tape.error(t).gradient(), name)
            close(found, expected[t], scale=largest(expected))
        found = getattr(problem.tape.gradient(), name)
        close(found, expected.sum(axis=0), scale=largest(expected))


@every_network
@laws
@given(data=st.data())
def test_a_term_is_the_derivative_by_the_parameter_of_its_step_alone(
    network: str, data: st.DataObject
) -> None:
    """∂E_t/∂θ|_k = ∂E_t/∂θ_k where each step has a θ_k of its own; the steps not listed have 0."""
    problem = data.draw(problems(network))
    for name, expected in problem.terms.items():
        for t in range(problem.steps):
            terms = problem.tape.error(t).terms(name)
            ks = [term.k for term in terms]
            assert ks == list(range(t, t - len(ks), -1))
            for term in terms:
                close(term.value, expected[t, term.k], scale=largest(expected))
            rest = np.delete(expected[t], ks, axis=0)
            assert not rest.any()


@every_network
@laws
@given(data=st.data())
def test_the_terms_sum_to_the_gradient_of_their_error(network: str, data: st.DataObject) -> None:
    """Σ_k ∂E_t/∂θ|_k = ∂E_t/∂θ"""
    problem = data.draw(problems(network))
    for t in range(problem.steps):
        error = problem.tape.error(t)
        for name in problem.names:
            values = [term.value for term in error.terms(name)]
            scale = largest(values)
            close(getattr(error.gradient(), name), sum(values), 1e-13, scale)
            close(error.terms(name).sum, sum(values), 1e-13, scale)


@every_network
@laws
@given(data=st.data())
def test_the_gradients_of_the_errors_sum_to_the_gradient(network: str, data: st.DataObject) -> None:
    """Σ_t ∂E_t/∂θ = ∂E/∂θ"""
    problem = data.draw(problems(network))
    gradient = problem.tape.gradient()
    for name in problem.names:
        parts = [getattr(problem.tape.error(t).gradient(), name) for t in range(problem.steps)]
        close(getattr(gradient, name), sum(parts), 1e-13, largest(parts))


@every_rnn
@laws
@given(data=st.data(), truncation=any_truncation() | st.none())
def test_the_gradient_is_the_textbook_s_double_loop(
    network: str, data: st.DataObject, truncation: tv.Truncation | None
) -> None:
    problem = data.draw(problems(network, longest=12))
    gradient = problem.tape.gradient(truncation)
    for name, expected in double_loop(problem, truncation).items():
        close(getattr(gradient, name), expected, scale=1e-3)


@every_network
@laws
@given(data=st.data())
def test_the_norm_of_a_term_is_that_of_its_value(network: str, data: st.DataObject) -> None:
    problem = data.draw(problems(network))
    error = problem.tape.error(problem.steps - 1)
    for name in problem.names:
        for term in error.terms(name):
            assert term.norm == pytest.approx(np.linalg.norm(term.value), rel=1e-13, abs=1e-300)


@every_network
@laws
@given(data=st.data(), truncation=any_truncation())
def test_the_shares_of_the_kept_terms_add_up_to_one(
    network: str, data: st.DataObject, truncation: tv.Truncation
) -> None:
    """share_k = ⟨term_k, sum⟩ / ‖sum‖²"""
    problem = data.draw(problems(network))
    for t in range(problem.steps):
        for name in problem.names:
            terms = problem.tape.error(t).terms(name, truncation)
            whole = terms.sum
            if not np.linalg.norm(whole) > 1e-6 * max(term.norm for term in terms):
                continue
            assert sum(term.share for term in terms) == pytest.approx(1, abs=1e-8)
            for term in terms:
                share = np.vdot(term.value, whole) / np.vdot(whole, whole) if term.kept else 0
                assert term.share == pytest.approx(share, rel=1e-9, abs=1e-12)


@every_network
@laws
@given(data=st.data(), truncation=any_truncation() | st.none())
def test_a_partial_sum_is_that_of_the_kept_terms_down_to_its_step(
    network: str, data: st.DataObject, truncation: tv.Truncation | None
) -> None:
    problem = data.draw(problems(network))
    t = data.draw(st.integers(0, problem.steps - 1))
    for name in problem.names:
        terms = problem.tape.error(t).terms(name, truncation)
        running = np.zeros_like(getattr(problem.theta, name))
        scale = max(term.norm for term in terms)
        for term in terms:
            running = running + term.value if term.kept else running
            close(terms.partial_sum(term.k), running, 1e-13, scale)
        close(terms.sum, running, 1e-13, scale)


def styles(steps: int) -> st.SearchStrategy[tv.Truncation]:
    """TBPTT(1, n), (n, n), (T, n) and any other."""
    n = st.integers(1, steps + 1)
    return st.one_of(
        n.map(lambda n: tv.Truncation(1, n)),
        n.map(lambda n: tv.Truncation(n, n)),
        n.map(lambda n: tv.Truncation(steps, n)),
        any_truncation(),
    )


@every_network
@laws
@given(data=st.data())
def test_a_truncation_drops_exactly_its_mask(network: str, data: st.DataObject) -> None:
    """∂E/∂θ = Σ of the terms (t, k) with k > u(t) − k2, by complex steps of each."""
    problem = data.draw(problems(network))
    truncation = data.draw(styles(problem.steps))
    mask = keeps(truncation, problem.steps)
    gradient = problem.tape.gradient(truncation)
    for name, expected in problem.terms.items():
        scale = largest(expected)
        close(getattr(gradient, name), expected[mask].sum(axis=0), scale=scale)
        for t in range(problem.steps):
            found = getattr(problem.tape.error(t).gradient(truncation), name)
            close(found, expected[t, mask[t]].sum(axis=0), scale=scale)


@every_network
@laws
@given(data=st.data())
def test_dropped_terms_stay_listed(network: str, data: st.DataObject) -> None:
    problem = data.draw(problems(network))
    truncation = data.draw(styles(problem.steps))
    mask = keeps(truncation, problem.steps)
    for t in range(problem.steps):
        error = problem.tape.error(t)
        for name in problem.names:
            terms, every = error.terms(name, truncation), error.terms(name)
            assert [term.k for term in terms] == [term.k for term in every]
            assert [term.kept for term in terms] == [mask[t, term.k] for term in every]
            assert all(term.kept for term in every)
            for term, whole in zip(terms, every, strict=True):
                np.testing.assert_array_equal(term.value, whole.value)


@given(truncation=any_truncation(), steps=st.integers(1, 20))
@laws
def test_a_truncation_states_its_mask(truncation: tv.Truncation, steps: int) -> None:
    mask = keeps(truncation, steps)
    found = [[truncation.keeps(t, k, steps) for k in range(steps)] for t in range(steps)]
    np.testing.assert_array_equal(found, mask)


@pytest.mark.parametrize("wrong", [0, -1, 1.0, 2.5, True, "3", None])
@pytest.mark.parametrize("name", ["k1", "k2"])
def test_a_truncation_takes_whole_numbers_from_one(name: str, wrong: Any) -> None:
    with pytest.raises(tv.InputError, match=f"^truncation {name} is .*expected .*1 or more") as it:
        tv.Truncation(**{"k1": 2, "k2": 2, name: wrong})
    assert str(wrong) in str(it.value)


def test_a_truncation_takes_numpy_s_whole_numbers() -> None:
    size: Any = np.int64(3)
    assert tv.Truncation(size, size) == tv.Truncation(3, 3)


@every_rnn
def test_the_readout_has_one_term_and_the_recurrence_one_for_each_step(network: str) -> None:
    tape = tv.record(tv.Parameters.random(3, 2, 3), [0, 1, 2, 1], [1, 2, 1, 0], None, network)
    for t in range(4):
        error = tape.error(t)
        assert [len(error.terms(name)) for name in "UWVbc"] == [t + 1, t + 1, 1, t + 1, 1]


def test_the_term_of_w_at_the_first_step_is_zero_without_an_initial_state() -> None:
    theta = tv.Parameters.random(3, 2, 3)
    without = tv.record(theta, [0, 1, 2], [1, 2, 0]).error(2).terms("W")
    assert [term.norm > 0 for term in without] == [True, True, False]
    given = tv.record(theta, [0, 1, 2], [1, 2, 0], initial_state=[0.5, 0.5])
    assert all(term.norm > 0 for term in given.error(2).terms("W"))


def test_terms_are_a_sequence() -> None:
    terms = tv.record(tv.Parameters.random(3, 2, 3), [0, 1, 2], [1, 2, 0]).error(2).terms("W")
    assert [term.k for term in terms[1:]] == [1, 0]
    assert (terms[-1].k, terms.at(1).k) == (0, 1)
    for outside in (3, -4):
        with pytest.raises(IndexError):
            terms[outside]
