"""Other ways to write a recurrence: one set of equations, run by the engine and by NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import make_dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import Array, Kind, Lines, close, keeps, laws, problems, truncations
from problems import readout as plain_readout

import tuiviz as tv
from core import program
from core.program import cross_entropy

NUMPY = SimpleNamespace(
    tanh=np.tanh,
    relu=lambda a: np.where(a.real > 0, a, 0),
    sigmoid=lambda a: 1 / (1 + np.exp(-a)),
    identity=lambda a: a,
    softmax=lambda a: np.exp(a) / np.exp(a).sum(),
)
SHAPES = {"U": "HD", "W": "HH", "d": "H", "V": "CH", "c": "C"}
Write = Callable[[Any, Any, Any, Any], dict[str, Any]]
"""The lines before the readout z = V s + c, written with the functions of `f`."""


def minimal(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    return {"s": f.tanh(p.U @ x + p.W @ last.s) + p.d}


def sum_of_inputs(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    return {"s": last.s + p.U @ x}


def two_summands_of_the_past(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    return {"s": f.tanh(p.U @ x + p.W @ last.s + p.W @ f.tanh(last.s) + p.d)}


def a_matrix_twice(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    return {"s": f.tanh(p.U @ x + p.W @ (p.W @ last.s) + p.d)}


def peephole(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    return {"s": f.tanh(p.U @ x + p.W @ last.s + p.d * last.s)}


def scaled_state(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    return {"s": p.d * f.tanh(p.U @ x + p.W @ last.s)}


def leak_that_is_learned(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    g = f.sigmoid(p.d)
    return {"s": g * last.s + (1 - g) * f.tanh(p.U @ x + p.W @ last.s)}


def gate_of_the_input_alone(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    g = f.sigmoid(p.U @ x + p.d)
    return {"g": g, "s": g * f.tanh(p.W @ last.s) + (1 - g) * last.s}


def differences(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    a = p.d - p.U @ x
    return {"a": a, "s": f.tanh(a - p.W @ (last.s - f.sigmoid(a)))}


def square(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    a = f.tanh(p.U @ x + p.W @ last.s + p.d)
    return {"a": a, "s": a * a + a}


def delay(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    m = f.identity(last.s)
    return {"m": m, "s": f.tanh(p.U @ x + p.W @ last.m + p.d)}


def attention(f: Any, p: Any, x: Any, last: Any) -> dict[str, Any]:
    w = f.softmax(p.W @ last.s + p.d)
    return {"w": w, "s": w * f.relu(p.U @ x) + last.s}


def cell(name: str, write: Write) -> Kind:
    def equations(p: Any, x: Any, last: Any, y: Any) -> dict[str, Any]:
        lines = write(program, p, x, last)
        z = p.V @ lines["s"] + p.c
        yhat = program.softmax(z)
        return lines | {"z": z, "yhat": yhat, "E": cross_entropy(yhat, y)}

    def step(p: Any, x: Array, last: Mapping[str, Array], y: int) -> Lines:
        lines = write(NUMPY, p, x, SimpleNamespace(**last))
        return lines | plain_readout(p, lines["s"], y)

    states = "sm" if write is delay else "s"
    return Kind(step, SHAPES, states, tv.Cell(name, "tanh", equations))


WRITTEN: list[Write] = [
    minimal,
    sum_of_inputs,
    two_summands_of_the_past,
    a_matrix_twice,
    peephole,
    scaled_state,
    leak_that_is_learned,
    gate_of_the_input_alone,
    differences,
    square,
    delay,
    attention,
]
CELLS = {write.__name__: cell(write.__name__, write) for write in WRITTEN}
every_cell = pytest.mark.parametrize("name", CELLS)


@every_cell
@laws
@given(data=st.data())
def test_the_values_are_those_of_the_equations(name: str, data: st.DataObject) -> None:
    problem = data.draw(problems(CELLS[name]))
    for line, expected in problem.values.items():
        close(problem.tape.values[line], expected, 1e-12)


@every_cell
@laws
@given(data=st.data(), truncation=truncations())
def test_terms_and_truncations_are_those_of_the_equations(
    name: str, data: st.DataObject, truncation: tv.Truncation
) -> None:
    problem = data.draw(problems(CELLS[name]))
    mask = keeps(truncation, problem.steps)
    for parameter in problem.tape.program.parameters:
        expected = problem.terms[parameter]
        for t in range(problem.steps):
            for term in problem.tape.error(t).terms(parameter, truncation):
                close(term.value, expected[t, term.k], scale=1e-3)
                assert term.norm == pytest.approx(np.linalg.norm(term.value), abs=1e-14)
                assert term.kept == mask[t, term.k]
        found = getattr(problem.tape.gradient(truncation), parameter)
        close(found, expected[mask].sum(axis=0), scale=1e-3)


@every_cell
@laws
@given(data=st.data())
def test_jacobians_are_those_of_the_equations(name: str, data: st.DataObject) -> None:
    problem = data.draw(problems(CELLS[name]))
    for t in range(problem.steps):
        for k in range(-1, t):
            close(problem.tape.jacobian(t, k), problem.jacobian(t, k), scale=1e-3)


@every_cell
@laws
@given(data=st.data())
def test_reach_is_the_norm_of_the_adjoints(name: str, data: st.DataObject) -> None:
    tape = data.draw(problems(CELLS[name])).tape
    reach = tape.reach()
    for t in range(tape.steps):
        expected = np.linalg.norm(tape.error(t).adjoints["s"], axis=1)
        close(reach[t, : t + 1], expected, 1e-12)


def test_a_parameter_that_no_equation_reads_has_the_gradient_zero() -> None:
    def equations(p: Any, x: Any, last: Any, y: Any) -> dict[str, Any]:
        s = program.tanh(p.U @ x + p.W @ last.s)
        return {"s": s, "E": cross_entropy(program.softmax(p.V @ s), y)}

    Theta = make_dataclass("Theta", ["U", "W", "V", "unread"], frozen=True, eq=False)
    theta = Theta(np.ones((2, 2)), np.eye(2), np.eye(2), np.ones(3))
    tape = tv.record(theta, [0, 1], [1, 0], cell=tv.Cell("", "", equations))
    for gradient in (tape.gradient(), tape.error(1).gradient()):
        np.testing.assert_array_equal(gradient.unread, np.zeros(3))


def test_a_line_that_is_only_the_state_before_is_refused() -> None:
    """m_t = s_{t−1} without an operation."""

    def equations(p: Any, x: Any, last: Any, y: Any) -> dict[str, Any]:
        s = program.tanh(p.U @ x + p.W @ last.m)
        return {"m": last.s, "s": s, "E": cross_entropy(program.softmax(p.V @ s), y)}

    Theta = make_dataclass("Theta", ["U", "W", "V"], frozen=True, eq=False)
    theta = Theta(np.array([[0.3, -0.2]]), np.array([[0.7]]), np.array([[1.0], [-1.0]]))
    with pytest.raises(TypeError, match="delay: m must be an operation"):
        tv.record(theta, [0, 1, 1], [1, 0, 1], cell=tv.Cell("delay", "", equations))
