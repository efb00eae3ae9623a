"""θ of a network in PyTorch, which is imported when it is asked for and nowhere else."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from core.errors import InputError
from core.parameters import Parameters
from tuiviz.files.arrays import Array, require_finite
from tuiviz.files.recognition import fitting, matches

_NAME = "from_torch"
_DTYPES = ("float64", "float32", "float16")


def from_torch(rnn: Any, readout: Any) -> Parameters:
    """θ of an nn.RNN or nn.RNNCell and the nn.Linear that reads its state; copied, not shared.

        U = weight_ih,   W = weight_hh,   b = bias_ih + bias_hh,   V = weight,   c = bias

    float32 stays float32, float16 becomes float64. The activation is no part of θ: give
    `record` activation=rnn.nonlinearity.

    Raises InputError without PyTorch (pip install 'tuiviz[torch]'); for another cell, several
    layers, two directions, another readout; for sizes that do not fit each other, other dtypes, and
    numbers that are not finite.
    """
    nn = _torch().nn
    _check_module("rnn", rnn, nn.RNN, nn.RNNCell)
    _check_module("readout", readout, nn.Linear)
    arrays = {**_arrays("rnn", rnn), **_arrays("readout", readout)}
    found = matches(_NAME, arrays, "pytorch")
    require_finite(_NAME, arrays)
    return fitting(_NAME, found, arrays).convention.parameters(arrays)


def _torch() -> Any:
    try:
        return import_module("torch")
    except ImportError as error:
        raise InputError(
            f"{_NAME} needs PyTorch: pip install 'tuiviz[torch]'; a safetensors file of the "
            "network needs none, see load_parameters"
        ) from error


def _check_module(name: str, module: Any, *allowed: type) -> None:
    if not isinstance(module, allowed):
        expected = " or ".join(f"nn.{each.__name__}" for each in allowed)
        raise InputError(f"{_NAME}: {name} is of {type(module).__name__}; expected {expected}")


def _arrays(prefix: str, module: Any) -> dict[str, Array]:
    return {
        f"{prefix}.{name}": _array(f"{prefix}.{name}", tensor)
        for name, tensor in module.state_dict().items()
    }


def _array(name: str, tensor: Any) -> Array:
    dtype = str(tensor.dtype).removeprefix("torch.")
    if dtype not in _DTYPES:
        raise InputError(
            f"{_NAME}: {name} has dtype {dtype}; expected {', '.join(_DTYPES)}: "
            "convert it, as .float() does"
        )
    array: Array = tensor.detach().cpu().numpy()
    return array
