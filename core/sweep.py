"""The backward sweep: rows of cotangents carried back through the loop over time, as NumPy code.

A row is what is sent back together: the sum of all errors, one error, the errors of one block of a
truncation, or one unit of a state. The cotangent of a node of the loop at step k is, over the edges
to its readers,

    ḡ_k = Σ (∂reader/∂node)ᵀ reader̄_k  +  Σ (∂reader/∂node₋₁)ᵀ reader̄_{k+1}  +  what joins at k,

the second sum for states. One writer writes a step for any layout of the rows: one row kept for
every step (`one_row`), or many rows of one step (`ring_step`). For the RNN the first one's reads

    run([
        map(dot, [np.zeros(…), *rows_of_a[:-1]], repeat(…), room),
        map(np.add, rows_of_s, room, rows_of_s),
        map(multiply, rows_of_s, list(…), rows_of_a),
    ])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from operator import call
from typing import Any

import numpy as np

from core.adjoints import Adjoints
from core.code import Words, dictionary, indented
from core.numbers import Array
from core.program import Edge, Node, Program
from core.recording import Instruction, Recording, run
from core.records import Record
from core.schedule import Back, Join, Move, schedule

Cotangents = dict[Node, Array]
Column = Iterable[Any]
"""One thing for each step, from the last step to the first."""


class Layout(Record, eq=False):
    """Where many rows are at each step: columns of views of the buffers.

    What comes from the next step is carried in the rows that live there.
    """

    now: Mapping[Node, Column]  # of a node at step k
    later: Callable[[Node], Column]  # of a node at step k + 1
    carried: Callable[[Node], Column]  # of a node at step k, the rows that live at step k + 1
    scratch: Callable[[Node, bool], Column]  # room for a summand; whether of those rows
    joining: Mapping[Node, Sequence[Column]]  # of a state: how, where, and what


def readout_adjoints(tape: Recording, start: int, stop: int) -> Cotangents:
    """∂E_t/∂node_t of the nodes after the loop and of the states, for start ≤ t < stop.

    What only step t has part in: of a state it is ∂⁺E_t/∂s_t, what joins the sweep at t.
    """
    return _functions(tape.program).readout(tape, start, stop)


def one_row(tape: Recording, joining: Cotangents, start: int, stop: int) -> Cotangents:
    """The adjoints of the loop for one row, (stop − start, n) each; nothing comes from beyond.

    `joining` has what joins at each step, for each state; the sum is written into it.
    """
    return _functions(tape.program).one_row(tape, joining, start, stop)


def ring_step(tape: Recording, layout: Layout, start: int, stop: int) -> list[Instruction]:
    """One step back of many rows, as instructions for the steps k = stop − 1 … start."""
    return _functions(tape.program).ring_step(tape, layout, start, stop)


def complete(
    tape: Recording, readout: Cotangents, loop: Cotangents, at: int, first: int
) -> Adjoints:
    """Adds to the adjoints of the readout, t ≥ at, and of the loop, k ≥ first, those before it."""
    found, stop = {**readout, **loop}, first + len(next(iter(loop.values())))
    _functions(tape.program).before(tape, found, first, stop)
    for array in found.values():
        array.setflags(write=False)
    return Adjoints(tape, found, at, first, stop)


def later_coefficients(tape: Recording, edge: Edge, start: int, stop: int, end: int) -> Column:
    """What an edge into the next step reads there, for the steps k = stop − 1 … start.

    Zeros where the next step is `end` or later, whatever the tape holds there: inf times nothing
    is nothing.
    """
    found = tape.coefficients(edge, start + 1, min(stop + 1, end))
    beyond = stop - start - len(found)
    return [np.zeros(found.shape[1:], found.dtype)] * beyond + list(found[::-1])


class _Functions(Record, eq=False):
    """What is written for a program."""

    readout: Callable[[Recording, int, int], Cotangents]
    one_row: Callable[[Recording, Cotangents, int, int], Cotangents]
    before: Callable[[Recording, Cotangents, int, int], None]
    ring_step: Callable[[Recording, Layout, int, int], list[Instruction]]


@lru_cache(maxsize=64)
def _functions(program: Program) -> _Functions:
    writer = _Backward(program)
    made = writer.words.functions(f"backward sweep of {program.cell.name}", writer.lines())
    return _Functions(*(made[name] for name in _Functions.__match_args__))


class _Backward:
    """Writes the backward sweep of a program."""

    def __init__(self, program: Program) -> None:
        self.program, self.plan = program, schedule(program)
        outside = {"np": np, "repeat": repeat, "run": run, "call": call, "fill": np.ndarray.fill}
        local = [
            "tape",
            "at",
            "start",
            "stop",
            "joining",
            "found",
            "layout",
            *_Functions.__match_args__,
        ]
        self.words = Words({**outside, "later_coefficients": later_coefficients}, local)

    def lines(self) -> Iterator[str]:
        """Its functions."""
        yield "def readout(tape, start, stop):"
        yield from indented(self._readout())
        yield "def one_row(tape, joining, start, stop):"
        yield from indented(self._one_row())
        yield "def before(tape, found, start, stop):"
        yield from indented(self._before())
        yield "def ring_step(tape, layout, start, stop):"
        yield from indented(self._ring_step())

    def _readout(self) -> Iterator[str]:
        yield "at = tape.between(start, stop)"
        arrays: dict[Node, str] = {}
        for back in self.plan.back_after:
            yield self._sent_back(back, arrays)
        for state in self.program.states.values():
            if state not in arrays:
                arrays[state] = self.words.new(state.name)
                yield f"{arrays[state]} = np.zeros((stop - start, {self.size(state)}), tape.dtype)"
        yield f"return {self._by_node(arrays)}"

    def _before(self) -> Iterator[str]:
        if not self.plan.back_before:
            yield "return"
            return
        yield "at = tape.between(start, stop)"
        arrays: dict[Node, str] = {}
        for back in self.plan.back_before:
            yield self._sent_back(back, arrays)
        yield f"found.update({self._by_node(arrays)})"

    def _sent_back(self, back: Back, arrays: dict[Node, str]) -> str:
        node, edge, reader, adds = back
        product = self._coefficient(edge)
        if reader is not None:
            g = arrays.get(reader) or f"found[{self.node(reader)}]"
            product = f"{self._apply(edge)}({g}, {product}, None)"
        if adds:
            product = f"{arrays[node]} + {product}"
        arrays.setdefault(node, self.words.new(node.name))
        return f"{arrays[node]} = {product}"

    def _one_row(self) -> Iterator[str]:
        arrays = {}
        for state in self.program.states.values():
            arrays[state] = self.words.new(state.name)
            yield f"{arrays[state]} = joining[{self.node(state)}]"
        for node in dict.fromkeys(move.node for move in self.plan.stack_moves):
            if node not in arrays:
                arrays[node] = self.words.new(node.name)
                yield f"{arrays[node]} = np.empty((stop - start, {self.size(node)}), tape.dtype)"
        rows = {node: self.words.new(f"rows_of_{array}") for node, array in arrays.items()}
        for node, array in arrays.items():
            yield f"{rows[node]} = list({array}[::-1])"
        yield from self._step(self.plan.stack_moves, _Stacked(self, rows), "run([", "])")
        yield f"return {self._by_node(arrays)}"

    def _ring_step(self) -> Iterator[str]:
        yield from self._step(self.plan.ring_moves, _Ring(self), "return [", "]")

    def _step(
        self, moves: Iterable[Move | Join], columns: _Stacked | _Ring, opening: str, closing: str
    ) -> Iterator[str]:
        """One step back: the moves as instructions, in their order."""
        yield "at = tape.between(start, stop)"
        calls: list[str] = []
        for move in moves:
            now = columns.now(move.node)
            if isinstance(move, Join):
                calls += [f"map(fill, {now}, repeat(0)),"] if move.empty else []
                calls += [columns.joining(move.node)]
                continue
            out = room = columns.carried(move.node) if move.later else now
            if move.adds:
                room = self.words.new("room")
                yield f"{room} = {columns.scratch(move.node, move.later)}"
            reader = columns.later(move.reader) if move.later else columns.now(move.reader)
            read = self._column(move, columns.end)
            calls.append(f"map({self._apply(move.edge)}, {reader}, {read}, {room}),")
            calls += [f"map(np.add, {out}, {room}, {out}),"] if move.adds else []
        yield opening
        yield from indented(calls)
        yield closing

    def _column(self, move: Move, end: str) -> str:
        if move.edge[1].constant:
            return f"repeat({self._coefficient(move.edge)})"
        if move.later:
            edge = self.words.of(move.edge, "edge")
            return f"later_coefficients(tape, {edge}, start, stop, {end})"
        return f"list({self._coefficient(move.edge)}[::-1])"

    def _coefficient(self, edge: Edge) -> str:
        node, partial, _ = edge
        return f"{self.words.of(partial.coefficient, 'coefficient')}(at, {self.node(node)})"

    def _apply(self, edge: Edge) -> str:
        return self.words.of(edge[1].apply, edge[1].apply.__name__.strip("_"))

    def size(self, node: Node) -> str:
        parameter, axis = self.program.sizes[node]
        return f"tape.theta.{parameter}.shape[{axis}]"

    def node(self, node: Node) -> str:
        return self.words.of(node, "node")

    def _by_node(self, arrays: Mapping[Node, str]) -> str:
        return dictionary({self.node(node): array for node, array in arrays.items()})


class _Stacked(Record):
    """One row, kept for every step."""

    writer: _Backward
    rows: Mapping[Node, str]
    end: str = "stop"

    def now(self, node: Node) -> str:
        return self.rows[node]

    carried = now

    def later(self, node: Node) -> str:
        return f"[np.zeros({self.writer.size(node)}, tape.dtype), *{self.rows[node]}[:-1]]"

    def scratch(self, node: Node, later: bool) -> str:
        return f"repeat(np.empty({self.writer.size(node)}, tape.dtype))"

    def joining(self, node: Node) -> str:
        raise AssertionError("what joins is in the rows already")


class _Ring(Record):
    """Many rows, as a `Layout` has them."""

    writer: _Backward
    end: str = "tape.steps"

    def now(self, node: Node) -> str:
        return f"layout.now[{self.writer.node(node)}]"

    def later(self, node: Node) -> str:
        return f"layout.later({self.writer.node(node)})"

    def carried(self, node: Node) -> str:
        return f"layout.carried({self.writer.node(node)})"

    def scratch(self, node: Node, later: bool) -> str:
        return f"layout.scratch({self.writer.node(node)}, {later})"

    def joining(self, node: Node) -> str:
        word = self.writer.node(node)
        return f"*([map(call, *layout.joining[{word}])] if {word} in layout.joining else []),"
