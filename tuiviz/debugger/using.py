"""Actions that hand something out: the trace to a file, a copy, the list of the actions."""

from __future__ import annotations

from core.errors import InputError
from tuiviz.debugger.actions import Action
from tuiviz.debugger.debugger import Debugger
from tuiviz.files.disk import shown
from tuiviz.numbers import counted

FORCE = "--force"


def export(debugger: Debugger, count: int | None, argument: str) -> None:
    """Saves the trace as JSON, with every E_t; `export --force FILE` replaces a file."""
    from tuiviz.files.trace import write_trace

    problem = debugger.session.problem
    path = argument.removeprefix(f"{FORCE} ").removesuffix(f" {FORCE}").strip()
    if path in ("", FORCE):
        raise InputError(f"export: expected where to save it, such as {trace_name(debugger)}")
    force = path != argument.strip()
    write_trace(problem, path, errors=range(problem.steps), force=force)
    debugger.message = (
        f"saved {shown(path)}: T = {problem.steps}, {counted(problem.steps, 'error')}"
    )


def trace_name(debugger: Debugger) -> str:
    """The name of a trace beside the text: sample.trace.json."""
    return debugger.session.problem.name.rsplit("/", 1)[-1].rsplit(".", 1)[0] + ".trace.json"


def copy(debugger: Debugger, count: int | None, argument: str) -> None:
    """Copies the value shown, all its digits, as Python would write it."""
    value = debugger.value
    debugger.clipboard = repr(value.array.tolist())
    debugger.message = f"copied {value.title}"


def copy_explanation(debugger: Debugger, count: int | None, argument: str) -> None:
    """Copies the chain rule of the selected gradient, as Markdown."""
    from tuiviz.explain import explain

    session = debugger.session
    debugger.clipboard = explain(session.problem, session.error, session.parameter, "markdown")
    debugger.message = f"copied {session.outline.root.symbol} as Markdown"


def messages(debugger: Debugger, count: int | None, argument: str) -> None:
    """Says again what was said, the latest last."""
    debugger.recall()


def help(debugger: Debugger, count: int | None, argument: str) -> None:  # noqa: A001
    """Lists the actions: the key, the name, what it does."""
    debugger.message = "\n".join(map(_entry, debugger.keyboard.actions))


def _entry(action: Action) -> str:
    takes = action.preset or ("…" if action.takes else "")
    return f"{action.shown:>4}  {f'{action.name} {takes}':<18} {action.help}"
