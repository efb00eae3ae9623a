"""An instance on which every mistake of the catalogue shows, and no two of them are the same."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from core.diagnosis.loop import Gradient, Instance, Variant
from core.diagnosis.mistakes import CATALOGUE, Mistake
from core.diagnosis.ruler import Ruler
from core.diagnosis.search import LARGEST
from core.errors import InputError
from core.numbers import Array
from core.parameters import NAMES, Parameters
from core.records import Record
from core.tape import Tape, record

APART = 1e-2
"""What any two mistakes differ by at least, relative: a hundred times what float32 rounds away."""

_TRIES = 20
_LARGEST_WEIGHT = 0.9

ALIKE = {
    frozenset({"state-constant", "truncated-window"}),
    frozenset({"state-constant", "truncated-chunks"}),
    frozenset({"truncated-window", "truncated-chunks"}),
    frozenset({"truncated-end", "last-error-truncated"}),
    frozenset({"truncated-end", "stops-at-1"}),
}
"""Rows that are one mistake for n = 1 or n = T − 1, on every instance: they are named together."""


class Probe(Record, eq=False):
    """Parameters U W V b c, x and y (T,), and the initial state (H,), none of it zero."""

    theta: Parameters
    x: Array
    y: Array
    initial_state: Array

    @property
    def tape(self) -> Tape:
        """The forward pass."""
        return record(self.theta, self.x, self.y, initial_state=self.initial_state)


def make_probe(steps: int, hidden: int, tokens: int) -> Probe:
    """The first random instance of this size on which all mistakes are told apart.

    Raises InputError for a size with which they are not.
    """
    for name, size, least in (("steps", steps, 4), ("hidden", hidden, 2), ("tokens", tokens, 3)):
        if size < least:
            raise InputError(f"--{name} {size}: expected {least} or more, to tell mistakes apart")
    if steps**2 * max(hidden, tokens) > LARGEST // 32:
        raise InputError(
            f"--steps {steps} --hidden {hidden} --tokens {tokens}: a probe is small; "
            "the mistakes show within 8 steps"
        )
    pair = None
    for seed in range(_TRIES):
        probe = _random(np.random.default_rng(seed), steps, hidden, tokens)
        pair = next(confused(probe), None)
        if pair is None:
            return probe
    first, second = pair or ("", "")
    raise InputError(
        f"--steps {steps} --hidden {hidden} --tokens {tokens}: no instance of this size was found "
        f"that tells {first} from {second}; use a larger --hidden or fewer --steps"
    )


def _random(rng: np.random.Generator, steps: int, hidden: int, tokens: int) -> Probe:
    def draw(*shape: int) -> Array:
        return (2 * rng.random(shape) - 1) * _LARGEST_WEIGHT

    theta = Parameters(
        U=draw(hidden, tokens),
        W=draw(hidden, hidden) * min(1.0, 2 / np.sqrt(hidden)),
        V=draw(tokens, hidden),
        b=draw(hidden) / 2,
        c=draw(tokens) / 2,
    )
    x, y = rng.integers(0, tokens, steps), rng.integers(0, tokens, steps)
    x[-2] = x[1]  # a token that is read twice, not at either end
    return Probe(theta, x, y, draw(hidden) * 0.8)


def confused(probe: Probe) -> Iterator[tuple[str, str]]:
    """Pairs of rows, or "right" and a row, that this instance does not tell apart."""
    instance = Instance.of(probe.tape)
    ruler = Ruler.of(instance, NAMES, APART)
    right = instance.right.gradients(NAMES)
    made: list[tuple[Mistake, Variant, Gradient]] = [
        (row, *variant) for row in CATALOGUE for variant in row.gradients(instance, NAMES)
    ]
    for row, _, gradient in made:
        if ruler.same(right, gradient):
            yield "right", row.id
    for (row, variant, gradient), (other, second, another) in combinations(made, 2):
        if row is other or _alike(row, variant, other, second, instance.steps):
            continue
        if ruler.same(gradient, another):
            yield row.id, other.id


def _alike(row: Mistake, variant: Variant, other: Mistake, second: Variant, steps: int) -> bool:
    ends = {None, 1, steps - 1}
    return {row.id, other.id} in ALIKE and {variant.argument, second.argument} <= ends
