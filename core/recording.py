"""The forward pass: a program run over a sequence, every line's value kept, stacked over time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from core.numbers import Array
from core.program import Edge, Node, Program

Instruction = Iterator[Any]
"""A `map` of a function over columns of arguments: one call for each step."""

BREATH = 64
"""Steps that are run without a break."""


def run(instructions: Iterable[Instruction]) -> None:
    """Calls the instructions of the first step in their order, then those of the next, and so on.

    zip asks each of them for its next call in turn, deque drops the results: a step of an RNN costs
    its three NumPy calls, and no bytecode in between. Now and then there is some: Ctrl-C is heard.
    """
    steps = zip(*instructions, strict=False)
    while next(steps, None) is not None:
        deque(islice(steps, BREATH), maxlen=0)


class Recording:
    """The values of a program over T steps: one array (T, n) for each node, never written again.

    `arrays` has (T, n) per node, a parameter as it is, x and y. A state is kept as (T + 1, n) in
    `histories`, with the initial state before s_0; its (T, n) and the previous state's are views.
    What only a sum reads is not kept.
    """

    def __init__(
        self,
        program: Program,
        theta: Any,
        steps: int,
        dtype: np.dtype[Any],
        arrays: Mapping[Node, Array],
        histories: Mapping[str, Array],
    ) -> None:
        self.program, self.theta, self.steps, self.dtype = program, theta, steps, dtype
        self.arrays, self.histories = arrays, histories

    def coefficients(self, edge: Edge, start: int, stop: int) -> Any:
        """What an edge's partial reads of the tape at start ≤ k < stop: (stop − start, …).

        One matrix or number if the partial is the same at every step.
        """
        node, partial, _ = edge
        return partial.coefficient(self.between(start, stop), node)

    def between(self, start: int, stop: int) -> Callable[[Node], Any]:
        """What gives a node's values at start ≤ k < stop: (stop − start, …); a matrix as it is."""
        if stop - start == self.steps:
            return self.arrays.__getitem__

        def at(node: Node) -> Any:
            array = self.arrays[node]
            return array if node in self.program.matrices else array[start:stop]

        return at

    def size(self, node: Node) -> int:
        """n of a node of the loop."""
        return self.program.size(self.theta, node)

    def prefix(self, steps: int) -> Recording:
        """The first steps alone: views of the same arrays."""
        arrays = {
            node: array if node in self.program.matrices else array[:steps]
            for node, array in self.arrays.items()
        }
        histories = {name: rows[: steps + 1] for name, rows in self.histories.items()}
        return Recording(self.program, self.theta, steps, self.dtype, arrays, histories)


def own(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array, or a copy if somebody could write to it."""
    if array.dtype is dtype and not array.flags.writeable:
        return array
    copy = array.astype(dtype)
    copy.setflags(write=False)
    return copy
