"""Text becomes tokens; what is shown of it is safe."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from tuiviz.files import text
from tuiviz.files.text import Corpus, read_corpus
from tuiviz.files.visible import visible

ANY_TEXT = st.text(st.characters(exclude_categories=()))
EMOJI_PARTS = st.text(
    st.sampled_from("👨👩❤🏴🏽1#\ufe0e\ufe0f\u200d\u20e3\u0301 a\x1b\U000e0067\U000e007f")
)
PLAIN = st.text(
    st.characters(
        categories=("L", "N", "P", "S"),  # but for fillers, the Braille blank, loose Hangul vowels
        exclude_characters=[
            "\u115f",
            "\u3164",
            "\uffa0",
            "\u2800",
            *map(chr, range(0x1160, 0x1200)),
        ]
        + [chr(code) for code in range(0xD7B0, 0xD800)],
    )
)
FAMILY = "👨\u200d👩\u200d👧"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


def corpus_of(folder: Path, content: str | bytes, level: str = "word") -> Corpus:
    path = folder / "corpus.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_corpus(path, level)


def refusal(folder: Path, content: str | bytes, level: str = "word") -> str:
    with pytest.raises(InputError) as caught:
        corpus_of(folder, content, level)
    line = str(caught.value)
    assert "\n" not in line
    return line.replace(str(folder), "")


# visible


@given(ANY_TEXT | EMOJI_PARTS)
def test_visible_is_idempotent(any_text: str) -> None:
    assert visible(visible(any_text)) == visible(any_text)


@given(ANY_TEXT | EMOJI_PARTS)
def test_nothing_that_steers_a_terminal_is_left(any_text: str) -> None:
    shown = visible(any_text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Co", "Zl", "Zp"}
    in_emoji = {"\u200d", *map(chr, range(0xE0020, 0xE0080))}
    assert {c for c in shown if unicodedata.category(c) == "Cf"} <= in_emoji


@given(PLAIN)
def test_what_is_plain_stays(plain: str) -> None:
    assert visible(plain) == plain


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("", ""),
        (" ", "␣"),
        ("my file.txt", "my file.txt"),
        ("\x1b[31mred", "␛[31mred"),
        ("\0\t\n\x7f", "␀␉␊␡"),
        ("\x85\x9b", "⟨U+0085⟩⟨U+009B⟩"),
        ("a\u202eb\u2066", "a⟨U+202E⟩b⟨U+2066⟩"),
        ("\u200b\u200c\u200d\ufeff", "⟨U+200B⟩⟨U+200C⟩⟨U+200D⟩⟨U+FEFF⟩"),
        ("soft\u00ad", "soft⟨U+00AD⟩"),
        ("\u00a0\u3000\u2028", "⟨U+00A0⟩⟨U+3000⟩⟨U+2028⟩"),
        ("\udcff", "⟨U+DCFF⟩"),
        ("\ue000\U000f0000\uffff", "⟨U+E000⟩⟨U+F0000⟩⟨U+FFFF⟩"),
        ("\u3164\u2800", "⟨U+3164⟩⟨U+2800⟩"),
        ("한글", "한글"),
        ("\u1112\u1161\u11ab", "\u1112\u1161\u11ab"),
        ("\u1161", "◌\u1161"),
        ("e\u0301", "e\u0301"),
        ("\u0301e", "◌\u0301e"),
        ("\x1b\u0301", "␛◌\u0301"),
        (" \u0301", " ◌\u0301"),
        ("नि", "नि"),
        (FAMILY, FAMILY),
        ("❤\ufe0f", "❤\ufe0f"),
        ("1\ufe0f\u20e3", "1\ufe0f\u20e3"),
        ("🕵🏽\u200d♂\ufe0f", "🕵🏽\u200d♂\ufe0f"),
        (ENGLAND, ENGLAND),
        ("🇰🇷", "🇰🇷"),
        ("👨\u200d", "👨⟨U+200D⟩"),
        ("a\u200d👨", "a⟨U+200D⟩👨"),
        ("1\ufe0f", "1⟨U+FE0F⟩"),
        ("🏴\U000e0061", "🏴⟨U+E0061⟩"),
    ],
)
def test_visible(raw: str, shown: str) -> None:
    assert visible(raw) == shown


# reading


def test_one_sequence_per_line_that_is_not_blank(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, "the cat sat\n\n \t \r\nthe  mat\rsat")
    assert corpus.vocabulary == ("the", "cat", "sat", "mat")
    assert corpus.sequences == ((0, 1, 2), (0, 3), (2,))
    assert corpus.lines == (1, 4, 5)
    assert corpus.level == "word"


def test_the_name_is_the_path_as_given_made_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a\x1b[2J.txt").write_text("a b")
    assert read_corpus("./a\x1b[2J.txt").name == "./a␛[2J.txt"


def test_only_line_ends_end_a_line(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, "a\x0cb\u2028c\x85d")
    assert corpus.lines == (1,)
    assert corpus.vocabulary == ("a", "b", "c", "d")


def test_a_byte_order_mark_at_the_start_is_no_token(tmp_path: Path) -> None:
    assert corpus_of(tmp_path, "\ufeffthe cat").vocabulary == ("the", "cat")
    assert corpus_of(tmp_path, "a \ufeffb").vocabulary == ("a", "\ufeffb")


@pytest.mark.parametrize("level", ["word", "char"])
def test_composed_and_decomposed_are_one_token(tmp_path: Path, level: str) -> None:
    vocabulary = corpus_of(tmp_path, "é e\u0301 한 \u1112\u1161\u11ab ①", level).vocabulary
    assert [token for token in vocabulary if token.strip()] == ["é", "한", "①"]


def test_characters_are_grapheme_clusters(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, f" \tno\t{FAMILY} x\u0323\u0301न\u093f\n", "char")
    assert corpus.vocabulary == ("n", "o", "\t", FAMILY, " ", "x\u0323\u0301", "नि")
    assert corpus.sequences == ((0, 1, 2, 3, 4, 5, 6),)


@given(st.lists(st.lists(st.sampled_from(["a", "b", "é", "한", "[/b]", "👩"]), min_size=1)))
def test_the_tokens_spell_the_text(lines: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        content = "start\n" + "\n".join(" ".join(line) for line in lines)
        corpus = corpus_of(Path(folder), content)
    spelled = [[corpus.vocabulary[i] for i in sequence] for sequence in corpus.sequences]
    assert spelled == [["start"], *lines]
    flat = [token for line in spelled for token in line]
    assert corpus.vocabulary == tuple(dict.fromkeys(flat))


def test_x_and_y_are_the_sequence_and_what_follows(tmp_path: Path) -> None:
    x, y = corpus_of(tmp_path, "c\n\na b a c").sequence(2)
    assert x.dtype == y.dtype == np.intp
    assert x.tolist() == [1, 2, 1]
    assert y.tolist() == [2, 1, 0]


@pytest.mark.parametrize("number", [0, -1, 3])
def test_a_sequence_that_is_not_there(tmp_path: Path, number: int) -> None:
    with pytest.raises(InputError, match=rf"no sequence {number}; it has 2 sequences"):
        corpus_of(tmp_path, "a b\nc d").sequence(number)


def test_a_single_token_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"corpus\.txt, line 3: a single token; .* at least two"):
        corpus_of(tmp_path, "\n\nalone").sequence(1)


# refusals


def test_no_such_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^samples/no␛pe\.txt: no such file$"):
        read_corpus("samples/no\x1bpe.txt")


@pytest.mark.parametrize("content", ["", "\n \n\t\r\n", "\ufeff"])
def test_an_empty_file(tmp_path: Path, content: str) -> None:
    assert refusal(tmp_path, content) == (
        "/corpus.txt: no text in it; expected one sequence per line"
    )


def test_not_utf8_says_line_and_byte(tmp_path: Path) -> None:
    assert refusal(tmp_path, "é\r\nab é".encode() + b"\xff\nb") == (
        "/corpus.txt, line 2, byte 6: 0xff is not UTF-8; save the file as UTF-8"
    )
    assert "line 1, byte 1" in refusal(tmp_path, b"\xef\xbb\xbf\xe9t\xe9")
    assert "UTF-16" in refusal(tmp_path, "a b".encode("utf-16"))


def test_a_folder_a_pipe_and_a_device_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder; expected a file"):
        read_corpus(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match="a pipe or a device; expected a regular file"):
            read_corpus(path)


def test_too_large_is_refused_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    with path.open("wb") as file:
        file.truncate(70 * 2**20)
    with pytest.raises(InputError, match=r"large\.txt: 70 MiB; expected at most 64 MiB"):
        read_corpus(path)


def test_a_file_that_hides_its_size_is_bounded_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "corpus.txt").write_text("more than eight bytes")
    monkeypatch.setattr("tuiviz.files.disk._check_readable", lambda *_: None)
    monkeypatch.setattr(text, "LIMIT", 8)
    with pytest.raises(InputError, match="too large; expected at most 8 bytes"):
        read_corpus(tmp_path / "corpus.txt")


def test_an_unknown_level(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a b", "w\x1b") == 'level "w␛": expected word or char'


def test_words_start_without_the_grapheme_library() -> None:
    code = "import sys, tuiviz.files.text; sys.exit('regex' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
