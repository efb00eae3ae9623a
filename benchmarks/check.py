"""How many submissions `tuiviz check` decides a second, in one process.

    python benchmarks/check.py [--seconds S]

One thread, T = 8, H = 8, C = 6, five gradients each; CPU time, as others may use the machine.
Prints Markdown. Reading files is not timed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

# isort: split
import numpy as np
from measure import environment, table
from wrong_loops import Exercise, carrying, exercise, looping

import tuiviz as tv

GOAL = 20  # a second

Gradients = dict[str, Any]


def noise(q: Exercise) -> Gradients:
    g: Gradients = carrying(q)
    g["W"] = np.random.default_rng(0).standard_normal(g["W"].shape)
    return g


KINDS: dict[str, Callable[[Exercise], Gradients]] = {
    "right": carrying,
    "one mistake, W not transposed": lambda q: carrying(q, "W-not-transposed"),
    "one mistake, a truncation": lambda q: looping(q, "truncated-window", n=3),
    "two mistakes": lambda q: carrying(q, "target-not-shifted", "no-tanh-derivative"),
    "no known mistake, dW of noise": noise,
}


def times(kind: Callable[[Exercise], Gradients], seconds: float) -> Iterator[float]:
    end = time.perf_counter() + seconds
    seed = 0
    while time.perf_counter() < end:
        q = exercise(seed, T=8, H=8, C=6)
        theta = tv.Parameters(U=q.U, W=q.W, V=q.V, b=q.b, c=q.c)
        gradients = kind(q)
        start = time.process_time()
        tv.check(theta, q.x, q.y, gradients, initial_state=q.s0)
        yield time.process_time() - start
        seed += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2, help="for each kind  [2]")
    seconds = parser.parse_args().seconds
    rows = []
    for name, kind in KINDS.items():
        taken = list(times(kind, seconds))
        median, slow = statistics.median(taken), sorted(taken)[int(0.95 * len(taken))]
        rate = len(taken) / sum(taken)
        said = "reached" if rate >= GOAL else "**not reached**"
        rows.append(
            [name, f"{median * 1e3:.1f}", f"{slow * 1e3:.1f}", f"{rate:.0f}", f"≥ {GOAL}", said]
        )
    print(environment(), end="\n\n")
    print(table(["gradients", "median, ms", "95 %, ms", "a second", "goal", ""], rows))


if __name__ == "__main__":
    main()
