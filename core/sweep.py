"""The backward sweep: rows of cotangents carried back through the loop over time.

A row is what is sent back together: the sum of all errors, one error, the errors of one block of a
truncation, or one unit of a state. The cotangent of a node of the loop at step k is, over the edges
to its readers,

    ḡ_k = Σ (∂reader/∂node)ᵀ reader̄_k  +  Σ (∂reader/∂node₋₁)ᵀ reader̄_{k+1}  +  what joins at k,

the second sum for states. One builder makes the instructions of a step for any layout of the rows:
one row kept for every step (`one_row`), or many rows of one step (`core.ring`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from operator import call
from typing import Any, NamedTuple

import numpy as np

from core.adjoints import Adjoints
from core.numbers import Array
from core.program import Edge, Node
from core.recording import Instruction, Recording, run
from core.schedule import Back, Join, Move, schedule

Cotangents = dict[Node, Array]
Column = Iterable[Any]
"""One thing for each step, from the last step to the first."""


class Layout(NamedTuple):
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


def readout_adjoints(tape: Recording, start: int, stop: int) -> Cotangents:
    """∂E_t/∂node_t of the nodes after the loop and of the states, for start ≤ t < stop.

    What only step t has part in: of a state it is ∂⁺E_t/∂s_t, what joins the sweep at t.
    """
    found: Cotangents = {}
    _spread(tape, schedule(tape.program).back_after, found, start, stop)
    for state in tape.program.states.values():
        if state not in found:
            found[state] = np.zeros((stop - start, tape.size(state)), tape.dtype)
    return found


def _spread(
    tape: Recording, backs: Iterable[Back], found: Cotangents, start: int, stop: int
) -> None:
    """Adds to `found` the adjoints of nodes from those of their readers, all steps at once."""
    for node, edge, reader, adds in backs:
        product = tape.coefficients(edge, start, stop)
        if reader is not None:
            product = edge[1].apply(found[reader], product, None)
        found[node] = found[node] + product if adds else product


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
    _spread(tape, schedule(tape.program).back_before, found, first, stop)
    for array in found.values():
        array.setflags(write=False)
    return Adjoints(tape, found, at, first)
