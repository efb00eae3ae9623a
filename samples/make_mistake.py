"""Makes mistake.npz beside this file: a small network, and a gradient with a mistake in it.

`python samples/make_mistake.py`, with tuiviz installed for the network alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tuiviz.diagnosis.probe import make_probe

Arrays = dict[str, Any]


def bptt(Wxh: Any, Whh: Any, Why: Any, bh: Any, by: Any, x: Any, y: Any, h0: Any) -> Arrays:
    """The gradients, every error through three steps. One would have thought: through all."""
    h, yhat = {-1: h0}, {}
    for t in range(len(x)):
        h[t] = np.tanh(Wxh[:, x[t]] + Whh @ h[t - 1] + bh)
        z = np.exp(Why @ h[t] + by)
        yhat[t] = z / z.sum()
    dWxh, dWhh, dWhy, dbh, dby = map(np.zeros_like, (Wxh, Whh, Why, bh, by))
    for t in range(len(x)):
        dz = yhat[t].copy()
        dz[y[t]] -= 1
        dWhy += np.outer(dz, h[t])
        dby += dz
        d = (Why.T @ dz) * (1 - h[t] ** 2)
        for k in range(t, max(-1, t - 3), -1):
            dWxh[:, x[k]] += d
            dWhh += np.outer(d, h[k - 1])
            dbh += d
            d = (Whh.T @ d) * (1 - h[k - 1] ** 2)
    return {"dWxh": dWxh, "dWhh": dWhh, "dWhy": dWhy, "dbh": dbh, "dby": dby}


def mistake() -> Arrays:
    """Every array of the file."""
    probe = make_probe(steps=6, hidden=7, tokens=5)
    theta = probe.theta
    parameters = {"Wxh": theta.U, "Whh": theta.W, "Why": theta.V, "bh": theta.b, "by": theta.c}
    sequence = {"x": probe.x, "y": probe.y, "h0": probe.initial_state}
    return {**parameters, **sequence, **bptt(**parameters, **sequence)}


def main() -> None:
    np.savez(Path(__file__).with_name("mistake.npz"), **mistake())


if __name__ == "__main__":
    main()
