"""How far back gradients reach while a network learns: a line with a bar now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.learning.training import State
    from tuiviz.training import Plan

MOMENTS = (1, 2, 3, 5, 7)
"""It is looked at after so many steps, ten times as many, and so on: much happens early."""

_WORK = 4_000_000  # Σ T² of the sequences that are looked at each time
_WIDTH = 40


class ReachSample:
    """The median lag that holds 90 % of Σ_k ‖∂E_t/∂s_k‖, at some steps of a training."""

    def __init__(self, plan: Plan, steps: int) -> None:
        self._training, self._steps = plan.training, steps
        lengths = [len(x) for x, _ in plan.training.sequences]
        self._sequences, self._longest = _affordable(lengths), max(lengths)

    @property
    def heading(self) -> str:
        """What the columns are."""
        seen = len(self._sequences)
        return (
            f"median lag t − k that holds 90 % of Σₖ ‖∂E_t/∂s_k‖, over {seen} "
            f"sequence{'s' if seen > 1 else ''}\n{'step':>9}  {'loss':>8}  {'lag':>6}"
        )

    def due(self, done: int) -> bool:
        """Whether to look after so many steps."""
        digits = str(done).rstrip("0")
        return done == self._steps or (len(digits) == 1 and int(digits) in MOMENTS)

    def row(self, state: State, loss: float) -> str:
        """A look at a state; a bar of full length is a lag from end to end."""
        from core.learning.lags import median_lag

        tapes = (self._training.record(state.theta, sequence) for sequence in self._sequences)
        lag = median_lag(tapes)
        bar = "█" * round(_WIDTH * lag / max(1, self._longest - 1)) if lag == lag else ""
        return f"{state.step:>9}  {loss:>8.4f}  {lag:>6.1f}  {bar}".rstrip()


def _affordable(lengths: list[int]) -> list[int]:
    """Sequences spread over the text, at least one, whose T² add up to the work that is allowed."""
    count = max(1, min(len(lengths), _WORK * len(lengths) // sum(n * n for n in lengths)))
    return [i * len(lengths) // count for i in range(count)]
