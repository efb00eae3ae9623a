"""A step-through debugger for backpropagation through time, in the terminal.

>>> import tuiviz as tv
>>> theta = tv.Parameters.random(inputs=6, hidden=4, outputs=6, seed=0)
>>> tape = tv.record(theta, x=[0, 1, 2, 0, 1], y=[1, 2, 0, 1, 3])
>>> [term.k for term in tape.error(3).terms("W")]
[3, 2, 1, 0]
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Looked for, not imported: nothing of another package may run.
_core = find_spec("core")

if _core and Path(_core.origin or "").parent.parent != Path(__file__).parent.parent:
    from tuiviz.files.visible import visible

    _why = (
        f"needs its own package `core`, but another one hides it: {visible(str(_core.origin))}; "
        "remove or rename that one, or start Python elsewhere"
    )
    _started = Path(*sys.argv[:1]).stem
    if _started == "tuiviz" or (_started == "-m" and {"tuiviz", "-mtuiviz"} & {*sys.orig_argv}):
        # The command: its exit 1, which a traceback ends in, says that a gradient is wrong.
        sys.stderr.write(f"tuiviz: {_why}\n")
        sys.exit(2)
    raise ImportError(f"tuiviz {_why}")

if TYPE_CHECKING:
    from core.cells import rnn
    from core.check import gradient_check
    from core.diagnosis.report import Finding, Report
    from core.diagnosis.verdict import check
    from core.errors import InputError
    from core.parameters import Parameters
    from core.program import Cell
    from core.tape import Error, Tape, record
    from core.terms import Term, Terms
    from core.truncation import Truncation
    from tuiviz.files.weights import load_parameters, save_parameters
    from tuiviz.interactive import debug, play
    from tuiviz.torch import from_torch

__version__ = "0.1.0"

__all__ = [
    "Cell",
    "Error",
    "Finding",
    "InputError",
    "Parameters",
    "Report",
    "Tape",
    "Term",
    "Terms",
    "Truncation",
    "check",
    "debug",
    "from_torch",
    "gradient_check",
    "load_parameters",
    "play",
    "record",
    "rnn",
    "save_parameters",
]

# Loaded when asked for: `tuiviz --help` needs neither NumPy nor the formats of files.
_MODULES = {
    "Cell": "core.program",
    "Error": "core.tape",
    "Finding": "core.diagnosis.report",
    "InputError": "core.errors",
    "Parameters": "core.parameters",
    "Report": "core.diagnosis.report",
    "Tape": "core.tape",
    "Term": "core.terms",
    "Terms": "core.terms",
    "Truncation": "core.truncation",
    "debug": "tuiviz.interactive",
    "play": "tuiviz.interactive",
    "from_torch": "tuiviz.torch",
    "check": "core.diagnosis.verdict",
    "gradient_check": "core.check",
    "load_parameters": "tuiviz.files.weights",
    "record": "core.tape",
    "rnn": "core.cells",
    "save_parameters": "tuiviz.files.weights",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_MODULES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
