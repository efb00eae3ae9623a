"""Breakpoints, watches, marks, jumps, search and questions do what a naive debugger would."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from bptt_loops import KINDS, Loops, problem_of, problems, sessions, slope
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.parameters import NAMES, Parameters
from core.spectra import spectrum
from core.truncation import Truncation
from tuiviz.debugger import commands, report
from tuiviz.debugger.actions import ACTIONS
from tuiviz.debugger.actions import NAMES as ACTION_NAMES
from tuiviz.debugger.commands import run
from tuiviz.debugger.conditions import NOT_HERE, parse
from tuiviz.debugger.debugger import Debugger, Place
from tuiviz.debugger.keeping import MOST, save
from tuiviz.debugger.memory import kept
from tuiviz.debugger.report import stop_report, watch_texts
from tuiviz.debugger.scope import Scope, descriptions, name_of
from tuiviz.debugger.session import Session
from tuiviz.debugger.spectrum import look_ahead, passage
from tuiviz.debugger.stops import Breakpoint, Watch, same
from tuiviz.files.weights import save_parameters
from tuiviz.glyphs import to_ascii
from tuiviz.numbers import in_full
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions, Problem
from tuiviz.screen.app import DebuggerApp

quick = settings(derandomize=True, deadline=None, max_examples=60)
SAMPLE = Path(__file__).parent.parent / "samples" / "sample.txt"


@pytest.fixture
def debugger() -> Debugger:
    return open_debugger(SAMPLE, ModelOptions())


def refusal(debugger: Debugger, text: str) -> str:
    before = (debugger.session, debugger.breakpoints, debugger.watches, debugger.marks.copy())
    with pytest.raises(InputError) as caught:
        run(debugger, text)
    assert before == (
        debugger.session,
        debugger.breakpoints,
        debugger.watches,
        debugger.marks,
    )
    return str(caught.value)


# Where a condition is asked, and whether it holds: real code's variables, kept in a dictionary

Variables = Mapping[str, Any]


def variables(session: Session) -> Variables:
    """What real code has in its variables when the current line is done."""
    problem, here, loops = session.problem, session.position, Loops(session.problem)
    step, tape = here.step, problem.tape
    found: dict[str, Any] = {
        "step": step,
        "token": problem.reads(step),
        "value": session.line_value().array,
        "position": session.index + 1,
        "line": name_of(here.line),
        "t": step
        if session.going_forward
        else list(loops.passes(session.kind, session.error))[here.back][0][-1],
    }
    made = [name_of(line) for line in session.walk.lines_at(here.index)]
    done = made[: session.walk.line_number(here.index) + 1]
    values = {"a": loops.a[step], "s": loops.before[step + 1]}
    values |= {name: tape.values[name][step] for name in ("z", "yhat", "E")}
    found |= {name: values[name] for name in values if not session.going_forward or name in done}
    if session.going_forward:
        return found
    errors, low = list(loops.passes(session.kind, session.error))[here.back]
    sums = {name: np.zeros_like(getattr(problem.theta, name)) for name in NAMES}
    for index in range(session.walk.turn, here.index + 1):
        other = session.walk[index]
        if (name := name_of(other.line)[1:]) in NAMES:
            for t in list(loops.passes(session.kind, session.error))[other.back][0]:
                if t >= other.step and loops.keeps(t, other.step):
                    sums[name] = sums[name] + loops.term(name, t, other.step)
    found |= {f"d{name}": array for name, array in sums.items()} | {"k": step}
    if "dEds" in done:
        found["dEds"] = adjoint(loops, errors, low, step)
    found["dEds_t"] = adjoint(loops, errors, low, errors[-1])
    if (name := done[-1][1:]) in NAMES:
        kept = [(t, k) for t in errors for k in range(low, t + 1)]
        whole = sum(loops.term(name, t, k) for t, k in kept)
        term = sum(loops.term(name, t, step) for t in errors if t >= step)
        with np.errstate(all="ignore"):
            found["share"] = np.vdot(term, whole) / np.vdot(whole, whole)
    return found


def adjoint(loops: Loops, errors: list[int], low: int, k: int) -> Any:
    """∂E/∂s_k of the errors of a pass that have not been dropped."""
    theta, found = loops.problem.theta, np.zeros(loops.problem.theta.hidden)
    for t in errors:
        if t >= max(k, low):
            back = theta.V.T @ loops.wrong[t]
            for j in range(t, k, -1):
                back = theta.W.T @ loops.deltas[t, j]
            found = found + back
    return found


Rule = Callable[[Variables], Any]

CONDITIONS: dict[str, tuple[set[str], Rule]] = {
    "norm(dEds) < 0.1": ({"dEds"}, lambda v: norm(v["dEds"]) < 0.1),
    "vanishing": ({"dEds", "dEds_t"}, lambda v: norm(v["dEds"]) < 1e-3 * norm(v["dEds_t"])),
    "exploding": ({"dEds", "dEds_t"}, lambda v: norm(v["dEds"]) > 1e3 * norm(v["dEds_t"])),
    "saturated": ({"s"}, lambda v: (np.abs(v["s"]) > 0.99).any()),
    "not finite": ({"value"}, lambda v: not np.isfinite(v["value"]).all()),
    "if norm(dW) > 0.5 and k > 0": ({"dW", "k"}, lambda v: norm(v["dW"]) > 0.5 and v["k"] > 0),
    'token == "w0"': ({"token"}, lambda v: v["token"] == "w0"),  # noqa: S105
    "share < 0.2": ({"share"}, lambda v: v["share"] < 0.2),
    "t=0": ({"t"}, lambda v: v["t"] == 0 and "k" not in v),
    "k=0": ({"k"}, lambda v: v["k"] == 0),
    "0": ({"step"}, lambda v: v["step"] == 0),
    "t == 1": ({"t"}, lambda v: v["t"] == 1),
    "k == 1": ({"k"}, lambda v: v["k"] == 1),
    "E > 1.5": ({"E"}, lambda v: v["E"] > 1.5),
    "s[0] > 0 or norm(dV) > 1": (
        {"s", "dV"},
        lambda v: ("s" in v and v["s"][0] > 0) or norm(v["dV"]) > 1,
    ),
    "sum(value) > 0": ({"value"}, lambda v: np.sum(v["value"]) > 0),
    'line == "dW"': ({"line"}, lambda v: v["line"] == "dW"),
    'line == "dW" and k == 1': ({"line", "k"}, lambda v: v["line"] == "dW" and v["k"] == 1),
    "position == 12": ({"position"}, lambda v: v["position"] == 12),
    "s[0] > 0 and k == 1": ({"s", "k"}, lambda v: v["s"][0] > 0 and v["k"] == 1),
    "norm(dV) > 0.1": ({"dV"}, lambda v: norm(v["dV"]) > 0.1),
    "norm(dV) > 0.1 and k == 0": ({"dV", "k"}, lambda v: norm(v["dV"]) > 0.1 and v["k"] == 0),
}
EVERY_LINE = {"line", "position", "value"}
LINES = ("a", "s", "z", "yhat", "E", "dEdz", "dEds", "dEda", "dU", "dW", "dV", "db", "dc")


def norm(array: Any) -> float:
    return float(np.linalg.norm(array))


def asked(session: Session, names: set[str]) -> bool:
    """A condition is asked where one of its names is made; if none is made at this step, at once.

    But not for sums alone: they stay as they are.
    """
    made = [made_at(name_of(line)) for line in session.walk.lines_at(session.index)]
    at = session.walk.line_number(session.index)
    if names & EVERY_LINE or names & set().union(*made):
        return bool(names & (EVERY_LINE | made[at]))
    return at == 0 and not names <= {f"d{name}" for name in NAMES}


def made_at(line: str) -> set[str]:
    """A gradient's line makes its share and its term too."""
    return {line, "share", "term"} if line[1:] in NAMES else {line}


