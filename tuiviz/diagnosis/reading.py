"""A person's network and gradients, as they were read, and the report on them."""

from __future__ import annotations

from core.diagnosis.report import Report
from core.diagnosis.verdict import check
from tuiviz.files.submission import Submission


def report_on(found: Submission) -> Report:
    """What is wrong with the gradients. Raises InputError if there is none."""
    return check(
        found.theta,
        found.x,
        found.y,
        found.gradients,
        initial_state=found.initial_state,
        activation=found.activation,
        single_precision=found.single_precision,
    )
