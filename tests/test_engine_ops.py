"""The table of rules: what is written as a partial is what is computed, and is the derivative.

Each row is tried on random operands by its name in `core.ops`; a new row without operands here
fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import NUDGE, Array, close, laws

from core import ops
from core.ops import Op, Partial
from core.program import PARAMETER, Node

TABLE = {name: value for name, value in vars(ops).items() if isinstance(value, Op)}

OPERANDS = {
    "ADD": ["vector", "vector"],
    "SUBTRACT": ["vector", "vector"],
    "MULTIPLY": ["vector", "vector"],
    "ONE_MINUS": ["vector"],
    "PRODUCT": ["vector", "matrix"],
    "GATHER": ["token", "matrix"],
    "TANH": ["vector"],
    "SIGMOID": ["vector"],
    "RELU": ["vector"],
    "IDENTITY": ["vector"],
    "SOFTMAX": ["vector"],
    "CROSS_ENTROPY": ["vector", "token", "prediction"],
}
"""What each operand is: numbers (T, n), one parameter (m, n), tokens (T,), or softmax of z."""


def softmax(z: Array) -> Array:
    e = np.exp(z - z.real.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Example:
    """A row of the table with operands over T steps."""

    name: str
    operands: list[Array]

    @property
    def op(self) -> Op:
        return TABLE[self.name]

    @property
    def kinds(self) -> list[str]:
        return OPERANDS[self.name]

    @property
    def steps(self) -> int:
        return len(self.operands[0])

    def value(self, operands: list[Array]) -> Array:
        """What the operation computes over all steps; of a matrix it is given the transpose."""
        given = [
            value.T if kind == "matrix" else value
            for kind, value in zip(self.kinds, operands, strict=True)
        ]
        return np.asarray(self.op.value(*given, None))

    @property
    def partials(self) -> list[tuple[Partial, int]]:
        """Each partial and the operand that it is by; the ones of the chain rule among them."""
        rules = [(rule, index) for index, rule in enumerate(self.op.partials) if rule]
        return rules + [(rule, index) for index, rule in self.op.written_partials.items()]

    def coefficient(self, partial: Partial) -> Any:
        leaves = tuple(Node(PARAMETER) for _ in self.operands)
        node = Node(self.op, leaves)
        values = dict(
            zip((*leaves, node), (*self.operands, self.value(self.operands)), strict=True)
        )
        return partial.coefficient(values.__getitem__, node)

    def dense(self, partial: Partial, index: int, k: int) -> Array:
        coefficient = self.coefficient(partial)
        row = coefficient if partial.constant else coefficient[k]
        return partial.dense(row, self.shape(index))

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape of an operand at one step."""
        operand = self.operands[index]
        return operand.shape if self.kinds[index] == "matrix" else operand.shape[1:]

    def complex_step(self, index: int, k: int) -> Array:
        """∂y_k/∂operand (size of y, *shape of the operand); a prediction follows its logits."""
        columns = []
        for entry in np.ndindex(self.shape(index)):
            nudged = self.operands[index].astype(complex)
            nudged[entry if self.kinds[index] == "matrix" else (k, *entry)] += NUDGE * 1j
            operands = [*self.operands[:index], nudged, *self.operands[index + 1 :]]
            if "prediction" in self.kinds and index == 0:
                operands[self.kinds.index("prediction")] = softmax(nudged)
            columns.append(np.atleast_1d(self.value(operands)[k]).imag / NUDGE)
        found = np.stack(columns, axis=-1)
        return found.reshape(len(found), *self.shape(index))


@st.composite
def examples(draw: st.DrawFn, name: str) -> Example:
    T, m, n = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    z = rng.standard_normal((T, n))
    made: dict[str, Callable[[], Array]] = {
        "vector": lambda: rng.standard_normal((T, n)),
        "matrix": lambda: rng.standard_normal((m, n)),
        "token": lambda: rng.integers(n, size=T),
        "prediction": lambda: softmax(z),
    }
    kinds = OPERANDS[name]
    operands = [made[kind]() for kind in kinds]
    if "prediction" in kinds:
        operands[0] = z
    return Example(name, operands)


