"""All positions of a debugger on a tape: forward through every step, then back, pass by pass.

A position is an integer. What is there is computed from it; nothing is stored or replayed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from core.lines import GRADIENT, Line, Listing
from core.records import Record

FORWARD, BACKWARD = "forward", "backward"

ONE, EACH, SUM = "one", "each", "sum"
"""The three walks back: from one E_t; from every E_t in turn; from all errors at once."""

Back = tuple[int, int, int]
"""A pass: the first and the last of its errors, and the step that it goes down to."""


class Position(Record):
    """One line at one step. `step` is t on the way forward, k on the way back.

    `back` is which pass it belongs to; −1 on the way forward.
    """

    index: int
    phase: str
    line: Line
    step: int
    back: int


class Segment(Record):
    """The same lines over and over: at `first`, `first` + `stride`, …, `count` times."""

    lines: tuple[Line, ...]
    first: int
    stride: int
    count: int

    def __len__(self) -> int:
        return len(self.lines) * self.count

    def step(self, offset: int) -> int:
        """The step of its position `offset`."""
        return self.first + self.stride * (offset // len(self.lines))

    def offset(self, step: int) -> int | None:
        """Its first position at a step, if it has one."""
        turn = (step - self.first) * self.stride
        return turn * len(self.lines) if 0 <= turn < self.count else None


class Walk(Record, eq=False):
    """Forward over T = `steps`, then back over the `passes` in their order.

    A truncation may leave no pass at all: then there is no way back.
    """

    listing: Listing
    steps: int
    passes: Sequence[Back]

    @cached_property
    def _starts(self) -> list[int]:
        """Where the forward phase, then each pass, begins; the end of the walk last."""
        sizes = (self._size(back) for back in self.passes)
        return list(accumulate(sizes, initial=len(self.listing.forward) * self.steps))

    def _size(self, back: Back) -> int:
        return sum(len(segment) for segment in self.segments(back))

    def segments(self, back: Back) -> tuple[Segment, ...]:
        """What a pass is made of: its last step, the steps of its other errors, the rest."""
        first, last, low = back
        joining, both, carried = self._bodies
        joins = max(first, low)
        return (
            Segment(joining, last, -1, 1),
            Segment(both, last - 1, -1, last - joins),
            Segment(carried, joins - 1, -1, joins - low),
        )

    @cached_property
    def _bodies(self) -> tuple[tuple[Line, ...], ...]:
        """The lines of a step at which the first error joins, another one, or none."""
        found = self.listing
        return (
            (*found.readout, *found.joining, *found.inside),
            (*found.readout, *found.both, *found.inside),
            (*found.carried, *found.inside),
        )

    @cached_property
    def forward(self) -> Segment:
        """The way forward."""
        return Segment(self.listing.forward, 0, 1, self.steps)

    def __len__(self) -> int:
        return self._starts[-1]

    @property
    def turn(self) -> int:
        """The first position on the way back; the last one of all if there is none."""
        return min(len(self.forward), len(self) - 1)

    def __getitem__(self, index: int) -> Position:
        start, segment, back = self._segment(index)
        offset = index - start
        line = segment.lines[offset % len(segment.lines)]
        phase = FORWARD if back < 0 else BACKWARD
        return Position(index, phase, line, segment.step(offset), back)

    def start_of(self, back: int) -> int:
        """The first position of a pass; of the way forward for −1."""
        return 0 if back < 0 else self._starts[back]

    def end_of(self, back: int) -> int:
        """The last position of a pass, or of the way forward."""
        return self._starts[back + 1] - 1

    def at(self, back: int, step: int, line: Line | None = None) -> int | None:
        """The position of a line at a step of a pass, or of the step's first line; None if none."""
        for start, segment in self._parts(back):
            offset = segment.offset(step)
            if offset is not None:
                if line is None:
                    return start + offset
                if line in segment.lines:
                    return start + offset + segment.lines.index(line)
        return None

    def nearest(self, back: int, step: int, line: Line) -> int | None:
        """The position that runs a line in a pass, at the step nearest to one; None if none."""
        found = []
        for start, segment in self._parts(back):
            if line in segment.lines:
                turn = max(0, min((step - segment.first) * segment.stride, segment.count - 1))
                offset = turn * len(segment.lines)
                away = abs(segment.step(offset) - step)
                found.append((away, start + offset + segment.lines.index(line)))
        return min(found)[1] if found else None

    def made(self, back: int, step: int, kind: str, name: str) -> int | None:
        """The position that computes a value, an adjoint, or a term at a step of a pass."""
        for start, segment in self._parts(back):
            offset = segment.offset(step)
            for number, line in enumerate(segment.lines if offset is not None else ()):
                if (line.kind, line.name) == (kind, name):
                    return start + (offset or 0) + number
        return None

    def pass_of(self, error: int) -> int | None:
        """Which pass sends E_t back."""
        at = bisect_right(self.passes, error, key=lambda back: back[0]) - 1
        return at if at >= 0 and error <= self.passes[at][1] else None

    def lines_at(self, index: int) -> tuple[Line, ...]:
        """All lines that run at the step of a position."""
        return self._segment(index)[1].lines

    def line_number(self, index: int) -> int:
        """Which of them the position is at."""
        start, segment, _ = self._segment(index)
        return (index - start) % len(segment.lines)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every line that there is, once."""
        found = self.listing
        back = (*found.readout, *found.joining, *found.both, *found.carried, *found.inside)
        return (*found.forward, *back)

    def next_step(self, index: int) -> int:
        """The first line of the next step; the last position if there is none."""
        start, segment, _ = self._segment(index)
        width = len(segment.lines)
        return min(start + ((index - start) // width + 1) * width, len(self) - 1)

    def previous_step(self, index: int) -> int:
        """The first line of this step, or, from there, of the step before."""
        if index == 0:
            return 0
        start, segment, _ = self._segment(index - 1)
        width = len(segment.lines)
        return start + (index - 1 - start) // width * width

    def terms_done(self, index: int, parameter: str) -> int:
        """How many terms of the parameter's gradient the pass has added when a position is done."""
        back, done = self[index].back, 0
        for start, segment in self._parts(back) if back >= 0 else ():
            passed = min(max(0, index - start + 1), len(segment))
            full, rest = divmod(passed, len(segment.lines))
            adds = [line.kind == GRADIENT and line.name == parameter for line in segment.lines]
            done += full * sum(adds) + sum(adds[:rest])
        return done

    def _parts(self, back: int) -> Iterator[tuple[int, Segment]]:
        start = self.start_of(back)
        for segment in (self.forward,) if back < 0 else self.segments(self.passes[back]):
            if segment.count:
                yield start, segment
            start += len(segment)

    def _segment(self, index: int) -> tuple[int, Segment, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"position {index} of {len(self)}")
        back = bisect_right(self._starts, index) - 1
        *_, (start, segment) = (part for part in self._parts(back) if part[0] <= index)
        return start, segment, back
