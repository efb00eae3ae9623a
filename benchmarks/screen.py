"""How fast the screen is, over a pseudo-terminal, beside a bare Textual application.

    python benchmarks/screen.py [--quick]

Both take turns in one run. Prints Markdown. A frame is complete when nothing more is written for
a while; the time is that of its last byte. Both start from bytecode, as pip leaves it.
"""

from __future__ import annotations

import argparse
import compileall
import fcntl
import os
import pty
import random
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from measure import table

COLUMNS, ROWS = 140, 45
HELD = 2.0  # s without a byte: nothing comes any more
QUIET = 0.04  # s without a byte: the frame is complete
ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "samples" / "sample.txt"

BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App):
    BINDINGS = [("n", "step", "step")]
    count = 0

    def compose(self):
        yield Static("hello 0")

    def action_step(self):
        self.count += 1
        self.query_one(Static).update(f"hello {self.count}")

Bare().run()
"""


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, command: Sequence[str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)

    def until(self, marker: bytes, seconds: float = 60) -> float:
        """Seconds since the start until the marker has been written."""
        seen, end = b"", time.perf_counter() + seconds
        while marker not in seen:
            if not select.select([self.master], [], [], end - time.perf_counter())[0]:
                raise TimeoutError(f"{marker!r} was not written; last {seen[-200:]!r}")
            seen = seen[-4096:] + os.read(self.master, 65536)
        return time.perf_counter() - self.started

    def quiet(self, seconds: float = QUIET) -> float:
        """Reads until nothing comes for a while; when the last byte came."""
        last = time.perf_counter()
        while select.select([self.master], [], [], seconds)[0]:
            os.read(self.master, 65536)
            last = time.perf_counter()
        return last

    def key(self, text: str) -> float:
        """Seconds from a key to the last byte of its frame."""
        start = time.perf_counter()
        os.write(self.master, text.encode())
        if not select.select([self.master], [], [], 5)[0]:
            raise TimeoutError(f"nothing is written after {text!r}")
        return self.quiet() - start

    def text(self, seconds: float = 0.3) -> str:
        """All that is written until nothing comes for a while."""
        found = b""
        while select.select([self.master], [], [], seconds)[0]:
            found += os.read(self.master, 65536)
        return found.decode(errors="replace")

    def close(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.master)


@contextmanager
def running(command: Sequence[str]) -> Iterator[Terminal]:
    terminal = Terminal(command)
    try:
        yield terminal
    finally:
        terminal.close()


def tuiviz(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tuiviz", "run", "--fresh", *arguments]


def bare() -> list[str]:
    return [sys.executable, "-c", BARE]


def compile_ours() -> None:
    """Bytecode of what has changed: pip compiles what it installs, but not what is edited since."""
    for package in ("core", "tuiviz"):
        compileall.compile_dir(ROOT / package, quiet=1)


def first_frames(rounds: int, *arguments: str) -> tuple[list[float], list[float]]:
    """Seconds to the first complete frame, of tuiviz and of the bare application."""
    ours, theirs = [], []
    for _ in range(rounds):
        with running(tuiviz(*arguments)) as terminal:
            ours.append(terminal.until(b"quit"))
        with running(bare()) as terminal:
            theirs.append(terminal.until(b"hello"))
    return ours, theirs


def key_times(rounds: int, keys: Sequence[str], *arguments: str) -> tuple[list[float], list[float]]:
    """Seconds from a key to its complete frame; both applications take turns."""
    ours, theirs = [], []
    with running(tuiviz(*arguments)) as one, running(bare()) as other:
        one.until(b"quit")
        other.until(b"hello")
        one.quiet(1.0)
        other.quiet(0.3)
        for number in range(rounds):
            ours.append(one.key(keys[number % len(keys)]))
            theirs.append(other.key("n"))
    return ours, theirs


def held_keys(count: int, *arguments: str) -> tuple[float, bool]:
    """Seconds for so many keys at once, and whether the frame that stays is the exact one."""
    with running(tuiviz(*arguments)) as terminal:
        terminal.until(b"quit")
        terminal.quiet(1.0)
        start = time.perf_counter()
        os.write(terminal.master, b"n" * count)
        shown = terminal.text(HELD)  # nothing may be painted before the last key
        return time.perf_counter() - start - HELD, f" {count + 1} of " in shown


def p95(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(0.95 * len(values)))]


def row(what: str, ours: float, theirs: float, goal: float | None) -> list[str]:
    ratio = ours / theirs
    reached = "" if goal is None else "reached" if ratio <= goal else "**not reached**"
    expected = "" if goal is None else f"≤ {goal:g}"
    return [what, f"{ours * 1e3:.0f}", f"{theirs * 1e3:.0f}", f"**{ratio:.2f}**", expected, reached]


def long_text(folder: str, steps: int, words: int) -> str:
    choose = random.Random(1)  # noqa: S311
    path = Path(folder) / "long.txt"
    path.write_text(" ".join(f"w{choose.randrange(words)}" for _ in range(steps + 1)) + "\n")
    return str(path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="The screen beside a bare Textual application.")
    parser.add_argument("--quick", action="store_true", help="a short run, with noisier numbers")
    quick = parser.parse_args(arguments).quick
    compile_ours()
    starts, keys = (3, 20) if quick else (15, 100)
    with tempfile.TemporaryDirectory() as folder:
        long = (long_text(folder, 10_000, 64), "--hidden", "64")
        rows = []
        for name, source in (("sample.txt", (str(SAMPLE),)), ("T 10,000, H 64", long)):
            ours, theirs = first_frames(starts if source != long else 3, *source)
            goal = 1.5 if source != long else None
            what = f"start to first complete frame, {name}"
            rows.append(row(what, statistics.median(ours), statistics.median(theirs), goal))
            for what, pressed in (
                ("step", "nnnnnNNN"),
                ("time step", "ttttTTTT"),
                ("jump to the ends", ["\x1b[F", "\x1b[H"]),
            ):
                ours, theirs = key_times(keys, pressed, *source)
                middle = statistics.median(ours), statistics.median(theirs)
                rows.append(row(f"{what}, median, {name}", *middle, 4))
                rows.append(row(f"{what}, p95, {name}", p95(ours), p95(theirs), 8))
        header = [f"{COLUMNS}×{ROWS}", "ours, ms", "bare, ms", "ours / bare", "goal", ""]
        print(table(header, rows), end="\n\n")
        for name, source in (("sample.txt", (str(SAMPLE),)), ("T 10,000, H 64", long)):
            count = 50 if source != long else 100
            seconds, exact = held_keys(count, *source)
            ends = "ends on the exact frame" if exact else "**does not end on the exact frame**"
            print(f"{count} held keys, {name}: {seconds * 1e3:.0f} ms, {ends}")


if __name__ == "__main__":
    main()
