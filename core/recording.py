"""The forward pass: a program run over a sequence, every value kept, stacked over time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat, starmap
from operator import call
from typing import Any

import numpy as np

from core.errors import InputError
from core.numbers import Array
from core.ops import Partial
from core.program import PARAMETER, PREVIOUS, Node, Program

Instruction = Iterable[tuple[Any, ...]]
"""One call for each step: (function, *arguments)."""


def run(instructions: Iterable[Instruction]) -> None:
    """Calls the instructions of the first step in their order, then those of the next, and so on.

    The loop over the steps is a `deque` draining iterators: a step of an RNN costs its three
    NumPy calls, and no bytecode in between.
    """
    deque(starmap(call, chain.from_iterable(zip(*instructions, strict=True))), maxlen=0)


@dataclass(frozen=True, eq=False)
class Recording:
    """All values of a program over T steps: one array (T, n) for each node, never written again.

    `arrays` has (T, n) per node, a parameter as it is, x and y. A state is kept as (T + 1, n) in
    `histories`, with the initial state before s_0; its (T, n) and the previous state's are views.
    """

    program: Program
    theta: Any
    steps: int
    arrays: Mapping[Node, Array]
    histories: Mapping[str, Array]
    _coefficients: dict[tuple[Node, int], Any] = field(default_factory=dict, repr=False)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of every value."""
        return self.arrays[self.program.loss].dtype

    def coefficient(self, node: Node, partial: Partial, index: int) -> Any:
        """What a partial of a node reads of the tape: (T, …), or one matrix if it is constant."""
        key = (node, index)
        if key not in self._coefficients:
            operands = [self.arrays[operand] for operand in node.operands]
            x, others = operands[index], operands[:index] + operands[index + 1 :]
            with np.errstate(all="ignore"):
                self._coefficients[key] = partial.coefficient(
                    x, others[0] if others else None, self.arrays[node]
                )
        return self._coefficients[key]

    def coefficients(self, node: Node, partial: Partial, index: int, start: int, stop: int) -> Any:
        """The same for the steps start ≤ k < stop."""
        found = self.coefficient(node, partial, index)
        return found if partial.constant else found[start:stop]


def forward(
    program: Program, theta: Any, x: Array, y: Array, initial: Mapping[str, Array]
) -> Recording:
    """Runs a program over x and y, (T, …) each, from the initial state of each of its states."""
    steps = len(x)
    arrays: dict[Node, Array] = {
        leaf: getattr(theta, name) for name, leaf in program.parameters.items()
    }
    dtype = np.result_type(*arrays.values())
    histories = {name: _history(state, steps, dtype) for name, state in initial.items()}
    for leaf in program.stages:
        if leaf.op is not PARAMETER and not leaf.operands:
            arrays[leaf] = (
                {"x": x, "y": y}[leaf.name]
                if leaf.op is not PREVIOUS
                else (histories[leaf.name][:-1])
            )
    with np.errstate(all="ignore"):
        _bulk(program.before, arrays)
        for node in program.loop:
            arrays[node] = np.empty((steps, _size(program, theta, node)), dtype)
        for name, node in program.states.items():
            arrays[node] = histories[name][1:]
        run(_step(node, arrays) for node in program.loop)
        _bulk(program.after, arrays)
    for array in (*arrays.values(), *histories.values()):
        array.setflags(write=False)
    return Recording(program, theta, steps, arrays, histories)


def initial_size(program: Program, theta: Any, name: str) -> int:
    """n of a state."""
    return _size(program, theta, program.lines[name])


def _size(program: Program, theta: Any, node: Node) -> int:
    parameter, axis = program.sizes[node]
    return int(getattr(theta, parameter).shape[axis])


def _history(initial: Array, steps: int, dtype: Any) -> Array:
    history = np.empty((steps + 1, len(initial)), dtype)
    history[0] = initial
    return history


def _bulk(nodes: Iterable[Node], arrays: dict[Node, Array]) -> None:
    for node in nodes:
        operands = [_operand(operand, arrays) for operand in node.operands]
        arrays[node] = node.op.value(*operands, None)


def _operand(node: Node, arrays: Mapping[Node, Array]) -> Array:
    # A parameter's matrix is the second factor of v Mᵀ; of a vector, .T is the vector itself.
    return arrays[node].T if node.op is PARAMETER else arrays[node]


def _step(node: Node, arrays: Mapping[Node, Array]) -> Instruction:
    columns: list[Iterable[Any]] = [
        repeat(np.ascontiguousarray(arrays[operand].T), len(arrays[node]))
        if operand.op is PARAMETER
        else arrays[operand]
        for operand in node.operands
    ]
    return zip(repeat(node.op.value), *columns, arrays[node], strict=False)
