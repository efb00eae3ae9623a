"""The step of SGD that is taken from here: by the rate, clip and truncation that are chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.learning.training import State, Step, Training

if TYPE_CHECKING:
    from core.learning.sgd import Clip
    from tuiviz.problem import Problem


def way(problem: Problem, clip: Clip | None) -> Training:
    """How steps are taken on the sequence of a problem, under its truncation."""
    tape = problem.tape
    return Training(
        [(tape.inputs["x"], tape.inputs["y"])],
        tape.program.cell,
        tape.initial_state,
        truncation=problem.truncation,
        clip=clip,
    )


def next_step(problem: Problem, clip: Clip | None, rate: float, trained: int) -> Step:
    """The step after so many. Raises DivergenceError if it cannot be taken."""
    return way(problem, clip).step(State(problem.theta, rate, trained))


def trained_to(problem: Problem, theta: Any) -> Problem:
    """The same sequence read by other parameters."""
    return replace(problem, theta=theta, tape=problem.tape.with_parameters(theta))
