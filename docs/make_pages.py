"""Makes keys.md, commands.md and mistakes.md from the tables that the program reads.

python docs/make_pages.py, with tuiviz installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from inspect import cleandoc
from itertools import groupby
from pathlib import Path

import click
from textual.keys import format_key

from core.diagnosis.mistakes import CATALOGUE
from tuiviz.cli import commands
from tuiviz.cli.options import model_options
from tuiviz.debugger.actions import ACTIONS, Action

HERE = Path(__file__).parent

_INTRODUCTION = """# Commands

Results go to standard output, everything else to standard error. The exit code is 0 when it is
done; 1 when a check found the gradient wrong; 2 for bad input or usage, with one line that says
what is wrong and what to do; 128 + its number where a signal ends it, as 130 after Ctrl-C; 141 when
nobody reads the output any more."""


def pages() -> dict[str, str]:
    """The text of each page, by its name."""
    return {
        "keys.md": "\n".join(_keys_page()) + "\n",
        "commands.md": "\n".join(_commands_page()) + "\n",
        "mistakes.md": "\n".join(_mistakes_page()) + "\n",
    }


def _mistakes_page() -> Iterator[str]:
    yield "# Mistakes\n"
    yield "What [tuiviz check](check.md) knows. eₜ = ŷₜ − yₜ, Dₜ = diag(1 − sₜ²), δₜₖ = ∂Eₜ/∂aₖ,"
    yield "δₖ = Σₜ δₜₖ; G is the right gradient. What is a convention is not called wrong.\n"
    yield "| identifier | what is done | what comes out |"
    yield "|---|---|---|"
    for row in CATALOGUE:
        says = f"{row.says} (a convention)" if row.convention else row.says
        yield f"| `{row.id}` | {says} | {row.formula} |"


def _keys_page() -> Iterator[str]:
    yield "# Keys\n"
    yield "In the debugger. After `:` an action is typed by its name; … stands for its argument."
    yield "The Korean letters are those on the same keys. [Keys can be changed](configuration.md)."
    for group, actions in groupby(ACTIONS, key=lambda action: action.group):
        yield f"\n## {group}\n"
        yield "| keys | name | what it does |"
        yield "|---|---|---|"
        yield from map(_row, actions)


def _row(action: Action) -> str:
    keys = " ".join(f"`{format_key(key)}`" for key in action.keys)
    name = " ".join(filter(None, (action.name, action.preset or ("…" if action.takes else ""))))
    return f"| {keys} | `{name}` | {action.help} |"


def _commands_page() -> Iterator[str]:
    shared = click.command()(model_options(lambda **_: None))
    yield _INTRODUCTION
    context = click.Context(commands, info_name="tuiviz", **commands.context_settings)
    for name in commands.list_commands(context):
        if command := commands.get_command(context, name):
            yield from _section(command, click.Context(command, context, name), shared)
    yield "\n## Model options\n"
    yield "Of every command that reads a text. A trace brings its own model.\n"
    yield from _options(shared.params, click.Context(shared))


def _section(
    command: click.Command, context: click.Context, shared: click.Command
) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(context)).replace("[OPTIONS]", "[options]")
    yield f"\n## {context.command_path}\n"
    yield f"    {context.command_path} {usage}\n"
    yield f"{cleandoc(command.help or '')}\n"
    names = {option.name for option in shared.params}
    yield from _options([each for each in command.params if each.name not in names], context)
    if names <= {each.name for each in command.params}:
        yield "- the [model options](#model-options)"


def _options(parameters: Iterable[click.Parameter], context: click.Context) -> Iterator[str]:
    for parameter in parameters:
        record = parameter.get_help_record(context)
        if record and isinstance(parameter, click.Option):
            yield f"- `{record[0]}`: {' '.join(record[1].split())}"


if __name__ == "__main__":
    for name, text in pages().items():
        (HERE / name).write_text(text, "utf-8")
