"""A cell is its equations: traced once into a program of nodes, each an operation and operands.

    def gru(p, x, previous, y):
        u = sigmoid(p.Wu @ x + p.Ru @ previous.s + p.bu)
        ...
        return {"u": u, ..., "s": s, "z": z, "yhat": yhat, "E": E}

The names in the returned dict are the *lines* of the program, in the order in which they run; a
line that `previous` reads is a state. Nobody writes a derivative: the backward program is this one,
reversed, through the partials of `core.ops`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from enum import Enum
from functools import cached_property, lru_cache
from typing import Any

from core import ops
from core.ops import Op, Partial
from core.records import Record


class Stage(Enum):
    """When a node is computed: all steps at once, before or after the loop over time, or in it."""

    LEAF = "leaf"
    BEFORE = "before"
    LOOP = "loop"
    AFTER = "after"


class Node:
    """One value per time step: an operation and its operands. Leaves have no operands.

    `text` is how its author wrote it.
    """

    def __init__(
        self, op: Op, operands: tuple[Node, ...] = (), name: str = "", text: str = ""
    ) -> None:
        self.op, self.operands, self.name, self.text = op, operands, name, text

    def __matmul__(self, vector: Node) -> Node:
        if self.op is not PARAMETER:
            raise TypeError("a cell writes M @ v with a parameter M")
        return Node(ops.GATHER if vector.op is TOKEN else ops.PRODUCT, (vector, self))

    def __add__(self, other: Node) -> Node:
        return Node(ops.ADD, (self, other))

    def __sub__(self, other: Node) -> Node:
        return Node(ops.SUBTRACT, (self, other))

    def __rsub__(self, one: int) -> Node:
        if one != 1:
            raise TypeError("a cell writes 1 − v; other constants are parameters")
        return Node(ops.ONE_MINUS, (self,))

    def __mul__(self, other: Node) -> Node:
        return Node(ops.MULTIPLY, (self, other))

    @property
    def edges(self) -> Iterator[tuple[Partial, int]]:
        """The operands that something flows back to: (partial, its index)."""
        return ((p, i) for i, p in enumerate(self.op.partials) if p is not None)


def _leaf(name: str) -> Op:
    def value(*operands: object) -> object:
        raise TypeError(f"a {name} is given, not computed")

    return Op(name, value, "", ())


PARAMETER, PREVIOUS = _leaf("parameter"), _leaf("previous")
TOKEN, VECTOR, TARGET = _leaf("token"), _leaf("vector"), _leaf("target")


class _Leaves:
    """Attribute access makes a leaf, the same one each time."""

    def __init__(self, op: Op) -> None:
        self.op = op
        self.made: dict[str, Node] = {}

    def __getattr__(self, name: str) -> Node:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.made.setdefault(name, Node(self.op, name=name))


def elementwise(op: Op) -> Callable[[Node], Node]:
    """The function that a cell calls for an operation on each number of a vector."""
    return lambda vector: Node(op, (vector,))


tanh, relu, sigmoid = elementwise(ops.TANH), elementwise(ops.RELU), elementwise(ops.SIGMOID)
identity, softmax = elementwise(ops.IDENTITY), elementwise(ops.SOFTMAX)


def cross_entropy(yhat: Node, y: Node) -> Node:
    """−log ŷ[y], computed from the logits of ŷ = softmax(z), where it stays right."""
    if yhat.op is not ops.SOFTMAX:
        raise TypeError("cross_entropy reads a softmax")
    return Node(ops.CROSS_ENTROPY, (*yhat.operands, y, yhat))


Equations = Callable[..., Mapping[str, Node]]


class Cell(Record):
    """A recurrent network as its equations, a function (p, x, previous, y) → lines."""

    name: str
    activation: str
    equations: Equations = field(repr=False)


Edge = tuple[Node, Partial, int]  # who reads a node, through which partial, as which operand


class Program(Record, eq=False):
    """The traced equations: nodes in the order in which they run, and when each of them runs."""

    cell: Cell
    nodes: tuple[Node, ...]
    lines: dict[str, Node]
    written: dict[str, str]  # the right-hand side of each line; {t} and {p} stand for t and t − 1
    parameters: dict[str, Node]
    previous: dict[str, Node]  # by the name of a state: the leaf for its value one step earlier
    stages: dict[Node, Stage]

    def __repr__(self) -> str:
        return f"Program({self.cell!r}, {' '.join(self.lines)})"

    @property
    def loss(self) -> Node:
        """The line E."""
        return self.lines["E"]

    @cached_property
    def states(self) -> dict[str, Node]:
        """The lines that the next step reads."""
        return {name: self.lines[name] for name in self.previous}

    @cached_property
    def state(self) -> str:
        """The name of the state whose gradient `reach` follows."""
        return "s" if "s" in self.states else next(iter(self.states))

    @cached_property
    def readers(self) -> dict[Node, list[Edge]]:
        """Of each node, its edges towards the loss within the same step."""
        found: dict[Node, list[Edge]] = {}
        ends = {self.loss, *self.states.values()}
        for node in reversed(self.nodes):
            for partial, index in node.edges if node in ends or node in found else ():
                found.setdefault(node.operands[index], []).append((node, partial, index))
        return found

    @cached_property
    def carried(self) -> dict[Node, list[Edge]]:
        """Of each state, its edges into the next step."""
        return {
            node: self.readers.get(self.previous[name], []) for name, node in self.states.items()
        }

    @cached_property
    def inner(self) -> dict[Node, list[Edge]]:
        """Of each node, its edges to readers in the loop, within the same step."""
        return self._readers_at(Stage.LOOP)

    @cached_property
    def outer(self) -> dict[Node, list[Edge]]:
        """Of each node, its edges to readers after the loop, within the same step."""
        return self._readers_at(Stage.AFTER)

    def _readers_at(self, stage: Stage) -> dict[Node, list[Edge]]:
        return {
            node: [edge for edge in edges if self.stages[edge[0]] is stage]
            for node, edges in self.readers.items()
        }

    @cached_property
    def aliases(self) -> dict[Node, Node]:
        """Of each node that only a sum reads: the node whose cotangent is the very same."""
        found: dict[Node, Node] = {}
        for node in reversed(self.nodes):
            edges = self.readers.get(node, [])
            if len(edges) == 1 and edges[0][1] is ops.PLUS and node not in self.states.values():
                found[node] = found.get(edges[0][0], edges[0][0])
        return found

    @cached_property
    def readout(self) -> list[Node]:
        """From the loss back to the states: what only the errors of the same step go through."""
        return [*reversed(self.after), *self.states.values()]

    @cached_property
    def matrices(self) -> frozenset[Node]:
        """The parameters that a product reads as its matrix; the others are vectors."""
        products = (node for node in self.nodes if node.op in (ops.PRODUCT, ops.GATHER))
        return frozenset(node.operands[1] for node in products)

    @cached_property
    def sizes(self) -> dict[Node, tuple[str, int]]:
        """n of each node of the loop, as the parameter and the axis that it can be read from."""
        found: dict[Node, tuple[str, int]] = {}
        for _ in self.nodes:  # rounds enough for what is known to reach every node
            for node in self.nodes:
                _learn_size(node, found)
            for name, leaf in self.previous.items():
                _share(found, leaf, self.lines[name])
        return found

    @cached_property
    def given(self) -> tuple[Node, Node]:
        """The leaves that a sequence is given as: x and y."""
        (x,) = (node for node in self.stages if node.op in (TOKEN, VECTOR))
        (y,) = (node for node in self.stages if node.op is TARGET)
        return x, y

    def size(self, theta: Any, node: Node) -> int:
        """n of a node of the loop, of a state, or of what a sequence is given as."""
        parameter, axis = self.sizes[node]
        return int(getattr(theta, parameter).shape[axis])

    def widths(self, theta: Any) -> tuple[int, int]:
        """D and C: the sizes of x and of z."""
        x, y = self.given
        return self.size(theta, x), self.size(theta, y)

    def line_of(self, node: Node) -> Node:
        """The line that a node is a part of."""
        while not node.name:
            node = self.aliases.get(node) or self.readers[node][0][0]
        return node

    def axes(self, node: Node) -> tuple[str, ...]:
        """What each axis of a node's value runs over: the units of which line, or of x."""
        if node.op is not PARAMETER:
            return (self.line_of(node).name,)
        reader = self.readers[node][0][0]
        rows = self.line_of(reader).name
        matrix = reader.op in (ops.PRODUCT, ops.GATHER)
        return (rows, *self.axes(reader.operands[0])) if matrix else (rows,)

    @cached_property
    def before(self) -> tuple[Node, ...]:
        """Computed for all steps at once, before the loop."""
        return self._at(Stage.BEFORE)

    @cached_property
    def loop(self) -> tuple[Node, ...]:
        """Computed step by step: what a state needs of the step before."""
        return self._at(Stage.LOOP)

    @cached_property
    def after(self) -> tuple[Node, ...]:
        """Computed for all steps at once, when the states are known."""
        return self._at(Stage.AFTER)

    def _at(self, stage: Stage) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if self.stages[node] is stage)


