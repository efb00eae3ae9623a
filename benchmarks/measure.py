"""Contestants that take turns on one thread, and the ratio of their times. Import before NumPy."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

# Read when the libraries are loaded. NPROC is what jaxlib sizes its thread pools by; with
# jaxlib 0.10 the flags --xla_cpu_multi_thread_eigen=false and intra_op_parallelism_threads=1,
# which one finds everywhere, change nothing: a matrix product still takes two cores.
# `Result.threads` reports what was used in the end.
os.environ.update(
    OPENBLAS_NUM_THREADS="1",
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    NPROC="1",
    JAX_PLATFORMS="cpu",
)

# isort: split
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Answer = Mapping[str, Array]

TURN = 0.02  # s: shorter calls are repeated until a turn takes as long
MOST_ROUNDS = 201


def installed(name: str) -> Any:
    """The module of that name, or None."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        return None


@dataclass(frozen=True)
class Peer:
    """One way to compute the answer: `run` is timed, `answer` names its result's arrays."""

    name: str
    run: Callable[[], Any]
    answer: Callable[[Any], Answer]


@dataclass(frozen=True)
class Result:
    """A peer's time over ours, round by round; seconds are medians of one call."""

    name: str
    ratios: Sequence[float]
    ours: float
    theirs: float
    threads: float  # CPU time / wall time of the peer's turns: above 1, it used more than a thread

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)


@dataclass
class _Turns:
    peer: Peer
    calls: int
    expected: float  # s, one turn
    clock: Callable[[], float]
    times: list[float] = field(default_factory=list)  # s, one call
    wall: float = 0.0
    cpu: float = 0.0

    def take(self) -> None:
        run = self.peer.run
        run()  # the one before left its own things in the caches; not timed
        cpu, wall, start = time.process_time(), time.perf_counter(), self.clock()
        for _ in range(self.calls):
            run()
        self.times.append((self.clock() - start) / self.calls)
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu


def _warmed_up(peer: Peer, clock: Callable[[], float]) -> _Turns:
    start = time.perf_counter()
    peer.run()
    seconds = time.perf_counter() - start
    calls = max(1, round(TURN / seconds))
    return _Turns(peer, calls, calls * seconds, clock)


def measure(
    ours: Peer,
    peers: Sequence[Peer],
    seconds: float,
    at_least: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Result]:
    """Let everyone take turns (A B C A B C …) for about so many seconds.

    Others may be using the machine: a ratio compares two turns of the same round, and the clock may
    be one of CPU time.

    Raises ValueError if a peer's answer is not ours.
    """
    require_agreement(ours, peers)  # compiles, too
    everyone = [_warmed_up(peer, clock) for peer in (ours, *peers)]
    rounds = int(seconds / sum(turns.expected for turns in everyone))
    gc.collect()
    gc.disable()
    for _ in range(min(max(rounds, at_least), MOST_ROUNDS)):
        for turns in everyone:
            turns.take()
    gc.enable()
    first, *others = everyone
    for other in others:
        yield Result(
            name=other.peer.name,
            ratios=[theirs / own for theirs, own in zip(other.times, first.times, strict=True)],
            ours=statistics.median(first.times),
            theirs=statistics.median(other.times),
            threads=other.cpu / other.wall,
        )


def require_agreement(ours: Peer, peers: Sequence[Peer], tolerance: float = 1e-9) -> None:
    """‖theirs − ours‖ ≤ tolerance · ‖ours‖ for every array that a peer computes."""
    expected = ours.answer(ours.run())
    for peer in peers:
        for name, found in peer.answer(peer.run()).items():
            difference = np.linalg.norm(found - expected[name]) / np.linalg.norm(expected[name])
            if not difference <= tolerance:
                raise ValueError(f"{peer.name}: {name} differs from ours by {difference:.1e}")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def environment() -> str:
    """What the numbers depend on, in one line."""
    blas: Any = np.show_config(mode="dicts")
    blas = blas["Build Dependencies"]["blas"]
    modules = {"PyTorch": installed("torch"), "JAX": installed("jax")}
    versions = [f"{name} {module.__version__}" for name, module in modules.items() if module]
    numpy = f"NumPy {np.__version__} ({blas['name']} {blas['version']})"
    python = f"Python {platform.python_version()}"
    where = f"{_cpu_model()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    return ", ".join([python, numpy, *versions, where, "one thread", "float64"])


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or "unknown processor"
