"""Many rows on their way back together: a Jacobian, every error, or the blocks of a truncation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat

import numpy as np

from core.numbers import Array
from core.program import Node
from core.recording import Instruction, Recording, run
from core.schedule import schedule
from core.sweep import Column, Cotangents, Layout, ring_step


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
            now,
            later=lambda node: views[node][:-1],
            carried=carried,
            scratch=scratch,
            joining=joining,
        )
        run([*ring_step(self.tape, layout, start, stop), *sinks(now)])

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


def truncated_rows(tape: Recording, joining: Cotangents, blocks: Array, start: int) -> Cotangents:
    """The adjoints of the loop from step `start` on, a row for each block, summed over the rows.

    blocks: some that follow each other, of `Truncation.blocks`. joining: of their steps.
    """
    first, last, low = blocks.T
    ring = Ring(tape, len(low))
    back = range(int(last[-1]), start - 1, -1)
    row_of = np.maximum(np.searchsorted(first, back, "right") - 1, 0).tolist()
    alive = [
        slice(r, end) for r, end in zip(row_of, np.searchsorted(low, back, "right"), strict=True)
    ]
    kept = [max(low[r], first[r]) <= k for r, k in zip(row_of, back, strict=True)]
    ends = set(last.tolist())

    def joins(state: Node) -> Sequence[Column]:
        dropped = np.zeros_like(joining[state][0])
        where = [
            ring.rows(state, k)[r] if keep else dropped
            for k, r, keep in zip(back, row_of, kept, strict=True)
        ]
        how = [np.copyto if k in ends else _add_to for k in back]
        before = [dropped] * int(first[0] - start)
        return how, where, [*joining[state][::-1], *before]

    summed = {
        node: np.empty((len(back), buffer.shape[2]), tape.dtype)
        for node, buffer in ring.buffers.items()
    }

    def sums(now: Mapping[Node, Column]) -> list[Instruction]:
        return [
            map(np.add.reduce, now[node], repeat(0), repeat(None), out[::-1])
            for node, out in summed.items()
        ]

    alive.insert(0, slice(0))
    stop = int(last[-1]) + 1
    ring.back(start, stop, alive, {state: joins(state) for state in tape.program.carried}, sums)
    return summed