def holds(session: Session, rule: Rule) -> bool:
    try:
        return bool(rule(variables(session)))
    except KeyError:
        return False


def naive_stops(session: Session, text: str) -> list[int]:
    """Every position at which a breakpoint stops, by trying each."""
    every = [session.moved_to(index) for index in range(len(session.walk))]
    if text in LINES or text in NAMES:
        wanted = f"d{text}" if text in NAMES else text
        return [each.index for each in every if name_of(each.position.line) == wanted]
    if text in CONDITIONS:
        names, rule = CONDITIONS[text]
        return [each.index for each in every if asked(each, names) and holds(each, rule)]
    line, _, condition = text.partition(" if ")
    _, rule = CONDITIONS[condition]
    return [
        each.index for each in every if name_of(each.position.line) == line and holds(each, rule)
    ]


BREAKPOINTS = st.one_of(
    st.sampled_from([*CONDITIONS, *LINES, *NAMES]),
    st.builds(
        "{} if {}".format,
        st.sampled_from(["dW", "s", "dEds", "dV"]),
        st.sampled_from(["k == 1", "share < 0.2", "sum(value) > 0", "norm(dEds) < 0.1"]),
    ),
)


def stops(debugger: Debugger, action: str) -> list[int]:
    """Where running on or back stops, again and again."""
    found: list[int] = []
    while True:
        run(debugger, action)
        if debugger.message in ("the end of the walk", "the start of the walk"):
            return found
        assert debugger.message.startswith(("breakpoint ", "watch "))
        found.append(debugger.session.index)


@given(sessions(), BREAKPOINTS)
@quick
def test_running_on_stops_where_the_condition_is_asked_and_holds(
    session: Session, text: str
) -> None:
    debugger = Debugger(session.moved_to(0))
    run(debugger, f"break {text}")
    right = naive_stops(session, text)
    assert stops(debugger, "continue") == [index for index in right if index > 0]
    assert debugger.session.index == len(session.walk) - 1
    last = len(session.walk) - 1
    assert stops(debugger, "C") == [index for index in reversed(right) if index < last]
    assert debugger.session.index == 0


