"""Recurrent networks to try the engine on, each written a second time as a plain NumPy step.

What the tests expect comes from these steps alone: from a loop over them, and from complex steps
through that loop. Nothing here asks the engine for a number.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, fields, make_dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import assume, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import tuiviz as tv
from core.program import cross_entropy, sigmoid, softmax, tanh

Array = NDArray[Any]
Lines = dict[str, Any]
Step = Callable[[Any, Array, Mapping[str, Array], int], Lines]

laws = settings(deadline=None, max_examples=8, derandomize=True, database=None)
NUDGE = 1e-40


@dataclass(frozen=True, eq=False)
class Kind:
    """A network: its cell for the engine, its step in NumPy, and the shapes of its parameters."""

    step: Step
    shapes: Mapping[str, str]
    states: str = "s"
    cell: tv.Cell | None = None
    activation: str = "tanh"

    @cached_property
    def theta(self) -> Callable[..., Any]:
        """What makes θ out of its arrays."""
        if self.cell is None:
            return tv.Parameters
        return make_dataclass("Theta", self.shapes, frozen=True, eq=False)


@dataclass(frozen=True, eq=False)
class Problem:
    """A network, a sequence, and its initial states."""

    kind: Kind
    theta: Any
    x: Array
    y: Array
    initial: dict[str, Array] | None

    @cached_property
    def tape(self) -> tv.Tape:
        return tv.record(
            self.theta, self.x, self.y, self.initial, self.kind.activation, self.kind.cell
        )

    @property
    def steps(self) -> int:
        return len(self.y)

    @cached_property
    def names(self) -> list[str]:
        return [field.name for field in fields(self.theta)]

    @cached_property
    def parameters(self) -> SimpleNamespace:
        return SimpleNamespace(**{name: getattr(self.theta, name) for name in self.names})

    @cached_property
    def vectors(self) -> Array:
        """x as vectors (T, D): tokens one-hot."""
        inputs = self.theta.U.shape[1]
        return self.x if self.x.ndim == 2 else np.eye(inputs)[self.x]

    @cached_property
    def initial_states(self) -> dict[str, Array]:
        zeros = np.zeros(len(self.theta.W))
        return {name: (self.initial or {}).get(name, zeros) for name in self.kind.states}

    def run(self, thetas: Sequence[Any] | None = None, start: int = 0, **states: Array) -> Lines:
        """Every line, stacked over the steps from `start`; step k reads its own θ_k."""
        previous: Mapping[str, Array] = {**self.initial_states, **states}
        found = []
        for k in range(start, self.steps):
            theta = thetas[k] if thetas else self.parameters
            previous = self.kind.step(theta, self.vectors[k], previous, int(self.y[k]))
            found.append(previous)
        return {name: np.stack([lines[name] for lines in found]) for name in found[0]}

    @cached_property
    def values(self) -> Lines:
        return self.run()

    def complex_step(self, name: str, at: Container[int] | None = None) -> Array:
        """∂E_t/∂θ (T, *shape) = Im E_t(θ + i h) / h; `at` has the steps that read the nudged θ."""
        value = getattr(self.theta, name)
        found = np.empty((self.steps, *value.shape))
        for index in np.ndindex(value.shape):
            nudged = value.astype(complex)
            nudged[index] += NUDGE * 1j
            other = SimpleNamespace(**{**vars(self.parameters), name: nudged})
            thetas = [
                other if at is None or k in at else self.parameters for k in range(self.steps)
            ]
            found[(slice(None), *index)] = self.run(thetas)["E"].imag / NUDGE
        return found

    @cached_property
    def terms(self) -> dict[str, Array]:
        """∂E_t/∂θ_k (T, T, *shape): of each parameter as if each step had a copy of its own."""
        return {
            name: np.stack([self.complex_step(name, [k]) for k in range(self.steps)], axis=1)
            for name in self.names
        }

    def jacobian(self, t: int, k: int, of: str = "s") -> Array:
        """∂of_t/∂s_k by the complex step: the run begins again after step k < t."""
        after = {
            name: (self.values[name][k] if k >= 0 else self.initial_states[name])
            for name in self.kind.states
        }
        columns = []
        for unit in np.eye(len(after["s"])):
            nudged = {**after, "s": after["s"] + NUDGE * 1j * unit}
            columns.append(self.run(None, k + 1, **nudged)[of][t - k - 1].imag / NUDGE)
        return np.stack(columns, axis=-1)


def close(found: Any, expected: Any, tolerance: float = 1e-11, scale: float = 0) -> None:
    """Asserts agreement relative to the largest number expected, or to `scale` if that is larger.

    Below 1e-250 nothing is asked of the digits: the complex step has none there.
    """
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape
    largest = max(float(np.abs(expected).max(initial=0)), scale, 1e-250)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * largest)


def readout(p: Any, s: Array, y: int) -> Lines:
    """z = V s + c, ŷ = softmax(z), E = −log ŷ[y]"""
    z = p.V @ s + p.c
    shifted = z - z.real.max()
    e = np.exp(shifted)
    return {"z": z, "yhat": e / e.sum(), "E": np.log(e.sum()) - shifted[y]}


def _sigmoid(a: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-a)))


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, lambda a: np.asarray(1 - np.tanh(a) ** 2)),
    "relu": (lambda a: np.where(a.real > 0, a, 0), lambda a: (a > 0).astype(float)),
    "sigmoid": (_sigmoid, lambda a: np.asarray(_sigmoid(a) * (1 - _sigmoid(a)))),
    "identity": (lambda a: a, np.ones_like),
}
"""f and its derivative, both functions of the pre-activation a."""


def _rnn(activation: str) -> Kind:
    f, _ = ACTIVATIONS[activation]

    def step(p: Any, x: Array, previous: Mapping[str, Array], y: int) -> Lines:
        a = p.U @ x + p.W @ previous["s"] + p.b
        s = f(a)
        return {"a": a, "s": s, **readout(p, s, y)}

    return Kind(step, READOUT | {"U": "HD", "W": "HH", "b": "H"}, activation=activation)


READOUT = {"V": "CH", "c": "C"}


def _gates(*names: str) -> dict[str, str]:
    # The first gate's matrices are called U and W as well: from them D and H are read.
    first = {"U": "HD", "W": "HH", f"b{names[0]}": "H"}
    later = {"U": "HD", "R": "HH", "b": "H"}
    rest = {f"{p}{name}": shape for name in names[1:] for p, shape in later.items()}
    return first | rest | READOUT


def _gru_equations(p: Any, x: Any, previous: Any, y: Any) -> dict[str, Any]:
    u = sigmoid(p.U @ x + p.W @ previous.s + p.bu)
    r = sigmoid(p.Ur @ x + p.Rr @ previous.s + p.br)
    h = tanh(p.Uh @ x + p.Rh @ (r * previous.s) + p.bh)
    s = (1 - u) * previous.s + u * h
    z = p.V @ s + p.c
    yhat = softmax(z)
    return {"u": u, "r": r, "h": h, "s": s, "z": z, "yhat": yhat, "E": cross_entropy(yhat, y)}


def _gru_step(p: Any, x: Array, previous: Mapping[str, Array], y: int) -> Lines:
    before = previous["s"]
    u = _sigmoid(p.U @ x + p.W @ before + p.bu)
    r = _sigmoid(p.Ur @ x + p.Rr @ before + p.br)
    h = np.tanh(p.Uh @ x + p.Rh @ (r * before) + p.bh)
    s = (1 - u) * before + u * h
    return {"u": u, "r": r, "h": h, "s": s, **readout(p, s, y)}


def _lstm_equations(p: Any, x: Any, previous: Any, y: Any) -> dict[str, Any]:
    i = sigmoid(p.U @ x + p.W @ previous.s + p.bi)
    f = sigmoid(p.Uf @ x + p.Rf @ previous.s + p.bf)
    o = sigmoid(p.Uo @ x + p.Ro @ previous.s + p.bo)
    g = tanh(p.Ug @ x + p.Rg @ previous.s + p.bg)
    m = f * previous.m + i * g
    s = o * tanh(m)
    z = p.V @ s + p.c
    yhat = softmax(z)
    lines = {"i": i, "f": f, "o": o, "g": g, "m": m, "s": s}
    return lines | {"z": z, "yhat": yhat, "E": cross_entropy(yhat, y)}


def _lstm_step(p: Any, x: Array, previous: Mapping[str, Array], y: int) -> Lines:
    before = previous["s"]
    i = _sigmoid(p.U @ x + p.W @ before + p.bi)
    f = _sigmoid(p.Uf @ x + p.Rf @ before + p.bf)
    o = _sigmoid(p.Uo @ x + p.Ro @ before + p.bo)
    g = np.tanh(p.Ug @ x + p.Rg @ before + p.bg)
    m = f * previous["m"] + i * g
    s = o * np.tanh(m)
    return {"i": i, "f": f, "o": o, "g": g, "m": m, "s": s, **readout(p, s, y)}


def _deep_equations(p: Any, x: Any, previous: Any, y: Any) -> dict[str, Any]:
    q = tanh(p.U @ x + p.R @ previous.q)
    s = tanh(p.Q @ q + p.W @ previous.s - p.b)
    z = p.V @ s + p.S @ q + p.c
    yhat = softmax(z)
    return {"q": q, "s": s, "z": z, "yhat": yhat, "E": cross_entropy(yhat, y)}


def _deep_step(p: Any, x: Array, previous: Mapping[str, Array], y: int) -> Lines:
    q = np.tanh(p.U @ x + p.R @ previous["q"])
    s = np.tanh(p.Q @ q + p.W @ previous["s"] - p.b)
    skipped = SimpleNamespace(V=p.V, c=p.S @ q + p.c)
    return {"q": q, "s": s, **readout(skipped, s, y)}


def _tied_equations(p: Any, x: Any, previous: Any, y: Any) -> dict[str, Any]:
    n = p.W @ previous.s
    s = tanh(p.U @ x + p.W @ tanh(n + p.b) + p.b) + previous.s
    z = p.V @ (p.W @ s + p.b) + p.c
    yhat = softmax(z)
    return {"n": n, "s": s, "z": z, "yhat": yhat, "E": cross_entropy(yhat, y)}


def _tied_step(p: Any, x: Array, previous: Mapping[str, Array], y: int) -> Lines:
    n = p.W @ previous["s"]
    s = np.tanh(p.U @ x + p.W @ np.tanh(n + p.b) + p.b) + previous["s"]
    return {"n": n, "s": s, **readout(p, p.W @ s + p.b, y)}


RNNS = tuple(ACTIVATIONS)
KINDS = {activation: _rnn(activation) for activation in ACTIVATIONS} | {
    "gru": Kind(_gru_step, _gates("u", "r", "h"), cell=tv.Cell("gru", "tanh", _gru_equations)),
    "lstm": Kind(
        _lstm_step,
        _gates("i", "f", "o", "g"),
        states="sm",
        cell=tv.Cell("lstm", "tanh", _lstm_equations),
    ),
    "deep": Kind(
        _deep_step,
        {"U": "HD", "R": "HH", "Q": "HH", "W": "HH", "b": "H", "S": "CH"} | READOUT,
        states="sq",
        cell=tv.Cell("two layers", "tanh", _deep_equations),
    ),
    "tied": Kind(
        _tied_step,
        {"U": "HD", "W": "HH", "b": "H"} | READOUT,
        cell=tv.Cell("one matrix in three places", "tanh", _tied_equations),
    ),
}
"""The simple network with each activation; a GRU; two cells with two states; shared parameters."""


@st.composite
def problems(draw: st.DrawFn, network: str | Kind, longest: int = 5) -> Problem:
    """Sequences over a network, away from kinks, down to one step, one unit and two classes."""
    kind = KINDS[network] if isinstance(network, str) else network
    T, H, C = draw(st.integers(1, longest)), draw(st.integers(1, 3)), draw(st.integers(2, 4))
    tokens, given_state = draw(st.booleans()), draw(st.booleans())
    D = C if tokens else draw(st.integers(1, 3))
    gain = draw(st.sampled_from([0.2, 0.6, 1.2]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = {"H": H, "D": D, "C": C}
    theta = kind.theta(
        **{
            name: gain * rng.standard_normal([sizes[axis] for axis in shape])
            for name, shape in kind.shapes.items()
        }
    )
    x = rng.integers(D, size=T) if tokens else rng.standard_normal((T, D))
    initial = {state: rng.standard_normal(H) for state in kind.states} if given_state else None
    problem = Problem(kind, theta, x, rng.integers(C, size=T), initial)
    assume(network != "relu" or np.abs(problem.values["a"]).min() > 1e-9)
    assume(problem.values["E"].min() > 1e-3)  # else ŷ − y has lost its digits
    return problem


def truncations() -> st.SearchStrategy[tv.Truncation]:
    """k1 and k2 below, at and above the lengths of the sequences."""
    return st.builds(tv.Truncation, k1=st.integers(1, 7), k2=st.integers(1, 7))


def keeps(truncation: tv.Truncation, steps: int) -> Array:
    """(T, T): whether k > u(t) − k2, u(t) being the last step of the block of k1 that holds t."""
    starts = range(0, steps, truncation.k1)
    blocks = [range(low, min(low + truncation.k1, steps)) for low in starts]
    last = [max(block) for block in blocks for _ in block]
    t, k = np.mgrid[:steps, :steps]
    return np.asarray((k <= t) & (k > np.array(last)[:, None] - truncation.k2))
