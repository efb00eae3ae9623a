"""An explanation as plain text of at most 80 columns."""

from __future__ import annotations

import re
import textwrap

from rich.cells import cell_len

from core.symbols import subscript
from tuiviz.cells import bar, fitted
from tuiviz.explain.corner import WIDTH, corner, table
from tuiviz.explain.explanation import Explanation, Quantity, ShownTerm, gaps
from tuiviz.explain.facts import conclusion, model, remarks, source, tokens, truncation
from tuiviz.numbers import number, percent

_TIED = re.compile(" (?=[…=%])|(?<=[…=]) ")  # k = 3 … 0 stays on its line


def text(explanation: Explanation) -> str:
    """The formula, a table of the terms, the factors, the terms and the sum with their numbers."""
    blocks = [
        _title(explanation),
        _formula(explanation),
        _table(explanation),
        *map(_quantity, explanation.factors),
        *map(_term, explanation.shown),
        [*_quantity(explanation.sum), *_wrapped(conclusion(explanation))],
    ]
    return "\n\n".join("\n".join(line.rstrip() for line in block) for block in blocks)


def _title(explanation: Explanation) -> list[str]:
    reads, follows = tokens(explanation)
    reading = f'step {explanation.t} reads "{reads}", "{follows}" follows'
    loss = f"E{subscript(explanation.t)} = {number(explanation.loss)} nats"
    lines = [source(explanation), model(explanation), reading, loss, truncation(explanation)]
    whole = explanation.sum
    title = whole.equation if explanation.dropped.count else whole.symbol
    return [_beside(title, whole), *filter(None, lines)]


def _formula(explanation: Explanation) -> list[str]:
    found = explanation.formula
    lines = [found.written, *(f"  {left} = {right}" for left, right in found.definitions)]
    return [part for line in lines for part in _wrapped(line)]


def _table(explanation: Explanation) -> list[str]:
    largest = max((term.product.norm or 0 for term in explanation.shown), default=0)
    lines = ["     k  reads           ‖term‖     share"]
    for term, left_out in gaps(explanation):
        lines.append(_row(explanation, term, largest))
        if left_out:
            lines.append(f"     …  {left_out:,} more")
    return lines + [part for sentence in remarks(explanation) for part in _wrapped(sentence)]


def _row(explanation: Explanation, shown: ShownTerm, largest: float) -> str:
    term = shown.term
    reads = fitted(explanation.problem.reads(term.k), 12)
    share = percent(term.share) if term.kept else "dropped"
    note = f"{shown.zero.symbol} = 0" if shown.zero else bar(term.norm / largest, 20)
    return f"{term.k:>6}  {reads}{number(term.norm):>10}{share:>10}  {note}"


def _term(shown: ShownTerm) -> list[str]:
    product = shown.product
    lines = [_headed(product), *_wrapped(f"= {shown.chain}", "  ")]
    if shown.zero:
        return [*lines, *_wrapped(f"  zero, as {shown.zero}", "  ")]
    return [*lines, *_numbers(product)]


def _quantity(quantity: Quantity) -> list[str]:
    return [_headed(quantity), *_numbers(quantity)]


def _headed(quantity: Quantity) -> str:
    return _beside(quantity.equation, quantity)


def _beside(left: str, quantity: Quantity) -> str:
    size = quantity.size
    if quantity.norm is not None:
        size += f"  ‖·‖ {number(quantity.norm)}"
    return fitted(left, WIDTH - cell_len(size) - 2) + "  " + size


def _numbers(quantity: Quantity) -> list[str]:
    if quantity.value is None:
        return ["  too large to be formed"]
    return [f"  {line}" for line in table(corner(quantity.labels, quantity.value))]


def _wrapped(line: str, indent: str = "") -> list[str]:
    lead = line[: len(line) - len(line.lstrip())]
    found = textwrap.wrap(
        _TIED.sub("\N{NO-BREAK SPACE}", line.strip()),
        WIDTH,
        initial_indent=lead or indent,
        subsequent_indent=(lead or indent) + "  ",
        break_on_hyphens=False,
    )
    return [part.replace("\N{NO-BREAK SPACE}", " ") for part in found]
