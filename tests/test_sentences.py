"""Every sentence fits its lines, and what it claims of the numbers holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import make_dataclass, replace
from typing import Any

import numpy as np
import pytest
from explained import FUNCTIONS, problem
from hypothesis import given, settings
from hypothesis import strategies as st

from core.chain import Expression
from core.lines import ADJOINT, GRADIENT, Line, listing
from core.program import Cell, Node, cross_entropy, sigmoid, softmax, tanh
from core.symbols import subscript
from core.tape import record
from core.truncation import Truncation
from tuiviz.debugger.line_sentences import LONGEST
from tuiviz.debugger.sentences import expression_sentence, line_sentence, sentence
from tuiviz.debugger.session import Session
from tuiviz.debugger.walk import EACH, ONE, SUM
from tuiviz.numbers import number
from tuiviz.problem import Problem

laws = settings(deadline=None, max_examples=25, derandomize=True, database=None)

problems = st.builds(
    problem,
    steps=st.integers(1, 6),
    hidden=st.integers(1, 4),
    seed=st.integers(0, 1000),
    activation=st.sampled_from(list(FUNCTIONS)),
    given=st.booleans(),
    scale=st.sampled_from([0.0, 1e-3, 1.0, 5.0]),
    truncation=st.none() | st.builds(Truncation, st.integers(1, 4), st.integers(1, 4)),
)


def sessions(found: Problem) -> Iterator[Session]:
    """Every position of the three walks, from the last error."""
    for kind in (ONE, EACH, SUM):
        session = Session(found, found.steps - 1, kind=kind)
        for index in range(len(session.walk)):
            yield session.moved_to(index)


def line(kind: str, name: str) -> Line:
    return Line(kind, name, "")


def said(found: Problem, t: int, k: int, kind: str, name: str) -> str:
    tape = found.tape
    return line_sentence(
        line(kind, name), step=k, back=tape.error(t), tape=tape, truncation=found.truncation
    )


def nodes(expression: Expression) -> Iterator[Expression]:
    yield expression
    for child in expression.children:
        yield from nodes(child)


def plain(text: str) -> None:
    assert 0 < len(text) <= LONGEST
    assert text.endswith(".")
    assert "\n" not in text
    assert "  " not in text


# All of them


@given(problems)
@laws
def test_every_position_has_a_sentence_that_fits(found: Problem) -> None:
    for session in sessions(found):
        plain(sentence(session))


@given(problems, st.sampled_from("UWVbc"))
@laws
def test_every_part_of_the_chain_rule_has_a_sentence_that_fits(found: Problem, name: str) -> None:
    t = found.steps - 1
    for node in nodes(found.tape.error(t).expand(name, found.truncation)):
        plain(
            expression_sentence(
                node, error=t, parameter=name, tape=found.tape, truncation=found.truncation
            )
        )


def test_sentences_fit_where_subscripts_are_long() -> None:
    found = problem(steps=12000, truncation=Truncation(12000, 11000), given=True)
    for kind in (ONE, SUM):
        session = Session(found, 11999, kind=kind)
        size = len(session.walk)
        for index in (*range(0, size, size // 300), *range(session.walk.turn, size, 40001)):
            plain(sentence(session.moved_to(index)))
        for index in range(session.walk.turn, session.walk.turn + 40):
            plain(sentence(session.moved_to(index)))


def test_the_cursor_is_spoken_of_where_there_is_one() -> None:
    session = Session(problem(), 3)
    assert sentence(session.cursor_at(())) == "Every step 0 … 3 reads W, on the way to E₃: 4 terms."
    assert sentence(session.cursor_at((0, 2))).startswith("The identity: E₃ reads s₃ itself")


# What they claim


@given(problems)
@laws
def test_a_zero_is_said_of_zeros_alone(found: Problem) -> None:
    t = found.steps - 1
    for term in found.tape.error(t).terms("W", found.truncation):
        text = said(found, t, term.k, GRADIENT, "W")
        if not term.kept:
            assert text.startswith("Dropped: TBPTT")
            continue
        assert text.startswith("Zero") == (not term.value.any())
        assert ("not because anything vanished" in text) == (
            term.k == 0 and not found.tape.initial_state.any()
        )


@given(problems)
@laws
def test_dropped_is_said_of_what_the_truncation_drops(found: Problem) -> None:
    for t in range(found.steps):
        for name in "UWbVc":
            for term in found.tape.error(t).terms(name, found.truncation):
                text = said(found, t, term.k, GRADIENT, name)
                assert text.startswith("Dropped") == (not term.kept)


@given(problems)
@laws
def test_terms_are_counted_right(found: Problem) -> None:
    t = found.steps - 1
    for name in "UWVbc":
        terms = found.tape.error(t).terms(name, found.truncation)
        root = found.tape.error(t).expand(name, found.truncation)
        text = expression_sentence(
            root, error=t, parameter=name, tape=found.tape, truncation=found.truncation
        )
        if name in "Vc":
            assert "a single term" in text
            assert len(terms) == 1
            continue
        counted = re.search(r"(\d+) terms?", text)
        assert counted
        assert int(counted[1]) == len(terms)
        kept = re.search(r"keeps (\d+)\.", text)
        assert (int(kept[1]) if kept else len(terms)) == sum(term.kept for term in terms)
    text = said(problem(steps=5), 4, 4, GRADIENT, "V")
    assert f"has {len(problem(steps=5).tape.error(4).terms('W'))}." in text


@given(problems)
@laws
def test_w_carries_back_at_most_its_norm(found: Problem) -> None:
    t = found.steps - 1
    error, largest = found.tape.error(t), np.linalg.norm(found.theta.W, 2)
    for k in range(t):
        came, goes = error.adjoints["a"][k + 1], error.adjoints["s"][k]
        assert np.linalg.norm(goes) <= largest * np.linalg.norm(came) * (1 + 1e-12)
        text = said(problem_without_truncation(found), t, k, ADJOINT, "s")
        claimed = re.search(r"goes from (\S+) to (\S+), at most ‖W‖₂ = (\S+) times", text)
        assert f"carries δ{subscript(t)},{subscript(k + 1)} one step back" in text
        assert claimed
        for shown, value in zip(claimed.groups(), map(np.linalg.norm, (came, goes)), strict=False):
            assert shown == number(float(value))
        assert claimed[3] == number(float(largest))


def problem_without_truncation(found: Problem) -> Problem:
    return replace(found, truncation=None)


@given(problems)
@laws
def test_the_slopes_are_within_what_is_said(found: Problem) -> None:
    t, function = found.steps - 1, found.activation
    for k in range(t + 1):
        state = found.tape.values["s"][k]
        slope = {
            "tanh": 1 - state**2,
            "sigmoid": state * (1 - state),
            "relu": (state > 0).astype(float),
            "identity": np.ones_like(state),
        }[function]
        text = said(problem_without_truncation(found), t, k, ADJOINT, "a")
        if function in ("tanh", "sigmoid"):
            assert slope.max() <= (1 if function == "tanh" else 0.25)
            assert f"here {number(slope.min())} … {number(slope.max())}." in text
        if function == "relu":
            assert re.search(rf"{(slope == 0).sum()} of {len(slope)} units (is|are) off\.", text)
        if function == "identity":
            assert "slope 1" in text


@given(problems)
@laws
def test_units_are_counted_right(found: Problem) -> None:
    for k in range(found.steps):
        state = found.tape.values["s"][k]
        text = said(found, found.steps - 1, k, "value", "s")
        counted = {
            "tanh": abs(state) > 0.99,
            "sigmoid": (state < 0.01) | (state > 0.99),
            "relu": state == 0,
            "identity": None,
        }[found.activation]
        if counted is not None:
            assert f"{counted.sum()} of {len(state)} units" in text


@given(problems)
@laws
def test_a_state_depends_on_w_as_is_said(found: Problem) -> None:
    """By trying it: another W for the steps before alone changes s_k, or does not."""
    other = np.random.default_rng(1).standard_normal(found.theta.W.shape)
    changed = type(found.theta)(
        U=found.theta.U, W=other, V=found.theta.V, b=found.theta.b, c=found.theta.c
    )
    moved = found.tape.with_parameters(changed).values["s"]
    text = said(found, found.steps - 1, 0, "value", "s")
    if "does not depend on W" in text:
        assert np.array_equal(moved[0], found.tape.values["s"][0])
    else:
        assert found.tape.initial_state.any()


@given(problems)
@laws
def test_a_gradient_leaves_a_step_at_most_as_large_as_is_said(found: Problem) -> None:
    t = found.steps - 1
    rng = np.random.default_rng(0)
    for node in nodes(found.tape.error(t).expand("W")):
        text = expression_sentence(node, error=t, parameter="W", tape=found.tape)
        claimed = re.search(r"at most (\S+) times as large\.", text)
        if claimed:
            for gradient in rng.standard_normal((20, found.theta.hidden)):
                grown = np.linalg.norm(gradient @ node.value) / np.linalg.norm(gradient)
                assert grown <= float(claimed[1]) * 1.05 + 1e-300


def test_the_numbers_of_an_error_add_up_to_zero() -> None:
    found = problem()
    assert "add up to 0" in said(found, 3, 3, ADJOINT, "z")
    assert abs(found.tape.error(3).adjoints["z"][0].sum()) < 1e-15
    root = found.tape.error(3).expand("V")
    softmax_jacobian = root.children[0].children[1]
    text = expression_sentence(softmax_jacobian, error=3, parameter="V", tape=found.tape)
    assert "adds up to 0" in text
    assert abs(softmax_jacobian.value.sum(axis=0)).max() < 1e-15
    assert abs(softmax_jacobian.value.sum(axis=1)).max() < 1e-15


def test_the_sum_of_errors_is_not_spoken_of_as_one() -> None:
    session = Session(problem(steps=4), 3, kind=SUM)
    texts = {
        (each.position.line.kind, each.position.line.name, each.position.step): sentence(each)
        for each in map(session.moved_to, range(session.walk.turn, len(session.walk)))
    }
    assert texts[ADJOINT, "s", 1].startswith("Two parts, added: Vᵀ brings E₁")
    assert texts[GRADIENT, "V", 1] == "V is used after the state, so at step 1 E₁ alone adds to it."
    assert "The part of step 2, for E₂ … E₃:" in texts[GRADIENT, "W", 2]


# What is not finite, other inputs, other cells


def test_what_is_not_finite_is_said() -> None:
    found = problem(activation="identity", scale=1e200, steps=6, given=True)
    assert "no longer finite" in said(found, 5, 5, "value", "s")
    assert "no longer finite" in said(found, 5, 0, GRADIENT, "W")
    for session in sessions(found):
        plain(sentence(session))


def test_of_vectors_no_column_is_picked() -> None:
    drawn = problem()
    x = np.random.default_rng(0).standard_normal((3, 4))
    tape = record(drawn.theta, x, [0, 1, 2])
    back = tape.error(2)
    text = line_sentence(line(GRADIENT, "U"), step=1, back=back, tape=tape)
    assert "column" not in text
    assert "column" in said(drawn, 2, 1, GRADIENT, "U")


def gated(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
    a = sigmoid(p.Wa @ x + p.Ra @ previous.s)
    s = a * previous.s + (1 - a) * tanh(p.W @ x + p.R @ previous.s)
    z = p.V @ s
    yhat = softmax(z)
    return {"a": a, "s": s, "z": z, "yhat": yhat, "E": cross_entropy(yhat, y)}


@pytest.mark.parametrize("name", ["Wa", "Ra", "W", "R", "V"])
def test_another_cell_is_spoken_of_in_general(name: str) -> None:
    rng = np.random.default_rng(0)
    shapes = {"Wa": (3, 4), "Ra": (3, 3), "W": (3, 4), "R": (3, 3), "V": (4, 3)}
    theta = make_dataclass("Theta", shapes, frozen=True)(
        **{each: rng.standard_normal(shape) for each, shape in shapes.items()}
    )
    tape = record(theta, [0, 1, 2], [1, 2, 3], cell=Cell("gated", "tanh", gated))
    for node in nodes(tape.error(2).expand(name)):
        text = expression_sentence(node, error=2, parameter=name, tape=tape)
        plain(text)
        assert not re.search("slope|V itself|W itself", text)
    found = listing(tape.program)
    for each in (*found.forward, *found.readout, *found.joining, *found.inside):
        plain(line_sentence(each, step=2, back=tape.error(2), tape=tape))
