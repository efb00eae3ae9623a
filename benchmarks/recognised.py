"""How many of the known mistakes are recognised, by convention and precision; and false alarms.

    python benchmarks/recognised.py [--seeds N] [--right N]

Each mistake is a loop of tests/wrong_loops.py, its gradients written to a file and read again by
each convention. Prints Markdown; `docs/check.md` has a run of it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

# isort: split
import numpy as np
from measure import table
from wrong_loops import CLIPS, COUNTED, ROWS, Exercise, Gradients, carrying, exercise, looping

import tuiviz as tv
from core.diagnosis.mistakes import CATALOGUE
from core.diagnosis.report import Report
from tuiviz.diagnosis.reading import report_on
from tuiviz.files.conventions import TABLE, Convention
from tuiviz.files.submission import read_submission, write_submission

DTYPES = ("float64", "float32")
T = 6
COUNTS = (1, 2, 3, 5)
PARTS = (0.2, 0.6)  # c, of the largest that is clipped

Wrong = tuple[str, Gradients]


def mistakes(q: Exercise) -> Iterator[Wrong]:
    """Every row of the catalogue, in every way that the loops make it."""
    for identifier, loop, bugs in ROWS:
        yield identifier, loop(q, *bugs)
    for identifier, loop in COUNTED:
        for n in COUNTS:
            yield identifier, loop(q, identifier, n=n)
    right = carrying(q)
    for identifier, clip in CLIPS.items():
        for part in PARTS:
            yield identifier, clip(right, part * clipped_size(identifier, right))


def clipped_size(identifier: str, right: Gradients) -> float:
    norms = [float(np.linalg.norm(array)) for array in right.values()]
    return {
        "clipped-elementwise": max(float(np.abs(array).max()) for array in right.values()),
        "clipped-global-norm": float(np.linalg.norm(norms)),
        "clipped-matrix-norm": max(norms),
    }[identifier]


def checked(q: Exercise, gradients: Gradients, convention: Convention, folder: str) -> Report:
    """Through a file, in the names and the layout of the convention."""
    theta = tv.Parameters(U=q.U, W=q.W, V=q.V, b=q.b, c=q.c)
    path = Path(folder, "mine.npz")
    given: Any = SimpleNamespace(**gradients)
    write_submission(path, convention, theta, q.x, q.y, q.s0, given, force=True)
    found = read_submission(path, convention.name)
    return report_on(found)


def recognised(report: Report, identifier: str) -> bool:
    """Whether this one mistake was found, or is named beside what is the same one."""
    named = {*(finding.id for finding in report.findings), *report.indistinguishable}
    return len(report.findings) == 1 and identifier in named


def recognition(seeds: int) -> str:
    hits: Counter[tuple[str, str, str]] = Counter()
    total: Counter[tuple[str, str, str]] = Counter()
    with TemporaryDirectory() as folder:
        for row in TABLE:
            convention = Convention.usual(row.name)
            for dtype in DTYPES:
                for seed in range(seeds):
                    q = exercise(100 + seed, T=T).astype(dtype)
                    for identifier, gradients in mistakes(q):
                        key = identifier, row.name, dtype
                        total[key] += 1
                        report = checked(q, gradients, convention, folder)
                        hits[key] += recognised(report, identifier)
    rows = []
    for identifier in [mistake.id for mistake in CATALOGUE]:
        cells = []
        for row in TABLE:
            found = [
                (hits[identifier, row.name, d], total[identifier, row.name, d]) for d in DTYPES
            ]
            cells.append(", ".join(f"{hit}/{of}" for hit, of in found))
        rows.append([f"`{identifier}`", *cells])
    rows.append(["**all**", *(f"{_share(hits, total, row.name)}" for row in TABLE)])
    return table(["mistake", *(row.name for row in TABLE)], rows)


def _share(hits: Counter[Any], total: Counter[Any], convention: str) -> str:
    def of(counter: Counter[Any], dtype: str) -> int:
        return sum(n for (_, c, d), n in counter.items() if (c, d) == (convention, dtype))

    return ", ".join(f"{of(hits, dtype)}/{of(total, dtype)}" for dtype in DTYPES)


def false_alarms(count: int) -> str:
    """Random sizes, sequences and parameters; by precision and by which gradients were given."""
    alarms: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for seed in range(count):
        rng = np.random.default_rng(seed)
        sizes = {"T": int(rng.integers(2, 13)), "H": int(rng.integers(1, 13)), "C": 2 + seed % 9}
        dtype = DTYPES[seed % 2]
        q = exercise(seed, **sizes).astype(dtype)
        loop = (carrying, looping)[seed // 2 % 2]
        names = [name for name in "UWVbc" if rng.random() < 0.8] or ["W"]
        theta = tv.Parameters(U=q.U, W=q.W, V=q.V, b=q.b, c=q.c)
        gradients = {name: loop(q)[name] for name in names}
        report = tv.check(theta, q.x, q.y, gradients, initial_state=q.s0)
        alarms[dtype] += report.verdict != "right"
        total[dtype] += 1
    each = ", ".join(f"{alarms[dtype]} of {total[dtype]} in {dtype}" for dtype in DTYPES)
    return f"False alarms on random right gradients: {each}."


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=2, help="instances for each mistake  [2]")
    parser.add_argument("--right", type=int, default=10_000, help="right gradients  [10000]")
    options = parser.parse_args()
    print(recognition(options.seeds), end="\n\n", flush=True)
    print(false_alarms(options.right))


if __name__ == "__main__":
    main()
