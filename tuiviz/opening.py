"""A file becomes a problem, whatever it holds: a text, a trace, or gradients to check."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import InputError
from tuiviz.files.disk import StrPath, reading, shown
from tuiviz.files.endings import ARRAYS, PYTORCH, ending
from tuiviz.files.visible import visible
from tuiviz.problem import ModelOptions, Problem, problem_of_tape, read_problem

if TYPE_CHECKING:
    from tuiviz.debugger.debugger import Debugger

AT_ONCE = 10**8
"""Multiply-adds of a sweep that nobody waits for."""

_LIMIT = 2**30
"""The largest file that is opened, in bytes."""

_TRACE = re.compile(rb'"format"\s*:\s*"tuiviz-trace"')
_LOOKED_AT = 4096
_LONGEST_SHOWN = 64


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
    """Whether a file is a trace: a JSON object with the format of one, wherever that stands in it.

    Raises InputError if it cannot be read, and for a .json file that is another object, which
    nobody means as a text.
    """
    with reading(path, limit=_LIMIT) as file:
        content = file.read(_LOOKED_AT)
        if not content.removeprefix(BOM_UTF8).lstrip().startswith(b"{"):
            return False
        if _TRACE.search(content):  # the first of its fields, as we write it
            return True
        content += file.read()
    # Looked for, not decoded: a trace that is damaged is one all the same.
    if _TRACE.search(content):
        return True
    if ending(path) == ".json":
        _require_no_object(path, content.removeprefix(BOM_UTF8))
    return False


def _require_no_object(path: StrPath, content: bytes) -> None:
    import msgspec

    try:
        found = msgspec.json.decode(content, type=dict[str, msgspec.Raw]).get("format")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    said = visible(bytes(found)[:_LONGEST_SHOWN].decode("utf-8", "replace")) if found else ""
    which = f"of format {said}" if said else "without a format"
    raise InputError(
        f'{shown(path)}: a JSON object {which}; expected a trace, of format "tuiviz-trace", or a '
        "text: rename it to .txt to read it as one"
    )


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
