"""The forward pass: a program run over a sequence, every line's value kept, stacked over time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from core.numbers import Array
from core.program import Edge, Node, Program

Instruction = Iterator[Any]
"""A `map` of a function over columns of arguments: one call for each step."""


def run(instructions: Iterable[Instruction]) -> None:
    """Calls the instructions of the first step in their order, then those of the next, and so on.

    zip asks each of them for its next call in turn, deque drops the results: a step of an RNN costs
    its three NumPy calls, and no bytecode in between.
    """
    deque(zip(*instructions, strict=False), maxlen=0)


@dataclass(frozen=True, eq=False)
class Recording:
    """The values of a program over T steps: one array (T, n) for each node, never written again.

    `arrays` has (T, n) per node, a parameter as it is, x and y. A state is kept as (T + 1, n) in
    `histories`, with the initial state before s_0; its (T, n) and the previous state's are views.
    What only a sum reads (`Program.absorbed`) is not kept.
    """

    program: Program
    theta: Any
    steps: int
    dtype: np.dtype[Any]
    arrays: Mapping[Node, Array]
    histories: Mapping[str, Array]

    def coefficients(self, edge: Edge, start: int, stop: int) -> Any:
        """What an edge's partial reads of the tape at start ≤ k < stop: (stop − start, …).

        One matrix or number if the partial is the same at every step.
        """
        node, partial, _ = edge

        def during(node: Node) -> Any:
            array = self.arrays.get(node)
            return array if array is None or node in self.program.matrices else array[start:stop]

        return partial.coefficient([during(each) for each in node.operands], during(node))

    def size(self, node: Node) -> int:
        """n of a node of the loop."""
        return size(self.program, self.theta, node)

    def prefix(self, steps: int) -> Recording:
        """The first steps alone: views of the same arrays."""
        arrays = {
            node: array if node.op is PARAMETER else array[:steps]
            for node, array in self.arrays.items()
        }
        histories = {name: rows[: steps + 1] for name, rows in self.histories.items()}
        return Recording(self.program, self.theta, steps, self.dtype, arrays, histories)


def size(program: Program, theta: Any, node: Node) -> int:
    """n of a node of the loop, or of a state."""
    parameter, axis = program.sizes[node]
    return int(getattr(theta, parameter).shape[axis])


def theta_dtype(program: Program, theta: Any) -> np.dtype[Any]:
    """The dtype that holds every parameter."""
    return np.result_type(*{getattr(theta, name).dtype for name in program.parameters})


def forward(
    program: Program, theta: Any, x: Array, y: Array, initial: Mapping[str, Array]
) -> Recording:
    """Runs a program over x and y, (T, …) each, from the initial state of each of its states."""
    steps = len(x)
    parameters = {name: getattr(theta, name) for name in program.parameters}
    dtype = theta_dtype(program, theta)
    arrays = {
        leaf: parameters[name].astype(dtype, copy=bool(parameters[name].flags.writeable))
        for name, leaf in program.parameters.items()
    }
    for leaf, array in arrays.items():
        if leaf not in program.matrices:  # a vector is the same at every step
            arrays[leaf] = np.broadcast_to(array, (steps, *array.shape))
    arrays |= zip(program.given, (x, y), strict=True)
    histories = {}
    for name, state in initial.items():
        history = histories[name] = np.empty((steps + 1, len(state)), dtype)
        history[0] = state
        arrays[program.previous[name]], arrays[program.states[name]] = history[:-1], history[1:]
    with np.errstate(all="ignore"):
        _all_at_once(program, program.before, arrays)
        for summand in program.before:
            if program.absorbed.get(summand) in program.loop:
                arrays[program.absorbed[summand]] = arrays.pop(summand)
        for node in program.loop:
            if node not in arrays and node not in program.fleeting:
                arrays[node] = np.empty((steps, size(program, theta, node)), dtype)
        run(_steps(program, theta, dtype, arrays, histories))
        _all_at_once(program, program.after, arrays)
    for array in (*arrays.values(), *histories.values()):
        array.setflags(write=False)
    return Recording(program, theta, steps, dtype, arrays, histories)


def _all_at_once(program: Program, nodes: Iterable[Node], arrays: dict[Node, Array]) -> None:
    for node in nodes:
        # A matrix is the second factor of v Mᵀ.
        operands = [
            arrays[operand].T if operand in program.matrices else arrays[operand]
            for operand in node.operands
        ]
        absorbed = [operand for operand in node.operands if operand in program.absorbed]
        out = arrays.pop(absorbed[0]) if absorbed else None
        arrays[node] = node.op.value(*operands, out)


def _steps(
    program: Program,
    theta: Any,
    dtype: np.dtype[Any],
    arrays: Mapping[Node, Array],
    histories: Mapping[str, Array],
) -> list[Instruction]:
    rows: dict[Node, Iterable[Any]] = {}
    for name, history in histories.items():
        views = list(history)
        rows[program.previous[name]], rows[program.states[name]] = views[:-1], views[1:]
    for node in program.fleeting:
        rows[node] = repeat(np.empty(size(program, theta, node), dtype))
    made: list[Instruction] = []
    for node in program.loop:
        places = [program.absorbed.get(each, each) for each in (*node.operands, node)]
        for place in places:
            if place not in rows:
                array = arrays[place]
                rows[place] = repeat(array.T) if place in program.matrices else list(array)
        made.append(map(node.op.value, *[rows[place] for place in places]))
    return made
