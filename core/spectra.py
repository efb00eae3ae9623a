"""What a step does to a gradient that passes through it: the spectrum of ∂s_j/∂s_{j−1}."""

from __future__ import annotations

import numpy as np

from core.numbers import Array, unit_scale
from core.records import Record


class Spectrum(Record, eq=False):
    """`singular` values σ (n,) of a square matrix J, descending, and its spectral radius.

    ‖J‖₂ = σ_0 is the most that J lengthens a vector; ρ(J) = max |λ| ≤ ‖J‖₂ is what many such steps
    tend to. A matrix that holds an infinity has the norm inf, one with a NaN the norm NaN; its
    other numbers are NaN.
    """

    singular: Array
    radius: float

    @property
    def norm(self) -> float:
        """‖J‖₂."""
        return float(self.singular[0])


def spectrum(matrix: Array) -> Spectrum:
    """The singular values and the spectral radius of a square matrix (n, n), O(n³)."""
    if not np.isfinite(matrix).all():
        nothing = np.full(len(matrix), np.nan)
        nothing[0] = np.nan if np.isnan(matrix).any() else np.inf
        return Spectrum(nothing, float("nan"))
    (scaled,), (exponent,) = unit_scale(matrix.reshape(1, -1))
    scaled = scaled.reshape(matrix.shape)
    singular = np.linalg.svd(scaled, compute_uv=False)
    radius = np.abs(np.linalg.eigvals(scaled)).max()
    with np.errstate(all="ignore"):
        return Spectrum(np.ldexp(singular, exponent), float(np.ldexp(radius, exponent)))
