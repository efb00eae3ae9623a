"""What the commands share: the model options, and the problem of a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from core.errors import InputError
from tuiviz.files.visible import visible

if TYPE_CHECKING:
    from tuiviz.problem import ModelOptions

ACTIVATIONS = ("tanh", "relu", "sigmoid", "identity")
PARAMETERS = ("U", "W", "V", "b", "c")


def model_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that all commands on a text share, handed on as one `options`."""

    @wraps(command)
    def with_options(**given: Any) -> Any:
        chosen = {name: given.pop(name) for name in _MODEL}
        return command(options=_model(**chosen), **given)

    for option in reversed(list(_MODEL.values())):
        with_options = option(with_options)
    return with_options


_MODEL = {
    "level": click.option(
        "--level",
        metavar="word|char",
        help="What a token is: a word, or a character.  [default: word]",
    ),
    "sequence": click.option(
        "--sequence",
        type=int,
        metavar="N",
        help="Which line of the text that is not blank.  [default: 1; train: all]",
    ),
    "hidden": click.option(
        "--hidden", type=int, metavar="H", help="Size of the state.  [default: 4]"
    ),
    "seed": click.option(
        "--seed", type=int, metavar="S", help="Of the random parameters.  [default: 0]"
    ),
    "activation": click.option(
        "--activation",
        metavar="NAME",
        help="Of the state: tanh, relu, sigmoid or identity.  [default: tanh]",
    ),
    "weights": click.option(
        "--weights", metavar="FILE", help="Parameters U, W, V, b, c: .npz or .safetensors."
    ),
    "unknown": click.option(
        "--unknown",
        metavar="TOKEN",
        help="Read in place of tokens that the vocabulary of the weights lacks.",
    ),
    "convention": click.option(
        "--convention",
        metavar="NAME",
        help="Names and layout of the weights, see docs/conventions.md.  [default: recognised]",
    ),
    "truncate": click.option(
        "--truncate",
        metavar="K2|K1,K2",
        help="Truncated BPTT: every K1 steps, the last K1 errors go back K2 steps.  [K1: 1]",
    ),
}


def parameter(wrt: str) -> str:
    """The parameter that --wrt names. Raises InputError if there is no such one."""
    require_one_of("--wrt", wrt, PARAMETERS)
    return wrt


def require_one_of(option: str, given: str | None, known: Iterable[str]) -> None:
    """Raises InputError, in the words of the option, for a name that is none of those known."""
    *others, last = known
    if given is not None and given not in (*others, last):
        raise InputError(f"{option} {visible(given)}: expected {', '.join(others)} or {last}")


def require_convention(given: str | None) -> None:
    """Raises InputError for a --convention that there is not."""
    if given is not None:
        from tuiviz.files.conventions import TABLE

        require_one_of("--convention", given, [row.name for row in TABLE])


def _model(truncate: str | None, **given: Any) -> ModelOptions:
    from tuiviz.files.text import LEVELS
    from tuiviz.problem import ModelOptions, parse_truncation

    require_one_of("--level", given["level"], LEVELS)
    require_one_of("--activation", given["activation"], ACTIVATIONS)
    require_convention(given["convention"])
    truncation = None if truncate is None else parse_truncation(truncate)
    return ModelOptions(truncation=truncation, say=say, **given)


def say(line: str) -> None:
    """Puts a line on standard error, safe for a terminal whatever it quotes."""
    print(visible(line), file=sys.stderr)