every_row = pytest.mark.parametrize("name", TABLE)


def test_every_row_of_the_table_is_tried() -> None:
    assert TABLE.keys() == OPERANDS.keys()
    for name, kinds in OPERANDS.items():
        assert len(TABLE[name].partials) == len(kinds)


@every_row
@laws
@given(data=st.data())
def test_a_partial_is_the_complex_step_of_the_value(name: str, data: st.DataObject) -> None:
    example = data.draw(examples(name))
    for partial, index in example.partials:
        for k in range(example.steps):
            close(example.dense(partial, index, k), example.complex_step(index, k), 1e-12)


@every_row
@laws
@given(data=st.data())
def test_an_operand_without_a_partial_is_no_number_or_is_reached_otherwise(
    name: str, data: st.DataObject
) -> None:
    example = data.draw(examples(name))
    covered = {index for _, index in example.partials}
    for index, kind in enumerate(example.kinds):
        assert index in covered or kind == "token"


def cotangents(example: Example, data: st.DataObject) -> Array:
    value = example.value(example.operands)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    return rng.standard_normal(value.shape)


@every_row
@laws
@given(data=st.data())
def test_the_products_are_those_of_the_dense_matrix(name: str, data: st.DataObject) -> None:
    """apply, total, norms and inner form no matrix, and compute what it would."""
    example = data.draw(examples(name))
    g = cotangents(example, data)
    for partial, index in example.partials:
        coefficient, shape = example.coefficient(partial), example.shape(index)
        products = np.stack(
            [
                np.tensordot(np.atleast_1d(g[k]), example.dense(partial, index, k), 1)
                for k in range(example.steps)
            ]
        )
        if example.kinds[index] != "matrix":
            close(partial.apply(g, coefficient, np.empty_like(products)), products, 1e-13)
            close(partial.apply(g, coefficient, None), products, 1e-13)
        if g.ndim == 1:
            continue  # nothing but its product is asked of the loss
        norms = [np.linalg.norm(product) for product in products]
        direction = np.linspace(-1, 2, products[0].size).reshape(shape)
        inner = [np.vdot(product, direction) for product in products]
        close(partial.total(g, coefficient, shape), products.sum(axis=0), 1e-13, scale=1e-3)
        close(partial.norms(g, coefficient), norms, 1e-13)
        close(partial.inner(g, coefficient, direction), inner, 1e-12, scale=1)


NOTATION = [
    (r"−", "-"),
    (r"²", "**2"),
    (r"ᵀ", ".T"),
    (r"⊙", "*"),
    (r"σ", "sigmoid"),
    (r"\[(\w+) > 0\]", r"(\1 > 0)"),  # Iverson's bracket
    (r"(\w+)\[(\w+)\]", r"(\1.T @ \2)"),  # ŷ[y] with y one-hot
    (r"log (.+)", r"log(\1)"),
    (r"(\w+) ⊗ (\w+)", r"outer(\1, \2)"),
    (r"(?<=[\w)]) (?=[\w(])", " @ "),  # M v
]
"""How the notation of the lecture reads in NumPy, vectors being columns."""


def evaluate(written: str, size: int, **columns: Array) -> Array:
    """The value of a formula: {y}, {g} and the operands {0}, {1}, … are columns or matrices."""
    text = re.sub(r"\{(\w)\}", r"_\1", written)
    for pattern, replacement in NOTATION:
        text = re.sub(pattern, replacement, text)
    names = {
        "I": np.eye(size),
        "diag": lambda v: np.diagflat(v * np.ones((size, 1))),
        "outer": lambda a, b: np.multiply.outer(a.ravel() if a.shape[1] == 1 else a, b.ravel()),
        "tanh": np.tanh,
        "log": np.log,
        "relu": lambda v: np.maximum(v, 0),
        "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
        "softmax": lambda v: softmax(v.T).T,
    }
    return np.asarray(eval(text, {"__builtins__": {}}, names | columns))  # noqa: S307  # the table's