@given(sessions(), st.lists(BREAKPOINTS, min_size=1, max_size=3))
@quick
def test_continue_then_reverse_continue_returns_to_the_same_stop(
    session: Session, texts: list[str]
) -> None:
    debugger = Debugger(session.moved_to(0))
    for text in texts:
        run(debugger, f"break {text}")
    right = sorted({i for text in texts for i in naive_stops(session, text)} - {0})
    assert stops(debugger, "c") == right
    run(debugger, "start")
    for index in right:
        run(debugger, "c")
        assert debugger.session.index == index
        stop = debugger.session
        run(debugger, "c")
        if debugger.session != stop and debugger.session.index in right:
            run(debugger, "C")
            assert debugger.session == stop
        run(debugger, f"goto {index + 1}")


@given(sessions(), BREAKPOINTS, st.integers(0, 9))
@quick
def test_a_count_and_an_ignore_count_pass_over_so_many_stops(
    session: Session, text: str, count: int
) -> None:
    debugger = Debugger(session.moved_to(0))
    run(debugger, f"break {text}")
    right = stops(debugger, "c")
    run(debugger, "start")
    if count:
        run(debugger, f"{count} c")
        expected = right[count - 1] if count <= len(right) else len(session.walk) - 1
        assert debugger.session.index == expected
    run(debugger, "start")
    run(debugger, f"ignore 1 {count}")
    assert stops(debugger, "c") == right[count:]


WATCHED = ["norm(dW)", "s", "dEds", "token", "step", "k", "line", "position"]


@given(sessions(), st.sampled_from(WATCHED))
@quick
def test_a_watch_stops_where_its_value_has_changed(session: Session, text: str) -> None:
    names = {"norm(dW)": {"dW"}}.get(text, {text})

    def value(at: Session) -> str:
        found = variables(at).get("dW" if text == "norm(dW)" else text, "absent")
        return repr(np.round(found, 9)) if not isinstance(found, str) else found

    debugger = Debugger(session.moved_to(0))
    run(debugger, f"watch stop {text}")
    here = debugger.session
    for _ in range(4):
        later = (here.moved_to(index) for index in range(here.index + 1, len(here.walk)))
        right = next((x for x in later if asked(x, names) and value(x) != value(here)), None)
        run(debugger, "c")
        assert debugger.session.index == (right.index if right else len(here.walk) - 1)
        here = debugger.session


@given(sessions())
@quick
def test_a_condition_on_a_name_is_asked_wherever_its_value_is_a_new_one(session: Session) -> None:
    every = [session.moved_to(index) for index in range(len(session.walk))]
    sums = {f"d{name}" for name in NAMES}
    for name in descriptions(session):
        expression = parse(name, descriptions(session))
        before: Any = NOT_HERE
        for here in every:
            value = expression.value(Scope(here))
            if name in sums and value is not NOT_HERE:
                # It begins at zero. Errors that went back before are summed in another order.
                stays = before is NOT_HERE or np.allclose(value, before, 1e-12, 1e-12)
            else:
                stays = same(value, before)
            if value is not NOT_HERE and not stays:
                assert Breakpoint(name, condition=expression).may_hold(here), (name, here.index)
                assert Watch(expression, stops=True).may_change(here)
            before = value


def test_a_watch_that_changed_says_from_what_to_what(debugger: Debugger) -> None:
    for watched, changes in [
        ("line", 'watch 1 changed: line, from "a" to "s"'),
        ("k", "watch 1 changed: k, from – to 4"),
        ("0.1 + t / 1e9", "watch 1 changed: 0.1 + t / 1e9, from .100000000 to .100000001"),
    ]:
        run(debugger, "start")
        run(debugger, f"watch stop {watched}")
        run(debugger, "c")
        assert debugger.message == changes
        assert watch_texts(debugger)[0].startswith(f"watch 1  stop {watched} = ")
        run(debugger, "unwatch 1")


# Lists


def test_breakpoints_are_listed_disabled_enabled_and_deleted(debugger: Debugger) -> None:
    for text in ("dW", "t=3", "vanishing"):
        run(debugger, f"break {text}")
    run(debugger, "breakpoints")
    assert debugger.message.splitlines() == [
        "breakpoint 1  dW",
        "breakpoint 2  t=3",
        "breakpoint 3  vanishing",
    ]
    run(debugger, "disable 1")
    assert "dW" not in {name_of(debugger.session.walk[i].line) for i in stops(debugger, "c")}
    run(debugger, "enable 1")
    run(debugger, "delete 2")
    assert [each.text for each in debugger.breakpoints] == ["dW", "vanishing"]
    run(debugger, "start")
    assert {name_of(debugger.session.walk[i].line) for i in stops(debugger, "c")} >= {"dW"}
    run(debugger, "delete all")
    assert debugger.breakpoints == ()
    assert "no breakpoint 1" in refusal(debugger, "delete 1")
    assert "no breakpoint" in refusal(debugger, "ignore 7 1")
    assert "a count" in refusal(debugger, "ignore 1")


