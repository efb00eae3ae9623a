"""Where a debugger stands, and what there is to see from there. No screen in it.

A session is a value: each movement gives another one. What is shown is a function of it alone, so
that going back shows what was there, to the bit.
"""

from __future__ import annotations

from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.lines import ADJOINT, VALUE, Line, listing
from core.program import Program
from core.records import Record
from core.theta import by_name
from tuiviz.debugger.outline import Outline, Path
from tuiviz.debugger.walk import EACH, FORWARD, ONE, SUM, Back, Position, Walk
from tuiviz.files.visible import visible
from tuiviz.problem import Problem

if TYPE_CHECKING:
    from core.backward import Pass
    from core.tape import Error
    from core.terms import Terms


class Value(Record):
    """Numbers to look at: their title, how they are written, and the labels along each axis."""

    title: str
    written: str
    array: Any
    labels: tuple[tuple[str, ...], ...]


class Session(Record):
    """A problem, a walk back, a position on it, the chosen E_t and parameter, a cursor."""

    problem: Problem
    chosen: int  # the t of an E_t; while each is sent back in turn, see `error`
    parameter: str = "W"
    kind: str = ONE
    index: int = 0
    opened: frozenset[Path] = frozenset({()})
    cursor: Path | None = None  # in the chain rule; None while the current line is looked at
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    # what was computed for this problem; shared by the sessions that come from one another

    @cached_property
    def walk(self) -> Walk:
        """The positions there are."""
        key = (
            "walk",
            self.kind,
            self.chosen if self.kind == ONE else None,
            self.problem.truncation,
        )
        made: Walk = self.keep(key, lambda: Walk(listing(self.program), self.steps, self._passes()))
        return made

    def keep(self, key: Any, make: Any) -> Any:
        """What `make` gives, kept under a key; of each kind of key the last one only."""
        kept = self._kept.get(key[0])
        if kept is None or kept[0] != key:
            kept = self._kept[key[0]] = (key, make())
        return kept[1]

    def has_kept(self, key: Any) -> bool:
        """Whether something is kept under this key."""
        return key[0] in self._kept and self._kept[key[0]][0] == key

    def _passes(self) -> list[Back]:
        truncation, steps = self.problem.truncation, self.steps
        if self.kind == SUM:
            if truncation is None:
                return [(0, steps - 1, 0)]
            return [(first, last, low) for first, last, low in truncation.blocks(steps).tolist()]
        errors = range(steps) if self.kind == EACH else (self.chosen,)
        lows = [(t, truncation.first(t, steps) if truncation else 0) for t in errors]
        return [(t, t, low) for t, low in lows if low <= t]

    @cached_property
    def error(self) -> int:
        """The t of the E_t that is looked at: the one sent back in the walk `each`, or the chosen.

        Nothing but the position decides, so that coming back to it shows the same.
        """
        if self.kind != EACH:
            return self.chosen
        back = self.walk[min(self.index, len(self.walk) - 1)].back
        return self.walk.passes[back][1] if back >= 0 else self.chosen

    @property
    def program(self) -> Program:
        """The traced equations."""
        return self.problem.tape.program

    @property
    def steps(self) -> int:
        """T."""
        return self.problem.steps

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in the order of θ."""
        return tuple(by_name(self.problem.theta))

    @cached_property
    def position(self) -> Position:
        """The current line and step."""
        return self.walk[self.index]

    # Movements

    def moved_to(self, index: int) -> Session:
        """At a position, or at the nearest one that there is."""
        moved = replace(self, index=max(0, min(index, len(self.walk) - 1)), cursor=None)
        return moved if moved.error == self.error else replace(moved, opened=frozenset({()}))

    def stepped(self, lines: int) -> Session:
        """So many lines on; back if negative."""
        return self.moved_to(self.index + lines)

    def time_stepped(self, steps: int) -> Session:
        """So many time steps on, to the first line; back if negative."""
        index = self.index
        for _ in range(min(abs(steps), len(self.walk))):
            before = index
            index = self.walk.next_step(index) if steps > 0 else self.walk.previous_step(index)
            if index == before:
                break
        return self.moved_to(index)

    def finished(self, passes: int) -> Session:
        """At the last line of this pass, or of the next one; at the first for negative numbers."""
        index = self.index
        for _ in range(min(abs(passes), len(self.walk.passes) + 1)):
            back, last = self.walk[index].back, len(self.walk.passes) - 1
            if passes > 0:
                end = self.walk.end_of(back)
                index = end if index < end or back == last else self.walk.end_of(back + 1)
            else:
                start = self.walk.start_of(back)
                index = start if index > start or back < 0 else self.walk.start_of(back - 1)
        return self.moved_to(index)

    def with_error(self, error: int) -> Session:
        """Another E_t selected, at the same line and step if its walk has them."""
        error = max(0, min(error, self.steps - 1))
        other = replace(self, chosen=error, opened=frozenset({()}), cursor=None)
        if self.kind == SUM or (self.kind == EACH and self.going_forward):
            return other
        back = other.walk.pass_of(error)
        if self.going_forward or back is None:
            return other.moved_to(min(self.index, len(other.walk) - 1))
        here = self.position
        same = other.walk.at(back, here.step, here.line)
        return other.moved_to(other.walk.start_of(back) if same is None else same)

    def with_parameter(self, name: str) -> Session:
        """Another parameter selected."""
        return replace(self, parameter=name, opened=frozenset({()}), cursor=None)

    def require_parameter(self, name: str) -> None:
        """Raises InputError unless the program has a parameter of this name."""
        if name not in self.parameters:
            expected = ", ".join(self.parameters)
            raise InputError(f"no parameter {visible(name)}; expected {expected}")

    def with_kind(self, kind: str) -> Session:
        """Another walk, at the same line and step if it has them."""
        other = replace(self, kind=kind, chosen=self.error, cursor=None)
        if self.going_forward:
            return other.moved_to(self.index)
        here, back = self.position, other.walk.pass_of(self.error)
        if back is None:
            return other.moved_to(0)
        same = other.walk.made(back, here.step, here.line.kind, here.line.name)
        return other.moved_to(other.walk.start_of(back) if same is None else same)

    def with_problem(self, problem: Problem) -> Session:
        """The same line and step on another tape of the same length, or under another truncation.

        Where there is no such line any more, the nearest place that there is.
        """
        other = replace(self, problem=problem, _kept={})
        here = self.position
        back = -1 if self.going_forward else other.walk.pass_of(self.error)
        same = None
        if back is not None:
            same = other.walk.made(back, here.step, here.line.kind, here.line.name)
        moved = other.moved_to(self.index if same is None else same)
        return replace(moved, opened=self.opened, cursor=self.cursor)

    def cursor_moved(self, rows: int) -> Session:
        """The cursor so many rows further down in the chain rule."""
        at = self.outline.number(self.focus) + rows
        return replace(self, cursor=self.outline[max(0, min(at, len(self.outline) - 1))].path)

    def cursor_at(self, path: Path) -> Session:
        """The cursor on an expression of the chain rule, all above it open."""
        above = {path[:depth] for depth in range(len(path))}
        return replace(self, opened=self.opened | above, cursor=path)

    def toggled(self) -> Session:
        """The expression under the cursor opened, or closed if it was open."""
        path = self.focus
        if not self.outline[self.outline.number(path)].opens:
            return replace(self, cursor=path)
        return replace(self, opened=self.opened ^ {path}, cursor=path)

    def closed(self) -> Session:
        """The expression under the cursor closed; if it is, the cursor on what it is a part of."""
        path = self.focus
        if path in self.opened and path:
            return replace(self, opened=self.opened - {path}, cursor=path)
        return replace(self, cursor=path[:-1])

    def opened_up(self) -> Session:
        """The expression under the cursor opened; if it is, the cursor on its first part."""
        row = self.outline[self.outline.number(self.focus)]
        return self.cursor_moved(1) if row.path in self.opened or not row.opens else self.toggled()

    # What there is to see

    @property
    def going_forward(self) -> bool:
        """Whether the position is on the way forward."""
        return self.position.phase == FORWARD

    @property
    def at_error(self) -> Error:
        """The selected E_t."""
        return self.problem.tape.error(self.error)

    @property
    def at_pass(self) -> Pass:
        """The errors that go back together here; on the way forward those with the selected one."""
        back = self._back
        if self.kind != SUM or back is None:
            return self.at_error
        made: Pass = self.keep(("pass", back), lambda: self.problem.tape.errors(*back))
        return made

    @property
    def _back(self) -> Back | None:
        """The pass at hand, or on the way forward that of the selected error, if it has one."""
        at = self.walk.pass_of(self.error) if self.going_forward else self.position.back
        return None if at is None else self.walk.passes[at]

    @property
    def sent_back(self) -> int | str:
        """The t of the E_t that the lines on the way back write; "" for the sum of errors."""
        return "" if self.kind == SUM else self.error

    @property
    def terms(self) -> Terms:
        """The terms of the selected gradient, under the truncation."""
        return self.at_error.terms(self.parameter, self.problem.truncation)

    @cached_property
    def outline(self) -> Outline:
        """The rows of the chain rule of the selected gradient, as far as it is open."""
        truncation = self.problem.truncation
        key = ("expression", self.error, self.parameter, truncation)
        root = self.keep(key, lambda: self.at_error.expand(self.parameter, truncation))
        return Outline(root, self.opened)

    @property
    def focus(self) -> Path:
        """Where the chain rule is looked at: the cursor, or else the term of the current step."""
        if self.cursor is not None:
            return self.cursor
        position, terms = self.position, self.terms
        if self.going_forward or not terms.lowest <= position.step <= self.error:
            return ()
        return (self.error - position.step,) if () in self.opened else ()

    def written(self, line: Line) -> str:
        """A line of the current step, with the indices that it has there."""
        return line.written(self.sent_back, self.position.step)

    def value(self) -> Value:
        """The numbers to look at: under the cursor, or of the current line.

        Raises InputError if they are too many.
        """
        if self.cursor is None:
            return self.line_value()
        found = self.outline.expression(self.cursor)
        labels = self.labels(found.axes, found.shape)
        return Value(found.symbol, found.equation, found.value, labels)

    def line_value(self) -> Value:
        """The numbers that the current line computes."""
        line, step = self.position.line, self.position.step
        array = self.array(line, step)
        left, _, right = self.written(line).partition(" += ")
        title = right or left.split(" ", 1)[0]
        program = self.program
        node = {**program.parameters, **program.lines}[line.name]
        axes = program.axes(node) if np.ndim(array) else ()
        return Value(title, self.written(line), array, self.labels(axes, np.shape(array)))

    def array(self, line: Line, step: int) -> Any:
        """What a line computes at a step, of the pass at hand."""
        if line.kind == VALUE:
            return self.problem.tape.values[line.name][step]
        if line.kind == ADJOINT:
            return self.at_pass.adjoint(line.name, step)
        return self.pass_terms(line.name).at(step).value

    def pass_terms(self, parameter: str) -> Terms:
        """What each step of the pass at hand adds to the gradient of a parameter."""
        back = self._back
        if back is None:
            return self.at_error.terms(parameter, self.problem.truncation)
        return self.at_pass.steps(parameter, back[2])

    def labels(self, axes: tuple[str, ...], shape: tuple[int, ...]) -> tuple[tuple[str, ...], ...]:
        """The names along each axis: tokens for x and the readout, numbers for the units."""
        return self.problem.axis_labels(axes, shape)

    def parameter_labels(self, name: str) -> tuple[tuple[str, ...], ...]:
        """The names along each axis of a parameter, and of its gradient."""
        node = self.program.parameters[name]
        shape = np.shape(getattr(self.problem.theta, name))
        return self.labels(self.program.axes(node), shape)
