"""The table of rules: what each primitive operation computes, and its partial derivatives.

An operation is a row of `Op`; nothing else in the engine knows which one it has. Its value works
on one step (n,) and on all steps (T, n) alike. Its partial with respect to an operand is a linear
map of one of a few kinds, each a subclass of `Partial`: what it reads (its *coefficient*), its
vector-Jacobian product `apply(g, coefficient, out)`, its dense matrix, and how it is written.

In the written forms {x} is the operand of the partial, {o} the other one, {y} the result and {g}
the cotangent. `written` is the Jacobian ∂y/∂x, `applied` its product with a cotangent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.numbers import norm

Array = NDArray[Any]
Apply = Callable[[Array, Any, Array], Any]


@dataclass(frozen=True)
class Partial:
    """∂y/∂x of one operation as a linear map; a subclass for each kind of map.

    coefficient(x, o, y) is what the map needs of the tape, stacked over time (T, …), or, where
    `constant`, the same at every step.
    """

    written: str
    applied: str
    coefficient: Callable[[Any, Any, Any], Any] = field(repr=False)
    constant = False
    apply: Apply = field(default=np.multiply, init=False, repr=False)

    def dense(self, coefficient: Any, size: int) -> Array:
        """The Jacobian of one step as a matrix (size of y, size of x)."""
        raise NotImplementedError

    def total(self, g: Array, coefficient: Any, shape: tuple[int, ...]) -> Array:
        """Σ_k g_k · (∂y/∂x)_k over the rows of g, for an x that is a parameter of that shape."""
        return np.asarray(self.apply(g, coefficient, np.empty_like(g)).sum(axis=0))

    def norms(self, g: Array, coefficient: Any) -> Array:
        """‖g_k · (∂y/∂x)_k‖ for each row k of g, without forming a matrix."""
        return norm(self.apply(g, coefficient, np.empty_like(g)))


@dataclass(frozen=True)
class Diagonal(Partial):
    """diag(d): of an elementwise operation, d (T, n)."""

    def dense(self, coefficient: Any, size: int) -> Array:
        return np.diag(coefficient)


@dataclass(frozen=True)
class Unit(Partial):
    """I or −I: of a sum; the coefficient is the number 1 or −1."""

    constant = True

    def dense(self, coefficient: Any, size: int) -> Array:
        return np.asarray(coefficient * np.eye(size))


@dataclass(frozen=True)
class Matrix(Partial):
    """M: of a product M v with respect to v."""

    constant = True
    apply: Apply = field(default=np.dot, init=False, repr=False)

    def dense(self, coefficient: Any, size: int) -> Array:
        return np.asarray(coefficient)


@dataclass(frozen=True)
class Row(Partial):
    """A row (T, n): of a number with respect to a vector."""

    def dense(self, coefficient: Any, size: int) -> Array:
        return np.asarray(coefficient)[None, :]


@dataclass(frozen=True)
class Softmax(Partial):
    """diag(ŷ) − ŷ ŷᵀ, its coefficient ŷ (T, n)."""

    apply: Apply = field(
        default=lambda g, p, out: np.multiply(p, g - (g * p).sum(axis=-1, keepdims=True), out),
        init=False,
        repr=False,
    )

    def dense(self, coefficient: Any, size: int) -> Array:
        return np.asarray(np.diag(coefficient) - np.outer(coefficient, coefficient))


@dataclass(frozen=True)
class Outer(Partial):
    """∂(M v)/∂M: its product with a cotangent is g ⊗ v; the coefficient is v (T, n)."""

    def dense(self, coefficient: Any, size: int) -> Array:
        """(m, m, n): ∂y_i/∂M_jl = v_l where i = j, else 0."""
        return np.asarray(np.eye(size)[:, :, None] * coefficient[None, None, :])

    def total(self, g: Array, coefficient: Any, shape: tuple[int, ...]) -> Array:
        return np.asarray(g.T @ coefficient)

    def norms(self, g: Array, coefficient: Any) -> Array:
        return np.asarray(norm(g) * norm(coefficient))


@dataclass(frozen=True)
class Scatter(Partial):
    """∂(M v)/∂M for v the one-hot vector of a token: the coefficient is the token (T,)."""

    def dense(self, coefficient: Any, size: int) -> Array:
        raise NotImplementedError  # needs the number of columns; see `dense_columns`

    def dense_columns(self, coefficient: Any, size: int, columns: int) -> Array:
        """(m, m, n): ∂y_i/∂M_jl = 1 where i = j and l is the token, else 0."""
        return np.asarray(np.eye(size)[:, :, None] * np.eye(columns)[coefficient])

    def total(self, g: Array, coefficient: Any, shape: tuple[int, ...]) -> Array:
        rows, columns = shape
        flat = (coefficient[:, None] * rows + np.arange(rows)).ravel()
        summed = np.bincount(flat, weights=g.ravel(), minlength=rows * columns)
        return np.ascontiguousarray(summed.reshape(columns, rows).T, dtype=g.dtype)

    def norms(self, g: Array, coefficient: Any) -> Array:
        return norm(g)
