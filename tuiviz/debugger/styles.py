"""Truncations of the sentence at hand beside the full gradient, worked out once for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.learning.comparison import STYLES, Comparison, compare
from core.truncation import Truncation

if TYPE_CHECKING:
    from tuiviz.debugger.session import Session

AT_ONCE = 10**8
"""Multiply-adds that a sentence about a truncation may take."""


def chosen_length(session: Session) -> int:
    """The n that the styles are compared at: k2, or half the sentence."""
    chosen, steps = session.problem.truncation, session.steps
    return min(chosen.k2 if chosen else max(1, steps // 2), steps)


def comparisons(session: Session) -> list[Comparison]:
    """Every style at that n, the truncation in force if it is none of them, and the full one."""
    chosen, steps, n = session.problem.truncation, session.steps, chosen_length(session)
    tape, full = session.problem.tape, _full(session)

    def work_out() -> list[Comparison]:
        made = [compare(tape, style, n, of(n, steps), full) for style, of in STYLES.items()]
        if chosen and chosen not in [each.truncation for each in made]:
            made.append(compare(tape, "chosen", n, chosen, full))
        return [*made, compare(tape, "full", steps, Truncation(steps, steps), full)]

    found: list[Comparison] = session.keep(("comparisons", n, chosen), work_out)
    return found


def in_force(session: Session) -> Comparison | None:
    """The truncation in force beside the full gradient; None without one, or if it takes long."""
    chosen, steps = session.problem.truncation, session.steps
    if chosen is None:
        return None
    blocks = chosen.blocks(steps)
    sweep = int((blocks[:, 1] - blocks[:, 2] + 1).sum()) + steps
    if sweep * len(session.problem.tape.initial_state) ** 2 > AT_ONCE:
        return None
    full = _full(session)
    found: Comparison = session.keep(
        ("in force", chosen),
        lambda: compare(session.problem.tape, "chosen", chosen.k2, chosen, full),
    )
    return found


def _full(session: Session) -> Any:
    return session.keep(("full gradient",), session.problem.tape.gradient)
