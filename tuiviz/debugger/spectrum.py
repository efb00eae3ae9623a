"""Why a gradient vanishes or explodes at a step: the singular values of ∂s_k/∂s_{k−1}."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tuiviz.debugger.session import Session

LARGEST = 256
"""The largest H whose singular values are worked out at a key."""


@dataclass(frozen=True)
class Spectrum:
    """Of the Jacobian at step k: its singular values, its spectral radius, and what bounds it."""

    step: int
    singular: Any  # (H,), descending; NaN where the Jacobian is not finite
    radius: float
    of_W: float  # ‖W‖₂
    steepest: float  # max f′


def spectrum(session: Session) -> Spectrum | None:
    """Of the step at hand; None where H is too large, or the cell is another than the RNN."""
    step, tape = session.position.step, session.problem.tape
    if len(tape.initial_state) > LARGEST:
        return None
    made: Spectrum = session.keep(("spectrum", step), lambda: _spectrum(session, step))
    return made


def _spectrum(session: Session, step: int) -> Spectrum:
    tape = session.problem.tape
    jacobian, W = tape.jacobian(step, step - 1), tape.theta.W
    with np.errstate(all="ignore"):
        # Row i of the Jacobian is f′(a_i) times row i of W.
        sizes = np.abs(W).max(axis=1)
        slopes = np.abs(jacobian).max(axis=1) / np.where(sizes > 0, sizes, 1)
    if not np.isfinite(jacobian).all():
        nothing = np.full(len(W), np.nan)
        return Spectrum(step, nothing, float("nan"), _norm(W), float("nan"))
    singular = np.linalg.svd(jacobian, compute_uv=False)
    radius = float(np.abs(np.linalg.eigvals(jacobian)).max())
    return Spectrum(step, singular, radius, _norm(W), float(slopes.max()))


def _norm(W: Any) -> float:
    return float(np.linalg.norm(W, 2)) if np.isfinite(W).all() else float("nan")
