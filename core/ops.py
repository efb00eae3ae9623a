"""The table of rules: what each primitive operation computes, and its partial derivatives.

An operation is a row of the table, an `Op`; nothing else in the engine knows which one it has.
Its value works on one step (n,) and on all steps (T, n) alike. Its partial with respect to an
operand is a linear map, one of a few kinds, each a subclass of `Partial`: what it reads of the
tape (its *coefficient*), its vector-Jacobian product, its dense matrix, and how it is written.

In the written forms {0}, {1}, … are the operands, {y} is the result and {g} the cotangent.
`written` is the Jacobian ∂y/∂x, `applied` its product with a cotangent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, ClassVar

import numpy as np

from core.numbers import Array, norm
from core.records import Record

Shape = tuple[int, ...]
Coefficient = Callable[[Callable[[Any], Any], Any], Any]


class Partial(Record):
    """∂y/∂x of one operation as a linear map; a subclass for each kind of map.

    coefficient(at, node) is what the map reads, `at` giving the value of the operation's node and
    of its operands: stacked over time (T, …), or, where `constant`, the same at every step.
    apply(g, coefficient, out) writes the product with the cotangents g.
    """

    written: str
    applied: str
    coefficient: Coefficient = field(repr=False)

    constant: ClassVar[bool] = False
    apply: ClassVar[Callable[..., Any]] = np.multiply

    def dense(self, coefficient: Any, shape: Shape) -> Array:
        """The Jacobian of one step, of shape (size of y, *shape of x)."""
        raise NotImplementedError

    def total(self, g: Array, coefficient: Any, shape: Shape) -> Array:
        """Σ_k g_k · (∂y/∂x)_k over the rows k of g, for a parameter x of that shape."""
        return np.asarray(self.apply(g, coefficient, None).sum(axis=0))

    def norms(self, g: Array, coefficient: Any) -> Array:
        """‖g_k · (∂y/∂x)_k‖ for each row k of g, without forming a matrix."""
        return norm(self.apply(g, coefficient, None))

    def inner(self, g: Array, coefficient: Any, matrix: Array) -> Array:
        """⟨g_k · (∂y/∂x)_k, matrix⟩ for each row k of g, without forming a matrix."""
        return np.asarray(self.apply(g, coefficient, None) @ matrix)


class Diagonal(Partial):
    """diag(d): of an elementwise operation; the coefficient is d (T, n)."""

    def dense(self, coefficient: Any, shape: Shape) -> Array:
        return np.asarray(np.diag(coefficient))


class Unit(Partial):
    """I or −I: of a sum; the coefficient is the number 1 or −1."""

    constant = True

    def dense(self, coefficient: Any, shape: Shape) -> Array:
        return np.asarray(coefficient * np.eye(shape[0]))

    def total(self, g: Array, coefficient: Any, shape: Shape) -> Array:
        total = np.add.reduce(g, 0)
        return np.asarray(total if coefficient == 1 else -total)


class Matrix(Partial):
    """M: of a product M v with respect to v; the coefficient is M (m, n)."""

    constant = True
    apply = staticmethod(np.ndarray.dot)

    def dense(self, coefficient: Any, shape: Shape) -> Array:
        return np.asarray(coefficient)


def _times_row(g: Array, row: Array, out: Any) -> Any:
    return np.multiply(g[..., None], row, out)


class Row(Partial):
    """A row (T, n): of a number with respect to a vector."""

    apply = staticmethod(_times_row)

    def dense(self, coefficient: Any, shape: Shape) -> Array:
        return np.asarray(coefficient)[None, :]


def _softmax_product(g: Array, p: Array, out: Array) -> Any:
    return np.multiply(p, g - (g * p).sum(axis=-1, keepdims=True), out)


class SoftmaxJacobian(Partial):
    """diag(ŷ) − ŷ ŷᵀ; the coefficient is ŷ (T, n)."""

    apply = staticmethod(_softmax_product)

    def dense(self, coefficient: Any, shape: Shape) -> Array:
        return np.asarray(np.diag(coefficient) - np.outer(coefficient, coefficient))


class Outer(Partial):
    """∂(M v)/∂M: its product with g is the matrix g ⊗ v; the coefficient is v (T, n)."""

    def dense(self, coefficient: Any, shape: Shape) -> Array:
        """(m, m, n): ∂y_i/∂M_jl = v_l where i = j, else 0."""
        return np.asarray(np.eye(shape[0])[:, :, None] * coefficient)

    def total(self, g: Array, coefficient: Any, shape: Shape) -> Array:
        return np.asarray(g.T.dot(coefficient))

    def norms(self, g: Array, coefficient: Any) -> Array:
        return np.asarray(norm(g) * norm(coefficient))

    def inner(self, g: Array, coefficient: Any, matrix: Array) -> Array:
        return np.asarray(np.vecdot(g @ matrix, coefficient))


class Scatter(Partial):
    """∂(M v)/∂M where v is one-hot: the coefficient is the token itself (T,), no vector."""

    def dense(self, coefficient: Any, shape: Shape) -> Array:
        """(m, m, n): ∂y_i/∂M_jl = 1 where i = j and l is the token, else 0."""
        return np.asarray(np.eye(shape[0])[:, :, None] * np.eye(shape[-1])[coefficient])

    def total(self, g: Array, coefficient: Any, shape: Shape) -> Array:
        rows, columns = shape
        # A step adds to a column. At a distance of many powers of two, its cells would all lie in
        # the same few places of the processor's cache, and push one another out.
        stride = columns + (columns % 64 == 0)
        cells = (coefficient[:, None] + np.arange(0, rows * stride, stride)).ravel()
        summed = np.bincount(cells, g.ravel(), rows * stride).reshape(rows, stride)
        return summed[:, :columns].astype(g.dtype, copy=False)

    def norms(self, g: Array, coefficient: Any) -> Array:
        return norm(g)

    def inner(self, g: Array, coefficient: Any, matrix: Array) -> Array:
        return np.asarray(np.vecdot(g, matrix.T[coefficient]))


SUM, ENTRYWISE, PRODUCT_SIGN, ATOM = range(4)
"""How tightly a written form binds: a + b, a ⊙ b, M v, tanh(a)."""


class Op(Record):
    """A row of the table.

    value(*operands, out) writes and returns the result; `written` is how a line reads;
    `partials` has one entry for each operand, None where nothing flows back.
    """

    name: str
    value: Callable[..., Any] = field(repr=False)
    written: str
    partials: tuple[Partial | None, ...] = field(repr=False)
    binding: int = ATOM  # how tightly the written form holds together
    asks: int = SUM  # operands that bind less are put in parentheses
    written_partials: Mapping[int, Partial] = field(default_factory=dict, repr=False)

    @property
    def is_sum(self) -> bool:
        """Whether cotangents go back through it without any value of the tape."""
        return self.binding == SUM

    @property
    def linear(self) -> bool:
        """Whether its partials do without its own result."""
        return self.binding in (SUM, PRODUCT_SIGN)


def _sigmoid(x: Array, out: Any) -> Any:
    # exp of a negative number on either side, so that nothing overflows.
    negative = x.real < 0
    e = np.exp(np.where(negative, x, -x))
    return np.divide(np.where(negative, e, 1), 1 + e, out)


def _softmax(z: Array, out: Any) -> Any:
    e = np.subtract(z, np.maximum.reduce(z, -1, keepdims=True), out)
    np.exp(e, e)
    return np.divide(e, np.add.reduce(e, -1, keepdims=True), e)


def _gather(x: Array, transposed: Array, out: Any) -> Any:
    # take copies the whole matrix first, if it is not laid out in the order of x
    return transposed[x] if len(x) < len(transposed) else np.take(transposed, x, 0, out, "clip")


def _cross_entropy(z: Array, y: Array, prediction: Array, out: Any) -> Any:
    likelihood = prediction[np.arange(len(y)), y]
    # Where ŷ[y] nears the smallest float, log Σ exp z − z[y] stays right.
    loss = np.negative(np.log(likelihood, out), out)
    if not np.minimum.reduce(likelihood.real) > 1e-30:
        lost = np.flatnonzero(~(likelihood.real > 1e-30))
        shifted = z[lost] - z[lost].max(axis=-1, keepdims=True)
        target = shifted[np.arange(len(lost)), y[lost]]
        loss[lost] = np.log(np.exp(shifted).sum(axis=-1)) - target
    return loss


def _prediction_minus_target(at: Callable[[Any], Any], node: Any) -> Array:
    _, y, prediction = map(at, node.operands)
    e: Array = prediction.copy()
    e[np.arange(len(y)), y] -= 1
    return e


def _minus_target_over_prediction(at: Callable[[Any], Any], node: Any) -> Array:
    # 1/ŷ[y] = exp(E): E stays right where ŷ[y] is too small for a float.
    _, y, prediction = map(at, node.operands)
    row = np.zeros_like(prediction)
    row[np.arange(len(y)), y] = -np.exp(at(node))
    return np.asarray(row)


def _operand(index: int) -> Coefficient:
    return lambda at, node: at(node.operands[index])


def _number(value: int) -> Coefficient:
    return lambda at, node: value


def _elementwise(
    name: str, value: Callable[..., Any], written: str, derivative: str, d: Callable[..., Any]
) -> Op:
    factor = f"({derivative})" if "−" in derivative else derivative
    diagonal = Diagonal(f"diag({derivative})", f"{{g}} ⊙ {factor}", lambda at, node: d(at(node)))
    return Op(name, value, written, (diagonal,))


PLUS = Unit("I", "{g}", _number(1))
MINUS = Unit("−I", "−{g}", _number(-1))

ADD = Op("add", np.add, "{0} + {1}", (PLUS, PLUS), binding=SUM)
SUBTRACT = Op("subtract", np.subtract, "{0} − {1}", (PLUS, MINUS), binding=SUM, asks=ENTRYWISE)
ONE_MINUS = Op(
    "one minus",
    lambda x, out: np.subtract(1, x, out),
    "1 − {0}",
    (MINUS,),
    binding=SUM,
    asks=ENTRYWISE,
)
MULTIPLY = Op(
    "multiply",
    np.multiply,
    "{0} ⊙ {1}",
    (
        Diagonal("diag({1})", "{g} ⊙ {1}", _operand(1)),
        Diagonal("diag({0})", "{g} ⊙ {0}", _operand(0)),
    ),
    binding=ENTRYWISE,
    asks=ENTRYWISE,
)

# The operands of a product are (v, Mᵀ): v Mᵀ is the product M v for one step and for all of them.
PRODUCT = Op(
    "product",
    np.ndarray.dot,
    "{1} {0}",
    (Matrix("{1}", "{1}ᵀ {g}", _operand(1)), Outer("(I ⊗ {0})", "{g} ⊗ {0}", _operand(0))),
    binding=PRODUCT_SIGN,
    asks=PRODUCT_SIGN,
)
GATHER = Op(
    "product",
    _gather,
    "{1} {0}",
    (None, Scatter("(I ⊗ {0})", "{g} ⊗ {0}", _operand(0))),
    binding=PRODUCT_SIGN,
    asks=PRODUCT_SIGN,
)


def _one_minus_square(y: Array) -> Array:
    square = y * y
    return np.asarray(np.subtract(1, square, square))


TANH = _elementwise("tanh", np.tanh, "tanh({0})", "1 − {y}²", _one_minus_square)
SIGMOID = _elementwise("sigmoid", _sigmoid, "σ({0})", "{y} ⊙ (1 − {y})", lambda y: y * (1 - y))
RELU = _elementwise(
    "relu",
    lambda x, out: np.maximum(x, 0, out=out),  # positional out is deprecated here
    "relu({0})",
    "[{y} > 0]",
    lambda y: (y.real > 0).astype(y.dtype),
)
IDENTITY = _elementwise("identity", np.positive, "{0}", "1", np.ones_like)

SOFTMAX = Op(
    "softmax",
    _softmax,
    "softmax({0})",
    (
        SoftmaxJacobian(
            "(diag({y}) − {y} {y}ᵀ)", "(diag({y}) − {y} {y}ᵀ) {g}", lambda at, node: at(node)
        ),
    ),
)
# The derivative of the loss is ŷ − y with respect to the logits, right where softmax underflows.
# The chain rule is written through ŷ all the same, by the written partial.
CROSS_ENTROPY = Op(
    "cross-entropy",
    _cross_entropy,
    "−log {2}[{1}]",
    (Row("({2} − {1})ᵀ", "{2} − {1}", _prediction_minus_target), None, None),
    written_partials={2: Row("−{1}ᵀ / {2}[{1}]", "−{1} / {2}[{1}]", _minus_target_over_prediction)},
)

ACTIVATIONS = {op.name: op for op in (TANH, RELU, SIGMOID, IDENTITY)}


def slope(activation: Op, y: Array) -> Array:
    """f′ of an elementwise operation, from its value y = f(x), in the shape of y."""
    (partial,) = filter(None, activation.partials)
    return np.asarray(partial.coefficient(lambda _: y, None))
