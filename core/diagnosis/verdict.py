"""The verdict on a person's gradients: right, up to a convention, or wrong, by which mistake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from core.diagnosis.candidates import Made
from core.diagnosis.coefficients import coefficients
from core.diagnosis.first_wrong import FirstWrong, algorithm, first_wrong
from core.diagnosis.given import by_our_names, in_our_shapes
from core.diagnosis.loop import MATRICES, RECURRENT, Gradient, Instance
from core.diagnosis.mistakes import AFTERWARDS, BY_ID, CATALOGUE
from core.diagnosis.other_forward import other_forward
from core.diagnosis.precision import Precision, in_double
from core.diagnosis.report import (
    CONVENTION,
    DIFFERENCES,
    RIGHT,
    ROUNDING,
    UNDECIDED,
    UNKNOWN,
    WRONG,
    Finding,
    Report,
)
from core.diagnosis.ruler import Ruler
from core.diagnosis.search import Explanation, explanations, searchable, untestable
from core.diagnosis.unknown import multiples, unknown
from core.errors import InputError
from core.parameters import NAMES, Parameters
from core.tape import Tape, record

_BETTER = 10
"""How much closer than the right gradient a mistake has to be."""

_EXACT = 1e-13
"""What no finite difference comes near, relative."""


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
    given = by_our_names(gradients)
    if single_precision is None:
        arrays = [*given.values(), *(getattr(theta, name) for name in NAMES)]
        single_precision = any(a.dtype.kind == "f" and a.dtype.itemsize < 8 for a in arrays)
    tape = record(theta, x, y, initial_state=initial_state, activation=activation)
    return diagnose(tape, given, single_precision=single_precision)


def diagnose(tape: Tape, gradients: Gradient, *, single_precision: bool = False) -> Report:
    """The report on gradients, by the names of ours that were given, for a recorded sequence.

    Raises InputError if there is none.
    """
    if not gradients:
        raise InputError("no gradient to check; give some of dU, dW, dV, db, dc")
    return _Diagnosis(in_double(tape), gradients, single_precision).report()


class _Diagnosis:
    def __init__(self, tape: Tape, gradients: Gradient, single: bool) -> None:
        self.instance = Instance.of(tape)
        right = tape.gradient()
        self.right = {name: getattr(right, name) for name in gradients}
        self.given, self.faults = in_our_shapes(gradients, self.right)
        self.precision = Precision.of(self.instance.tape, self.right, single)

    def report(self) -> Report:
        if not all(np.isfinite(array).all() for array in self.right.values()):
            return self._undecided("the right gradient of this instance is not finite")
        if not any(array.any() for array in (*self.right.values(), *self.given.values())):
            return self._undecided("the right gradient of this instance is zero")
        if self.faults:
            return self._faulty()
        ruler = self._ruler(self.precision.rounding)
        if ruler.same(self.given, self.right):
            return self._report(RIGHT, ruler)
        return self._explained(ruler) or self._by_differences() or self._unknown(ruler)

    def _by_differences(self) -> Report | None:
        """A report, if the gradients are right to the accuracy of finite differences."""
        ruler = self._ruler(self.precision.differences)
        if not ruler.same(self.given, self.right):
            # In half precision a mistake may be as far from what it should be; a factor is near.
            near = multiples(self.given, self.right, self._ruler(self.precision.rounding))
            apart = self.precision.single and near.keys() != self.given.keys()
            return self._explained(ruler, DIFFERENCES) if apart else None
        if self.precision.single:
            return self._report(RIGHT, ruler, DIFFERENCES)
        exact = [name for name, r in self._residuals(ruler).items() if r <= _EXACT]
        if exact and self._searchable and self._reweighed():
            return None
        if exact:
            others = ", ".join(f"d{name}" for name in self.given if name not in exact)
            return self._undecided(
                f"{others}: off by more than rounding, by less than finite differences may be; "
                f"d{exact[0]} is right to rounding"
            )
        return None if self._reweighed() else self._report(RIGHT, ruler, DIFFERENCES)

    def _reweighed(self) -> bool:
        """Whether terms are counted differently: what finite differences leave is no such sum."""
        if not self._searchable:
            return False
        tolerance, steps = self.precision.rounding, self.instance.steps
        recurrent = {name: self.given[name] for name in RECURRENT if name in self.given}
        enough = sum(array.size for array in recurrent.values()) > steps * (steps + 1)  # twice
        if not enough:
            return False
        found = coefficients(self.instance.right, recurrent, tolerance)
        left = self._ruler(tolerance).residual(recurrent, self.right)
        return found is not None and 100 * found.residual <= left

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
        if not self._searchable:
            not_testable = tuple(row.id for row in CATALOGUE if row.part != AFTERWARDS)
        elif verdict == UNDECIDED:
            not_testable = tuple(row.id for row in CATALOGUE)
        else:
            not_testable = untestable(self.instance, self.given, ruler)
        return Report(
            verdict,
            findings,
            indistinguishable,
            not_testable,
            ruler.tolerance,
            accuracy,
            self._residuals(ruler),
            tuple(self.faults.values()),
            self.instance,
            self.given,
            explanation,
        )

    def _residuals(self, ruler: Ruler) -> dict[str, float]:
        return {
            name: ruler.one(name, array, self.right[name]) for name, array in self.given.items()
        }

    def _undecided(self, why: str) -> Report:
        self.faults[""] = why
        return self._report(UNDECIDED, self._ruler(self.precision.rounding))

    def _faulty(self) -> Report:
        lines = algorithm(self.instance.tape.program)
        names = tuple(self.faults)
        # Where every gradient has such numbers, they may come from any line.
        alone = len(names) < len(self.given) or len(names) == 1
        where = FirstWrong(None, lines[f"d{names[0]}"]) if alone else None
        finding = Finding(UNKNOWN, names, None, np.nan, where)
        return self._report(UNKNOWN, self._ruler(self.precision.rounding), findings=(finding,))

    def _explained(self, ruler: Ruler, accuracy: str = ROUNDING) -> Report | None:
        """A report, if mistakes of the catalogue explain the gradients."""
        computed = any(map(np.any, self.given.values()))
        found = self._searchable and computed and explanations(self.instance, self.given, ruler)
        # Where a mistake hardly shows, it explains noise hardly better than no mistake does.
        if not found or _BETTER * found[0].residual > ruler.residual(self.given, self.right):
            return None
        best = found[0]
        findings = tuple(self._finding(best, made) for made in self._by_effect(best, ruler))
        chosen = {made.mistake for made in best.made}
        others = {made.mistake for other in found for made in other.made}
        turned = {BY_ID["dW-transposed"], BY_ID["row-convention"]}
        if chosen & turned and sum(name in MATRICES for name in self.given) == 1:
            others |= turned  # of one matrix, who knows whether the others are
        return self._report(
            CONVENTION if all(map(self._harmless, best.made)) else WRONG,
            ruler,
            accuracy,
            findings,
            tuple(row.id for row in CATALOGUE if row in others - chosen),
            best,
        )

    def _harmless(self, made: Made) -> bool:
        concerned = MATRICES if made.mistake.id == "row-convention" else NAMES
        whole = {name for name in concerned if name in self.given and self.given[name].any()}
        return made.mistake.convention and whole <= set(made.parameters)

    def _by_effect(self, explanation: Explanation, ruler: Ruler) -> list[Made]:
        """The mistakes of an explanation, first the one that explains most alone."""
        if len(explanation.made) == 1:
            return list(explanation.made)

        def alone(made: Made) -> float:
            residuals = (
                ruler.residual(self.given, gradient)
                for variant, gradient in made.mistake.gradients(self.instance, self.given)
                if variant.argument in (None, made.argument)
            )
            return min(residuals, default=np.inf)

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
        times = multiples(self.given, self.right, ruler)
        rough = self._ruler(self.precision.differences)
        forward = other_forward(self.instance.tape, self.given, rough)
        finding = unknown(self.instance, self.given, self.right, ruler, times, forward)
        report = self._report(UNKNOWN, ruler, findings=(finding,))
        return replace(report, multiples=times, forward=forward)
