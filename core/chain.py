"""The chain rule of ∂E_t/∂θ as an expression of sums, products and factors.

    ∂E_t/∂W = Σ_{k=t}^{0} ∂E_t/∂ŷ_t · ∂ŷ_t/∂s_t · ∂s_t/∂s_k · ∂⁺s_k/∂W
    ∂s_t/∂s_k = Π_{j=t}^{k+1} ∂s_j/∂s_{j−1}

∂⁺s_k/∂W is the immediate partial: s_{k−1} is held constant in it, and only in it. One law ties the
expression to the tape: every node's value, which the tape gives, equals the combination of its
children's values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from functools import cached_property, reduce
from typing import Any, overload

import numpy as np

from core import symbols
from core.errors import InputError
from core.numbers import Array, frobenius
from core.ops import PLUS, Partial, Shape
from core.program import PARAMETER, PREVIOUS, Node, Stage
from core.recording import Recording
from core.records import Record
from core.ring import jacobian
from core.terms import Term, Terms

LARGEST = 2**24
"""The most numbers that one value may hold: 128 MiB."""


class Children(Record, Sequence["Expression"], eq=False):
    """The parts of an expression, each made when it is asked for: there can be thousands."""

    size: int
    make: Callable[[int], Expression] = field(repr=False)
    _made: dict[int, Expression] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> Expression: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Expression]: ...
    def __getitem__(self, index: int | slice) -> Expression | Sequence[Expression]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.size))]
        if not -self.size <= index < self.size:
            raise IndexError(f"part {index} of {self.size}")
        index %= self.size
        if index not in self._made:
            self._made[index] = self.make(index)
        return self._made[index]


class Expression(Record, eq=False):
    """A node of the chain rule: its symbol, how it is written, its shape, value and children.

    `term` is set on the terms of the sum; `place` has the line and the step whose partial a factor
    is. `relation` is = or, where a truncation drops terms of the symbol, ≈. Values and children are
    computed when asked for.
    """

    symbol: str
    written: str
    shape: Shape
    axes: tuple[str, ...]  # what each axis runs over: the units of which line, or of x
    compute: Callable[[], Array]
    make: Callable[[], Sequence[Expression]] = tuple
    term: Term | None = None
    place: tuple[str, int] | None = None
    relation: str = "="

    @property
    def equation(self) -> str:
        """∂s₂/∂a₂ = diag(1 − s₂²)."""
        return f"{self.symbol} {self.relation} {self.written}"

    def __repr__(self) -> str:
        size = "×".join(map(str, self.shape))
        return f"{type(self).__name__}({self.symbol} = {self.written}, {size})"

    @cached_property
    def value(self) -> Array:
        """The numbers. Raises InputError if there are more of them than LARGEST."""
        if math.prod(self.shape) > LARGEST:
            size = "×".join(map(str, self.shape))
            raise InputError(f"{self.symbol} is {size}: too large to be formed; see its product")
        with np.errstate(all="ignore"):
            return np.asarray(self.compute()).reshape(self.shape)

    @cached_property
    def children(self) -> Sequence[Expression]:
        """What the expression is made of; nothing for a factor."""
        return self.make()

    @cached_property
    def norm(self) -> float:
        """The Euclidean (Frobenius) norm of the value; of a term without forming its matrix."""
        return self.term.norm if self.term else frobenius(self.value)

    def combined(self) -> Array:
        """The value, from the children's."""
        return self.value


class Factor(Expression):
    """A partial derivative that has no parts."""


class Product(Expression):
    """Jacobians multiplied from left to right."""

    def combined(self) -> Array:
        """The children's product."""
        with np.errstate(all="ignore"):
            values = [child.value for child in self.children]
            product = reduce(lambda left, right: np.tensordot(left, right, 1), values)
            return np.asarray(product).reshape(self.shape)


class Sum(Expression):
    """Terms, of which a truncation may drop some."""

    def combined(self) -> Array:
        """The sum of the children that are kept."""
        kept = [child.value for child in self.children if child.term is None or child.term.kept]
        return np.asarray(sum(kept, start=np.zeros(self.shape)))


def expand(tape: Recording, terms: Terms) -> Sum:
    """∂E_t/∂θ as the sum of its terms.

    Raises InputError for a cell with several states: their chain rule is one of block matrices; and
    for a parameter that both the recurrence and the readout read.
    """
    if len(tape.program.states) > 1:
        names = ", ".join(tape.program.states)
        raise InputError(f"the chain rule is written for one state; this cell has {names}")
    stages = {tape.program.stages[reader] for reader, *_ in terms.adjoints.edges(terms.parameter)}
    if terms.recurrent and Stage.AFTER in stages:
        raise InputError(
            f"the chain rule is written for one place; {terms.parameter} is read in two, "
            "in the recurrence and in the readout"
        )
    chain = _Chain(tape, terms)
    return Sum(
        symbol=symbols.gradient(chain.t, chain.name),
        written=chain.written_sum(),
        shape=chain.shape,
        axes=chain.axes,
        compute=lambda: terms.sum,
        make=lambda: Children(len(terms), lambda index: chain.term(terms[index])),
        relation="≈" if terms.first > terms.lowest else "=",
    )


Path = tuple[tuple[Node, Partial, int], ...]


