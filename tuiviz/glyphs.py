"""The signs of this program spelled in ASCII, for terminals that lack them: δ₄,ₖ₋₁ is delta[4,k-1].

A sign may take more cells than it had. What stands in columns stays there: the spaces after the
sign, or the line of a frame, give up as many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TypeVar

S = TypeVar("S")

_SPELLED = {
    "∂": "d", "ŷ": "yhat", "⊗": "x", "⊙": "*", "·": ".", "‖": "||", "ᵀ": ".T", "²": "^2",
    "⁺": "+", "′": "'", "−": "-", "–": "-", "×": "x", "±": "+-", "√": "sqrt", "∞": "inf",
    "≤": "<=", "≥": ">=", "≈": "~", "⟨": "<", "⟩": ">", "…": "..", "⏎": "Enter", "⇧": "S-",
    "←": "<-", "→": "->", "↑": "Up", "↓": "Dn", "▶": ">", "◀": "<", "▸": "+", "▾": "-", "▼": "v",
    "›": ">", "‹": "<", "●": "*", "○": "o", "◌": "o", "⁻": "-", "␣": "_", "─": "-", "│": "|",
    "░": ":", "▒": "+", "▓": "%", "⠁": "`", "⠂": "'", "⠒": '"', "⠶": "o", "⠿": "@",
    **dict.fromkeys("╭╮╰╯", "+"),
    **dict.fromkeys("▁▂▃", "."),
    **dict.fromkeys("▍▎▏", ":"),
    **dict.fromkeys("▄▅▆▇█▉▊▋▌", "#"),
    **{chr(0x2400 + code): f"^{chr(0x40 + code)}" for code in range(0x20)},
    "␡": "^?",
}  # fmt: skip

_LETTERS = {
    "δ": "delta", "σ": "sigma", "η": "eta", "θ": "theta", "Σ": "sum", "Π": "prod",
}  # fmt: skip
"""Signs of ours unless they stand in a Greek word."""

_BELOW = "₀₁₂₃₄₅₆₇₈₉₋₊ₖⱼₜ"
_SUBSCRIPTS = str.maketrans(_BELOW, "0123456789-+kjt")

SIGNS = frozenset({*_SPELLED, *_LETTERS, *_BELOW})
"""The signs of this program; each takes one cell."""


@cache
def _part() -> re.Pattern[str]:
    """A part of a text that is spelled in another way, or gives up room."""
    return re.compile(
        r"(?P<gap>  +|──+)"
        r"|(?P<subscript>[₀-₉₋₊ₖⱼₜ]+(?:,[₀-₉₋₊ₖⱼₜ]+)?)"
        rf"|(?P<letter>(?<![Ͱ-Ͽ])[{''.join(_LETTERS)}](?![Ͱ-Ͽ]))"
        rf"|(?P<sign>[{''.join(_SPELLED)}])"
    )


def to_ascii(text: str) -> str:
    """The text with ASCII in place of the signs of this program; tokens stay as they are."""
    return "\n".join(_spelled(line, 0)[0] for line in text.split("\n"))


def ascii_pieces(pieces: Iterable[tuple[str, S]]) -> list[tuple[str, S]]:
    """A line in pieces, each spelled in ASCII; the frame at its end stays where it is."""
    made: list[tuple[str, S]] = []
    longer = 0
    for text, style in pieces:
        spelled, longer = _spelled(text, longer)
        if longer and text.endswith(("│", "╮", "╯")):
            made, longer = _shortened(made, longer), 0
        made.append((spelled, style))
    return made


def _spelled(text: str, longer: int) -> tuple[str, int]:
    """The text in ASCII, and how many cells longer than it should be the line is after it."""
    if text.isascii() and not longer:
        return text, 0
    parts = []
    end = 0
    for found in _part().finditer(text):
        part = _replaced(found)
        if found["gap"]:
            given = min(longer, len(part) - 1)
            part = part[given:]
        parts += [text[end : found.start()], part]
        longer += len(part) - len(found.group())
        end = found.end()
    return "".join([*parts, text[end:]]), longer


def _replaced(found: re.Match[str]) -> str:
    text = found.group()
    if found["subscript"]:
        return _subscript(text.translate(_SUBSCRIPTS))
    if found["gap"]:
        return text.replace("─", "-")
    return _LETTERS.get(text) or _SPELLED[text]


def _subscript(index: str) -> str:
    """2 for ₂, _k for ₖ, [k-1] for ₖ₋₁."""
    if index.replace(",", "").isdecimal():
        return index
    return f"_{index}" if index.isalpha() else f"[{index}]"


def _shortened(pieces: list[tuple[str, S]], longer: int) -> list[tuple[str, S]]:
    """The pieces without the last so many cells; .. says so where more than a bar was lost."""
    made: list[tuple[str, S]] = []
    lost = ""
    for text, style in reversed(pieces):
        kept = text[: max(0, len(text) - longer)]
        lost += text[len(kept) :].strip(" #:")
        longer -= len(text) - len(kept)
        made.append((kept, style))
    return _marked(made[::-1]) if lost else made[::-1]


def _marked(pieces: list[tuple[str, S]]) -> list[tuple[str, S]]:
    """The last two cells made dots."""
    at = next((i for i in reversed(range(len(pieces))) if len(pieces[i][0]) > 2), None)
    if at is None:
        return pieces
    text, style = pieces[at]
    return [*pieces[:at], (f"{text[:-2]}..", style), *pieces[at + 1 :]]
