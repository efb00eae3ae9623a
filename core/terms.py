"""The terms that ∂E_t/∂θ is the sum of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import overload

import numpy as np

from core.adjoints import Adjoints
from core.numbers import Array, norm, unit_scale
from core.program import Edge, Stage
from core.records import Record

EVERY = 256
"""Steps between two partial sums that are kept, at least."""

ROOM = 2**25
"""The most bytes that the kept partial sums of one parameter take."""


class Term(Record):
    """∂E_t/∂θ|_k: what step k contributes to ∂E_t/∂θ.

    `norm` is its Euclidean (Frobenius) norm; `kept` says whether the truncation in force keeps it.
    """

    k: int
    norm: float
    kept: bool
    _terms: Terms

    @property
    def value(self) -> Array:
        """The term, in the shape of the parameter: formed now, O(size of the parameter)."""
        return self._terms.value(self.k)

    @property
    def share(self) -> float:
        """⟨term, sum⟩ / ‖sum‖², signed; those of the kept terms add up to 1. NaN if sum = 0."""
        return float(self._terms.shares[self._terms.last - self.k]) if self.kept else 0.0

    def __repr__(self) -> str:
        return f"Term(k={self.k}, norm={self.norm:.4g}, kept={self.kept})"


class Terms(Record, Sequence[Term]):
    """The terms of ∂E_t/∂θ, from k = t down, in O(t·H): a matrix is formed when it is asked for."""

    adjoints: Adjoints
    parameter: str
    last: int  # t
    first: int  # the smallest k that is kept

    def __repr__(self) -> str:
        name, kept = self.parameter, max(self.first, self.lowest)
        return f"Terms({name!r}, k={self.last}…{self.lowest}, kept from k={kept})"

    def __len__(self) -> int:
        return self.last - self.lowest + 1

    @overload
    def __getitem__(self, index: int) -> Term: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Term]: ...
    def __getitem__(self, index: int | slice) -> Term | Sequence[Term]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"term {index} of {len(self)}")
        k = self.last - index % len(self)
        return Term(k, float(self.norms[self.last - k]), k >= self.first, self)

    def at(self, k: int) -> Term:
        """The term of step k."""
        return self[self.last - k]

    @property
    def recurrent(self) -> bool:
        """Whether steps before t read the parameter: it has a term for each of them."""
        stages = self.adjoints.tape.program.stages
        return any(stages[reader] is not Stage.AFTER for reader, _, _ in self._edges)

    @property
    def lowest(self) -> int:
        """The smallest k: 0 for a parameter of the recurrence, t for one of the readout."""
        return self.adjoints.loop if self.recurrent else self.adjoints.readout

    @cached_property
    def norms(self) -> Array:
        """‖term‖ for k = t, t − 1, …"""
        with np.errstate(all="ignore"):
            if len(self._edges) == 1:
                partial = self._edges[0][1]
                found = np.asarray(partial.norms(*self.adjoints.rows(self._edges[0])))[::-1]
            else:
                values = [self.value(k).ravel() for k in range(self.last, self.lowest - 1, -1)]
                found = norm(np.stack(values))
        found.setflags(write=False)
        return found

    @cached_property
    def shares(self) -> Array:
        """⟨term, sum⟩ / ‖sum‖² for k = t, t − 1, …, the sum being that of the kept terms."""
        with np.errstate(all="ignore"):
            shape = self.sum.shape
            (scaled,), _ = unit_scale(self.sum.reshape(1, -1))
            found = np.zeros(self.last - self.lowest + 1, self.adjoints.tape.dtype)
            for edge in self._edges:
                g, coefficients = self.adjoints.rows(edge)
                # Both factors scaled: their product underflows only where the share does.
                size = np.ldexp(1.0, unit_scale(self.sum.reshape(1, -1))[1][0])
                inner = edge[1].inner(g / size, coefficients, scaled.reshape(shape))
                found[: len(g)] += np.asarray(inner)[::-1]
            found /= np.vdot(scaled, scaled)
        found.setflags(write=False)
        return found

    @cached_property
    def sum(self) -> Array:
        """Σ of the kept terms: ∂E_t/∂θ under the truncation."""
        if self.first > self.last:
            return np.zeros_like(getattr(self.adjoints.tape.theta, self.parameter))
        return self._total(self.first)

    def partial_sum(self, k: int) -> Array:
        """Σ of the kept terms from t down to k: O(size of the parameter) but for the first time."""
        start, lowest = max(k, self.first), max(self.first, self.lowest)
        if start > self.last:
            return np.zeros_like(self.sum)
        if start <= lowest:
            return self.sum
        checkpoint = (start // self._every + 1) * self._every
        if checkpoint > self.last:
            return self._total(start)
        return np.asarray(self._checkpoints[checkpoint] + self._total(start, checkpoint))

    @cached_property
    def _every(self) -> int:
        """The distance of checkpoints, so that all of them fit into ROOM."""
        size = getattr(self.adjoints.tape.theta, self.parameter).nbytes
        return int(max(EVERY, -(-(self.last + 1) * size // ROOM)))

    @cached_property
    def _checkpoints(self) -> dict[int, Array]:
        """Σ of the terms from t down to some steps, multiples of `_every`."""
        found, above = {}, self.last + 1
        total = np.zeros_like(self.sum)
        for step in range(self.last // self._every * self._every, self.first, -self._every):
            total = total + self._total(step, above)
            found[step], above = total, step
        return found

    def _total(self, start: int, stop: int | None = None) -> Array:
        with np.errstate(all="ignore"):
            found = self.adjoints.total(self.parameter, start, stop)
        found.setflags(write=False)
        return found

    def sum_of(self, steps: Sequence[int]) -> Array:
        """Σ of the terms of these steps, kept or dropped, without forming each of them."""
        shape = getattr(self.adjoints.tape.theta, self.parameter).shape
        found = np.zeros(shape, self.adjoints.tape.dtype)
        with np.errstate(all="ignore"):
            for edge in self._edges:
                g, coefficients = self.adjoints.rows(edge)
                at = np.array(steps, np.intp) - self.adjoints.start(edge[0])
                at = at[at >= 0]
                read = coefficients if edge[1].constant else coefficients[at]
                found = found + edge[1].total(g[at], read, shape)
        return found

    def value(self, k: int) -> Array:
        """The term of step k, in the shape of the parameter."""
        shape = getattr(self.adjoints.tape.theta, self.parameter).shape
        found = np.zeros(shape, self.adjoints.tape.dtype)
        with np.errstate(all="ignore"):
            for edge in self._edges:
                reader, partial, _ = edge
                at = k - self.adjoints.start(reader)
                if at >= 0:
                    coefficients = self.adjoints.tape.coefficients(edge, k, k + 1)
                    g = self.adjoints.of(reader)[at : at + 1]
                    found = found + partial.total(g, coefficients, shape)
        return found

    @property
    def _edges(self) -> list[Edge]:
        return self.adjoints.edges(self.parameter)
