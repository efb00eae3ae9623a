"""What is done to finished gradients: a scale, a transpose, a clip; and how a scale is named."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from core.diagnosis.loop import Gradient, Instance, Variant
from core.numbers import Array

Change = Callable[[Gradient], Gradient]
Variants = Callable[[Instance], Iterable[Variant]]

NATS_PER_BIT = math.log(2)
MOST_PASSES = 16
"""The most backward passes whose sum is named: 2G, 3G, …"""
MOST_SEQUENCES = 64
"""The most sequences in a batch whose mean is named: G/(T·batch)."""

Named = tuple[str, float, tuple[str, ...]]
"""A scale by name: the row's identifier, its argument, the parameters that have it."""


def always(*changes: Change) -> Variants:
    """Rows whose change does not depend on the instance."""
    return lambda instance: [Variant(change) for change in changes]


def scaled(factor: float) -> Change:
    """Every gradient times a number."""
    return lambda gradient: {name: factor * array for name, array in gradient.items()}


def transposed(*names: str) -> Change:
    """Some of the matrices transposed."""
    return lambda gradient: {
        name: array.T if name in names else array for name, array in gradient.items()
    }


def mean(instance: Instance) -> Iterator[Variant]:
    """G/T."""
    yield Variant(scaled(1 / instance.steps), 1 / instance.steps)


def clip(gradient: Gradient, c: float) -> dict[str, Array]:
    """Each number held within ±c."""
    return {name: np.clip(array, -c, c) for name, array in gradient.items()}


def _halfway(
    size: Callable[[Gradient], float], change: Callable[[Gradient, float], Gradient]
) -> Variants:
    """One variant, with a c that is half of what it clips: c itself is read off a gradient."""
    return always(lambda gradient: change(gradient, size(gradient) / 2))


def norms(gradient: Gradient) -> dict[str, float]:
    """‖·‖ of each gradient."""
    return {name: float(np.linalg.norm(array)) for name, array in gradient.items()}


def total_norm(gradient: Gradient) -> float:
    """‖·‖ of all gradients together."""
    return math.hypot(*norms(gradient).values())


def largest(gradient: Gradient) -> float:
    """The largest number, absolute values."""
    return max((float(np.abs(array).max()) for array in gradient.values()), default=0.0)


def _global(gradient: Gradient, c: float) -> Gradient:
    return scaled(min(1.0, c / (total_norm(gradient) or 1.0)))(gradient)


def _each(gradient: Gradient, c: float) -> Gradient:
    factor = {name: min(1.0, c / (size or 1.0)) for name, size in norms(gradient).items()}
    return {name: factor[name] * array for name, array in gradient.items()}


clipped_elementwise: Variants = _halfway(largest, clip)
clipped_global: Variants = _halfway(total_norm, _global)
clipped_each: Variants = _halfway(lambda gradient: max(norms(gradient).values()), _each)


# From a scale to its name


def scale_names(
    scales: Mapping[str, float], sizes: Mapping[str, float], steps: int, tolerance: float
) -> list[list[Named]]:
    """What may have been done, given each gradient's factor and its norm as the user has it.

    Alternatives, the likelier first; each is a list of changes, an empty one if nothing was done.
    No alternative if the factors have no name.
    """
    groups = _groups(scales, tolerance)
    if list(groups) == [1.0]:
        return [[]]
    named = [_named(scale, names, steps, tolerance) for scale, names in groups.items()]
    clips = [*_clips(groups, scales, sizes, tolerance)]
    if not all(found is not None for found in named):
        return clips
    changes = [change for found in named for change in found or []]
    # 2/T is often a round number, which a clip may be as well.
    round_number = {"doubled", "mean"} <= {name for name, _, _ in changes}
    return [changes, *(clips if round_number else [])]


def _groups(scales: Mapping[str, float], tolerance: float) -> dict[float, tuple[str, ...]]:
    found: dict[float, tuple[str, ...]] = {}
    for name, scale in scales.items():
        close = [other for other in [1.0, *found] if abs(scale - other) <= tolerance * abs(other)]
        key = close[0] if close else scale
        found[key] = (*found.get(key, ()), name)
    return found


def _named(
    scale: float, names: tuple[str, ...], steps: int, tolerance: float
) -> list[Named] | None:
    size = abs(scale)
    sign: list[Named] = [("sign", -1.0, names)] if scale < 0 else []
    for change, rest in _sizes(size, steps):
        if abs(rest - 1) <= tolerance:
            return [*sign, *((identifier, value, names) for identifier, value in change)]
    return None


def _sizes(size: float, steps: int) -> Iterator[tuple[Sequence[tuple[str, float]], float]]:
    """Ways to name a scale, the simpler first, and what is left of it: 1 if the name is right."""
    bits = 1 / NATS_PER_BIT
    for unit, rest in (([], size), ([("bits", bits)], size / bits)):
        yield unit, rest
        passes = round(rest)
        if 2 <= passes <= MOST_PASSES:
            yield [*unit, ("doubled", float(passes))], rest / passes
        yield from (([*unit, *named], left) for named, left in _means(rest, steps))


def _means(size: float, steps: int) -> Iterator[tuple[list[tuple[str, float]], float]]:
    over_steps = size * steps
    sequences = round(1 / over_steps) if over_steps > 1 / (2 * MOST_SEQUENCES) else 0
    if 1 <= sequences <= MOST_SEQUENCES and steps * sequences > 1:
        yield [("mean", 1 / (steps * sequences))], over_steps * sequences
    if steps > 1:
        yield [("doubled", 2.0), ("mean", 1 / steps)], over_steps / 2


def _clips(
    groups: Mapping[float, tuple[str, ...]],
    scales: Mapping[str, float],
    sizes: Mapping[str, float],
    tolerance: float,
) -> Iterator[list[Named]]:
    if not all(0 < scale <= 1 for scale in groups):
        return
    if len(groups) == 1:
        yield [("clipped-global-norm", math.hypot(*sizes.values()), tuple(scales))]
    clipped = tuple(name for scale, names in groups.items() if scale != 1 for name in names)
    c = sizes[clipped[0]]
    same = all(abs(sizes[name] - c) <= tolerance * c for name in clipped)
    if same and all(sizes[name] <= c * (1 + tolerance) for name in scales):
        yield [("clipped-matrix-norm", c, clipped)]
