"""The catalogue of mistakes: each a row, with its words and what it makes of the right loop.

A row varies one part of the backward loop, or, of the part "afterwards", the finished gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from functools import partial
from typing import Any

import numpy as np

from core.diagnosis import afterwards
from core.diagnosis.loop import Gradient, Instance, Recursion, Variant, Weights
from core.numbers import Array
from core.records import Record
from core.truncation import Truncation

ERROR, RECURSION, WEIGHTS, FACTORS = "error", "recursion", "weights", "factors"
AFTERWARDS = "afterwards"

Variants = Callable[[Instance], Iterable[Variant]]
"""What a row makes of its part: several, where it has an n, or where people differ."""


class Mistake(Record):
    """A row. `line` is the line of the algorithm that it changes: see `first_wrong`."""

    id: str
    says: str
    formula: str
    part: str
    line: str | None
    variants: Variants = field(repr=False)
    convention: bool = False  # not wrong, if it is all there is

    def gradients(
        self, instance: Instance, names: Iterable[str]
    ) -> Iterator[tuple[Variant, Gradient]]:
        """What comes out of the right loop with this mistake, by variant."""
        for variant in self.variants(instance):
            if self.part == AFTERWARDS:
                yield variant, variant.value(instance.right.gradients(names))
            else:
                loop = instance.right.varied(self.part, variant.value)
                yield variant, loop.gradients(names)


def _one(part: Callable[[Instance], Any]) -> Variants:
    return lambda instance: [Variant(part(instance))]


def _each_n(part: Callable[[Instance, int], Any]) -> Variants:
    return lambda i: [Variant(part(i, n), n) for n in range(1, max(2, i.steps))]


# The output


def through_softmax(i: Instance, e: Array) -> Array:
    """(diag ŷ − ŷŷᵀ) e at every step."""
    return np.asarray(i.yhat * (e - (i.yhat * e).sum(axis=1, keepdims=True)))


def _target_not_shifted(i: Instance) -> Iterator[Variant]:
    if i.x.shape == i.y.shape:
        yield Variant(i.yhat - i.x)


# The recursion


def _recursion(i: Instance, **changed: Any) -> Recursion:
    right = {"start": i.slope, "carry": i.slope, "matrix": i.W.T}
    return Recursion(**{**right, **changed})


def _slope(d: Callable[[Array], Array]) -> Callable[[Instance], Recursion]:
    return lambda i: _recursion(i, start=d(i.s), carry=d(i.s))


def _no_slope_in_recursion(i: Instance) -> Iterator[Variant]:
    nothing = np.ones_like(i.s)
    yield Variant(_recursion(i, carry=nothing), detail="δₜ,ₖ₋₁ = Wᵀ δₜₖ")
    passed_by = _recursion(i, start=nothing, carry=nothing, taken=i.slope)
    yield Variant(passed_by, detail="∂E/∂sₖ₋₁ = Vᵀeₖ₋₁ + Wᵀ ∂E/∂sₖ", line="carry")


def _slopes_off_by_one(i: Instance) -> Iterator[Variant]:
    later = np.concatenate([i.slope[1:], i.slope_before])  # s[T] is s[-1], where s has T + 1 rows
    yield Variant(_recursion(i, carry=later), detail="δₜ,ₖ₋₁ = Dₖ Wᵀ δₜₖ")
    yield Variant(_recursion(i, start=later, carry=later), detail="δₖ = Dₖ₊₁ ∂E/∂sₖ")
    yield Variant(_recursion(i, start=later), detail="δₜₜ = Dₜ₊₁ Vᵀeₜ")
    for first, said in ((i.slope_before, ""), (i.slope[-1:], ", before the first step the last D")):
        earlier = np.concatenate([first, i.slope[:-1]])
        yield Variant(_recursion(i, carry=earlier), detail=f"δₜ,ₖ₋₁ = Dₖ₋₂ Wᵀ δₜₖ{said}")
        both = _recursion(i, start=earlier, carry=earlier)
        yield Variant(both, detail=f"δₖ = Dₖ₋₁ ∂E/∂sₖ{said}")
        yield Variant(_recursion(i, start=earlier), detail=f"δₜₜ = Dₜ₋₁ Vᵀeₜ{said}")


_DERIVATIVES: dict[str, Callable[[Array], Array]] = {
    "1 − s²": lambda s: 1 - s**2,
    "s(1 − s)": lambda s: s * (1 - s),
    "1/(1 − s²)": lambda s: 1 / (1 - s**2),
    "(1 − s)²": lambda s: (1 - s) ** 2,
    "[s > 0]": lambda s: (s > 0).astype(float),
}


_OWN = {"tanh": "1 − s²", "sigmoid": "s(1 − s)", "relu": "[s > 0]"}


def _other_derivatives(i: Instance) -> Iterator[Variant]:
    for written, d in _DERIVATIVES.items():
        if written != _OWN.get(i.activation):
            yield Variant(_slope(d)(i), detail=f"D = {written}")


# Which terms are counted


def _weights(i: Instance, kept: Callable[[Array, Array], Any], readout: Any = None) -> Weights:
    t = np.arange(i.steps)
    terms = np.broadcast_to(kept(t[:, None], t[None, :]), (i.steps, i.steps))
    counted = np.ones(i.steps) if readout is None else readout(t)
    return Weights(terms.astype(float), counted.astype(float))


def _mask(k1: Callable[[Instance, int], int]) -> Callable[[Instance, int], Weights]:
    def weights(i: Instance, n: int) -> Weights:
        truncation = Truncation(k1(i, n), n)
        first = np.array([truncation.first(t, i.steps) for t in range(i.steps)])
        return _weights(i, lambda t, k: k >= first[t], lambda t: first <= t)

    return weights


def _chunks(i: Instance) -> Iterator[Variant]:
    # A last chunk that is shorter ends at its own border, or, as TBPTT(n, n), goes back n steps.
    for n in range(1, max(2, i.steps)):
        yield Variant(_weights(i, partial(_same_chunk, n)), n)
        if i.steps % n:
            yield Variant(_mask(lambda i, n: n)(i, n), n, "the last chunk goes back n steps too")


def _same_chunk(n: int, t: Array, k: Array) -> Array:
    return np.asarray(t // n == k // n)


def _truncated_end(i: Instance) -> Iterator[Variant]:
    # In a scan V is read within the loop and truncated with it; elsewhere it is not.
    for n in range(1, max(2, i.steps)):
        weights = _mask(lambda i, n: i.steps)(i, n)
        yield Variant(weights, n, "V from t ≥ T − n")
        yield Variant(Weights(weights.terms, np.ones(i.steps)), n, "V from every t")


# Indices and shapes


def _first_row(rows: Array, row: Any) -> Array:
    return np.concatenate([np.broadcast_to(row, rows[:1].shape), rows[1:]])


def _only_first(i: Instance) -> dict[str, Array]:
    return {name: _keeping(rows, 0) for name, rows in i.right.factors.items()}


def _keeping(rows: Array, *steps: int) -> Array:
    found = np.zeros_like(rows)
    found[list(steps)] = rows[list(steps)]
    return found


def _without_first(i: Instance) -> dict[str, Array]:
    return {name: _first_row(i.right.factors[name], 0) for name in ("U", "W", "b")}


def _inputs_off_by_one(i: Instance) -> Iterator[Variant]:
    nothing = np.zeros_like(i.x[:1])
    last = {"nothing": nothing, "x₀": i.x[:1]}
    if i.x.shape == i.y.shape:
        last["the last target"] = i.y[-1:]
    for written, first in {"nothing": nothing, "the last x": i.x[-1:]}.items():
        rows = np.concatenate([first, i.x[:-1]])
        yield Variant({"U": rows}, detail=f"xₖ₋₁, at the first step {written}")
    for written, end in last.items():
        rows = np.concatenate([i.x[1:], end])
        yield Variant({"U": rows}, detail=f"xₖ₊₁, at the last step {written}")


LAST, FIRST = "the last step", "the first step"
"""Which of a repeated token's steps is left."""


