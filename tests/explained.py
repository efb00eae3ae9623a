"""Problems to explain, and their gradients by complex steps through a plain loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.parameters import Parameters
from core.tape import record
from core.truncation import Truncation
from tuiviz.problem import Problem

Array = NDArray[Any]
STEP = 1e-30

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "relu": lambda a: np.where(a.real > 0, a, 0),
    "identity": lambda a: a,
}


@dataclass(frozen=True)
class Plain:
    """The equations, step by step: nothing of the engine is asked."""

    problem: Problem

    def state(self, theta: dict[str, Array], k: int, before: Array) -> Array:
        """s_k from s_{k−1}."""
        one_hot = np.eye(theta["U"].shape[1])[self.problem.x[k]]
        a = theta["U"] @ one_hot + theta["W"] @ before + theta["b"]
        return np.asarray(FUNCTIONS[self.problem.activation](a))

    def state_of(self, k: int, before: Array, name: str, value: Array) -> Array:
        """s_k from s_{k−1}, with `value` in place of a parameter."""
        return self.state(self.parameters() | {name: value}, k, before)

    def prediction(self, theta: dict[str, Array], state: Array) -> Array:
        """ŷ from s."""
        e = np.exp(theta["V"] @ state + theta["c"])
        return np.asarray(e / e.sum())

    def parameters(self) -> dict[str, Array]:
        """θ by name."""
        return {name: getattr(self.problem.theta, name) for name in "UWVbc"}

    def states(self) -> list[Array]:
        """s₋₁, s₀, …"""
        found = [self.problem.tape.initial_state]
        for k in range(self.problem.steps):
            found.append(self.state(self.parameters(), k, found[-1]))
        return found

    def loss(self, t: int, name: str, value: Array, at: int) -> complex:
        """E_t where step `at` alone reads `value` in place of a parameter."""
        state = self.problem.tape.initial_state.astype(complex)
        thetas = [self.parameters() for _ in range(t + 1)]
        thetas[at] = thetas[at] | {name: value}
        for k in range(t + 1):
            state = self.state(thetas[k], k, state)
        return complex(-np.log(self.prediction(thetas[t], state)[self.problem.y[t]]))

    def term(self, t: int, name: str, k: int) -> Array:
        """∂E_t/∂θ as far as step k reads θ."""
        return derivative(
            lambda value: np.array(self.loss(t, name, value, k)), self.parameters()[name]
        )


def derivative(function: Callable[[Array], Array], at: Array) -> Array:
    """∂function/∂at by complex steps, (*shape of the result, *shape of `at`)."""
    found = []
    for index in np.ndindex(at.shape):
        nudged = at.astype(complex)
        nudged[index] += STEP * 1j
        found.append(function(nudged).imag / STEP)
    stacked = np.stack(found, axis=-1)
    return np.asarray(stacked.reshape(*stacked.shape[:-1], *at.shape))


def problem(
    tokens: tuple[str, ...] = ("the", "cats", "near", "cat"),
    *,
    steps: int = 5,
    hidden: int = 3,
    seed: int = 0,
    activation: str = "tanh",
    truncation: Truncation | None = None,
    given: bool = False,
    scale: float = 1.0,
    name: str = "a text",
) -> Problem:
    """A random problem; `given` an initial state; W as drawn times `scale`."""
    rng = np.random.default_rng(seed)
    size = len(tokens)
    drawn = Parameters.random(inputs=size, hidden=hidden, outputs=size, seed=seed)
    theta = Parameters(
        U=drawn.U,
        W=scale * drawn.W,
        V=drawn.V,
        b=0.1 * rng.standard_normal(hidden),
        c=0.1 * rng.standard_normal(size),
    )
    x, y = rng.integers(size, size=(2, steps))
    initial = rng.standard_normal(hidden) if given else None
    return Problem(
        name=name,
        level="word",
        sequence=1,
        vocabulary=tokens,
        activation=activation,
        seed=seed,
        truncation=truncation,
        theta=theta,
        tape=record(theta, x, y, initial_state=initial, activation=activation),
    )