def columns(example: Example, k: int) -> dict[str, Array]:
    """The operands and the result of step k, as columns; tokens one-hot."""
    others = [value for value in example.operands if value.ndim > 1]
    found = {"_y": np.atleast_1d(example.value(example.operands)[k])[:, None]}
    for index, (kind, value) in enumerate(zip(example.kinds, example.operands, strict=True)):
        if kind == "token":
            found[f"_{index}"] = np.eye(others[0].shape[-1])[value[k]][:, None]
        else:
            found[f"_{index}"] = value if kind == "matrix" else value[k][:, None]
    return found


@every_row
@laws
@given(data=st.data())
def test_what_is_written_as_a_partial_is_what_is_computed(name: str, data: st.DataObject) -> None:
    example = data.draw(examples(name))
    for partial, index in example.partials:
        for k in range(example.steps):
            dense = example.dense(partial, index, k)
            found = evaluate(partial.written, len(dense), **columns(example, k))
            close(found.reshape(dense.shape), dense, 1e-12)


@every_row
@laws
@given(data=st.data())
def test_what_is_written_as_a_product_is_what_is_computed(name: str, data: st.DataObject) -> None:
    """∂y/∂x applied to the cotangent g; of E it is 1."""
    example = data.draw(examples(name))
    g = cotangents(example, data)
    for partial, index in example.partials:
        for k in range(example.steps):
            dense = example.dense(partial, index, k)
            row = np.ones(1) if g.ndim == 1 else g[k]
            given = columns(example, k) | {"_g": row[:, None]}
            found = evaluate(partial.applied, len(dense), **given)
            close(found.reshape(dense.shape[1:]), np.tensordot(row, dense, 1), 1e-12, scale=1e-3)


@every_row
@laws
@given(data=st.data())
def test_what_is_written_as_a_line_is_what_is_computed(name: str, data: st.DataObject) -> None:
    example = data.draw(examples(name))
    for k in range(example.steps):
        value = np.atleast_1d(example.value(example.operands)[k])
        given = columns(example, k)
        close(evaluate(example.op.written, len(value), **given).ravel(), value, 1e-12)


@every_row
def test_every_formula_names_only_the_operands_the_result_and_the_cotangent(name: str) -> None:
    op = TABLE[name]
    places = {str(index) for index in range(len(OPERANDS[name]))}
    rules = [rule for rule in (*op.partials, *op.written_partials.values()) if rule]
    assert set(re.findall(r"\{(\w)\}", op.written)) <= places
    for rule in rules:
        assert set(re.findall(r"\{(\w)\}", rule.written)) <= places | {"y"}
        assert set(re.findall(r"\{(\w)\}", rule.applied)) <= places | {"y", "g"}


@pytest.mark.parametrize("size", [1e2, 1e4, 1e300])
@pytest.mark.parametrize("name", ["TANH", "SIGMOID", "RELU", "IDENTITY", "SOFTMAX"])
def test_a_function_of_large_numbers_is_a_number(name: str, size: float) -> None:
    """No overflow on the way, on either side: σ(−L) = 0, softmax(L, −L) = (1, 0)."""
    value = TABLE[name].value(np.array([[size, -size]]), None)
    expected: dict[str, list[float]] = {
        "TANH": [1, -1],
        "SIGMOID": [1, 0],
        "RELU": [size, 0],
        "IDENTITY": [size, -size],
        "SOFTMAX": [1, 0],
    }
    np.testing.assert_allclose(value, [expected[name]], atol=1e-40)


def test_the_activations_are_rows_of_the_table_by_their_names() -> None:
    assert set(ops.ACTIVATIONS) == {"tanh", "relu", "sigmoid", "identity"}
    assert all(op in TABLE.values() and op.name == name for name, op in ops.ACTIVATIONS.items())
    assert not any(chain.from_iterable(op.written_partials for op in ops.ACTIVATIONS.values()))
