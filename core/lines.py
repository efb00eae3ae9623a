"""The program as it is read: the lines of a forward step, and of the way back.

The backward lines are derived from the equations, as the sweep is: each node's adjoint is the sum,
over its readers, of their partials applied to their adjoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from core import symbols
from core.ops import Partial
from core.program import PARAMETER, PREVIOUS, Edge, Node, Program, Stage, symbol
from core.records import Record

VALUE, ADJOINT, GRADIENT, PARAMETER_LINE, GIVEN = (
    "value", "adjoint", "gradient", "parameter", "given",
)  # fmt: skip


class Operand(Record):
    """What a line reads: the value or the adjoint of line `name` at step k + `later`.

    Parameters and what is given (x, y) are operands too, made by no line.
    """

    kind: str
    name: str
    later: int = 0


class Line(Record):
    """One line: it computes a `value`, an `adjoint`, or a term of a parameter's `gradient`.

    `name` is the line or the parameter that it belongs to. In `template`, {t} and {p} stand for the
    step and the one before, {n} for the one after, {e} and {e,} for the t of E_t.
    """

    kind: str
    name: str
    template: str
    operands: tuple[Operand, ...] = ()

    def written(self, error: int | str, k: int | str) -> str:
        """The line at step k, on the way back from E_t with t = `error`; both may be letters.

        `error` is "" for E, the sum of all errors.
        """
        text = symbols.sent_back(self.template, error)
        later, here, before = symbols.around(k)
        return text.replace("{n}", later).replace("{t}", here).replace("{p}", before)


class Listing(Record):
    """All lines of a program, in the order in which they run.

    Forward, at each step: `forward`. Back, where an error joins: `readout`, then `joining` at the
    last step of the pass or `both` at an earlier one; where none joins: `carried`. Then `inside`.
    """

    forward: tuple[Line, ...]
    readout: tuple[Line, ...]
    joining: tuple[Line, ...]
    both: tuple[Line, ...]
    carried: tuple[Line, ...]
    inside: tuple[Line, ...]


@cache
def listing(program: Program) -> Listing:
    """The lines of a program."""
    states = list(program.states.values())
    joins = {state: _from_readout(program, state) for state in states}
    readout = [
        line
        for name, node in reversed(program.lines.items())
        if program.stages[node] is Stage.AFTER and name != "E" and node in program.readers
        for line in _adjoint_lines(program, node)
    ]
    inside = [
        line
        for node in reversed(program.lines.values())
        if program.stages[node] is Stage.LOOP
        for line in _adjoint_lines(program, node)
        if line.kind is GRADIENT or node not in states
    ]
    return Listing(
        forward=tuple(_forward(program, name) for name in program.written),
        readout=tuple(readout),
        joining=tuple(_adjoint(program, s, joins[s], []) for s in states),
        both=tuple(_adjoint(program, s, joins[s], program.carried[s]) for s in states),
        carried=tuple(_adjoint(program, s, [], program.carried[s]) for s in states),
        inside=tuple(inside),
    )


def _forward(program: Program, name: str) -> Line:
    node = program.lines[name]
    text = f"{symbol(name)}{{t}} = {program.written[name]}"
    # E reads the logits to stay right where ŷ underflows; it is written, and read, as −log ŷ[y].
    operands = node.operands[1:] if node is program.loss else node.operands
    return Line(VALUE, name, text, _distinct(each for n in operands for each in _values(n, 0)))


def _adjoint_lines(program: Program, node: Node) -> Iterator[Line]:
    """A line's own adjoint, then the gradients of the parameters that it reads."""
    yield _adjoint(program, node, program.readers[node], [])
    for name, leaf in program.parameters.items():
        for edge in program.readers[leaf]:
            reader, partial, _ = edge
            if program.line_of(reader) is node:
                text = symbols.applied_template(reader, partial, _cotangent(program, reader))
                reads = _distinct(_edge_operands(program, edge, 0))
                yield Line(GRADIENT, name, f"∂E{{e}}/∂{name} += {text}", reads)


def _adjoint(program: Program, node: Node, now: list[Edge], later: list[Edge]) -> Line:
    """An adjoint from the readers at the same step, and those at the next one."""
    texts = [_product(program, edge, later=False) for edge in now]
    texts += [_product(program, edge, later=True) for edge in later]
    reads = [each for edge in now for each in _edge_operands(program, edge, 0)]
    reads += [each for edge in later for each in _edge_operands(program, edge, 1)]
    left = symbols.adjoint_template(node.name)
    return Line(ADJOINT, node.name, f"{left} = {' + '.join(texts) or '0'}", _distinct(reads))


def _from_readout(program: Program, state: Node) -> list[Edge]:
    return [
        edge for edge in program.readers.get(state, []) if program.stages[edge[0]] is Stage.AFTER
    ]


def _product(program: Program, edge: Edge, later: bool) -> str:
    reader, partial, _ = edge
    text = symbols.applied_template(reader, partial, _cotangent(program, reader))
    # What the next step reads of this one: its t is our n, its p our t.
    return text.replace("{t}", "{n}").replace("{p}", "{t}") if later else text


def _cotangent(program: Program, node: Node) -> str:
    root = program.aliases.get(node, node)
    if root.name:
        return symbols.adjoint_template(root.name)
    return f"({' + '.join(_product(program, edge, later=False) for edge in program.readers[root])})"


def _edge_operands(program: Program, edge: Edge, later: int) -> Iterator[Operand]:
    """The cotangent that an edge carries, then what its partial reads."""
    reader, partial, _ = edge
    root = program.aliases.get(reader, reader)
    if root.name and root is not program.loss:
        yield Operand(ADJOINT, root.name, later)
    elif not root.name:
        for outer in program.readers[root]:
            yield from _edge_operands(program, outer, later)
    for node in _read_by(reader, partial):
        yield from _values(node, later)


def _read_by(reader: Node, partial: Partial) -> Iterator[Node]:
    """What stands in a partial as it is applied: the reader's result, or its operands."""
    if "{y}" in partial.applied:
        yield reader
    for index, operand in enumerate(reader.operands):
        if f"{{{index}}}" in partial.applied:
            yield operand


def _values(node: Node, later: int) -> Iterator[Operand]:
    """The named values that a node is written with."""
    if node.op is PARAMETER:
        yield Operand(PARAMETER_LINE, node.name)
    elif node.op is PREVIOUS:
        yield Operand(VALUE, node.name, later - 1)
    elif not node.operands:
        yield Operand(GIVEN, node.name, later)
    elif node.name:
        yield Operand(VALUE, node.name, later)
    else:
        for operand in node.operands:
            yield from _values(operand, later)


def _distinct(operands: Iterator[Operand] | list[Operand]) -> tuple[Operand, ...]:
    return tuple(dict.fromkeys(operands))
