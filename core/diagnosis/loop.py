"""The backward loop as people write it by hand, as the choices that it makes.

    d(t,t) = D_t ⊙ Vᵀe_t,   d(t,k−1) = D′_{k−1} ⊙ M d(t,k),   d_k = Σ_t c(t,k) d(t,k)
    ∂E/∂W = Σ_k d_k ⊗ f^W_k, and so for U and b,   ∂E/∂V = Σ_t v_t e_t ⊗ f^V_t, and so for c

The right loop chooses e = ŷ − y, D = D′ = diag f′(a), M = Wᵀ, all weights 1, f^W_k = s_{k−1},
f^U_k = x_k, f^V_t = s_t. Each mistake of the catalogue is another choice of one of the parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from core import ops
from core.numbers import Array
from core.records import Record
from core.tape import Tape

Gradient = Mapping[str, Array]
"""By the parameter's name, in its shape."""

RECURRENT = ("U", "W", "b")
READOUT = ("V", "c")
MATRICES = ("U", "W", "V")


class Recursion(Record, eq=False):
    """How an error signal goes back through time: D (T, H), D′ (T, H), M (H, H).

    `taken` (T, H): what multiplies d(t,k) where it is taken for a gradient, not on its way back.
    """

    start: Array
    carry: Array
    matrix: Array
    forward: bool = False
    taken: Array | None = None

    def deltas(self, joining: Array) -> Array:
        """d(t,k) as [k, t] (T, T, H), from Vᵀe_t (T, H); zero for k > t, or forward for k < t."""
        steps = len(joining)
        found = np.zeros((steps, *joining.shape))
        found[range(steps), range(steps)] = self.start * joining
        across = self.matrix.T
        for k in range(steps - 1):
            if self.forward:
                found[k + 1, : k + 1] = (found[k, : k + 1] @ across) * self.carry[k + 1]
            else:
                j = steps - 1 - k
                found[j - 1, j:] = (found[j, j:] @ across) * self.carry[j - 1]
        return found if self.taken is None else found * self.taken[:, None]


class Weights(Record, eq=False):
    """How often each term is counted: c(t,k) (T, T) and v_t (T,)."""

    terms: Array
    readout: Array


class BackwardLoop(Record, eq=False):
    """One way to write the loop. `factors` has f^U (T, D), f^W, f^V (T, H), f^b, f^c (T, 1)."""

    V: Array
    error: Array  # e (T, C)
    recursion: Recursion
    weights: Weights
    factors: Mapping[str, Array]

    def varied(self, part: str, value: Any) -> BackwardLoop:
        """The same loop with another error, recursion or weights, or some other factors."""
        if part == "factors":
            value = {**self.factors, **value}
        other = replace(self, **{part: value})
        if part in ("weights", "factors"):
            other.__dict__["deltas"] = self.deltas
        return other

    @cached_property
    def deltas(self) -> Array:
        """d(t,k) as [k, t] (T, T, H)."""
        return self.recursion.deltas(self.error @ self.V)

    @cached_property
    def accumulated(self) -> Array:
        """d_k (T, H)."""
        return np.asarray((self.weights.terms.T[:, None] @ self.deltas)[:, 0])

    def rows(self, name: str) -> Array:
        """What multiplies the factor of a parameter at each step: d_k (T, H) or e_t (T, C)."""
        if name in RECURRENT:
            return self.accumulated
        return self.error * self.weights.readout[:, None]

    def gradient(self, name: str) -> Array:
        """What the loop returns for one parameter, in its shape."""
        found = self.rows(name).T @ self.factors[name]
        return np.asarray(found if name in MATRICES else found[:, 0])

    def gradients(self, names: Iterable[str]) -> dict[str, Array]:
        """The same for several parameters."""
        with np.errstate(all="ignore"):
            return {name: self.gradient(name) for name in names}

    def magnitude(self, name: str) -> float:
        """Σ ‖term‖: what rounding in the sum of the terms is relative to."""
        sizes = np.linalg.norm(self.factors[name], axis=1)
        if name in READOUT:
            return float(np.linalg.norm(self.error, axis=1) @ sizes)
        return float(np.linalg.norm(self.deltas, axis=2).sum(axis=1) @ sizes)


class Variant(Record, eq=False):
    """A wrong value of one part of the loop, or a change of the finished gradients.

    `argument` is n, c or the scale, if there is one; `detail` says which it is of several; `line`
    is the line of the algorithm that it changes, if that is not its row's.
    """

    value: Any
    argument: float | None = None
    detail: str = ""
    line: str | None = None


class Instance(Record, eq=False):
    """What a loop reads of the forward pass, in float64."""

    tape: Tape
    V: Array
    W: Array
    s: Array  # (T, H)
    before: Array  # (T, H): s_{t−1}
    yhat: Array  # (T, C)
    slope: Array  # (T, H): f′(a_t)
    activation: str

    @classmethod
    def of(cls, tape: Tape) -> Instance:
        """What the tape of the simple recurrent network says."""
        s, activation = tape.values["s"], tape.program.cell.activation
        return cls(
            tape=tape,
            V=tape.theta.V,
            W=tape.theta.W,
            s=s,
            before=np.concatenate([tape.initial_state[None], s[:-1]]),
            yhat=tape.values["yhat"],
            slope=_slope(activation, s),
            activation=activation,
        )

    @property
    def steps(self) -> int:
        """T."""
        return len(self.s)

    @cached_property
    def slope_before(self) -> Array:
        """(1, H): f′ where the state before the first step is s₋₁."""
        return _slope(self.activation, self.before[:1])

    @property
    def tokens(self) -> Array | None:
        """x (T,), if it is tokens."""
        x = self.tape.inputs["x"]
        return x if x.ndim == 1 else None

    @cached_property
    def x(self) -> Array:
        """(T, D), one-hot where it is tokens."""
        return _one_hot(self.tape.inputs["x"], self.tape.theta.inputs)

    @cached_property
    def y(self) -> Array:
        """(T, C), one-hot."""
        return _one_hot(self.tape.inputs["y"], self.tape.theta.outputs)

    @cached_property
    def right(self) -> BackwardLoop:
        """The loop that computes the gradient."""
        steps = self.steps
        once = np.ones((steps, 1))
        return BackwardLoop(
            V=self.V,
            error=self.yhat - self.y,
            recursion=Recursion(self.slope, self.slope, self.W.T),
            weights=Weights(np.ones((steps, steps)), np.ones(steps)),
            factors={"U": self.x, "W": self.before, "V": self.s, "b": once, "c": once},
        )


def _slope(activation: str, s: Array) -> Array:
    """f′, from the value of f."""
    return ops.slope(ops.ACTIVATIONS[activation], s)


def _one_hot(given: Array, size: int) -> Array:
    if given.ndim == 2:
        return given
    found = np.zeros((len(given), size))
    found[np.arange(len(given)), given] = 1
    return found
