"""What can be said of gradients that no mistake of the catalogue explains."""

from __future__ import annotations

from collections.abc import Mapping

from core.diagnosis.first_wrong import entry
from core.diagnosis.loop import Gradient, Instance
from core.diagnosis.report import UNKNOWN, Finding
from core.diagnosis.ruler import Ruler
from core.diagnosis.search import searchable


def multiples(given: Gradient, right: Gradient, ruler: Ruler) -> dict[str, float]:
    """By parameter, how many times the right gradient the given one is, where it is a multiple."""
    found = {name: ruler.factor(name, array, right[name]) for name, array in given.items()}
    return {name: factor for name, factor in found.items() if factor is not None}


def unknown(
    instance: Instance,
    given: Gradient,
    right: Gradient,
    ruler: Ruler,
    times: Mapping[str, float],
    forward: str,
) -> Finding:
    """The one finding: in which parameters, its argument a factor that they share, and where.

    times: see `multiples`. forward: see `other_forward`. Of what is done outside the loop, or
    before it, there is no step.
    """
    wrong = tuple(name for name in given if not ruler.same({name: given[name]}, right))
    shaped = all(given[name].shape == right[name].shape for name in given)
    computed = any(array.any() for array in given.values())
    outside = bool(forward) or not computed or set(wrong) == times.keys() == given.keys()
    located = searchable(instance) and shaped and not outside
    return Finding(
        UNKNOWN,
        wrong,
        _shared(wrong, times, ruler.tolerance),
        ruler.residual(given, right),
        entry(instance, given, ruler) if located else None,
    )


def _shared(wrong: tuple[str, ...], times: Mapping[str, float], tolerance: float) -> float | None:
    """The factor of all that are wrong, None if they have different ones, or none."""
    factors = [times.get(name) for name in wrong]
    first = factors[0]
    slack = 4 * tolerance
    if first is None or any(f is None or abs(f - first) > slack * abs(first) for f in factors):
        return None
    return first
