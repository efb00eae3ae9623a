"""Terminals that take no UTF-8: what they lack is drawn as ?, in as many cells."""

from __future__ import annotations

import codecs
from io import TextIOWrapper
from typing import TextIO

from rich.cells import cell_len


def restricted(terminal: TextIO | None) -> str:
    """The encoding of a terminal if it is not UTF-8; from then on it draws ? for what it lacks."""
    if not isinstance(terminal, TextIOWrapper):
        return ""
    name = codecs.lookup(terminal.encoding).name
    if name.startswith("utf"):
        return ""
    codecs.register_error("tuiviz.cells", _question_marks)
    terminal.reconfigure(errors="tuiviz.cells")
    return name


def _question_marks(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "?" * cell_len(error.object[error.start : error.end]), error.end
