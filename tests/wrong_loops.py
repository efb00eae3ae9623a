"""Backward passes as people write them by hand, with the lines that people get wrong.

Plain NumPy and loops, sharing nothing with the package. `bugs` names the wrong lines; n is the
number of a truncation. Everything is computed in the precision of the parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

Gradients = dict[str, Any]


@dataclass(frozen=True)
class Exercise:
    """Parameters, tokens read and to be predicted, and the state before the first step."""

    U: Any
    W: Any
    V: Any
    b: Any
    c: Any
    x: Any
    y: Any
    s0: Any

    def astype(self, dtype: Any) -> Exercise:
        arrays = {
            name: getattr(self, name).astype(dtype) for name in ("U", "W", "V", "b", "c", "s0")
        }
        return Exercise(**arrays, x=self.x, y=self.y)


def exercise(seed: int = 0, T: int = 6, H: int = 7, C: int = 5) -> Exercise:
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> Any:
        return rng.uniform(-0.9, 0.9, shape)

    x, y = rng.integers(0, C, T), rng.integers(0, C, T)
    x[-2] = x[1]
    W = draw(H, H) * min(1, 2 / np.sqrt(H))
    return Exercise(draw(H, C), W, draw(C, H), draw(H), draw(C), x, y, draw(H))


def forward(q: Exercise) -> tuple[Any, Any]:
    """s with one row more than steps: s[-1] is the initial state; yhat."""
    T = len(q.x)
    s = np.zeros((T + 1, len(q.W)), q.W.dtype)
    s[-1] = q.s0
    yhat = np.zeros((T, len(q.V)), q.W.dtype)
    for t in range(T):
        s[t] = np.tanh(q.U[:, q.x[t]] + q.W @ s[t - 1] + q.b)
        z = q.V @ s[t] + q.c
        e = np.exp(z - z.max())
        yhat[t] = e / e.sum()
    return s, yhat


def zeros(q: Exercise) -> Gradients:
    return {name: np.zeros_like(getattr(q, name)) for name in ("U", "W", "V", "b", "c")}


def error(q: Exercise, yhat: Any, t: int, bugs: Set[str]) -> Any:
    """dE/dz at one step."""
    target = np.zeros_like(yhat[t])
    target[q.x[t] if "target-not-shifted" in bugs else q.y[t]] = 1
    dz = yhat[t] - target
    if "sign" in bugs:
        dz = target - yhat[t]
    if "target-not-subtracted" in bugs:
        dz = yhat[t].copy()
    if "softmax-twice" in bugs:
        dz = (np.diag(yhat[t]) - np.outer(yhat[t], yhat[t])) @ dz
    if "stops-at-yhat" in bugs:
        dz = -target / yhat[t]
    if "mean" in bugs:
        dz = dz / len(q.x)
    if "mean over a batch" in bugs:
        dz = dz / (len(q.x) * 4)
    if "bits" in bugs:
        dz = dz / np.log(2).astype(dz.dtype)
    return dz


def slope(s: Any, bugs: Set[str]) -> Any:
    """The derivative of tanh, from its value."""
    if "no-tanh-derivative" in bugs:
        return np.ones_like(s)
    if "tanh-twice" in bugs:
        return 1 - np.tanh(s) ** 2
    if "sigmoid's" in bugs:
        return s * (1 - s)
    if "inverse" in bugs:
        return 1 / (1 - s**2)
    if "square" in bugs:
        return (1 - s) ** 2
    if "relu's" in bugs:
        return (s > 0).astype(s.dtype)
    return 1 - s**2


def add(total: Any, term: Any, bugs: Set[str]) -> None:
    """total += term, or = where that is the mistake."""
    if "not-accumulated" in bugs:
        total[...] = 0
    total += term


def carrying(q: Exercise, *bugs: str, n: int = 0) -> Gradients:
    """The usual loop: once from the last step to the first, carrying ds_next."""
    wrong = set(bugs)
    s, yhat = forward(q)
    T, g = len(q.x), zeros(q)
    states = s[:-1]  # s[-1] is the last state here
    steps = range(T - 1, -1, -1)
    if "forward-in-time" in wrong:
        steps = range(T)
    if "stops-at-1" in wrong:
        steps = range(T - 1, 0, -1)
    ds_next = np.zeros_like(q.s0)
    ds: dict[int, Any] = {}
    for t in range(T):
        dz = error(q, yhat, t, wrong)
        if "last-error-only" in wrong and t < T - 1:
            dz = 0 * dz
        if "last-error-truncated" in wrong and t < T - 1:
            dz = 0 * dz
        if "truncated-end" in wrong and t < T - n:
            dz = 0 * dz
        before = s[t - 1] if "dV-previous-state" in wrong else s[t]
        if not ("not-accumulated" in wrong and t):
            g["V"] += np.outer(dz, before)
            g["c"] += dz
        ds[t] = q.V.T @ dz
    deltas = np.zeros_like(states)
    for t in steps:
        if ("truncated-end" in wrong or "last-error-truncated" in wrong) and t < T - n:
            break
        if "truncated-chunks" in wrong and (t + 1) % n == 0:
            ds_next = 0 * ds_next
        f = slope(s[t], wrong)
        if "1 - s[t-1]**2" in wrong:
            f = slope(s[t - 1], wrong)
        if "1 - s[t-1]**2 wraps" in wrong:
            f = slope(states[t - 1], wrong)
        if "1 - s[t+1]**2" in wrong:
            f = slope(s[t + 1], wrong)
        whole = ds[t] + ds_next
        d = whole * f
        if "carry-overwrites" in wrong and t < T - 1:
            d = ds_next * f
        if "no-tanh-derivative-at-start" in wrong:
            d = ds[t] + ds_next * f
        if "no-tanh-derivative-in-recursion" in wrong:
            d = ds[t] * f + ds_next
        if "tanh-derivative-off-by-one" in wrong:
            d = ds[t] * f + ds_next * (slope(s[t + 1], wrong) if t < T - 1 else 0)
        if "tanh-derivative-twice" in wrong:
            d = (ds[t] + ds_next * f) * f
        deltas[t] = d
        before = s[t - 1]
        if "dW-current-state" in wrong:
            before = s[t]
        if "index-wraps" in wrong:
            before = states[t - 1]
        if "initial-state-ignored" in wrong and t == 0:
            before = 0 * q.s0
        add(g["W"], np.outer(before, d) if "dW-transposed" in wrong else np.outer(d, before), wrong)
        column = np.zeros_like(g["U"])
        if "x[t-1]" in wrong:
            column[:, q.x[t - 1]] = d
        elif "x[t+1]" in wrong:
            if t + 1 < T:
                column[:, q.x[t + 1]] = d
        elif "dU[:, x[t]] = d" in wrong:
            g["U"][:, q.x[t]] = d
        else:
            column[:, q.x[t]] = d
        add(g["U"], column, wrong)
        add(g["b"], d, wrong)
        ds_next = (q.W if "W-not-transposed" in wrong else q.W.T) @ d
        if "ds_next = W.T @ ds" in wrong:
            ds_next = q.W.T @ whole
        if "state-constant" in wrong:
            ds_next = 0 * ds_next
    if "repeated-tokens-lost" in wrong:
        g["U"][...] = 0
        g["U"][:, q.x] += deltas.T
    return finished(g, wrong)


def looping(q: Exercise, *bugs: str, n: int = 0) -> Gradients:
    """The double loop: every error goes back to the first step on its own."""
    wrong = set(bugs)
    s, yhat = forward(q)
    T, g = len(q.x), zeros(q)
    carried = np.zeros_like(q.s0)
    for t in range(T - 1, -1, -1):
        dz = error(q, yhat, t, wrong)
        g["V"] += np.outer(dz, s[t])
        g["c"] += dz
        d = (q.V.T @ dz) * slope(s[t], wrong)
        if "start at s[t-1]" in wrong:
            d = (q.V.T @ dz) * slope(s[t - 1], wrong)
        if "start at s[t+1]" in wrong:
            d = (q.V.T @ dz) * slope(s[t + 1], wrong)
        if "double-counting" in wrong:
            d = (q.V.T @ dz + carried) * slope(s[t], wrong)
            carried = q.W.T @ d
        last = -1
        if "truncated-window" in wrong:
            last = max(-1, t - n)
        for k in range(t, last, -1):
            if "longest-path-only" not in wrong or k == 0:
                g["W"] += np.outer(d, s[k - 1])
                g["U"][:, q.x[k]] += d
                g["b"] += d
            if "delta-not-moved" not in wrong:
                step = k if "carry at s[k]" in wrong else k - 1
                step = k - 2 if "carry at s[k-2]" in wrong else step
                d = (q.W.T @ d) * slope(s[step], wrong)
    return finished(g, wrong)


def wrong_at_one_step(q: Exercise, line: str, at: int) -> Gradients:
    """The usual loop with one line that is wrong at one step only, in a way that has no name."""
    s, yhat = forward(q)
    g, ds_next = zeros(q), np.zeros_like(q.s0)
    rng = np.random.default_rng(at)
    for t in range(len(q.x) - 1, -1, -1):

        def bent(name: str, array: Any, t: int = t) -> Any:
            """The array, or another one where the mistake is."""
            wrong = (name, t) == (line, at)
            return array + 0.1 * rng.standard_normal(array.shape) if wrong else array

        dz = yhat[t].copy()
        dz[q.y[t]] -= 1
        dz = bent("error", dz)
        g["V"] += np.outer(dz, bent("dV", s[t]))
        g["c"] += bent("dc", dz)
        d = (bent("join", q.V.T @ dz) + bent("carry", ds_next)) * (1 - s[t] ** 2)
        g["W"] += np.outer(d, bent("dW", s[t - 1]))
        g["U"][:, q.x[t]] += bent("dU", d)
        g["b"] += bent("db", d)
        ds_next = q.W.T @ d
    return g


def halved_at_one_step(q: Exercise, at: int) -> Gradients:
    """The usual loop; what comes back to one step is halved there."""
    s, yhat = forward(q)
    g, ds_next = zeros(q), np.zeros_like(q.s0)
    for t in range(len(q.x) - 1, -1, -1):
        dz = yhat[t].copy()
        dz[q.y[t]] -= 1
        d = (q.V.T @ dz + (ds_next / 2 if t == at else ds_next)) * (1 - s[t] ** 2)
        g["V"] += np.outer(dz, s[t])
        g["c"] += dz
        g["W"] += np.outer(d, s[t - 1])
        g["U"][:, q.x[t]] += d
        g["b"] += d
        ds_next = q.W.T @ d
    return g


def finished(g: Gradients, wrong: Set[str]) -> Gradients:
    """What is done after the loop."""
    if "row-convention" in wrong:
        g = {**g, **{name: g[name].T for name in ("U", "W", "V")}}
    if "doubled" in wrong:
        g = {name: array + array for name, array in g.items()}
    return g


def clipped_elementwise(g: Gradients, c: float) -> Gradients:
    return {name: np.minimum(np.maximum(array, -c), c) for name, array in g.items()}


def clipped_global_norm(g: Gradients, c: float) -> Gradients:
    norm = np.sqrt(sum((array**2).sum() for array in g.values()))
    return {name: array * (c / norm if norm > c else 1) for name, array in g.items()}


def clipped_matrix_norm(g: Gradients, c: float) -> Gradients:
    def one(array: Any) -> Any:
        norm = np.sqrt((array**2).sum())
        return array * (c / norm if norm > c else 1)

    return {name: one(array) for name, array in g.items()}


# Codes as they stand in the wild, from their descriptions


def tutorial(q: Exercise, truncate: int) -> Gradients:
    """A well-known tutorial: its loop of a truncated window runs one step further than it says."""
    s, o = forward(q)
    T, g = len(q.y), zeros(q)
    delta_o = o.copy()
    delta_o[np.arange(len(q.y)), q.y] -= 1
    for t in np.arange(T)[::-1]:
        g["V"] += np.outer(delta_o[t], s[t].T)
        delta_t = q.V.T.dot(delta_o[t]) * (1 - (s[t] ** 2))
        for step in np.arange(max(0, t - truncate), t + 1)[::-1]:
            g["W"] += np.outer(delta_t, s[step - 1])
            g["U"][:, q.x[step]] += delta_t
            delta_t = q.W.T.dot(delta_t) * (1 - s[step - 1] ** 2)
    return {name: g[name] for name in ("U", "V", "W")}


def scan_truncated_at_the_end(q: Exercise, n: int) -> Gradients:
    """A graph library's scan whose gradient stops n steps before the end; V is read inside it."""
    s, o = forward(q)
    T, g = len(q.y), zeros(q)
    carry = np.zeros_like(q.s0)
    for t in range(T - 1, max(-1, T - 1 - n), -1):
        e = o[t].copy()
        e[q.y[t]] -= 1
        g["V"] += np.outer(e, s[t])
        delta = (q.V.T @ e + carry) * (1 - s[t] * s[t])
        g["U"][:, q.x[t]] += delta
        g["W"] += np.outer(delta, s[t - 1])
        carry = q.W.T @ delta
    return {name: g[name] for name in ("U", "V", "W")}


