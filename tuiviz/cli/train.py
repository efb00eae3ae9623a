"""tuiviz train: SGD over the sequences of a text."""

from __future__ import annotations

import shlex
import sys
from contextlib import closing
from math import inf, log
from typing import TYPE_CHECKING

import click

from core.errors import InputError
from tuiviz.cli.interruption import Interruption
from tuiviz.cli.options import model_options, say
from tuiviz.cli.progress import Account, progress
from tuiviz.cli.reach import ReachSample
from tuiviz.files.disk import shown

if TYPE_CHECKING:
    from core.learning.sgd import Clip
    from core.learning.training import DivergenceError, State
    from tuiviz.problem import ModelOptions
    from tuiviz.training import Plan


@click.command()
@click.argument("file")
@click.option("--steps", type=int, required=True, metavar="N", help="SGD steps, one sequence each.")
@click.option("-o", "output", required=True, metavar="OUT", help="Weights: .safetensors or .npz.")
@model_options
@click.option("--lr", type=float, metavar="η", help="Learning rate.  [default: 0.1]")
@click.option("--clip", type=float, metavar="C", help="Bring each entry of ∂E/∂θ to within ±C.")
@click.option("--clip-norm", type=float, metavar="C", help="Scale ∂E/∂θ to a norm of at most C.")
@click.option("--halve", is_flag=True, default=None, help="Halve η when an epoch's loss rises.")
@click.option("--order", metavar="file|shuffled", help="Of the sequences.  [default: file]")
@click.option("--reach", is_flag=True, help="Show how far back gradients reach as it learns.")
@click.option("--resume", metavar="WEIGHTS", help="Go on from saved weights, as if never stopped.")
@click.option("--force", is_flag=True, help="Replace the file if it exists.")
def train(
    file: str,
    steps: int,
    output: str,
    options: ModelOptions,
    lr: float | None,
    clip: float | None,
    clip_norm: float | None,
    halve: bool | None,
    order: str | None,
    reach: bool,
    resume: str | None,
    force: bool,
) -> int:
    """Train on FILE by SGD, a sequence at a time, and save the weights.

    They hold the vocabulary and all options, so that run, export and explain --weights OUT read
    the text as the training did, and train --resume OUT goes on bit for bit.
    """
    if steps < 1:
        raise InputError(f"--steps {steps}: expected 1 or more")
    if lr is not None and not 0 <= lr < inf:
        raise InputError(f"--lr {lr}: expected a number, 0 or more")
    from core.learning.training import DivergenceError
    from tuiviz.files.arrays import check_output
    from tuiviz.training import SgdOptions, new_plan, resumed_plan

    check_output(output, force=force)
    _require_text(file)
    sgd = SgdOptions(rate=lr, clip=_clip(clip, clip_norm), halve=halve, order=order)
    if resume is None:
        plan = new_plan(file, options, sgd)
    else:
        plan = resumed_plan(file, resume, options, sgd)
    _say_skipped(plan)
    try:
        return _train(plan, steps, output, force, reach)
    except DivergenceError as error:
        raise InputError(_divergence(plan, error, file, output)) from error


def _require_text(file: str) -> None:
    from tuiviz.files.endings import ARRAYS, PYTORCH, ending
    from tuiviz.opening import is_trace

    what = "a file of arrays" if ending(file) in (*ARRAYS, *PYTORCH) else ""
    if what or is_trace(file):
        raise InputError(f"{shown(file)}: {what or 'a trace'}; expected a text to train on")


def _clip(value: float | None, norm: float | None) -> Clip | None:
    from core.learning.sgd import Clip

    if value is not None and norm is not None:
        raise InputError("--clip and --clip-norm: choose one")
    for name, limit, by in (("--clip", value, "value"), ("--clip-norm", norm, "norm")):
        if limit is not None:
            if not 0 < limit < inf:
                raise InputError(f"{name} {limit}: expected a number above 0")
            return Clip(limit, by)
    return None


def _say_skipped(plan: Plan) -> None:
    if lines := plan.skipped:
        which = f"line {lines[0]}" if len(lines) == 1 else f"{len(lines)} lines, first {lines[0]},"
        print(f"{which} left out: a single token, nothing to predict", file=sys.stderr)


def _train(plan: Plan, steps: int, output: str, force: bool, reach: bool) -> int:
    from tuiviz.training import saved_steps

    account, sampled = Account(len(plan.numbers)), ReachSample(plan, steps) if reach else None
    state = plan.state
    if sampled:
        print(sampled.heading)
    with Interruption() as interruption, progress(steps) as view:
        taken = saved_steps(plan, steps, output, force=force, stopped=lambda: interruption.signal)
        with closing(taken):
            for done, step in enumerate(taken, start=1):
                state = step.after
                account.add(step)
                if sampled and sampled.due(done):
                    print(sampled.row(state, account.loss), flush=True)
                if view.due(done) or interruption.signal:
                    view.show(done, _loss(plan, account, state))
    print(_ending(plan, account, state))
    say(_saved(output, bool(interruption.signal)))
    return interruption.exit_code if interruption.signal else 0


def _loss(plan: Plan, account: Account, state: State) -> str:
    guessing = log(len(plan.corpus.vocabulary))
    return f"loss {account.loss:.4f} (guessing {guessing:.4f})  rate {state.rate:.3g}"


def _ending(plan: Plan, account: Account, state: State) -> str:
    size = len(plan.corpus.vocabulary)
    parts = [
        f"step {state.step}",
        f"loss {account.loss:.4f} nats per token",
        f"guessing costs ln {size} = {log(size):.4f}",
        f"rate {state.rate:.3g}",
    ]
    if plan.training.clip:
        parts.append(f"{account.clipped} of {account.steps} steps clipped")
    return ", ".join(parts)


def _saved(output: str, interrupted: bool) -> str:
    if interrupted:
        return f"interrupted; saved {shown(output)}; --resume {shown(output)} goes on"
    return f"saved {shown(output)}"


def _divergence(plan: Plan, error: DivergenceError, file: str, output: str) -> str:
    """What happened, what to do, and the command that opens the debugger where it happened."""
    command = ["tuiviz", "run", file, "--weights", output]
    command += ["--sequence", str(plan.numbers[error.sequence])]
    if truncation := plan.training.truncation:
        command += ["--truncate", f"{truncation.k1},{truncation.k2}"]
    if plan.recipe.unknown is not None:
        command += ["--unknown", plan.recipe.unknown]
    return (
        f"step {error.state.step + 1}, line {plan.line(error.sequence)} of {shown(file)}: "
        f"{error.what}; use a smaller --lr, or --clip-norm 1. {shown(output)} has the weights "
        f"before this step; to look: {shlex.join(command)}"
    )
