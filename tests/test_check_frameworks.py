"""The gradients of PyTorch and JAX are right, in both precisions. Where they are installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from wrong_loops import Exercise, exercise

import tuiviz as tv

DTYPES = ("float64", "float32")


def report(q: Exercise, gradients: dict[str, Any]) -> Any:
    theta = tv.Parameters(U=q.U, W=q.W, V=q.V, b=q.b, c=q.c)
    return tv.check(theta, q.x, q.y, gradients, initial_state=q.s0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(5))
def test_pytorch_is_right(seed: int, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    q = exercise(seed, T=9, H=6, C=5).astype(dtype)
    parameters = {name: torch.tensor(getattr(q, name), requires_grad=True) for name in "UWVbc"}
    s, loss = torch.tensor(q.s0), 0
    for token, target in zip(q.x, q.y, strict=True):
        p = parameters
        s = torch.tanh(p["U"][:, int(token)] + p["W"] @ s + p["b"])
        loss = loss - torch.log_softmax(p["V"] @ s + p["c"], 0)[int(target)]
    loss.backward()  # type: ignore[attr-defined]  # a tensor by now
    found = report(q, {name: p.grad.numpy() for name, p in parameters.items()})
    assert found.verdict == "right"
    assert found.accuracy == "rounding"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("seed", range(5))
def test_jax_is_right(seed: int, dtype: str) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    q = exercise(seed, T=9, H=6, C=5).astype(dtype)

    def loss(p: dict[str, Any]) -> Any:
        def step(s: Any, token: Any) -> tuple[Any, Any]:
            s = jnp.tanh(p["U"][:, token] + p["W"] @ s + p["b"])
            return s, jax.nn.log_softmax(p["V"] @ s + p["c"])

        _, log = jax.lax.scan(step, jnp.asarray(q.s0), jnp.asarray(q.x))
        return -log[np.arange(len(q.y)), q.y].sum()

    gradients = jax.grad(loss)({name: jnp.asarray(getattr(q, name)) for name in "UWVbc"})
    found = report(q, {name: np.asarray(array) for name, array in gradients.items()})
    assert found.verdict == "right"
    assert found.accuracy == "rounding"
