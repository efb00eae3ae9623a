"""Text from outside, made safe to put on a terminal: what cannot be seen becomes visible."""

from __future__ import annotations

from functools import cache
from typing import Any

_CONTROL_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}

# Nothing to look at, or worse: controls, format characters (bidi overrides, zero-width ones),
# lone surrogates, private and unassigned code points, every space but the plain one, the
# fillers and variation selectors, and the Braille blank.
_UNSEEN = (
    r"[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}"
    r"[\p{Zs}--\x20]\u2800]"
)

# What is drawn onto the character before it: combining marks, and the vowels and finals of
# decomposed Hangul, which terminals draw in no column of their own.
_ATTACHED = rf"[[\p{{M}}\u1160-\u11FF\uD7B0-\uD7FF]--{_UNSEEN}]"

# Where a joiner, a variation selector or a tag is part of the picture: Unicode's emoji sequences.
_PICTURE = r"[\p{Extended_Pictographic}--\p{Cn}][\uFE0E\uFE0F]?\p{Emoji_Modifier}?"
_KEYCAP = r"[0-9#*]\uFE0F\u20E3"
_FLAG = (
    r"\U0001F3F4\U000E0067\U000E0062"  # black flag, tags "g" and "b", then "eng", "sct" or "wls"
    r"(?:\U000E0065\U000E006E\U000E0067|\U000E0073\U000E0063\U000E0074|\U000E0077\U000E006C\U000E0073)"
    r"\U000E007F"
)
_EMOJI = rf"(?:{_KEYCAP}|{_FLAG}|{_PICTURE}(?:\u200D{_PICTURE})*){_ATTACHED}*"


def visible(text: str) -> str:
    """The text with everything that is not plainly visible spelled out; safe on any terminal.

    Control characters become their pictures (␛ ␀ ␉ ␊ ␡); other characters that show nothing or
    steer the text around them (bidi marks, zero-width characters, soft hyphen, lone surrogates,
    private, unassigned) become `⟨U+202E⟩`; a mark without a base gets ◌. Emoji sequences stay
    whole. A text that is one space becomes `␣`; other plain spaces stay.

    visible(visible(text)) == visible(text). No markup is escaped: that depends on the widget.
    """
    if text == " ":
        return "␣"
    if text.isascii() and text.isprintable():
        return text
    shown: str = _pattern().sub(_spelled_out, text)
    return shown


def _spelled_out(match: Any) -> str:
    found: str = match.group()
    if match.lastgroup == "emoji":
        return found
    if match.lastgroup == "loose":
        return "◌" + found
    code = ord(found)
    return chr(_CONTROL_PICTURES[code]) if code in _CONTROL_PICTURES else f"⟨U+{code:04X}⟩"


@cache
def _pattern() -> Any:
    # Imported here: 18 ms that plain ASCII, most texts and every path, never needs.
    import regex  # type: ignore[import-untyped]  # its types are a package of their own

    return regex.compile(
        rf"(?V1)(?P<emoji>{_EMOJI})|(?P<unseen>{_UNSEEN})"
        rf"|(?P<loose>(?<=\A|\x20|{_UNSEEN}){_ATTACHED})"
    )
