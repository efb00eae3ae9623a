"""What a backward sweep leaves: ∂E/∂node of every node, and from it ∂E/∂θ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.numbers import Array
from core.program import Edge, Node, Stage
from core.recording import Recording
from core.schedule import schedule
from core.theta import like, names


@dataclass(eq=False)
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
        return like(theta, {name: self.total(name, first) for name in names(theta.__class__)})

    def total(self, parameter: str, first: int = 0, stop: int | None = None) -> Array:
        """The sum of the terms first ≤ k < stop of one parameter, in its shape."""
        shape = getattr(self.tape.theta, parameter).shape
        found: Array | None = None
        for edge, reader, after in schedule(self.tape.program).reads.get(parameter, ()):
            g, start = self.cotangents[reader], self.readout if after else self.loop
            if stop is not None:
                g = g[: max(0, stop - start)]
            if first > start:
                g, start = g[first - start :], first
            read = self.tape.coefficients(edge, start, start + len(g))
            part = edge[1].total(g, read, shape)
            found = part if found is None else found + part
        return np.zeros(shape, self.tape.dtype) if found is None else found

    def rows(self, edge: Edge) -> tuple[Array, Any]:
        """The adjoints of an edge's reader, and what its partial reads, a row for each step."""
        g, start = self.of(edge[0]), self.start(edge[0])
        return g, self.tape.coefficients(edge, start, start + len(g))
