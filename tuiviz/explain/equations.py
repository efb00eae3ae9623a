"""The equations of an explanation in LaTeX, for a document and for Markdown alike."""

from __future__ import annotations

from collections.abc import Iterator

from tuiviz.explain.corner import Corner, corner
from tuiviz.explain.explanation import Explanation, Quantity, ShownTerm
from tuiviz.explain.notation import latex, number
from tuiviz.numbers import short

_BESIDE = 4
"""The most columns of a matrix that stands on the line of what it is equal to."""


def formula(explanation: Explanation) -> Iterator[str]:
    """The chain rule, then what each of its factors is."""
    found = explanation.formula
    chain = r" \, ".join(map(latex, found.chain))
    over = rf"\sum_{{k={found.last}}}^{{{found.first}}} " if found.through_time else ""
    yield f"{latex(found.symbol)} {latex(found.relation)} {over}{chain}"
    for left, right in found.definitions:
        if left == found.through_time and found.step:
            product = rf"\prod_{{j={found.first}}}^{{k+1}}"
            yield f"{latex(left)} = {product} {latex(found.step)}"
        else:
            yield f"{latex(left)} = {latex(right)}"


def quantity(found: Quantity) -> str:
    """Its symbol, how it is written, and its numbers."""
    return _equal([latex(found.symbol), *_written(found)], found)


def term(shown: ShownTerm) -> str:
    """Its symbol, its chain of factors, how it is written, and its numbers."""
    product = shown.product
    chain = r" \, ".join(latex(factor.symbol) for factor in shown.factors)
    sides = [latex(product.symbol), chain, *_written(product)]
    return " = ".join([*sides, "0"]) if shown.zero else _equal(sides, product)


def total(explanation: Explanation) -> str:
    """The sum and its numbers."""
    return _equal([latex(explanation.sum.symbol)], explanation.sum)


def _written(found: Quantity) -> list[str]:
    # Πⱼ, j = 3 … 2 stands in the formula.
    return [] if found.written.startswith("Π") else [latex(found.written)]


def _equal(sides: list[str], found: Quantity) -> str:
    """The sides and the numbers, a wide matrix on a line of its own."""
    if found.value is None:
        return " = ".join(sides)
    shown = corner(found.labels, found.value)
    if len(shown.columns) <= _BESIDE:
        return f"{' = '.join(sides)} {latex(found.relation)} {matrix(shown)}"
    lines = " = ".join(sides), f"{latex(found.relation)} {matrix(shown)}"
    return "\\begin{gathered}\n" + " \\\\\n".join(lines) + "\n\\end{gathered}"


def matrix(shown: Corner) -> str:
    """The numbers as a bmatrix, with dots for what is left out."""
    rows = [[number(float(value), short) for value in row] for row in shown.numbers]
    if shown.more_columns:
        rows = [[*row, r"\cdots"] for row in rows]
    if shown.more_rows:
        rows.append([r"\vdots"] * len(rows[0]))
    body = " \\\\\n".join(" & ".join(row) for row in rows)
    return f"\\begin{{bmatrix}}\n{body}\n\\end{{bmatrix}}"


def note(found: Quantity) -> str:
    """What of the array is shown, in plain text: its shape, norm, and what is left out."""
    size = found.size
    if found.value is None:
        return f"{size}, too large to be formed"
    shown = corner(found.labels, found.value)
    return "; ".join(part for part in (size, shown.note, shown.left_out) if part)
