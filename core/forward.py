"""The forward pass: the equations of a program over a sequence, as NumPy code.

For the RNN of tokens `source` reads, but for its ends,

    v = gather(x, U.T, None)
    a = add(v, b, v)
    ...
    run([
        map(dot, rows_of_s, repeat(W.T), room),
        map(add, rows_of_a, room, rows_of_a),
        map(tanh, rows_of_a, rows_of_s[1:]),
    ])
    v1 = dot(s, V.T, None)
    z = add(v1, c, v1)
    yhat = softmax(z, None)
    E = cross_entropy(z, y, yhat, None)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np

from core.code import Words, dictionary, indented
from core.inputs import Reading
from core.program import Node, Program
from core.recording import Recording, own, run
from core.schedule import Bulk, Call, schedule
from core.theta import dtype_of


def forward(theta: Any, reading: Reading) -> Recording:
    """Runs a program over a sequence, every value kept."""
    return _function(reading.program)(theta, reading)


def source(program: Program) -> str:
    """The code of the forward pass, forward(theta, reading)."""
    return "\n".join(_Forward(program).lines())


@lru_cache(maxsize=64)
def _function(program: Program) -> Callable[[Any, Reading], Recording]:
    writer = _Forward(program)
    made = writer.words.functions(f"forward pass of {program.cell.name}", writer.lines())
    found: Callable[[Any, Reading], Recording] = made["forward"]
    return found


class _Forward:
    """Writes the forward pass of a program."""

    def __init__(self, program: Program) -> None:
        self.program, self.plan = program, schedule(program)
        outside = {"np": np, "program": program, "repeat": repeat, "run": run, "own": own}
        outside |= {"Recording": Recording, "dtype_of": dtype_of}
        self.words = Words(outside, ["theta", "reading", "steps", "dtype", "array", "forward"])
        self._arrays: dict[Node, str] = {}  # of each node: the array with its values
        self._histories: dict[str, str] = {}

    def lines(self) -> Iterator[str]:
        """Its code."""
        yield "def forward(theta, reading):"
        yield from indented(self._given())
        yield '    with np.errstate(all="ignore"):'
        yield from indented(self._computed(), 2)
        yield from indented(self._returned())

    def _given(self) -> Iterator[str]:
        """The sequence, θ, and room for the states behind the initial ones."""
        program = self.program
        yield "steps, dtype = len(reading.y), dtype_of(theta, program.parameters)"
        x, y = map(self._array, program.given)
        yield f"{x}, {y} = reading.x, reading.y"
        for name, leaf in program.parameters.items():
            yield f"{self._array(leaf)} = own(theta.{name}, dtype)"
        for leaf in self.plan.repeated:
            one = self._array(leaf)
            yield f"{one} = np.broadcast_to({one}, (steps, *{one}.shape))"
        for name, state in program.states.items():
            whole = self._histories[name] = self.words.new(f"history_of_{name}")
            before = self._array(program.previous[name], f"{name}_before")
            yield f"{whole} = np.empty((steps + 1, {self._size(state)}), dtype)"
            yield f"{whole}[0] = reading.initial[{name!r}]"
            yield f"{before}, {self._array(state)} = {whole}[:-1], {whole}[1:]"

    def _computed(self) -> Iterator[str]:
        """For all steps at once before the loop, step by step in it, and at once after it."""
        yield from self._at_once(self.plan.before)
        for summand, by in self.plan.standing:
            self._arrays[by] = self._arrays.pop(summand)
        for node in self.plan.kept:
            yield f"{self._array(node)} = np.empty((steps, {self._size(node)}), dtype)"
        columns = {leaf: f"repeat({self._operand(leaf)})" for leaf in self.program.matrices}
        for name, state in self.program.states.items():
            rows = self.words.new(f"rows_of_{name}")
            yield f"{rows} = list({self._histories[name]})"
            columns[self.program.previous[name]], columns[state] = rows, f"{rows}[1:]"
        for node in self.plan.stacked:
            columns[node] = self.words.new(f"rows_of_{self._array(node)}")
            yield f"{columns[node]} = list({self._array(node)})"
        for node in self.plan.fleeting:
            columns[node] = self.words.new("room")
            yield f"{columns[node]} = repeat(np.empty({self._size(node)}, dtype))"
        yield "run(["
        yield from indented(self._call(call, columns) for call in self.plan.loop)
        yield "])"
        yield from self._at_once(self.plan.after)

    def _at_once(self, bulk: Iterable[Bulk]) -> Iterator[str]:
        standing = dict(self.plan.standing)
        for each in bulk:
            operands = ", ".join(map(self._operand, each.operands))
            out = self._arrays.pop(each.place) if each.place else None
            array = self._array(each.node, standing.get(each.node, each.node).name)
            yield f"{array} = {self._operation(each.node.op.value)}({operands}, {out})"

    def _call(self, call: Call, columns: Mapping[Node, str]) -> str:
        arguments = ", ".join(columns[place] for place in call.places)
        return f"map({self._operation(call.value)}, {arguments}),"

    def _returned(self) -> Iterator[str]:
        """The recording, of arrays that are never written again."""
        nodes = {self.words.of(node, "node"): array for node, array in self._arrays.items()}
        histories = {repr(name): array for name, array in self._histories.items()}
        given = {*self.program.given, *self.program.parameters.values()}
        made = [array for node, array in self._arrays.items() if node not in given]
        yield f"for array in ({', '.join([*made, *self._histories.values()])}):"
        yield "    array.setflags(write=False)"
        yield f"arrays = {dictionary(nodes)}"
        yield f"return Recording(program, theta, steps, dtype, arrays, {dictionary(histories)})"

    def _array(self, node: Node, wish: str = "") -> str:
        if node not in self._arrays:
            self._arrays[node] = self.words.new(wish or node.name)
        return self._arrays[node]

    def _operand(self, node: Node) -> str:
        """Of a matrix its transpose, the second factor of v Mᵀ."""
        return self._array(node) + (".T" if node in self.program.matrices else "")

    def _operation(self, value: Callable[..., Any]) -> str:
        return self.words.of(value, value.__name__.strip("_"))

    def _size(self, node: Node) -> str:
        parameter, axis = self.program.sizes[node]
        return f"theta.{parameter}.shape[{axis}]"
