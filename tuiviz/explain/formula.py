"""The chain rule of ∂E_t/∂θ with letters for the steps, and what each of its factors is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core import symbols
from core.chain import Expression, Sum
from core.records import Record
from core.terms import Terms


class Formula(Record):
    """∂E₃/∂W = Σₖ ∂E₃/∂ŷ₃ · ∂ŷ₃/∂s₃ · ∂s₃/∂sₖ · ∂⁺sₖ/∂W, and what its factors are.

    `first` and `last` are the bounds of k, of the terms that are kept; with none that is, of all.
    `through_time` is ∂s₃/∂sₖ and `step` is ∂sⱼ/∂sⱼ₋₁;
    of a parameter of the readout there are none, and no sum.
    """

    symbol: str
    relation: str
    chain: tuple[str, ...]
    first: int
    last: int
    through_time: str | None
    step: str | None
    definitions: tuple[tuple[str, str], ...]

    @property
    def written(self) -> str:
        """The formula on one line."""
        chain = " · ".join(self.chain)
        if not self.through_time:
            return f"{self.symbol} {self.relation} {chain}"
        steps = symbols.steps(self.first, self.last)
        return f"{self.symbol} {self.relation} Σₖ {chain},  {steps}"


def formula(expression: Sum, terms: Terms, state: str) -> Formula:
    """The formula of an expansion; `state` is the name of the state that it goes back along."""
    t = terms.last
    factors = expression.children[0].children
    written = [(factor.symbol, factor.written) for factor in factors]
    chain = [factor.symbol for factor in factors]
    through = step = None
    if terms.recurrent:
        here, there = (f"{state}{symbols.subscript(index)}" for index in (t, "k"))
        through = symbols.derivative(here, there)
        back, step = _back(expression, t, through) if t else ([(through, "I")], None)
        immediate = (lettered(chain[-1], t, "k"), lettered(written[-1][1], t, "k"))
        chain[-2:] = through, immediate[0]
        written[-2:] = *back, immediate
    none = terms.first > t
    lowest = terms.lowest if none else max(terms.first, terms.lowest)
    relation = "=" if none else expression.relation
    whole = (expression.symbol, relation, tuple(chain))
    return Formula(*whole, t, lowest, through, step, tuple(written))


def _back(expression: Sum, t: int, through: str) -> tuple[list[tuple[str, str]], str]:
    """∂s₃/∂sₖ as a product, and its factors ∂sⱼ/∂sⱼ₋₁."""
    jacobian = steps_back(expression, 1)[0]
    step, written = (lettered(text, t, "j") for text in (jacobian.symbol, jacobian.written))
    return [(through, f"Πⱼ {step},  j = {t} … k+1"), (step, written)], step


def steps_back(expression: Sum, lag: int) -> Sequence[Expression]:
    """∂s_j/∂s_{j−1}, j descending, that ∂s_t/∂s_k is the product of, where t − k = `lag` ≥ 1."""
    through_time = expression.children[lag].children[-2]
    return [through_time] if lag == 1 else through_time.children


def lettered(text: str, step: int, letter: str) -> str:
    """What is written for one step, for any: 1 − s₃² with j for 3 is 1 − sⱼ²."""
    sign = {"k": "ₖ", "j": "ⱼ"}[letter]
    made = {symbols.subscript(step): sign, symbols.subscript(step - 1): f"{sign}₋₁"}
    return re.sub("[₀-₉₋]+", lambda match: made.get(match.group(), match.group()), text)