class _Chain:
    def __init__(self, tape: Recording, terms: Terms) -> None:
        self.tape, self.terms = tape, terms
        self.t, self.name = terms.last, terms.parameter
        self.parameter = tape.program.parameters[self.name]
        self.shape = getattr(tape.theta, self.name).shape
        self.axes = tape.program.axes(self.parameter)
        state = tape.program.state
        self.state, self.before = tape.program.states[state], tape.program.previous[state]
        self.loss = tape.program.loss
        ((index, self.likelihood),) = self.loss.op.written_partials.items()
        self.prediction = self.loss.operands[index]
        self.index = index

    def written_sum(self) -> str:
        if self.terms.first > self.t:
            return "0, all dropped"
        if not self.terms.recurrent:
            return "one term"
        return f"Σₖ, {symbols.steps(self.t, max(self.terms.first, self.terms.lowest))}"

    def term(self, term: Term) -> Product:
        return Product(
            symbol=f"{symbols.gradient(self.t, self.name)}|{symbols.subscript(term.k)}",
            written=self._written_term(term.k),
            shape=self.shape,
            axes=self.axes,
            compute=lambda: term.value,
            make=lambda: list(self._factors(term.k)),
            term=term,
        )

    def _written_term(self, k: int) -> str:
        program = self.tape.program
        texts = []
        for reader, partial, _ in self.terms.adjoints.edges(self.name):
            root = program.aliases.get(reader, reader)
            text = symbols.applied_template(reader, partial, symbols.adjoint_template(root.name))
            texts.append(symbols.sent_back(symbols.filled(text, k), self.t))
        return " + ".join(texts)

    def _factors(self, k: int) -> Iterator[Expression]:
        yield self._factor((self.loss, self.likelihood, self.index), self.loss, self.t)
        if not self.terms.recurrent:
            last = self._within(self.prediction, self.parameter, self.t)
            yield from last.children or [last]
            return
        yield self._within(self.prediction, self.state, self.t)
        yield self._through_time(k)
        yield self._within(self.state, self.parameter, k)

    def _through_time(self, k: int) -> Expression:
        """∂s_t/∂s_k."""
        if k == self.t - 1:
            return self._within(self.state, self.before, self.t)
        size = self.tape.size(self.state)
        of, by = symbols.quantity(self.state, self.t), symbols.quantity(self.state, k)
        kind = Factor if k == self.t else Product
        return kind(
            symbol=symbols.derivative(of, by),
            written="I" if k == self.t else f"Πⱼ, j = {self.t} … {k + 1}",
            shape=(size, size),
            axes=(self.state.name, self.state.name),
            compute=lambda: jacobian(self.tape, self.t, k),
            make=lambda: Children(
                self.t - k, lambda index: self._within(self.state, self.before, self.t - index)
            ),
            place=(self.state.name, self.t),
        )

    def _within(self, of: Node, by: Node, t: int) -> Expression:
        """∂of_t/∂by, through the operations of step t alone."""
        products = [self._along(path, of, by, t) for path in _paths(of, by)]
        if len(products) == 1:
            return products[0]
        return Sum(
            symbol=products[0].symbol,
            written=f"through {len(products)} paths",
            shape=products[0].shape,
            axes=products[0].axes,
            compute=lambda: np.sum([product.combined() for product in products], axis=0),
            make=lambda: products,
            place=products[0].place,
        )

    def _along(self, path: Path, of: Node, by: Node, t: int) -> Expression:
        factors = []
        anchor = of
        for position, edge in enumerate(path):
            last = position == len(path) - 1
            if edge[1] is PLUS and not (last and by.op is PARAMETER):
                continue
            factors.append(self._factor(edge, anchor, t))
            anchor = edge[0].operands[edge[2]]
        if len(factors) == 1:
            return factors[0]
        rows, columns = factors[0].shape[0], factors[-1].shape[1:]
        product = Product(
            symbol=self._symbol(of, by, t),
            written=" · ".join(factor.written for factor in factors),
            shape=(rows, *columns),
            axes=(*factors[0].axes[:1], *factors[-1].axes[1:]),
            compute=lambda: product.combined(),
            make=lambda: factors,
            place=(self.tape.program.line_of(of).name, t),
        )
        return product

    def _factor(self, edge: tuple[Node, Partial, int], of: Node, t: int) -> Factor:
        node, partial, index = edge
        operand = node.operands[index]
        shape = self._shape(operand)

        def compute() -> Array:
            return partial.dense(self._coefficient(edge, t), shape)

        rows = () if node is self.loss else self._shape(of)
        return Factor(
            symbol=self._symbol(of, operand, t),
            written=symbols.written_partial(node, partial, t),
            shape=(*(rows or (1,)), *shape),
            axes=(*self.tape.program.axes(of), *self.tape.program.axes(operand)),
            compute=compute,
            place=(self.tape.program.line_of(node).name, t),
        )

    def _coefficient(self, edge: tuple[Node, Partial, int], t: int) -> Any:
        node, partial, _ = edge

        def at(node: Node) -> Any:
            array = self.tape.arrays[node]
            return array if node.op is PARAMETER else array[t : t + 1]

        found = partial.coefficient(at, node)
        return found if partial.constant else found[0]

    def _symbol(self, of: Node, by: Node, t: int) -> str:
        # In the readout nothing else depends on the parameter: there the mark would mark nothing.
        immediate = by.op is PARAMETER and self.tape.program.stages[of] is not Stage.AFTER
        return symbols.derivative(symbols.quantity(of, t), symbols.quantity(by, t), immediate)

    def _shape(self, node: Node) -> Shape:
        if node.op is PARAMETER:
            return tuple(getattr(self.tape.theta, node.name).shape)
        return (self.tape.size(node),)


def _paths(of: Node, by: Node) -> list[Path]:
    """The ways from a node back to another within a step."""
    if of is by:
        return [()]
    if of.op is PREVIOUS:
        return []
    return [
        ((of, partial, index), *rest)
        for partial, index in of.edges
        for rest in _paths(of.operands[index], by)
    ]
