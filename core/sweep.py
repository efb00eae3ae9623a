"""The backward sweep: rows of cotangents carried back through the loop over time.

A row is what is sent back together: the sum of all errors, one error, the errors of one block of a
truncation, or one unit of a state. The cotangent of a node of the loop at step k is, over the edges
to its readers,

    ḡ_k = Σ (∂reader/∂node)ᵀ reader̄_k  +  Σ (∂reader/∂node₋₁)ᵀ reader̄_{k+1}  +  what joins at k,

the second sum for states. One builder makes the instructions of a step for any layout of the rows:
*stacked*, one row kept for every step; *ring*, many rows, kept for two steps in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import repeat
from operator import call
from typing import Any

import numpy as np

from core.numbers import Array
from core.program import Edge, Node, Stage
from core.recording import Instruction, Recording, run
from core.schedule import Join, Move, schedule
from core.truncation import Truncation

Cotangents = dict[Node, Array]
Column = Iterable[Any]
"""One thing for each step, from the last step to the first."""


@dataclass(frozen=True)
class Layout:
    """Where the rows are at each step: columns of views of the buffers.

    What comes from the next step is carried in the rows that live there.
    """

    moves: Sequence[Move | Join]
    now: Mapping[Node, Column]  # of a node at step k
    later: Callable[[Node], Column]  # of a node at step k + 1
    carried: Callable[[Node], Column]  # of a node at step k, the rows that live at step k + 1
    scratch: Callable[[Node, bool], Column]  # room for a summand; whether of those rows
    joining: Mapping[Node, Sequence[Column]]  # of a state: how, where, and what
    beyond: int  # the first step from which nothing comes


def backward_step(tape: Recording, layout: Layout, start: int, stop: int) -> list[Instruction]:
    """One step back through the loop, as instructions for the steps k = stop − 1 … start."""
    made: list[Instruction] = []
    for move in layout.moves:
        now = layout.now[move.node]
        if isinstance(move, Join):
            if move.empty:
                made.append(map(np.ndarray.fill, now, repeat(0)))
            if move.node in layout.joining:
                made.append(map(call, *layout.joining[move.node]))
            continue
        later = int(move.later)
        read = _coefficients(tape, move.edge, start + later, stop + later, layout.beyond)
        reader = layout.later(move.reader) if later else layout.now[move.reader]
        out = layout.carried(move.node) if later else now
        room = layout.scratch(move.node, move.later) if move.adds else out
        made.append(map(move.edge[1].apply, reader, read, room))
        if move.adds:
            made.append(map(np.add, out, room, out))
    return made


def _coefficients(tape: Recording, edge: Edge, start: int, stop: int, beyond: int) -> Column:
    """What an edge's partial reads at the steps k = stop − 1 … start.

    Zeros from `beyond` on, whatever the tape holds there: inf times nothing is nothing.
    """
    if edge[1].constant:
        return repeat(tape.coefficients(edge, 0, tape.steps))
    end = min(stop, beyond)
    found = tape.coefficients(edge, start, end)
    if end == stop:
        return list(found[::-1])
    return [np.zeros(found.shape[1:], found.dtype)] * (stop - end) + list(found[::-1])


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


def readout_adjoints(tape: Recording, start: int, stop: int) -> Cotangents:
    """∂E_t/∂node_t of the nodes after the loop and of the states, for start ≤ t < stop.

    What only step t has part in: of a state it is ∂⁺E_t/∂s_t, what joins the sweep at t.
    """
    program = tape.program
    found: Cotangents = {}
    _spread(tape, program.readout, program.outer, found, start, stop)
    for state in program.states.values():
        if state not in found:
            found[state] = np.zeros((stop - start, tape.size(state)), tape.dtype)
    return found


def _spread(
    tape: Recording,
    nodes: Iterable[Node],
    edges: Mapping[Node, Sequence[Edge]],
    found: Cotangents,
    start: int,
    stop: int,
) -> None:
    """Adds to `found` the adjoints of nodes from those of their readers, all steps at once."""
    for node in nodes:
        if node in tape.program.aliases or node in found:
            continue
        for edge in edges.get(node, []):
            reader, partial, _ = edge
            product = tape.coefficients(edge, start, stop)
            if reader is not tape.program.loss:  # ∂E/∂E = 1
                g = found[tape.program.aliases.get(reader, reader)]
                product = partial.apply(g, product, None)
            found[node] = found[node] + product if node in found else product


def one_row(tape: Recording, joining: Cotangents, start: int, stop: int) -> Cotangents:
    """The adjoints of the loop for one row, (stop − start, n) each.

    `joining` has what joins at each step, for each state; the sum is written into it.
    """
    plan = schedule(tape.program)
    found = dict(joining)
    for move in plan.stack_moves:
        if move.node not in found:
            found[move.node] = np.empty((stop - start, tape.size(move.node)), tape.dtype)
    now = {node: list(rows[::-1]) for node, rows in found.items()}
    layout = Layout(
        plan.stack_moves,
        now,
        # nothing comes from beyond the last step
        later=lambda node: [np.zeros(found[node].shape[1], tape.dtype), *now[node][:-1]],
        carried=now.__getitem__,
        scratch=lambda node, later: repeat(np.empty(found[node].shape[1], tape.dtype)),
        joining={},
        beyond=stop,
    )
    run(backward_step(tape, layout, start, stop))
    return found


def complete(
    tape: Recording, readout: Cotangents, loop: Cotangents, at: int, first: int
) -> Adjoints:
    """Adds to the adjoints of the readout, t ≥ at, and of the loop, k ≥ first, those before it."""
    found = {**readout, **loop}
    stop = first + len(next(iter(loop.values())))
    _spread(tape, reversed(tape.program.before), tape.program.readers, found, first, stop)
    for array in found.values():
        array.setflags(write=False)
    return Adjoints(tape, found, at, first)


class Ring:
    """Many rows on their way back, of one step or where they must be of two steps in turn."""

    def __init__(self, tape: Recording, rows: int) -> None:
        self.tape, self.plan = tape, schedule(tape.program)
        self.buffers = {
            node: np.zeros((depth, rows, tape.size(node)), tape.dtype)
            for node, depth in self.plan.depths.items()
        }

    def back(
        self,
        start: int,
        stop: int,
        alive: Sequence[slice],
        joining: Mapping[Node, Sequence[Column]],
        sinks: Callable[[Mapping[Node, Column]], Iterable[Instruction]] = lambda now: (),
    ) -> None:
        """Carries the rows back through the steps k = stop − 1 … start.

        `alive` has the rows that live at step stop and at each of these steps, last step first;
        `sinks` makes, from the columns of a node's rows, instructions that read them before they
        are overwritten.
        """
        steps = range(stop, start - 1, -1)
        views = {
            node: [buffer[k % len(buffer), rows] for k, rows in zip(steps, alive, strict=True)]
            for node, buffer in self.buffers.items()
        }

        def carried(node: Node) -> Column:
            buffer = self.buffers[node]
            if len(buffer) == 1:
                return views[node][:-1]
            rows = zip(steps[1:], alive, strict=False)
            return [buffer[k % 2, living] for k, living in rows]

        def scratch(node: Node, later: bool) -> Column:
            room = np.empty_like(self.buffers[node][0])
            return [room[rows] for rows in (alive[:-1] if later else alive[1:])]

        now = {node: rows[1:] for node, rows in views.items()}
        layout = Layout(
            self.plan.ring_moves,
            now,
            later=lambda node: views[node][:-1],
            carried=carried,
            scratch=scratch,
            joining=joining,
            beyond=self.tape.steps,
        )
        run([*backward_step(self.tape, layout, start, stop), *sinks(now)])

    def rows(self, node: Node, k: int) -> Array:
        """The rows of a node at the step k that the ring has come to."""
        buffer = self.buffers[node]
        return np.asarray(buffer[k % len(buffer)])


def _add_to(row: Array, what: Array) -> None:
    np.add(row, what, row)


def jacobian(tape: Recording, t: int, k: int) -> Array:
    """∂s_t/∂s_k (H, H), k ≤ t, through every path: a row for each unit of s_t."""
    state = tape.program.states[tape.program.state]
    size = tape.size(state)
    if k == t:
        return np.eye(size, dtype=tape.dtype)
    ring, nobody, everyone = Ring(tape, size), slice(0), slice(None)
    joining = {
        each: ([np.copyto], [ring.rows(each, t)], [np.eye(size) if each is state else 0])
        for each in tape.program.carried
    }
    with np.errstate(all="ignore"):
        ring.back(t, t + 1, [nobody, everyone], joining)
        ring.back(max(k, 0), t, [everyone] * (t - max(k, 0) + 1), {})
    return _into_initial_state(ring, state) if k < 0 else ring.rows(state, k).copy()


def _into_initial_state(ring: Ring, state: Node) -> Array:
    aliases = ring.tape.program.aliases
    found = np.zeros_like(ring.rows(state, 0))
    with np.errstate(all="ignore"):
        for edge in ring.tape.program.carried[state]:
            reader, partial, _ = edge
            g = ring.rows(aliases.get(reader, reader), 0)
            found += partial.apply(g, ring.tape.coefficients(edge, 0, 1), None)
    return found


def truncated_rows(tape: Recording, joining: Cotangents, truncation: Truncation) -> Cotangents:
    """The adjoints of the loop, a row for each block of the truncation, summed over the rows."""
    steps = tape.steps
    _, last, low = truncation.blocks(steps).T
    ring = Ring(tape, len(low))
    back = range(steps - 1, -1, -1)
    row_of = [k // truncation.k1 for k in back]
    alive = [
        slice(r, end) for r, end in zip(row_of, np.searchsorted(low, back, "right"), strict=True)
    ]
    kept = [low[r] <= k for r, k in zip(row_of, back, strict=True)]

    def joins(state: Node) -> Sequence[Column]:
        dropped = np.empty_like(joining[state][0])
        where = [
            ring.rows(state, k)[r] if keep else dropped
            for k, r, keep in zip(back, row_of, kept, strict=True)
        ]
        how = [np.copyto if k in last else _add_to for k in back]
        return how, where, joining[state][::-1]

    summed = {
        node: np.empty((steps, buffer.shape[2]), tape.dtype)
        for node, buffer in ring.buffers.items()
    }

    def sums(now: Mapping[Node, Column]) -> list[Instruction]:
        return [
            map(np.add.reduce, now[node], repeat(0), repeat(None), out[::-1])
            for node, out in summed.items()
        ]

    alive.insert(0, slice(0))
    ring.back(0, steps, alive, {state: joins(state) for state in tape.program.carried}, sums)
    return summed
