"""What is read: a sequence and an initial state, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.numbers import Array, as_array
from core.program import Cell, Program, trace
from core.records import Record
from core.sizes import require_room
from core.theta import dtype_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Reading(Record, eq=False):
    """A sequence as a program reads it: x, y, and s₋₁ of each state; never written again."""

    program: Program
    x: Array  # (T,) tokens or (T, D)
    y: Array  # (T,) tokens
    initial: Mapping[str, Array]


def reading(
    cell: Cell,
    theta: Any,
    x: ArrayLike,
    y: ArrayLike,
    initial_state: ArrayLike | Mapping[str, ArrayLike] | None = None,
) -> Reading:
    """A sequence that a cell with the parameters θ is to read, as `record` takes it.

    Raises InputError for shapes that do not fit θ, for tokens that it does not have, and for a tape
    that would take too much memory.
    """
    x, y = as_array("x", x), as_array("y", y)
    tokens = x.ndim == 1
    program = trace(cell, tokens)
    require_parameters(program, theta)
    _check_sequence(program, theta, x, y)
    initial = _initial_states(program, theta, initial_state)
    _require_room(len(y), sum(map(len, initial.values())), program.widths(theta)[1])
    x = np.array(x, np.intp if tokens else dtype_of(theta, program.parameters))
    y = np.array(y, np.intp)
    for array in (x, y):
        array.setflags(write=False)
    return Reading(program, x, y, initial)


def require_parameters(program: Program, theta: Any) -> None:
    """Raises InputError for a θ without an array that the cell reads."""
    missing = [name for name in program.parameters if not hasattr(theta, name)]
    if missing:
        raise InputError(
            f"θ is of type {type(theta).__name__}, without {', '.join(missing)}; expected "
            f"Parameters, or a dataclass of the arrays that the cell {program.cell.name} reads"
        )


def _require_room(steps: int, hidden: int, outputs: int) -> None:
    """a and s, z, ŷ and what is left of them on the way."""
    what = f"a tape of T = {steps}, H = {hidden}, C = {outputs}"
    require_room(what, 8 * steps * (2 * hidden + 3 * outputs), "record a shorter sequence")


def _check_sequence(program: Program, theta: Any, x: Array, y: Array) -> None:
    if y.ndim != 1 or x.ndim not in (1, 2) or len(x) != len(y) or not len(y):
        raise InputError(
            f"x has shape {x.shape} and y {y.shape}; expected (T,) or (T, D), and (T,), with T ≥ 1"
        )
    inputs, outputs = program.widths(theta)
    if x.ndim == 2:
        if x.shape[1] != inputs or x.dtype.kind not in "fiuc":
            raise InputError(f"x has shape {x.shape} of {x.dtype}; expected numbers (T, {inputs})")
    else:
        _check_tokens("x", x, inputs)
    _check_tokens("y", y, outputs)


def _check_tokens(name: str, tokens: Array, size: int) -> None:
    if tokens.dtype.kind not in "iu":
        raise InputError(f"{name} has dtype {tokens.dtype}; expected integers, the tokens' ids")
    # Of a negative id, the same bits as an unsigned number are large.
    if np.maximum.reduce(tokens.astype(np.uintp)) >= size:
        t, wrong = next((t, int(i)) for t, i in enumerate(tokens) if not 0 <= i < size)
        raise InputError(
            f"{name} holds the token {wrong} at t = {t}; θ has the tokens 0 to {size - 1}"
        )


def _initial_states(
    program: Program, theta: Any, given: ArrayLike | Mapping[str, ArrayLike] | None
) -> dict[str, Array]:
    """s₋₁ of each state, zero unless given."""
    found = {name: np.zeros(program.size(theta, state)) for name, state in program.states.items()}
    if given is None:
        return found
    for name, value in (given if isinstance(given, Mapping) else {program.state: given}).items():
        if name not in found:
            raise InputError(f'initial state of "{name}"; expected {", ".join(found)}')
        state, expected = as_array("the initial state", value), found[name].shape
        if state.shape != expected or state.dtype.kind not in "fiuc":
            raise InputError(
                f"the initial state has shape {state.shape}; expected numbers ({expected[0]},)"
            )
        found[name] = state
    return found
