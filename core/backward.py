"""A backward pass: some errors sent back together, down to some step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cached_property

import numpy as np

from core import sweep
from core.adjoints import Adjoints
from core.errors import InputError
from core.numbers import Array
from core.recording import Recording
from core.records import Record
from core.terms import Terms


class Pass(Record, eq=False):
    """The errors E_t, first ≤ t ≤ last, sent back together as one row, down to the step `low`.

    With E for their sum, ∂E/∂s_k = Vᵀ ∂E_k/∂z_k (if E_k is one of them) + Wᵀ ∂E/∂a_{k+1}. A
    single error is a pass of one; the accumulated sweep of real code is one pass of all of them;
    TBPTT(k1, k2) makes a pass for each block of k1 steps.
    """

    tape: Recording = field(repr=False)
    first: int
    last: int
    low: int = 0
    _terms: dict[tuple[str, int], Terms] = field(default_factory=dict, repr=False)

    @cached_property
    def swept(self) -> Adjoints:
        """∂E/∂node_k of every node, low ≤ k ≤ last: one sweep of one row, O((last − low)·H²)."""
        first, stop = max(self.first, self.low), self.last + 1
        with np.errstate(all="ignore"):
            readout = sweep.readout_adjoints(self.tape, first, stop)
            joining = {}
            for state in self.tape.program.carried:
                rows = np.zeros((stop - self.low, self.tape.size(state)), self.tape.dtype)
                rows[first - self.low :] = readout.pop(state)
                joining[state] = rows
            loop = sweep.one_row(self.tape, joining, self.low, stop)
            return sweep.complete(self.tape, readout, loop, at=first, first=self.low)

    @cached_property
    def adjoints(self) -> Mapping[str, Array]:
        """By line, a row for each step up to `last`: ∂E/∂line_k.

        Of the recurrence from step `low` on, of the readout from step `first` on.
        """
        program, found = self.tape.program, {}
        for name, node in program.lines.items():
            if program.aliases.get(node, node) in self.swept.cotangents and name != "E":
                found[name] = self.swept.of(node)
        return found

    def adjoint(self, name: str, k: int) -> Array:
        """∂E/∂line_k of one line at one step of the pass."""
        rows = self.adjoints[name]
        return np.asarray(rows[k - (self.last + 1 - len(rows))])

    def steps(self, name: str, first: int = 0) -> Terms:
        """What each step k = last … adds to ∂E/∂θ for one parameter; below `first` it is dropped.

        Raises InputError for a name that is no parameter.
        """
        if name not in self.parameters:
            raise InputError(f'no parameter "{name}"; expected {", ".join(self.parameters)}')
        if (name, first) not in self._terms:
            self._terms[name, first] = Terms(self.swept, name, self.last, first)
        return self._terms[name, first]

    @property
    def parameters(self) -> Sequence[str]:
        """The names of the parameters."""
        return tuple(self.tape.program.parameters)
