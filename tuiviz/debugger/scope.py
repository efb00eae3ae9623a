"""The values that breakpoints and watches can name, at a position.

A name stands for what real code would have in that variable when the current line is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from core.lines import ADJOINT, GRADIENT, VALUE, Line
from tuiviz.debugger.session import Session
from tuiviz.debugger.sums import added_up

PREFIX = {VALUE: "", ADJOINT: "dEd", GRADIENT: "d"}


def name_of(line: Line) -> str:
    """What a line computes, as a name: s, dEds, dW."""
    return PREFIX[line.kind] + line.name


def _term(session: Session) -> Any:
    line = session.position.line
    if line.kind != GRADIENT:
        raise KeyError("term")
    return session.pass_terms(line.name).at(session.position.step)


def _k(session: Session) -> int:
    if session.going_forward:
        raise KeyError("k")
    return session.position.step


def _t(session: Session) -> int:
    if session.going_forward:
        return session.position.step
    return session.walk.passes[session.position.back][1]


_FACTS: dict[str, tuple[Callable[[Session], Any], str]] = {
    "t": (_t, "the time step on the way forward; on the way back the t of E_t, the last error's"),
    "k": (_k, "the time step on the way back; on the way forward there is none"),
    "step": (lambda s: s.position.step, "the time step, whichever way"),
    "T": (lambda s: s.steps, "the number of time steps"),
    "H": (lambda s: len(s.problem.tape.initial_state), "the size of the state"),
    "C": (lambda s: s.problem.tape.values["z"].shape[-1], "the number of classes"),
    "position": (lambda s: s.index + 1, "the position, counted from 1"),
    "forward": (lambda s: s.going_forward, "whether the pass goes forward"),
    "line": (lambda s: name_of(s.position.line), "the name of what the line computes, as a text"),
    "token": (lambda s: s.problem.reads(s.position.step), "the token read at this step"),
    "next": (lambda s: s.problem.follows(s.position.step), "the token that really follows it"),
    "loss": (lambda s: s.problem.tape.loss, "E, in nats"),
    "value": (lambda s: s.line_value().array, "what the current line computes"),
    "term": (lambda s: _term(s).value, "what a gradient's line adds, in the shape of θ"),
    "share": (
        lambda s: _term(s).share,
        "the share ⟨term, sum⟩ / ‖sum‖² of what it adds, in the sum of its pass",
    ),
    "s_before": (
        lambda s: s.problem.tape.before(s.position.step),
        "the state one step earlier",
    ),
    "dEds_t": (
        lambda s: s.at_pass.adjoint(s.program.state, _last_error(s)),
        "∂E/∂s where the last error of the pass joined",
    ),
    "jacobian": (
        lambda s: s.problem.tape.jacobian(s.position.step, s.position.step - 1),
        "∂s_k/∂s_{k−1} at this step",
    ),
}


EVERY_LINE = frozenset({"position", "line", "value"})
"""What each line makes anew."""

CONSTANT = frozenset({"T", "H", "C", "loss"})
"""What is the same all the way; the parameters are too."""


def _last_error(session: Session) -> int:
    _k(session)
    return _t(session)


def descriptions(session: Session) -> dict[str, str]:
    """Every name there is for this network, and what it means."""
    program = session.program
    found = {name: text for name, (_, text) in _FACTS.items()}
    adjoints = {line.name for line in session.walk.lines if line.kind == ADJOINT}
    for name in program.lines:
        found[name] = f"{name} at this step"
        if name in adjoints:
            found[f"dEd{name}"] = f"∂E/∂{name} at this step, E being the errors sent back"
    for name in program.parameters:
        found[name] = f"the parameter {name}"
        found[f"d{name}"] = f"∂E/∂{name} as far as it has been added up"
    return found


def labels_of(session: Session, name: str) -> tuple[tuple[str, ...], ...]:
    """The names along each axis of a value; nothing for a number, a text, or what is not here."""
    program = session.program
    parameter = name.removeprefix("d")
    if name == "term":
        parameter = session.position.line.name
    if parameter in program.parameters:
        return session.parameter_labels(parameter)
    if name == "value":
        return session.line_value().labels
    line, of_state = name.removeprefix("dEd"), {"s_before": 1, "dEds_t": 1, "jacobian": 2}
    axes = (program.state,) * of_state[name] if name in of_state else (line,)
    values = session.problem.tape.values
    if any(axis not in values for axis in axes):
        return ()
    return session.labels(axes, tuple(values[axis].shape[-1] for axis in axes))


class Scope(Mapping[str, Any]):
    """The values at a position, by name; each computed when it is asked for.

    Raises KeyError for a name that has no value there.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getitem__(self, name: str) -> Any:
        session = self._session
        if name in _FACTS:
            return _FACTS[name][0](session)
        program = session.program
        if name in program.lines:
            return self._value(name)
        if name.startswith("dEd") and name[3:] in program.lines:
            return self._adjoint(name[3:])
        if name in program.parameters:
            return getattr(session.problem.theta, name)
        if name.startswith("d") and name[1:] in program.parameters:
            if session.going_forward:
                raise KeyError(name)
            return added_up(session, name[1:])
        raise KeyError(name)

    def _value(self, name: str) -> Any:
        session = self._session
        if session.going_forward and not self._done(VALUE, name):
            raise KeyError(name)
        return session.problem.tape.values[name][session.position.step]

    def _adjoint(self, name: str) -> Any:
        session = self._session
        if session.going_forward or not self._done(ADJOINT, name):
            raise KeyError(name)
        return session.at_pass.adjoint(name, session.position.step)

    def _done(self, kind: str, name: str) -> bool:
        here = self._session.position
        made = self._session.walk.made(here.back, here.step, kind, name)
        return made is not None and made <= here.index

    def __iter__(self) -> Iterator[str]:
        return iter(descriptions(self._session))

    def __len__(self) -> int:
        return len(descriptions(self._session))
