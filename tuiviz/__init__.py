"""A step-through debugger for backpropagation through time, in the terminal.

>>> import tuiviz as tv
>>> theta = tv.Parameters.random(inputs=6, hidden=4, outputs=6, seed=0)
>>> tape = tv.record(theta, x=[0, 1, 2, 0, 1], y=[1, 2, 0, 1, 3])
>>> [term.k for term in tape.error(3).terms("W")]
[3, 2, 1, 0]
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import core

if Path(core.__file__ or "").parent.parent != Path(__file__).parent.parent:
    raise ImportError(
        f"tuiviz needs its own package `core`, but another one hides it: {core.__file__}; "
        "remove or rename that one, or start Python elsewhere"
    )

from core.cells import rnn
from core.check import gradient_check
from core.errors import InputError
from core.parameters import Parameters
from core.program import Cell
from core.tape import Error, Tape, record
from core.terms import Term, Terms
from core.truncation import Truncation

if TYPE_CHECKING:
    from tuiviz.weights import load_parameters, save_parameters

__version__ = "0.1.0"

__all__ = [
    "Cell",
    "Error",
    "InputError",
    "Parameters",
    "Tape",
    "Term",
    "Terms",
    "Truncation",
    "gradient_check",
    "load_parameters",
    "record",
    "rnn",
    "save_parameters",
]


def __getattr__(name: str) -> Any:
    if name in ("load_parameters", "save_parameters"):  # files are read by those who ask for it
        from tuiviz import weights

        return getattr(weights, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