def test_what_changes_the_lists_says_so(debugger: Debugger) -> None:
    norm = report.shown_value(np.linalg.norm(debugger.session.line_value().array))
    for text, expected in [
        ("watch norm(a)", f"watch 1  norm(a) = {norm}  (the panel watches has them all)"),
        ("watch stop k", "watch 2  stop k = –  (the panel watches has them all)"),
        ("break dW", "breakpoint 1: dW"),
        ("break t=3", "breakpoint 2: t=3"),
        ("break dW", "breakpoint 3: dW, as is 1"),
        ("delete 3", "breakpoint 3 is deleted: dW"),
        ("disable 1", "breakpoint 1 is disabled: dW"),
        ("enable 1", "breakpoint 1 is enabled: dW"),
        ("ignore 2 7", "breakpoint 2 is passed over 7 more times: t=3"),
        ("delete 7", "no breakpoint 7; expected its number, 1 to 2"),
        ("delete 1", "breakpoint 1 is deleted: dW"),
        ("panel watches", ""),
        ("open", f"watch 1  stop norm(a) = {norm}"),
        ("2 down", ""),
        ("open", "breakpoint 1 is disabled: t=3"),
        ("remove", "breakpoint 1 is deleted: t=3"),
        ("unwatch 1", "watch 1 is removed: norm(a)"),
        ("unwatch all", "all watches are removed, 1"),
        ("delete all", "all breakpoints are deleted, 0"),
    ]:
        try:
            run(debugger, text)
        except InputError as error:
            debugger.message = str(error)
        assert debugger.message == expected, text


def test_a_breakpoint_on_a_time_step_is_on_the_way_that_its_letter_has(debugger: Debugger) -> None:
    for text, expected in [("t=3", ["t = 3"]), ("k=3", ["k = 3"]), ("3", ["t = 3", "k = 3"])]:
        run(debugger, "start")
        run(debugger, f"break {text}")
        found = [debugger.session.moved_to(index) for index in stops(debugger, "c")]
        assert [Debugger(each).where.split(", ")[1] for each in found] == expected
        assert {each.walk.line_number(each.index) for each in found} == {0}
        run(debugger, "delete all")


def test_there_is_no_more_in_the_lists_than_is_kept(
    debugger: Debugger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for number in range(MOST):
        run(debugger, "break dW")
        run(debugger, "watch k")
        run(debugger, f"mark {number}")
    run(debugger, "mark 0")
    assert "at most 200 marks" in refusal(debugger, "mark here")
    assert "at most 200 breakpoints" in refusal(debugger, "break dW")
    assert "at most 200 watches" in refusal(debugger, "watch k")
    assert "up to 9 digits" in refusal(debugger, "ignore 1 1234567890")
    run(debugger, "ignore 1 999999999")
    assert save("a key", kept(debugger)) is None


def test_a_watch_that_has_no_value_stops_and_says_so(debugger: Debugger) -> None:
    """Such as one that was kept from a run with more units."""
    run(debugger, "watch stop s[6] > 0")
    run(debugger, "n")
    run(debugger, "c")
    assert debugger.message.startswith("watch 1 cannot be asked: ")
    assert name_of(debugger.session.position.line) == "s"
    assert debugger.session.position.step == 1


def test_b_sets_a_breakpoint_on_the_line_and_takes_it_off_again(debugger: Debugger) -> None:
    run(debugger, "b")
    assert [each.line for each in debugger.breakpoints] == ["a"]
    run(debugger, "b")
    assert debugger.breakpoints == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("break norm(", "column"),
        ("break if", "expected"),
        ("break __import__('os')", "no function"),
        ("break nrom(dW) > 1", "did you mean norm"),
        ("break dWW", "did you mean dW"),
        ("break t=x", "column"),
        ("B", "expected a line"),
        ("break t=5", "no time step 5; expected 0 to 4"),
        ("break 17", "no time step 17; expected 0 to 4"),
        ("5", "expected an action"),
        ("5 5n", "expected an action"),
        ("1234567890n", "a count has at most 9 digits, not 10"),
        ("step 1234567890", "a count has at most 9 digits, not 10"),
        ("n n", "step takes a count alone, as in 5 step"),
        ("2 step 3", "step takes a count alone"),
        ("delete " + 5000 * "1", "5007 characters; expected at most 4000"),
        ("truncate x", "truncate x: expected K2"),
        ("line 99", "line 99: expected 0 to 4"),
        ("line", "expected 0 to 4, a line of this step"),
        ("delete", "no breakpoint; b sets one"),
        ("unwatch", "no watch; e sets one"),
        ("watch", "expected an expression"),
        ("watch stop", "no value stop"),
        ("unwatch 1", "no watch 1"),
        ("goto 0", "no position 0"),
        ("goto 54", "expected 1 to 53"),
        ("goto t=5", "no time step 5; expected 0 to 4"),
        ("goto k=5", "no step k = 5; expected 0 to 4"),
        ("goto E5", "no error 5; expected 0 to 4"),
        ("goto term 9", "no term k = 9 here; expected k = 0 to 4"),
        ("error x", "no error x; expected 0 to 4"),
        ("goto dog", "no token dog"),
        ("goto", "goto: expected a position"),
        ("search", "expected a text"),
        ("search qqq", "nothing holds qqq"),
        ("return-to x", "no mark x"),
        ("mark", "a name of 1 to 20"),
        ("mark " + 21 * "x", "a name of 1 to 20"),
        ("walk all", "expected one, each, sum"),
        ("gradient Q", "no parameter Q"),
        ("panel clock", "expected chain"),
        ("cursor 9", "no such part"),
        ("cursor -1", "no such part"),
        ("cell 1 2", "expected k ≤ t ≤ 4"),
        ("answer 3", "nothing is asked"),
        ("print s + ", "column"),
        ("print \x1b[31m", "␛"),
        ("9 origin", "no line made that"),
        ("zoom", "Tab goes to another panel"),
    ],
)
def test_what_cannot_be_done_says_so_and_changes_nothing(
    debugger: Debugger, text: str, expected: str
) -> None:
    if text == "zoom":
        run(debugger, "panel network")
    said = refusal(debugger, text)
    assert expected in said
    assert said.isprintable()


