"""The rows of an outline are those of a naive listing, whatever is open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bptt_loops import sessions
from hypothesis import given, settings
from hypothesis import strategies as st

from core.chain import Expression, Factor
from tuiviz.debugger.outline import Outline, Path
from tuiviz.debugger.session import Session

quick = settings(derandomize=True, deadline=None, max_examples=40)


def naive(path: Path, expression: Expression, opened: frozenset[Path]) -> Iterator[Path]:
    yield path
    if path in opened:
        for i, child in enumerate(expression.children):
            yield from naive((*path, i), child, opened)


@st.composite
def outlines(draw: st.DrawFn) -> Outline:
    """A chain rule opened and closed at random; what was open below a closed row is remembered."""
    session: Session = draw(sessions())
    outline = Outline(session.outline.root, frozenset())
    for _ in range(draw(st.integers(0, 8))):
        shown = [row for row in outline.rows(0, len(outline)) if row.opens]
        if shown:
            row = draw(st.sampled_from(shown))
            outline = Outline(outline.root, outline.opened ^ {row.path})
    return outline


@given(outlines(), st.integers(0, 30), st.integers(0, 30))
@quick
def test_rows_are_those_of_the_naive_listing(outline: Outline, first: int, count: int) -> None:
    listed = list(naive((), outline.root, outline.opened))
    assert len(outline) == len(listed)
    rows = list(outline.rows(0, len(listed)))
    assert [row.path for row in rows] == listed
    assert [row.path for row in outline.rows(first, count)] == listed[first : first + count]
    for number, row in enumerate(rows):
        assert outline.number(row.path) == number
        assert row.expression is outline.expression(row.path)
        assert row.is_open == (row.path in outline.opened)
        assert row.opens != isinstance(row.expression, Factor)
        assert row.depth == len(row.path)


@given(outlines())
@quick
def test_there_are_no_rows_beyond_the_ends(outline: Outline) -> None:
    for number in (-1, len(outline)):
        with pytest.raises(IndexError):
            outline[number]


@given(sessions())
@quick
def test_closing_what_holds_open_parts_hides_them_and_opening_shows_them_again(
    session: Session,
) -> None:
    for _ in range(4):
        session = session.opened_up()
    before = [row.path for row in session.outline.rows(0, 10**6)]
    folded = session.cursor_at(()).toggled()
    assert [row.path for row in folded.outline.rows(0, 10**6)] == [()]
    assert [row.path for row in folded.toggled().outline.rows(0, 10**6)] == before
