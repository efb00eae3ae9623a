"""Combinations of choices that agree with given gradients along a few directions.

A combination costs a vector for each parameter instead of a matrix: Σ_k d_k ⊗ f_k is compared
along r, as Σ_k d_k (f_k · r), up to a factor. What agrees there is still to be computed in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from core.diagnosis import choices
from core.diagnosis.choices import Choice
from core.diagnosis.loop import MATRICES, READOUT, RECURRENT, BackwardLoop, Gradient, Instance
from core.diagnosis.mistakes import BY_ID, FACTORS, Mistake
from core.diagnosis.ruler import Ruler
from core.numbers import Array
from core.records import Record

_NUMBERS = 4  # that are compared for each parameter at least, where it has as many
_MOST_PARTLY = 2  # mistakes at once, where the readout is right all the same
_WHOLE = {"stops-at-1": RECURRENT, "not-accumulated": (*RECURRENT, *READOUT)}


class Made(Record, eq=False):
    """A mistake that was made: where, with which n, c or scale, and which of several it is."""

    mistake: Mistake
    argument: float | None
    parameters: tuple[str, ...]
    detail: str = ""
    line: str | None = None  # of the algorithm, if it is not the row's


class Candidate(Record, eq=False):
    """A combination. `untouched` parameters are right all the same, whatever the choices."""

    error: Choice
    recursion: Choice
    weights: Choice
    factors: Mapping[str, Choice]
    transposed: frozenset[str]
    untouched: frozenset[str]
    turnable: frozenset[str]  # matrices that are not their own transposes

    def loop(self, instance: Instance) -> BackwardLoop:
        """The loop that it is."""
        factors = {name: choice.value for name, choice in self.factors.items()}
        return BackwardLoop(
            instance.V,
            self.error.value,
            self.recursion.value,
            self.weights.value,
            {**instance.right.factors, **factors},
        )

    @cached_property
    def made(self) -> list[Made]:
        """The mistakes, in the order of the algorithm."""
        names = [name for name in self.factors if name not in self.untouched]
        recurrent = [name for name in names if name in RECURRENT]
        reweighed = bool((self.weights.value.readout != 1).any())
        parts = (
            (self.error, names),
            (self.recursion, recurrent),
            (self.weights, names if reweighed else recurrent),
        )
        found = [
            Made(row, variant.argument, tuple(where), variant.detail, variant.line)
            for choice, where in parts
            for row, variant in choice.rows
        ]
        chosen: dict[tuple[Mistake, str], list[str]] = {}
        for name in names:
            for row, variant in self.factors[name].rows:
                chosen.setdefault((row, variant.detail), []).append(name)
        found += [Made(row, None, tuple(where), detail) for (row, detail), where in chosen.items()]
        return found + self._transposes

    @property
    def _transposes(self) -> list[Made]:
        if not self.transposed:
            return []
        whole = self.transposed == self.turnable and self.transposed != {"W"}
        row = BY_ID["row-convention" if whole else "dW-transposed"]
        return [Made(row, None, tuple(name for name in MATRICES if name in self.transposed))]

    @property
    def cost(self) -> float:
        """The number of mistakes; a little more for one that is only partly there."""
        partly = 0.5 * bool(self.untouched)
        for made in self.made:
            if made.mistake.part == FACTORS:
                whole = set(_WHOLE.get(made.mistake.id, ())) & set(self.factors)
                partly += 0.25 * (not whole <= set(made.parameters))
        return len(self.made) + partly


class Candidates:
    """The combinations for some given gradients."""

    def __init__(self, instance: Instance, given: Gradient, ruler: Ruler) -> None:
        self.instance, self.given, self.ruler = instance, given, ruler
        right = instance.right.gradients(given)
        self.untouched = frozenset(name for name in given if ruler.same({name: given[name]}, right))
        self.turnable = frozenset(
            name for name in given if not np.array_equal(given[name], given[name].T)
        )
        self.errors = choices.errors(instance)
        self.recursions = choices.recursions(instance)
        self.weights = choices.weights(instance)
        self.factors = {name: choices.factors(instance, name) for name in given}
        self.own = {name: dict(_orientations(given[name], right[name])) for name in given}
        self.directions = {name: _directions(right[name]) for name in given}
        self.along = {
            name: np.stack([each.value @ self.directions[name] for each in found])
            for name, found in self.factors.items()
        }  # (choices, T, r)
        found = [each.value for each in self.weights]
        self.rows = np.array([len(each.rows) for each in self.weights])
        self.terms = np.stack([each.terms.T for each in found], axis=1)  # (k, m, t)
        self.readout = np.stack([each.readout for each in found])  # (m, t)
        self.slack = max(2500 * ruler.tolerance**2, 1e-12)

    def with_at_most(self, most: int) -> Iterator[Candidate]:
        """The combinations of at most so many mistakes, not counting scales."""
        with np.errstate(all="ignore"):
            some = False
            possible = [each for each in self.errors if len(each.rows) <= most]
            agreeing = [error for error in possible if self._agrees(error)]
            for error in agreeing:
                for candidate in self._with_error(error, most):
                    some = True
                    yield candidate
            if not some and most <= _MOST_PARTLY:  # an error may be wrong in the recurrence alone
                for error in possible:
                    if error not in agreeing:
                        yield from self._with_error(error, most)

    def _agrees(self, error: Choice) -> bool:
        return all(found.any() for found in self._readout(error).values())

    def _readout(self, error: Choice) -> dict[str, Array]:
        if error not in self._readouts:
            weighed = self.readout.T[:, :, None] * error.value[:, None]  # (t, m, C)
            self._readouts[error] = {
                name: self._matches(
                    name, np.tensordot(self.along[name], weighed, (1, 0)).swapaxes(1, 2)
                )
                for name in READOUT
                if name in self.given
            }
        return self._readouts[error]

    @cached_property
    def _readouts(self) -> dict[Choice, dict[str, Array]]:
        return {}

    def _with_error(self, error: Choice, most: int) -> Iterator[Candidate]:
        readout = self._readout(error)
        possible = np.ones(len(self.weights), bool)
        for name, agreeing in readout.items():
            possible &= self._any(name, agreeing)
        recurrent = [name for name in self.given if name in RECURRENT]
        joining = error.value @ self.instance.V
        for recursion in self.recursions if recurrent else self.recursions[:1]:
            left = most - len(error.rows) - len(recursion.rows)
            if len(recursion.rows) > 1:
                left = min(left, 0)  # two in one line come with no third but a scale
            which = np.flatnonzero(possible & (self.rows <= left))
            if left < 0 or not len(which):
                continue
            matched = {name: found[:, :, which] for name, found in readout.items()}
            still = np.ones(len(which), bool)
            if recurrent:
                accumulated = self.terms[:, which] @ recursion.value.deltas(joining)  # (k, m, H)
            for name in recurrent:
                along = np.tensordot(self.along[name], accumulated, (1, 0))  # (choices, r, m, H)
                matched[name] = self._matches(name, along.swapaxes(1, 2))
                still &= self._any(name, matched[name])
                if not still.any():
                    recurrent.sort(key=name.__ne__)  # what fails once fails again: asked first
                    break
            for m in np.flatnonzero(still):
                weights = self.weights[which[m]]
                here = {name: found[:, :, m] for name, found in matched.items()}
                for picked in self._picked(here, left - len(weights.rows)):
                    yield self._candidate(error, recursion, weights, picked)

    def _any(self, name: str, matched: Array) -> Array:
        """(m,): whether some choice agrees, or the given gradient is right whatever the choice."""
        return np.asarray(matched.any(axis=(0, 1)) | (name in self.untouched))

    def _matches(self, name: str, along: Array) -> Array:
        """(orientations, choices, m): whether the given one is a multiple of each, along r.

        along: (choices, m, r, rows).
        """
        along = along.reshape(*along.shape[:2], -1)
        squares = np.vecdot(along, along)
        room = self.ruler.tolerance * self.ruler.floors[name]
        room *= float(np.linalg.norm(self.directions[name]))
        found = []
        for oriented in self.own[name].values():
            own = (oriented @ self.directions[name]).T.ravel()
            inner, size = along @ own, own @ own
            parallel = (inner**2 >= (1 - self.slack) * squares * size) & (squares > 0) & (size > 0)
            found.append(parallel | (squares + size - 2 * inner <= room**2))
        return np.array(found).reshape(-1, *squares.shape)

    def _picked(self, matched: Mapping[str, Array], left: int) -> Iterator[dict[str, _Pick]]:
        """A choice for each parameter, so that they make at most `left` more mistakes."""
        options = {}
        for name in self.given:
            turns = list(self.own[name])
            found = [
                _Pick(self.factors[name][choice], turns[turn])
                for turn, choice in np.argwhere(matched[name])
            ]
            options[name] = found or [_Pick(self.factors[name][0], False, untouched=True)]
        yield from _combined(list(options.items()), left, frozenset())

    def _candidate(
        self, error: Choice, recursion: Choice, weights: Choice, picked: Mapping[str, _Pick]
    ) -> Candidate:
        return Candidate(
            error,
            recursion,
            weights,
            {name: pick.choice for name, pick in picked.items()},
            frozenset(name for name, pick in picked.items() if pick.transposed),
            frozenset(name for name, pick in picked.items() if pick.untouched),
            self.turnable,
        )


class _Pick(Record, eq=False):
    choice: Choice
    transposed: bool
    untouched: bool = False

    @cached_property
    def mistakes(self) -> frozenset[tuple[str, str]]:
        found = {(row.id, variant.detail) for row, variant in self.choice.rows}
        return frozenset(found | ({("transposed", "")} if self.transposed else set()))


def _combined(
    options: list[tuple[str, list[_Pick]]], left: int, before: frozenset[tuple[str, str]]
) -> Iterator[dict[str, _Pick]]:
    if not options:
        yield {}
        return
    (name, picks), *others = options
    for pick in picks:
        mistakes = before | pick.mistakes
        if len(mistakes) <= left:
            for rest in _combined(others, left, mistakes):
                yield {name: pick, **rest}


def _orientations(given: Array, right: Array) -> Iterator[tuple[bool, Array]]:
    """The gradient as a matrix, transposed or not, as far as its shape allows."""
    if given.ndim == 1:
        yield False, given[:, None]
        return
    if given.shape == right.shape:
        yield False, given
    if given.T.shape == right.shape and not np.array_equal(given, given.T):
        yield True, given.T


def _directions(right: Array) -> Array:
    """(columns, r): enough random directions to compare a few numbers; of a vector, itself."""
    if right.ndim == 1:
        return np.ones((1, 1))
    rows, columns = right.shape
    several = min(columns, -(-_NUMBERS // rows))
    return np.random.default_rng(0).standard_normal((columns, several))