# Marks and jumps

JUMPS = st.lists(
    st.one_of(
        st.builds("goto {}".format, st.integers(1, 60)),
        st.sampled_from(
            ["start", "end", "f", "F", "return-to here", "c", "search W", "E", "cell 1 1"]
        ),
    ),
    max_size=12,
)


@given(sessions(), JUMPS)
@quick
def test_jumps_are_gone_back_and_forward_again(session: Session, jumps: list[str]) -> None:
    debugger = Debugger(session)
    run(debugger, "mark here")
    places: list[Place] = [debugger.place]
    for text in jumps:
        try:
            run(debugger, text)
        except InputError:
            continue
        if debugger.place != places[-1]:
            places.append(debugger.place)
    for place in reversed(places[:-1]):
        run(debugger, "-")
        assert debugger.place == place
    run(debugger, "99-")
    assert debugger.place == places[0]
    for place in places[1:]:
        run(debugger, "+")
        assert debugger.place == place
    run(debugger, "-")
    run(debugger, "return-to here" if debugger.place != places[0] else "end")
    here = debugger.place
    if len(places) > 1:
        run(debugger, "+")
        assert debugger.place == here  # a new jump begins a new way forward


@given(sessions(), sessions())
@quick
def test_a_mark_returns_to_its_walk_error_parameter_and_position(
    session: Session, other: Session
) -> None:
    debugger = Debugger(session)
    run(debugger, "mark a name")
    place = debugger.place
    for text in ("walk", "]", "p", "end", "3N", "walk sum"):
        run(debugger, text)
    run(debugger, "return-to a name")
    assert debugger.place == place


# Going to a place


@given(sessions(), st.data())
@quick
def test_goto_goes_where_its_text_says(session: Session, drawn: st.DataObject) -> None:
    debugger, walk = Debugger(session), session.walk
    number = drawn.draw(st.integers(1, len(walk)))
    run(debugger, f"goto {number}")
    assert debugger.session.index == number - 1
    t = drawn.draw(st.integers(0, session.steps - 1))
    run(debugger, f"goto t={t}")
    assert debugger.session.position.step == t
    assert debugger.session.going_forward
    assert name_of(debugger.session.position.line) == "a"
    run(debugger, f"goto {session.problem.reads(t)}")
    assert session.problem.reads(debugger.session.position.step) == session.problem.reads(t)
    run(debugger, f"error {t}")
    assert session.kind == "each" or debugger.session.error == t
    for text in ("k", "term "):
        try:
            run(debugger, f"goto {text}{t}")
        except InputError:
            continue
        assert debugger.session.position.step == t
        assert not debugger.session.going_forward
        if text == "term ":
            assert name_of(debugger.session.position.line) == f"d{session.parameter}"


@given(sessions(), st.data())
@quick
def test_goto_an_error_goes_to_where_it_joins_the_way_back(
    session: Session, drawn: st.DataObject
) -> None:
    error = drawn.draw(st.integers(0, session.steps - 1))
    loops, debugger = Loops(session.problem), Debugger(session)
    passes = [errors for errors, _ in loops.passes(session.kind, error)]
    if not any(error in errors for errors in passes):
        assert "drops this error whole" in refusal(debugger, f"goto E{error}")
        return
    run(debugger, f"goto E{error}")
    here = debugger.session.position
    assert error in passes[here.back]
    kept = [k for k in range(error + 1) if loops.keeps(error, k)]
    joins = error if error in kept else passes[here.back][-1]
    assert (here.step, debugger.session.error) == (
        joins,
        error if session.kind != "each" else here.step,
    )
    assert debugger.session.walk.line_number(here.index) == 0
    if debugger.place != Debugger(session).place:
        run(debugger, "-")
        assert debugger.place == Debugger(session).place


@given(sessions(), st.sampled_from("ntfNTF"), st.integers(1, 9))
@quick
def test_a_count_that_the_walk_is_too_short_for_says_so(
    session: Session, key: str, count: int
) -> None:
    debugger, one = Debugger(session), Debugger(session)
    run(debugger, f"{count}{key}")
    for _ in range(count):
        before = one.session
        run(one, key)
    assert one.session == debugger.session
    ends = f"the {'end' if key.islower() else 'start'} of the walk"
    assert debugger.message == one.message == ("" if before != one.session else ends)


def test_where_there_is_no_way_on_it_is_said(debugger: Debugger) -> None:
    for text, expected in [
        ("]", "E₄ is the last of the errors"),
        ("-", "there was no jump before this place"),
        ("+", "nothing has been gone back"),
        ("9[", "E₀ is the first of the errors"),
        ("marks", "no marks yet: m sets one"),
    ]:
        run(debugger, text)
        assert debugger.message == expected
    run(debugger, "mark turn")
    run(debugger, "marks")
    assert debugger.message == "marks: turn position 1"


