"""What is reported about a person's gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property

import numpy as np

from core.diagnosis.coefficients import MOST_STEPS, Coefficients, coefficients, compared
from core.diagnosis.first_wrong import FirstWrong
from core.diagnosis.loop import Gradient, Instance
from core.diagnosis.search import Explanation, searchable
from core.records import Record

RIGHT, CONVENTION, WRONG = "right", "convention", "wrong"
UNKNOWN, UNDECIDED = "unknown", "undecided"

ROUNDING, DIFFERENCES = "rounding", "finite differences"


class Finding(Record):
    """A mistake that was made. `argument` is n, c or the scale, if the mistake has one.

    `residual` is what it leaves unexplained, together with the others found; NaN if there is no
    number for it. `detail` says which it is, where a mistake is made in several ways.
    """

    id: str
    parameters: tuple[str, ...]
    argument: float | None
    residual: float
    first_wrong: FirstWrong | None
    detail: str = ""


class Report(Record, eq=False):
    """What was found about the gradients of one instance.

    `verdict`: right, convention, wrong, unknown or undecided. `findings`: best first; of an unknown
    mistake one, with the id "unknown". `indistinguishable`: other mistakes that explain the
    gradients as well. `not_testable`: mistakes that give the right gradients on this instance.
    `tolerance` is relative to the norm of each gradient; `accuracy` says what it allows for.
    `residuals`: ‖given − right‖/‖right‖ by parameter. `faults`: numbers that are not finite, and
    shapes that fit nothing, a sentence for each. Of an unknown mistake, `multiples`: how many times
    the right gradient each is that is one; `forward`: what a forward pass does of which they are
    right, "starts from s₋₁ = 0" perhaps, or "".
    """

    verdict: str
    findings: tuple[Finding, ...]
    indistinguishable: tuple[str, ...]
    not_testable: tuple[str, ...]
    tolerance: float
    accuracy: str
    residuals: Mapping[str, float]
    faults: tuple[str, ...]
    instance: Instance
    gradients: Gradient  # as they were given
    explanation: Explanation | None
    multiples: Mapping[str, float] = field(default_factory=dict)
    forward: str = ""

    def __repr__(self) -> str:
        found = ", ".join(finding.id for finding in self.findings)
        return f"Report({self.verdict}: {found})" if found else f"Report({self.verdict})"

    @property
    def searched(self) -> bool:
        """Whether mistakes were looked for; if not, the sequence is too long, see `search`."""
        return searchable(self.instance)

    @property
    def computed(self) -> bool:
        """Whether any number of the gradients is not zero."""
        return any(array.any() for array in self.gradients.values())

    def any_factor(self, finding: Finding) -> float | None:
        """The factor that a clip by one norm comes down to, which anything may be; else None."""
        clipped = finding.id == "clipped-global-norm" or (
            finding.id == "clipped-matrix-norm" and len(finding.parameters) == 1
        )
        if clipped and self.explanation:
            return self.explanation.scales[finding.parameters[0]]
        return None

    @cached_property
    def coefficients(self) -> Coefficients | None:
        """How often each term (t, k) of the recurrence is counted; None where there is no map.

        Of a mistake that is known, exactly; else the best fit to ∂E/∂U, ∂E/∂W, ∂E/∂b.
        """
        if self.verdict in (RIGHT, UNDECIDED) or not searchable(self.instance):
            return None
        if self.forward or not self.computed:
            return None
        if self.explanation:
            return _known(self.instance, self.explanation)
        usable = {
            name: array
            for name, array in self.gradients.items()
            if array.shape == getattr(self.instance.tape.theta, name).shape
            and np.isfinite(array).all()
        }
        return coefficients(self.instance.right, usable, self.tolerance)


def _known(instance: Instance, explanation: Explanation) -> Coefficients | None:
    scales, loop = explanation.scales, explanation.loop
    names = [n for n in ("b", "W", "U") if n in scales and n not in explanation.untouched]
    if not names or instance.steps > MOST_STEPS:
        return None
    other = [n for n in names if loop.factors[n] is not instance.right.factors[n]]
    name = (other or names)[0]
    return compared(loop, instance.right, name, scales[name])
