"""Where a debugger stands, and what there is to see from there. No screen in it.

A session is a value: each movement gives another one. What is shown is a function of it alone, so
that going back shows what was there, to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from core.lines import ADJOINT, VALUE, Line, listing
from core.numbers import norm
from core.program import Stage
from tuiviz.debugger.outline import Path, Row, outline
from tuiviz.debugger.walk import FORWARD, Position, Walk
from tuiviz.problem import Problem

if TYPE_CHECKING:
    from core.tape import Error
    from core.terms import Terms


@dataclass(frozen=True)
class Value:
    """Numbers to look at: their title, how they are written, and the labels along each axis."""

    title: str
    written: str
    array: Any
    labels: tuple[tuple[str, ...], ...]

    @property
    def heading(self) -> str:
        """∂s₂/∂a₂ = diag(1 − s₂²); a line as it is."""
        return self.written if "=" in self.written else f"{self.title} = {self.written}"


@dataclass(frozen=True)
class SoFar:
    """How much of ∂E_t/∂θ has been added up: terms, and norms of the sum so far and the whole.

    `share` is ⟨so far, whole⟩ / ‖whole‖², NaN if the whole is zero.
    """

    done: int
    terms: int
    norm: float
    whole: float
    share: float


@dataclass(frozen=True)
class Session:
    """A problem, the selected E_t and parameter, and a position on the walk."""

    problem: Problem
    error: int
    parameter: str = "W"
    index: int = 0
    opened: frozenset[Path] = frozenset({()})
    cursor: Path | None = None  # in the chain rule; None while the current line is looked at

    @cached_property
    def walk(self) -> Walk:
        """The positions there are for this error."""
        tape, truncation = self.problem.tape, self.problem.truncation
        lowest = truncation.first(self.error, tape.steps) if truncation else 0
        return Walk(listing(tape.program), tape.steps, self.error, lowest)

    @property
    def position(self) -> Position:
        """The current line and step."""
        return self.walk[self.index]

    # Movements

    def moved_to(self, index: int) -> Session:
        """At a position, or at the nearest one that there is."""
        return replace(self, index=max(0, min(index, len(self.walk) - 1)), cursor=None)

    def stepped(self, lines: int) -> Session:
        """So many lines on; back if negative."""
        return self.moved_to(self.index + lines)

    def next_step(self) -> Session:
        """At the first line of the next time step."""
        return self.moved_to(self.walk.next_step(self.index))

    def previous_step(self) -> Session:
        """At the first line of this time step, or of the one before."""
        return self.moved_to(self.walk.previous_step(self.index))

    def onward(self) -> Session:
        """At the next of: the start, the first line of the way back, the end."""
        return self.moved_to(self.walk.turn if self.index < self.walk.turn else len(self.walk))

    def backward(self) -> Session:
        """At the one before of them."""
        return self.moved_to(self.walk.turn if self.index > self.walk.turn else 0)

    def with_error(self, error: int) -> Session:
        """Another E_t selected, at the same line and step if its walk has them."""
        error = max(0, min(error, self.problem.steps - 1))
        other = replace(self, error=error, opened=frozenset({()}))
        here = self.position
        same = other.walk.at(here.phase, here.step, here.line)
        return other.moved_to(other.walk.turn if same is None else same)

    def with_parameter(self, name: str) -> Session:
        """Another parameter selected."""
        return replace(self, parameter=name, opened=frozenset({()}), cursor=None)

    def cursor_moved(self, rows: int) -> Session:
        """The cursor so many rows further down in the chain rule."""
        shown = [row.path for row in self.outline]
        at = shown.index(self.focus) + rows
        return replace(self, cursor=shown[max(0, min(at, len(shown) - 1))])

    def toggled(self) -> Session:
        """The expression under the cursor opened, or closed if it was open."""
        row = next(row for row in self.outline if row.path == self.focus)
        if not row.opens:
            return replace(self, cursor=row.path)
        return replace(self, opened=self.opened ^ {row.path}, cursor=row.path)

    def closed(self) -> Session:
        """The expression under the cursor closed; if it is, the cursor on what it is a part of."""
        path = self.focus
        if path in self.opened and path:
            return replace(self, opened=self.opened - {path}, cursor=path)
        return replace(self, cursor=path[:-1])

    def opened_up(self) -> Session:
        """The expression under the cursor opened; if it is, the cursor on its first part."""
        row = next(row for row in self.outline if row.path == self.focus)
        return self.cursor_moved(1) if row.path in self.opened or not row.opens else self.toggled()

    # What there is to see

    @property
    def at_error(self) -> Error:
        """The selected E_t."""
        return self.problem.tape.error(self.error)

    @property
    def terms(self) -> Terms:
        """The terms of the selected gradient, under the truncation."""
        return self.at_error.terms(self.parameter, self.problem.truncation)

    @cached_property
    def outline(self) -> list[Row]:
        """The rows of the chain rule of the selected gradient, as far as it is open."""
        return outline(self.at_error, self.parameter, self.problem.truncation, self.opened)

    @property
    def focus(self) -> Path:
        """Where the chain rule is looked at: the cursor, or else the term of the current step."""
        if self.cursor is not None:
            return self.cursor
        position, terms = self.position, self.terms
        if position.phase == FORWARD or position.step < terms.lowest:
            return ()
        return (self.error - position.step,)

    def written(self, line: Line) -> str:
        """A line of the current step, with the indices that it has there."""
        return line.written(self.error, self.position.step)

    def value(self) -> Value:
        """The numbers to look at: under the cursor, or of the current line.

        Raises InputError if they are too many.
        """
        if self.cursor is None:
            return self._line_value()
        found = next(row for row in self.outline if row.path == self.cursor).expression
        return Value(found.symbol, found.written, found.value, self.labels(found.axes, found.shape))

    def _line_value(self) -> Value:
        line, step = self.position.line, self.position.step
        array = self._array(line, step)
        title = self.written(line).split(" ", 1)[0]
        node = {**self.problem.tape.program.parameters, **self.problem.tape.program.lines}[
            line.name
        ]
        axes = self.problem.tape.program.axes(node) if np.ndim(array) else ()
        return Value(title, self.written(line), array, self.labels(axes, np.shape(array)))

    def _array(self, line: Line, step: int) -> Any:
        if line.kind == VALUE:
            return self.problem.tape.values[line.name][step]
        if line.kind == ADJOINT:
            rows = self.at_error.adjoints[line.name]
            return rows[step - (self.error + 1 - len(rows))]
        return self.at_error.terms(line.name, self.problem.truncation).at(step).value

    def labels(self, axes: tuple[str, ...], shape: tuple[int, ...]) -> tuple[tuple[str, ...], ...]:
        """The names along each axis: tokens for x and the readout, numbers for the units."""
        return tuple(self._axis(name, size) for name, size in zip(axes, shape, strict=True))

    def _axis(self, name: str, size: int) -> tuple[str, ...]:
        program = self.problem.tape.program
        if name == "E":
            return ("",)
        if name == "x" or program.stages[program.lines[name]] is Stage.AFTER:
            return self.problem.labels
        return tuple(f"{name}[{unit}]" for unit in range(size))

    def so_far(self) -> SoFar:
        """What has been added to the selected gradient when the current line is done."""
        terms = self.terms
        done = self.walk.terms_done(self.index, self.parameter)
        kept = len(terms) if terms.first <= terms.lowest else max(0, terms.last - terms.first + 1)
        total = terms.partial_sum(terms.last - done + 1) if done else np.zeros_like(terms.sum)
        share = _share(total, terms.sum)
        return SoFar(done, kept, _size(total), _size(terms.sum), share)

    @property
    def going_forward(self) -> bool:
        """Whether the position is on the way forward."""
        return self.position.phase == FORWARD


def _size(array: Any) -> float:
    return float(norm(array.reshape(1, -1))[0])


def _share(part: Any, whole: Any) -> float:
    size = _size(whole)
    if not size:
        return float("nan")
    with np.errstate(all="ignore"):
        return float(np.vdot(part / size, whole / size))
