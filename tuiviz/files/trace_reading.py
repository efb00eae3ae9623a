"""Traces opened again: recorded anew from their parameters, and compared with what was saved."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from core.errors import InputError
from core.parameters import NAMES, Parameters
from core.tape import record
from core.terms import Terms
from core.truncation import Truncation
from tuiviz.files.disk import StrPath, reading, shown
from tuiviz.files.trace_format import (
    LIMIT,
    VERSION,
    ErrorFormat,
    MatrixTerm,
    ParametersFormat,
    Trace,
    VectorTerm,
)
from tuiviz.files.visible import visible
from tuiviz.problem import Problem, check_memory

TOLERANCE = 1e-9
"""Relative to the largest number of an array: another machine's matrix product rounds otherwise."""

Pair = tuple[str, Any, Any]
"""A place in the trace, what was saved there, and what is computed."""


def load_trace(path: StrPath) -> Problem:
    """The problem that a trace holds, recorded anew and compared with what was saved.

    Raises InputError for a file that is no trace of this version, or does not fit together, or says
    otherwise than what its parameters give.
    """
    with reading(path, limit=LIMIT) as file:
        content = file.read(LIMIT + 1).removeprefix(BOM_UTF8)
    try:
        trace = msgspec.json.decode(content, type=Trace)
        problem = _problem(trace)
        _check_seed(trace, problem)
        for pair in _pairs(trace, problem):
            _compare(*pair)
    except (msgspec.DecodeError, UnicodeDecodeError, InputError) as error:
        raise InputError(f"{shown(path)}: {_reason(content, error)}") from error
    return problem


class _Version(msgspec.Struct):
    version: int


def _reason(content: bytes, error: Exception) -> str:
    try:
        found = msgspec.json.decode(content, type=_Version).version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = VERSION
    if found != VERSION:
        return f"a trace of version {found}; this tuiviz reads version {VERSION}: update tuiviz"
    return f"not a sound trace: {visible(str(error))}; export it again"


def _problem(trace: Trace) -> Problem:
    theta, initial = _theta(trace.parameters), _finite(trace.initial_state, "initial_state")
    _check_sizes(trace, theta)
    model = trace.model
    truncation = Truncation(model.truncation.k1, model.truncation.k2) if model.truncation else None
    x, y = np.array(trace.x, np.intp), np.array(trace.y, np.intp)
    return Problem(
        name=visible(trace.source.name),
        level=trace.source.level,
        sequence=trace.source.sequence,
        vocabulary=tuple(trace.vocabulary),
        activation=model.activation,
        seed=model.seed,
        truncation=truncation,
        theta=theta,
        tape=record(theta, x, y, initial_state=initial, activation=model.activation),
    )


def _theta(saved: ParametersFormat) -> Parameters:
    arrays = {name: _finite(getattr(saved, name), f"parameters.{name}") for name in NAMES}
    return Parameters(**arrays)


def _finite(saved: Any, where: str) -> Any:
    found = _array(saved, where)
    if not np.isfinite(found).all():
        at = tuple(int(i) for i in np.argwhere(~np.isfinite(found))[0])
        raise InputError(f"{_place(where, at)} is {found[at]}; expected finite numbers")
    return found


def _array(saved: Any, where: str) -> Any:
    try:
        return np.array(saved, np.float64)
    except ValueError:
        raise InputError(f"{where}: rows of different lengths") from None


def _check_sizes(trace: Trace, theta: Parameters) -> None:
    if len(set(trace.vocabulary)) != len(trace.vocabulary):
        raise InputError("vocabulary: the same token twice; expected distinct ones")
    sizes = {"vocabulary": len(trace.vocabulary), "U": theta.inputs, "V": theta.outputs}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError(f"vocabulary, U and V do not agree on C: {found}")
    if trace.model.hidden != theta.hidden:
        raise InputError(f"model.hidden is {trace.model.hidden}; W has H = {theta.hidden}")
    check_memory(theta.outputs, theta.hidden, len(trace.x), "use a shorter sequence")


def _check_seed(trace: Trace, problem: Problem) -> None:
    """Raises InputError unless the seed, if there is one, draws the parameters."""
    seed, theta = problem.seed, problem.theta
    if seed is not None:
        drawn = Parameters.random(theta.inputs, theta.hidden, theta.outputs, seed)
        for pair in _parameter_pairs("parameters", trace.parameters, drawn):
            _compare(*pair, by=f"model.seed {seed} draws")


def _pairs(trace: Trace, problem: Problem) -> Iterator[Pair]:
    tape, truncation = problem.tape, problem.truncation
    for name, array in tape.values.items():
        yield f"values.{name}", getattr(trace.values, name), array
    yield "loss", trace.loss, tape.loss
    yield from _parameter_pairs("gradient", trace.gradient, tape.gradient(truncation))
    for index, saved in enumerate(trace.errors):
        yield from _error_pairs(f"errors[{index}]", saved, problem)


def _parameter_pairs(where: str, saved: ParametersFormat, computed: Any) -> Iterator[Pair]:
    for name in NAMES:
        yield f"{where}.{name}", getattr(saved, name), getattr(computed, name)


def _error_pairs(where: str, saved: ErrorFormat, problem: Problem) -> Iterator[Pair]:
    error = problem.tape.error(saved.t)
    gradient = error.gradient(problem.truncation)
    yield from _parameter_pairs(f"{where}.gradient", saved.gradient, gradient)
    for name in ("a", "s"):
        found = getattr(saved.adjoints, name)
        yield f"{where}.adjoints.{name}", found, error.adjoints[name]
    for name in NAMES:
        terms = error.terms(name, problem.truncation)
        yield from _term_pairs(f"{where}.terms.{name}", getattr(saved.terms, name), terms)


def _term_pairs(
    where: str, saved: Sequence[MatrixTerm | VectorTerm], terms: Terms
) -> Iterator[Pair]:
    if len(saved) != len(terms):
        raise InputError(
            f"{where} has {len(saved)} terms; expected k = {terms.last} … {terms.lowest}"
        )
    for index, (found, term) in enumerate(zip(saved, terms, strict=True)):
        for name in ("k", "kept"):
            said, expected = getattr(found, name), getattr(term, name)
            if said != expected:
                raise InputError(
                    f"{where}[{index}].{name} is {json.dumps(said)}; "
                    f"expected {json.dumps(expected)}"
                )
        if found.value is not None:
            yield f"{where}[{index}].value", found.value, term.value
    yield f"{where}[{{}}].norm", [term.norm for term in saved], terms.norms


def _compare(where: str, saved: Any, computed: Any, by: str = "its parameters give") -> None:
    """Raises InputError unless both agree, to TOLERANCE."""
    found, expected = _array(saved, where), np.asarray(computed, np.float64)
    if found.shape != expected.shape:
        raise InputError(f"{where} has shape {found.shape}; expected {expected.shape}")
    with np.errstate(all="ignore"):
        finite = np.isfinite(expected)
        largest = np.abs(expected[finite]).max(initial=0.0)
        same = np.where(
            finite,
            np.abs(found - expected) <= TOLERANCE * largest,
            (found == expected) | (np.isnan(found) & np.isnan(expected)),
        )
    if not same.all():
        at = tuple(int(i) for i in np.argwhere(~same)[0])
        raise InputError(f"{_place(where, at)} was saved as {found[at]}; {by} {expected[at]}")


def _place(where: str, at: tuple[int, ...]) -> str:
    """values.s[1][2]; where the index belongs inside, "{}" marks the place."""
    if "{}" in where:
        return where.format(*at)
    return where + "".join(f"[{i}]" for i in at)
