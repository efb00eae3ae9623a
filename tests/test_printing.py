"""print shows the numbers that there are, each beside its label."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from bptt_loops import problem_of, sessions
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from core.errors import InputError
from core.parameters import Parameters
from tuiviz.debugger.commands import run
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.scope import Scope, descriptions
from tuiviz.debugger.session import Session
from tuiviz.numbers import number, short
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions

SAMPLE = Path(__file__).parent.parent / "samples" / "sample.txt"


def said(debugger: Debugger, text: str) -> list[str]:
    run(debugger, f"print {text}")
    return debugger.message.splitlines()


@pytest.fixture
def debugger() -> Debugger:
    return open_debugger(SAMPLE, ModelOptions())


def test_a_matrix_has_its_numbers_under_tokens_and_beside_units(debugger: Debugger) -> None:
    problem = debugger.session.problem
    for text, right in (("U", problem.theta.U), ("U * 2", 2 * problem.theta.U)):
        first, heads, *rows = said(debugger, text)
        norm = number(float(np.linalg.norm(right)))
        assert first.startswith(f"{text} = 4×6  ‖·‖ {norm}  min {number(right.min())}  max ")
        assert heads.split() == list(problem.vocabulary)
        assert [row.split() for row in rows] == [
            [f"a[{i}]", *(short(float(each)) for each in row)] for i, row in enumerate(right)
        ]


def test_a_vector_over_the_tokens_is_labelled_and_a_short_one_is_a_line(debugger: Debugger) -> None:
    run(debugger, "goto k=3")
    problem = debugger.session.problem
    shown = " ".join(said(debugger, "yhat")[1:]).split()
    assert dict(zip(shown[::2], shown[1::2], strict=True)) == {
        token: short(float(each))
        for token, each in zip(problem.vocabulary, problem.tape.values["yhat"][3], strict=True)
    }
    numbers = "  ".join(number(float(each)) for each in problem.tape.values["s"][3])
    assert said(debugger, "s") == [f"s = [{numbers}]"]
    assert said(debugger, "W[1]")[0].startswith("W[1] = [")


def test_what_is_no_number_is_said(debugger: Debugger) -> None:
    assert said(debugger, "dW") == ["dW = –: there is no such value at this position"]
    assert said(debugger, "token") == ['token = "the"']
    weights = debugger.session.problem.theta.W
    assert said(debugger, "W > 0")[0] == f"W > 0 = 4×4  {np.count_nonzero(weights > 0)} of 16 true"


def test_several_expressions_are_printed_and_watched_at_once(debugger: Debugger) -> None:
    run(debugger, "goto k=3")
    texts = ["norm(dEds)", "s[0]", "k in (3, 4)"]
    each = [line for text in texts for line in said(debugger, text)]
    assert said(debugger, ", ".join(texts)) == each
    run(debugger, f"watch stop {', '.join(texts)}")
    assert [(watch.text, watch.stops) for watch in debugger.watches] == [
        (text, True) for text in texts
    ]
    with pytest.raises(InputError, match=r"^foo, column 1: no value foo"):
        run(debugger, "watch k, foo")
    assert len(debugger.watches) == 3


def test_of_much_the_beginning_is_shown_and_the_rest_is_counted() -> None:
    problem = problem_of(
        Parameters.random(30, 100, 30, seed=1), list(range(25)), list(range(5, 30))
    )
    debugger = Debugger(Session(problem, 24))
    run(debugger, "end")
    lines = said(debugger, "W")
    assert lines[0].startswith("W = 100×100  ‖·‖ ")
    assert lines[1].endswith("+94")
    assert lines[-1] == "  … 84 more rows"
    vector = said(debugger, "s")
    shown = len(re.findall(r"s\[\d+\]", "".join(vector)))
    left_out = re.search(r"… (\d+) more$", vector[-1])
    assert shown + (int(left_out[1]) if left_out else 0) == 100


@given(sessions(), st.data())
@settings(derandomize=True, deadline=None, max_examples=60)
def test_every_value_is_printed_in_its_room(session: Session, drawn: st.DataObject) -> None:
    debugger = Debugger(session)
    name = drawn.draw(st.sampled_from(sorted(descriptions(session))))
    for _ in range(drawn.draw(st.integers(0, 9))):
        run(debugger, "digits-more")
    lines = said(debugger, name)
    assert len(lines) <= 22
    assert all(cell_len(line) <= 80 for line in lines[1:])
    try:
        value = np.asarray(Scope(session)[name])
    except KeyError:
        assert "no such value" in lines[0]
        return
    if value.ndim:
        assert "×".join(map(str, value.shape)) in lines[0] or lines[0].startswith(f"{name} = [")
