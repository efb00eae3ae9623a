"""The verdict on a person's gradients: right, up to a convention, or wrong, by which mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from core.candidates import Made
from core.coefficients import MOST_STEPS, Coefficients, coefficients, compared
from core.errors import InputError
from core.first_wrong import FirstWrong, algorithm, entry, first_wrong
from core.loop import MATRICES, Gradient, Instance
from core.mistakes import AFTERWARDS, BY_ID, CATALOGUE
from core.numbers import Array
from core.parameters import NAMES, Parameters
from core.ruler import Ruler
from core.search import Explanation, explanations, searchable, untestable
from core.tape import Tape, record

RIGHT, CONVENTION, WRONG = "right", "convention", "wrong"
UNKNOWN, UNDECIDED = "unknown", "undecided"

ROUNDING, DIFFERENCES = "rounding", "finite differences"

_DOUBLE, _SINGLE = 1e-9, 1e-4
_DOUBLE_DIFFERENCES, _SINGLE_DIFFERENCES = 1e-5, 1e-3
_MOST = 1e-2


@dataclass(frozen=True)
class Finding:
    """A mistake that was made. `argument` is n, c or the scale, if the mistake has one.

    `residual` is what it leaves unexplained, together with the others found; NaN if there is no
    number for it. `detail` says which it is, where a mistake is made in several ways.
    """

    id: str
    parameters: tuple[str, ...]
    argument: float | None
    residual: float
    first_wrong: FirstWrong | None
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Report:
    """What was found about the gradients of one instance.

    `verdict`: right, convention, wrong, unknown or undecided. `findings`: best first; of an unknown
    mistake one, with the id "unknown". `indistinguishable`: other mistakes that explain the
    gradients as well. `not_testable`: mistakes that give the right gradients on this instance.
    `tolerance` is relative to the norm of each gradient; `accuracy` says what it allows for.
    `residuals`: ‖given − right‖/‖right‖ by parameter. `faults`: numbers that are not finite, and
    shapes that fit nothing, a sentence for each.
    """

    verdict: str
    findings: tuple[Finding, ...]
    indistinguishable: tuple[str, ...]
    not_testable: tuple[str, ...]
    tolerance: float
    accuracy: str
    residuals: Mapping[str, float]
    faults: tuple[str, ...]
    instance: Instance
    gradients: Gradient  # as they were given
    explanation: Explanation | None

    @property
    def searched(self) -> bool:
        """Whether mistakes were looked for; if not, the sequence is too long, see core.search."""
        return searchable(self.instance)

    @cached_property
    def coefficients(self) -> Coefficients | None:
        """How often each term (t, k) of the recurrence is counted; None where there is no map.

        Of a mistake that is known, exactly; else the best fit to ∂E/∂U, ∂E/∂W, ∂E/∂b.
        """
        if self.verdict in (RIGHT, UNDECIDED) or not searchable(self.instance):
            return None
        if self.explanation:
            return _known(self.instance, self.explanation)
        usable = {
            name: array
            for name, array in self.gradients.items()
            if array.shape == getattr(self.instance.tape.theta, name).shape
            and np.isfinite(array).all()
        }
        return coefficients(self.instance.right, usable, self.tolerance)


def _known(instance: Instance, explanation: Explanation) -> Coefficients | None:
    scales, loop = explanation.scales, explanation.loop
    names = [n for n in ("b", "W", "U") if n in scales and n not in explanation.untouched]
    if not names or instance.steps > MOST_STEPS:
        return None
    other = [n for n in names if loop.factors[n] is not instance.right.factors[n]]
    name = (other or names)[0]
    return compared(loop, instance.right, name, scales[name])


def check(
    theta: Parameters,
    x: Any,
    y: Any,
    gradients: Parameters | Mapping[str, Any],
    initial_state: Any = None,
    activation: str = "tanh",
    single_precision: bool | None = None,
) -> Report:
    """Which mistake, if any, is in the code that computed these gradients of E = Σ_t E_t.

    theta, x, y, initial_state, activation: as for `record`. gradients: a `Parameters`, or some of
    U W V b c, or dU dW dV db dc, by name. single_precision: whether they were computed in float32;
    unless given, whether any of the arrays is.

    Raises InputError as `record` does, for other names, and if there is no gradient.
    """
    given = _named(gradients)
    if single_precision is None:
        arrays = [*given.values(), *(getattr(theta, name) for name in NAMES)]
        single_precision = any(a.dtype.kind == "f" and a.dtype.itemsize < 8 for a in arrays)
    tape = record(theta, x, y, initial_state=initial_state, activation=activation)
    return diagnose(tape, given, single_precision=single_precision)


def _named(gradients: Parameters | Mapping[str, Any]) -> dict[str, Array]:
    if isinstance(gradients, Parameters):
        return {name: getattr(gradients, name) for name in NAMES}
    found = {}
    for name, value in gradients.items():
        own = name.removeprefix("d")
        if own not in NAMES or own in found:
            raise InputError(f'gradient "{name}": expected some of dU, dW, dV, db, dc, each once')
        found[own] = np.asarray(value)
        if found[own].dtype.kind not in "fiu":
            raise InputError(f"{name} has dtype {found[own].dtype}; expected numbers")
    return found


def diagnose(tape: Tape, gradients: Gradient, *, single_precision: bool = False) -> Report:
    """The report on gradients, by the names of ours that were given, for a recorded sequence.

    Raises InputError if there is none.
    """
    if not gradients:
        raise InputError("no gradient to check; give some of dU, dW, dV, db, dc")
    return _Diagnosis(_in_double(tape), gradients, single_precision).report()


def _in_double(tape: Tape) -> Tape:
    if tape.values["s"].dtype == np.float64:
        return tape
    return tape.with_parameters(_cast(tape.theta, np.float64))


def _cast(theta: Any, dtype: Any) -> Any:
    return replace(theta, **{name: getattr(theta, name).astype(dtype) for name in NAMES})


class _Diagnosis:
    def __init__(self, tape: Tape, gradients: Gradient, single: bool) -> None:
        self.instance = Instance.of(tape)
        self.right = {name: getattr(tape.gradient(), name) for name in gradients}
        self.single = single
        self.given: dict[str, Array] = {}
        self.faults: dict[str, str] = {}
        for name in (name for name in NAMES if name in gradients):
            self._take(name, np.asarray(gradients[name], np.float64))
        self.tight = self._tolerance()
        self.loose = max(self.tight, _SINGLE_DIFFERENCES if single else _DOUBLE_DIFFERENCES)

    def _take(self, name: str, array: Array) -> None:
        shape = self.right[name].shape
        if (
            name not in MATRICES
            and array.size == shape[0]
            and max(array.shape, default=1) == shape[0]
        ):
            array = array.reshape(shape)
        self.given[name] = array
        if array.shape not in (shape, shape[::-1]):
            self.faults[name] = f"d{name} has shape {array.shape}; expected {shape}"
        elif not np.isfinite(array).all():
            wrong = ~np.isfinite(array)
            first = ", ".join(str(int(i)) for i in np.argwhere(wrong)[0])
            self.faults[name] = (
                f"d{name} has {int(wrong.sum())} of {array.size} numbers that are not finite, "
                f"first d{name}[{first}] = {array[wrong][0]}"
            )

    def _tolerance(self) -> float:
        """What rounding may do: more where the network amplifies it, as float32 shows."""
        theta = _cast(self.instance.tape.theta, np.float32)
        ruler = Ruler(dict.fromkeys(self.right, 0.0), 0.0)
        with np.errstate(all="ignore"):
            other = self.instance.tape.with_parameters(theta).gradient()
            amplified = ruler.residual(
                {name: getattr(other, name).astype(np.float64) for name in self.right}, self.right
            )
        least, factor = (_SINGLE, 30.0) if self.single else (_DOUBLE, 1e3 * 2.0**-29)
        return float(min(max(least, factor * amplified), _MOST)) if amplified < np.inf else least

    def report(self) -> Report:
        if not all(np.isfinite(array).all() for array in self.right.values()):
            return self._undecided()
        if not any(array.any() for array in self.right.values()):
            return self._undecided()
        if self.faults:
            return self._faulty()
        for tolerance, accuracy in ((self.tight, ROUNDING), (self.loose, DIFFERENCES)):
            ruler = self._ruler(tolerance)
            if ruler.same(self.given, self.right):
                return self._report(RIGHT, ruler, accuracy)
            # Nobody computes a mistake by finite differences; in half precision one may.
            worth = self._searchable and (self.single or accuracy == ROUNDING) and self._some
            found = explanations(self.instance, self.given, ruler) if worth else []
            if found:
                return self._explained(found, ruler, accuracy)
        return self._unknown(self._ruler(self.tight))

    @property
    def _some(self) -> bool:
        return any(array.any() for array in self.given.values())

    @property
    def _searchable(self) -> bool:
        return searchable(self.instance)

    def _ruler(self, tolerance: float) -> Ruler:
        if self._searchable:
            return Ruler.of(self.instance, self.right, tolerance)
        sizes = {name: float(np.linalg.norm(array)) for name, array in self.right.items()}
        return Ruler(sizes, tolerance)

    def _report(
        self,
        verdict: str,
        ruler: Ruler,
        accuracy: str = ROUNDING,
        findings: tuple[Finding, ...] = (),
        indistinguishable: tuple[str, ...] = (),
        explanation: Explanation | None = None,
    ) -> Report:
        with np.errstate(all="ignore"):
            residuals = {
                name: ruler.one(name, array, self.right[name]) for name, array in self.given.items()
            }
        names = [name for name in self.given if name not in self.faults]
        if not self._searchable:
            not_testable = tuple(row.id for row in CATALOGUE if row.part != AFTERWARDS)
        elif verdict == UNDECIDED or not names:
            not_testable = tuple(row.id for row in CATALOGUE)
        else:
            not_testable = untestable(self.instance, names, ruler)
        return Report(
            verdict,
            findings,
            indistinguishable,
            not_testable,
            ruler.tolerance,
            accuracy,
            residuals,
            tuple(self.faults.values()),
            self.instance,
            self.given,
            explanation,
        )

    def _undecided(self) -> Report:
        return self._report(UNDECIDED, Ruler(dict.fromkeys(self.right, 0.0), self.tight))

    def _faulty(self) -> Report:
        lines = algorithm(self.instance.tape.program)
        names = tuple(self.faults)
        finding = Finding(UNKNOWN, names, None, np.nan, FirstWrong(None, lines[f"d{names[0]}"]))
        return self._report(UNKNOWN, self._ruler(self.tight), findings=(finding,))

    def _explained(self, found: list[Explanation], ruler: Ruler, accuracy: str) -> Report:
        best = found[0]
        findings = tuple(self._finding(best, made) for made in self._by_effect(best, ruler))
        chosen = {made.mistake for made in best.made}
        others = {made.mistake for other in found for made in other.made}
        turned = {BY_ID["dW-transposed"], BY_ID["row-convention"]}
        if chosen & turned and sum(name in MATRICES for name in self.given) == 1:
            others |= turned  # of one matrix, who knows whether the others are
        every = len(best.made[0].parameters) == len(self.given) or best.made[0].mistake.id == (
            "row-convention"
        )
        harmless = every and all(made.mistake.convention for made in best.made)
        return self._report(
            CONVENTION if harmless else WRONG,
            ruler,
            accuracy,
            findings,
            tuple(row.id for row in CATALOGUE if row in others - chosen),
            best,
        )

    def _by_effect(self, explanation: Explanation, ruler: Ruler) -> list[Made]:
        """The mistakes of an explanation, first the one that explains most alone."""
        if len(explanation.made) == 1:
            return list(explanation.made)

        def alone(made: Made) -> float:
            with np.errstate(all="ignore"):
                return min(
                    ruler.residual(self.given, gradient)
                    for variant, gradient in made.mistake.gradients(self.instance, self.given)
                    if variant.argument in (None, made.argument)
                )

        return sorted(explanation.made, key=alone)

    def _finding(self, explanation: Explanation, made: Made) -> Finding:
        where = first_wrong(self.instance, explanation, made)
        return Finding(
            made.mistake.id,
            made.parameters,
            made.argument,
            explanation.residual,
            where,
            made.detail,
        )

    def _unknown(self, ruler: Ruler) -> Report:
        wrong = tuple(
            name for name in self.given if not ruler.same({name: self.given[name]}, self.right)
        )
        residual = ruler.residual(self.given, self.right)
        shaped = all(self.given[name].shape == self.right[name].shape for name in self.given)
        where = entry(self.instance, self.given, ruler) if self._searchable and shaped else None
        finding = Finding(UNKNOWN, wrong, None, residual, where)
        return self._report(UNKNOWN, ruler, findings=(finding,))
