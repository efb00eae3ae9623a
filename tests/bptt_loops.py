"""Random problems for Hypothesis, and backpropagation through time written out as loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from core.cells import rnn
from core.parameters import NAMES, Parameters
from core.tape import record
from core.truncation import Truncation
from tuiviz.debugger.session import Session
from tuiviz.debugger.walk import EACH, ONE, SUM
from tuiviz.problem import Problem

KINDS = (ONE, EACH, SUM)
ACTIVATIONS = ("tanh", "relu", "sigmoid", "identity")


def problem_of(
    theta: Parameters,
    x: Any,
    y: Any,
    truncation: Truncation | None = None,
    activation: str = "tanh",
    initial: Any = None,
    vocabulary: tuple[str, ...] = (),
) -> Problem:
    """A recorded sequence over tokens w0, w1, … unless they are given."""
    return Problem(
        name="random",
        level="word",
        sequence=1,
        vocabulary=vocabulary or tuple(f"w{i}" for i in range(theta.outputs)),
        activation=activation,
        seed=None,
        truncation=truncation,
        theta=theta,
        tape=record(
            theta, np.array(x), np.array(y), initial, activation=rnn(activation).activation
        ),
    )


@st.composite
def problems(draw: st.DrawFn, least: int = 1, most: int = 7) -> Problem:
    """T 1 … 7, H 1 … 4, C 2 … 5, any activation, truncation and initial state."""
    steps = draw(st.integers(least, most), "T")
    hidden = draw(st.integers(1, 4), "H")
    size = draw(st.integers(2, 5), "C")
    rng = np.random.default_rng(draw(st.integers(0, 999), "seed"))
    theta = Parameters(
        U=rng.normal(size=(hidden, size)),
        W=rng.normal(size=(hidden, hidden)),
        V=rng.normal(size=(size, hidden)),
        b=rng.normal(size=hidden),
        c=rng.normal(size=size),
    )
    block = st.integers(1, steps + 1)
    return problem_of(
        theta,
        rng.integers(size, size=steps),
        rng.integers(size, size=steps),
        draw(st.none() | st.builds(Truncation, block, block), "truncation"),
        draw(st.sampled_from(ACTIVATIONS), "activation"),
        rng.normal(size=hidden) if draw(st.booleans(), "initial state") else None,
    )


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Any walk, error, parameter and position of a random problem."""
    problem = draw(problems())
    session = Session(
        problem,
        draw(st.integers(0, problem.steps - 1), "error"),
        draw(st.sampled_from(NAMES), "parameter"),
        draw(st.sampled_from(KINDS), "walk"),
    )
    return session.moved_to(draw(st.integers(0, len(session.walk) - 1), "position"))


def slope(problem: Problem, a: Any) -> Any:
    """f′(a)."""
    s = sigmoid(a)
    return {
        "tanh": 1 - np.tanh(a) ** 2,
        "relu": (a > 0).astype(float),
        "sigmoid": s * (1 - s),
        "identity": np.ones_like(a),
    }[problem.activation]


def activated(problem: Problem, a: Any) -> Any:
    """f(a)."""
    return {
        "tanh": np.tanh(a),
        "relu": np.maximum(a, 0),
        "sigmoid": sigmoid(a),
        "identity": a,
    }[problem.activation]


def sigmoid(a: Any) -> Any:
    return (1 + np.tanh(a / 2)) / 2


def softmax(z: Any) -> Any:
    powers = np.exp(z - z.max())
    return powers / powers.sum()


def one_hot(index: int, size: int) -> Any:
    return np.eye(size)[index]


@dataclass
class Loops:
    """Every term of every gradient of a problem, by a loop over t and one over k."""

    problem: Problem

    def __post_init__(self) -> None:
        problem, theta = self.problem, self.problem.theta
        self.before = [problem.tape.initial_state]
        self.a, self.wrong, self.deltas = [], [], {}
        for t in range(problem.steps):
            self.a.append(theta.U[:, problem.x[t]] + theta.W @ self.before[t] + theta.b)
            self.before.append(activated(problem, self.a[t]))
            yhat = softmax(theta.V @ self.before[t + 1] + theta.c)
            self.wrong.append(yhat - one_hot(problem.y[t], theta.outputs))
            back = theta.V.T @ self.wrong[t]
            for k in range(t, -1, -1):
                self.deltas[t, k] = back * slope(problem, self.a[k])
                back = theta.W.T @ self.deltas[t, k]

    def term(self, name: str, t: int, k: int) -> Any:
        """∂E_t/∂θ|_k."""
        if name in "Vc" and k != t:
            return np.zeros_like(getattr(self.problem.theta, name))
        delta = self.deltas[t, k]
        return {
            "U": np.outer(delta, one_hot(self.problem.x[k], self.problem.theta.inputs)),
            "W": np.outer(delta, self.before[k]),
            "V": np.outer(self.wrong[t], self.before[t + 1]),
            "b": delta,
            "c": self.wrong[t],
        }[name]

    def keeps(self, t: int, k: int) -> bool:
        """Whether TBPTT(k1, k2) keeps (t, k): k > u(t) − k2, u(t) the end of the block of t."""
        truncation = self.problem.truncation
        if truncation is None:
            return True
        end = t
        while end + 1 < self.problem.steps and (end + 1) % truncation.k1:
            end += 1
        return k > end - truncation.k2

    def passes(self, kind: str, error: int) -> Iterator[tuple[list[int], int]]:
        """The errors of each pass of a walk, and the step that it goes down to."""
        steps, truncation = self.problem.steps, self.problem.truncation
        together = truncation.k1 if truncation else steps
        groups = {
            ONE: [[error]],
            EACH: [[t] for t in range(steps)],
            SUM: [
                list(range(first, min(first + together, steps)))
                for first in range(0, steps, together)
            ],
        }[kind]
        for errors in groups:
            kept = [k for t in errors for k in range(t + 1) if self.keeps(t, k)]
            if kept:
                yield errors, min(kept)
