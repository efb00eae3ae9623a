"""Gradients that no mistake of the catalogue explains: a factor, another forward pass, nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_check import put, run
from test_diagnosis import checked, ids, parameters
from wrong_loops import Exercise, carrying, exercise

import tuiviz as tv

NUMBERS = ("float64", "float32")


def times(gradients: dict[str, Any], factor: float) -> dict[str, Any]:
    return {name: factor * array for name, array in gradients.items()}


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("factor", [-0.1, 3.7, -0.03, -1e-6, 1e6])
def test_one_factor_that_has_no_name_is_said(factor: float, dtype: str) -> None:
    q = exercise(0).astype(dtype)
    report = checked(q, times(carrying(q), factor))
    assert report.verdict == "unknown"
    (finding,) = report.findings
    assert finding.argument == pytest.approx(factor, rel=1e-4)
    assert finding.first_wrong is None
    assert set(finding.parameters) == set("UWVbc")


def test_a_factor_of_one_gradient_and_different_factors() -> None:
    q = exercise(0)
    right = carrying(q)
    report = checked(q, {**right, "W": -3.7 * right["W"]})
    (finding,) = report.findings
    assert (report.verdict, finding.parameters) == ("unknown", ("W",))
    assert finding.argument == pytest.approx(-3.7)
    assert finding.first_wrong is not None
    assert finding.first_wrong.line.name == "W"
    report = checked(q, {**right, "W": -3.7 * right["W"], "U": 2.3 * right["U"]})
    assert report.verdict == "unknown"
    assert report.findings[0].argument is None
    assert report.multiples == {"U": pytest.approx(2.3), "W": pytest.approx(-3.7)} | dict.fromkeys(
        "Vbc", pytest.approx(1)
    )


def test_a_factor_in_words(tmp_path: Path) -> None:
    q = exercise(0)
    put(tmp_path / "a.npz", q, times(carrying(q), -0.1))
    said = run("check", "a.npz", cwd=tmp_path).stdout
    assert "wrong, unknown: dU, dW, dV, db, dc are all −0.1 times right\n" in said
    assert "  dW: −0.1 times the right one\n" in said


@pytest.mark.parametrize("factor", [1 / 5, 0.01])
def test_a_factor_below_one_is_a_clip_or_any_other(tmp_path: Path, factor: float) -> None:
    q = exercise(0)
    put(tmp_path / "a.npz", q, times(carrying(q), factor))
    said = run("check", "a.npz", cwd=tmp_path).stdout
    assert "wrong: clipped-global-norm (c = " in said
    assert f"times {factor}: a learning rate or any other factor would look the same" in said
    found = json.loads(run("check", "a.npz", "--json", cwd=tmp_path).stdout)
    assert found["indistinguishable"] == ["unknown"]
    assert found["any_factor"] == pytest.approx(factor)


def test_a_mistake_that_is_no_factor_has_none(tmp_path: Path) -> None:
    q = exercise(0)
    right = carrying(q)
    put(tmp_path / "a.npz", q, {**right, "V": -right["V"]})
    found = json.loads(run("check", "a.npz", "--json", cwd=tmp_path).stdout)
    assert found["verdict"] == "wrong"
    assert "any_factor" not in found
    assert "unknown" not in found["indistinguishable"]


def test_zeros_are_an_empty_bptt(tmp_path: Path) -> None:
    q = exercise(0)
    put(tmp_path / "a.npz", q, times(carrying(q), 0))
    said = run("check", "a.npz", cwd=tmp_path).stdout
    first, *rest = said.splitlines()
    assert first.endswith(
        "unknown: all gradients are zero, as if never computed: fill in bptt() and run it again"
    )
    assert not any("t\\k" in line or "first wrong" in line for line in rest)


# Another forward pass


def loop(q: Exercise, f: Any, slope: Any) -> dict[str, Any]:
    """The right backward pass of a network with another activation."""
    T = len(q.x)
    s, g = {-1: q.s0}, {name: np.zeros_like(getattr(q, name)) for name in "UWVbc"}
    yhat = {}
    for t in range(T):
        s[t] = f(q.U[:, q.x[t]] + q.W @ s[t - 1] + q.b)
        e = np.exp(q.V @ s[t] + q.c)
        yhat[t] = e / e.sum()
    ds_next = 0 * q.s0
    for t in reversed(range(T)):
        dz = yhat[t].copy()
        dz[q.y[t]] -= 1
        d = (q.V.T @ dz + ds_next) * slope(s[t])
        g["V"] += np.outer(dz, s[t])
        g["c"] += dz
        g["U"][:, q.x[t]] += d
        g["W"] += np.outer(d, s[t - 1])
        g["b"] += d
        ds_next = q.W.T @ d
    return g


FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "relu": (lambda a: np.maximum(a, 0), lambda s: s > 0),
    "sigmoid": (lambda a: 1 / (1 + np.exp(-a)), lambda s: s * (1 - s)),
    "identity": (lambda a: a, lambda s: 1),
}


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("names", ["UWVbc", "W"])
def test_right_for_another_activation(activation: str, names: str) -> None:
    q = exercise(0)
    g = loop(q, *FUNCTIONS[activation])
    report = checked(q, {name: g[name] for name in names})
    assert report.verdict == "unknown"
    assert report.forward == f"has {activation} in place of tanh"
    assert report.findings[0].first_wrong is None
    assert report.coefficients is None
    tanh = {name: carrying(q)[name] for name in names}
    assert checked(q, tanh, activation=activation).forward == f"has tanh in place of {activation}"


def test_right_for_an_initial_state_of_zero(tmp_path: Path) -> None:
    q = exercise(0)
    g = carrying(Exercise(q.U, q.W, q.V, q.b, q.c, q.x, q.y, 0 * q.s0))
    put(tmp_path / "a.npz", q, g)
    done = run("check", "a.npz", cwd=tmp_path)
    assert done.returncode == 1
    says = "a forward pass that starts from s₋₁ = 0, not from the initial state given"
    assert f"wrong, unknown: the gradients are right for {says}\n" in done.stdout
    found = json.loads(run("check", "a.npz", "--json", cwd=tmp_path).stdout)
    assert (found["verdict"], found["right_for"]) == ("unknown", says)
    assert ids(checked(q, g)) == ["unknown"]


@pytest.mark.parametrize("bias", "bc")
def test_right_for_a_network_without_a_bias(bias: str) -> None:
    q = exercise(0)
    arrays = {name: getattr(q, name) for name in "UWVbc"}
    without = Exercise(**{**arrays, bias: 0 * arrays[bias]}, x=q.x, y=q.y, s0=q.s0)
    report = checked(q, carrying(without))
    assert report.forward == f"leaves out the bias {bias}"


def test_another_forward_pass_is_named_only_where_there_is_one() -> None:
    q = exercise(0)
    noise = carrying(q)
    noise["W"] = noise["W"] + 0.1 * np.random.default_rng(0).standard_normal(noise["W"].shape)
    assert checked(q, noise).forward == ""
    zero = Exercise(q.U, q.W, q.V, q.b, q.c, q.x, q.y, 0 * q.s0)
    mine = tv.record(parameters(q), q.x, q.y, initial_state=q.s0).gradient()
    report = checked(zero, mine)
    assert (report.verdict, report.forward) == ("unknown", "")
