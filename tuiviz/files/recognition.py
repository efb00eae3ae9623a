"""Which convention a file follows: first by the names in it, then by the shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

from core.errors import InputError
from core.parameters import NAMES
from core.records import Record
from tuiviz.files.conventions import MATRICES, TABLE, Array, Convention, Row, row
from tuiviz.files.disk import StrPath, shown
from tuiviz.files.visible import visible

X = ("x", "X", "inputs")
Y = ("y", "Y", "targets")
INITIAL_STATES = ("s0", "h0", "a0", "hprev", "h_prev", "a_prev")
ACTIVATION = "activation"

_OPTIONAL = ("b", "c")
_MEANT = {
    "U": "the matrix of the input",
    "W": "the matrix of the state",
    "V": "the matrix of the readout",
    "b": "the bias of the state",
    "c": "the bias of the readout",
}
_BESIDE = frozenset({*X, *Y, *INITIAL_STATES, ACTIVATION})
_NAME = re.compile(r"(.*[./])?([^./]+?)(?::0)?", re.DOTALL)
_LAYER = re.compile(r"(?:.*[./])?(?:weight|bias)_[ih]h_l(?P<layer>[0-9]+)(?P<reverse>_reverse)?")
_SHOWN_NAMES = 8
_MOST_NAMES = 500


class Match(Record):
    """The names of a file, told apart by one convention.

    gradients: of U, W, V, b, c to the names in the file. beside: tokens, state and activation.
    not_checked: gradients of those.
    """

    convention: Convention
    gradients: Mapping[str, tuple[str, ...]]
    beside: frozenset[str]
    not_checked: tuple[str, ...]

    @property
    def parameters(self) -> list[str]:
        """The names of θ, those of biases that may be missing among them."""
        return [name for names in self.convention.names.values() for name in names]

    @property
    def read(self) -> set[str]:
        """All names but of what is not checked."""
        gradients = {name for names in self.gradients.values() for name in names}
        return {*self.parameters, *gradients, *self.beside}


def matches(path: StrPath, names: Iterable[str], chosen: str | None = None) -> list[Match]:
    """By each row of the table that has the names of a file, or by the chosen row alone.

    Raises InputError for an unknown convention, names that fit none, two arrays for the same
    parameter, several layers and two directions: what was found and what is expected.
    """
    rows = TABLE if chosen is None else (row(chosen),)
    held = list(names)
    _check_one_layer(path, held)
    if len(held) > _MOST_NAMES:
        raise InputError(f"{shown(path)}: holds {len(held)} arrays; expected those of one network")
    readings = [_Reading(held, each) for each in rows]
    if found := [reading.match for reading in readings if not reading.trouble]:
        return found
    nearest = max(readings, key=lambda reading: reading.known)
    raise InputError(f"{shown(path)}: {nearest.trouble}")


def fitting(path: StrPath, found: Sequence[Match], arrays: Mapping[str, Array]) -> Match:
    """The match whose shapes fit each other.

    Raises InputError if none does, and if two do and neither is rare.
    """
    fits, troubles = [], []
    for match in found:
        try:
            match.convention.check_shapes(arrays)
            fits.append(match)
        except InputError as error:
            troubles.append(error)
    if not fits:
        raise InputError(f"{shown(path)}: {troubles[0]}") from troubles[0]
    usual = [match for match in fits if not match.convention.row.rare] or fits
    if len(usual) > 1:
        each = " or ".join(
            f"--convention {match.convention.name} ({match.convention.layout})" for match in usual
        )
        raise InputError(f"{shown(path)}: names and shapes leave a choice; give {each}")
    return usual[0]


def _check_one_layer(path: StrPath, names: Sequence[str]) -> None:
    for name in names:
        found = _LAYER.fullmatch(name)
        if found and (found["layer"].strip("0") or found["reverse"]):
            what = "two directions" if found["reverse"] else "several layers"
            raise InputError(
                f"{shown(path)}: {what}: it holds {visible(name)}; expected one layer, forward"
            )


class _Reading:
    """The names of a file as one row of the table reads them.

    places: of each parameter all that it could be; a required one has exactly one if all is well.
    """

    def __init__(self, held: Sequence[str], by: Row) -> None:
        self.row = by
        self.held = held
        self.own = [name for name in held if not _of_a_gradient(name, held)]
        self.stems = [stem for name in held for stem in _stems(name)]
        self.places: dict[str, list[tuple[str, ...]]] = {}
        for parameter, beside in (("W", ""), ("U", "W"), ("b", "W"), ("V", ""), ("c", "V")):
            self.places[parameter] = self._places(parameter, beside)

    def _places(self, parameter: str, beside: str) -> list[tuple[str, ...]]:
        taken = {name for places in self.places.values() for place in places for name in place}
        paths = {_parts(place[0])[0] for place in self.places.get(beside, ())}
        # A bias that is zero may be left out, and its gradient be there all the same.
        for names in (self.own, self.stems) if parameter in _OPTIONAL else (self.own,):
            found = list(_at_paths(self.row.choices(parameter), set(names) - taken, paths))
            if found:
                return found
        return []

    @property
    def known(self) -> int:
        """How many of the parameters have a place."""
        return sum(bool(places) for places in self.places.values())

    @cached_property
    def match(self) -> Match:
        """What was read, if `trouble` is empty."""
        names = {name: self.places[name][0] for name in NAMES if self.places[name]}
        owners = {name: owner for owner, parts in names.items() for name in parts}
        others = [name for name in self.held if name not in owners]
        gradients = {
            owner: tuple(name for name in others if _owner(name, owners) == owner)
            for owner in names
        }
        return Match(
            convention=Convention(self.row, names),
            gradients={owner: found for owner, found in gradients.items() if found},
            beside=_BESIDE.intersection(others),
            not_checked=tuple(name for name in others if _stems(name) & _BESIDE),
        )

    @cached_property
    def trouble(self) -> str:
        """Why the file does not follow this convention; empty if it does."""
        for parameter, places in self.places.items():
            if len(places) > 1:
                several = " and ".join("+".join(map(visible, place)) for place in places[:3])
                return f"holds {several}, each of which may be {_MEANT[parameter]}; keep one"
        if any(not self.places[parameter] for parameter in MATRICES):
            return f"holds {_listed(self.held)}; expected {self._expected}"
        match = self.match
        known = match.read | {*match.not_checked}
        unknown = [name for name in self.held if name not in known]
        if unknown:
            return (
                f"holds {_listed(unknown)}, not known beside {match.convention}; "
                f"expected {self._expected}, their gradients, x, y, an initial state"
            )
        return ""

    @property
    def _expected(self) -> str:
        names = {parameter: "+".join(self.row.choices(parameter)[0]) for parameter in NAMES}
        required = ", ".join(names[parameter] for parameter in MATRICES)
        optional = ", ".join(names[parameter] for parameter in _OPTIONAL)
        return f"{required} and, if wanted, {optional}"


def _at_paths(
    choices: Iterable[tuple[str, ...]], names: set[str], paths: set[str]
) -> Iterator[tuple[str, ...]]:
    """Where all arrays of a choice stand together, at one of the paths if there are any."""
    at: dict[str, dict[str, str]] = {}
    for name in sorted(names):
        path, leaf = _parts(name)
        if not paths or path in paths:
            at.setdefault(path, {})[leaf] = name
    for choice in choices:
        for leaves in at.values():
            if leaves.keys() >= {*choice}:
                yield tuple(leaves[leaf] for leaf in choice)


@lru_cache(maxsize=_MOST_NAMES)
def _parts(name: str) -> tuple[str, str]:
    """rnn.weight_hh_l0 into rnn. and weight_hh_l0; dense/kernel:0 into dense/ and kernel."""
    found = _NAME.fullmatch(name)
    return (found[1] or "", found[2]) if found else ("", name)


@lru_cache(maxsize=_MOST_NAMES)
def _stems(name: str) -> frozenset[str]:
    """Of what this may be the gradient: dW, grad.W, grad_W, W.grad and rnn.dW are of W or rnn.W."""
    path, _ = _parts(name)
    found = {name.removeprefix(start) for start in ("d", "grad.", "grad/", "grad_")}
    found |= {name.removesuffix(".grad"), path + name.removeprefix(path).removeprefix("d")}
    return frozenset(found - {name, ""})


def _of_a_gradient(name: str, held: Sequence[str]) -> bool:
    return name.startswith(("grad.", "grad/")) or not _stems(name).isdisjoint(held)


def _owner(name: str, owners: Mapping[str, str]) -> str | None:
    """The parameter of which this is the gradient: by its whole name, or an end like no other."""
    stems = _stems(name)
    whole = {owner for full, owner in owners.items() if full in stems}
    ends = {owner for full, owner in owners.items() if _parts(full)[1] in stems}
    found = whole or ends
    return found.pop() if len(found) == 1 else None


def _listed(names: Sequence[str]) -> str:
    found = ", ".join(visible(name) for name in names[:_SHOWN_NAMES]) or "no arrays"
    more = len(names) - _SHOWN_NAMES
    return f"{found} and {more} more" if more > 0 else found
