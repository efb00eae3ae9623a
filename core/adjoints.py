"""What a backward sweep leaves: ∂E/∂node of every node, and from it ∂E/∂θ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np

from core.numbers import Array
from core.program import Edge, Node, Stage
from core.recording import Recording


@dataclass(frozen=True)
class Adjoints:
    """∂E/∂node for E a sum of errors: a row for each step.

    Those of the readout start at step `readout`, those of the recurrence at step `loop`.
    """

    tape: Recording
    cotangents: Mapping[Node, Array]
    readout: int
    loop: int

    def start(self, node: Node) -> int:
        """The step of the first row of a node's adjoints."""
        return self.readout if self.tape.program.stages[node] is Stage.AFTER else self.loop

    def of(self, node: Node) -> Array:
        """The adjoints of a node, a row for each step."""
        return self.cotangents[self.tape.program.aliases.get(node, node)]

    def edges(self, parameter: str) -> list[Edge]:
        """Where a parameter is read, towards the loss."""
        program = self.tape.program
        leaf = program.parameters.get(parameter)
        return program.readers.get(leaf, []) if leaf else []

    def gradient(self, first: int = 0) -> Any:
        """The sum of the terms k ≥ first, in the type and the shapes of the parameters."""
        theta = self.tape.theta
        with np.errstate(all="ignore"):
            return _like(theta, {name: self.total(name, first) for name in _names(theta.__class__)})

    def total(self, parameter: str, first: int = 0, stop: int | None = None) -> Array:
        """The sum of the terms first ≤ k < stop of one parameter, in its shape."""
        shape = getattr(self.tape.theta, parameter).shape
        totals = [
            edge[1].total(*self.rows(edge, first, stop), shape) for edge in self.edges(parameter)
        ]
        found: Array = sum(totals[1:], start=totals[0]) if totals else np.zeros(shape)
        found.setflags(write=False)
        return found

    def rows(self, edge: Edge, first: int = 0, stop: int | None = None) -> tuple[Array, Any]:
        """The adjoints of an edge's reader, and what its partial reads, for first ≤ k < stop."""
        reader = edge[0]
        g, start = self.of(reader), self.start(reader)
        if stop is not None:
            g = g[: max(0, stop - start)]
        if first > start:
            g, start = g[first - start :], first
        return g, self.tape.coefficients(edge, start, start + len(g))


@cache
def _names(theta: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(theta))


def _like(theta: Any, arrays: Mapping[str, Array]) -> Any:
    """The type of θ with other arrays of the same shapes, which need no second check."""
    made = object.__new__(type(theta))
    for name, array in arrays.items():
        object.__setattr__(made, name, array)
    return made
