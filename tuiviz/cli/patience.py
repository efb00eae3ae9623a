"""What is said on standard error while something takes longer than a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

_AFTER, _EVERY = 1.0, 0.5  # seconds


@contextmanager
def patience(first: str) -> Iterator[Callable[[str], None]]:
    """Says what is done, and for how many seconds, until the block ends; gives what changes it.

    On a terminal one line, which is gone afterwards; nothing elsewhere.
    """
    done, doing = Event(), [first]

    def change(text: str) -> None:
        doing[0] = text

    if not sys.stderr.isatty():
        yield change
        return
    teller = Thread(target=_tell, args=(done, doing), daemon=True)
    teller.start()
    try:
        yield change
    finally:
        done.set()
        teller.join()


def _tell(done: Event, doing: list[str]) -> None:
    began, said = time.monotonic(), False
    while not done.wait(_EVERY if said else _AFTER):
        said = True
        _write(f"\r\x1b[K{doing[0]} … {time.monotonic() - began:.0f} s, Ctrl-C stops")
    if said:
        _write("\r\x1b[K")


def _write(text: str) -> None:
    with suppress(OSError):  # nobody reads it: no reason to stop
        print(text, end="", file=sys.stderr, flush=True)
