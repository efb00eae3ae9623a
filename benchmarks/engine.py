"""How fast the engine is beside PyTorch, JAX and the double loop, and how much memory it takes.

    python benchmarks/engine.py [--quick] [--cpu-time]

One thread, float64, compilation excluded; everyone takes turns. Prints Markdown.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from measure import Peer, Result, environment, measure, table
from peers import Problem, gradient_peers, jax, our_gradient, our_reach, reach_peers, torch

# isort: split
import tuiviz as tv

Size = tuple[int, int, int]  # T, H, C
Row = list[str]


@dataclass(frozen=True)
class Race:
    """One question, asked at some sizes; goals are peer's time / ours, by size and peer's name."""

    title: str
    ours: Callable[[Problem], Peer]
    peers: Callable[[Problem], Iterator[Peer]]
    goals: Mapping[Size, Mapping[str, float]]


GRADIENT = Race(
    "Forward pass and ∂E/∂θ: `record(theta, x, y).gradient()`",
    our_gradient,
    gradient_peers,
    {
        (25, 100, 80): {
            "PyTorch, nn.RNN": 5,
            "JAX, compiled scan": 1 / 1.3,
            "double loop in NumPy": 20,
        },
        (100, 32, 50): {},
        (1000, 64, 64): {"PyTorch, nn.RNN": 6},
        (1000, 256, 256): {"PyTorch, nn.RNN": 3, "JAX, compiled scan": 1 / 1.3},
    },
)
REACH = Race(
    "Forward pass and every ‖∂E_t/∂s_k‖: `record(theta, x, y).reach()`",
    our_reach,
    reach_peers,
    {
        (25, 100, 80): {"PyTorch, T backward passes": 15, "JAX, compiled jacrev": 1.5},
        (1000, 64, 64): {"PyTorch, T backward passes": 40, "JAX, compiled jacrev": 5},
    },
)


def verdict(reached: bool) -> str:
    return "reached" if reached else "**not reached**"


def race_row(size: Size, result: Result, goal: float | None) -> Row:
    return [
        "{}, {}, {}".format(*size),
        result.name,
        f"**{result.ratio:.2f}**",
        f"{min(result.ratios):.2f}–{max(result.ratios):.2f}",
        f"≥ {goal:.3g}" if goal else "",
        verdict(result.ratio >= goal) if goal else "",
        f"{result.ours * 1e3:.3f}",
        f"{result.theirs * 1e3:.3f}",
        str(len(result.ratios)),
        f"{result.threads:.2f}",
    ]


def race_table(
    race: Race, seconds: float, at_least: int, clock: Callable[[], float] = time.perf_counter
) -> str:
    rows = []
    for size, goals in race.goals.items():
        problem = Problem.random(*size)
        peers = list(race.peers(problem))
        for result in measure(race.ours(problem), peers, seconds, at_least, clock):
            rows.append(race_row(size, result, goals.get(result.name)))
    header = "T, H, C; peer; peer / ours; min–max; goal; ; ours, ms; peer, ms; rounds; CPU / wall"
    return table(header.split("; "), rows)


def peak(run: Callable[[], Any]) -> int:
    """The most bytes allocated at once during a run, its result included."""
    tracemalloc.start()
    result = run()
    _, bytes_at_peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return bytes_at_peak


def kept(run: Callable[[], Any]) -> int:
    """The bytes that the result of a run holds."""
    tracemalloc.start()
    result = run()
    bytes_held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return bytes_held


def recorded(problem: Problem) -> tv.Tape:
    return tv.record(problem.theta, problem.x, problem.y)


def peak_of_terms(problem: Problem, touch: bool) -> int:
    """Of the terms of ∂E_200/∂W, on a fresh tape, with or without one term's value."""
    tape = recorded(problem)

    def run() -> object:
        terms = tape.error(200).terms("W")
        return (terms, terms[100].value) if touch else terms

    return peak(run)


def megabytes(count: float) -> str:
    return f"{count / 1e6:.2f} MB"


def bound_row(what: str, measured: int, unit: str, size: int, goal: float | None) -> Row:
    ratio = measured / size
    expected = f"< {goal:g} x {unit}" if goal else ""
    reached = verdict(ratio < goal) if goal else ""
    return [what, megabytes(measured), f"{ratio:.2f} x {unit}", expected, reached]


def memory_rows(T: int, H: int, C: int) -> Iterator[Row]:
    problem = Problem.random(T, H, C)
    tape = recorded(problem)
    square = T * T * 8
    yield bound_row("the tape", kept(lambda: recorded(problem)), "T(H+C)·8", T * (H + C) * 8, None)
    for name, run in (("reach()", tape.reach), ("log_reach()", tape.log_reach)):
        yield bound_row(f"peak of `{name}` beyond the tape", peak(run), "T²·8", square, 2)
    for touch in (False, True):
        what = "`error(200).terms('W')`" + (" and one value" if touch else "")
        short = peak_of_terms(Problem.random(1000, H, C), touch)
        long = peak_of_terms(problem, touch)
        yield bound_row(f"peak of {what}", long, "that at T = 1000", short, 1.1)


def seconds_of(run: Callable[[], Any], times: int) -> float:
    def once() -> float:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start

    return statistics.median(once() for _ in range(times))


def memory_table(T: int, H: int, C: int) -> str:
    header = [f"T, H, C = {T}, {H}, {C}", "bytes", "as a multiple", "goal", ""]
    return table(header, list(memory_rows(T, H, C)))


def streaming_table(T: int, H: int, C: int, times: int) -> str:
    tape = recorded(Problem.random(T, H, C))
    runs = {"reach()": tape.reach, "log_reach()": tape.log_reach}
    rows = [[f"`{name}`", f"{seconds_of(run, times):.2f}"] for name, run in runs.items()]
    return table([f"T, H, C = {T}, {H}, {C}", "seconds"], rows)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a short run, with noisier numbers")
    parser.add_argument("--cpu-time", action="store_true", help="for a machine that others use")
    given = parser.parse_args(arguments)
    quick, clock = given.quick, time.process_time if given.cpu_time else time.perf_counter
    seconds, at_least = (1.0, 1) if quick else (20.0, 5)

    print(environment(), f"{'CPU' if given.cpu_time else 'wall'} time", sep=", ", end="\n\n")
    for name, module in (("PyTorch", torch), ("JAX", jax)):
        if not module:
            print(f"{name} is not installed: left out.\n")
    for race in (GRADIENT, REACH):
        print(f"## {race.title}\n")
        print(race_table(race, seconds, at_least, clock), end="\n\n", flush=True)
    print("## Memory\n")
    print(memory_table(5000, 64, 64), end="\n\n", flush=True)
    print(streaming_table(5000, 64, 64, times=1 if quick else 3))


if __name__ == "__main__":
    main()
