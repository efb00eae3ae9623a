"""Ctrl-C, a hang-up or a request to end: the files that are being written are left in order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def orderly_end() -> Iterator[None]:
    """While it is entered, a request to end or a hang-up unwinds as Ctrl-C does, exit 128 + signal.

    Without it the process would be gone at once, and a half-written file would stay.
    """

    def end(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)  # once is enough: what is undone now shall be
        raise SystemExit(128 + number)

    before = _noticed(end, "SIGTERM", "SIGHUP")
    try:
        yield
    finally:
        _restore(before)


def _noticed(handler: Handler, *names: str) -> dict[int, Any]:
    """Sets the handler of these signals; returns what was there before."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]  # Windows: fewer
    # What nohup has told to be ignored stays ignored.
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in heard}


def _restore(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)


class Interruption:
    """While it is entered, `signal` becomes the number of the first signal that came, 0 before.

    Whoever works looks at it between two steps, and has all the time it needs to save.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        self._before = _noticed(self._note, "SIGINT", "SIGTERM", "SIGHUP")
        return self

    def __exit__(self, *error: object) -> None:
        _restore(self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = self.signal or number

    @property
    def exit_code(self) -> int:
        """What a shell says of a program that the signal ended: 130 for Ctrl-C."""
        return 128 + self.signal