def _learn_size(node: Node, found: dict[Node, tuple[str, int]]) -> None:
    if node.op in (ops.PRODUCT, ops.GATHER):
        vector, matrix = node.operands
        found[node] = (matrix.name, 0)
        found.setdefault(vector, (matrix.name, 1))
    elif node.op is ops.CROSS_ENTROPY:
        logits, target, _ = node.operands
        _share(found, logits, target)
    else:
        for operand in node.operands:
            if operand.op is PARAMETER:
                found.setdefault(operand, (operand.name, 0))
            _share(found, operand, node)


def _share(found: dict[Node, tuple[str, int]], one: Node, other: Node) -> None:
    for known, unknown in ((one, other), (other, one)):
        if known in found:
            found.setdefault(unknown, found[known])


@lru_cache(maxsize=64)
def trace(cell: Cell, tokens: bool) -> Program:
    """The program of a cell, for x given as tokens or as vectors.

    Raises TypeError for equations that are none: without E, or reading a line that is not there;
    or whose loss reads the step otherwise than through its states.
    """
    parameters, previous = _Leaves(PARAMETER), _Leaves(PREVIOUS)
    x, y = Node(TOKEN if tokens else VECTOR, name="x"), Node(TARGET, name="y")
    lines = dict(cell.equations(parameters, x, previous, y))
    if "E" not in lines or not previous.made or not previous.made.keys() <= lines.keys():
        raise TypeError(
            f"the cell {cell.name} must return E and each line that `previous` reads, at least one"
        )
    for name, node in lines.items():
        if not node.operands:
            raise TypeError(f"the cell {cell.name}: {name} must be an operation, as identity(…) is")
        node.name = name
    written = {name: expression(node, top=True) for name, node in lines.items()}
    for node in _walk(lines.values()):
        node.text = expression(node)
    _hoist(lines.values(), recurrent=_depending_on(previous.made.values(), lines.values()))
    nodes = _in_order(lines.values())
    stages = _stages(nodes, [lines[name] for name in previous.made], previous.made.values())
    program = Program(cell, nodes, lines, written, parameters.made, previous.made, stages)
    _check_readout(program)
    return program


