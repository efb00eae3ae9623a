"""What a step does to a gradient that passes through it: ‖∂s_j/∂s_{j−1}‖₂ and its radius."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.numbers import Array, unit_scale


class Spectrum(NamedTuple):
    """‖J‖₂, the most that J lengthens a vector, and ρ(J) = max |λ|, what many such steps tend to.

    ρ ≤ ‖J‖₂. A matrix that holds an infinity has the norm inf, one with a NaN the norm NaN; the
    radius of either is NaN.
    """

    norm: float
    radius: float


def spectrum(matrix: Array) -> Spectrum:
    """The spectral norm and the spectral radius of a square matrix (n, n), O(n³)."""
    if np.isnan(matrix).any():
        return Spectrum(np.nan, np.nan)
    if np.isinf(matrix).any():
        return Spectrum(np.inf, np.nan)
    (scaled,), (exponent,) = unit_scale(matrix.reshape(1, -1))
    scaled = scaled.reshape(matrix.shape)
    norm = np.linalg.svd(scaled, compute_uv=False)[0]
    radius = np.abs(np.linalg.eigvals(scaled)).max()
    with np.errstate(all="ignore"):
        return Spectrum(float(np.ldexp(norm, exponent)), float(np.ldexp(radius, exponent)))