SEARCHED = ["W", "dEd", "Vᵀ", "w0", "w1", "softmax", "δ", "s₁", "E₂", "y2", "dE1/ds0", "₋₁", "∂Eₜ"]


@given(sessions(), st.sampled_from(SEARCHED), st.data())
@quick
def test_search_finds_every_line_and_token_in_turn(
    session: Session, text: str, drawn: st.DataObject
) -> None:
    def mentions(index: int) -> bool:
        here = session.moved_to(index)
        line, step, reads = here.position.line, here.position.step, here.problem.reads
        written = [line.written(e, k) for e in (here.sent_back, "", "t") for k in (step, "t", "k")]
        first = here.walk.line_number(index) == 0
        y = {"E", "dEdz"} & {name_of(line)} and text in here.problem.follows(step)
        shown = any(text in each or text in to_ascii(each) for each in written)
        return bool(shown or text in name_of(line) or (first and text in reads(step)) or y)

    hits = [i for i in range(len(session.walk)) if mentions(i)]
    debugger = Debugger(session)
    if not hits:
        assert "nothing holds" in refusal(debugger, f"search {text}")
        return
    onwards = [i for i in hits if i > session.index] + [i for i in hits if i <= session.index]
    backwards = [i for i in reversed(hits) if i < session.index]
    backwards += [i for i in reversed(hits) if i >= session.index]
    count = drawn.draw(st.sampled_from([1, 2, 7, 10**9 - 1]))
    run(debugger, f"{count} search {text}")
    assert debugger.session.index == onwards[(count - 1) % len(hits)]
    debugger.go(session)
    run(debugger, f"{count} search-back {text}")
    assert debugger.session.index == backwards[(count - 1) % len(hits)]
    debugger.go(session)
    run(debugger, ">")
    assert debugger.session.index == onwards[0]


@pytest.mark.parametrize(
    ("text", "line", "step"),
    [
        ("∂E₄/∂W", "dW", 4),
        ("dE4/dW", "dW", 4),
        ("ŷ₄", "yhat", 4),
        ("y\N{COMBINING CIRCUMFLEX ACCENT}₄", "yhat", 4),
        ("E₃", "E", 3),
        ("sleep", "E", 4),
        ("dE", "dEdz", 4),
    ],
)
def test_search_finds_what_the_screen_shows(
    debugger: Debugger, text: str, line: str, step: int
) -> None:
    run(debugger, f"search {text}")
    here = debugger.session.position
    assert (name_of(here.line), here.step) == (line, step)


def test_a_token_is_found_whichever_way_its_letters_are_composed() -> None:
    debugger = open_debugger(SAMPLE.with_name("korean.txt"), ModelOptions())
    token = max(debugger.session.problem.vocabulary, key=len)
    apart = unicodedata.normalize("NFD", token)
    assert apart != token
    for action in ("goto", "search"):
        run(debugger, "end")
        run(debugger, f"{action} {apart}")
        assert debugger.session.problem.reads(debugger.session.position.step) == token


# Where a number comes from, and what is pinned


@given(sessions())
@quick
def test_the_origin_of_each_part_is_the_line_that_made_it(session: Session) -> None:
    operands, step = session.position.line.operands, session.position.step
    made = [
        (each.kind, each.name, step + each.later)
        for each in operands
        if each.kind in ("value", "adjoint") and step + each.later >= 0
    ]
    found = []
    for number in range(1, len(operands) + 1):
        debugger = Debugger(session)
        try:
            run(debugger, f"{number} origin")
        except InputError as error:
            assert "no line made that" in str(error)  # noqa: PT017  # parameters and what is given
            continue
        there = debugger.session.position
        found.append((there.line.kind, there.line.name, there.step))
        assert there.index < session.index
        run(debugger, "-")
        assert debugger.session.index == session.index
    assert sorted(found) == sorted(made)


@pytest.mark.parametrize("typed", ["2[", "error 1", "walk sum"])
def test_what_moves_to_another_error_or_walk_is_gone_back_from(
    debugger: Debugger, typed: str
) -> None:
    run(debugger, "goto k=3")
    run(debugger, "2n")
    place = debugger.place
    run(debugger, typed)
    assert debugger.place != place
    run(debugger, "-")
    assert debugger.place == place


def test_what_is_pinned_stays_while_the_debugger_moves(debugger: Debugger) -> None:
    run(debugger, "goto k=2")
    pinned = debugger.session.value().array.copy()
    run(debugger, "pin")
    run(debugger, "goto k=1")
    assert debugger.pinned is not None
    assert np.array_equal(debugger.pinned[1].array, pinned)
    run(debugger, "pin")
    assert debugger.pinned is None


# Questions


def verdict(debugger: Debugger, answer: str) -> str:
    debugger.answered = None
    run(debugger, f"answer {answer}")
    return debugger.message.partition(":")[0]


