"""Where a wrong backward pass goes wrong: the first step, going backward, and the line of it."""

from __future__ import annotations

import numpy as np

from core.diagnosis.candidates import Made
from core.diagnosis.coefficients import coefficients
from core.diagnosis.loop import READOUT, RECURRENT, Gradient, Instance
from core.diagnosis.mistakes import AFTERWARDS, ERROR, FACTORS, WEIGHTS
from core.diagnosis.ruler import Ruler
from core.diagnosis.search import Explanation
from core.lines import ADJOINT, GRADIENT, Line, listing
from core.numbers import Array
from core.program import Program
from core.records import Record

_DIFFERENT = 1e-6  # of the largest row: a row that differs by less is the same


class FirstWrong(Record):
    """The first wrong step going backward, None if it cannot be told, and the line of it."""

    k: int | None
    line: Line

    @property
    def written(self) -> str:
        """The line in the lecture's letters, as it should be: ∂E/∂sₖ = Wᵀ δₖ₊₁."""
        return self.line.written("", "k")


def algorithm(program: Program) -> dict[str, Line]:
    """The lines of the backward pass by a short name: error, join, carry, derivative, dU … dc."""
    found = listing(program)
    every = (*found.readout, *found.joining, *found.carried, *found.inside)
    lines = {f"d{line.name}": line for line in every if line.kind is GRADIENT}
    inside = {line.name: line for line in found.inside if line.kind is ADJOINT}
    return lines | {
        "error": found.readout[0],
        "join": found.joining[0],
        "carry": found.carried[0],
        "derivative": inside["a"],
    }


def first_wrong(instance: Instance, explanation: Explanation, made: Made) -> FirstWrong | None:
    """Where a known mistake shows first; None for what is done after the loop."""
    part = made.mistake.part
    if part == AFTERWARDS:
        return _every_step(instance, explanation, made)
    right = instance.right
    alone = right.varied(part, getattr(explanation.loop, part))
    name, rows, expected = str(made.line or made.mistake.line), alone.accumulated, right.accumulated
    if part == FACTORS:
        where = next((each for each in ("W", "U") if each in made.parameters), made.parameters[0])
        name, rows, expected = f"d{where}", alone.factors[where], right.factors[where]
    elif part == ERROR:
        rows, expected = alone.error, right.error
    elif part == WEIGHTS and not set(made.parameters) & set(RECURRENT):
        name, rows, expected = "dV", alone.rows("V"), right.rows("V")
    return FirstWrong(_last_different(rows, expected), algorithm(instance.tape.program)[name])


def _every_step(instance: Instance, explanation: Explanation, made: Made) -> FirstWrong | None:
    # A sign or a transpose that is made in a line of the loop is made at every step.
    name = made.mistake.line
    if name is None:
        return None
    if name == "error":
        name = _signed_line(set(explanation.scales or made.parameters), made.parameters)
    if name == "dW" and "W" not in made.parameters:
        name = f"d{made.parameters[0]}"
    return FirstWrong(instance.steps - 1, algorithm(instance.tape.program)[name])


def _signed_line(given: set[str], turned: tuple[str, ...]) -> str:
    """The line whose sign turns round these of the given gradients; of one alone, its own."""
    if given == set(turned):
        return "error"
    recurrent = given & set(RECURRENT)
    return "join" if set(turned) == recurrent and len(recurrent) > 1 else "dW"


def _last_different(rows: Array, expected: Array, slack: float = _DIFFERENT) -> int | None:
    size = np.linalg.norm(expected, axis=1).max()
    different = np.linalg.norm(rows - expected, axis=1) > slack * size
    return int(np.flatnonzero(different)[-1]) if different.any() else None


def entry(instance: Instance, given: Gradient, ruler: Ruler) -> FirstWrong | None:
    """Where a mistake that is in no catalogue enters, as far as the gradients tell.

    The error signal comes first, then the recursion, then the products of each parameter: of each,
    the rows that would explain the given gradients are solved for and compared with the right ones.
    """
    return _Entry(instance, given, ruler).find()


