"""With a Korean input method on, composed syllables do what the keys behind them do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from unicodedata import lookup, name, normalize

import pytest

from tuiviz.debugger.actions import ACTIONS
from tuiviz.debugger.commands import parsed
from tuiviz.debugger.hangul import letters_typed
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.app import DebuggerApp

SAMPLE = Path(__file__).parent.parent / "samples" / "sample.txt"

KEYS = "ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ" + "ㅃㅉㄸㄲㅆㅒㅖ"
"""The letters of a Korean keyboard, then those that shift makes."""

TWO_VOWELS = {
    "WA": "ㅗㅏ",
    "WAE": "ㅗㅐ",
    "OE": "ㅗㅣ",
    "WEO": "ㅜㅓ",
    "WE": "ㅜㅔ",
    "WI": "ㅜㅣ",
    "YI": "ㅡㅣ",
}
"""By their names in Unicode; those of two consonants say which."""


def keys_of(sign: str) -> str:
    """The keys of a syllable, by what Unicode decomposes it to and calls the parts."""
    letters = ""
    for part in normalize("NFD", sign):
        called = name(part).split(" ")[-1]
        each = [lookup(f"HANGUL LETTER {one}") for one in called.split("-")]
        letters += TWO_VOWELS.get(called) or "".join(each)
    return letters


def test_a_syllable_is_the_letters_that_it_is_typed_with() -> None:
    for code in range(ord("가"), ord("힣") + 1):
        letters = letters_typed(chr(code))
        assert letters == keys_of(chr(code))
        assert set(letters) <= set(KEYS)
    assert {letters_typed(sign) for sign in (*KEYS, "n", "", "漢", "é")} == {""}
    assert letters_typed("ㅘ") == "ㅗㅏ"
    assert letters_typed("ㄳ") == "ㄱㅅ"


@pytest.mark.parametrize("typed", [["수"], ["숫", "주"], ["3", "수"], ["ㅊ", "츄"], ["도"]])
def test_a_syllable_does_what_its_letters_do(typed: list[str]) -> None:
    letters = [letter for sign in typed for letter in letters_typed(sign) or sign]

    async def played(keys: list[str]) -> tuple[object, ...]:
        app = DebuggerApp(open_debugger(SAMPLE, ModelOptions()))
        app.debugger.breakpoints = open_debugger(SAMPLE, ModelOptions(), stops=["dW"]).breakpoints
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press(*keys)
            return app.debugger.place, app.debugger.message, app.prompt.display, app.prompt.value

    assert letters != typed
    assert asyncio.run(played(typed)) == asyncio.run(played(letters))


def test_the_letters_can_be_typed_after_a_colon() -> None:
    beside = [(key, each.shown) for each in ACTIONS for key in each.keys if key in KEYS]
    assert beside
    for key, shown in beside:
        for typed in ("{}", "5{}", "{} 3"):
            assert parsed(typed.format(key)) == parsed(typed.format(shown))
