"""The same gradients by other means: PyTorch, JAX, and the double loop of the lectures.

Everyone gets the form that was fastest here of those that people would write. Inputs are
converted outside the timing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from measure import Answer, Array, Peer, installed

# isort: split
import numpy as np

import tuiviz as tv

torch = installed("torch")
jax = installed("jax")
jnp = installed("jax.numpy")

NAMES = ("U", "W", "V", "b", "c")

if torch:
    torch.set_num_threads(1)
if jax:
    jax.config.update("jax_enable_x64", True)


@dataclass(frozen=True)
class Problem:
    """A network with D = C and T tokens to read; x and y are (T,)."""

    theta: tv.Parameters
    x: Array
    y: Array

    @classmethod
    def random(cls, T: int, H: int, C: int) -> Self:
        x, y = np.random.default_rng(1).integers(0, C, (2, T))
        return cls(tv.Parameters.random(inputs=C, hidden=H, outputs=C, seed=0), x, y)

    @property
    def arrays(self) -> list[Array]:
        """U, W, V, b, c: copies that a framework may take for its own."""
        return [np.array(getattr(self.theta, name)) for name in NAMES]


def _gradients(found: Any) -> Answer:
    return {name: np.asarray(array) for name, array in zip(NAMES, found, strict=False)}


def _norms(found: Any) -> Answer:
    return {"reach": np.asarray(found)}


# ---- ours


def our_gradient(problem: Problem) -> Peer:
    theta, x, y = problem.theta, problem.x, problem.y

    def run() -> tv.Parameters:
        found: tv.Parameters = tv.record(theta, x, y).gradient()
        return found

    return Peer("tuiviz", run, lambda g: _gradients(getattr(g, name) for name in NAMES))


def our_reach(problem: Problem) -> Peer:
    theta, x, y = problem.theta, problem.x, problem.y
    return Peer("tuiviz", lambda: tv.record(theta, x, y).reach(), _norms)


# ---- the double loop


def double_loop(problem: Problem) -> Peer:
    """From every error back to the start, an outer product at a time; no b, no c."""
    (U, W, V, *_), x, y = problem.arrays, problem.x, problem.y
    T, H = len(x), len(W)

    def forward() -> tuple[Array, Array]:
        s, yhat = np.zeros((T + 1, H)), np.zeros((T, len(V)))  # s[-1] is the initial state
        for t in range(T):
            s[t] = np.tanh(U[:, x[t]] + W.dot(s[t - 1]))
            z = V.dot(s[t])
            e = np.exp(z - z.max())
            yhat[t] = e / e.sum()
        return s, yhat

    def run() -> list[Array]:
        s, error = forward()
        dU, dW, dV = np.zeros_like(U), np.zeros_like(W), np.zeros_like(V)
        error[np.arange(T), y] -= 1
        for t in reversed(range(T)):
            dV += np.outer(error[t], s[t])
            delta = V.T.dot(error[t]) * (1 - s[t] ** 2)
            for k in reversed(range(t + 1)):
                dW += np.outer(delta, s[k - 1])
                dU[:, x[k]] += delta
                delta = W.T.dot(delta) * (1 - s[k - 1] ** 2)
        return [dU, dW, dV]

    return Peer("double loop in NumPy", run, _gradients)


# ---- PyTorch


def torch_rnn(problem: Problem) -> Peer:
    """nn.RNN reads one-hot vectors (gathered rows through an identity take as long).

    Its second bias is kept at zero and out of the gradient: twice the same would be wasted time.
    A batch of one was faster than none.
    """
    U, W, V, b, c = map(torch.from_numpy, problem.arrays)
    hidden, inputs = U.shape
    rnn = torch.nn.RNN(inputs, hidden, nonlinearity="tanh", dtype=torch.float64)
    readout = torch.nn.Linear(hidden, len(V), dtype=torch.float64)
    wrt = [rnn.weight_ih_l0, rnn.weight_hh_l0, readout.weight, rnn.bias_ih_l0, readout.bias]
    with torch.no_grad():
        rnn.bias_hh_l0.zero_()
        for parameter, value in zip(wrt, (U, W, V, b, c), strict=True):
            parameter.copy_(value)
    rnn.bias_hh_l0.requires_grad_(False)
    x, y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
    one_hot = torch.nn.functional.one_hot(x, inputs).to(torch.float64)[:, None]  # (T, 1, D)

    def run() -> Any:
        z = readout(rnn(one_hot)[0][:, 0])
        loss = torch.nn.functional.cross_entropy(z, y, reduction="sum")
        return torch.autograd.grad(loss, wrt)

    return Peer("PyTorch, nn.RNN", run, _gradients)


def _unrolled_states(rows: Any, W: Any) -> list[Any]:
    state, states = torch.zeros(len(W), dtype=torch.float64), []
    for row in rows.unbind():
        state = torch.tanh(torch.addmv(row, W, state))
        states.append(state)
    return states


def torch_unrolled(problem: Problem) -> Peer:
    """A loop in Python, with gathered rows of U and one product for all readouts."""
    wrt = [torch.from_numpy(array).requires_grad_() for array in problem.arrays]
    U, W, V, b, c = wrt
    x, y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)

    def run() -> Any:
        states = _unrolled_states(torch.nn.functional.embedding(x, U.T) + b, W)
        z = torch.nn.functional.linear(torch.stack(states), V, c)
        return torch.autograd.grad(torch.nn.functional.cross_entropy(z, y, reduction="sum"), wrt)

    return Peer("PyTorch, unrolled loop", run, _gradients)


def torch_passes(problem: Problem) -> Peer:
    """One forward pass, then a backward pass from every E_t.

    Readout and error step by step, so that a pass visits no step after its own; only the states
    require a gradient. nn.RNNCell takes twice as long, all passes in one (`is_grads_batched`)
    one and a half times.
    """
    U, W, V, b, c = map(torch.from_numpy, problem.arrays)
    x, y = torch.from_numpy(problem.x), torch.from_numpy(problem.y)
    cross_entropy = torch.nn.functional.cross_entropy

    def run() -> Any:
        rows = (torch.nn.functional.embedding(x, U.T) + b).requires_grad_()
        states = _unrolled_states(rows, W)
        pairs = zip(states, y.unbind(), strict=True)
        errors = [cross_entropy(torch.addmv(c, V, s), y_t) for s, y_t in pairs]
        reach = torch.zeros(len(x), len(x), dtype=torch.float64)
        for t, error in enumerate(errors):
            cotangents = torch.autograd.grad(error, states[: t + 1], retain_graph=True)
            reach[t, : t + 1] = torch.linalg.vector_norm(torch.stack(cotangents), dim=1)
        return reach

    return Peer("PyTorch, T backward passes", run, _norms)


# ---- JAX


def _jax_errors(theta: Any, x: Any, y: Any, nudges: Any = 0.0) -> Any:
    """E_t, (T,), when the states are nudged by (T, H).

    `s @ W.T` is compiled to the faster code, forward and backward; unrolling the scan gains
    nothing on the whole.
    """
    U, W, V, b, c = theta
    nudges = jnp.broadcast_to(nudges, (len(x), len(W)))

    def step(state: Any, inputs: Any) -> tuple[Any, Any]:
        row, nudge = inputs
        state = jnp.tanh(row + state @ W.T) + nudge
        return state, state

    _, states = jax.lax.scan(step, jnp.zeros(len(W)), (U.T[x] + b, nudges))
    z = states @ V.T + c
    return jax.nn.logsumexp(z, axis=1) - z[jnp.arange(len(y)), y]


def _jax_inputs(problem: Problem) -> tuple[Any, Any, Any]:
    return [jnp.asarray(a) for a in problem.arrays], jnp.asarray(problem.x), jnp.asarray(problem.y)


def jax_scan(problem: Problem) -> Peer:
    """jit(value_and_grad) of lax.scan, with gathered rows of U."""
    inputs = _jax_inputs(problem)
    compiled = jax.jit(jax.value_and_grad(lambda *inputs: _jax_errors(*inputs).sum()))
    return Peer(
        "JAX, compiled scan",
        lambda: jax.block_until_ready(compiled(*inputs))[1],
        _gradients,
    )


def jax_jacrev(problem: Problem) -> Peer:
    """The norms of jit(jacrev) with respect to nudges of the states, all zero."""
    inputs = _jax_inputs(problem)
    nudges = jnp.zeros((len(problem.x), len(problem.theta.W)))

    @jax.jit  # type: ignore[untyped-decorator,unused-ignore]
    def compiled(theta: Any, x: Any, y: Any) -> Any:
        jacobians = jax.jacrev(lambda nudges: _jax_errors(theta, x, y, nudges))(nudges)
        return jnp.linalg.norm(jacobians, axis=2)

    return Peer("JAX, compiled jacrev", lambda: jax.block_until_ready(compiled(*inputs)), _norms)


# ---- who takes part


def gradient_peers(problem: Problem) -> Iterator[Peer]:
    if torch:
        yield torch_rnn(problem)
        yield torch_unrolled(problem)
    if jax:
        yield jax_scan(problem)
    if len(problem.x) <= 100:  # its time grows with T²H²
        yield double_loop(problem)


def reach_peers(problem: Problem) -> Iterator[Peer]:
    if torch:
        yield torch_passes(problem)
    if jax:
        yield jax_jacrev(problem)
