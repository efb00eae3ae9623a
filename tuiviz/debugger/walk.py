"""All positions of a debugger on a tape: forward through every step, then back from one error.

A position is an integer. What is there is computed from it; nothing is stored or replayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from core.lines import GRADIENT, Line, Listing

FORWARD, BACKWARD = "forward", "backward"


@dataclass(frozen=True)
class Position:
    """One line at one step. `step` is t on the way forward, k on the way back."""

    index: int
    phase: str
    line: Line
    step: int


@dataclass(frozen=True)
class Segment:
    """The same lines over and over: at `first`, `first` + `stride`, …, `count` times."""

    phase: str
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


@dataclass(frozen=True)
class Walk:
    """Forward over T = `steps`, then from E_t, t = `error`, back to the step `lowest`.

    Where `lowest` is above t, a truncation drops the error whole: there is no way back.
    """

    listing: Listing
    steps: int
    error: int
    lowest: int

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """What the walk is made of, in order."""
        found, t = self.listing, self.error
        forward = Segment(FORWARD, found.forward, 0, 1, self.steps)
        if self.lowest > t:
            return (forward,)
        joined = (*found.readout, *found.joined)
        back = Segment(BACKWARD, found.back, t - 1, -1, t - self.lowest)
        return (forward, Segment(BACKWARD, joined, t, -1, 1), back)

    def __len__(self) -> int:
        return sum(len(segment) for segment in self.segments)

    @property
    def turn(self) -> int:
        """The first position on the way back; the last one if there is none."""
        return min(len(self.segments[0]), len(self) - 1)

    def __getitem__(self, index: int) -> Position:
        if not 0 <= index < len(self):
            raise IndexError(f"position {index} of {len(self)}")
        start, segment = self._segment(index)
        offset = index - start
        line = segment.lines[offset % len(segment.lines)]
        return Position(index, segment.phase, line, segment.step(offset))

    def at(self, phase: str, step: int, line: Line | None = None) -> int | None:
        """The position of a line at a step, or of the step's first line; None if there is none."""
        for start, segment in self._starts():
            offset = segment.offset(step)
            if segment.phase == phase and offset is not None:
                if line is None:
                    return start + offset
                if line in segment.lines:
                    return start + offset + segment.lines.index(line)
        return None

    def lines_at(self, index: int) -> tuple[Line, ...]:
        """All lines that run at the step of a position."""
        return self._segment(index)[1].lines

    def line_number(self, index: int) -> int:
        """Which of them the position is at."""
        start, segment = self._segment(index)
        return (index - start) % len(segment.lines)

    def next_step(self, index: int) -> int:
        """The first line of the next step; the last position if there is none."""
        start, segment = self._segment(index)
        width = len(segment.lines)
        return min(start + ((index - start) // width + 1) * width, len(self) - 1)

    def previous_step(self, index: int) -> int:
        """The first line of this step, or, from there, of the step before."""
        if index == 0:
            return 0
        start, segment = self._segment(index - 1)
        width = len(segment.lines)
        return start + (index - 1 - start) // width * width

    def terms_done(self, index: int, parameter: str) -> int:
        """How many terms of the parameter's gradient have been added when the position is done."""
        done = 0
        for start, segment in self._starts():
            if start > index:
                break
            full, rest = divmod(min(index - start + 1, len(segment)), len(segment.lines))
            adds = [line.kind == GRADIENT and line.name == parameter for line in segment.lines]
            done += full * sum(adds) + sum(adds[:rest])
        return done

    def _starts(self) -> Iterator[tuple[int, Segment]]:
        start = 0
        for segment in self.segments:
            if segment.count:
                yield start, segment
            start += len(segment)

    def _segment(self, index: int) -> tuple[int, Segment]:
        *_, found = ((start, segment) for start, segment in self._starts() if start <= index)
        return found
