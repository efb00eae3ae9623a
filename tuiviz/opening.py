"""A file becomes a problem, whatever it holds: a text, a trace, or gradients to check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import InputError
from tuiviz.files.disk import StrPath, reading, shown
from tuiviz.files.endings import ARRAYS, PYTORCH, ending
from tuiviz.problem import ModelOptions, Problem, problem_of_tape, read_problem

if TYPE_CHECKING:
    from tuiviz.debugger.debugger import Debugger

AT_ONCE = 10**8
"""Multiply-adds of a sweep that nobody waits for."""

_LIMIT = 2**30
"""The largest file that is opened, in bytes."""

_MARK = b'"tuiviz-trace"'
_LOOKED_AT = 4096


def open_problem(path: StrPath, options: ModelOptions) -> Problem:
    """The problem of a text; of a trace, or a file of gradients, which bring their own model.

    Raises InputError for whatever is wrong with one of them, and for options that it does not take.
    """
    if ending(path) in (*ARRAYS, *PYTORCH):
        return _submitted(path, options)
    if not is_trace(path):
        return read_problem(path, options)
    if options != ModelOptions():
        raise InputError(f"{shown(path)}: a trace, with its own model; leave the model options out")
    from tuiviz.files.trace_reading import load_trace

    return load_trace(path)


def _submitted(path: StrPath, options: ModelOptions) -> Problem:
    """A person's network, sequence and gradients, as check reads them, with a report on them."""
    from tuiviz.diagnosis.reading import report_on
    from tuiviz.files.submission import read_submission

    if replace(options, convention=None) != ModelOptions():
        raise InputError(
            f"{shown(path)}: a file of parameters and gradients, with its own model; "
            "of the model options it takes --convention alone"
        )
    found = read_submission(path, options.convention)
    report = report_on(found)
    return problem_of_tape(report.instance.tape, found.name, report=report)


def is_trace(path: StrPath) -> bool:
    """Whether a file is a trace, by how it begins. Raises InputError if it cannot be read."""
    with reading(path, limit=_LIMIT) as file:
        start = file.read(_LOOKED_AT)
    return start.lstrip().startswith(b"{") and _MARK in start


def open_debugger(
    path: StrPath,
    options: ModelOptions,
    error: int | None = None,
    parameter: str = "W",
    stops: Sequence[str] = (),
) -> Debugger:
    """The debugger on a file: at the start, with E_t of t = `error` selected, or the last one.

    `stops` are breakpoints as they are typed. Raises InputError for whatever is wrong with any.
    """
    from tuiviz.debugger.debugger import Debugger
    from tuiviz.debugger.session import Session

    problem = open_problem(path, options)
    debugger = Debugger(Session(problem, chosen_error(problem, error), parameter))
    if stops:
        from tuiviz.debugger.stops import breakpoint_from

        try:
            debugger.breakpoints = tuple(breakpoint_from(text, debugger.session) for text in stops)
        except InputError as error:
            raise InputError(f"--break: {error}") from None
    if problem.report is not None:
        from tuiviz.debugger.judging import begin

        begin(debugger)
    return debugger


def look_ahead(debugger: Debugger) -> None:
    """Works out what the first frame shows where it takes long: on a screen nobody could stop it.

    What has been added up, and how far the selected error reaches.
    """
    from tuiviz.debugger.sums import so_far

    session = debugger.session
    if session.steps * len(session.problem.tape.initial_state) ** 2 > AT_ONCE:
        so_far(session)
        debugger.log_reach(session.error)


def chosen_error(problem: Problem, error: int | None) -> int:
    """The t of --error, the last one if nobody chose. Raises InputError unless 0 ≤ t < T."""
    last = problem.steps - 1
    if error is None:
        return last
    if not 0 <= error <= last:
        raise InputError(f"--error {error}: expected 0 to {last}, as T = {problem.steps}")
    return error


def session_key(path: StrPath, problem: Problem) -> str:
    """What the breakpoints, watches and marks on a file are kept under: its content."""
    from tuiviz.debugger.keeping import content_key

    with reading(path, limit=_LIMIT) as file:
        return content_key(file.read(), problem.level, problem.sequence)
