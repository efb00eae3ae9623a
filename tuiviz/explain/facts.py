"""The sentences that every format of an explanation says, in plain text."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from rich.cells import cell_len

from core import symbols
from tuiviz.cells import fitted
from tuiviz.explain.explanation import Explanation
from tuiviz.numbers import counted, number, percent

LONGEST = 20
"""Cells that a token takes at most."""

_DIGITS = 14


def source(explanation: Explanation) -> str:
    """The file, made to be seen, and which of its sequences."""
    problem = explanation.problem
    return f"{cut(problem.name, 40)}, sequence {problem.sequence} by {problem.level}"


def model(explanation: Explanation) -> str:
    """The sizes, the activation, and whence the parameters come."""
    problem, theta = explanation.problem, explanation.problem.theta
    seed = "parameters from a file" if problem.seed is None else f"seed {problem.seed}"
    return f"T {problem.steps}, H {theta.hidden}, C {theta.outputs}, {problem.activation}, {seed}"


def tokens(explanation: Explanation) -> tuple[str, str]:
    """x_t and y_t, made to be seen, and cut if long."""
    problem, t = explanation.problem, explanation.t
    return cut(problem.reads(t), LONGEST), cut(problem.follows(t), LONGEST)


def truncation(explanation: Explanation) -> str:
    """Which terms are added up under the truncation; nothing where there is none."""
    chosen, terms = explanation.problem.truncation, explanation.terms
    if not chosen:
        return ""
    t, lowest, first = explanation.t, terms.lowest, max(terms.first, terms.lowest)
    parts = []
    if first <= t:
        parts.append(f"{symbols.steps(t, first)} added up")
    if lowest < first:
        parts.append(f"{symbols.steps(min(first - 1, t), lowest)} dropped")
    return f"truncated, TBPTT({chosen.k1}, {chosen.k2}): {', '.join(parts)}"


def remarks(explanation: Explanation) -> Iterator[str]:
    """What is not shown in full, and what a truncation takes away from the gradient."""
    kept, dropped = explanation.kept_left_out, explanation.dropped_left_out
    if kept.count:
        share = percent(kept.share or 0.0)
        yield f"{_terms(kept.count)} left out here: {_joint(kept.norm)}, and their share {share}."
    if dropped.count:
        yield f"{_terms(dropped.count, 'dropped ')} left out here: {_joint(dropped.norm)}."
    if count := explanation.dropped.count:
        total = f"{count:,} of {_terms(len(explanation.terms))}"
        yield f"The truncation drops {total}: {_joint(explanation.dropped.norm)}."


def _terms(count: int, kind: str = "") -> str:
    return counted(count, f"{kind}term")


def _joint(norm: float) -> str:
    return f"the norm of their sum is {number(norm)}"


def conclusion(explanation: Explanation) -> str:
    """That the terms add up to the sum, and how exactly."""
    kept = sum(term.term.kept for term in explanation.shown)
    if not (kept or explanation.kept_left_out.count):
        return "The truncation drops every term: the sum is zero."
    kind = "kept " if explanation.dropped.count else ""
    if explanation.kept_left_out.count:
        which = f"The {kept} kept terms above and those left out add up to it"
    elif kept == 1:
        which = f"It is the one {kind}term"
    else:
        which = f"The {kept} {kind}terms add up to it"
    return f"{which}{_exactness(explanation)}."


def _exactness(explanation: Explanation) -> str:
    difference = explanation.difference
    if not math.isfinite(difference):
        return ", as far as the numbers are finite"
    largest = float(np.abs(explanation.terms.sum).max())
    if difference < 10.0**-_DIGITS * largest or difference == 0:
        return f", to {_DIGITS} digits or more"
    digits = math.log10(largest) - math.log10(difference) if largest else 0
    return f", to {max(0, int(digits))} digits"


def cut(text: str, width: int) -> str:
    """The text with an … at the end if it takes more cells."""
    return fitted(text, width) if cell_len(text) > width else text
