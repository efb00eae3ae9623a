"""The script that stands beside a probe: it loads the instance and has an empty bptt()."""

from __future__ import annotations

import os

from tuiviz.diagnosis.probe import Probe
from tuiviz.files.arrays import write_arrays
from tuiviz.files.disk import StrPath, replacing

TEMPLATE = '''\
"""Fill in bptt() and run this file; then: tuiviz check {name}"""

from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name({name!r})
given = dict(np.load(FILE))
U, W, V, b, c = (given[name] for name in ("U", "W", "V", "b", "c"))
x, y, s0 = given["x"], given["y"], given["s0"]  # tokens read, tokens that follow, state before


def bptt():
    """The gradients of E = -sum_t log yhat_t[y_t], where yhat_t = softmax(V s_t + c)
    and s_t = tanh(U[:, x_t] + W s_(t-1) + b), and s0 is s_(-1), before the first step."""
    dU, dW, dV, db, dc = (np.zeros_like(parameter) for parameter in (U, W, V, b, c))
    return {{"dU": dU, "dW": dW, "dV": dV, "db": db, "dc": dc}}


np.savez(FILE, **{{**given, **bptt()}})
'''


def write_probe(path: StrPath, probe: Probe, *, force: bool = False) -> str:
    """Writes the instance to an .npz file and the script beside it; returns the script's path.

    Raises InputError, before anything is written, if one of them exists and `force` is not given.
    """
    path = os.fspath(path)
    script = os.path.splitext(path)[0] + ".py"
    arrays = {name: getattr(probe.theta, name) for name in ("U", "W", "V", "b", "c")}
    arrays |= {"x": probe.x, "y": probe.y, "s0": probe.initial_state}
    with replacing(script, force=force) as file:
        file.write(TEMPLATE.format(name=os.path.basename(path)).encode())
        write_arrays(path, arrays, force=force)
    return script
