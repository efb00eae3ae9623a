"""The commands. The one place that prints, reads options and exits."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import click

from core.errors import InputError
from tuiviz.files import shown
from tuiviz.visible import visible

if TYPE_CHECKING:
    from tuiviz.problem import ModelOptions, Problem

# Saves 50 ms of start; more threads cost more than they help at these sizes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_ACTIVATIONS = "tanh, relu, sigmoid or identity"
_PARAMETERS = ("U", "W", "V", "b", "c")


def main() -> None:
    """Runs the command of the command line; exits with 0, 2 for bad input, or 130 for Ctrl-C."""
    try:
        code = commands.main(prog_name="tuiviz", standalone_mode=False)
        sys.stdout.flush()
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "tuiviz"
        _fail(f"{error.format_message().rstrip('.')}; see {command} --help")
    except click.ClickException as error:
        _fail(error.format_message())
    except InputError as error:
        _fail(str(error))
    except BrokenPipeError:
        # Nobody reads on; the interpreter must not try to flush what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    sys.exit(code or 0)


def _fail(message: str) -> None:
    print(f"tuiviz: {visible(message)}", file=sys.stderr)
    sys.exit(2)


def model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that all commands on a text share, handed on as one `options`."""

    @wraps(command)
    def with_options(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in _MODEL}
        command(options=_model(**chosen), **given)

    for option in reversed(list(_MODEL.values())):
        with_options = option(with_options)
    return with_options


_MODEL = {
    "level": click.option(
        "--level",
        default="word",
        show_default=True,
        metavar="word|char",
        help="What a token is: a word, or a character.",
    ),
    "sequence": click.option(
        "--sequence",
        type=int,
        default=1,
        show_default=True,
        metavar="N",
        help="Which line of the text that is not blank.",
    ),
    "hidden": click.option(
        "--hidden", type=int, metavar="H", help="Size of the state.  [default: 4]"
    ),
    "seed": click.option(
        "--seed", type=int, metavar="S", help="Of the random parameters.  [default: 0]"
    ),
    "activation": click.option(
        "--activation",
        default="tanh",
        show_default=True,
        metavar="NAME",
        help=f"Of the state: {_ACTIVATIONS}.",
    ),
    "weights": click.option(
        "--weights", metavar="FILE", help="Parameters U, W, V, b, c: .npz or .safetensors."
    ),
    "truncate": click.option(
        "--truncate",
        metavar="K2|K1,K2",
        help="Truncated BPTT: every K1 steps, the last K1 errors go back K2 steps.  [K1: 1]",
    ),
}


def _model(truncate: str | None, **given: Any) -> ModelOptions:
    from tuiviz.problem import ModelOptions, parse_truncation

    truncation = None if truncate is None else parse_truncation(truncate)
    return ModelOptions(truncation=truncation, **given)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("tuiviz"), message="tuiviz %(version)s")
@click.pass_context
def commands(context: click.Context) -> None:
    """Step through backpropagation through time, in real numbers."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@commands.command()
@click.argument("file")
@model_options
@click.option("--error", type=int, metavar="T", help="Which E_t to go back from.  [default: last]")
@click.option("--wrt", default="W", show_default=True, metavar="U|W|V|b|c", help="Which gradient.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII signs alone.")
def run(file: str, options: ModelOptions, error: int | None, wrt: str, ascii_only: bool) -> None:
    """Open FILE, a text or a trace, in the debugger. ? shows the keys."""
    if wrt not in _PARAMETERS:
        raise InputError(f"--wrt {wrt}: expected one of {', '.join(_PARAMETERS)}")
    _require_terminal()
    problem = _opened(file, options)
    last = problem.steps - 1
    if error is not None and not 0 <= error <= last:
        raise InputError(f"--error {error}: expected 0 to {last}, as T = {problem.steps}")
    from tuiviz.app import DebuggerApp

    DebuggerApp(problem, last if error is None else error, wrt, ascii_only).run()


def _require_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("run needs a terminal; tuiviz export writes the trace without one")
    if os.environ.get("TERM", "") in ("", "dumb"):
        raise InputError("run needs a terminal that can move the cursor; TERM says it cannot")


def _opened(file: str, options: ModelOptions) -> Problem:
    from tuiviz.opening import open_problem

    return open_problem(file, options)


@commands.command()
@click.argument("file")
@click.option("-o", "output", required=True, metavar="OUT.json", help="The file to write.")
@model_options
@click.option(
    "--errors",
    default="all",
    show_default=True,
    metavar="all|none|3,4",
    help="Which E_t to send back, each on its own.",
)
@click.option("--terms", is_flag=True, help="Save the numbers of every term too.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def export(
    file: str, output: str, options: ModelOptions, errors: str, terms: bool, force: bool
) -> None:
    """Save the trace of FILE as JSON: every value, gradient and term."""
    problem = _opened(file, options)
    from tuiviz.trace import write_trace

    chosen = _errors(errors, problem.steps)
    progress = _Progress()
    try:
        write_trace(problem, output, errors=chosen, terms=terms, force=force, progress=progress)
    finally:
        progress.done()
    print(f"saved {shown(output)}: T = {problem.steps}, {len(chosen)} errors")


def _errors(text: str, steps: int) -> list[int]:
    if text in ("all", "none"):
        return list(range(steps)) if text == "all" else []
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"--errors {text}: expected all, none, or numbers such as 3,4") from None
    wrong = [t for t in found if not 0 <= t < steps]
    if wrong:
        raise InputError(f"--errors {text}: no error {wrong[0]}; expected 0 to {steps - 1}")
    return list(dict.fromkeys(found))


class _Progress:
    """Says on standard error how far an export is, once it has taken a second."""

    def __init__(self) -> None:
        self._next = time.monotonic() + 1
        self._terminal = sys.stderr.isatty()
        self._said = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (0.1 if self._terminal else 5)
        self._said = True
        text = f"error {done} of {total}"
        print(f"\r{text}" if self._terminal else text, end="" if self._terminal else "\n",
              file=sys.stderr, flush=True)  # fmt: skip

    def done(self) -> None:
        """Clears the line."""
        if self._said and self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
