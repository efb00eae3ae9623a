"""Hangul as it is typed: a syllable that an input method composed, as the letters on its keys.

With a Korean keyboard on, the keys t n arrive as ㅅ ㅜ, or, composed, as the one syllable su.
"""

from __future__ import annotations

_SYLLABLES = range(0xAC00, 0xD7A4)

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_FINALS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

_TWO_KEYS = {
    "ㅘ": "ㅗㅏ",
    "ㅙ": "ㅗㅐ",
    "ㅚ": "ㅗㅣ",
    "ㅝ": "ㅜㅓ",
    "ㅞ": "ㅜㅔ",
    "ㅟ": "ㅜㅣ",
    "ㅢ": "ㅡㅣ",
    "ㄳ": "ㄱㅅ",
    "ㄵ": "ㄴㅈ",
    "ㄶ": "ㄴㅎ",
    "ㄺ": "ㄹㄱ",
    "ㄻ": "ㄹㅁ",
    "ㄼ": "ㄹㅂ",
    "ㄽ": "ㄹㅅ",
    "ㄾ": "ㄹㅌ",
    "ㄿ": "ㄹㅍ",
    "ㅀ": "ㄹㅎ",
    "ㅄ": "ㅂㅅ",
}
"""Letters that are two on the keyboard."""


def letters_typed(sign: str) -> str:
    """The letters of the keys that made a sign: ㅗㅏ for ㅘ; nothing for one that is no Hangul.

    A syllable is U+AC00 + (initial × 21 + vowel) × 28 + final (Unicode 16, 3.12).
    """
    if sign in _TWO_KEYS:
        return _TWO_KEYS[sign]
    if len(sign) != 1 or ord(sign) not in _SYLLABLES:
        return ""
    rest, final = divmod(ord(sign) - _SYLLABLES.start, len(_FINALS))
    initial, vowel = divmod(rest, len(_VOWELS))
    letters = (_INITIALS[initial], _VOWELS[vowel], _FINALS[final])
    return "".join(_TWO_KEYS.get(letter, letter) for letter in letters)
