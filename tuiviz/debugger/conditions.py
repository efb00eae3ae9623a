"""Conditions of breakpoints and watched expressions, as in norm(dEds) < 1e-3 and k > 0."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any

import numpy as np

from core.errors import InputError
from core.records import Record
from tuiviz.debugger.absence import NOT_HERE
from tuiviz.debugger.expressions import Evaluation, NotHereError, Reader, Scope
from tuiviz.debugger.functions import FUNCTIONS
from tuiviz.debugger.operations import truth
from tuiviz.debugger.syntax import LONGEST, shortened, syntax_tree

__all__ = ["BUILT_IN", "FUNCTIONS", "LONGEST", "NOT_HERE", "BuiltIn", "Condition", "parse"]


class BuiltIn(Record):
    """A condition with a name of its own."""

    text: str
    description: str


BUILT_IN: Mapping[str, BuiltIn] = MappingProxyType(
    {
        "vanishing": BuiltIn(
            "norm(dEds) < 1e-3 * norm(dEds_t)",
            "‖∂E_t/∂s_k‖ is below a thousandth of ‖∂E_t/∂s_t‖, where the error joined",
        ),
        "exploding": BuiltIn(
            "norm(dEds) > 1e3 * norm(dEds_t)",
            "‖∂E_t/∂s_k‖ is above a thousand times ‖∂E_t/∂s_t‖, where the error joined",
        ),
        "not finite": BuiltIn("not isfinite(value)", "the line's value holds NaN or infinity"),
        "saturated": BuiltIn(
            "any(abs(s) > 0.99)", "a unit of s is beyond ±0.99, where tanh is all but flat"
        ),
    }
)
"""By name. A name is a condition like any other text: parse takes it."""


class Condition(Record):
    """A parsed text. `names` are the values that it may read."""

    text: str
    names: frozenset[str]
    _evaluation: Evaluation = field(repr=False, compare=False)

    def value(self, scope: Scope) -> Any:
        """A float64 or an array of them, a truth value or an array of them, or a text.

        NOT_HERE if the scope raises KeyError for a name that the value depends on. A name is looked
        up when it is needed: `and` and `or` stop as soon as they are decided. Division by zero and
        overflow give inf and NaN, as in NumPy, and no warning.

        Raises InputError where there is no value: an index out of range, shapes that differ, a text
        among numbers.
        """
        try:
            with np.errstate(all="ignore"):
                return self._evaluation(scope)
        except NotHereError:
            return NOT_HERE

    def holds(self, scope: Scope) -> bool:
        """Whether it is true; false where a value that it depends on does not exist.

        Raises InputError as `value` does, and for anything but one truth value.
        """
        found = self.value(scope)
        if found is NOT_HERE:
            return False
        try:
            return truth(found)
        except InputError as error:
            raise InputError(f"{shortened(self.text)}: {error}") from None


def parse(text: str, known: Collection[str]) -> Condition:
    """The condition or expression of a text, or the built-in one of that name.

    `known` are the names that values may have. Raises InputError, with the column, for a text that
    cannot be read, an unknown name, and anything but numbers, texts, comparisons and arithmetic.
    """
    text = text.strip()
    written = BUILT_IN[text].text if text in BUILT_IN else text
    reader = Reader(written, known)
    evaluation = reader.read(syntax_tree(written))
    return Condition(text, frozenset(reader.names), evaluation)
