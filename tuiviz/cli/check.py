"""tuiviz check: which line of a person's backward pass is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.errors import InputError
from tuiviz.cli.options import require_convention, say
from tuiviz.files.disk import shown

if TYPE_CHECKING:
    from core.diagnosis.report import Report
    from tuiviz.diagnosis.notation import Notation
    from tuiviz.files.submission import Submission

EXIT = {"right": 0, "convention": 0, "wrong": 1, "unknown": 1, "undecided": 2}
LOOK = {"calm": "", "loud": "bold red", "open": "yellow"}
STYLE = {
    "right": "bold green",
    "convention": "bold green",
    "wrong": "bold red",
    "unknown": "bold red",
    "undecided": "bold yellow",
}


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "json", is_flag=True, help="One JSON object a file, each on its line.")
@click.option("--convention", metavar="NAME", help="How parameters are called and laid out.")
def check(files: tuple[str, ...], json: bool, convention: str | None) -> int:
    """Say whether the gradients in FILE are right, and if not, which mistake made them.

    FILE, .npz or .safetensors, holds parameters, tokens and gradients. Exit 0: right. 1: wrong.
    2: cannot tell, or not readable. Of several files the largest.
    """
    require_convention(convention)
    return max([_checked(file, json, convention, alone=len(files) == 1) for file in files])


def _checked(file: str, json: bool, convention: str | None, alone: bool) -> int:
    from tuiviz.diagnosis.json_report import as_json, refused_as_json
    from tuiviz.diagnosis.reading import report_on
    from tuiviz.files.submission import read_submission

    try:
        submission = read_submission(file, convention)
        report = report_on(submission)
    except InputError as error:
        why = _with_name(file, str(error))
        if json:
            print(refused_as_json(shown(file), why))
        elif not alone:
            print(why)
        say(f"tuiviz: {why}")
        return 2
    if json:
        print(as_json(shown(file), report))
    elif alone:
        _print_whole(submission, report)
    else:
        from tuiviz.diagnosis.words import summary

        print(f"{shown(file)}: {summary(report, _notation(submission))}")
    return EXIT[report.verdict]


def _with_name(file: str, why: str) -> str:
    return why if why.startswith(shown(file)) else f"{shown(file)}: {why}"


def _notation(submission: Submission) -> Notation:
    from tuiviz.diagnosis.notation import Notation

    return Notation.of(submission.convention, submission.activation, submission.x.ndim == 1)


def _print_whole(submission: Submission, report: Report) -> None:
    from rich.console import Console
    from rich.text import Text

    from tuiviz.diagnosis.picture import triangle, worth_seeing
    from tuiviz.diagnosis.words import details, read, summary

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    notation = _notation(submission)
    console.print(f"{submission.name}: {summary(report, notation)}", style=STYLE[report.verdict])
    console.print(read(submission))
    for line in details(report, notation):
        console.print(line)
    if report.coefficients and worth_seeing(report.coefficients):
        console.print()
        for pieces in triangle(report.coefficients):
            console.print(Text.assemble(*((piece.text, LOOK[piece.look]) for piece in pieces)))
    if report.verdict in ("wrong", "unknown"):
        console.print(
            f"\ntuiviz run {submission.name} steps through it, your gradient beside the right one"
        )
