"""Why a gradient vanishes or explodes at a step: the singular values of ∂s_k/∂s_{k−1}."""

from __future__ import annotations

import numpy as np

from core.records import Record
from core.spectra import Spectrum, spectrum
from tuiviz.debugger.session import Session

LARGEST = 256
"""The largest H whose singular values are worked out at a key."""


class Passage(Record, eq=False):
    """What a step does to a gradient, and what bounds it: ‖∂s_k/∂s_{k−1}‖₂ ≤ ‖W‖₂ · max f′."""

    jacobian: Spectrum
    of_W: float  # ‖W‖₂
    steepest: float  # max f′(a_k)


def passage(session: Session) -> Passage | None:
    """Of the step at hand; None where H is too large to work it out at a key."""
    return _kept(session, session.position.step) if _small(session) else None


def look_ahead(session: Session) -> bool:
    """Works out a step beside the one at hand, as the next key may lead there.

    Returns whether there was one to work out: after two calls there is none.
    """
    step = session.position.step
    if _small(session):
        for near in (step + 1, step - 1):
            if 0 <= near < session.steps and not session.has_kept(_key(near)):
                _kept(session, near)
                return True
    return False


def _small(session: Session) -> bool:
    return len(session.problem.tape.initial_state) <= LARGEST


def _key(step: int) -> tuple[tuple[str, int], int]:
    return ("passage", step % 3), step  # so that a step and those beside it are kept together


def _kept(session: Session, step: int) -> Passage:
    made: Passage = session.keep(_key(step), lambda: _passage(session, step))
    return made


def _passage(session: Session, step: int) -> Passage:
    tape = session.problem.tape
    jacobian, W = tape.jacobian(step, step - 1), tape.theta.W
    with np.errstate(all="ignore"):
        # Row i of the Jacobian is f′(a_i) times row i of W.
        sizes = np.abs(W).max(axis=1)
        slopes = np.abs(jacobian).max(axis=1) / np.where(sizes > 0, sizes, 1)
    of_W = session.keep(("spectrum of W",), lambda: spectrum(W))
    return Passage(spectrum(jacobian), of_W.norm, float(slopes.max()))
