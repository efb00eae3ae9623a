"""The order of work, settled once for a program: what a pass over any sequence then repeats.

Forward, a node that is the same kind of work at every step is computed for all steps at once
(`Bulk`); the rest runs step by step (`Call`). What only a sum reads is not kept: the sum of all
steps is written over it, and within the loop it has room for one step.

Backward, the cotangents of the loop are added up edge by edge (`Move`), those of the rest for all
steps at once (`Back`); a gradient is the sum over the places where its parameter is read (`Read`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from core import ops
from core.program import PARAMETER, Edge, Node, Program, Stage
from core.records import Record


class Bulk(Record):
    """A node computed for all steps at once, where `place` was if that is not kept."""

    node: Node
    operands: tuple[Node, ...]
    place: Node | None


class Call(Record):
    """A node computed step by step: its value, its operands' places and its own."""

    value: Callable[..., Any]
    places: tuple[Node, ...]


class Move(Record):
    """What an edge of the loop sends back to a node; `adds` if something is there before.

    `reader` has the cotangent, at the same step, or where `later` at the next one.
    """

    node: Node
    edge: Edge
    reader: Node
    later: bool
    adds: bool


class Join(Record):
    """What joins a state from its own step is put in its place; `empty` if nothing is there yet."""

    node: Node
    empty: bool


class Back(NamedTuple):
    """What an edge outside the loop sends back to a node; `adds` if something is there before.

    `reader` has the cotangent, None for the loss: ∂E/∂E = 1.
    """

    node: Node
    edge: Edge
    reader: Node | None
    adds: bool


class Read(NamedTuple):
    """A place where a parameter is read; `reader` has the cotangent."""

    edge: Edge
    reader: Node
    after: bool  # whether that is computed after the loop


class Schedule(Record):
    """A program's order of work."""

    before: tuple[Bulk, ...]
    after: tuple[Bulk, ...]
    standing: tuple[tuple[Node, Node], ...]  # a summand of all steps, the loop's sum in its place
    loop: tuple[Call, ...]
    kept: tuple[Node, ...]  # of the loop: room for every step
    fleeting: tuple[Node, ...]  # of the loop: room for one step
    stacked: tuple[Node, ...]  # read or written a row at a step; the states are apart
    repeated: tuple[Node, ...]  # vectors of parameters that are read as if they had a row a step
    stack_moves: tuple[Move | Join, ...]  # one row kept for every step, which holds what joins
    ring_moves: tuple[Move | Join, ...]  # rows that something joins on the way
    depths: Mapping[Node, int]  # how many steps of its rows a node needs on such a way
    back_after: tuple[Back, ...]  # from the loss to the states
    back_before: tuple[Back, ...]  # from the loop on
    reads: Mapping[str, tuple[Read, ...]]  # of each parameter


@lru_cache(maxsize=64)
def schedule(program: Program) -> Schedule:
    """The order of work of a program."""
    absorbed = _absorbed(program)
    standing = tuple((one, by) for one, by in absorbed.items() if by in program.loop)
    taken = {*program.states.values(), *absorbed.values()}
    fleeting = tuple(node for node in _loop_summands(program) if node not in taken)
    calls = tuple(_call(node, absorbed) for node in program.loop)
    places = dict.fromkeys(place for call in calls for place in call.places)
    apart = {*program.previous.values(), *program.states.values(), *program.matrices, *fleeting}
    ring_moves = tuple(_moves(program, joined=False))
    return Schedule(
        before=_bulk(program.before, absorbed),
        after=_bulk(program.after, absorbed),
        standing=standing,
        loop=calls,
        kept=tuple(node for node in program.loop if node not in taken.union(fleeting)),
        fleeting=fleeting,
        stacked=tuple(place for place in places if place not in apart),
        repeated=tuple(_repeated(program)),
        stack_moves=tuple(_moves(program, joined=True)),
        ring_moves=ring_moves,
        depths=_depths(ring_moves),
        back_after=tuple(_back(program, program.readout, program.outer)),
        back_before=tuple(_back(program, reversed(program.before), program.readers)),
        reads={name: tuple(_reads(program, leaf)) for name, leaf in program.parameters.items()},
    )


