"""A report as JSON: one object, on one line."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from core.diagnosis.coefficients import Coefficients
from core.diagnosis.report import UNDECIDED, UNKNOWN, Finding, Report


def as_json(name: str, report: Report) -> str:
    """The report on the file of that name."""
    found: dict[str, Any] = {
        "file": name,
        "verdict": report.verdict,
        "findings": [_finding(finding) for finding in report.findings],
        "indistinguishable": [*report.indistinguishable],
        "not_testable": report.not_testable,
        "tolerance": report.tolerance,
    }
    factors = [report.any_factor(finding) for finding in report.findings]
    if any_factor := [factor for factor in factors if factor is not None]:
        found["indistinguishable"].append(UNKNOWN)
        found["any_factor"] = any_factor[0]
    if report.faults:
        found["error"] = "; ".join(report.faults)
    if report.forward:
        found["right_for"] = f"a forward pass that {report.forward}"
    if report.verdict == UNKNOWN and report.coefficients:
        found["coefficients"] = _triangle(report.coefficients)
    return msgspec.json.encode(found).decode()


def refused_as_json(name: str, why: str) -> str:
    """What stands in the place of the report on a file that cannot be read."""
    return msgspec.json.encode(
        {
            "file": name,
            "verdict": UNDECIDED,
            "findings": [],
            "indistinguishable": [],
            "not_testable": [],
            "error": why,
        }
    ).decode()


def _finding(finding: Finding) -> dict[str, Any]:
    first = finding.first_wrong
    return {
        "id": finding.id,
        "parameters": finding.parameters,
        "argument": finding.argument,
        "residual": finding.residual if math.isfinite(finding.residual) else None,
        "first_wrong": {"k": first.k, "line": first.written} if first else None,
    }


def _triangle(found: Coefficients) -> list[list[float | None]]:
    """Row t has the coefficients of k = 0 … t; null where not determined."""
    return [
        [None if math.isnan(value) else round(float(value), 6) for value in row[: t + 1]]
        for t, row in enumerate(found.values)
    ]
