"""An explanation as Markdown, its equations in the math blocks that GitHub draws."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.symbols import subscript
from tuiviz.explain import equations
from tuiviz.explain.explanation import Explanation, Quantity, ShownTerm, gaps
from tuiviz.explain.facts import (
    LONGEST,
    conclusion,
    cut,
    model,
    remarks,
    source,
    tokens,
    truncation,
)
from tuiviz.numbers import number, percent


def markdown(explanation: Explanation) -> str:
    """The formula, a table of the terms, the factors, the terms and the sum with their numbers."""
    return "\n\n".join(_blocks(explanation))


def _blocks(explanation: Explanation) -> Iterator[str]:
    yield f"# {explanation.sum.symbol}"
    yield _introduction(explanation)
    yield from map(_math, equations.formula(explanation))
    yield "## Terms"
    yield _table(explanation)
    yield from remarks(explanation)
    yield "## Factors"
    for factor in explanation.factors:
        yield from (_math(equations.quantity(factor)), _note(factor))
    yield "## Terms in full"
    for shown in explanation.shown:
        yield from _term(explanation, shown)
    yield "## Sum"
    yield from (_math(equations.total(explanation)), _note(explanation.sum))
    yield conclusion(explanation)


def _introduction(explanation: Explanation) -> str:
    reads, follows = map(code, tokens(explanation))
    lines = [
        f"- {code(source(explanation))}",
        f"- {model(explanation)}",
        f"- step {explanation.t} reads {reads}, {follows} follows",
        f"- E{subscript(explanation.t)} = {number(explanation.loss)} nats",
    ]
    if explanation.problem.truncation:
        lines.append(f"- {truncation(explanation)}")
    return "\n".join(lines)


def _table(explanation: Explanation) -> str:
    # No token in it: a cell cannot hold every sign.
    lines = ["| k | norm | share | |", "|--:|--:|--:|:--|"]
    for shown, left_out in gaps(explanation):
        term = shown.term
        share = percent(term.share) if term.kept else "dropped"
        zero = f"{shown.zero.symbol} = 0" if shown.zero else ""
        lines.append(f"| {term.k} | {number(term.norm)} | {share} | {zero} |")
        if left_out:
            lines.append(f"| … | | | {left_out:,} more |")
    return "\n".join(lines)


def _term(explanation: Explanation, shown: ShownTerm) -> Iterator[str]:
    k = shown.term.k
    yield f"### k = {k}, reads {code(cut(explanation.problem.reads(k), LONGEST))}"
    yield _math(equations.term(shown))
    yield f"Zero, as {shown.zero}." if shown.zero else _note(shown.product)


def _note(found: Quantity) -> str:
    norm = "" if found.norm is None else f", ‖·‖ = {number(found.norm)}"
    return f"{equations.note(found)}{norm}"


def _math(equation: str) -> str:
    return f"```math\n{equation}\n```"


def code(text: str) -> str:
    """Any line of text as a code span, in which nothing is markup, a link or a mention."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    # A space at both ends is taken away, unless there is nothing else.
    room = " " if text.strip() and (text[0] in " `" or text[-1] in " `") else ""
    return f"{fence}{room}{text or ' '}{room}{fence}"
