"""The program as it is read: the lines of a forward step, and of the way back from one error.

The backward lines are derived from the equations, as the sweep is: each node's adjoint is the sum,
over its readers, of their partials applied to their adjoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from core import symbols
from core.program import Edge, Node, Program, Stage, symbol

VALUE, ADJOINT, GRADIENT = "value", "adjoint", "gradient"


@dataclass(frozen=True)
class Line:
    """One line: it computes a `value`, an `adjoint`, or a term of a parameter's `gradient`.

    `name` is the line or the parameter that it belongs to. In `template`, {t} and {p} stand for the
    step and the one before, {n} for the one after, {e} for the t of E_t.
    """

    kind: str
    name: str
    template: str

    def written(self, error: int, k: int | str) -> str:
        """The line at step k, on the way back from E_t with t = `error`; k may be a letter."""
        text = self.template.replace("{e}", symbols.subscript(error))
        later, here, before = symbols.around(k)
        return text.replace("{n}", later).replace("{t}", here).replace("{p}", before)


@dataclass(frozen=True)
class Listing:
    """All lines of a program, in the order in which they run.

    forward: of each step. readout: once on the way back, at t. joined: at k = t, after the readout.
    back: at each k < t.
    """

    forward: tuple[Line, ...]
    readout: tuple[Line, ...]
    joined: tuple[Line, ...]
    back: tuple[Line, ...]


@cache
def listing(program: Program) -> Listing:
    """The lines of a program."""
    states = list(program.states.values())
    forward = tuple(
        Line(VALUE, name, f"{symbol(name)}{{t}} = {text}") for name, text in program.written.items()
    )
    readout = [
        line
        for name, node in reversed(program.lines.items())
        if program.stages[node] is Stage.AFTER and name != "E" and node in program.readers
        for line in _adjoint_lines(program, node)
    ]
    joins = [_adjoint(program, state, _from_readout(program, state)) for state in states]
    carries = [_adjoint(program, state, program.carried[state], later=True) for state in states]
    inside = [
        line
        for node in reversed(program.lines.values())
        if program.stages[node] is Stage.LOOP
        for line in _adjoint_lines(program, node)
        if line.kind is GRADIENT or node not in states
    ]
    return Listing(forward, (*readout, *joins), tuple(inside), (*carries, *inside))


def _adjoint_lines(program: Program, node: Node) -> Iterator[Line]:
    """A line's own adjoint, then the gradients of the parameters that it reads."""
    yield _adjoint(program, node, program.readers[node])
    for name, leaf in program.parameters.items():
        for reader, partial, _ in program.readers[leaf]:
            if program.line_of(reader) is node:
                text = symbols.applied_template(reader, partial, _cotangent(program, reader))
                yield Line(GRADIENT, name, f"∂E{{e}}/∂{name} += {text}")


def _adjoint(program: Program, node: Node, edges: list[Edge], later: bool = False) -> Line:
    texts = [_product(program, edge, later) for edge in edges]
    left = symbols.adjoint_template(node.name)
    return Line(ADJOINT, node.name, f"{left} = {' + '.join(texts) or '0'}")


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
