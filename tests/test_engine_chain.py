"""The chain rule: every node's value, which the tape gives, is the combination of its children."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import KINDS, close, keeps, laws, problems, truncations

import tuiviz as tv
from core.chain import Expression, Product

REFUSED = {"lstm": "one state", "deep": "one state", "tied": "one place"}
one_path = pytest.mark.parametrize("network", sorted(KINDS.keys() - REFUSED))


def nodes(node: Expression) -> Iterator[Expression]:
    yield node
    for child in node.children:
        yield from nodes(child)


@one_path
@laws
@given(data=st.data(), truncation=truncations() | st.none())
def test_every_value_is_the_combination_of_its_children(
    network: str, data: st.DataObject, truncation: tv.Truncation | None
) -> None:
    """A term is the product of its factors, and a gradient the sum of its kept terms."""
    tape = data.draw(problems(network)).tape
    t = data.draw(st.integers(0, tape.steps - 1))
    for name in tape.program.parameters:
        for node in nodes(tape.error(t).expand(name, truncation)):
            assert node.value.shape == node.shape
            close(node.combined(), node.value, scale=1e-3)
            assert node.norm == pytest.approx(np.linalg.norm(node.value), rel=1e-12, abs=1e-300)


@one_path
@laws
@given(data=st.data(), truncation=truncations() | st.none())
def test_the_terms_of_the_chain_rule_are_the_terms_of_the_error(
    network: str, data: st.DataObject, truncation: tv.Truncation | None
) -> None:
    problem = data.draw(problems(network))
    tape, t = problem.tape, problem.steps - 1
    mask = keeps(truncation, tape.steps)[t] if truncation else np.ones(tape.steps, bool)
    for name in tape.program.parameters:
        whole = tape.error(t).expand(name, truncation)
        close(whole.value, getattr(tape.error(t).gradient(truncation), name), 1e-13)
        for child, term in zip(whole.children, tape.error(t).terms(name), strict=True):
            assert isinstance(child, Product)
            assert child.term is not None
            assert (child.term.k, child.term.kept) == (term.k, mask[term.k])
            np.testing.assert_array_equal(child.value, term.value)


@pytest.mark.parametrize("network", REFUSED)
def test_a_chain_rule_that_is_not_written_is_refused(network: str) -> None:
    kind = KINDS[network]
    sizes = dict.fromkeys("DHC", 2)
    theta = kind.theta(
        **{name: np.ones([sizes[axis] for axis in shape]) for name, shape in kind.shapes.items()}
    )
    tape = tv.record(theta, [0, 1], [1, 0], cell=kind.cell)
    with pytest.raises(tv.InputError, match=f"written for {REFUSED[network]}"):
        tape.error(1).expand("W")


def test_the_lecture_s_chain_rule_of_w() -> None:
    """∂E_2/∂W|_0 = ∂E_2/∂ŷ_2 · ∂ŷ_2/∂s_2 · ∂s_2/∂s_0 · ∂⁺s_0/∂W"""
    tape = tv.record(tv.Parameters.random(3, 2, 3), [0, 1, 2], [1, 2, 0])
    term = tape.error(2).expand("W").children[2]
    assert [factor.symbol for factor in term.children] == [
        "∂E₂/∂ŷ₂",
        "∂ŷ₂/∂s₂",
        "∂s₂/∂s₀",
        "∂⁺s₀/∂W",
    ]
    assert [factor.shape for factor in term.children] == [(1, 3), (3, 2), (2, 2), (2, 2, 2)]
    close(term.children[2].value, tape.jacobian(2, 0), 1e-15)
