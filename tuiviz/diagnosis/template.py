"""The script that stands beside a probe: it loads the instance and has an empty bptt()."""

from __future__ import annotations

import os

from core.parameters import NAMES
from tuiviz.diagnosis.probe import Probe
from tuiviz.files.conventions import Convention
from tuiviz.files.disk import StrPath, replacing
from tuiviz.files.submission import write_submission

TEMPLATE = '''\
"""Fill in bptt() and run this file; then give the .npz beside it to tuiviz check."""

from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name({file!r})
given = dict(np.load(FILE))
names = "{names}".split()
{U}, {W}, {V}, {b}, {c} = (given[name] for name in names)
x, y, {s}0 = (given[name] for name in ("x", "y", "{s}0"))  # tokens, what follows, first state


def bptt():
    """The gradients of E = -sum_t log yhat_t[y_t], where yhat_t = softmax({logits})
    and {s}_t = tanh({input} + {recurrent} + {b}); before the first step, {s} is {s}0."""
    d{U}, d{W}, d{V}, d{b}, d{c} = map(np.zeros_like, ({U}, {W}, {V}, {b}, {c}))
    return d{U}, d{W}, d{V}, d{b}, d{c}


gradients = {{"{prefix}" + name: array for name, array in zip(names, bptt())}}
np.savez(FILE, **{{**given, **gradients}})
'''


def script(file: str, convention: Convention) -> str:
    """The script for a probe of that file name, in the names and the layout of a convention."""
    names = {name: convention.names[name][0] for name in NAMES}
    plain = all(text.isidentifier() for text in names.values())
    variables = {name: names[name] if plain else name for name in NAMES}
    s, turned = convention.state, bool(convention.transposed)
    U, W, V, c = (variables[name] for name in "UWVc")
    return TEMPLATE.format(
        file=file,
        s=s,
        logits=f"{s}_t @ {V} + {c}" if turned else f"{V} @ {s}_t + {c}",
        input=f"{U}[x_t]" if turned else f"{U}[:, x_t]",
        recurrent=f"{s}_(t-1) @ {W}" if turned else f"{W} @ {s}_(t-1)",
        names=" ".join(names.values()),
        prefix=convention.row.gradient,
        **variables,
    )


def write_probe(path: StrPath, probe: Probe, convention: Convention, *, force: bool = False) -> str:
    """Writes the instance to an .npz file and the script beside it; returns the script's path.

    Raises InputError, before anything is written, if one of them exists and `force` is not given.
    """
    path = os.fspath(path)
    beside = os.path.splitext(path)[0] + ".py"
    with replacing(beside, force=force) as file:
        file.write(script(os.path.basename(path), convention).encode())
        write_submission(
            path, convention, probe.theta, probe.x, probe.y, probe.initial_state, force=force
        )
    return beside