def expression(node: Node, top: bool = False) -> str:
    """A node as it is written in a line; {t} stands for the step's index, {p} for the one before.

    A line inside another line is its name. `top` writes out the line itself.
    """
    if node.text and not top:
        return node.text
    if node.op is PARAMETER:
        return node.name
    if node.op is PREVIOUS:
        return f"{symbol(node.name)}{{p}}"
    if not node.operands or (node.name and not top):
        return f"{symbol(node.name)}{{t}}"
    operands = [expression(operand) for operand in node.operands]
    operands = [
        f"({text})" if operand.op.binding < node.op.asks and not operand.name else text
        for operand, text in zip(node.operands, operands, strict=True)
    ]
    # str.format would swallow the braces of the operands' own placeholders
    text = node.op.written
    for index, operand in enumerate(operands):
        text = text.replace(f"{{{index}}}", operand)
    return text


def symbol(name: str) -> str:
    """A line's letter: ŷ for yhat, the name for the rest."""
    return "ŷ" if name == "yhat" else name


def _walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every node once, operands first."""
    seen: set[Node] = set()

    def visit(node: Node) -> Iterator[Node]:
        if node not in seen:
            seen.add(node)
            for operand in node.operands:
                yield from visit(operand)
            yield node

    for node in nodes:
        yield from visit(node)


def _in_order(lines: Iterable[Node]) -> tuple[Node, ...]:
    return tuple(node for node in _walk(lines) if node.operands)


def _depending_on(sources: Iterable[Node], lines: Iterable[Node]) -> set[Node]:
    found = set(sources)
    for node in _walk(lines):
        if not found.isdisjoint(node.operands):
            found.add(node)
    return found


def _hoist(lines: Iterable[Node], recurrent: set[Node]) -> None:
    """In a recurrent sum, adds first what is known for all steps: (U x + b) + W s₋₁."""
    for node in _walk(lines):
        summands = _summands(node)
        bulk = [summand for summand in summands if summand not in recurrent]
        if node in recurrent and len(bulk) > 1:
            *others, last = [summand for summand in summands if summand in recurrent]
            node.operands = (_sum([_sum(bulk), *others]), last)


def _summands(node: Node) -> list[Node]:
    if node.op is not ops.ADD:
        return [node]
    return [
        summand
        for operand in node.operands
        for summand in ([operand] if operand.name else _summands(operand))
    ]


def _sum(nodes: list[Node]) -> Node:
    first, *rest = nodes
    for node in rest:
        first = Node(ops.ADD, (first, node))
    return first


def _stages(
    nodes: tuple[Node, ...], states: list[Node], previous: Iterable[Node]
) -> dict[Node, Stage]:
    needed = set(_walk(states))
    recurrent = _depending_on(previous, nodes) | set(states)

    def stage(node: Node) -> Stage:
        if node not in needed:
            return Stage.AFTER
        return Stage.LOOP if node in recurrent else Stage.BEFORE

    leaves = {operand for node in nodes for operand in node.operands if not operand.operands}
    return dict.fromkeys(leaves, Stage.LEAF) | {node: stage(node) for node in nodes}


def _check_readout(program: Program) -> None:
    states = program.states.values()
    for node in program.after:
        for operand in node.operands:
            inner = program.stages[operand] in (Stage.LOOP, Stage.BEFORE) and operand not in states
            if inner or operand.op is PREVIOUS:
                raise TypeError(
                    f"the cell {program.cell.name}: {_generic(node)} reads {_generic(operand)}; "
                    "after the states, only the states of the same step may be read"
                )


def _generic(node: Node) -> str:
    return expression(node).replace("{t}", "ₜ").replace("{p}", "ₜ₋₁")
