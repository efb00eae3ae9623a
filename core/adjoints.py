"""What a backward sweep leaves: ∂E/∂node of every node, and from it ∂E/∂θ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from core.numbers import Array
from core.ops import Shape
from core.program import Edge, Node, Stage
from core.recording import Recording
from core.schedule import Read, schedule
from core.theta import like, names

_Window = tuple[Callable[[Node], Any], slice]
"""Some steps: what gives a node's values in them, and the rows of its adjoints."""


class Adjoints:
    """∂E/∂node for E a sum of errors: a row for each step.

    Those of the readout start at step `readout`, those of the recurrence at step `loop`; both end
    before step `stop`.
    """

    def __init__(
        self, tape: Recording, cotangents: Mapping[Node, Array], readout: int, loop: int, stop: int
    ) -> None:
        self.tape, self.cotangents = tape, cotangents
        self.readout, self.loop, self.stop = readout, loop, stop

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
        theta, windows = self.tape.theta, self._windows(first, self.stop)
        reads = schedule(self.tape.program).reads
        found = {
            name: self._total(reads.get(name, ()), windows, getattr(theta, name).shape)
            for name in names(theta.__class__)
        }
        return like(theta, found)

    def total(self, parameter: str, first: int = 0, stop: int | None = None) -> Array:
        """The sum of the terms first ≤ k < stop of one parameter, in its shape."""
        reads = schedule(self.tape.program).reads.get(parameter, ())
        shape = getattr(self.tape.theta, parameter).shape
        return self._total(reads, self._windows(first, self.stop if stop is None else stop), shape)

    def _windows(self, first: int, stop: int) -> tuple[_Window, _Window]:
        """The steps first ≤ k < stop of the recurrence, and of the readout."""
        return self._window(self.loop, first, stop), self._window(self.readout, first, stop)

    def _window(self, start: int, first: int, stop: int) -> _Window:
        low = max(start, first)
        high = max(low, stop)
        return self.tape.between(low, high), slice(low - start, high - start)

    def _total(
        self, reads: Iterable[Read], windows: tuple[_Window, _Window], shape: Shape
    ) -> Array:
        found: Array | None = None
        for (node, partial, _), reader, after in reads:
            at, rows = windows[after]
            part = partial.total(
                self.cotangents[reader][rows], partial.coefficient(at, node), shape
            )
            found = part if found is None else found + part
        return np.zeros(shape, self.tape.dtype) if found is None else found

    def rows(self, edge: Edge) -> tuple[Array, Any]:
        """The adjoints of an edge's reader, and what its partial reads, a row for each step."""
        return self.of(edge[0]), self.tape.coefficients(edge, self.start(edge[0]), self.stop)
