"""How far back gradients reach, as one number: the lag that holds most of Σ_k ‖∂E_t/∂s_k‖."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from core.numbers import Array
from core.tape import Tape

PART = 0.9


def lags(reach: Array, part: float = PART) -> Array:
    """(T,): for each E_t the smallest lag t − k that, with those below it, holds `part` of the sum.

    reach is (T, T), ‖∂E_t/∂s_k‖ at [t, k]. NaN where the sum is zero or not finite.
    """
    steps = len(reach)
    by_lag = np.zeros_like(reach)
    for t in range(steps):
        by_lag[t, : t + 1] = reach[t, t::-1]
    with np.errstate(all="ignore"):
        summed = np.cumsum(by_lag / by_lag.max(axis=1, keepdims=True), axis=1)
        whole = summed[:, -1]
        found = (summed < part * whole[:, None]).sum(axis=1).astype(float)
    return np.where(np.isfinite(whole), found, np.nan)


def median_lag(tapes: Iterable[Tape], part: float = PART) -> float:
    """The median of the lags over all errors of some sequences; NaN if none has any."""
    found = np.concatenate([lags(tape.reach(), part) for tape in tapes])
    found = found[~np.isnan(found)]
    return float(np.median(found)) if len(found) else float("nan")
