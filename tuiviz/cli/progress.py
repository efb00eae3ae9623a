"""How far training is: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.constrain import Constrain

    from core.learning.training import Step

WINDOW = 200
"""The most steps that the loss is averaged over."""

_BAR_EVERY, _LINE_EVERY = 0.2, 10.0  # seconds
_MARGIN = 3  # cells


class Account:
    """The steps so far: how many, how many clipped, the loss of the latest epoch or WINDOW."""

    def __init__(self, sequences: int) -> None:
        self._latest: deque[tuple[float, int]] = deque(maxlen=min(sequences, WINDOW))
        self.steps = self.clipped = 0

    def add(self, step: Step) -> None:
        """Takes one more step into account."""
        self._latest.append((step.loss, step.tokens))
        self.steps += 1
        self.clipped += step.clipped.changed

    @property
    def loss(self) -> float:
        """The mean per token, in nats; NaN before the first step."""
        tokens = sum(tokens for _, tokens in self._latest)
        return sum(loss for loss, _ in self._latest) / tokens if tokens else float("nan")


class Lines:
    """A plain line at every tenth of the steps, and at least every ten seconds."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self._start = time.monotonic()
        self._next = self._start + _LINE_EVERY

    def due(self, done: int) -> bool:
        """Whether something should be said after so many steps."""
        return done * 10 // self.steps > (done - 1) * 10 // self.steps or (
            time.monotonic() >= self._next
        )

    def show(self, done: int, text: str) -> None:
        """Says it."""
        now = time.monotonic()
        self._next = now + _LINE_EVERY
        left = timedelta(seconds=round((now - self._start) / done * (self.steps - done)))
        with suppress(OSError):  # nobody reads it, or the disk is full: no reason to stop
            print(f"step {done} of {self.steps}  {text}  {left} left", file=sys.stderr, flush=True)


class Bar:
    """The bar of rich, drawn anew five times a second and never by a thread of its own."""

    def __init__(self, steps: int, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._progress = Progress(
            MofNCompleteColumn(),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[text]}", markup=False),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            expand=True,
        )
        self._live = Live(
            console=self._progress.console,
            auto_refresh=False,
            redirect_stdout=sys.stdout.isatty(),  # what is printed meanwhile stands above the bar
            get_renderable=self._drawn,
        )
        self._steps = steps
        self._task = self._progress.add_task("", total=steps, text="")
        self._next = 0.0

    def __enter__(self) -> Bar:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.refresh()
        self._live.stop()

    def _drawn(self) -> Constrain:
        """The bar, with a margin for the ^C that a terminal writes after it."""
        from rich.constrain import Constrain

        return Constrain(self._progress, self._progress.console.width - _MARGIN)

    def due(self, done: int) -> bool:
        """Whether it should be drawn."""
        return done == self._steps or time.monotonic() >= self._next

    def show(self, done: int, text: str) -> None:
        """Draws it."""
        self._next = time.monotonic() + _BAR_EVERY
        self._progress.update(self._task, completed=done, text=text)
        self._live.refresh()


@contextmanager
def progress(steps: int) -> Iterator[Bar | Lines]:
    """The way to show progress that suits standard error."""
    if sys.stderr.isatty():
        with Bar(steps) as bar:
            yield bar
    else:
        yield Lines(steps)
