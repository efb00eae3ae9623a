"""The sentence of what is looked at: a part of the chain rule, or the current line."""

from __future__ import annotations

from tuiviz.debugger.chain_sentences import expression_sentence
from tuiviz.debugger.line_sentences import LONGEST, line_sentence
from tuiviz.debugger.session import Session

__all__ = ["LONGEST", "expression_sentence", "line_sentence", "sentence"]


def sentence(session: Session) -> str:
    """What the current line does and why; of the part of the chain rule under the cursor, if any.

    One line of at most LONGEST characters.
    """
    tape, truncation = session.problem.tape, session.problem.truncation
    if session.cursor is not None:
        return expression_sentence(
            session.outline.expression(session.cursor),
            error=session.error,
            parameter=session.parameter,
            tape=tape,
            truncation=truncation,
        )
    position = session.position
    return line_sentence(
        position.line, step=position.step, back=session.at_pass, tape=tape, truncation=truncation
    )
