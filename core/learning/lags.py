"""How far back gradients reach, as one number: the lag that holds most of Σ_k ‖∂E_t/∂s_k‖."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from core.learning.history import History
from core.numbers import Array
from core.tape import Tape

PART = 0.9


def lags(reach: Array, part: float = PART, errors: Iterable[int] | None = None) -> Array:
    """(T,): for each E_t the smallest lag t − k that, with those below it, holds `part` of the sum.

    reach is (T, T), ‖∂E_t/∂s_k‖ at [t, k], or has a row for each of the errors that `Tape.reach`
    was asked for. NaN where the sum is zero or not finite.
    """
    by_lag = np.zeros_like(reach)
    for row, t in enumerate(range(len(reach)) if errors is None else errors):
        by_lag[row, : t + 1] = reach[row, t::-1]
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


def median_lags(history: History, steps: Iterable[int], part: float = PART) -> Iterator[float]:
    """How far gradients reach as a network learns: the median lag after so many steps each."""
    for step in steps:
        training, theta = history.training_at(step), history.at(step).theta
        sequences = range(len(training.sequences))
        yield median_lag((training.record(theta, sequence) for sequence in sequences), part)
