"""from_torch takes θ out of a network in memory; the oracle is PyTorch's loss and gradients."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_conventions import X, Y, refused
from test_submission import read

import tuiviz as tv
from core.parameters import NAMES
from tuiviz.torch import from_torch

D, H, C = 3, 4, 5


def test_pytorch_is_not_imported_before_it_is_asked_for() -> None:
    code = "import sys, tuiviz; tuiviz.from_torch; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with refused("from_torch needs PyTorch: pip install 'tuiviz[torch]'"):
        from_torch(None, None)


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


def network(torch: Any, nonlinearity: str, bias: bool, dtype: str, cell: str) -> tuple[Any, Any]:
    torch.manual_seed(0)
    options = {"nonlinearity": nonlinearity, "bias": bias, "dtype": getattr(torch, dtype)}
    return (
        getattr(torch.nn, cell)(D, H, **options),
        torch.nn.Linear(H, C, bias=bias, dtype=options["dtype"]),
    )


def loss(torch: Any, rnn: Any, readout: Any, state: Any) -> Any:
    """Σ_t E_t as PyTorch has it."""
    x = torch.nn.functional.one_hot(torch.tensor(X), D).to(state.dtype)
    if isinstance(rnn, torch.nn.RNN):
        states, _ = rnn(x, state[None])
    else:
        rows = []
        for row in x:
            state = rnn(row[None], state[None])[0]
            rows.append(state)
        states = torch.stack(rows)
    return torch.nn.functional.cross_entropy(readout(states), torch.tensor(Y), reduction="sum")


cells = pytest.mark.parametrize("cell", ["RNN", "RNNCell"])
activations = pytest.mark.parametrize("activation", ["tanh", "relu"])
biases = pytest.mark.parametrize("bias", [True, False])


@cells
@activations
@biases
@pytest.mark.parametrize(("dtype", "close"), [("float64", 1e-12), ("float32", 1e-5)])
def test_loss_and_gradient_are_pytorch_s(
    torch: Any, tmp_path: Path, cell: str, activation: str, bias: bool, dtype: str, close: float
) -> None:
    rnn, readout = network(torch, activation, bias, dtype, cell)
    state = torch.linspace(-0.5, 0.8, H, dtype=getattr(torch, dtype))
    E = loss(torch, rnn, readout, state)
    E.backward()
    theta = from_torch(rnn, readout)
    assert theta.W.dtype == dtype
    tape = tv.record(theta, X, Y, state.numpy(), activation)
    assert tape.loss == pytest.approx(E.item(), rel=close)

    # As its author would save it.
    content = {"x": X, "y": Y, "h0": state.numpy(), "activation": activation}
    for prefix, module in (("rnn.", rnn), ("decoder.", readout)):
        for name, parameter in module.named_parameters():
            content[prefix + name] = parameter.detach().numpy()
            content["grad." + prefix + name] = parameter.grad.numpy()
    found = read(tmp_path, content)
    assert found.convention.name == "pytorch"
    assert found.single_precision == (dtype == "float32")
    given = NAMES if bias else ("U", "W", "V")
    assert tuple(found.gradients) == given
    for name in given:
        assert np.allclose(getattr(found.theta, name), getattr(theta, name), rtol=1e-6, atol=0)
        right = getattr(tape.gradient(), name)
        assert np.allclose(found.gradients[name], right, rtol=close, atol=close)


def test_what_is_taken_is_a_copy(torch: Any) -> None:
    rnn, readout = network(torch, "tanh", True, "float64", "RNN")
    theta = from_torch(rnn, readout)
    before = theta.W.copy()
    with torch.no_grad():
        rnn.weight_hh_l0.zero_()
    assert np.array_equal(theta.W, before)


def test_what_cannot_be_taken(torch: Any) -> None:
    nn = torch.nn
    readout = nn.Linear(H, C)
    with refused("rnn is of LSTM; expected nn.RNN or nn.RNNCell"):
        from_torch(nn.LSTM(D, H, proj_size=2), readout)
    with refused("rnn is of GRUCell; expected nn.RNN or nn.RNNCell"):
        from_torch(nn.GRUCell(D, H), readout)
    with refused("several layers: it holds rnn.weight_ih_l1; expected one layer"):
        from_torch(nn.RNN(D, H, num_layers=2), readout)
    with refused("two directions: it holds rnn.weight_ih_l0_reverse"):
        from_torch(nn.RNN(D, H, bidirectional=True), readout)
    with refused("readout is of Sequential; expected nn.Linear"):
        from_torch(nn.RNN(D, H), nn.Sequential(readout))
    with refused("readout.weight has shape (5, 3); expected (C, 4), as rnn.weight_hh_l0 is (4, 4)"):
        from_torch(nn.RNN(D, H), nn.Linear(3, C))
    with refused("rnn.weight_ih_l0 has dtype bfloat16; expected float64, float32, float16"):
        from_torch(nn.RNN(D, H, dtype=torch.bfloat16), readout)
    broken = nn.Linear(H, C)
    nn.init.constant_(broken.bias, float("nan"))
    with refused("from_torch: readout.bias has 5 of 5 numbers that are not finite"):
        from_torch(nn.RNN(D, H), broken)
