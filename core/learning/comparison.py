"""Truncations side by side on one sequence: what each keeps, costs, and gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from math import nan
from typing import Any

import numpy as np

from core.numbers import Array, frobenius, unit_scale
from core.records import Record
from core.tape import Tape
from core.theta import by_name
from core.truncation import Truncation

STYLES: Mapping[str, Callable[[int, int], Truncation]] = {
    "window": lambda n, steps: Truncation(1, n),  # every error goes back n steps
    "chunks": lambda n, steps: Truncation(n, n),
    "end": lambda n, steps: Truncation(steps, n),  # the last n steps alone
}
"""How people truncate to n steps, by name: n and T make the truncation."""


class Comparison(Record):
    """A truncated gradient beside the full one, g.

    `kept` of `terms` terms (t, k) are in it; `sweep` counts the steps back that it takes, a product
    with Wᵀ each. By parameter: `errors` ‖g_trunc − g‖ / ‖g‖, and `cosines` of the angle between
    them. NaN where a norm that is divided by is zero; empty as long as nobody has worked them out.
    """

    style: str
    n: int
    truncation: Truncation
    kept: int
    terms: int
    sweep: int
    errors: Mapping[str, float] = field(default_factory=dict)
    cosines: Mapping[str, float] = field(default_factory=dict)

    def beside(self, found: Any, full: Any) -> Comparison:
        """With the errors and cosines of the truncated gradient that was found."""
        pairs = {name: (array, getattr(full, name)) for name, array in by_name(found).items()}
        errors = {name: relative_error(*pair) for name, pair in pairs.items()}
        return replace(self, errors=errors, cosines={n: cosine(*pair) for n, pair in pairs.items()})


def counted(style: str, n: int, truncation: Truncation, steps: int) -> Comparison:
    """What a truncation keeps and costs on T = `steps`."""
    blocks = truncation.blocks(steps)
    return Comparison(
        style=style,
        n=n,
        truncation=truncation,
        kept=sum(max(0, t + 1 - truncation.first(t, steps)) for t in range(steps)),
        terms=steps * (steps + 1) // 2,
        sweep=int((blocks[:, 1] - blocks[:, 2] + 1).sum()),
    )


def compare(tape: Tape, style: str, n: int, truncation: Truncation, full: Any) -> Comparison:
    """A truncation of the gradient of a tape beside the full gradient."""
    found = counted(style, n, truncation, tape.steps)
    return found.beside(tape.gradient(truncation), full)


def comparisons(
    tape: Tape, lengths: Sequence[int] | None = None, chosen: Truncation | None = None
) -> Iterator[Comparison]:
    """Every style at every n, the full gradient, and at the end a truncation of one's own.

    lengths: the n, 1 … T unless given.
    """
    full = tape.gradient()
    for n in range(1, tape.steps + 1) if lengths is None else lengths:
        for style, made in STYLES.items():
            yield compare(tape, style, n, made(n, tape.steps), full)
    yield compare(tape, "full", tape.steps, Truncation(tape.steps, tape.steps), full)
    if chosen is not None:
        yield compare(tape, "chosen", chosen.k2, chosen, full)


ALL = 16
"""Up to so many steps, some n are every n."""


def some_lengths(steps: int) -> list[int]:
    """n = 1 … T; of a T > 16 the powers of two, those one and a half times as large, and T."""
    if steps <= ALL:
        return list(range(1, steps + 1))
    powers = [2**i for i in range(steps.bit_length())]
    some = {n for power in powers for n in (power, 3 * power // 2) if n < steps}
    return sorted({*some, steps})


def relative_error(found: Array, expected: Array) -> float:
    """‖found − expected‖ / ‖expected‖; NaN if expected is zero."""
    with np.errstate(all="ignore"):
        difference, size = (frobenius(array) for array in (found - expected, expected))
    return difference / size if size else nan


def cosine(found: Array, expected: Array) -> float:
    """The cosine of the angle between two arrays; NaN if one is zero."""
    one, other = (unit_scale(array.reshape(1, -1))[0][0] for array in (found, expected))
    with np.errstate(all="ignore"):
        sizes = frobenius(one) * frobenius(other)
        return float(np.clip(np.vdot(one, other) / sizes, -1, 1)) if sizes else nan
