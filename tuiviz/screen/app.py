"""The debugger on a terminal."""

from __future__ import annotations

import gc
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.events import Resize

from core.errors import InputError
from tuiviz.debugger.actions import ACTIONS
from tuiviz.debugger.session import Session, Value
from tuiviz.problem import Problem
from tuiviz.screen.glyphs import Glyphs
from tuiviz.screen.renderables.chain import chain
from tuiviz.screen.renderables.header import footer, header, so_far
from tuiviz.screen.renderables.matrix import matrix, summary
from tuiviz.screen.renderables.network import network
from tuiviz.screen.renderables.program import heading, program
from tuiviz.screen.widgets import AskPath, Draw, Help, Title, View

SMALLEST = (80, 24)
WIDE = 100


class DebuggerApp(App[None]):
    """Shows a problem. All views follow one session; keys replace it by another one."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(action.bound, action.name, action.help, key_display=action.shown, priority=False)
        for action in ACTIONS
    ]

    def __init__(
        self, problem: Problem, error: int, parameter: str = "W", ascii_only: bool = False
    ) -> None:
        super().__init__()
        self.problem = problem
        self.session = Session(problem, error, parameter)
        self.glyphs = Glyphs(ascii_only)

    def compose(self) -> ComposeResult:
        def view(name: str, draw: Draw, *titles: Title) -> View:
            return View(name, draw, self.glyphs, titles)

        yield view("header", lambda s, w, h: [header(s, w)])
        yield view("network", lambda s, w, h: network(s, w), lambda s: "unrolled in time")
        with Horizontal(id="middle"):
            yield view("program", program, heading)
            with Container(id="right"):
                yield view("chain", chain, _chain_title)
                yield view("value", _value_lines, _value_title, _value_summary)
        yield view("so_far", lambda s, w, h: [so_far(s, w)])
        yield view("footer", lambda s, w, h: [footer(w)])
        yield view("too_small", self._too_small)

    def on_mount(self) -> None:
        self.set_class(self.glyphs.ascii_only, "ascii")
        self.show(self.session)
        # The tape stays: what has been recorded need not be looked at again and again.
        gc.collect()
        gc.freeze()

    def on_resize(self, event: Resize) -> None:
        width, height = event.size
        self.set_class(width < SMALLEST[0] or height < SMALLEST[1], "small")
        self.set_class(width >= WIDE, "wide")

    def show(self, session: Session) -> None:
        """Shows this session from now on."""
        self.session = session
        for view in self.query(View):
            view.show(session)

    def _too_small(self, session: Session, width: int, height: int) -> list[Text]:
        here = f"{self.size.width}×{self.size.height}"
        need = f"tuiviz needs {SMALLEST[0]}×{SMALLEST[1]}; this is {here}"
        return [Text(need[start : start + width]) for start in range(0, len(need), max(1, width))]

    def action_step(self) -> None:
        self.show(self.session.stepped(1))

    def action_step_back(self) -> None:
        self.show(self.session.stepped(-1))

    def action_next_step(self) -> None:
        self.show(self.session.next_step())

    def action_previous_step(self) -> None:
        self.show(self.session.previous_step())

    def action_onward(self) -> None:
        self.show(self.session.onward())

    def action_backward(self) -> None:
        self.show(self.session.backward())

    def action_start(self) -> None:
        self.show(self.session.moved_to(0))

    def action_end(self) -> None:
        self.show(self.session.moved_to(len(self.session.walk)))

    def action_previous_error(self) -> None:
        self.show(self.session.with_error(self.session.error - 1))

    def action_next_error(self) -> None:
        self.show(self.session.with_error(self.session.error + 1))

    def action_wrt(self, name: str) -> None:
        self.show(self.session.with_parameter(name))

    def action_next_parameter(self) -> None:
        names = list(self.problem.tape.program.parameters)
        at = names.index(self.session.parameter)
        self.show(self.session.with_parameter(names[(at + 1) % len(names)]))

    def action_cursor_up(self) -> None:
        self.show(self.session.cursor_moved(-1))

    def action_cursor_down(self) -> None:
        self.show(self.session.cursor_moved(1))

    def action_close(self) -> None:
        self.show(self.session.closed())

    def action_open(self) -> None:
        self.show(self.session.opened_up())

    def action_open_or_close(self) -> None:
        self.show(self.session.toggled())

    def action_line(self) -> None:
        self.show(self.session.moved_to(self.session.index))

    def action_help(self) -> None:
        self.push_screen(Help(self.glyphs))

    def action_export(self) -> None:
        self.push_screen(AskPath("trace.json"), self._export)

    def _export(self, path: str | None) -> None:
        if path:
            self._write(path)

    @work(thread=True, exclusive=True, exit_on_error=False)
    def _write(self, path: str) -> None:
        from tuiviz.files.trace import write_trace

        try:
            write_trace(
                self.problem,
                path,
                errors=range(self.problem.steps),
                terms=False,
                force=False,
                progress=None,
            )
        except InputError as error:
            self.call_from_thread(self.notify, str(error), severity="error", markup=False)
        else:
            self.call_from_thread(self.notify, f"saved: {path}", markup=False)


def _chain_title(session: Session) -> str:
    row = session.outline[0].expression
    return f"{row.symbol} = {row.written}"


def _value_title(session: Session) -> str:
    value = _value(session)
    return value if isinstance(value, str) else value.heading


def _value_summary(session: Session) -> str:
    value = _value(session)
    return "" if isinstance(value, str) else summary(value)


def _value_lines(session: Session, width: int, height: int) -> list[Text]:
    value = _value(session)
    return [Text(value)] if isinstance(value, str) else matrix(value, width, height)


def _value(session: Session) -> Value | str:
    try:
        return session.value()
    except InputError as error:
        return str(error)
