"""Lines of NumPy in a person's own names, and in their layout: rows or columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from core.parameters import NAMES
from core.records import Record
from tuiviz.files.conventions import Convention
from tuiviz.files.visible import visible

_SLOPES = {
    "tanh": "(1 - {s}[{k}]**2)",
    "relu": "({s}[{k}] > 0)",
    "sigmoid": "{s}[{k}] * (1 - {s}[{k}])",
    "identity": "1",
}


class Notation(Record):
    """How a person writes: names for U W V b c, which are transposed, the letter of the state.

    `tokens`: whether x is tokens, each of which picks a column of U, or a row where it is turned.
    """

    names: Mapping[str, str] = field(default_factory=lambda: {name: name for name in NAMES})
    gradients: Mapping[str, str] = field(
        default_factory=lambda: {name: f"d{name}" for name in NAMES}
    )
    transposed: frozenset[str] = frozenset()
    state: str = "s"
    activation: str = "tanh"
    tokens: bool = False

    @classmethod
    def of(cls, convention: Convention, activation: str, tokens: bool) -> Notation:
        """Of a file's convention: the last part of each name, weight_hh_l0 of rnn.weight_hh_l0.

        Names that then are the same are written in full, with _ between their parts.
        """
        whole = {name: visible(parts[0]) for name, parts in convention.names.items()}
        short = {name: re.split(r"[./]", text)[-1] for name, text in whole.items()}
        if len(set(short.values())) < len(short):
            short = {name: re.sub(r"\W", "_", text) for name, text in whole.items()}
        return cls(
            names=short,
            gradients={
                name: f"d{text}" if convention.row.gradient == "d" else f"{text}.grad"
                for name, text in short.items()
            },
            transposed=convention.transposed,
            state=convention.state,
            activation=activation,
            tokens=tokens,
        )

    def name(self, parameter: str) -> str:
        """Whh for W."""
        return self.names.get(parameter, parameter)

    def gradient(self, parameter: str) -> str:
        """dWhh for W; weight_hh_l0.grad in PyTorch."""
        return self.gradients.get(parameter, f"d{parameter}")

    def at(self, step: str) -> str:
        """s[k-1]."""
        return f"{self.state}[{step}]"

    def outer(self, parameter: str, left: str, right: str) -> str:
        """The product left ⊗ right as it is written for this parameter: for row vectors, turned."""
        pair = (right, left) if parameter in self.transposed else (left, right)
        return f"np.outer({', '.join(pair)})"

    def add(self, parameter: str, left: str, right: str) -> str:
        """dW += np.outer(left, right); dU[:, x[k]] += d, where x is tokens."""
        if self.tokens and parameter == "U":
            return self._add_column(left, right)
        return f"{self.gradient(parameter)} += {self.outer(parameter, left, right)}"

    def _add_column(self, left: str, right: str) -> str:
        turned = "U" in self.transposed
        if left.startswith("x["):  # the product is turned round
            left, right, turned = right, left, not turned
        return f"{self.gradient('U')}[{right if turned else f':, {right}'}] += {left}"

    def back(self, parameter: str, vector: str) -> str:
        """Mᵀ v."""
        turned = parameter in self.transposed
        return f"{self.name(parameter)}{'' if turned else '.T'} @ {vector}"

    def ahead(self, parameter: str, vector: str) -> str:
        """M v."""
        turned = parameter in self.transposed
        return f"{self.name(parameter)}{'.T' if turned else ''} @ {vector}"

    def slope(self, k: str) -> str:
        """f′ at a step, from the state."""
        return _SLOPES[self.activation].format(s=self.state, k=k)