class _Entry:
    def __init__(self, instance: Instance, given: Gradient, ruler: Ruler) -> None:
        self.instance, self.given, self.ruler = instance, given, ruler
        self.lines = algorithm(instance.tape.program)
        self.right = instance.right
        expected = self.right.gradients(given)
        self.wrong = [name for name in given if not ruler.same({name: given[name]}, expected)]

    def find(self) -> FirstWrong | None:
        readout = [name for name in READOUT if name in self.given]
        recurrent = [name for name in RECURRENT if name in self.given]
        wrong = [name for name in readout if name in self.wrong]
        if not wrong:
            alone = len(self.wrong) == 1 < len(recurrent)  # δ would make others wrong as well
            found = self._factor(self.wrong[0]) if alone else self._reweighed()
            return found or self._rows(recurrent, "carry")
        if recurrent and not set(recurrent) & set(self.wrong):
            return self._factor(wrong[0])
        return self._rows(readout, "error")

    def _reweighed(self) -> FirstWrong | None:
        found = coefficients(self.right, self.given, self.ruler.tolerance)
        if found is None or found.residual > self.ruler.tolerance or found.nullity:
            return None
        t, k = np.nonzero(np.abs(found.values - 1) > 1e-3)
        if not len(k):
            return None
        last = int(k.max())
        joins = last in t[k == last]
        return FirstWrong(last, self.lines["join" if joins else "carry"])

    def _rows(self, names: list[str], line: str) -> FirstWrong | None:
        """From the error signals or the deltas that explain all of the names, or all but one."""
        for left_out in (None, *(name for name in names if name in self.wrong and len(names) > 1)):
            used = [name for name in names if name != left_out]
            found = self._solved(used)
            if found is None:
                continue
            rows, unique = found
            expected = self.right.rows(used[0])
            k = _last_different(rows, expected, self._slack)
            if k is None and left_out:
                return self._factor(left_out)
            if line == "carry" and k == self.instance.steps - 1:
                line = "derivative"
            return FirstWrong(k if unique else None, self.lines[line])
        return self._factor(self.wrong[0]) if len(self.wrong) == 1 else None

    @property
    def _slack(self) -> float:
        return max(_DIFFERENT, 100 * self.ruler.tolerance)

    def _solved(self, names: list[str]) -> tuple[Array, bool] | None:
        """The rows that explain the gradients of the names, and whether only they do."""
        factors = np.concatenate([self.right.factors[name] for name in names], axis=1)
        rest = [self._difference(name) for name in names]
        return _solve(factors, np.concatenate(rest, axis=1), self.right.rows(names[0]), self._slack)

    def _difference(self, name: str) -> Array:
        found = self.given[name] - self.right.gradient(name)
        return np.asarray(found if found.ndim == 2 else found[:, None])

    def _factor(self, name: str) -> FirstWrong:
        """The line of one parameter, at the last step where what it multiplies is not right."""
        rows, factors = self.right.rows(name), self.right.factors[name]
        rest = self._difference(name)
        for known, difference, sought in ((rows, rest.T, factors), (factors, rest, rows)):
            found = _solve(known, difference, sought, self._slack)
            if found and found[1]:
                k = _last_different(found[0], sought, self._slack)
                return FirstWrong(k, self.lines[f"d{name}"])
        return FirstWrong(None, self.lines[f"d{name}"])


def _solve(
    factors: Array, difference: Array, right: Array, slack: float
) -> tuple[Array, bool] | None:
    """Rows r near the right ones with Σ_k r_k ⊗ factor_k as given, and whether they are evidence.

    None if there are none. factors (T, n), difference (m, n) from the right sum, right (T, m). A
    row is unique where its factor depends on no other; where it does, it is to be right.
    """
    inverse = np.linalg.pinv(factors.T, rcond=1e-9)  # (T, n)
    change = inverse @ difference.T
    rest = np.linalg.norm(factors.T @ change - difference.T)
    if rest > slack * np.linalg.norm(difference):
        return None
    alone = np.diag(inverse @ factors.T) > 1 - _DIFFERENT
    changed = np.linalg.norm(change, axis=1) > slack * np.linalg.norm(right, axis=1).max()
    # As many rows as equations fit anything; then rows that are right all the same are evidence.
    steps, equations = factors.shape
    evident = steps < equations or not changed.all()
    return right + change, evident and bool((alone | ~changed).all())
