"""The text of an expression as a syntax tree, or one line on why it cannot be read."""

from __future__ import annotations

import ast
import unicodedata
import warnings

from core.errors import InputError
from tuiviz.files.visible import visible

LONGEST = 500
"""The longest text, in characters."""

ALLOWED = (
    'expected values, numbers, "texts", comparisons, in (…), and, or, not, + - * / // % **, '
    "[index] and functions"
)
"""What a text may be made of, as a message says it."""

_SHOWN = 60
_UNREADABLE = ("Cc", "Cs", "Zl", "Zp")


def shortened(text: str) -> str:
    """A text as a message shows it."""
    return visible(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def located(text: str, column: int, reason: str) -> InputError:
    """An error at a column of a text, counted from 1."""
    return InputError(f"{shortened(text)}, column {column}: {reason}")


def syntax_tree(text: str) -> ast.expr:
    """What Python's own parser makes of a text. Raises InputError if it cannot be read."""
    if not text:
        raise InputError("an empty condition; expected one as in norm(dEds) < 1e-3")
    if len(text) > LONGEST:
        raise InputError(f"{shortened(text)}: {len(text)} characters; expected at most {LONGEST}")
    for column, character in enumerate(text, start=1):
        if unicodedata.category(character) in _UNREADABLE:
            raise located(text, column, "a control character; expected one line of plain text")
    try:
        with warnings.catch_warnings():  # about numbers and escapes that are read all the same
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        if (error.offset or 0) > len(text) or not error.offset:
            raise located(text, len(text), "ends too early; expected a value after it") from error
        column = min(max(error.offset or 1, 1), len(text) + 1)
        raise located(text, column, f"cannot be read; {_spelling(text)}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"{shortened(text)}: cannot be read; make it simpler") from error


def listed(text: str) -> list[str]:
    """The expressions of a text, between its commas: `s, norm(dW)` has two.

    Raises InputError if it cannot be read.
    """
    text = text.strip()
    tree = syntax_tree(text)
    if not isinstance(tree, ast.Tuple) or not tree.elts:
        return [text]
    return [ast.get_source_segment(text, each) or text for each in tree.elts]


def _spelling(text: str) -> str:
    for wrong, right in (("&&", "and"), ("||", "or"), ("===", "=="), ("=", "==")):
        if wrong in text and right not in text:
            return f"write {right} for {wrong}"
    return ALLOWED
