"""Training of a text: from its options, or from weights to go on from, to weights in a file."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from core.cells import rnn
from core.errors import InputError
from core.learning.sgd import Clip
from core.learning.training import ORDERS, State, Step, Training
from core.records import Record
from core.theta import by_name
from core.truncation import Truncation
from tuiviz import __version__
from tuiviz.files.disk import StrPath, shown
from tuiviz.files.provenance import Provenance, StateFormat, read_provenance
from tuiviz.files.text import Corpus, normalized, read_corpus
from tuiviz.files.visible import visible
from tuiviz.files.weights import write_parameters
from tuiviz.problem import ACTIVATION, SEED, ModelOptions, chosen, parameters, read_text

RATE, ORDER = 0.1, "file"

SAVED_EVERY = 60.0
"""Seconds between two savings of what has been trained so far."""


class SgdOptions(Record):
    """How steps are taken; None where nobody chose."""

    rate: float | None = None
    clip: Clip | None = None
    halve: bool | None = None
    order: str | None = None


class Plan(Record, eq=False):
    """Training of a text, ready for its next step.

    `numbers` has, for each sequence that is trained on, which one of the text it is, from 1;
    `recipe` all that makes the same weights again.
    """

    corpus: Corpus
    numbers: tuple[int, ...]
    training: Training
    state: State
    recipe: Provenance

    def line(self, sequence: int) -> int:
        """The line of the text that a sequence of the training is."""
        return self.corpus.lines[self.numbers[sequence] - 1]

    @property
    def skipped(self) -> list[int]:
        """The lines of a single token, which leave nothing to predict."""
        if self.recipe.text.sequence is not None:
            return []
        pairs = zip(self.corpus.lines, self.corpus.sequences, strict=True)
        return [line for line, sequence in pairs if len(sequence) < 2]

    def save(self, path: StrPath, state: State, *, force: bool = False) -> None:
        """Writes the weights of a state, with all that reproduces them and goes on from them.

        Raises InputError as `write_parameters` does.
        """
        recipe = msgspec.structs.replace(self.recipe, state=_place(state))
        write_parameters(path, state.theta, metadata=recipe.to_json(), force=force)


def new_plan(path: StrPath, options: ModelOptions, sgd: SgdOptions) -> Plan:
    """Training from its first step on. Raises InputError for whatever is wrong with the input."""
    rnn(chosen(options.activation, ACTIVATION))
    order = chosen(sgd.order, ORDER)
    if order not in ORDERS:
        raise InputError(f"--order {visible(order)}: expected {' or '.join(ORDERS)}")
    corpus, options = read_text(path, options)
    # With weights from a file, the seed is that of the order alone.
    drawn = options if options.weights is None else replace(options, seed=None)
    theta = parameters(corpus, drawn, _longest(corpus, _numbers(corpus, options.sequence)))
    state = State(theta, chosen(sgd.rate, RATE))
    recipe = {
        "format": "tuiviz-weights",
        "version": 1,
        "tuiviz": __version__,
        "numpy": np.__version__,
        "text": {
            "name": corpus.name,
            "digest": _digest(corpus),
            "level": corpus.level,
            "sequence": options.sequence,
        },
        "vocabulary": corpus.vocabulary,
        "unknown": options.unknown,
        "model": {
            "cell": "rnn",
            "activation": chosen(options.activation, ACTIVATION),
            "hidden": theta.hidden,
            "seed": chosen(options.seed, SEED),
            "theta": None if options.weights is None else _digest_of(theta),
        },
        "sgd": {
            "rate": state.rate,
            "order": order,
            "halve": chosen(sgd.halve, False),
            "clip": None if sgd.clip is None else vars(sgd.clip),
            "truncation": None if options.truncation is None else vars(options.truncation),
        },
        "state": _place(state),
    }
    return _planned(corpus, state, msgspec.convert(recipe, Provenance))


def resumed_plan(path: StrPath, weights: StrPath, options: ModelOptions, sgd: SgdOptions) -> Plan:
    """Training on from saved weights, as if it had never stopped; all options come from them.

    Raises InputError for weights that `train` did not make, another text, and options that
    contradict the weights.
    """
    recipe = read_provenance(weights)
    if recipe is None:
        raise InputError(
            f"{shown(weights)}: holds no training to go on with; "
            "use --weights to start a new one from its parameters"
        )
    _check_agreement(weights, recipe, options, sgd)
    corpus = read_corpus(path, recipe.text.level)
    corpus = corpus.in_vocabulary(tuple(recipe.vocabulary), recipe.unknown)
    if _digest(corpus) != recipe.text.digest:
        raise InputError(
            f"{shown(path)}: not what {shown(weights)} was trained on, or changed since; "
            "--resume needs the same text; use --weights to train on another"
        )
    longest = _longest(corpus, _numbers(corpus, recipe.text.sequence))
    theta = parameters(corpus, ModelOptions(weights=weights), longest)
    state = State(theta, **msgspec.structs.asdict(recipe.state))
    return _planned(corpus, state, recipe)


def saved_steps(
    plan: Plan,
    count: int,
    path: StrPath,
    *,
    force: bool = False,
    stopped: Callable[[], object] = lambda: False,
) -> Generator[Step, None, None]:
    """Takes so many steps, or until `stopped()`, and saves what they led to, however they end.

    Now and then it saves before the end, too. Raises DivergenceError at a step that cannot be
    taken; what is saved is then the state before it. Raises InputError as `Plan.save` does.
    """
    state, next_saving = plan.state, time.monotonic() + SAVED_EVERY
    try:
        for _ in range(count):
            step = plan.training.step(state)
            state = step.after
            yield step
            if stopped():
                break
            if time.monotonic() >= next_saving:
                plan.save(path, state, force=force)
                force, next_saving = True, time.monotonic() + SAVED_EVERY
    finally:
        plan.save(path, state, force=force)


def _planned(corpus: Corpus, state: State, recipe: Provenance) -> Plan:
    numbers = _numbers(corpus, recipe.text.sequence)
    training = Training(
        [corpus.sequence(number) for number in numbers],
        cell=rnn(recipe.model.activation),
        truncation=_truncation(recipe),
        clip=_clip(recipe),
        halve=recipe.sgd.halve,
        order=recipe.sgd.order,
        seed=recipe.model.seed,
    )
    return Plan(corpus, numbers, training, state, recipe)


def _numbers(corpus: Corpus, only: int | None) -> tuple[int, ...]:
    """Which sequences to train on, from 1: that one, or all that have something to predict."""
    if only is not None:
        return (only,)
    pairs = enumerate(corpus.sequences, start=1)
    found = tuple(number for number, sequence in pairs if len(sequence) > 1)
    if not found:
        raise InputError(f"{corpus.name}: each line is a single token; nothing to predict")
    return found


def _longest(corpus: Corpus, numbers: tuple[int, ...]) -> int:
    return max(len(corpus.sequence(number)[0]) for number in numbers)


def _place(state: State) -> StateFormat:
    return StateFormat(
        step=state.step,
        rate=state.rate,
        epoch_loss=state.epoch_loss,
        last_epoch_loss=state.last_epoch_loss,
    )


def _truncation(recipe: Provenance) -> Truncation | None:
    found = recipe.sgd.truncation
    return None if found is None else Truncation(found.k1, found.k2)


def _clip(recipe: Provenance) -> Clip | None:
    found = recipe.sgd.clip
    return None if found is None else Clip(found.limit, found.by)


def _digest(corpus: Corpus) -> str:
    content = msgspec.json.encode([corpus.vocabulary, corpus.sequences])
    return hashlib.sha256(content).hexdigest()


def _digest_of(theta: Any) -> str:
    content = b"".join(array.tobytes() for array in by_name(theta).values())
    return hashlib.sha256(content).hexdigest()


def _check_agreement(
    weights: StrPath, recipe: Provenance, options: ModelOptions, sgd: SgdOptions
) -> None:
    if options.weights is not None:
        raise InputError("--resume and --weights: choose one; --resume goes on, --weights starts")
    unknown = None if options.unknown is None else normalized(options.unknown)
    for name, given, found in (
        ("--level", options.level, recipe.text.level),
        ("--sequence", options.sequence, recipe.text.sequence),
        ("--hidden", options.hidden, recipe.model.hidden),
        ("--seed", options.seed, recipe.model.seed),
        ("--activation", options.activation, recipe.model.activation),
        ("--unknown", unknown, recipe.unknown),
        ("--convention", options.convention, None),
        ("--truncate", options.truncation, _truncation(recipe)),
        ("--lr", sgd.rate, recipe.sgd.rate),
        ("--clip", sgd.clip, _clip(recipe)),
        ("--halve", sgd.halve, recipe.sgd.halve),
        ("--order", sgd.order, recipe.sgd.order),
    ):
        if given is not None and given != found:
            raise InputError(
                f"{name}: not what {shown(weights)} was trained with; --resume takes all options "
                f"from the weights: leave {name} out"
            )
