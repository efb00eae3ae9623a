"""The cells that come with tuiviz: their equations, in the lecture's letters."""

from __future__ import annotations

from functools import cache
from typing import Any

from core import ops
from core.errors import InputError
from core.program import Cell, Node, cross_entropy, elementwise, softmax


def rnn(activation: str = "tanh") -> Cell:
    """The simple recurrent network (Elman, 1990) with a softmax readout.

    a = U x + W s₋₁ + b,   s = f(a),   z = V s + c,   ŷ = softmax(z),   E = −log ŷ[y]

    Raises InputError for an unknown activation f.
    """
    if not isinstance(activation, str) or activation not in ops.ACTIVATIONS:
        raise InputError(f'activation "{activation}": expected {", ".join(ops.ACTIVATIONS)}')
    return _rnn(activation)


@cache
def _rnn(activation: str) -> Cell:
    f = elementwise(ops.ACTIVATIONS[activation])

    def equations(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
        a = p.U @ x + p.W @ previous.s + p.b
        s = f(a)
        z = p.V @ s + p.c
        yhat = softmax(z)
        return {"a": a, "s": s, "z": z, "yhat": yhat, "E": cross_entropy(yhat, y)}

    return Cell("rnn", activation, equations)