def _absorbed(program: Program) -> dict[Node, Node]:
    """Summands known for all steps, that are not kept: the sum of each stands in its place."""
    found: dict[Node, Node] = {}
    taken = set(program.states.values())  # a state stands in its history
    for node in program.nodes:
        for operand in _summands(node):
            bulk = program.stages[operand] in (Stage.BEFORE, Stage.AFTER)
            if bulk and node not in taken and _passes_by(program, operand):
                found[operand] = node
                taken.add(node)
    return found


def _loop_summands(program: Program) -> Iterator[Node]:
    for node in program.loop:
        for operand in _summands(node):
            if program.stages[operand] is Stage.LOOP and _passes_by(program, operand):
                yield operand


def _summands(node: Node) -> Iterable[Node]:
    return node.operands if node.op.is_sum else ()


def _passes_by(program: Program, node: Node) -> bool:
    return not node.name and node.op.linear and len(program.readers[node]) == 1


def _bulk(nodes: Iterable[Node], absorbed: dict[Node, Node]) -> tuple[Bulk, ...]:
    return tuple(
        Bulk(node, node.operands, next((each for each in node.operands if each in absorbed), None))
        for node in nodes
    )


def _call(node: Node, absorbed: dict[Node, Node]) -> Call:
    return Call(node.op.value, tuple(absorbed.get(each, each) for each in (*node.operands, node)))


def _repeated(program: Program) -> Iterator[Node]:
    for leaf in program.parameters.values():
        readers = [node for node in program.nodes if leaf in node.operands]
        if leaf not in program.matrices and not all(_adds_by_itself(program, r) for r in readers):
            yield leaf


def _adds_by_itself(program: Program, node: Node) -> bool:
    """Whether a node adds one vector to the rows of all steps."""
    rows = any(operand.op is not PARAMETER for operand in node.operands)
    return node.op is ops.ADD and rows and program.stages[node] is not Stage.LOOP


def _moves(program: Program, joined: bool) -> Iterator[Move | Join]:
    """Last operation first; `joined` if the rows of the states already hold what joins them."""
    for node in reversed(program.loop):
        if node in program.aliases:
            continue
        carried, inner = program.carried.get(node, []), program.inner.get(node, [])
        state = node in program.carried
        started = state and joined  # something is there
        for edge in carried:
            yield _move(program, node, edge, later=True, adds=started)
            started = True
        if (state and not joined) or not (inner or started):
            yield Join(node, empty=not started)
            started = True
        for edge in inner:
            yield _move(program, node, edge, later=False, adds=started)
            started = True


def _move(program: Program, node: Node, edge: Edge, later: bool, adds: bool) -> Move:
    return Move(node, edge, program.aliases.get(edge[0], edge[0]), later, adds)


def _depths(moves: Iterable[Move | Join]) -> dict[Node, int]:
    """Two where the rows of the next step are still read when those of this one are written."""
    found: dict[Node, int] = {}
    for move in moves:
        found.setdefault(move.node, 1)
        if isinstance(move, Move) and move.later and move.reader in found:
            found[move.reader] = 2
    return found


def _back(
    program: Program, nodes: Iterable[Node], edges: Mapping[Node, Iterable[Edge]]
) -> Iterator[Back]:
    for node in nodes:
        for index, edge in enumerate(() if node in program.aliases else edges.get(node, ())):
            loss = edge[0] is program.loss
            reader = None if loss else program.aliases.get(edge[0], edge[0])
            yield Back(node, edge, reader, adds=index > 0)


def _reads(program: Program, leaf: Node) -> Iterator[Read]:
    for edge in program.readers.get(leaf, ()):
        reader = program.aliases.get(edge[0], edge[0])
        yield Read(edge, reader, program.stages[edge[0]] is Stage.AFTER)
