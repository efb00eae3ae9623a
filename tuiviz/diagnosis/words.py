"""A report in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from core.diagnosis.mistakes import BY_ID
from core.diagnosis.report import RIGHT, ROUNDING, UNDECIDED, UNKNOWN, Finding, Report
from core.diagnosis.search import LONGEST
from tuiviz.diagnosis.code import COUNTED, lines, right_line
from tuiviz.diagnosis.notation import Notation
from tuiviz.files.submission import Submission
from tuiviz.files.visible import visible

VERDICTS = {
    "right": "right",
    "convention": "right up to a convention",
    "wrong": "wrong",
    "unknown": "wrong, unknown",
    "undecided": "cannot tell",
}


def summary(report: Report, notation: Notation) -> str:
    """The verdict and the reason for it, in one line."""
    verdict = VERDICTS[report.verdict]
    if report.verdict == RIGHT:
        return f"{verdict}, to {_number(_largest(report))} ({_allowed(report)})"
    if report.faults:
        return f"{verdict}: {'; '.join(report.faults)}"
    if report.verdict == UNKNOWN:
        return f"{verdict}: {_unknown_found(report, notation)}"
    return f"{verdict}: {'; and '.join(_found(each, notation) for each in report.findings)}"


def read(submission: Submission) -> str:
    """What was read of a file, and what was not."""
    theta = submission.theta
    sizes = f"T = {len(submission.y)}, H = {theta.hidden}, C = {theta.outputs}"
    said = f"read as {submission.convention.name}: {submission.convention}, {sizes}"
    if submission.activation != "tanh":
        said += f", {submission.activation}"
    if submission.not_checked:
        said += f"; not checked: {', '.join(map(visible, submission.not_checked))}"
    return said


def _unknown_found(report: Report, notation: Notation) -> str:
    (finding,) = report.findings
    names = _gradients(finding.parameters, notation)
    if not report.computed:
        return "all gradients are zero, as if never computed: fill in bptt() and run it again"
    if report.forward:
        return f"the gradients are right for a forward pass that {report.forward}"
    line = f" in the line {finding.first_wrong.written}" if finding.first_wrong else ""
    if finding.argument is None:
        return f"no known mistake, in {names}{_first(finding)}{line}"
    are = "is" if len(finding.parameters) == 1 else "are all"
    return f"{names} {are} {_times(finding.argument)} right{_first(finding)}{line}"


def _first(finding: Finding) -> str:
    return "" if _step(finding) is None else f", first at k = {_step(finding)}"


def _times(factor: float) -> str:
    return f"{_signed(factor)} times"


def _signed(number: float) -> str:
    return f"{number:.6g}".replace("-", "−")


def _found(finding: Finding, notation: Notation) -> str:
    where = f"in {_gradients(finding.parameters, notation)}"
    row = BY_ID[finding.id]
    says = row.says
    if finding.id in COUNTED and finding.argument is not None:
        says = says.replace(" n ", f" {int(finding.argument)} ")
    return f"{finding.id}{_argument(finding)}: {says}, {where}{_first(finding)}"


def details(report: Report, notation: Notation) -> Iterator[str]:
    """What is to be said after the summary, a line each; an empty one before each part."""
    if report.verdict == UNDECIDED:
        pass
    elif report.faults:
        yield from _faulty(report, notation)
    elif report.verdict == UNKNOWN:
        yield from _unknown(report.findings[0], report, notation)
    else:
        for finding in report.findings:
            yield from _explained(finding, notation)
            yield from _any_factor(finding, report)
    if report.findings and not report.faults and report.verdict != UNKNOWN:
        rest = _number(report.findings[0].residual)
        yield f"  left unexplained: {rest} ({_allowed(report)})"
    if report.indistinguishable:
        yield ""
        yield f"as well explained by: {', '.join(report.indistinguishable)}"
    if not report.searched:
        yield ""
        yield f"too large to look for mistakes in: bring a sequence of at most {LONGEST} steps, "
        yield "and a small network; tuiviz probe writes one"
    elif report.not_testable and report.verdict != UNDECIDED:
        yield ""
        yield from _wrapped("not testable on this instance: ", report.not_testable)
        yield "  on it these mistakes give the right gradient; tuiviz probe writes one that tells"


def _explained(finding: Finding, notation: Notation) -> Iterator[str]:
    row = BY_ID[finding.id]
    wrong, right = lines(finding, notation)
    width = max(len(wrong), len(right))
    yield ""
    formula = f"  {finding.id}: {finding.detail or row.formula}"
    if finding.id == "truncated-window" and finding.argument:
        formula += f", here {int(finding.argument) - 1} steps beyond its own"
    yield formula
    yield f"    - {wrong:<{width}}   # as if you wrote"
    yield f"    + {right:<{width}}   # right"
    yield from _first_wrong(finding)


def _any_factor(finding: Finding, report: Report) -> Iterator[str]:
    factor = report.any_factor(finding)
    if factor is not None:
        times = _signed(factor)
        yield f"  times {times}: a learning rate or any other factor would look the same"


def _first_wrong(finding: Finding) -> Iterator[str]:
    if finding.first_wrong:
        step = f"at k = {_step(finding)}, " if _step(finding) is not None else ""
        yield f"  first wrong, going backward, {step}in the line  {finding.first_wrong.written}"


def _unknown(finding: Finding, report: Report, notation: Notation) -> Iterator[str]:
    if report.forward:
        yield "  compare the line of your forward pass with the one that is read here"
        return
    if not report.computed:
        return
    yield ""
    for name in report.residuals:
        yield f"  {notation.gradient(name)}: {_apart(name, report)}"
    yield from _first_wrong(finding)
    if finding.first_wrong:
        line = finding.first_wrong.line
        yield f"    + {right_line(line, notation)}   # right"
        if line.name == "s":  # from δ at one step to δ at the next there are two lines
            yield f"    + d = ds * {notation.slope('k')}   # right, and as likely the place"
    elif report.multiples.keys() == report.gradients.keys():
        yield "  what multiplies the finished gradients, as a learning rate or a norm does?"
    else:
        yield "  at which step and line it enters cannot be told from these gradients"


def _faulty(report: Report, notation: Notation) -> Iterator[str]:
    """What can be compared all the same."""
    yield "  no mistake can be looked for until these are mended"
    for name, residual in report.residuals.items():
        if math.isfinite(residual):
            yield f"  {notation.gradient(name)}: {_apart(name, report)}"


def _apart(name: str, report: Report) -> str:
    residual = report.residuals[name]
    if residual <= report.tolerance:
        return "right"
    if not report.gradients[name].any():
        return "zero, as if never computed"
    if name in report.multiples:
        return f"{_times(report.multiples[name])} the right one"
    return f"off by {_number(residual)} times the norm of the right one"


def _gradients(parameters: Iterable[str], notation: Notation) -> str:
    return ", ".join(notation.gradient(name) for name in parameters)


def _step(finding: Finding) -> int | None:
    return finding.first_wrong.k if finding.first_wrong else None


def _argument(finding: Finding) -> str:
    if finding.argument is None:
        return ""
    row = finding.id
    letter = "c" if row.startswith("clipped") else "n" if "truncated" in row else "times"
    number = _signed(finding.argument)
    return f" (times {number})" if letter == "times" else f" ({letter} = {number})"


def _allowed(report: Report) -> str:
    for_what = "rounding" if report.accuracy == ROUNDING else "rounding and finite differences"
    return f"tolerance {_number(report.tolerance)}, for {for_what}"


def _largest(report: Report) -> float:
    return max(report.residuals.values())


def _number(value: float) -> str:
    return f"{value:.1g}" if math.isfinite(value) else "NaN" if math.isnan(value) else "∞"


def _wrapped(start: str, names: Iterable[str], width: int = 96) -> Iterator[str]:
    line, first = start, True
    for name in names:
        piece = name if first else f", {name}"
        if len(line) + len(piece) > width:
            yield line + ","
            line, piece = "  ", name
        line, first = line + piece, False
    yield line
