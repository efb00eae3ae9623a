"""The debugger: a session, and what does not move with it: breakpoints, watches, marks, jumps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.records import Record
from core.symbols import derivative, subscript
from tuiviz.debugger import reach
from tuiviz.debugger.keyboard import DEFAULT
from tuiviz.debugger.session import Session, Value
from tuiviz.debugger.sums import added_up
from tuiviz.debugger.walk import EACH, ONE, SUM

if TYPE_CHECKING:
    from core.learning.history import History
    from core.learning.sgd import Clip
    from core.learning.training import State, Step
    from tuiviz.debugger.predict import Question
    from tuiviz.debugger.stops import Breakpoint, Watch
    from tuiviz.problem import Problem

RATE = 0.1
"""The learning rate η, unless another is chosen."""

KINDS = {ONE: "one Eₜ", EACH: "every Eₜ in turn", SUM: "one sweep, all errors"}
"""The walks, in words."""

Running = Generator[str, None, None]
"""What an action returns that may take long: run to its end, or closed, which stops where it is.

It yields how far it is, often enough for a person not to wait.
"""

BREATH = 0.03
"""Seconds until it does."""

PANELS = (
    "chain", "value", "reach", "decay", "jacobian", "training", "truncation", "yours", "watches",
    "program", "network",
)  # fmt: skip
"""What can be looked at closely, in the order of the key that goes through them."""

AT_ONCE = 10**8
"""Multiply-adds that are done between two frames; beyond, they are done beside."""

FARTHEST = 200
"""Jumps that are remembered."""

MOST_SAID = 100
"""Messages that are remembered."""


class Place(Record):
    """Where a session stood, to go back to."""

    kind: str
    error: int
    parameter: str
    index: int


Parts = Callable[[], Iterator[Any]]
"""Works something out a part at a time: each is what there is so far, the last is the whole."""


class Wish(Record):
    """What a panel shows once it has been worked out beside: each part goes into `found[0]`."""

    found: list[Any]
    parts: Parts


class Look(Record):
    """How things are shown: the panel in focus, alone or not, digits, and where it is scrolled."""

    panel: str = "chain"
    zoomed: bool = False
    total: bool = False  # the sum so far in place of the line's value
    update: str = ""  # the parameter whose −η ∂E/∂θ is shown in place of the line's value
    digits: int = 4
    scroll: tuple[int, int] | None = None  # of the value: rows, columns
    line: int | None = None  # of the program panel: which line its cursor is on
    cell: tuple[int, int] | None = None  # of the triangle: (t, k)
    column: int | None = None  # of the network: which step its cursor is on
    item: int = 0  # of the watches and breakpoints
    curve: str = "loss"  # of the training
    moment: int | None = None  # of the training: which step its cursor is on
    theme: str = ""  # the colours, if they were chosen


class Debugger:
    """A session that moves, and what stays when it does."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.look = Look()
        self.breakpoints: tuple[Breakpoint, ...] = ()
        self.watches: tuple[Watch, ...] = ()
        self.marks: dict[str, Place] = {}
        self.said: deque[str] = deque(maxlen=MOST_SAID)
        self.message = ""
        self.under_way = ""  # a count that waits for its key, or what runs on
        self.clipboard = ""  # what was copied, until whoever shows the debugger has taken it
        self.keyboard = DEFAULT
        self.pinned: tuple[Place, Value] | None = None
        self.predicting = False
        self.answered: Place | None = None
        self.behind: list[Place] = []
        self.ahead: list[Place] = []
        self.sought = ""
        self.corner: tuple[int, int] | None = None  # of the value as it is drawn: row, column
        self.wishes: dict[str, Wish] = {}  # by the panel that shows what comes of it
        self.history: History | None = None  # of the training, once there is any
        self.trained = 0  # steps of SGD behind the network that is looked at
        self.rate = RATE
        self.clip: Clip | None = None
        self.ago: int | None = None  # steps of training; the value is shown beside what it was then
        self.lags: dict[State, float] = {}  # how far gradients reached, where it was looked at
        self.unfinished = False  # whether more of that is to be worked out

    @property
    def message(self) -> str:
        """What the last action has to say; what it said before is kept in `said`."""
        return self._message

    @message.setter
    def message(self, text: str) -> None:
        self._message = text
        if text:
            self.said.append(text)

    def recall(self) -> None:
        """Says again what was said."""
        self._message = "\n".join(self.said) or "nothing has been said yet"

    @property
    def place(self) -> Place:
        """Where the session stands."""
        here = self.session
        return Place(here.kind, here.error, here.parameter, here.index)

    def go(self, session: Session, jump: bool = False) -> None:
        """Moves to another session; a jump is remembered."""
        before, self.session = self.place, session
        if self.place == before:
            return
        self.look = replace(self.look, scroll=None, line=None, update="", cell=None, column=None)
        if jump:
            self.behind.append(before)
            del self.behind[:-FARTHEST]
            self.ahead.clear()

    def return_to(self, place: Place, jump: bool = False) -> None:
        """Moves to a place, or the nearest there is."""
        steps = self.session.steps
        there = replace(
            self.session,
            kind=place.kind,
            chosen=min(place.error, steps - 1),
            parameter=place.parameter,
            opened=frozenset({()}),
        )
        self.go(there.moved_to(place.index), jump)

    @property
    def value(self) -> Value:
        """What to look at: under the cursor, or of the line; the sum so far, an update if chosen.

        Raises InputError if they are too many, or for an update that is not finite.
        """
        return self._shown(self.session)

    @property
    def then(self) -> tuple[int, Value]:
        """The step of training so long ago as chosen, or the first, and the value as it was."""
        if self.history is None or self.ago is None:
            raise InputError("no step of training has been taken yet")
        history, problem = self.history, self.session.problem
        step = max(history.first, self.trained - self.ago)

        def read_again() -> Problem:
            from tuiviz.debugger.steps import trained_to

            return trained_to(problem, history.at(step).theta)

        earlier = self.session.with_problem(self.session.keep(("ago", step), read_again))
        update = self.look.update and self.session.cursor is None
        if not update or step == history.last:
            return step, self._shown(earlier)
        # Taken as it was then: by another rate, perhaps.
        taken: Step = self.session.keep(("taken then", step), lambda: history.taken(step))
        return step, self._updated(earlier, taken)

    def _shown(self, session: Session) -> Value:
        look = self.look
        if session.cursor is not None or not (look.total or look.update):
            return session.value()
        if look.update:
            return self._updated(session, self.next_step)
        name = session.parameter
        title = derivative(f"E{subscript(session.sent_back)}", name)
        added = added_up(session, name)
        return Value(title, f"{title} so far", added, session.parameter_labels(name))

    def _updated(self, session: Session, step: Step) -> Value:
        name = self.look.update
        title = f"−η ∂E/∂{name}"
        return Value(title, title, step.update[name], session.parameter_labels(name))

    @property
    def next_step(self) -> Step:
        """The step of SGD that is taken from here, by the chosen rate, clip and truncation.

        Raises DivergenceError if it cannot be taken.
        """
        from tuiviz.debugger.steps import next_step

        problem = self.session.problem
        way = (self.clip, self.rate, self.trained)
        key = ("next step", problem.truncation, *way)
        made: Step = self.session.keep(key, lambda: next_step(problem, *way))
        return made

    def update_at(self, line: int | None) -> str:
        """The parameter whose update the program's row has, counted from the step's first line."""
        names = self.session.parameters
        number = -1 if line is None else line - len(self.session.walk.lines_at(self.session.index))
        return names[number] if 0 <= number < len(names) else ""

    @property
    def question(self) -> Question | None:
        """What is asked at this position, while it has not been answered."""
        asked = self.predicting and self.answered != self.place and self.session.cursor is None
        if not asked:
            return None
        from tuiviz.debugger.predict import question

        return question(self.session)

    @property
    def cell(self) -> tuple[int, int]:
        """The (t, k) that is looked at in the triangle: the chosen one, or that of the position."""
        if self.look.cell is not None:
            return self.look.cell
        here, t = self.session, self.session.error
        return t, min(here.position.step, t)

    @property
    def column(self) -> int:
        """The step that is looked at in the network: the chosen one, or that of the position."""
        return self.session.position.step if self.look.column is None else self.look.column

    def triangle(self, of: reach.Grid) -> Any:
        """log₁₀‖∂E_t/∂s_k‖ on a grid; the rows that there are so far, None for nothing."""
        tape = self.session.problem.tape
        cost = reach.cost(tape, of)
        return self.worked_out("reach", ("triangle", of), cost, lambda: reach.triangle(tape, of))

    def worked_out(self, panel: str, key: Any, cost: int, parts: Parts) -> Any:
        """The last of the parts; what there is so far, None for nothing.

        What takes long is wished for, to be worked out beside: see `Wish`.
        """
        found = self.session.keep(key, lambda: [None])
        if found[0] is None and cost < AT_ONCE:
            *_, found[0] = parts()
        elif found[0] is None:
            self.wishes[panel] = Wish(found, parts)
        return found[0]

    def log_reach(self, t: int) -> Any:
        """log₁₀‖∂E_t/∂s_k‖ for k = 0 … t of one error."""
        tape = self.session.problem.tape
        return self.session.keep(("log reach", t), lambda: tape.log_reach(errors=[t])[0, : t + 1])

    @property
    def where(self) -> str:
        """What runs at this position, in words."""
        here = self.session
        if here.going_forward:
            return f"forward, t = {here.position.step}"
        first, last, low = here.walk.passes[here.position.back]
        step = f"k = {here.position.step}"
        if here.kind != SUM:
            return f"back from E{subscript(here.error)}, {step}"
        if (first, low) == (0, 0) and last == here.steps - 1:
            return f"all errors back, {step}"
        errors = (
            f"E{subscript(first)}" if first == last else f"E{subscript(first)} … E{subscript(last)}"
        )
        return f"{errors} back, {step}"
