"""Why a term of ∂E_t/∂θ is exactly zero. A zero is not a gradient that vanished, until it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core import symbols
from core.numbers import Array
from core.ops import slope
from core.program import PREVIOUS
from core.records import Record

if TYPE_CHECKING:
    from core.program import Node
    from core.tape import Error, Tape

TOO_SMALL = "its numbers are smaller than any float: it vanished"


class Zero(Record):
    """`symbol` is the first factor that is zero, s₋₁ or δ₃,₂; `reason` says why it is."""

    symbol: str
    reason: str

    def __str__(self) -> str:
        return f"{self.symbol} = 0: {self.reason}"


def why_zero(tape: Tape, t: int, parameter: str, k: int) -> Zero | None:
    """Why the term of step k is zero in every number; None if it is not.

    Raises InputError for a t or a parameter that there is not.
    """
    error = tape.error(t)
    term = error.terms(parameter).at(k)
    if term.norm != 0:
        return None
    return (
        nothing_multiplied(tape, parameter, k)
        or _nothing_arrives(tape, error, parameter, k)
        or Zero(f"{symbols.gradient(t, parameter)}|{symbols.subscript(k)}", TOO_SMALL)
    )


def nothing_multiplied(tape: Tape, parameter: str, k: int) -> Zero | None:
    """What the parameter multiplies at step k, if that is zero: the state, or the one before."""
    reader = tape.program.readers[tape.program.parameters[parameter]][0][0]
    read = reader.operands[0]
    if read is tape.program.previous.get(read.name):
        value = tape.before(k)
    elif read is tape.program.lines.get(read.name):
        value = tape.values[read.name][k]
    else:
        return None
    initial = read.op is PREVIOUS and k == 0
    reason = "the initial state is zero" if initial else "every unit of that state is 0"
    return None if np.any(value) else Zero(symbols.quantity(read, k), reason)


def _nothing_arrives(tape: Tape, error: Error, parameter: str, k: int) -> Zero | None:
    """Where, on the way back from t to k, the cotangent becomes zero."""
    t = error.t
    if not error.adjoints["z"].any():
        return Zero(symbols.adjoint("z", t, t), "the prediction is the target to the last bit")
    if not error.terms(parameter).recurrent:
        return None
    lost = np.flatnonzero(~error.adjoints["a"][k:].any(axis=1))
    if not lost.size:
        return None
    j = k + int(lost[-1])
    arriving = error.adjoints["s"][j]
    if arriving.any():
        return Zero(symbols.adjoint("a", t, j), _blocked(tape, j, arriving))
    matrix, cotangent = _carried(tape, error, j)
    return Zero(symbols.adjoint("s", t, j), _not_carried(matrix, cotangent))


def _blocked(tape: Tape, j: int, arriving: Array) -> str:
    state = tape.program.lines["s"]
    if derivative(tape, state, j)[arriving != 0].any():
        return TOO_SMALL
    return "the derivative is 0 in every unit that the gradient arrives at"


def derivative(tape: Tape, state: Node, j: int) -> Array:
    """The diagonal of ∂s_j/∂a_j, (H,)."""
    return slope(state.op, tape.values[state.name][j])


def _carried(tape: Tape, error: Error, j: int) -> tuple[Array, Array]:
    """∂E_t/∂s_j = Mᵀ g: M and g."""
    if j == error.t:
        return tape.theta.V, error.adjoints["z"][0]
    return tape.theta.W, error.adjoints["a"][j + 1]


def _not_carried(matrix: Array, cotangent: Array) -> str:
    with np.errstate(all="ignore"):
        products = matrix * cotangent[:, None]
    if products.any():
        return "what the units send back cancels"
    if matrix[cotangent != 0].any():
        return TOO_SMALL
    return "the weights on the way back are 0"
