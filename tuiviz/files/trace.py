"""Traces written: a recorded pass and its gradients saved as JSON, as a stream."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from core.errors import InputError
from core.parameters import NAMES
from core.tape import Error
from core.terms import Terms
from tuiviz.files.arrays import require_finite
from tuiviz.files.disk import StrPath, byte_size, replacing, shown
from tuiviz.files.trace_format import LIMIT
from tuiviz.problem import Problem

_BYTES = 25  # the most that a float64 takes in JSON, with its comma
_encode = msgspec.json.encode

Progress = Callable[[int, int], None]
"""Called with how many errors have been written, and how many there are."""


def write_trace(
    problem: Problem,
    path: StrPath,
    *,
    errors: Sequence[int],
    terms: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> None:
    """Saves the trace with each E_t of `errors`; with `terms`, every term's numbers too.

    It streams: one term's numbers are in memory at a time. Raises InputError as `trace` does, if
    the file exists and `force` is not given, and if it cannot be written.
    """
    chunks = trace(problem, path, errors=errors, terms=terms, progress=progress)
    with replacing(path, force=force) as file:
        for chunk in chunks:
            file.write(chunk)


def trace(
    problem: Problem,
    path: StrPath,
    *,
    errors: Sequence[int],
    terms: bool = False,
    progress: Progress | None = None,
) -> Iterator[bytes]:
    """The bytes of that file, piece by piece; `path` is for messages.

    Raises InputError for what version 1 cannot hold (another cell, vectors for x, another dtype
    than float64, parameters that are not finite), and, before anything is made, if it grew too
    large.
    """
    _check_kind(problem, path)
    size = _BYTES * _numbers_in(problem, errors, terms)
    if size > LIMIT:  # what is written can be opened again
        raise InputError(
            f"{shown(path)}: the trace could take {byte_size(size)}, more than "
            f"{byte_size(LIMIT)}: {_smaller(errors, terms)}"
        )
    return _chunks(problem, errors, terms, progress)


def _check_kind(problem: Problem, path: StrPath) -> None:
    """A tape recorded in Python may be what version 1 has no place for."""
    cell, theta = problem.tape.program.cell.name, problem.tape.theta
    if cell != "rnn":
        raise InputError(f"{shown(path)}: a trace holds the cell rnn; this one is {cell}")
    if theta.W.dtype != np.float64:
        raise InputError(
            f"{shown(path)}: a trace holds float64, this tape {theta.W.dtype}: "
            "record it with parameters of float64"
        )
    if problem.x.ndim != 1 or theta.inputs != theta.outputs:
        raise InputError(f"{shown(path)}: a trace holds tokens of one vocabulary for x and y")
    require_finite(path, {name: getattr(theta, name) for name in NAMES})


def _numbers_in(problem: Problem, errors: Sequence[int], terms: bool) -> int:
    size = sum(getattr(problem.theta, name).size for name in NAMES)
    hidden, steps = problem.theta.hidden, sum(t + 1 for t in errors)
    listed = size * steps if terms else 0
    forward = problem.steps * 2 * (hidden + problem.theta.outputs)
    return int(forward + 2 * size + size * len(errors) + (2 * hidden + 6) * steps + listed)


def _smaller(errors: Sequence[int], terms: bool) -> str:
    if not errors:
        return "use a smaller --hidden"
    return "use --errors with fewer of them" + (", or leave --terms out" if terms else "")


def _chunks(
    problem: Problem, errors: Sequence[int], terms: bool, progress: Progress | None
) -> Iterator[bytes]:
    yield _head(problem)[:-1]
    yield b',"errors":['
    for count, t in enumerate(errors):
        yield b"," if count else b""
        yield from _error(problem, problem.tape.error(t), terms)
        if progress:
            progress(count + 1, len(errors))
    yield b"]}\n"


def _head(problem: Problem) -> bytes:
    truncation = problem.truncation
    return _encode(
        {
            "format": "tuiviz-trace",
            "version": 1,
            "source": {
                "name": problem.name,
                "sequence": problem.sequence,
                "level": problem.level,
            },
            "vocabulary": problem.vocabulary,
            "model": {
                "cell": problem.tape.program.cell.name,
                "activation": problem.activation,
                "hidden": problem.theta.hidden,
                "seed": problem.seed,
                "truncation": {"k1": truncation.k1, "k2": truncation.k2} if truncation else None,
            },
            "parameters": _parameters(problem.theta),
            "initial_state": numbers(problem.tape.initial_state),
            "x": problem.x.tolist(),
            "y": problem.y.tolist(),
            "values": {name: numbers(array) for name, array in problem.tape.values.items()},
            "loss": numbers(np.float64(problem.tape.loss)),
            "gradient": _parameters(problem.tape.gradient(truncation)),
        }
    )


def numbers(array: Any) -> Any:
    """An array as what JSON can hold: nested lists of floats, and names where there is none."""
    if np.isfinite(array).all():
        return array.tolist()
    return _named(array.tolist())


def _named(value: Any) -> Any:
    if isinstance(value, list):
        return [_named(item) for item in value]
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _parameters(theta: Any) -> dict[str, Any]:
    return {name: numbers(getattr(theta, name)) for name in NAMES}


def _error(problem: Problem, error: Error, with_values: bool) -> Iterator[bytes]:
    gradient = error.gradient(problem.truncation)
    adjoints = {name: numbers(error.adjoints[name]) for name in ("a", "s")}
    opening = {"t": error.t, "gradient": _parameters(gradient), "adjoints": adjoints}
    yield _encode(opening)[:-1]
    for count, name in enumerate(NAMES):
        yield b',"terms":{' if count == 0 else b","
        yield _encode(name) + b":["
        yield from _terms(error.terms(name, problem.truncation), with_values)
        yield b"]"
    yield b"}}"


def _terms(terms: Terms, with_values: bool) -> Iterator[bytes]:
    for count, term in enumerate(terms):
        made = {"k": term.k, "norm": numbers(np.float64(term.norm)), "kept": term.kept}
        if with_values:
            made["value"] = numbers(term.value)
        yield (b"," if count else b"") + _encode(made)
