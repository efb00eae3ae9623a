"""∂E_t/∂θ written out: as text, LaTeX, Markdown or JSON, with its numbers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from core.errors import InputError

if TYPE_CHECKING:
    from tuiviz.problem import Problem

FORMATS = {
    "text": "text.text",
    "latex": "latex.document",
    "markdown": "markdown.markdown",
    "json": "json_format.json",
}
"""What an explanation can be written as: the module here, and its function, loaded when asked."""


def explain(problem: Problem, t: int, name: str, form: str = "text") -> str:
    """The expansion of ∂E_t/∂θ, θ being the parameter `name`, under the problem's truncation.

    Its length is bounded: of more than 12 terms, the nearest and the largest are shown in full.
    `form` is one of FORMATS. Raises InputError for a t, a parameter or a form that there is not.
    """
    if form not in FORMATS:
        raise InputError(f'format "{form}": expected one of {", ".join(FORMATS)}')
    problem.tape.error(t).terms(name)  # refuses what there is not
    from tuiviz.explain.explanation import Explanation

    module, function = FORMATS[form].split(".")
    write = getattr(import_module(f"tuiviz.explain.{module}"), function)
    written: str = write(Explanation(problem, t, name))
    return written
