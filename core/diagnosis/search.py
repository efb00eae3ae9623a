"""The search for the fewest mistakes whose gradients are the given ones.

Every combination of choices is tried that agrees along a few directions, fewest mistakes first. A
factor and a transpose of each gradient are free, and named afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np

from core.diagnosis import afterwards
from core.diagnosis.candidates import Candidate, Candidates, Made
from core.diagnosis.loop import BackwardLoop, Gradient, Instance
from core.diagnosis.mistakes import BY_ID, CATALOGUE
from core.diagnosis.ruler import Ruler
from core.numbers import Array
from core.records import Record

MOST_MISTAKES = 3
"""The most mistakes at once that are looked for, transposes and scales among them."""

LONGEST = 128
"""The largest T that is searched: every truncation has T² weights, and there are 4T."""

LARGEST = 2**20
"""The largest T²·H, T²·C and T·D that are searched: T = 100 at H = C = 100 and D = 10 000."""

_LARGE = 2**17  # T²·H above which no three mistakes at once are looked for

_MOST_TRIED = 1000  # on an instance of a few numbers everything agrees with everything


class Explanation(Record, eq=False):
    """Mistakes that together give the user's gradients.

    `loop` is the user's; what was done to its gradients afterwards are `scales`, by parameter, and
    transposes. `untouched` parameters are right all the same.
    """

    made: tuple[Made, ...]
    cost: float
    residual: float
    loop: BackwardLoop
    scales: Mapping[str, float]
    untouched: frozenset[str] = frozenset()

    @property
    def order(self) -> tuple[float, list[int]]:
        """The fewest mistakes first, then as in the catalogue."""
        return self.cost, [_ROW[made.mistake.id] for made in self.made]


_ROW = {mistake.id: row for row, mistake in enumerate(CATALOGUE)}


def explanations(instance: Instance, given: Gradient, ruler: Ruler) -> list[Explanation]:
    """The explanations with the fewest mistakes, best first; none if there are none."""
    candidates = Candidates(instance, given, ruler)
    # What was never computed is zero, and so is what two mistakes together leave of nothing.
    computed = all(array.any() for array in given.values())
    for most in range(1, 1 + (_most_mistakes(instance) if computed else 1)):
        found = [
            explanation
            for candidate in islice(candidates.with_at_most(most), _MOST_TRIED)
            for explanation in _verified(candidate, instance, given, ruler)
            if explanation.cost < most + 1
        ]
        found += [each for each in _clipped(instance, given, ruler) if len(each.made) == most]
        if found:
            best = min(explanation.cost for explanation in found)
            fewest = [explanation for explanation in found if explanation.cost == best]
            return sorted(fewest, key=lambda explanation: explanation.order)
    return []


def searchable(instance: Instance) -> bool:
    """Whether the instance is small enough for a search."""
    theta, steps = instance.tape.theta, instance.steps
    widest = max(steps * theta.hidden, steps * theta.outputs, theta.inputs)
    return steps <= LONGEST and steps * widest <= LARGEST


def _most_mistakes(instance: Instance) -> int:
    large = instance.steps**2 * len(instance.W) > _LARGE
    return MOST_MISTAKES - 1 if large else MOST_MISTAKES


def _verified(
    candidate: Candidate, instance: Instance, given: Gradient, ruler: Ruler
) -> Iterator[Explanation]:
    """The candidate, once for each way to name its scales, if its gradients are the given."""
    loop = candidate.loop(instance)
    own = {n: array.T if n in candidate.transposed else array for n, array in given.items()}
    expected = loop.gradients(given) | instance.right.gradients(candidate.untouched)
    scales = {name: _scale(own[name], expected[name]) for name in own}
    fitted = {name: scales[name] * array for name, array in expected.items()}
    if not ruler.same(own, fitted):
        return
    sizes = afterwards.norms(own)
    free = {n: scales[n] for n in own if sizes[n] > 0 and n not in candidate.untouched}
    slack = 4 * ruler.tolerance
    names = afterwards.scale_names(free, sizes, instance.steps, slack) if free else [[]]
    for named in names:
        afterward = [Made(BY_ID[row], argument, where) for row, argument, where in named]
        made = (*candidate.made, *afterward)
        if made:
            yield Explanation(
                made,
                candidate.cost + len(names[0]),
                ruler.residual(own, fitted),
                loop,
                scales,
                candidate.untouched,
            )


def _scale(own: Array, expected: Array) -> float:
    square = float(np.vdot(expected, expected))
    return float(np.vdot(expected, own)) / square if square > 0 else 1.0


def _clipped(instance: Instance, given: Gradient, ruler: Ruler) -> list[Explanation]:
    """Explanations by an elementwise clip, alone or of what another mistake gives."""
    c = afterwards.largest(given)
    if not c > 0:
        return []
    clip = Made(BY_ID["clipped-elementwise"], c, tuple(given))
    right = afterwards.clip(instance.right.gradients(given), c)
    if ruler.same(given, right):
        return [Explanation((clip,), 1, ruler.residual(given, right), instance.right, {})]
    limit = c * (1 - ruler.tolerance)
    if sum(int((np.abs(array) >= limit).sum()) for array in given.values()) < 2:
        return []
    found = []
    for mistake in CATALOGUE:
        for variant, gradient in mistake.gradients(instance, given):
            clipped = afterwards.clip(gradient, c)
            if not mistake.id.startswith("clipped") and ruler.same(given, clipped):
                made = (Made(mistake, variant.argument, tuple(given), variant.detail), clip)
                residual = ruler.residual(given, clipped)
                found.append(Explanation(made, 2, residual, instance.right, {}))
    return found


def untestable(instance: Instance, names: Iterable[str], ruler: Ruler) -> tuple[str, ...]:
    """The mistakes that give the right gradients on this instance, in the catalogue's order."""
    right = instance.right.gradients(names)
    return tuple(
        mistake.id
        for mistake in CATALOGUE
        if any(ruler.same(right, found) for _, found in mistake.gradients(instance, right))
    )
