"""tuiviz explain: ∂E_t/∂θ written out, as text, LaTeX, Markdown or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tuiviz.cli.options import model_options, parameter, require_one_of

if TYPE_CHECKING:
    from tuiviz.problem import ModelOptions


@click.command()
@click.argument("file")
@model_options
@click.option("--error", type=int, metavar="T", help="Which E_t to expand.  [default: last]")
@click.option("--wrt", default="W", show_default=True, metavar="U|W|V|b|c", help="Which gradient.")
@click.option(
    "--format",
    "form",
    default="text",
    show_default=True,
    metavar="text|latex|markdown|json",
    help="What to write it as.",
)
def explain(file: str, options: ModelOptions, error: int | None, wrt: str, form: str) -> None:
    """Write out the chain rule of one gradient of FILE, a text or a trace, with its numbers."""
    name = parameter(wrt)
    from tuiviz.explain import FORMATS
    from tuiviz.explain import explain as explained

    require_one_of("--format", form, FORMATS)
    from tuiviz.opening import chosen_error, open_problem

    problem = open_problem(file, options)
    print(explained(problem, chosen_error(problem, error), name, form))
