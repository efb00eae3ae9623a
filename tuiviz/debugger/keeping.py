"""What a debugging session leaves behind for the next one on the same sample: one JSON file.

A file that cannot be used is a warning, never the end of a session. What it says is only data:
its conditions are parsed like any that is typed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path
from typing import Final, Literal

from core.errors import InputError
from core.records import Record
from tuiviz.debugger.syntax import LONGEST
from tuiviz.files.disk import byte_size, reading, replacing, shown
from tuiviz.files.folders import config_folder
from tuiviz.files.visible import visible

LIMIT = 2**20
"""The largest file that is read or written, in bytes."""

MOST = 200
"""The most breakpoints, the most watches, marks and entries of the layout."""

_LARGEST = 10**9


class KeptBreakpoint(Record):
    """A breakpoint, as it was typed."""

    text: str
    ignore: int = 0
    enabled: bool = True


class KeptWatch(Record):
    """An expression to show at every stop; with `stops`, one to stop at when its value changes."""

    text: str
    stops: bool = False


class KeptMark(Record):
    """A position by what it is, so that it is found again when the walk has another length."""

    walk: str
    error: int
    phase: str
    step: int
    line: str


class Kept(Record):
    """Breakpoints, watches, marks by name, and the layout by the names of its settings."""

    breakpoints: tuple[KeptBreakpoint, ...] = ()
    watches: tuple[KeptWatch, ...] = ()
    marks: dict[str, KeptMark] = field(default_factory=dict)
    layout: dict[str, bool | int | str] = field(default_factory=dict)


_VERSION: Final = 1


class _File(Record):
    """The file: what is kept, under the name and version of its format."""

    format: Literal["tuiviz-session"]
    version: Literal[1]
    kept: Kept


class _Head(Record):
    """What every version of the file has."""

    format: Literal["tuiviz-session"]
    version: int


class _LaterVersionError(InputError):
    """A file that a later tuiviz made: not to be read, and not to be replaced."""


def content_key(content: bytes, level: str, sequence: int) -> str:
    """What a sample is known by: the bytes of its file, how it is read, and which line of it."""
    found = hashlib.blake2b(f"{level}\0{sequence}\0".encode(), digest_size=16)
    found.update(content)
    return found.hexdigest()


def path_for(key: str) -> Path:
    """sessions/KEY.json beside the configuration. Raises InputError if no home folder is known."""
    return config_folder() / "sessions" / f"{key}.json"


def load(key: str) -> tuple[Kept | None, str | None]:
    """What was kept for a sample, or None; and a warning if there is a file that cannot be used."""
    try:
        return _read(path_for(key)), None
    except InputError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None, None
        if isinstance(error, _LaterVersionError):
            return None, f"{error}; the session starts without it"
        return None, f"{error}; the session starts anew and replaces it"


def save(key: str, kept: Kept) -> str | None:
    """Keeps it for the next session; a warning if that cannot be done.

    Nothing to keep makes no file, but empties one that is there, unless a later tuiviz made it:
    that is never replaced.
    """
    try:
        path = path_for(key)
        later = _is_later(path)
        if later and kept != Kept():
            raise InputError(f"{shown(path)} is of a later tuiviz, and stays as it is")
        if not later and (kept != Kept() or path.exists()):
            _write(path, kept)
    except OSError as error:  # on the way to the folder
        return f"the session is not kept: {shown(error.filename)}: {error.strerror}"
    except (InputError, UnicodeEncodeError) as error:
        return f"the session is not kept: {visible(str(error))}"
    return None


def _is_later(path: Path) -> bool:
    try:
        _read(path)
    except InputError as error:
        return isinstance(error, _LaterVersionError)
    return False


def _read(path: Path) -> Kept:
    with reading(path, limit=LIMIT) as file:
        content = file.read(LIMIT + 1)
    import msgspec  # here: 25 ms of start that a sample without a session does not need

    try:
        return _decoded(content)
    except _LaterVersionError as error:
        raise _LaterVersionError(f"{shown(path)}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InputError) as error:
        reason = visible(str(error))
        raise InputError(f"{shown(path)}: not a sound session file: {reason}") from error


def _decoded(content: bytes) -> Kept:
    import msgspec

    version = msgspec.json.decode(content, type=_Head).version
    if version > _VERSION:
        raise _LaterVersionError(f"of a later tuiviz, version {version} of the format")
    kept = msgspec.json.decode(content, type=_File).kept
    _check(kept)
    return kept


def _write(path: Path, kept: Kept) -> None:
    import msgspec

    _check(kept)
    made = msgspec.json.format(
        msgspec.json.encode(_File("tuiviz-session", _VERSION, kept)), indent=1
    )
    if len(made) >= LIMIT:
        raise InputError(f"it takes {byte_size(len(made))}; expected at most {byte_size(LIMIT)}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replacing(path, force=True) as file:
        file.write(made + b"\n")


def _check(kept: Kept) -> None:
    """Raises InputError for more or larger things than a person makes."""
    for name in ("breakpoints", "watches", "marks", "layout"):
        if (count := len(getattr(kept, name))) > MOST:
            raise InputError(f"{count} {name}; expected at most {MOST}")
    for value in _values(kept):
        if isinstance(value, str) and len(value) > LONGEST:
            raise InputError(f"a text of {len(value)} characters; expected at most {LONGEST}")
        if isinstance(value, int) and not 0 <= value <= _LARGEST:
            raise InputError(f"the number {value}; expected 0 to {_LARGEST}")


def _values(kept: Kept) -> Iterator[bool | int | str]:
    for item in (*kept.breakpoints, *kept.watches, *kept.marks.values()):
        yield from vars(item).values()
    yield from kept.marks
    for name, value in kept.layout.items():
        yield from (name, value)
