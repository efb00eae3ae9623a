"""Programs run on a pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from tempfile import TemporaryDirectory


def hears_signals() -> None:
    """For a program to begin with: what the tests themselves ignore, under nohup perhaps, it does
    not.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def on_terminal(
    command: Sequence[str],
    *,
    keys: str = "",
    after: str = "",
    rows: int = 30,
    columns: int = 100,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    patience: float = 20,
) -> tuple[int, str]:
    """Runs a program on a terminal of its own: its exit code, and all that it wrote there.

    It finds no settings, and nothing kept of an earlier session, unless `env` says where.
    `keys` are typed, one by one, once `after` has been written. It may take `patience` seconds to
    do so, and again to end.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with TemporaryDirectory() as settings:
        program = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={
                **os.environ, "TERM": "xterm-256color", "XDG_CONFIG_HOME": settings, **(env or {})
            },
            cwd=cwd,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        try:
            written = _read(ours, patience, until=after)
            for key in keys:
                os.write(ours, key.encode())
                written += _read(ours, 0.05)
            written += _read(ours, patience)
            return program.wait(patience), written.decode("utf-8", "replace")
        finally:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait()
            os.close(ours)


def _read(terminal: int, seconds: float, *, until: str = "") -> bytes:
    """What is written within a time, until a text appears or the program has ended."""
    found = b""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        if not ready:
            break
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so of a terminal that nobody has open any more
            break
        found += part
        if not part or (until and until.encode() in found):
            break
    return found
