"""A file is written whole or not at all; what cannot be read or written is said in one line."""

from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import InputError
from tuiviz.files import disk as files
from tuiviz.files.disk import byte_size, reading, replacing, shown


def write(path: str | Path, content: bytes = b"new", *, force: bool = False) -> None:
    with replacing(path, force=force) as file:
        file.write(content)


@contextmanager
def refused(*expected: str) -> Iterator[None]:
    with pytest.raises(InputError) as caught:
        yield
    line = str(caught.value)
    assert "\n" not in line
    for part in expected:
        assert part in line


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "out.npz"
    path.write_bytes(b"old")
    return path


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


# replacing


def test_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "out.npz")
    finally:
        os.umask(before)
    assert (tmp_path / "out.npz").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "out.npz").stat().st_mode) == 0o640
    assert names(tmp_path) == ["out.npz"]


def test_a_name_without_a_folder_is_in_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write("out.npz")
    assert names(tmp_path) == ["out.npz"]


def test_standard_output_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with refused("-: standard output is for export -o - alone; a file of that name is ./-"):
        write("-")
    write("./-")
    assert names(tmp_path) == ["-"]


def test_the_target_is_untouched_until_the_end(old: Path) -> None:
    with replacing(old, force=True) as file:
        file.write(b"new")
        file.flush()
        assert old.read_bytes() == b"old"
        assert all(name.startswith(".") for name in names(old.parent) if name != old.name)
    assert old.read_bytes() == b"new"


def test_an_existing_file_is_kept_without_force(old: Path) -> None:
    with refused("out.npz: exists already", "--force"):
        write(old)
    assert old.read_bytes() == b"old"


@pytest.mark.parametrize("hard_links", [True, False])
def test_a_file_that_appears_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool
) -> None:
    if not hard_links:
        monkeypatch.setattr(os, "link", _no_link)
    path = tmp_path / "out.npz"
    with refused("exists already"), replacing(path) as file:
        file.write(b"new")
        path.write_bytes(b"another's")
    assert path.read_bytes() == b"another's"
    assert names(tmp_path) == ["out.npz"]


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", _no_link)
    write(tmp_path / "out.npz")
    assert names(tmp_path) == ["out.npz"]


def _no_link(source: str, target: str) -> None:
    raise PermissionError(errno.EPERM, "Operation not permitted", source, None, target)


@pytest.mark.parametrize("mode", [0o600, 0o444, 0o755])
def test_permission_bits_are_kept(old: Path, mode: int) -> None:
    old.chmod(mode)
    write(old, force=True)
    assert stat.S_IMODE(old.stat().st_mode) == mode
    assert old.read_bytes() == b"new"


def test_a_symbolic_link_stays_and_its_file_is_replaced(old: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    link = tmp_path / "folder" / "link"
    link.symlink_to("../out.npz")
    with refused("exists already"):
        write(link)
    write(link, force=True)
    assert link.is_symlink()
    assert old.read_bytes() == b"new"
    assert names(tmp_path / "folder") == ["link"]


@pytest.mark.parametrize("reason", [KeyboardInterrupt(), ZeroDivisionError(), SystemExit(1)])
def test_nothing_remains_of_a_block_that_raises(old: Path, reason: BaseException) -> None:
    def interrupted() -> None:
        with replacing(old, force=True) as file:
            file.write(b"half")
            raise reason

    with pytest.raises(type(reason)):
        interrupted()
    assert old.read_bytes() == b"old"
    assert names(old.parent) == ["out.npz"]


def test_another_files_error_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "out.npz"):
        (tmp_path / "missing").read_bytes()
    assert names(tmp_path) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_while_writing(old: Path, code: int) -> None:
    expected = "out.npz: disk full; nothing was written, the file is unchanged"
    with refused(expected), replacing(old, force=True):
        raise OSError(code, os.strerror(code))
    with refused("fresh.npz: disk full; nothing was written"), replacing(old.with_stem("fresh")):
        raise OSError(code, os.strerror(code))
    assert old.read_bytes() == b"old"
    assert names(old.parent) == ["out.npz"]


def test_a_full_disk_at_the_very_end(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with refused("disk full"):
        write(old, force=True)
    assert old.read_bytes() == b"old"
    assert names(old.parent) == ["out.npz"]


def test_a_write_that_the_system_refuses(old: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with refused("cannot be written: file too large", "unchanged"):
            write(old, bytes(10_000), force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert old.read_bytes() == b"old"
    assert names(old.parent) == ["out.npz"]


def test_a_folder_that_cannot_be_written(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(name: str, *_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", denied)
        with refused(f"out.npz: cannot write in {old.parent}: permission denied"):
            write(old, force=True)
    assert old.read_bytes() == b"old"


def test_targets_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_bytes(b"")
    with refused("a folder; expected the name of a file"):
        write(tmp_path, force=True)
    with refused("a folder"):
        write(f"{tmp_path}/new/", force=True)
    with refused('"": a folder'):
        write("")
    for path in (tmp_path / "pipe", "/dev/full", "/dev/null"):
        with refused("a pipe or a device"):
            write(path, force=True)
    with refused("no such folder: ", "missing␛; create it first"):
        write(tmp_path / "missing\x1b" / "out.npz")
    with refused("file is not a folder"):
        write(tmp_path / "file" / "out.npz")
    with refused("too many levels of symbolic links"):
        write(tmp_path / "loop", force=True)
    with refused("file name too long"):
        write(tmp_path / ("x" * 300))
    with refused("not a usable file name"):
        write("a\0b")
    assert names(tmp_path) == ["file", "loop", "pipe"]


def test_the_longest_file_name_can_be_written(tmp_path: Path) -> None:
    write(tmp_path / ("x" * 255))
    assert names(tmp_path) == ["x" * 255]


# reading


def test_reading_a_regular_file(old: Path) -> None:
    with reading(old, limit=3) as file:
        assert file.read() == b"old"
    with refused("out.npz: 3 bytes; expected at most 2 bytes"), reading(old, limit=2):
        pass


def test_what_cannot_be_read(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(name: str, _mode: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)

    with refused("not a usable file name"), reading("a\0b", limit=1):
        pass
    with refused("cannot be read: not a directory"), reading(old / "x", limit=1):
        pass
    with refused("cannot be read: input/output error"), reading(old, limit=9):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    with pytest.raises(FileNotFoundError), reading(old, limit=9):
        (old.parent / "missing").read_bytes()
    monkeypatch.setattr(files, "open", denied, raising=False)
    with refused("out.npz: cannot be read: permission denied"), reading(old, limit=9):
        pass


def test_paths_and_sizes_as_messages_show_them() -> None:
    assert shown(Path("a\x1b\udcff")) == "a␛⟨U+DCFF⟩"
    sizes = [0, 1023, 1024, 1536, 64 * 2**20, 2**30]
    assert [byte_size(size) for size in sizes] == [
        "0 bytes",
        "1023 bytes",
        "1 KiB",
        "1.5 KiB",
        "64 MiB",
        "1 GiB",
    ]