def _once_a_token(i: Instance) -> Iterator[Variant]:
    # An index array, or = in a loop forward, leaves the last step; = in a loop backward the first.
    if i.tokens is not None:
        steps = list(enumerate(i.tokens.tolist()))
        last = {token: k for k, token in steps}
        first = {token: k for k, token in reversed(steps)}
        for written, kept in ((LAST, last), (FIRST, first)):
            detail = f"of a repeated token only {written}"
            yield Variant({"U": _keeping(i.x, *kept.values())}, detail=detail)


CATALOGUE: tuple[Mistake, ...] = (
    Mistake(
        "sign", "the sign is turned round", "−G", AFTERWARDS, "error",
        afterwards.always(afterwards.scaled(-1)),
    ),
    Mistake(
        "target-not-subtracted", "the target is not subtracted", "e = ŷ", ERROR, "error",
        _one(lambda i: i.yhat),
    ),
    Mistake(
        "softmax-twice", "the derivative of softmax is applied twice",
        "e = (diag ŷ − ŷŷᵀ)(ŷ − y)", ERROR, "error",
        _one(lambda i: through_softmax(i, i.yhat - i.y)),
    ),
    Mistake(
        "stops-at-yhat", "the error stops at ∂E/∂ŷ, before the softmax", "e = −y/ŷ", ERROR, "error",
        _one(lambda i: -i.y / i.yhat),
    ),
    Mistake(
        "mean", "the mean over the steps in place of the sum", "G/T", AFTERWARDS, None,
        afterwards.mean, convention=True,
    ),
    Mistake(
        "bits", "the loss is in bits, not in nats", "G/ln 2", AFTERWARDS, None,
        afterwards.always(afterwards.scaled(1 / np.log(2))),
    ),
    Mistake(
        "doubled", "everything is added twice, as by a pass that does not start from zero", "2G",
        AFTERWARDS, None, afterwards.always(afterwards.scaled(2)),
    ),
    Mistake(
        "target-not-shifted", "the target is the token that was read, not the one that follows",
        "eₜ = ŷₜ − xₜ", ERROR, "error", _target_not_shifted,
    ),
    Mistake(
        "last-error-only", "only the last error is sent back", "the terms t = T−1 alone, in V too",
        WEIGHTS, "join",
        _one(lambda i: _weights(i, lambda t, k: t == i.steps - 1, lambda t: t == i.steps - 1)),
    ),
    Mistake(
        "dV-previous-state", "dV takes the state before", "∂E/∂V = Σ eₜ ⊗ sₜ₋₁", FACTORS, "dV",
        _one(lambda i: {"V": i.before}),
    ),
    Mistake(
        "state-constant", "the state before is taken for a constant: nothing goes back in time",
        "Σₜ δₜₜ ⊗ sₜ₋₁, Σₜ δₜₜ ⊗ xₜ", WEIGHTS, "carry",
        _one(lambda i: _weights(i, lambda t, k: t == k)),
    ),
    Mistake(
        "longest-path-only", "only the longest path is kept, the one to the first step",
        "the terms k = 0 alone", WEIGHTS, "dW",
        _one(lambda i: _weights(i, lambda t, k: k == 0)),
    ),
    Mistake(
        "no-tanh-derivative", "the derivative of the activation is missing everywhere", "D = I",
        RECURSION, "derivative", _one(_slope(np.ones_like)),
    ),
    Mistake(
        "no-tanh-derivative-at-start",
        "the derivative of the activation is missing where an error starts",
        "δₜₜ = Vᵀeₜ", RECURSION, "derivative",
        _one(lambda i: _recursion(i, start=np.ones_like(i.s))),
    ),
    Mistake(
        "no-tanh-derivative-in-recursion",
        "the derivative of the activation is missing on the way back in time",
        "δₜ,ₖ₋₁ = Wᵀ δₜₖ", RECURSION, "derivative", _no_slope_in_recursion,
    ),
    Mistake(
        "tanh-derivative-off-by-one", "the derivative of the activation is taken at the wrong step",
        "δₜ,ₖ₋₁ = Dₖ Wᵀ δₜₖ", RECURSION, "derivative", _slopes_off_by_one,
    ),
    Mistake(
        "tanh-twice", "tanh is applied to the state again before its derivative is taken",
        "Dₜ = diag(1 − tanh²(sₜ))", RECURSION, "derivative",
        _one(_slope(lambda s: 1 - np.tanh(s) ** 2)),
    ),
    Mistake(
        "other-derivative", "the derivative is another function's",
        "D = s(1−s), 1/(1−s²), (1−s)² or [s>0]", RECURSION, "derivative",
        _other_derivatives,
    ),
    Mistake(
        "W-not-transposed", "W is not transposed on the way back", "δₜ,ₖ₋₁ = Dₖ₋₁ W δₜₖ",
        RECURSION, "carry", _one(lambda i: _recursion(i, matrix=i.W)),
    ),
    Mistake(
        "tanh-derivative-twice", "the derivative of the activation is applied twice to the carry",
        "δₖ = Dₖ(Vᵀeₖ + Dₖ Wᵀ δₖ₊₁)", RECURSION, "carry",
        _one(lambda i: _recursion(i, carry=i.slope**2)),
    ),
    Mistake(
        "delta-not-moved", "delta is never moved back through W", "δₜₖ = δₜₜ", RECURSION, "carry",
        _one(lambda i: _recursion(i, carry=np.ones_like(i.s), matrix=np.eye(len(i.W)))),
    ),
    Mistake(
        "double-counting", "errors are carried back and looped over again: terms count repeatedly",
        "Σ (t − k + 1) · term(t,k)", WEIGHTS, "carry",
        _one(lambda i: _weights(i, lambda t, k: np.maximum(t - k + 1, 0))),
    ),
    Mistake(
        "forward-in-time", "the backward loop runs forward in time", "δₜ = Dₜ(Vᵀeₜ + Wᵀ δₜ₋₁)",
        RECURSION, "carry", _one(lambda i: _recursion(i, forward=True)),
    ),
    Mistake(
        "carry-overwrites", "what comes from the next step overwrites the step's own error",
        "∂E/∂sₖ = Wᵀ δₖ₊₁ for k < T−1", WEIGHTS, "join",
        _one(lambda i: _weights(i, lambda t, k: t == i.steps - 1)),
    ),
    Mistake(
        "dW-current-state", "dW takes the state of its own step", "∂E/∂W = Σ δₖ ⊗ sₖ", FACTORS,
        "dW", _one(lambda i: {"W": i.s}),
    ),
    Mistake(
        "dW-transposed", "the outer product is transposed", "Gᵀ", AFTERWARDS, "dW",
        afterwards.always(afterwards.transposed("W")),
    ),
    Mistake(
        "row-convention", "every matrix is transposed: the convention of row vectors", "Gᵀ of each",
        AFTERWARDS, None, afterwards.always(afterwards.transposed("U", "W", "V")), convention=True,
    ),
    Mistake(
        "index-wraps", "s[−1] is the last state, not the one before the first",
        "G + δ₀ ⊗ (s at T−1 − s₋₁)", FACTORS, "dW",
        _one(lambda i: {"W": _first_row(i.before, i.s[-1])}),
    ),
    Mistake(
        "stops-at-1", "the loop stops before the first step",
        "∂E/∂U − δ₀ ⊗ x₀, ∂E/∂W − δ₀ ⊗ s₋₁", FACTORS, "dW", _one(_without_first),
    ),
    Mistake(
        "initial-state-ignored", "the backward pass takes s₋₁ = 0", "∂E/∂W − δ₀ ⊗ s₋₁", FACTORS,
        "dW", _one(lambda i: {"W": _first_row(i.before, 0)}),
    ),
    Mistake(
        "dU-input-off-by-one", "dU takes the input of the wrong step",
        "∂E/∂U = Σ δₖ ⊗ xₖ₋₁ or xₖ₊₁", FACTORS, "dU", _inputs_off_by_one,
    ),
    Mistake(
        "not-accumulated", "= in place of +=: only the last pass of the loop remains",
        "δ₀ ⊗ s₋₁, δ₀ ⊗ x₀, e₀ ⊗ s₀", FACTORS, "dW", _one(_only_first),
    ),
    Mistake(
        "repeated-tokens-lost", "of a token that repeats only one step is added",
        "of a repeated token only the last step, or the first", FACTORS, "dU", _once_a_token,
    ),
    Mistake(
        "truncated-window", "every error goes back through n steps, its own among them",
        "TBPTT(1, n): t − k ≤ n − 1", WEIGHTS, "carry", _each_n(_mask(lambda i, n: 1)),
    ),
    Mistake(
        "truncated-chunks", "the sequence is cut into chunks of n steps",
        "TBPTT(n, n): ⌊t/n⌋ = ⌊k/n⌋", WEIGHTS, "carry", _chunks,
    ),
    Mistake(
        "truncated-end", "only the last n steps of the sequence count",
        "TBPTT(T, n): k ≥ T − n", WEIGHTS, "carry", _truncated_end,
    ),
    Mistake(
        "last-error-truncated", "only the last error is sent back, through the last n steps",
        "t = T−1 and k ≥ T − n", WEIGHTS, "join",
        _each_n(lambda i, n: _weights(
            i, lambda t, k: (t == i.steps - 1) & (k >= i.steps - n), lambda t: t == i.steps - 1
        )),
    ),
    Mistake(
        "clipped-elementwise", "each number is clipped to ±c", "clip(G, ±c)", AFTERWARDS, None,
        afterwards.clipped_elementwise,
    ),
    Mistake(
        "clipped-global-norm", "the gradients are clipped by their norm together",
        "G · c/‖G‖", AFTERWARDS, None, afterwards.clipped_global,
    ),
    Mistake(
        "clipped-matrix-norm", "each gradient is clipped by its own norm",
        "c/‖·‖, a factor for each", AFTERWARDS, None, afterwards.clipped_each,
    ),
)  # fmt: skip

BY_ID = {mistake.id: mistake for mistake in CATALOGUE}


def of_part(part: str) -> Iterator[Mistake]:
    """The rows that vary one part."""
    return (mistake for mistake in CATALOGUE if mistake.part == part)
