"""What a session keeps comes back; whatever the file holds, the next session starts."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuiviz.debugger.keeping import (
    LIMIT,
    MOST,
    Kept,
    KeptBreakpoint,
    KeptMark,
    KeptWatch,
    content_key,
    load,
    path_for,
    save,
)
from tuiviz.debugger.syntax import LONGEST
from tuiviz.files.visible import visible

quick = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
KEY = content_key(b"the cat sat", "word", 1)
KEPT = Kept(
    (KeptBreakpoint("norm(dEds) < 1e-3", 2, False), KeptBreakpoint("t=3")),
    (KeptWatch("max(abs(s))", stops=True),),
    {"a": KeptMark("one", 3, "backward", 1, "dW")},
    {"theme": "dark", "precision": 4, "watches": True},
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path


def written(content: bytes | str) -> Path:
    path = path_for(KEY)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def warned(*expected: str) -> None:
    """Loading gives nothing but one line of plain text that says where and what."""
    kept, warning = load(KEY)
    assert kept is None
    assert warning is not None
    assert warning == visible(warning)
    for part in (*expected, "starts anew"):
        assert part in warning


# There and back


def test_what_is_kept_comes_back() -> None:
    assert save(KEY, KEPT) is None
    assert load(KEY) == (KEPT, None)


texts = st.text(st.characters(codec="utf-8"), max_size=20)
counts = st.integers(0, 10**9)
everything = st.builds(
    Kept,
    st.lists(st.builds(KeptBreakpoint, texts, counts, st.booleans()), max_size=3).map(tuple),
    st.lists(st.builds(KeptWatch, texts, st.booleans()), max_size=3).map(tuple),
    st.dictionaries(texts, st.builds(KeptMark, texts, counts, texts, counts, texts), max_size=3),
    st.dictionaries(texts, texts | counts | st.booleans(), max_size=3),
)


@quick
@given(everything)
def test_the_last_that_was_saved_comes_back(last: Kept) -> None:
    for kept in (KEPT, last):
        assert save(KEY, kept) is None
    assert load(KEY) == (last, None)


def test_nothing_to_keep_makes_no_file_and_empties_one_that_is_there(home: Path) -> None:
    assert save(KEY, Kept()) is None
    assert list(home.iterdir()) == []
    assert load(KEY) == (None, None)
    save(KEY, KEPT)
    assert save(KEY, Kept()) is None
    assert load(KEY) == (Kept(), None)


def test_another_content_level_or_sequence_is_another_session() -> None:
    samples = [(b"a", "word", 1), (b"b", "word", 1), (b"a", "char", 1), (b"a", "word", 2)]
    samples += [(b"\0a", "word", 1), (b"1\0a", "word", 1), (b"", "word", 11)]
    assert len({content_key(*sample) for sample in samples}) == len(samples)
    assert content_key(*samples[0]) == content_key(*samples[0])


def test_nobody_else_may_look_into_the_folder() -> None:
    before = os.umask(0)
    try:
        save(KEY, KEPT)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path_for(KEY).parent.stat().st_mode) == 0o700


def test_the_folder_is_beside_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    for unset in ("", "relative"):
        monkeypatch.setenv("XDG_CONFIG_HOME", unset)
        assert str(path_for("k")) == "/home/somebody/.config/tuiviz/sessions/k.json"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")
    assert str(path_for("k")) == "/elsewhere/tuiviz/sessions/k.json"


# Files that cannot be used


def test_a_file_of_something_else_is_a_warning() -> None:
    for content in (b"", b"{}", b"[1, 2]", b"\xff\xfe", b"not JSON", b"[" * 10_000):
        written(content)
        warned(path_for(KEY).name, "not a sound session file")


@pytest.mark.parametrize(
    ("part", "value", "expected"),
    [
        ("format", "tuiviz-trace", "$.format"),
        ("version", 0, "$.version"),
        ("version", "2", "$.version"),
        ("kept", None, "$.kept"),
    ],
)
def test_another_format_or_version_is_a_warning(part: str, value: object, expected: str) -> None:
    save(KEY, KEPT)
    content = json.loads(path_for(KEY).read_text())
    written(json.dumps(content | {part: value}))
    warned("not a sound session file", expected)


def test_a_file_of_a_later_version_is_never_replaced() -> None:
    content = json.dumps({"format": "tuiviz-session", "version": 2, "kept": {"new": [1]}})
    path = written(content)
    kept, warning = load(KEY)
    assert kept is None
    assert warning is not None
    assert "of a later tuiviz, version 2" in warning
    assert save(KEY, Kept()) is None
    assert "is of a later tuiviz" in (save(KEY, KEPT) or "")
    assert path.read_text() == content


BREAKPOINT = {"text": "dW"}


@pytest.mark.parametrize(
    ("part", "value", "expected"),
    [
        ("breakpoints", ["dW"], "$.kept.breakpoints[0]"),
        ("breakpoints", [{"ignore": 1}], "text"),
        ("breakpoints", [{**BREAKPOINT, "ignore": "2"}], "$.kept.breakpoints[0].ignore"),
        ("breakpoints", [{**BREAKPOINT, "ignore": -1}], "the number -1"),
        ("breakpoints", [{**BREAKPOINT, "ignore": 10**30}], "the number"),
        ("breakpoints", [{**BREAKPOINT, "text": "s" * (LONGEST + 1)}], f"{LONGEST + 1} char"),
        ("breakpoints", [BREAKPOINT] * (MOST + 1), f"{MOST + 1} breakpoints"),
        ("watches", [{"text": "s", "stops": 1}], "$.kept.watches[0].stops"),
        ("marks", {"a": {"walk": "one"}}, "$.kept.marks"),
        ("marks", {"m" * (LONGEST + 1): vars(KEPT.marks["a"])}, f"{LONGEST + 1} char"),
        ("layout", {"a": [1]}, "$.kept.layout"),
        ("layout", {str(i): i for i in range(MOST + 1)}, f"{MOST + 1} layout"),
    ],
)
def test_anything_unexpected_in_it_is_a_warning(part: str, value: object, expected: str) -> None:
    content = {"format": "tuiviz-session", "version": 1, "kept": {part: value}}
    written(json.dumps(content))
    warned(expected)


def test_a_number_of_thousands_of_digits_is_a_warning() -> None:
    written('{"format":"tuiviz-session","version":1,"kept":{"layout":{"a":' + "9" * 9000 + "}}}")
    warned("not a sound session file")


@quick
@given(st.data())
def test_any_spoilt_file_is_read_or_is_a_warning(data: st.DataObject) -> None:
    save(KEY, KEPT)
    content = bytearray(path_for(KEY).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(start + 4, len(content))))
        content[start:end] = data.draw(st.binary(max_size=4) | st.sampled_from([b"1", b'"', b"["]))
    written(bytes(content))
    kept, warning = load(KEY)
    assert (kept is None) == (warning is not None)


def test_a_file_nested_without_end_is_a_warning() -> None:
    written(b'{"kept":' * 10_000 + b"1" + b"}" * 10_000)
    warned("not a sound session file")
    written(b'{"other":' * 10_000 + b"1" + b"}" * 10_000)
    warned("not a sound session file")


def test_a_file_that_is_too_large_is_a_warning() -> None:
    written(b" " * (LIMIT + 1))
    warned("expected at most 1 MiB")


def test_a_folder_or_a_pipe_in_its_place_is_a_warning() -> None:
    path = path_for(KEY)
    path.mkdir(parents=True)
    warned("a folder")
    assert "not kept" in (save(KEY, KEPT) or "")
    path.rmdir()
    os.mkfifo(path)
    warned("a pipe")
    assert "not kept" in (save(KEY, KEPT) or "")


def test_a_file_in_the_place_of_its_folder_is_a_warning(home: Path) -> None:
    (home / "tuiviz").write_bytes(b"")
    warned("cannot be read")
    warning = save(KEY, KEPT)
    assert warning is not None
    assert "the session is not kept" in warning
    assert str(home) in warning


def test_no_home_folder_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    warned("XDG_CONFIG_HOME")
    assert "XDG_CONFIG_HOME" in (save(KEY, KEPT) or "")


LONG = "𝛿" * LONGEST


@pytest.mark.parametrize(
    "kept",
    [
        Kept(watches=(KeptWatch("s"),) * (MOST + 1)),
        Kept(watches=(KeptWatch("s" * (LONGEST + 1)),)),
        Kept(watches=(KeptWatch("\ud800"),)),
        Kept(layout={"width": -1}),
        Kept(marks={str(i): KeptMark(LONG, 0, LONG, 0, LONG) for i in range(MOST)}),
    ],
)
def test_what_could_not_be_read_again_is_not_written(kept: Kept) -> None:
    save(KEY, KEPT)
    warning = save(KEY, kept)
    assert warning is not None
    assert warning == visible(warning)
    assert load(KEY) == (KEPT, None)