def character_model(q: Exercise, limit: float) -> Gradients:
    """A minimal character model: columns, one-hot inputs, and gradients clipped in place."""
    xs, hs, ps = {}, {-1: q.s0.reshape(-1, 1)}, {}
    for t in range(len(q.x)):
        xs[t] = np.zeros((q.U.shape[1], 1))
        xs[t][q.x[t]] = 1
        hs[t] = np.tanh(np.dot(q.U, xs[t]) + np.dot(q.W, hs[t - 1]) + q.b.reshape(-1, 1))
        y = np.dot(q.V, hs[t]) + q.c.reshape(-1, 1)
        ps[t] = np.exp(y) / np.sum(np.exp(y))
    dWxh, dWhh, dWhy = np.zeros_like(q.U), np.zeros_like(q.W), np.zeros_like(q.V)
    dbh, dby = np.zeros((len(q.b), 1)), np.zeros((len(q.c), 1))
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(q.x))):
        dy = np.copy(ps[t])
        dy[q.y[t]] -= 1
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(q.V.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += dhraw
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(q.W.T, dhraw)
    for dparam in [dWxh, dWhh, dWhy, dbh, dby]:
        np.clip(dparam, -limit, limit, out=dparam)
    return {"U": dWxh, "W": dWhh, "V": dWhy, "b": dbh, "c": dby}


Loop = Callable[..., Gradients]
BOTH: tuple[Loop, ...] = (carrying, looping)

# Each row of the catalogue, as a loop and the names of its bugs; those with an n apart.
ROWS: list[tuple[str, Loop, tuple[str, ...]]] = [
    *[(bug, loop, (bug,)) for loop in BOTH for bug in (
        "sign", "target-not-subtracted", "softmax-twice", "stops-at-yhat", "mean", "bits",
        "doubled", "target-not-shifted", "no-tanh-derivative", "tanh-twice", "row-convention",
    )],
    *[("other-derivative", loop, (bug,)) for loop in BOTH for bug in (
        "sigmoid's", "inverse", "square", "relu's",
    )],
    *[(bug, carrying, (bug,)) for bug in (
        "last-error-only", "dV-previous-state", "state-constant", "no-tanh-derivative-at-start",
        "no-tanh-derivative-in-recursion", "tanh-derivative-off-by-one", "W-not-transposed",
        "tanh-derivative-twice", "forward-in-time", "carry-overwrites", "dW-current-state",
        "dW-transposed", "index-wraps", "stops-at-1", "initial-state-ignored", "not-accumulated",
        "repeated-tokens-lost",
    )],
    *[(bug, looping, (bug,)) for bug in (
        "longest-path-only", "delta-not-moved", "double-counting",
    )],
    *[("tanh-derivative-off-by-one", loop, (bug,)) for loop, bug in (
        (carrying, "1 - s[t-1]**2"), (carrying, "1 - s[t-1]**2 wraps"), (carrying, "1 - s[t+1]**2"),
        (looping, "start at s[t-1]"), (looping, "start at s[t+1]"), (looping, "carry at s[k]"),
        (looping, "carry at s[k-2]"),
    )],
    ("no-tanh-derivative-in-recursion", carrying, ("ds_next = W.T @ ds",)),
    ("mean", carrying, ("mean over a batch",)),
    ("dU-input-off-by-one", carrying, ("x[t-1]",)),
    ("dU-input-off-by-one", carrying, ("x[t+1]",)),
    ("repeated-tokens-lost", carrying, ("dU[:, x[t]] = d",)),
]  # fmt: skip
COUNTED: list[tuple[str, Loop]] = [
    ("truncated-window", looping),
    ("truncated-chunks", carrying),
    ("truncated-end", carrying),
    ("last-error-truncated", carrying),
]
CLIPS = {
    "clipped-elementwise": clipped_elementwise,
    "clipped-global-norm": clipped_global_norm,
    "clipped-matrix-norm": clipped_matrix_norm,
}
