"""A session is a function of its position: there and back is the identity, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from bptt_loops import KINDS, Loops, problems, sessions
from hypothesis import given, settings
from hypothesis import strategies as st

from core.parameters import NAMES
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.session import Session
from tuiviz.debugger.sums import SoFar, so_far
from tuiviz.debugger.walk import EACH, ONE

quick = settings(derandomize=True, deadline=None, max_examples=100)

Seen = tuple[int, str, tuple[str, ...], bytes, SoFar]


def seen(session: Session) -> Seen:
    """What there is to see, the numbers bit for bit."""
    value = session.line_value()
    rows = tuple(row.expression.symbol for row in session.outline.rows(0, 10**6))
    array = np.ascontiguousarray(value.array)
    return session.error, value.written, rows, array.tobytes(), so_far(session)


def equal(one: Seen, other: Seen) -> bool:
    return repr(one) == repr(other)  # NaN, the share of a sum that is zero, equals NaN


def in_range(session: Session) -> bool:
    return (
        0 <= session.index < len(session.walk)
        and 0 <= session.error < session.steps
        and session.position == session.walk[session.index]
    )


@given(sessions(), st.data())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_n_lines_on_and_n_back_is_the_identity(session: Session, drawn: st.DataObject) -> None:
    target = drawn.draw(st.integers(0, len(session.walk) - 1))
    lines = target - session.index
    there = session.stepped(lines)
    assert there.index == target
    assert there.stepped(-lines) == session
    assert equal(seen(there.stepped(-lines)), seen(session))


@given(sessions(), st.lists(st.integers(-9, 9), max_size=12))
@quick
def test_any_steps_within_the_walk_and_the_same_back_is_the_identity(
    session: Session, moves: list[int]
) -> None:
    here, done = session, []
    for lines in moves:
        if 0 <= here.index + lines < len(here.walk):
            here = here.stepped(lines)
            done.append(lines)
    for lines in reversed(done):
        here = here.stepped(-lines)
    assert here == session
    assert equal(seen(here), seen(session))


@given(sessions(), st.integers(0, 200))
@quick
def test_what_is_seen_does_not_depend_on_the_way_there(session: Session, index: int) -> None:
    there = session.moved_to(index)
    anew = Session(session.problem, session.chosen, session.parameter, session.kind)
    assert equal(seen(anew.moved_to(index)), seen(there))
    halfway = session.moved_to((session.index + index) // 2)
    assert equal(seen(halfway.moved_to(index)), seen(there))


@given(sessions(), st.integers(-(10**9), 10**9))
@quick
def test_time_steps_are_single_steps_of_the_walk_repeated(session: Session, steps: int) -> None:
    index = session.index
    for _ in range(min(abs(steps), 100)):
        index = session.walk.next_step(index) if steps > 0 else session.walk.previous_step(index)
    assert session.time_stepped(steps).index == index


@given(sessions(), st.integers(-9, 9))
@quick
def test_a_pass_is_finished_where_the_next_line_belongs_to_another(
    session: Session, passes: int
) -> None:
    walk, index = session.walk, session.index
    backs = [walk[i].back for i in range(len(walk))]
    ends = [i for i in range(len(walk)) if i + 1 == len(walk) or backs[i] != backs[i + 1]]
    starts = [i for i in range(len(walk)) if i == 0 or backs[i] != backs[i - 1]]
    for _ in range(abs(passes)):
        if passes > 0:
            index = next((i for i in ends if i > index), index)
        else:
            index = next((i for i in reversed(starts) if i < index), index)
    assert session.finished(passes).index == index


@given(sessions(), st.integers(-3, 12))
@quick
def test_another_error_is_at_the_same_line_and_step_where_it_has_them(
    session: Session, error: int
) -> None:
    other, wanted = session.with_error(error), max(0, min(error, session.steps - 1))
    assert in_range(other)
    if session.kind != EACH:
        assert other.error == wanted
    if session.kind == ONE and not session.going_forward and not other.going_forward:
        here, there = session.position, other.position
        same = other.walk.at(there.back, here.step, here.line)
        assert other.index == (other.walk.turn if same is None else same)
    if session.going_forward:
        assert other.position.line == session.position.line
        assert other.position.step == session.position.step


@given(sessions(), st.sampled_from(KINDS))
@quick
def test_another_walk_is_at_the_same_line_and_step_where_it_has_them(
    session: Session, kind: str
) -> None:
    other = session.with_kind(kind)
    assert in_range(other)
    assert other.error == session.error
    here, there = session.position, other.position
    if session.going_forward:
        assert (there.phase, there.line, there.step) == (here.phase, here.line, here.step)
    elif there.step == here.step:
        assert there.line.kind == here.line.kind
        assert there.line.name == here.line.name
    assert session.with_kind(session.kind).index == session.index or not in_walk(session)


def in_walk(session: Session) -> bool:
    """Whether the selected error belongs to the pass at hand; in one sweep it need not."""
    return session.going_forward or session.walk.pass_of(session.error) == session.position.back


MOVES = st.sampled_from(
    [
        ("stepped", st.integers(-30, 30)),
        ("time_stepped", st.integers(-5, 5)),
        ("finished", st.integers(-3, 3)),
        ("with_error", st.integers(-1, 8)),
        ("with_parameter", st.sampled_from(NAMES)),
        ("with_kind", st.sampled_from(KINDS)),
        ("cursor_moved", st.integers(-9, 9)),
        ("toggled", None),
        ("closed", None),
        ("opened_up", None),
        ("moved_to", st.integers(-5, 300)),
    ]
)


@given(sessions(), st.data())
@quick
def test_every_movement_stays_within_range_and_shows_something(
    session: Session, drawn: st.DataObject
) -> None:
    for _ in range(15):
        name, takes = drawn.draw(MOVES)
        arguments = () if takes is None else (drawn.draw(takes),)
        session = getattr(session, name)(*arguments)
        assert in_range(session)
        assert session.outline[session.outline.number(session.focus)].path == session.focus
        assert Debugger(session).where
    value = session.value()
    assert tuple(map(len, value.labels)) == np.shape(value.array) or np.ndim(value.array) == 0
    assert seen(session)


@given(problems(), st.data())
@quick
def test_the_terms_listed_are_those_of_the_loops(problem: Any, drawn: st.DataObject) -> None:
    t = drawn.draw(st.integers(0, problem.steps - 1))
    name = drawn.draw(st.sampled_from(NAMES))
    loops, session = Loops(problem), Session(problem, t, name)
    terms = list(session.terms)
    assert [term.k for term in terms] == ([t] if name in "Vc" else list(range(t, -1, -1)))
    for term in terms:
        assert term.kept == loops.keeps(t, term.k)
        assert np.allclose(term.value, loops.term(name, t, term.k), rtol=1e-9, atol=1e-12)
