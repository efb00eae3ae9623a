"""The same gradients by PyTorch's autograd, where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from problems import close

import tuiviz as tv

torch: Any = pytest.importorskip("torch")


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_gradients_and_reach_are_those_of_autograd(activation: str) -> None:
    T, H, C = 30, 12, 9
    rng = np.random.default_rng(0)
    theta = tv.Parameters.random(C, H, C, seed=1)
    (x, y), initial = rng.integers(C, size=(2, T)), rng.standard_normal(H)
    tape = tv.record(theta, x, y, initial, activation)

    p = {name: torch.tensor(np.array(getattr(theta, name)), requires_grad=True) for name in "UWVbc"}
    states, s = [], torch.tensor(initial)
    for token in x:
        s = getattr(torch, activation)(p["U"][:, token] + p["W"] @ s + p["b"])
        states.append(s)
    z = torch.stack(states) @ p["V"].T + p["c"]
    errors = torch.nn.functional.cross_entropy(z, torch.tensor(y), reduction="none")

    for found, error in ((tape.gradient(), errors.sum()), (tape.error(20).gradient(), errors[20])):
        expected = torch.autograd.grad(error, list(p.values()), retain_graph=True)
        for name, gradient in zip(p, expected, strict=True):
            close(getattr(found, name), gradient.numpy(), 1e-13, scale=1e-3)
    back = torch.autograd.grad(errors[20], states[:21])
    norms = [float(gradient.norm()) for gradient in back]
    close(tape.reach()[20, :21], norms, 1e-12)
