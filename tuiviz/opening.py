"""A file becomes a problem, whatever it holds: a text or a trace."""

from __future__ import annotations

from core.errors import InputError
from tuiviz.files.disk import StrPath, reading, shown
from tuiviz.files.text import LIMIT as TEXT_LIMIT
from tuiviz.files.trace import LIMIT, load_trace
from tuiviz.problem import ModelOptions, Problem, read_problem

_MARK = b'"tuiviz-trace"'
_LOOKED_AT = 4096


def open_problem(path: StrPath, options: ModelOptions) -> Problem:
    """The problem of a text, or of a trace, which brings its own model.

    Raises InputError for whatever is wrong with either, and for model options with a trace.
    """
    with reading(path, limit=max(LIMIT, TEXT_LIMIT)) as file:
        start = file.read(_LOOKED_AT)
    if not (start.lstrip().startswith(b"{") and _MARK in start):
        return read_problem(path, options)
    if options != ModelOptions():
        raise InputError(f"{shown(path)}: a trace, with its own model; leave the model options out")
    return load_trace(path)