@given(sessions())
@quick
def test_right_answers_are_right_and_wrong_ones_are_not(session: Session) -> None:
    debugger = Debugger(session)
    run(debugger, "predict")
    line, loops = session.position.line, Loops(session.problem)
    if line.kind == "gradient":
        errors, low = list(loops.passes(session.kind, session.error))[session.position.back]
        count = len(
            {k for t in errors for k in range(low, t + 1) if line.name not in "Vc" or k == t}
        )
        assert verdict(debugger, str(count)) == "right"
        assert verdict(debugger, str(count + 1)) == "no"
        debugger.answered = None
        assert "a whole number" in refusal(debugger, "answer W")
        return
    asked = debugger.question
    assert asked is not None
    if "larger or smaller" in asked.text:
        here, step = session.at_pass.adjoints["s"], session.position.step
        first = session.at_pass.last + 1 - len(here)
        now, later = (float(np.linalg.norm(here[k - first])) for k in (step, step + 1))
        right = "larger" if now > later else "smaller" if now < later else "neither"
        assert verdict(debugger, right.upper()) == "right"
        assert verdict(debugger, {"larger": "smaller"}.get(right, "larger")) == "no"
        debugger.answered = None
        assert "larger, smaller, neither" in refusal(debugger, "answer 3")
        return
    numbers = np.atleast_1d(session.line_value().array)
    largest = float(numbers[np.abs(numbers).argmax()])
    assert verdict(debugger, repr(largest)) == "right"
    assert verdict(debugger, repr(largest).replace("-", "−")) == "right"
    assert verdict(debugger, repr(1.5 * largest + 1)) == "no"
    debugger.answered = None
    assert "expected a number" in refusal(debugger, "answer much")


def test_the_value_is_hidden_until_it_is_answered(debugger: Debugger) -> None:
    run(debugger, "goto k=2")
    shown = stop_report(debugger)[1]
    run(debugger, "predict")
    assert shown not in stop_report(debugger)
    assert "?" in stop_report(debugger)[1]
    run(debugger, "answer")
    assert shown in stop_report(debugger)


# What is worked out while nobody waits


@given(sessions(), st.lists(st.sampled_from(["t", "T", "n", "5n"]), min_size=1, max_size=6))
@quick
def test_a_time_step_finds_its_singular_values_worked_out(
    session: Session, moves: list[str]
) -> None:
    debugger, before = Debugger(session), session.position.step
    loops = Loops(session.problem)
    for move in moves:
        assert [look_ahead(debugger.session) for _ in range(3)][-1] is False
        run(debugger, move)
        k = debugger.session.position.step
        near = abs(k - before) == 1
        with patch("tuiviz.debugger.spectrum.spectrum", None if near else spectrum):
            found = passage(debugger.session)
        jacobian = np.diag(slope(session.problem, loops.a[k])) @ session.problem.theta.W
        assert found is not None
        assert found.jacobian.singular == pytest.approx(np.linalg.svd(jacobian)[1], abs=1e-12)
        before = k


# Numbers


@given(st.floats(-1e300, 1e300), st.integers(2, 12))
@quick
def test_a_number_that_is_printed_has_all_its_digits(value: float, digits: int) -> None:
    printed, whole = float(in_full(value, digits)), round(value)
    # Below 1 those behind the point count, down to where a number has a power of ten.
    unit = abs(value) if 1e-300 < abs(value) < 10.0 ** (1 - digits) else max(abs(value), 0.1)
    assert abs(printed - value) <= unit * 0.5000001 * 10.0 ** (1 - digits)
    assert in_full(float(whole), digits) == str(whole) or abs(whole) >= 2**53


def test_whole_numbers_are_printed_whole(debugger: Debugger) -> None:
    for text, shown in [
        ("position", "53"),
        ("T", "5"),
        ("t", "4"),
        ("argmax(W)", str(np.argmax(debugger.session.problem.theta.W))),
        ("99993", "99993"),
        ("-123456789", "-123456789"),
        ("12345.678", "1.235e+04"),
        ("0.000012345", "1.234e-05"),
        ("1e300", "1.000e+300"),
        ("1 / 0", "inf"),
        ("-0.0", "0"),
        ("0.5", ".5000"),
    ]:
        run(debugger, "end")
        run(debugger, f"print {text}")
        assert debugger.message == f"{text} = {shown}"


# The table of actions


def test_a_number_after_an_action_that_takes_nothing_is_its_count(debugger: Debugger) -> None:
    for text in ("step 5", "next 2", "back 3", "3 step", "down 2", "n 4"):
        mirror = Debugger(debugger.session)
        count, name = sorted(text.split())
        run(debugger, text)
        run(mirror, f"{count} {name}")
        assert mirror.session == debugger.session


def test_an_unknown_action_suggests_the_nearest() -> None:
    for name in ACTION_NAMES:
        spoilt = name[:-1] + "q" if len(name) > 3 else name + "q"
        if spoilt in ACTION_NAMES or len(name) < 3:
            continue
        with pytest.raises(InputError) as caught:
            commands.parsed(spoilt)
        suggested = str(caught.value).rpartition("did you mean ")[2].removesuffix("?")
        ratio = SequenceMatcher(None, spoilt, suggested).ratio()
        assert ratio >= SequenceMatcher(None, spoilt, name).ratio()


