"""Traces: a recorded pass and its gradients saved as JSON, and opened again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from core.errors import InputError
from core.parameters import NAMES, Parameters
from core.tape import Error, record
from core.terms import Terms
from core.truncation import Truncation
from tuiviz.files.disk import StrPath, byte_size, reading, replacing, shown
from tuiviz.files.trace_format import ParametersFormat, Trace
from tuiviz.files.visible import visible
from tuiviz.problem import Problem

LARGEST = 4 * 2**30
"""The largest trace that is written, in bytes."""

LIMIT = 2**30
"""The largest trace that is read, in bytes."""

_BYTES = 21  # of a float64 in JSON, with its comma
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

    It streams: one term's numbers are in memory at a time. Raises InputError if the file exists and
    `force` is not given, if it cannot be written, and, before anything is, if it grew too large.
    """
    size = _BYTES * _numbers_in(problem, errors, terms)
    if size > LARGEST:
        raise InputError(
            f"{shown(path)}: the trace would take {byte_size(size)}, more than "
            f"{byte_size(LARGEST)}: use --errors with fewer of them"
            + (", or leave --terms out" if terms else "")
        )
    with replacing(path, force=force) as file:
        for chunk in _chunks(problem, errors, terms, progress):
            file.write(chunk)


def _numbers_in(problem: Problem, errors: Sequence[int], terms: bool) -> int:
    size = sum(getattr(problem.theta, name).size for name in NAMES)
    hidden, steps = problem.theta.hidden, sum(t + 1 for t in errors)
    listed = size * steps if terms else 0
    forward = problem.steps * 2 * (hidden + problem.theta.outputs)
    return int(forward + 2 * size + size * len(errors) + (2 * hidden + 6) * steps + listed)


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


def load_trace(path: StrPath) -> Problem:
    """The problem that a trace holds, recorded anew and compared with what was saved.

    Raises InputError for a file that is no trace of version 1, or does not fit together, or says
    otherwise than what its parameters give.
    """
    with reading(path, limit=LIMIT) as file:
        content = file.read(LIMIT + 1)
    try:
        trace = msgspec.json.decode(content, type=Trace)
        problem = _problem(trace)
        for where, saved, computed in _pairs(trace, problem):
            _compare(where, saved, computed)
    except (msgspec.DecodeError, UnicodeDecodeError, InputError) as error:
        raise InputError(f"{shown(path)}: not a sound trace: {visible(str(error))}") from error
    return problem


def _problem(trace: Trace) -> Problem:
    if len(set(trace.vocabulary)) != len(trace.vocabulary):
        raise InputError("vocabulary: the same token twice; expected distinct ones")
    theta = _theta(trace.parameters, "parameters")
    sizes = {"vocabulary": len(trace.vocabulary), "U": theta.inputs, "V": theta.outputs}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError(f"vocabulary, U and V do not agree on C: {found}")
    if trace.model.hidden != theta.hidden:
        raise InputError(f"model.hidden is {trace.model.hidden}; W has H = {theta.hidden}")
    truncation = trace.model.truncation
    initial = _array(trace.initial_state, "initial_state")
    x, y = np.array(trace.x, np.intp), np.array(trace.y, np.intp)
    return Problem(
        name=visible(trace.source.name),
        level=trace.source.level,
        sequence=trace.source.sequence,
        vocabulary=tuple(trace.vocabulary),
        activation=trace.model.activation,
        seed=trace.model.seed,
        truncation=Truncation(truncation.k1, truncation.k2) if truncation else None,
        theta=theta,
        tape=record(theta, x, y, initial_state=initial, activation=trace.model.activation),
    )


def _theta(saved: ParametersFormat, where: str) -> Parameters:
    arrays = {name: _array(getattr(saved, name), f"{where}.{name}") for name in NAMES}
    return Parameters(**arrays)


def _array(saved: Any, where: str) -> Any:
    try:
        return np.array(saved, np.float64)
    except ValueError:
        raise InputError(f"{where}: rows of different lengths") from None


def _pairs(trace: Trace, problem: Problem) -> Iterator[tuple[str, Any, Any]]:
    """What was saved beside what is computed, with its place in the trace."""
    tape, truncation = problem.tape, problem.truncation
    for name, array in tape.values.items():
        yield f"values.{name}", getattr(trace.values, name), array
    yield "loss", trace.loss, tape.loss
    yield from _gradient_pairs("gradient", trace.gradient, tape.gradient(truncation))
    for index, saved in enumerate(trace.errors):
        where, error = f"errors[{index}]", tape.error(saved.t)
        yield from _gradient_pairs(f"{where}.gradient", saved.gradient, error.gradient(truncation))
        for name in ("a", "s"):
            found = getattr(saved.adjoints, name)
            yield f"{where}.adjoints.{name}", found, error.adjoints[name]
        for name in NAMES:
            listed, terms = getattr(saved.terms, name), error.terms(name, truncation)
            place = f"{where}.terms.{name}"
            expected = [(term.k, term.kept) for term in terms]
            if [(term.k, term.kept) for term in listed] != expected:
                raise InputError(f"{place}: expected the terms k = {terms.last} … {terms.lowest}")
            yield f"{place}.norm", [term.norm for term in listed], terms.norms
            for number, term in enumerate(listed):
                if term.value is not None:
                    yield f"{place}[{number}].value", term.value, terms[number].value


def _gradient_pairs(
    where: str, saved: ParametersFormat, computed: Any
) -> Iterator[tuple[str, Any, Any]]:
    for name in NAMES:
        yield f"{where}.{name}", getattr(saved, name), getattr(computed, name)


def _compare(where: str, saved: Any, computed: Any, tolerance: float = 1e-9) -> None:
    """Raises InputError unless both agree, relative to the largest number.

    Another machine's matrix product rounds otherwise.
    """
    found, expected = _array(saved, where), np.asarray(computed, np.float64)
    if found.shape != expected.shape:
        raise InputError(f"{where} has shape {found.shape}; expected {expected.shape}")
    with np.errstate(all="ignore"):
        finite = np.isfinite(expected)
        largest = np.abs(expected[finite]).max(initial=0.0)
        same = np.where(
            finite,
            np.abs(found - expected) <= tolerance * largest,
            (found == expected) | (np.isnan(found) & np.isnan(expected)),
        )
    if not same.all():
        at = tuple(int(i) for i in np.argwhere(~same)[0])
        place = where + "".join(f"[{i}]" for i in at)
        raise InputError(
            f"{place} was saved as {found[at]}; its parameters give {expected[at]}: "
            "the file was changed, export it again"
        )
