"""A person's own network, a sequence and their gradients, in one file and by their own names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cells import rnn
from core.errors import InputError
from core.inputs import reading
from core.parameters import Parameters
from core.records import Record
from tuiviz.files.arrays import LIMIT, read_arrays, require_finite, write_arrays
from tuiviz.files.conventions import MATRICES, Convention
from tuiviz.files.disk import StrPath, byte_size, shown
from tuiviz.files.recognition import ACTIVATION, INITIAL_STATES, Match, X, Y, fitting, matches
from tuiviz.files.visible import visible

Array = NDArray[Any]

_LONGEST_WORD = 64


class Submission(Record, eq=False):
    """θ, a sequence and the gradients to check, brought to our names, our layout and float64.

    name: of the file, as it may be shown. x: (T,) tokens or (T, D). y: (T,). initial_state: (H,).
    gradients: of U, W, V, b, c those that were given, NaN and infinities among them; a matrix whose
    transpose would fit stays as it is. single_precision: an array of θ or of the gradients was
    float32. not_checked: gradients of x or of the initial state, by the user's names.
    """

    name: str
    convention: Convention
    theta: Parameters
    x: Array
    y: Array
    initial_state: Array | None
    activation: str
    gradients: dict[str, Array]
    single_precision: bool
    not_checked: tuple[str, ...] = ()


def read_submission(
    path: StrPath, convention: str | None = None, activation: str | None = None
) -> Submission:
    """What an .npz or .safetensors file holds of a network, by any convention of the table.

    x, y: tokens, or x (T, D). s0, h0, a0 or hprev: the initial state, (H,) or with axes of length
    one. activation: a word, as text or as bytes (uint8); the argument goes first; tanh if neither
    is there. Gradients are called dW, grad.W, grad_W or W.grad, for W any name of a parameter.

    Raises InputError for a file that cannot be read, names and shapes that fit no convention, or
    two; tokens that θ does not have; gradients of shapes that are no parameter's, or in float16;
    and numbers that are not finite, but for gradients.
    """
    found: list[Match] = []

    def wanted(names: tuple[str, ...]) -> list[str]:
        found.extend(matches(path, names, convention))
        return [name for name in names if any(name in match.read for match in found)]

    arrays = read_arrays(path, wanted)
    word = arrays.pop(ACTIVATION, None)
    match = fitting(path, found, arrays)
    gradients = {name for names in match.gradients.values() for name in names}
    rest = {name: array for name, array in arrays.items() if name not in gradients}
    require_finite(path, rest)
    try:
        return _submission(shown(path), match, arrays, activation or _word(word))
    except InputError as error:
        raise InputError(f"{shown(path)}: {error}") from error


def write_submission(
    path: StrPath,
    convention: Convention,
    theta: Parameters,
    x: Array,
    y: Array,
    initial_state: Array | None = None,
    gradient: Parameters | None = None,
    *,
    force: bool = False,
) -> None:
    """Writes a file that `read_submission` reads, by the names and in the layout of a convention.

    Raises InputError as `write_arrays` does.
    """
    arrays = {**convention.named(theta), "x": x, "y": y}
    if initial_state is not None:
        arrays[convention.initial_state] = convention.theirs("b", initial_state)
    if gradient is not None:
        arrays |= convention.named_gradient(gradient)
    write_arrays(path, arrays, force=force)


def _submission(
    name: str, match: Match, arrays: Mapping[str, Array], activation: str
) -> Submission:
    double = {name: _double(array) for name, array in arrays.items()}
    theta = match.convention.parameters(double)
    x, y = _sequence(match, double, theta)
    reading(rnn(activation), theta, x, y)
    return Submission(
        name=name,
        convention=match.convention,
        theta=theta,
        x=x,
        y=y,
        initial_state=_initial_state(match, double, theta),
        activation=activation,
        gradients={
            parameter: _gradient(match.convention, parameter, theta, names, arrays)
            for parameter, names in match.gradients.items()
        },
        single_precision=any(
            _single(array) for name, array in arrays.items() if name not in match.beside
        ),
        not_checked=match.not_checked,
    )


def _single(array: Array) -> bool:
    return array.dtype.kind == "f" and array.dtype.itemsize < 8


def _double(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _flat(array: Array) -> Array:
    """(n,) from (n, 1), (1, n), (1, 1, n); what has more than one long axis stays."""
    return array.reshape(-1) if array.ndim and array.size == max(array.shape) else array


def _word(array: Array | None) -> str:
    if array is None:
        return "tanh"
    encoding = "utf-32" if array.dtype.kind == "U" else "utf-8"
    return visible(array.tobytes()[:_LONGEST_WORD].decode(encoding, "replace"))


def _one(match: Match, names: Iterable[str]) -> str | None:
    found = [name for name in names if name in match.beside]
    if len(found) > 1:
        raise InputError(f"holds {' and '.join(found)}, which mean the same; keep one")
    return found[0] if found else None


def _sequence(match: Match, arrays: Mapping[str, Array], theta: Parameters) -> tuple[Array, Array]:
    names = {"x": _one(match, X), "y": _one(match, Y)}
    if missing := [name for name, found in names.items() if found is None]:
        raise InputError(
            f"holds no {' and no '.join(missing)}; expected x, the tokens read, "
            "and y, those that really follow"
        )
    x, y = (arrays[name] for name in names.values() if name)
    y = _flat(y)
    if x.dtype.kind in "iu" and x.size == y.size and theta.inputs > 1:
        x = _flat(x)
    elif x.ndim == 3 and 1 in x.shape and x.size == y.size * theta.inputs:
        x = x.reshape(y.size, theta.inputs)  # a batch of one sequence
    numbers = 3 * y.size * (theta.hidden + theta.outputs)
    if 8 * numbers > LIMIT:
        raise InputError(
            f"T = {y.size}, H = {theta.hidden}, C = {theta.outputs} take {byte_size(8 * numbers)}; "
            f"expected at most {byte_size(LIMIT)}: bring a shorter sequence"
        )
    return x, y


def _initial_state(match: Match, arrays: Mapping[str, Array], theta: Parameters) -> Array | None:
    name = _one(match, INITIAL_STATES)
    if name is None:
        return None
    state, H = _flat(arrays[name]), theta.hidden
    if state.shape != (H,):
        raise InputError(
            f"{name} has shape {arrays[name].shape}; "
            f"expected ({H},), (1, {H}), ({H}, 1) or (1, 1, {H})"
        )
    return state.astype(np.float64)


def _gradient(
    convention: Convention,
    parameter: str,
    theta: Parameters,
    names: tuple[str, ...],
    given: Mapping[str, Array],
) -> Array:
    """One gradient, in our layout. Of arrays that add up each has the same; it is taken once."""
    shape = getattr(theta, parameter).shape
    found = {
        name: _in_our_layout(convention, parameter, shape, name, given[name]) for name in names
    }
    first, *others = names
    for other in others:
        if not _same(found[first], found[other], given[first], given[other]):
            raise InputError(
                f"{visible(first)} and {visible(other)} differ; expected the same numbers, "
                f"as both are the gradient of {convention.written(parameter)}"
            )
    return found[first]


def _in_our_layout(
    convention: Convention, parameter: str, shape: tuple[int, ...], name: str, array: Array
) -> Array:
    if array.dtype == np.float16:
        raise InputError(
            f"{visible(name)} has dtype float16, three digits; expected float64 or float32"
        )
    matrix = parameter in MATRICES
    ours = convention.ours(parameter, array) if matrix else _flat(array)
    if ours.shape not in (shape, shape[::-1]):
        theirs = shape[::-1] if parameter in convention.transposed else shape
        raise InputError(
            f"{visible(name)} has shape {array.shape}; "
            f"expected {theirs}, the shape of {convention.written(parameter)}"
        )
    return ours.astype(np.float64)


def _same(a: Array, b: Array, *given: Array) -> bool:
    """Whether a and b are the same to rounding, in the dtypes that were given; NaN is NaN."""
    if a.shape != b.shape:
        return False
    digits = np.float32 if any(map(_single, given)) else np.float64
    largest = np.abs(a[np.isfinite(a)]).max(initial=0)
    close = largest * np.sqrt(np.finfo(digits).eps)
    return np.allclose(a, b, rtol=0, atol=close, equal_nan=True)