def test_every_action_has_its_method_and_every_name_is_one_word() -> None:
    for action in ACTIONS:
        if action.on_screen:
            assert callable(getattr(DebuggerApp, f"do_{action.method}"))
        else:
            module = import_module(f"tuiviz.debugger.{commands._MODULES[action.group]}")
            assert getattr(module, action.method).__module__ == module.__name__
        assert " " not in action.name
        assert action.help


def test_no_key_is_bound_twice() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    shown = [action.shown for action in ACTIONS if action.shown]
    assert len(shown) == len(set(shown))


# The edges of what there can be

TYPED = [
    *(action.shown for action in ACTIONS if action.shown and not action.on_screen),
    *("goto 17", "goto t=2", "goto k=1", "goto E1", "goto term 2", "goto w1", "goto start"),
    *("search a", "search W", "search-back s", "mark x", "return-to x", "break dW", "break t=2"),
    *("break norm(dEds) < 1e-1", "break dW if k > 0", "break vanishing", "break exploding"),
    *("break not finite", "break saturated", "break s[9] > 1", "delete 1", "enable 1"),
    *("disable 1", "ignore 1 2", "watch norm(dEds)", "watch stop norm(dW)", "watch stop s"),
    *("watch jacobian", "unwatch 1", "error 1", "gradient V", "walk each", "walk sum"),
    *("walk one", "panel program", "panel network", "panel watches", "panel reach", "cursor 0.1"),
    *("line 3", "cell 2 1", "cell 0 0", "item 2", "answer 3", "answer larger", "print s", "show"),
    *("print jacobian", "2 origin", "5 c", "999999999 step", "999999999 time", "99 down"),
    *("999999999 >", "99 right", "3 N", "7 T", "9-", "9+", "truncate 2", "truncate 2,1"),
]


def odd_problem(kind: str) -> Problem:
    """Problems at the edge: a single step, a vocabulary of one word, numbers that overflow."""
    steps, size, scale = {"one step": (1, 3, 1.0), "one word": (4, 1, 1.0)}.get(kind, (5, 3, 1e200))
    rng = np.random.default_rng(0)
    theta = Parameters(
        U=scale * rng.normal(size=(2, size)),
        W=scale * rng.normal(size=(2, 2)),
        V=scale * rng.normal(size=(size, 2)),
    )
    tokens = rng.integers(size, size=(2, steps))
    truncation = Truncation(2, 1) if kind == "truncated" else None
    return problem_of(theta, tokens[0], tokens[1], truncation, "tanh" if scale == 1 else "identity")


ODD = ("one step", "one word", "overflow", "truncated")


@given(st.sampled_from(ODD) | problems(), st.lists(st.sampled_from(TYPED), max_size=40))
@quick
def test_whatever_is_typed_is_done_or_refused(case: str | Problem, typed: list[str]) -> None:
    problem = odd_problem(case) if isinstance(case, str) else case
    debugger = Debugger(Session(problem, problem.steps - 1))
    for text in typed:
        try:
            run(debugger, text)
        except InputError as error:
            assert str(error).isprintable()  # noqa: PT017  # whether it is refused is left open
        assert 0 <= debugger.session.index < len(debugger.session.walk)
    shown = 3 + len(debugger.watches) + (debugger.session.cursor is not None)
    assert len(stop_report(debugger)) == shown


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_step_is_walked_whole(kind: str) -> None:
    session = Session(odd_problem("one step"), 0, kind=kind)
    assert len(session.walk) == 5 + 3 + 5
    debugger = Debugger(session)
    run(debugger, "end")
    assert "1 of 1 term " in stop_report(debugger)[2]


def test_a_vocabulary_of_one_word_has_no_error_and_no_gradient() -> None:
    debugger = Debugger(Session(odd_problem("one word"), 3))
    run(debugger, "end")
    assert "‖·‖ 0 of 0  share –" in stop_report(debugger)[2]


def test_an_overflow_is_shown_where_it_arises(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    size = len(set(SAMPLE.read_text().split()))
    path = tmp_path / "huge.safetensors"
    theta = Parameters(
        U=rng.normal(size=(2, size)) * 1e160,
        W=rng.normal(size=(2, 2)) * 1e160,
        V=rng.normal(size=(size, 2)),
    )
    save_parameters(path, theta)
    options = ModelOptions(weights=path, activation="identity")
    debugger = open_debugger(SAMPLE, options, stops=["not finite"])
    state, first = np.zeros(2), None
    with np.errstate(all="ignore"):
        for t, token in enumerate(debugger.session.problem.x):
            state = theta.U[:, token] + theta.W @ state + theta.b
            if first is None and not np.isfinite(state).all():
                first = t
    run(debugger, "c")
    assert debugger.session.position.step == first
    assert name_of(debugger.session.position.line) == "a"
    assert any(word in stop_report(debugger)[1] for word in ("inf", "NaN"))
    assert math.isnan(debugger.session.problem.tape.loss)


def test_a_sweep_of_a_single_error_names_it_once(debugger: Debugger) -> None:
    for text in ("truncate 2", "walk sum", "end"):
        run(debugger, text)
    assert debugger.where == "E₄ back, k = 3"
    run(debugger, "truncate 2,2")
    assert debugger.where.startswith(("E₂ … E₃ back", "E₄ back"))
