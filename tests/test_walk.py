"""A walk is the naive list of its positions, computed; what it adds up is the gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from bptt_loops import Loops, activated, one_hot, problems, sessions, slope, softmax
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lines import ADJOINT, GIVEN, GRADIENT, PARAMETER_LINE, VALUE, Operand
from core.parameters import NAMES
from tuiviz.debugger.scope import Scope, name_of
from tuiviz.debugger.session import Session
from tuiviz.debugger.sums import added_up, so_far, whole
from tuiviz.debugger.walk import BACKWARD, FORWARD, ONE, SUM, Walk

quick = settings(derandomize=True, deadline=None, max_examples=50)

Place = tuple[str, str, int, int]  # phase, name of the line, step, pass

FORWARD_LINES = ("a", "s", "z", "yhat", "E")
READOUT = ("dEdz", "dV", "dc")
RECURRENCE = ("dEds", "dEda", "dU", "dW", "db")


def naive(session: Session) -> Iterator[Place]:
    """All positions, written out."""
    loops = Loops(session.problem)
    for t in range(session.steps):
        yield from ((FORWARD, name, t, -1) for name in FORWARD_LINES)
    for back, (errors, low) in enumerate(loops.passes(session.kind, session.error)):
        for k in range(errors[-1], low - 1, -1):
            names = (*READOUT, *RECURRENCE) if k in errors else RECURRENCE
            yield from ((BACKWARD, name, k, back) for name in names)


def places(walk: Walk) -> list[Place]:
    return [
        (p.phase, name_of(p.line), p.step, p.back) for p in map(walk.__getitem__, range(len(walk)))
    ]


def close(found: Any, right: Any) -> bool:
    return np.allclose(found, right, rtol=1e-9, atol=1e-12)


@given(sessions())
@quick
def test_the_positions_are_those_written_out(session: Session) -> None:
    assert places(session.walk) == list(naive(session))
    assert all(session.walk[i].index == i for i in range(len(session.walk)))


@given(sessions())
@quick
def test_the_state_s_adjoint_is_written_with_what_joins_there(session: Session) -> None:
    for index in range(session.walk.turn, len(session.walk)):
        here = session.moved_to(index)
        if name_of(here.position.line) == "dEds":
            errors, _ = list(Loops(session.problem).passes(session.kind, here.error))[
                here.position.back
            ]
            text = here.written(here.position.line)
            assert ("Vᵀ" in text) == (here.position.step in errors)
            assert ("Wᵀ" in text) == (here.position.step < errors[-1])


@given(sessions())
@quick
def test_places_are_found_where_a_search_finds_them(session: Session) -> None:
    walk, known = session.walk, list(naive(session))

    def first(*wanted: Any) -> int | None:
        return next(
            (
                i
                for i, place in enumerate(known)
                if all(w is None or w == p for w, p in zip(wanted, place, strict=True))
            ),
            None,
        )

    for back in range(-1, len(walk.passes)):
        inside = [i for i, place in enumerate(known) if place[3] == back]
        assert (walk.start_of(back), walk.end_of(back)) == (inside[0], inside[-1])
        for step in range(-1, session.steps + 1):
            assert walk.at(back, step) == first(None, None, step, back)
            for line in walk.lines:
                place = walk.at(back, step, line)
                assert place is None or walk[place].line == line
                made = walk.made(back, step, line.kind, line.name)
                assert made == first(None, name_of(line), step, back)
                assert place in (None, made)
    for error in range(session.steps):
        passes = Loops(session.problem).passes(session.kind, session.error)
        assert walk.pass_of(error) == next(
            (back for back, (errors, _) in enumerate(passes) if error in errors), None
        )


@given(sessions())
@quick
def test_the_next_and_the_previous_step_are_those_of_a_search(session: Session) -> None:
    walk, known = session.walk, list(naive(session))
    starts = [
        i for i, place in enumerate(known) if i == 0 or known[i - 1][2:] != place[2:]
    ]  # the first line of each step
    for i in range(len(known)):
        assert walk.next_step(i) == next((s for s in starts if s > i), len(known) - 1)
        assert walk.previous_step(i) == next((s for s in reversed(starts) if s < i), 0)


@given(sessions())
@quick
def test_lines_of_a_step_are_those_around_it(session: Session) -> None:
    walk, known = session.walk, list(naive(session))
    for i, place in enumerate(known):
        around = [j for j, other in enumerate(known) if other[2:] == place[2:]]
        assert [name_of(line) for line in walk.lines_at(i)] == [known[j][1] for j in around]
        assert walk.line_number(i) == i - around[0]


@given(sessions())
@quick
def test_what_is_added_up_at_each_position_is_the_sum_of_the_terms_so_far(
    session: Session,
) -> None:
    loops = Loops(session.problem)
    passes = list(loops.passes(session.kind, session.error))
    sums = {name: np.zeros_like(getattr(session.problem.theta, name)) for name in NAMES}
    done = dict.fromkeys(NAMES, 0)
    for index, (_, made, k, back) in enumerate(naive(session)):
        here = session.moved_to(index)
        if index and here.walk[index - 1].back != back:
            done = dict.fromkeys(NAMES, 0)
        if made[1:] in NAMES:
            name = made[1:]
            done[name] += 1
            for t in passes[back][0]:
                if t >= k and loops.keeps(t, k):
                    sums[name] = sums[name] + loops.term(name, t, k)
            assert close(Scope(here)[made], sums[name])
        for name in NAMES:
            assert close(added_up(here, name), sums[name])
            assert here.walk.terms_done(index, name) == done[name]


@given(problems(), st.sampled_from(("each", "sum")))
@quick
def test_at_the_end_the_gradient_has_been_added_up(problem: Any, kind: str) -> None:
    end = Session(problem, problem.steps - 1, kind=kind).finished(10**9)
    for name in NAMES:
        gradient = getattr(problem.tape.gradient(problem.truncation), name)
        assert close(added_up(end, name), gradient)
        assert close(whole(end, name), gradient)


@given(sessions())
@quick
def test_the_sum_so_far_in_words_is_that_in_numbers(session: Session) -> None:
    for index in range(len(session.walk)):
        here = session.moved_to(index)
        found, loops = so_far(here), Loops(session.problem)
        assert 0 <= found.done <= found.terms
        assert close(found.norm, np.linalg.norm(added_up(here, here.parameter)))
        if session.kind == ONE:
            t, name = session.error, session.parameter
            terms = [loops.term(name, t, k) for k in range(t + 1) if loops.keeps(t, k)]
            kept = [k for k in range(t + 1) if loops.keeps(t, k) and (name not in "Vc" or k == t)]
            assert found.terms == len(kept)
            total = sum(terms, np.zeros_like(getattr(session.problem.theta, name)))
            assert close(found.whole, np.linalg.norm(total))
    end = session.moved_to(len(session.walk) - 1)
    if not end.going_forward:
        found = so_far(end)
        assert found.done == found.terms
        assert found.whole == 0 or abs(found.share - 1) < 1e-9


class Operands(dict[Operand, Any]):
    """The values that a line names; remembers which were read."""

    def __init__(self, session: Session) -> None:
        super().__init__((each, operand(session, each)) for each in session.position.line.operands)
        self.read: set[Operand] = set()

    def __call__(self, kind: str, name: str, later: int = 0) -> Any:
        each = Operand(kind, name, later)
        self.read.add(each)
        return self[each]


def operand(session: Session, each: Operand) -> Any:
    """The value of an operand, by the tape and by the position that makes it."""
    problem, here = session.problem, session.position
    step = here.step + each.later
    if each.kind == PARAMETER_LINE:
        return getattr(problem.theta, each.name)
    if each.kind == GIVEN:
        labels = {"x": problem.x, "y": problem.y}[each.name]
        return one_hot(int(labels[step]), problem.theta.inputs)
    if (each.kind, step) == (VALUE, -1):
        return problem.tape.initial_state
    back = -1 if each.kind == VALUE else here.back
    made = session.walk.made(back, step, each.kind, each.name)
    assert made is not None
    assert made < here.index
    return session.moved_to(made).line_value().array


def recomputed(session: Session, of: Operands) -> Any:
    """The value of the current line of an RNN from its operands alone."""
    problem, line = session.problem, session.position.line
    P, A, V, G = PARAMETER_LINE, ADJOINT, VALUE, GIVEN
    if line.kind == VALUE:
        return {
            "a": lambda: of(P, "U") @ of(G, "x") + of(P, "W") @ of(V, "s", -1) + of(P, "b"),
            "s": lambda: activated(problem, of(V, "a")),
            "z": lambda: of(P, "V") @ of(V, "s") + of(P, "c"),
            "yhat": lambda: softmax(of(V, "z")),
            "E": lambda: -np.log(of(V, "yhat") @ of(G, "y")),
        }[line.name]()
    if line.kind == GRADIENT:
        terms: dict[str, Callable[[], Any]] = {
            "V": lambda: np.outer(of(A, "z"), of(V, "s")),
            "c": lambda: of(A, "z"),
            "U": lambda: np.outer(of(A, "a"), of(G, "x")),
            "W": lambda: np.outer(of(A, "a"), of(V, "s", -1)),
            "b": lambda: of(A, "a"),
        }
        return terms[line.name]()
    if line.name == "s":
        joined = of(P, "V").T @ of(A, "z") if Operand(A, "z") in of else 0
        carried = of(P, "W").T @ of(A, "a", 1) if Operand(A, "a", 1) in of else 0
        return joined + carried
    if line.name == "a":
        return of(A, "s") * written_slope(problem, of)
    return of(V, "yhat") - of(G, "y")


def written_slope(problem: Any, of: Operands) -> Any:
    """f′ from what the line reads: s or a; nothing for identity."""
    if problem.activation == "identity":
        return 1
    read = "a" if Operand(VALUE, "a") in of else "s"
    v = of(VALUE, read)
    if read == "a":
        return slope(problem, v)
    return {"tanh": 1 - v**2, "relu": v > 0, "sigmoid": v * (1 - v)}[problem.activation]


@given(sessions())
@quick
def test_a_line_is_computed_from_the_operands_that_it_names_and_no_others(
    session: Session,
) -> None:
    for index in range(len(session.walk)):
        here = session.moved_to(index)
        of = Operands(here)
        assert close(recomputed(here, of), here.line_value().array)
        assert of.read == set(of)


@given(sessions())
@quick
def test_what_is_written_alike_on_one_screen_is_the_same_number(session: Session) -> None:
    """δ₂, which the sweep of all errors has, is not the δ₄,₂ of a term of ∂E₄/∂W."""
    alike = 0
    for index in range(session.walk.turn, len(session.walk)):
        there = session.moved_to(index)
        value = there.line_value()
        for term in there.outline.root.children:
            if term.written == value.title:
                np.testing.assert_allclose(value.array, term.value, rtol=1e-9, atol=1e-12)
                alike += 1
    assert alike or session.kind == SUM or there.terms.lowest > there.error


@given(sessions(), st.data())
@quick
def test_the_nearest_step_that_runs_a_line(session: Session, drawn: st.DataObject) -> None:
    walk = session.walk
    back = drawn.draw(st.integers(-1, len(walk.passes) - 1))
    step = drawn.draw(st.integers(0, session.steps - 1))
    line = drawn.draw(st.sampled_from(walk.lines))
    here = [walk[i] for i in range(walk.start_of(back), walk.end_of(back) + 1)]
    away = {abs(each.step - step) for each in here if each.line == line}
    found = walk.nearest(back, step, line)
    assert (found is None) == (not away)
    if found is not None:
        assert (walk[found].line, walk[found].back) == (line, back)
        assert abs(walk[found].step - step) == min(away)
