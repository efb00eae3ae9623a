"""The search for the fewest mistakes whose gradients are the given ones.

A backward loop has four parts. Every combination of their choices is tried: its gradients are
compared along one direction first, which costs a vector for each instead of a matrix, and what is
parallel there is computed in full. A factor and a transpose of each gradient are free, and named
afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import combinations, product
from typing import Any

import numpy as np

from core import afterwards
from core.loop import (
    MATRICES,
    READOUT,
    RECURRENT,
    BackwardLoop,
    Gradient,
    Instance,
    Recursion,
    Variant,
)
from core.mistakes import (
    BY_ID,
    CATALOGUE,
    ERROR,
    FACTORS,
    RECURSION,
    WEIGHTS,
    Mistake,
    of_part,
    through_softmax,
)
from core.numbers import Array

MOST_MISTAKES = 3
"""The most mistakes at once that are looked for, transposes and scales among them."""

LARGEST = 2**21
"""T²·H above which only the right loop is compared: 64 MiB for the terms of all truncations."""

_FLOOR = 1e-3  # of the sum of the terms' norms: below it, what is left of them is rounding


@dataclass(frozen=True)
class Ruler:
    """How far two gradients are apart: the largest ‖found − expected‖/‖expected‖ over the names."""

    floors: Mapping[str, float]
    tolerance: float

    @classmethod
    def of(cls, instance: Instance, names: Any, tolerance: float) -> Ruler:
        """With the sizes that rounding in this instance is relative to."""
        return cls({name: _FLOOR * instance.right.magnitude(name) for name in names}, tolerance)

    def one(self, name: str, found: Array, expected: Array) -> float:
        """The same for one parameter."""
        if found.shape != expected.shape:
            return np.inf
        difference = float(np.linalg.norm(found - expected))
        if difference == 0:
            return 0.0
        scale = max(float(np.linalg.norm(expected)), self.floors[name])
        return difference / scale if scale > 0 and np.isfinite(difference) else np.inf

    def residual(self, found: Gradient, expected: Gradient) -> float:
        """The largest over the names of `found`."""
        with np.errstate(all="ignore"):
            return max(self.one(name, found[name], expected[name]) for name in found)

    def same(self, found: Gradient, expected: Gradient) -> bool:
        """Whether they agree within the tolerance."""
        return self.residual(found, expected) <= self.tolerance


@dataclass(frozen=True, eq=False)
class Choice:
    """One choice for one part of the loop, and the rows that make it: none for the right one."""

    value: Any
    rows: tuple[tuple[Mistake, Variant], ...] = ()


@dataclass(frozen=True, eq=False)
class Made:
    """A mistake that was made: where, with which n, c or scale, and which of several it is."""

    mistake: Mistake
    argument: float | None
    parameters: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Mistakes that together give the user's gradients.

    `loop` is the user's; what was done to its gradients afterwards are `scales`, by parameter, and
    transposes: `untransposed` has the user's gradients with those undone. `untouched` parameters
    are right all the same.
    """

    made: tuple[Made, ...]
    cost: float
    residual: float
    loop: BackwardLoop
    scales: Mapping[str, float]
    untransposed: Gradient
    untouched: frozenset[str] = frozenset()

    @property
    def order(self) -> tuple[float, list[int]]:
        """The fewest mistakes first, then as in the catalogue."""
        return self.cost, [_ROW[made.mistake.id] for made in self.made]


_ROW = {mistake.id: row for row, mistake in enumerate(CATALOGUE)}


def explanations(instance: Instance, given: Gradient, ruler: Ruler) -> list[Explanation]:
    """The explanations with the fewest mistakes, best first; none if there are none."""
    for compound in (False, True):
        found = _fewest(_Search(instance, given, ruler, compound)) or _clipped(
            instance, given, ruler
        )
        if found:
            break
    return sorted(found, key=lambda explanation: explanation.order)


def _fewest(search: _Search) -> list[Explanation]:
    found: list[Explanation] = []
    best = np.inf
    for candidate in sorted(search.candidates(), key=lambda candidate: candidate.cost):
        if candidate.cost > best:
            break
        for explanation in search.verified(candidate):
            found.append(explanation)
            best = min(best, explanation.cost)
    return [each for each in found if each.cost == best]


