"""A person's network and gradients, as they were read, and the report on them."""

from __future__ import annotations

from core.diagnosis.report import Report
from core.diagnosis.verdict import check
from core.errors import InputError
from tuiviz.files.submission import Submission
from tuiviz.files.visible import visible


def report_on(found: Submission) -> Report:
    """What is wrong with the gradients. Raises InputError if there is none."""
    if not found.gradients:
        convention = found.convention
        names = (visible(convention.row.gradient + each[0]) for each in convention.names.values())
        raise InputError(
            f"{found.name}: holds no gradients; expected some of {', '.join(names)}: "
            "first run the script that computes them, for a probe the .py beside it"
        )
    return check(
        found.theta,
        found.x,
        found.y,
        found.gradients,
        initial_state=found.initial_state,
        activation=found.activation,
        single_precision=found.single_precision,
    )
