"""Ctrl-C, a hang-up or a request to end, noted instead of breaking off."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any


class Interruption:
    """While it is entered, `signal` becomes the number of the first signal that came, 0 before.

    Whoever works looks at it between two steps, and has all the time it needs to save.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):  # no SIGHUP on Windows
                number = getattr(signal, name)
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = self.signal or number

    @property
    def exit_code(self) -> int:
        """What a shell says of a program that the signal ended: 130 for Ctrl-C."""
        return 128 + self.signal