@dataclass(frozen=True, eq=False)
class _Candidate:
    error: Choice
    recursion: Choice
    weights: Choice
    factors: Mapping[str, Choice]
    transposed: frozenset[str]
    untouched: frozenset[str]  # right all the same

    @cached_property
    def made(self) -> list[Made]:
        names = [name for name in self.factors if name not in self.untouched]
        recurrent = [name for name in names if name in RECURRENT]
        weighed = names if self._reweighs_readout else recurrent
        found = []
        for choice, where in (
            (self.error, names),
            (self.recursion, recurrent),
            (self.weights, weighed),
        ):
            found += [
                Made(row, variant.argument, tuple(where), variant.detail)
                for row, variant in choice.rows
            ]
        chosen: dict[tuple[Mistake, str], list[str]] = {}
        for name in names:
            for row, variant in self.factors[name].rows:
                chosen.setdefault((row, variant.detail), []).append(name)
        found += [Made(row, None, tuple(where), detail) for (row, detail), where in chosen.items()]
        return found + self._transposes

    @property
    def _reweighs_readout(self) -> bool:
        return bool((self.weights.value.readout != 1).any())

    @property
    def _transposes(self) -> list[Made]:
        if not self.transposed:
            return []
        matrices = {name for name in self.factors if name in MATRICES}
        whole = self.transposed == matrices and self.transposed != {"W"}
        row = BY_ID["row-convention" if whole else "dW-transposed"]
        return [Made(row, None, tuple(name for name in MATRICES if name in self.transposed))]

    @cached_property
    def cost(self) -> float:
        # A row that is only partly there explains less well than one that is there as a whole.
        partly = 0.5 * bool(self.untouched)
        for made in self.made:
            if made.mistake.part == FACTORS:
                native = _NATIVE.get(made.mistake.id, made.parameters)
                partly += 0.25 * (not (set(native) & set(self.factors) <= set(made.parameters)))
        return len(self.made) + partly


_NATIVE = {"stops-at-1": RECURRENT, "not-accumulated": (*RECURRENT, *READOUT)}


