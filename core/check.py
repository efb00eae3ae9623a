"""A check of the gradient that shares nothing with the backward sweep: the complex step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from core.errors import InputError
from core.numbers import Array
from core.tape import Tape

STEP = 1e-30
"""Small enough that its square vanishes beside 1; nothing is subtracted, so nothing cancels."""


def gradient_check(tape: Tape) -> dict[str, float]:
    """Each parameter's largest error, relative to the parameter's largest derivative.

        ∂E/∂θ_i = Im E(θ + i h e_i) / h

    One forward pass per number of θ: O(size of θ · T·H²). 1e-13 is a right gradient. NaN where the
    loss or a derivative is not finite.

    Raises InputError for what is no tape.

    Source: Squire and Trapp (1998), "Using complex variables to estimate derivatives of real
    functions".
    """
    if not isinstance(tape, Tape):
        raise InputError(f"{tape}: expected a Tape, as record() makes one")
    gradient = tape.gradient()
    return {
        name: _largest_error(getattr(gradient, name), complex_step(tape, name))
        for name in tape.program.parameters
    }


def complex_step(tape: Tape, name: str) -> Array:
    """∂E/∂θ for one parameter, a forward pass for each of its numbers."""
    value = getattr(tape.theta, name)
    found = np.empty(value.shape)
    nudged = value.astype(complex)
    for index in np.ndindex(value.shape):
        nudged[index] += STEP * 1j
        found[index] = _loss(tape, replace(tape.theta, **{name: nudged})).imag / STEP
        nudged[index] = value[index]
    return found


def _loss(tape: Tape, theta: Any) -> complex:
    with np.errstate(all="ignore"):
        return complex(tape.with_parameters(theta).values["E"].sum())


def _largest_error(found: Array, expected: Array) -> float:
    scale = np.abs(expected).max()
    difference = np.abs(found - expected).max()
    return float(difference) if difference == 0 else float(difference / scale)
