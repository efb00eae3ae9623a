"""Lines of NumPy in a person's own names, and in their layout: rows or columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.parameters import NAMES

_SLOPES = {
    "tanh": "(1 - {s}[{k}]**2)",
    "relu": "({s}[{k}] > 0)",
    "sigmoid": "{s}[{k}] * (1 - {s}[{k}])",
    "identity": "1",
}


@dataclass(frozen=True)
class Notation:
    """How a person writes: names for U W V b c, which are transposed, the letter of the state."""

    names: Mapping[str, str] = field(default_factory=lambda: {name: name for name in NAMES})
    transposed: frozenset[str] = frozenset()
    state: str = "s"
    activation: str = "tanh"

    def name(self, parameter: str) -> str:
        """Whh for W."""
        return self.names.get(parameter, parameter)

    def gradient(self, parameter: str) -> str:
        """dWhh for W; of rnn.weight_hh_l0 its last part."""
        return "d" + self.name(parameter).rsplit(".", 1)[-1]

    def at(self, step: str) -> str:
        """s[k-1]."""
        return f"{self.state}[{step}]"

    def outer(self, parameter: str, left: str, right: str) -> str:
        """The product left ⊗ right as it is written for this parameter: for row vectors, turned."""
        pair = (right, left) if parameter in self.transposed else (left, right)
        return f"np.outer({', '.join(pair)})"

    def add(self, parameter: str, left: str, right: str) -> str:
        """dW += np.outer(left, right)."""
        return f"{self.gradient(parameter)} += {self.outer(parameter, left, right)}"

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
