"""The forward pass: a program run over a sequence, every line's value kept, stacked over time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from core.inputs import Reading
from core.numbers import Array
from core.program import Edge, Node, Program
from core.schedule import Bulk, Schedule, schedule
from core.theta import dtype_of

Instruction = Iterator[Any]
"""A `map` of a function over columns of arguments: one call for each step."""


def run(instructions: Iterable[Instruction]) -> None:
    """Calls the instructions of the first step in their order, then those of the next, and so on.

    zip asks each of them for its next call in turn, deque drops the results: a step of an RNN costs
    its three NumPy calls, and no bytecode in between.
    """
    deque(zip(*instructions, strict=False), maxlen=0)


@dataclass(eq=False)
class Recording:
    """The values of a program over T steps: one array (T, n) for each node, never written again.

    `arrays` has (T, n) per node, a parameter as it is, x and y. A state is kept as (T + 1, n) in
    `histories`, with the initial state before s_0; its (T, n) and the previous state's are views.
    What only a sum reads is not kept.
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
        at = self.arrays.__getitem__ if stop - start == self.steps else self._during(start, stop)
        return partial.coefficient(at, node)

    def _during(self, start: int, stop: int) -> Callable[[Node], Any]:
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


def forward(theta: Any, reading: Reading) -> Recording:
    """Runs a program over a sequence."""
    program, plan, steps = reading.program, schedule(reading.program), len(reading.y)
    dtype = dtype_of(theta, program.parameters)
    parameters = {
        leaf: _own(getattr(theta, name), dtype) for name, leaf in program.parameters.items()
    }
    arrays = dict(zip(program.given, (reading.x, reading.y), strict=True)) | parameters
    for leaf in program.matrices:
        arrays[leaf] = parameters[leaf].T  # the second factor of v Mᵀ
    for leaf in plan.repeated:
        arrays[leaf] = np.broadcast_to(parameters[leaf], (steps, *parameters[leaf].shape))
    histories = {}
    for name, state in reading.initial.items():
        history = histories[name] = np.empty((steps + 1, len(state)), dtype)
        history[0] = state
        arrays[program.previous[name]], arrays[program.states[name]] = history[:-1], history[1:]
    with np.errstate(all="ignore"):
        _all_at_once(plan.before, arrays)
        for summand, by in plan.standing:
            arrays[by] = arrays.pop(summand)
        for node in plan.kept:
            arrays[node] = np.empty((steps, program.size(theta, node)), dtype)
        rows = _rows(program, plan, arrays, histories)
        for node in plan.fleeting:
            rows[node] = repeat(np.empty(program.size(theta, node), dtype))
        run(map(call.value, *[rows[place] for place in call.places]) for call in plan.loop)
        _all_at_once(plan.after, arrays)
    for leaf in program.matrices:
        arrays[leaf] = parameters[leaf]
    for array in (*arrays.values(), *histories.values()):
        array.setflags(write=False)
    return Recording(program, theta, steps, dtype, arrays, histories)


def _own(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array, or a copy if somebody could write to it."""
    if array.dtype is dtype and not array.flags.writeable:
        return array
    return array.astype(dtype)


def _all_at_once(bulk: Iterable[Bulk], arrays: dict[Node, Array]) -> None:
    for each in bulk:
        operands = [arrays[operand] for operand in each.operands]
        out = arrays.pop(each.place) if each.place else None
        arrays[each.node] = each.node.op.value(*operands, out)


def _rows(
    program: Program,
    plan: Schedule,
    arrays: Mapping[Node, Array],
    histories: Mapping[str, Array],
) -> dict[Node, Iterable[Any]]:
    """What the loop reads and writes, step by step."""
    rows: dict[Node, Iterable[Any]] = {}
    for name, history in histories.items():
        views = list(history)
        rows[program.previous[name]], rows[program.states[name]] = views[:-1], views[1:]
    for node in plan.stacked:
        rows[node] = list(arrays[node])
    for leaf in program.matrices:
        rows[leaf] = repeat(arrays[leaf])
    return rows
