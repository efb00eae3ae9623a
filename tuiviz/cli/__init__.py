"""The commands. The one place that prints, reads options and exits."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper

import click

from core.errors import InputError
from tuiviz import __version__
from tuiviz.cli.interruption import orderly_end
from tuiviz.files.visible import visible

# Saves 50 ms of start; more threads cost more than they help at these sizes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_COMMANDS = ("run", "export", "explain", "train", "truncation", "check", "probe")
"""In the order of the help. Each is a module beside this one, with a function of the same name."""

_NOBODY_READS = 141  # what a shell says of a program that SIGPIPE ended


class _Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"tuiviz.cli.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # click would exit with 1, which means a wrong gradient here.
            raise click.exceptions.Exit(_NOBODY_READS) from None


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="tuiviz %(version)s")
@click.pass_context
def commands(context: click.Context) -> None:
    """Step through backpropagation through time, in real numbers."""
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Runs the command of the command line; exits with 0, 1 where a check found the gradient wrong,
    2 for bad input, 128 + signal where one ends it (130: Ctrl-C), or 141 where nobody reads on.
    """
    _prepare_streams()
    try:
        with orderly_end():
            code = commands.main(prog_name="tuiviz", standalone_mode=False)
            sys.stdout.flush()
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "tuiviz"
        _fail(f"{error.format_message().rstrip('.')}; see {command} --help")
    except click.ClickException as error:
        _fail(error.format_message())
    except InputError as error:
        _fail(str(error))
    except MemoryError:
        _fail("not enough memory: use a smaller --hidden or a shorter sequence")
    except BrokenPipeError:
        _drop_output()
        sys.exit(_NOBODY_READS)
    except OSError as error:  # on a file of its own it would be an InputError
        _drop_output()
        _fail(f"{error.filename or 'standard output'}: {(error.strerror or str(error)).lower()}")
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    sys.exit(code or 0)


def _prepare_streams() -> None:
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed: now it leads nowhere
            setattr(sys, name, open(os.devnull, "r+", encoding="utf-8"))  # noqa: SIM115  # to the end
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # ∂ and Σ where there is ASCII alone


def _fail(message: str) -> None:
    with suppress(OSError):  # a full disk, or nobody who reads it: the exit code still says so
        print(f"tuiviz: {visible(message)}", file=sys.stderr, flush=True)
    sys.exit(2)


def _drop_output() -> None:
    """What could not be written must not be tried again when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
