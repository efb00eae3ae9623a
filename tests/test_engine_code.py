"""The code that is written for a program: readable, and safe whatever its lines are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tuiviz as tv
from core.cells import rnn
from core.code import Words
from core.forward import source
from core.program import Cell, Node, cross_entropy, identity, softmax, tanh, trace

DESIGN = Path(__file__).parent.parent / "docs" / "design.md"


def test_the_design_shows_the_code_that_runs() -> None:
    lines = source(trace(rnn("tanh"), tokens=True)).splitlines()
    shown = "\n".join(
        line[4:] for line in lines if line.startswith(" " * 8) and "setflags" not in line
    )
    assert shown in DESIGN.read_text("utf-8")


def _named(state: str) -> Cell:
    """The RNN with another name for its state."""

    def equations(p: Node, x: Node, previous: Node, y: Node) -> dict[str, Node]:
        s = tanh(p.U @ x + p.W @ getattr(previous, state) + p.b)  # type: ignore[attr-defined]
        z = p.V @ s + p.c  # type: ignore[attr-defined]
        yhat = softmax(z)
        return {state: s, "z": z, "yhat": yhat, "E": cross_entropy(yhat, y)}

    return Cell("named", "tanh", equations)


@pytest.mark.parametrize(
    "state",
    ["np", "run", "x", "steps", "reading", "lambda", "room", "U", "rows_of_z", "sₜ", "s'] = 1/0 #"],
)
def test_a_line_may_have_any_name(state: str) -> None:
    theta = tv.Parameters.random(3, 4, 5)
    x, y = np.array([0, 2, 1]), np.array([1, 4, 0])
    found, expected = tv.record(theta, x, y, cell=_named(state)), tv.record(theta, x, y)
    assert np.array_equal(found.values[state], expected.values["s"])
    for name in ("U", "W", "V", "b", "c"):
        ours = getattr(found.gradient(), name)
        assert np.array_equal(ours, getattr(expected.gradient(), name))
    assert np.array_equal(found.reach(), expected.reach())


def test_no_two_words_are_the_same() -> None:
    words = Words({"np": np}, ["steps"])
    made = [words.new(wish) for wish in ("np", "np", "steps", "s", "s", "", "1s", "class", "ŷ")]
    assert len({*made, "np", "steps"}) == len(made) + 2
    assert all(word.isidentifier() for word in made)
    assert words.of(identity, "identity") == words.of(identity, "other")
