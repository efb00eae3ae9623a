"""∂E_t/∂θ written out: as text, LaTeX, Markdown or JSON, with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.errors import InputError
from tuiviz.explain.explanation import Explanation
from tuiviz.explain.json_format import json
from tuiviz.explain.latex import document
from tuiviz.explain.markdown import markdown
from tuiviz.explain.text import text

if TYPE_CHECKING:
    from tuiviz.problem import Problem

FORMATS: dict[str, Callable[[Explanation], str]] = {
    "text": text,
    "latex": document,
    "markdown": markdown,
    "json": json,
}
"""What an explanation can be written as."""


def explain(problem: Problem, t: int, name: str, form: str = "text") -> str:
    """The expansion of ∂E_t/∂θ, θ being the parameter `name`, under the problem's truncation.

    Its length is bounded: of more than 12 terms, the nearest and the largest are shown in full.
    `form` is one of FORMATS. Raises InputError for a t, a parameter or a form that there is not.
    """
    if form not in FORMATS:
        raise InputError(f'format "{form}": expected one of {", ".join(FORMATS)}')
    problem.tape.error(t).terms(name)  # refuses what there is not
    return FORMATS[form](Explanation(problem, t, name))
