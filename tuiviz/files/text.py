"""Text files as sequences of tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import InputError
from core.records import Record
from tuiviz.files.disk import StrPath, byte_size, reading, shown
from tuiviz.files.visible import visible

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LEVELS", "LIMIT", "Corpus", "read_corpus", "visible"]

LIMIT = 64 * 2**20
"""The largest text file that is read, in bytes."""

# As editors count lines; str.splitlines would also end one at a form feed or U+2028.
_LINE_END = re.compile(r"\r\n|\r|\n")


class Corpus(Record):
    """The token sequences of a text file and the one vocabulary they share.

    `vocabulary` holds the distinct tokens in order of first appearance, so that a token's id is
    its place there. `sequences[i]` holds the ids of the i-th non-blank line, and `lines[i]` that
    line's number in the file, counted from 1. Tokens are as the file has them, after NFC: to be
    shown, they go through `visible`. `name` has done so already. `lacking` has the tokens that a
    given vocabulary lacks; their ids go on where it ends.
    """

    name: str
    level: str
    vocabulary: tuple[str, ...]
    sequences: tuple[tuple[int, ...], ...]
    lines: tuple[int, ...]
    lacking: tuple[str, ...] = ()

    def in_vocabulary(self, vocabulary: tuple[str, ...], unknown: str | None = None) -> Corpus:
        """The same sequences by the ids of another vocabulary.

        `unknown` is the token of it that stands for those that it lacks. Raises InputError if it
        lacks that one too; `sequence` does for a sequence with a token that is lacking.
        """
        ids = {token: place for place, token in enumerate(vocabulary)}
        lacking = [token for token in self.vocabulary if token not in ids]
        if unknown is not None:
            if unknown not in ids:
                raise InputError(f'--unknown "{visible(unknown)}": not in the vocabulary')
            ids |= dict.fromkeys(lacking, ids[unknown])
            lacking = []
        ids |= {token: len(vocabulary) + place for place, token in enumerate(lacking)}
        new = [ids[token] for token in self.vocabulary]
        return replace(
            self,
            vocabulary=vocabulary,
            sequences=tuple(tuple([new[i] for i in sequence]) for sequence in self.sequences),
            lacking=tuple(lacking),
        )

    def sequence(self, number: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """x and y of one sequence, T token ids each: it without its last, without its first token.

        `number` counts the non-blank lines from 1. Raises InputError if there is no such sequence,
        if it has a single token, or one that the given vocabulary lacks.
        """
        import numpy as np

        count = len(self.sequences)
        if not 1 <= number <= count:
            held = "1 sequence" if count == 1 else f"{count} sequences"
            hint = "sequences are counted from 1" if number < 1 else "one per non-blank line"
            raise InputError(f"{self.name}: no sequence {number}; it has {held} ({hint})")
        ids = np.array(self.sequences[number - 1], dtype=np.intp)
        if len(ids) < 2:
            raise InputError(
                f"{self.name}, line {self.lines[number - 1]}: a single token; "
                "a sequence needs at least two, one to read and one to predict"
            )
        if (last := int(ids.max())) >= len(self.vocabulary):
            token = visible(self.lacking[last - len(self.vocabulary)])
            raise InputError(
                f"{self.name}, line {self.lines[number - 1]}: the vocabulary of the weights has no "
                f'"{token}"; use --unknown TOKEN to read another token in its place'
            )
        return ids[:-1], ids[1:]


def read_corpus(path: StrPath, level: str = "word") -> Corpus:
    """The corpus of a UTF-8 text file, one sequence per non-blank line.

    Lines are brought to NFC. Words are what white space separates. Characters are grapheme
    clusters, spaces inside a line among them; white space at either end of a line is dropped.

    Raises InputError for a file that cannot be read, is empty, is larger than LIMIT or is not
    UTF-8, and for an unknown level.
    """
    if level not in _TOKENS:
        raise InputError(f'level "{visible(level)}": expected {" or ".join(_TOKENS)}')
    ids: dict[str, int] = {}
    sequences: list[tuple[int, ...]] = []
    lines: list[int] = []
    for number, line in enumerate(_LINE_END.split(_decoded(path)), start=1):
        tokens = _TOKENS[level](normalized(line).strip())
        if tokens:
            sequences.append(tuple([ids.setdefault(token, len(ids)) for token in tokens]))
            lines.append(number)
    if not sequences:
        raise InputError(f"{shown(path)}: no text in it; expected one sequence per line")
    return Corpus(shown(path), level, tuple(ids), tuple(sequences), tuple(lines))


def normalized(text: str) -> str:
    """The text in NFC, as tokens are."""
    return unicodedata.normalize("NFC", text)


def _decoded(path: StrPath) -> str:
    with reading(path, limit=LIMIT) as file:
        content = file.read(LIMIT + 1)
    if len(content) > LIMIT:  # it grew, or never told its size, as the files in /proc
        raise InputError(f"{shown(path)}: too large; expected at most {byte_size(LIMIT)}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A byte order mark has been cut off from error.object, and from error.start with it.
        raise InputError(_not_utf8(path, error.object, error.start)) from error


def _not_utf8(path: StrPath, content: bytes, start: int) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return f"{shown(path)}: UTF-16; expected UTF-8: save it as UTF-8"
    before = _LINE_END.split(content[:start].decode())
    column = len(before[-1].encode()) + 1
    return (
        f"{shown(path)}, line {len(before)}, byte {column}: 0x{content[start]:02x} is not UTF-8; "
        "save the file as UTF-8"
    )


def _graphemes(line: str) -> list[str]:
    import regex  # type: ignore[import-untyped]  # here: 18 ms, for this level alone

    found: list[str] = regex.findall(r"\X", line)
    return found


_TOKENS: dict[str, Callable[[str], list[str]]] = {"word": str.split, "char": _graphemes}

LEVELS = tuple(_TOKENS)
"""What a token can be."""
