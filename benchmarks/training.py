"""How fast SGD is beside PyTorch, and what the progress bar costs.

    python benchmarks/training.py [--quick] [--cpu-time]

One thread, float64; everyone takes turns. Prints Markdown.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from engine import Row, verdict
from measure import Peer, Result, environment, measure, table
from peers import NAMES, Problem, torch

# isort: split
from rich.console import Console

import tuiviz.cli.progress as shown
from core.learning.training import State, Training

T, H, C, RATE = 25, 100, 80, 1e-3
GOAL, MOST_FOR_THE_BAR = 4.0, 0.02
CHECKED = 100
"""Steps after which the parameters of both must agree."""


def our_steps(problem: Problem) -> Peer:
    """A step of `Training` as `tuiviz train` takes it: its loss read, and θ′ seen to be finite."""
    training = Training([(problem.x, problem.y)])
    state = State(problem.theta, RATE)

    def run() -> float:
        nonlocal state
        step = training.step(state)
        state = step.after
        return step.loss

    return Peer("tuiviz", run, lambda _: _after(training, State(problem.theta, RATE)))


def _after(training: Training, state: State) -> dict[str, Any]:
    theta = training.advance(state, CHECKED).theta
    return {name: getattr(theta, name) for name in NAMES}


class TorchSgd:
    """nn.RNN and torch.optim.SGD; the second bias of nn.RNN is kept at zero.

    Neither the loss nor a norm is read out. `foreach=None`, the default, was the fastest.
    """

    def __init__(self, problem: Problem) -> None:
        U, W, V, b, c = map(torch.from_numpy, problem.arrays)
        self.rnn = torch.nn.RNN(C, H, nonlinearity="tanh", dtype=torch.float64)
        self.readout = torch.nn.Linear(H, C, dtype=torch.float64)
        rnn, readout = self.rnn, self.readout
        self.wrt = [
            rnn.weight_ih_l0,
            rnn.weight_hh_l0,
            readout.weight,
            rnn.bias_ih_l0,
            readout.bias,
        ]
        with torch.no_grad():
            rnn.bias_hh_l0.zero_()
            for parameter, value in zip(self.wrt, (U, W, V, b, c), strict=True):
                parameter.copy_(value)
        rnn.bias_hh_l0.requires_grad_(False)
        self.optimizer = torch.optim.SGD(self.wrt, lr=RATE)
        x = torch.from_numpy(problem.x)
        self.y = torch.from_numpy(problem.y)
        self.one_hot = torch.nn.functional.one_hot(x, C).to(torch.float64)[:, None]  # (T, 1, D)

    def step(self) -> None:
        """θ ← θ − η ∂E/∂θ."""
        self.optimizer.zero_grad()
        z = self.readout(self.rnn(self.one_hot)[0][:, 0])
        torch.nn.functional.cross_entropy(z, self.y, reduction="sum").backward()
        self.optimizer.step()

    def after(self, steps: int) -> dict[str, Any]:
        """θ so many steps from here."""
        for _ in range(steps):
            self.step()
        return {name: p.detach().numpy() for name, p in zip(NAMES, self.wrt, strict=True)}


def torch_steps(problem: Problem) -> Iterator[Peer]:
    if torch:
        yield Peer(
            "PyTorch, nn.RNN + SGD",
            TorchSgd(problem).step,
            lambda _: TorchSgd(problem).after(CHECKED),
        )


def race_table(results: Sequence[Result]) -> str:
    rows = [
        [
            result.name,
            f"**{result.ratio:.2f}**",
            f"{min(result.ratios):.2f}–{max(result.ratios):.2f}",
            f"≥ {GOAL:.3g}",
            verdict(result.ratio >= GOAL),
            f"{1 / result.ours:.0f}",
            f"{1 / result.theirs:.0f}",
            str(len(result.ratios)),
            f"{result.threads:.2f}",
        ]
        for result in results
    ]
    header = "peer; peer / ours; min–max; goal; ; ours, steps/s; peer, steps/s; rounds; CPU / wall"
    return table(header.split("; "), rows)


def bar_rows(steps: int, times: int) -> Iterator[Row]:
    """A training with the bar on a terminal, and what its calls take of it."""
    problem = Problem.random(T, H, C)
    training = Training([(problem.x, problem.y)])
    shares = [bar_share(training, State(problem.theta, RATE), steps) for _ in range(times)]
    share = median(shares)
    goal = f"≤ {100 * MOST_FOR_THE_BAR:g} %"
    yield [f"{steps} steps", f"**{share:.2%}**", goal, verdict(share <= MOST_FOR_THE_BAR)]


def bar_share(training: Training, state: State, steps: int) -> float:
    """The part of a training's time that is spent on progress: the loss, the bar, the drawing."""
    screen = Console(file=io.StringIO(), force_terminal=True, width=120)
    account, spent = shown.Account(1), 0.0
    start = time.perf_counter()
    with shown.Bar(steps, screen) as bar:
        for done in range(1, steps + 1):
            step = training.step(state)
            state = step.after
            before = time.perf_counter()
            account.add(step)
            if bar.due(done):
                bar.show(done, f"loss {account.loss:.4f}  rate {state.rate:.3g}")
            spent += time.perf_counter() - before
    return spent / (time.perf_counter() - start)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a short run, with noisier numbers")
    parser.add_argument("--cpu-time", action="store_true", help="for a machine that others use")
    given = parser.parse_args(arguments)
    quick, clock = given.quick, time.process_time if given.cpu_time else time.perf_counter
    print(environment(), f"{'CPU' if given.cpu_time else 'wall'} time", sep=", ", end="\n\n")
    if not torch:
        print("PyTorch is not installed: left out.\n")
    problem = Problem.random(T, H, C)
    print(f"## SGD steps at T, H, C = {T}, {H}, {C}\n")
    peers = list(torch_steps(problem))
    results = list(measure(our_steps(problem), peers, 2.0 if quick else 20.0, 5, clock))
    print(race_table(results), end="\n\n", flush=True)
    print("## The progress bar\n")
    rows = list(bar_rows(1000 if quick else 10_000, 1 if quick else 3))
    print(table(["a training of", "its part of the time", "goal", ""], rows))


if __name__ == "__main__":
    main()