class _Search:
    def __init__(
        self, instance: Instance, given: Gradient, ruler: Ruler, compound: bool = False
    ) -> None:
        self.instance, self.given, self.ruler = instance, given, ruler
        self.right = instance.right.gradients(given)
        self.untouched = frozenset(
            name for name in given if ruler.same({name: given[name]}, self.right)
        )
        self.errors = _choices(instance, ERROR)
        self.recursions = _choices(instance, RECURSION)
        self.weights = _choices(instance, WEIGHTS)
        if compound:
            self.errors = [*self.errors, *_softmax_twice(instance, self.errors)]
            self.recursions = [*self.recursions, *_merged(self.recursions)]
        self.factors = {name: self._factors(name) for name in given}
        self.direction = {
            name: _direction(rows.shape[1]) for name, rows in instance.right.factors.items()
        }
        self.own = {name: list(self._own(name)) for name in given}
        self.along = {
            name: np.stack([choice.value @ self.direction[name] for choice in choices])
            for name, choices in self.factors.items()
        }  # (choices, T)
        self.terms = np.stack(
            [choice.value.terms.T for choice in self.weights], axis=1
        )  # (k, m, t)
        self.readout = np.stack([choice.value.readout for choice in self.weights])  # (m, t)
        self.slack = max(2500 * ruler.tolerance**2, 1e-12)

    def _factors(self, name: str) -> list[Choice]:
        found = [Choice(self.instance.right.factors[name])]
        for mistake in of_part(FACTORS):
            for variant in mistake.variants(self.instance):
                if name in variant.value:
                    found.append(Choice(variant.value[name], ((mistake, variant),)))
        return found

    def _own(self, name: str) -> Iterator[tuple[bool, Array]]:
        """The given gradient along its direction, in each orientation that its shape allows."""
        array = self.given[name]
        if name not in MATRICES:
            yield False, array * self.direction[name]
            return
        for transposed, oriented in ((False, array), (True, array.T)):
            if oriented.shape == self.right[name].shape:
                yield transposed, oriented @ self.direction[name]

    def candidates(self) -> Iterator[_Candidate]:
        """Combinations that agree with the given gradients along one direction, but for scales."""
        with np.errstate(all="ignore"):
            first: list[tuple[Choice, dict[str, Array]]] = []
            others: list[tuple[Choice, dict[str, Array]]] = []
            for error in self.errors:
                matched = {
                    name: self._matches(name, self._readout_along(name, error))
                    for name in READOUT
                    if name in self.given
                }
                plainly = all(found.any() for found in matched.values())
                (first if plainly else others).append((error, matched))
            some = False
            for error, readout in first:
                for candidate in self._with_error(error, readout):
                    some = True
                    yield candidate
            if not some:
                for error, readout in others:
                    yield from self._with_error(error, readout)

    def _readout_along(self, name: str, error: Choice) -> Array:
        # (choices, m, C)
        along = self.along[name][:, None] * self.readout
        return np.asarray(along @ error.value)

    def _with_error(self, error: Choice, readout: Mapping[str, Array]) -> Iterator[_Candidate]:
        possible = np.ones(len(self.weights), bool)
        for name, agreeing in readout.items():
            possible &= self._any(name, agreeing)
        if not possible.any():
            return
        recurrent = [name for name in self.given if name in RECURRENT]
        joining = error.value @ self.instance.V
        for recursion in self.recursions if recurrent else self.recursions[:1]:
            matched = dict(readout)
            still = possible
            if recurrent:
                accumulated = self.terms @ recursion.value.deltas(joining)  # (k, m, H)
            for name in recurrent:
                along = np.tensordot(self.along[name], accumulated, 1)
                matched[name] = self._matches(name, along)
                still = still & self._any(name, matched[name])
                if not still.any():
                    break
            for m in np.flatnonzero(still):
                yield from self._combined(error, recursion, int(m), matched)

    def _any(self, name: str, matched: Array) -> Array:
        """(m,): whether some choice agrees, or the given gradient is right whatever the choice."""
        return np.asarray(matched.any(axis=(0, 1)) | (name in self.untouched))

    def _matches(self, name: str, along: Array) -> Array:
        """(orientations, choices, m): whether the given one is a multiple of each, along."""
        squares = np.vecdot(along, along)
        room = self.ruler.tolerance * self.ruler.floors[name] * np.linalg.norm(self.direction[name])
        found = []
        for _, own in self.own[name]:
            inner, size = along @ own, own @ own
            parallel = (inner**2 >= (1 - self.slack) * squares * size) & (squares > 0) & (size > 0)
            found.append(parallel | (squares + size - 2 * inner <= room**2))
        return np.array(found).reshape(-1, *squares.shape)

    def _combined(
        self, error: Choice, recursion: Choice, m: int, matched: Mapping[str, Array]
    ) -> Iterator[_Candidate]:
        names = list(self.given)
        options: list[list[tuple[int, int] | None]] = []
        for name in names:
            here = [(int(o), int(c)) for o, c in np.argwhere(matched[name][:, :, m])]
            options.append([*here] or [None])
        for chosen in product(*options):
            candidate = _Candidate(
                error,
                recursion,
                self.weights[m],
                {
                    name: self.factors[name][pick[1] if pick else 0]
                    for name, pick in zip(names, chosen, strict=True)
                },
                frozenset(
                    name
                    for name, pick in zip(names, chosen, strict=True)
                    if pick and self.own[name][pick[0]][0]
                ),
                frozenset(name for name, pick in zip(names, chosen, strict=True) if not pick),
            )
            if candidate.cost <= MOST_MISTAKES:
                yield candidate

    def verified(self, candidate: _Candidate) -> Iterator[Explanation]:
        """The candidate, once for each way to name its scales, if its gradients are the given."""
        loop = self._loop(candidate)
        expected = {
            **loop.gradients(self.given),
            **{name: self.right[name] for name in candidate.untouched},
        }
        own = {
            name: array.T if name in candidate.transposed else array
            for name, array in self.given.items()
        }
        scales = {name: _scale(own[name], expected[name]) for name in own}
        fitted = {name: scales[name] * array for name, array in expected.items()}
        if not self.ruler.same(own, fitted):
            return
        sizes, steps = afterwards.norms(own), self.instance.steps
        free = {
            name: scale
            for name, scale in scales.items()
            if sizes[name] > 0 and name not in candidate.untouched
        }
        slack = 4 * self.ruler.tolerance
        for named in afterwards.scale_names(free, sizes, steps, slack) if free else [[]]:
            made = [Made(BY_ID[row], argument, names) for row, argument, names in named]
            cost = candidate.cost + len(made)
            if (candidate.made or made) and cost <= MOST_MISTAKES:
                residual = self.ruler.residual(own, fitted)
                yield Explanation(
                    (*candidate.made, *made), cost, residual, loop, scales, own, candidate.untouched
                )

    def _loop(self, candidate: _Candidate) -> BackwardLoop:
        return BackwardLoop(
            self.instance.V,
            candidate.error.value,
            candidate.recursion.value,
            candidate.weights.value,
            {
                **self.instance.right.factors,
                **{name: choice.value for name, choice in candidate.factors.items()},
            },
        )


