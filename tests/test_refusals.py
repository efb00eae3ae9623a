"""What Python may be given wrong: one line, an InputError, before memory is taken."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tuiviz as tv

random: Any = tv.Parameters.random  # types are for type checkers: here they are wrong
made: Any = tv.Parameters
record: Any = tv.record
check: Any = tv.gradient_check
save: Any = tv.save_parameters
THETA = tv.Parameters.random(inputs=3, hidden=2, outputs=3)
TAPE: Any = tv.record(THETA, [0, 1, 2, 0], [1, 2, 0, 1])
ERROR = TAPE.error(3)
U, W, V = THETA.U, THETA.W, THETA.V
LONG = 200_000

REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "half a unit": (lambda: random(3, 2.5, 3), "hidden is 2.5; expected a whole number, 1 or more"),
    "a size in words": (lambda: random("3", 2, 3), "inputs is 3; expected a whole number"),
    "no size": (lambda: random(3, 2, None), "outputs is None; expected a whole number"),
    "size 0": (lambda: random(3, 2, 0), "outputs is 0; expected a whole number, 1 or more"),
    "a true size": (lambda: random(True, 2, 3), "inputs is True; expected a whole number"),
    "seed -1": (lambda: random(3, 2, 3, -1), "seed is -1; expected a whole number, 0 or more"),
    "seed 1.5": (lambda: random(3, 2, 3, 1.5), "seed is 1.5; expected a whole number"),
    "no seed": (lambda: random(3, 2, 3, None), "seed is None; expected a whole number"),
    "integers": (lambda: random(3, 2, 3, dtype=int), "expected float64 or float32"),
    "an unknown dtype": (lambda: random(3, 2, 3, dtype="x"), "dtype x: expected float64"),
    "ragged U": (lambda: made([[1, 2], [3]], W, V), "U has rows of different lengths"),
    "W left out": (lambda: made(U, None, V), "W is None; only b and c may be left out"),
    "W as text": (lambda: made(U, "abc", V), "W has dtype <U3; expected numbers"),
    "θ of another type": (lambda: record(5, [0], [1]), "θ is of type int, without U, W"),
    "a θ without V": (lambda: record({"V": V}, [0], [1]), "θ is of type dict, without U"),
    "ragged x": (lambda: record(THETA, [[0], [1, 2]], [0, 1]), "x has rows of different lengths"),
    "ragged y": (lambda: record(THETA, [0, 1], [[0], [1, 2]]), "y has rows of different lengths"),
    "a ragged state": (
        lambda: record(THETA, [0], [1], [[0], [1, 2]]),
        "the initial state has rows of different lengths",
    ),
    "a list of activations": (
        lambda: record(THETA, [0], [1], activation=["relu"]),
        "expected tanh, relu, sigmoid, identity",
    ),
    "no cell": (lambda: record(THETA, [0], [1], cell=3), "cell 3: expected a Cell"),
    "a foreign token": (lambda: record(THETA, [0, 1, 7], [1, 1, 1]), "the token 7 at t = 2"),
    "step 2.0": (lambda: TAPE.jacobian(2.0, 1), "no ∂s_2.0/∂s_1; expected −1 ≤ k ≤ t ≤ 3"),
    "step None": (lambda: TAPE.jacobian(2, None), "no ∂s_2/∂s_None; expected −1 ≤ k"),
    "spectrum 1.0": (lambda: TAPE.step_spectrum(1.0), "no step 1.0; expected 0 to 3"),
    "spectrum 4": (lambda: TAPE.step_spectrum(4), "no step 4; expected 0 to 3"),
    "before -1": (lambda: TAPE.before(-1), "no step -1; expected 0 to 4"),
    "prefix 0": (lambda: TAPE.prefix(0), "no prefix of 0 steps; expected 1 to 4"),
    "prefix 2.0": (lambda: TAPE.prefix(2.0), "no prefix of 2.0 steps; expected 1 to 4"),
    "errors in words": (lambda: TAPE.errors("0", 2), "no errors 0 to 2"),
    "ragged errors": (lambda: TAPE.reach([[0], [1, 2]]), "errors has rows of different lengths"),
    "a number to truncate": (lambda: TAPE.gradient(3), "truncation 3: expected Truncation(k1, k2)"),
    "a pair to truncate": (lambda: ERROR.gradient((1, 2)), "expected Truncation(k1, k2), or None"),
    "terms": (lambda: ERROR.terms("W", 3), "truncation 3: expected Truncation(k1, k2)"),
    "expand": (lambda: ERROR.expand("W", 3), "truncation 3: expected Truncation(k1, k2)"),
    "other shapes": (lambda: TAPE.with_parameters(random(4, 2, 3)), "U has shape (2, 4)"),
    "other parameters": (lambda: TAPE.with_parameters(5), "θ is of type int"),
    "a check of nothing": (lambda: check(5), "5: expected a Tape, as record() makes one"),
    "nothing to save": (lambda: save("w.npz", 5), "w.npz: 5 to save; expected Parameters"),
}

TOO_LARGE: dict[str, tuple[Callable[[], object], str]] = {
    "hidden": (lambda: random(3, 10**7, 3), "more than 4 GiB: use a smaller hidden"),
    "inputs": (lambda: random(10**30, 10, 3), "more than 4 GiB: use a smaller inputs"),
    "outputs": (lambda: random(3, 100, 10**8), "more than 4 GiB: use a smaller outputs"),
    "a tape": (
        lambda: record(random(2, 1, 1000), np.zeros(LONG, int), np.zeros(LONG, int)),
        "a tape of T = 200000, H = 1, C = 1000 takes 4.473 GiB, more than 4 GiB: record a shorter",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_is_refused_in_one_line(what: str) -> None:
    assert_refused(*REFUSED[what])


def assert_refused(ask: Callable[[], object], said: str) -> None:
    with pytest.raises(tv.InputError) as caught:
        ask()
    line = str(caught.value)
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize("what", TOO_LARGE)
def test_sizes_are_refused_before_memory_is_taken(what: str) -> None:
    tracemalloc.start()
    assert_refused(*TOO_LARGE[what])
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


@pytest.mark.parametrize("ask", [TAPE.reach, TAPE.log_reach])
def test_a_reach_that_is_too_large_is_refused_and_that_of_some_errors_is_not(
    ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.sizes.LARGEST", 100)
    assert_refused(ask, "the reach of 4 errors over T = 4 takes ")
    assert_refused(ask, ": ask for fewer errors at a time, as reach(errors=[…])")
    assert ask([3, 0, 1]).shape == (3, 4)


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    theta = random(np.int64(3), np.uint8(2), np.int32(3), np.int64(0))
    np.testing.assert_array_equal(theta.U, U)
    np.testing.assert_array_equal(TAPE.jacobian(np.int64(3), np.int8(1)), TAPE.jacobian(3, 1))
