"""What is cut or filled to a width never reads as another number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from core.symbols import subscript
from tuiviz.cells import fitted
from tuiviz.numbers import number, power_of_ten

quick = settings(derandomize=True, deadline=None, max_examples=200)

NUMBERS = st.builds(
    number, st.floats(allow_nan=True, allow_infinity=True), st.integers(2, 12)
) | st.integers(0, 10**6).map(lambda index: f"∂E{subscript(index)}/∂W")


@quick
@given(st.lists(NUMBERS | st.sampled_from(["‖·‖", "of", "▁", "k=", "한국"]), max_size=6))
def test_a_text_that_is_cut_has_its_numbers_whole_or_not_at_all(parts: list[str]) -> None:
    text = "  ".join(parts)
    for width in range(1, cell_len(text) + 3):
        shown = fitted(text, width)
        assert cell_len(shown) == width
        kept = shown.rstrip(" …")
        assert text.startswith(kept)
        after = text[len(kept) : len(kept) + 1]
        if after in {*"0123456789₀₁₂₃₄₅₆₇₈₉.e+-"} - {""}:
            assert kept[-1:] not in {*"0123456789₀₁₂₃₄₅₆₇₈₉.e+-"}


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("1e-1748", 6, "…     "),
        ("‖·‖ 12.35  rank 4", 8, "‖·‖…    "),
        ("k=9998  δ₉₉₉₈ ⊗ s", 11, "k=9998  δ… "),
        ("-.0064", 5, "…    "),
        ("12×12", 4, "12×…"),
        ("3.1e-05", 7, "3.1e-05"),
        ("min 3.1e-05", 9, "min…     "),
    ],
)
def test_a_cut_number_is_never_another_one(text: str, width: int, shown: str) -> None:
    assert fitted(text, width) == shown


@quick
@given(st.floats(-1e4, 1e4), st.integers(2, 8))
def test_a_power_of_ten_reads_as_the_number(log: float, digits: int) -> None:
    text = power_of_ten(log, digits)
    first, _, exponent = text.partition("e")
    read = np.log10(abs(float(first))) + int(exponent or 0)
    assert abs(read - log) < 0.5 * 10.0 ** (1 - max(2, digits - 2)) + 1e-9
    if abs(log) < 300:
        assert text == number(10.0**log, digits)


def test_powers_of_ten_that_are_none() -> None:
    assert [power_of_ten(each) for each in (-math.inf, math.inf, math.nan)] == ["0", "inf", "NaN"]
