"""Numbers as text: read back they are the number, and fewer digits are not longer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuiviz.debugger.looking import DIGITS
from tuiviz.numbers import number, short

laws = settings(derandomize=True, deadline=None, max_examples=300)
sizes = st.floats(-3, 3.99).map(lambda power: 10**power)
signs = st.sampled_from([1, -1])


@given(sizes, signs, st.sampled_from(DIGITS[:-1]))
@laws
def test_fewer_digits_are_not_longer(size: float, sign: int, digits: int) -> None:
    for written in (number, short):
        assert len(written(sign * size, digits)) <= len(written(sign * size, digits + 1))


@given(sizes, signs, st.sampled_from(DIGITS))
@laws
def test_what_is_written_is_the_number_to_its_digits(size: float, sign: int, digits: int) -> None:
    for written in (number, short):
        text = written(sign * size, digits)
        assert float(text) == pytest.approx(sign * size, rel=0.06)
        if size >= 0.1:
            assert float(text) == pytest.approx(sign * size, rel=5.001 * 10.0**-digits)
        assert not (size < 0.99 and text.lstrip("-").startswith("0"))


@given(sizes, signs, st.sampled_from(DIGITS[2:]))
@laws
def test_a_cell_has_all_digits_and_two_characters_more(size: float, sign: int, digits: int) -> None:
    text = short(sign * size, digits)
    assert len(text) <= digits + 3
    assert text == number(sign * size, digits) or size < 0.0011
