"""What there is to say of ∂E_t/∂θ: its formula, terms, factors and sum, each with its numbers.

All of it is read from the one expression tree. The writers of text, LaTeX, Markdown and JSON say
the same, because they read the same `Explanation`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.chain import Expression, Sum
from core.errors import InputError
from core.numbers import Array, frobenius
from core.records import Record
from tuiviz.explain.formula import Formula, formula, steps_back
from tuiviz.explain.zero import Zero, why_zero

if TYPE_CHECKING:
    from core.ops import Shape
    from core.tape import Tape
    from core.terms import Term, Terms
    from tuiviz.problem import Problem

MOST = 12
"""With more terms than this, not all are shown in full."""

NEAREST, STRONGEST = 4, 4
"""How many of them are: those nearest to t, and of the others those with the largest norms."""

LARGEST = 2**18
"""The most numbers of a factor that are formed, for its norm and its corner: 2 MiB."""


class Quantity(Record):
    """A node of the chain rule with its numbers; no `value` and `norm` where they are too many."""

    symbol: str
    written: str
    shape: Shape
    labels: tuple[tuple[str, ...], ...]
    value: Array | None
    norm: float | None
    relation: str = "="  # to what is written; ≈ where a truncation drops terms

    @property
    def equation(self) -> str:
        """∂s₂/∂a₂ = diag(1 − s₂²)."""
        return f"{self.symbol} {self.relation} {self.written}"

    @property
    def size(self) -> str:
        """4×4."""
        return "×".join(map(str, self.shape))


class ShownTerm(Record):
    """A term in full: its chain of factors from the loss to the parameter, and their product."""

    term: Term
    zero: Zero | None
    factors: tuple[Quantity, ...]
    product: Quantity

    @property
    def chain(self) -> str:
        """∂E₃/∂ŷ₃ · ∂ŷ₃/∂s₃ · ∂s₃/∂s₁ · ∂⁺s₁/∂W."""
        return " · ".join(factor.symbol for factor in self.factors)


class LeftOut(Record):
    """Terms that are not shown in full: how many, the norm of their sum, the sum of their shares.

    `share` is None for terms that a truncation drops.
    """

    count: int
    norm: float
    share: float | None


class Explanation(Record, eq=False):
    """∂E_t/∂θ of a problem, under its truncation."""

    problem: Problem
    t: int
    parameter: str

    @property
    def tape(self) -> Tape:
        """The recorded pass."""
        return self.problem.tape

    @property
    def loss(self) -> float:
        """E_t, in nats."""
        return float(self.tape.values["E"][self.t])

    @cached_property
    def terms(self) -> Terms:
        """All terms, k = t, t − 1, …"""
        return self.tape.error(self.t).terms(self.parameter, self.problem.truncation)

    @cached_property
    def expression(self) -> Sum:
        """The chain rule."""
        return self.tape.error(self.t).expand(self.parameter, self.problem.truncation)

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """The steps k of the terms that are shown in full, k descending."""
        count = len(self.terms)
        if count <= MOST:
            return tuple(term.k for term in self.terms)
        # What is not finite is what somebody looks for.
        sizes = np.nan_to_num(self.terms.norms, nan=np.inf)
        strongest = NEAREST + np.argsort(-sizes[NEAREST:], kind="stable")[:STRONGEST]
        return tuple(self.t - int(i) for i in (*range(NEAREST), *sorted(strongest)))

    @cached_property
    def shown(self) -> tuple[ShownTerm, ...]:
        """Those terms."""
        return tuple(self._shown(k) for k in self.steps)

    def _shown(self, k: int) -> ShownTerm:
        product = self.expression.children[self.t - k]
        return ShownTerm(
            term=self.terms.at(k),
            zero=why_zero(self.tape, self.t, self.parameter, k),
            factors=tuple(self._quantity(child) for child in product.children),
            product=self._quantity(product, math.inf),
        )

    @cached_property
    def factors(self) -> tuple[Quantity, ...]:
        """The factors of the shown terms, each once, and the steps that ∂s_t/∂s_k is made of."""
        of_terms = list(zip(*(term.factors for term in self.shown), strict=True))
        if self.terms.recurrent:
            of_terms.insert(-2, self.jacobians)
        found = [factor for place in of_terms for factor in place]
        return tuple({factor.symbol: factor for factor in found}.values())

    @cached_property
    def jacobians(self) -> tuple[Quantity, ...]:
        """∂s_j/∂s_{j−1}, j descending, of the shown steps above the lowest one that is reached."""
        if not self.terms.recurrent or not self.t:
            return ()
        made_of = steps_back(self.expression, self.t)
        return tuple(self._quantity(made_of[self.t - j]) for j in self.steps if j > 0)

    @cached_property
    def _quantities(self) -> dict[str, Quantity]:
        return {}

    def _quantity(self, expression: Expression, most: float = LARGEST) -> Quantity:
        """The same one for the same symbol: its numbers are computed once."""
        if expression.symbol not in self._quantities:
            value = _value(expression, most)
            self._quantities[expression.symbol] = Quantity(
                symbol=expression.symbol,
                written=expression.written,
                shape=expression.shape,
                labels=self.problem.axis_labels(expression.axes, expression.shape),
                value=value,
                norm=None if value is None else _norm(value),
                relation=expression.relation,
            )
        return self._quantities[expression.symbol]

    @cached_property
    def sum(self) -> Quantity:
        """Σ of the kept terms."""
        return self._quantity(self.expression, math.inf)

    @cached_property
    def kept_left_out(self) -> LeftOut:
        """The kept terms that are not shown."""
        steps = self._left_out(kept=True)
        shares = [self.terms.at(k).share for k in steps]
        return LeftOut(len(steps), _norm(self.terms.sum_of(steps)), math.fsum(shares))

    @cached_property
    def dropped_left_out(self) -> LeftOut:
        """The dropped terms that are not shown."""
        steps = self._left_out(kept=False)
        return LeftOut(len(steps), _norm(self.terms.sum_of(steps)), None)

    @cached_property
    def dropped(self) -> LeftOut:
        """All terms that the truncation drops: what it takes away from the gradient."""
        steps = range(self.terms.lowest, min(self.terms.first, self.t + 1))
        return LeftOut(len(steps), _norm(self.terms.sum_of(steps)), None)

    def _left_out(self, kept: bool) -> list[int]:
        return [
            k
            for k in range(self.t, self.terms.lowest - 1, -1)
            if k not in self.steps and (k >= self.terms.first) == kept
        ]

    @cached_property
    def difference(self) -> float:
        """The largest difference between the sum and the kept terms added up, shown one by one."""
        with np.errstate(all="ignore"):
            total = self.terms.sum_of(self._left_out(kept=True))
            for k in self.steps:
                total = total + self.terms.value(k) * (k >= self.terms.first)
            return float(np.abs(total - self.terms.sum).max())

    @cached_property
    def formula(self) -> Formula:
        """The chain rule with letters."""
        return formula(self.expression, self.terms, self.tape.program.state)


def _value(expression: Expression, most: float) -> Array | None:
    if math.prod(expression.shape) > most:
        return None
    try:
        return expression.value
    except InputError:  # what it is made of is too large
        return None


def _norm(value: Array) -> float:
    with np.errstate(all="ignore"):
        return frobenius(value)


def gaps(explanation: Explanation) -> Iterator[tuple[ShownTerm, int]]:
    """Each shown term, with how many terms are left out between it and the next one."""
    steps = (*explanation.steps, explanation.terms.lowest - 1)
    for term, following in zip(explanation.shown, steps[1:], strict=True):
        yield term, term.term.k - following - 1