def _choices(instance: Instance, part: str) -> list[Choice]:
    found = [Choice(getattr(instance.right, part))]
    for mistake in of_part(part):
        for variant in mistake.variants(instance):
            found.append(Choice(variant.value, ((mistake, variant),)))
    return found


def _softmax_twice(instance: Instance, errors: Sequence[Choice]) -> Iterator[Choice]:
    """Two wrong errors at once: another one, and the derivative of softmax once more."""
    twice = next(each for each in errors if each.rows and each.rows[0][0].id == "softmax-twice")
    for other in errors:
        if other.rows and other is not twice:
            yield Choice(through_softmax(instance, other.value), (*twice.rows, *other.rows))


def _merged(recursions: Sequence[Choice]) -> Iterator[Choice]:
    """Two wrong recursions at once, where they change different things."""
    right, *wrong = recursions
    for first, second in combinations(wrong, 2):
        changes = [_changes(right.value, each.value) for each in (first, second)]
        if not changes[0].keys() & changes[1].keys():
            merged = replace(right.value, **changes[0], **changes[1])
            yield Choice(merged, (*first.rows, *second.rows))


def _changes(right: Recursion, other: Recursion) -> dict[str, Any]:
    names = (each.name for each in fields(Recursion))
    pairs = ((name, getattr(right, name), getattr(other, name)) for name in names)
    return {name: new for name, old, new in pairs if not np.array_equal(old, new)}


def _direction(size: int) -> Array:
    return np.ones(1) if size == 1 else np.random.default_rng(0).standard_normal(size)


def _scale(own: Array, expected: Array) -> float:
    square = float(np.vdot(expected, expected))
    return float(np.vdot(expected, own)) / square if square > 0 else 1.0


def _clipped(instance: Instance, given: Gradient, ruler: Ruler) -> list[Explanation]:
    """Explanations by an elementwise clip, alone or of what another mistake gives."""
    found = []
    c = afterwards.largest(given)
    at_c = sum(int((np.abs(array) >= c * (1 - ruler.tolerance)).sum()) for array in given.values())
    if not c > 0:
        return []
    clip = Made(BY_ID["clipped-elementwise"], c, tuple(given))
    right = instance.right.gradients(given)
    if ruler.same(given, afterwards.clip(right, c)):
        residual = ruler.residual(given, afterwards.clip(right, c))
        return [Explanation((clip,), 1, residual, instance.right, {}, given)]
    for mistake in CATALOGUE if at_c > 1 else ():
        if mistake.id.startswith("clipped"):
            continue
        for variant, gradient in mistake.gradients(instance, given):
            clipped = afterwards.clip(gradient, c)
            if ruler.same(given, clipped):
                made = (Made(mistake, variant.argument, tuple(given), variant.detail), clip)
                residual = ruler.residual(given, clipped)
                found.append(Explanation(made, 2, residual, instance.right, {}, given))
    return found


def untestable(instance: Instance, names: Any, ruler: Ruler) -> tuple[str, ...]:
    """The mistakes that give the right gradients on this instance, in the catalogue's order."""
    right = instance.right.gradients(names)
    with np.errstate(all="ignore"):
        return tuple(
            mistake.id
            for mistake in CATALOGUE
            if any(ruler.same(right, found) for _, found in mistake.gradients(instance, names))
        )
