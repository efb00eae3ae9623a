"""Files, read with a bound and written whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from core.errors import InputError
from tuiviz.files.visible import visible

StrPath = str | os.PathLike[str]


class KeptFileError(InputError):
    """A file that is kept, as nobody asked to replace it; says so in the words of an option."""

    def __init__(self, path: StrPath, how: str = "use --force to replace it") -> None:
        super().__init__(f"{shown(path)}: exists already and is kept; {how}")


STANDARD_OUTPUT = "-"
"""What stands for it where a file to write is named."""

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def shown(path: StrPath) -> str:
    """The path as a message may show it."""
    return visible(os.fspath(path)) or '""'


def byte_size(count: int) -> str:
    """`count` bytes as a person reads it: 512 bytes, 1.5 MiB, 64 MiB."""
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"


@contextmanager
def reading(path: StrPath, *, limit: int, pipes: bool = False) -> Iterator[BinaryIO]:
    """A regular file of at most `limit` bytes, open to read; an OSError met on it is an InputError.

    With `pipes` it may be a pipe or a device, whose size nobody knows beforehand.

    Raises InputError if there is no such file, if it is a folder, a pipe or a device, if it is
    larger than `limit`, or if it cannot be read.
    """
    name = os.fspath(path)
    try:
        # Looked at before it is opened: opening a pipe would wait for a writer.
        _check_readable(path, _status(name), limit, pipes)
        with open(name, "rb") as file:
            yield file
    except OSError as error:
        if error.filename not in (None, name):  # the trouble is another file's
            raise
        missing = isinstance(error, FileNotFoundError)
        reason = "no such file" if missing else f"cannot be read: {_reason(error)}"
        raise InputError(f"{shown(path)}: {reason}") from error


def _status(name: str) -> os.stat_result:
    try:
        return os.stat(name)
    except ValueError as error:  # a NUL in the name, or a character that no file name can hold
        raise InputError(f"{shown(name)}: not a usable file name") from error


def _check_readable(path: StrPath, found: os.stat_result, limit: int, pipes: bool) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{shown(path)}: a folder; expected a file")
    if not (pipes or stat.S_ISREG(found.st_mode)):
        raise InputError(f"{shown(path)}: a pipe or a device; expected a regular file")
    if found.st_size > limit:
        size = byte_size(found.st_size)
        raise InputError(f"{shown(path)}: {size}; expected at most {byte_size(limit)}")


@contextmanager
def replacing(path: StrPath, *, force: bool = False) -> Iterator[BinaryIO]:
    """A binary file to write that takes the place of `path` when the block ends well.

    It is written under a hidden name in the same folder, synced, and moved into place in one step:
    `path` is at every moment the old file or the new one. When the block raises, an interrupt
    included, nothing remains of it. A symbolic link stays, and what it points to is replaced. The
    permission bits of an existing file are kept; a new file follows the umask.

    Raises InputError if the file exists and `force` is not given, if `path` is a folder, a pipe or
    a device, if its folder is missing or cannot be written, or if the disk is full.
    """
    target, found = _target(path, force)
    temporary = os.path.join(os.path.dirname(target), f".tuiviz-{os.urandom(8).hex()}.tmp")
    mode = (
        0o666 if found is None else 0o600
    )  # never wider than the existing file's, not for a moment
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            if found is not None:
                os.chmod(temporary, stat.S_IMODE(found.st_mode) & 0o777)
            yield file
            file.flush()
            os.fsync(file.fileno())
        _move(temporary, target, path, force)
    except OSError as error:
        if error.filename not in (None, temporary):  # the trouble is another file's
            raise
        kept = "nothing was written" + ("" if found is None else ", the file is unchanged")
        raise InputError(f"{shown(path)}: {_write_reason(error, target)}; {kept}") from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


def check_replaceable(path: StrPath, *, force: bool = False) -> None:
    """Raises InputError where `replacing` would before it has written: ask early, lose nothing."""
    target, _ = _target(path, force)
    if not os.access(folder := os.path.dirname(target), os.W_OK | os.X_OK):
        raise InputError(f"{shown(path)}: cannot write in {shown(folder)}: permission denied")


def _target(path: StrPath, force: bool) -> tuple[str, os.stat_result | None]:
    """The real path to write, symbolic links followed, and what is there now."""
    name = os.fspath(path)
    if name == STANDARD_OUTPUT:
        raise InputError("-: standard output is for export -o - alone; a file of that name is ./-")
    try:
        found = _status(name)
    except FileNotFoundError:
        found = None
    except NotADirectoryError as error:
        folder = shown(os.path.dirname(name))
        raise InputError(f"{shown(path)}: {folder} is not a folder") from error
    except OSError as error:
        raise InputError(f"{shown(path)}: cannot be written: {_reason(error)}") from error
    if not name or name.endswith(os.sep) or (found and stat.S_ISDIR(found.st_mode)):
        raise InputError(f"{shown(path)}: a folder; expected the name of a file")
    if found and not stat.S_ISREG(found.st_mode):
        raise InputError(f"{shown(path)}: a pipe or a device; expected a regular file")
    if found and not force:
        raise KeptFileError(path)
    target = os.path.realpath(name)
    if not os.path.isdir(folder := os.path.dirname(target)):
        raise InputError(f"{shown(path)}: no such folder: {shown(folder)}; create it first")
    return target, found


def _move(temporary: str, target: str, path: StrPath, force: bool) -> None:
    if force:
        os.replace(temporary, target)
        return
    try:
        # Unlike a check and a rename, a link cannot overwrite a file that has just appeared.
        os.link(temporary, target)
    except FileExistsError:
        raise KeptFileError(path) from None
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise KeptFileError(path) from None
        os.replace(temporary, target)


def _write_reason(error: OSError, target: str) -> str:
    if error.errno in _DISK_FULL:
        return "disk full"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"cannot write in {shown(os.path.dirname(target))}: {_reason(error)}"
    return f"cannot be written: {_reason(error)}"


def _reason(error: OSError) -> str:
    return visible((error.strerror or str(error)).lower())
