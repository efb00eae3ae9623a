"""A line of the program at a step, and the numbers that can be looked at there."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core.lines import ADJOINT, VALUE
from core.records import Record
from core.symbols import adjoint, subscript
from tuiviz.explain.zero import derivative

if TYPE_CHECKING:
    from core.backward import Pass
    from core.tape import Tape
    from core.truncation import Truncation


class Place(Record):
    """A line or a parameter `name` at step k, on the way back of some errors together, or one."""

    tape: Tape
    name: str
    back: Pass
    k: int
    truncation: Truncation | None

    @property
    def t(self) -> int:
        """The t of E_t; of several errors, the last one's."""
        return self.back.last

    @property
    def alone(self) -> bool:
        """Whether one error goes back on its own."""
        return self.back.first == self.back.last

    @property
    def at_t(self) -> str:
        """₃ for t = 3."""
        return subscript(self.t)

    @property
    def at_k(self) -> str:
        """₂ for k = 2."""
        return subscript(self.k)

    @property
    def before(self) -> str:
        """₁ for k = 2."""
        return subscript(self.k - 1)

    @property
    def delta(self) -> str:
        """δ₃,₂ of E₃ at k = 2; of several errors δ₂."""
        return self._delta(self.k)

    @property
    def later_delta(self) -> str:
        """That of the step after: δ₃,₃."""
        return self._delta(self.k + 1)

    def _delta(self, k: int) -> str:
        return adjoint("a", self.t if self.alone else "", k)

    @property
    def errors(self) -> str:
        """E₃; of several errors, those that come by at step k: E₂ … E₄."""
        first = max(self.k, self.back.first)
        return f"E{self.at_t}" if first == self.t else f"E{subscript(first)} … E{self.at_t}"

    @cached_property
    def lowest(self) -> int:
        """The smallest k that the truncation keeps."""
        return self.tape.error(self.t).kept_from(self.truncation) if self.alone else self.back.low

    @property
    def style(self) -> str:
        """TBPTT(1, 2)."""
        return f"TBPTT({self.truncation.k1}, {self.truncation.k2})" if self.truncation else ""

    @property
    def dropped(self) -> str:
        """What is to be said of a step that the truncation drops; nothing of one that it keeps."""
        if self.k >= self.lowest:
            return ""
        if self.lowest > self.t:
            return f"Dropped: {self.style} does not send E{self.at_t} back at all."
        return f"Dropped: {self.style} sends E{self.at_t} back to step {self.lowest}, no further."

    @property
    def starts_at_zero(self) -> bool:
        """Whether s₋₁ = 0."""
        return not self.tape.initial_state.any()

    @property
    def state(self) -> Any:
        """s_k (H,)."""
        return self.tape.values["s"][self.k]

    @property
    def slope(self) -> Any:
        """The diagonal of ∂s_k/∂a_k (H,)."""
        return derivative(self.tape, self.tape.program.lines["s"], self.k)

    @property
    def activation(self) -> str:
        """The name of f in s = f(a)."""
        return self.tape.program.lines["s"].op.name

    @property
    def norm(self) -> float:
        """‖what step k adds to the gradient of the parameter‖."""
        return self.back.steps(self.name).at(self.k).norm

    def finite(self, kind: str) -> bool:
        """Whether the numbers of the line are."""
        if kind == VALUE:
            return bool(np.isfinite(self.tape.values[self.name][self.k]).all())
        if kind == ADJOINT:
            return bool(np.isfinite(self.back.adjoint(self.name, self.k)).all())
        return bool(np.isfinite(self.norm))
