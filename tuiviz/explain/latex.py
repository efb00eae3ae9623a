"""An explanation as a LaTeX document, in ASCII; for pdfLaTeX, XeLaTeX and LuaLaTeX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

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
from tuiviz.explain.notation import escaped, latex, number
from tuiviz.numbers import percent

if TYPE_CHECKING:
    from core.terms import Term

_PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\fi
\usepackage{textcomp}
\usepackage[a4paper, margin=2cm]{geometry}
\setlength{\parindent}{0pt}
\allowdisplaybreaks
% A sign beyond ASCII, by its number: itself where the font has it, otherwise the number.
\newcommand{\signnumber}[1]{\texttt{\textless{}U+#1\textgreater{}}}
\ifPDFTeX
  \newcommand{\sign}[1]{\signnumber{#1}}
\else
  \newcommand{\sign}[1]{\iffontchar\font"#1 \char"#1 \else\signnumber{#1}\fi}
\fi
\begin{document}"""


def document(explanation: Explanation) -> str:
    """The formula, a table of the terms, the factors, the terms and the sum with their numbers."""
    return "\n\n".join([_PREAMBLE, *_body(explanation), r"\end{document}"])


def _body(explanation: Explanation) -> Iterator[str]:
    yield rf"\section*{{${latex(explanation.sum.symbol)}$}}"
    yield from _introduction(explanation)
    yield from map(_display, equations.formula(explanation))
    yield r"\subsection*{Terms}"
    yield _table(explanation)
    yield from map(_plain, remarks(explanation))
    yield r"\subsection*{Factors}"
    for factor in explanation.factors:
        yield _with_note(equations.quantity(factor), factor)
    yield r"\subsection*{Terms in full}"
    yield from map(_term, explanation.shown)
    yield r"\subsection*{Sum}"
    yield _with_note(equations.total(explanation), explanation.sum)
    yield _plain(conclusion(explanation))


def _introduction(explanation: Explanation) -> Iterator[str]:
    reads, follows = map(escaped, tokens(explanation))
    loss = f"$E_{{{explanation.t}}} = {number(explanation.loss)}$ nats"
    yield "\\\\\n".join(
        [
            *map(escaped, (source(explanation), model(explanation))),
            rf"step {explanation.t} reads ``\texttt{{{reads}}}'', "
            rf"``\texttt{{{follows}}}'' follows",
            loss,
            *([escaped(truncation(explanation))] if explanation.problem.truncation else []),
        ]
    )


def _table(explanation: Explanation) -> str:
    rows = [r"$k$ & reads & $\|\text{term}\|$ & share & \\", r"\hline"]
    for term, left_out in gaps(explanation):
        rows.append(_row(explanation, term))
        if left_out:
            rows.append(rf"$\vdots$ & {left_out:,} more & & & \\")
    body = "\n".join(rows)
    return f"\\begin{{tabular}}{{rlrrl}}\n{body}\n\\end{{tabular}}"


def _row(explanation: Explanation, shown: ShownTerm) -> str:
    term = shown.term
    reads = escaped(cut(explanation.problem.reads(term.k), LONGEST))
    zero = f"${latex(shown.zero.symbol)} = 0$" if shown.zero else ""
    cells = (term.k, rf"\texttt{{{reads}}}", f"${number(term.norm)}$", _share(term), zero)
    return " & ".join(map(str, cells)) + r" \\"


def _share(term: Term) -> str:
    return escaped(percent(term.share)).replace("{-}", "$-$") if term.kept else "dropped"


def _term(shown: ShownTerm) -> str:
    zero = shown.zero
    if zero:
        return f"{_display(equations.term(shown))}\n${latex(zero.symbol)} = 0$: {zero.reason}."
    return _with_note(equations.term(shown), shown.product)


def _display(equation: str) -> str:
    return f"\\[\n{equation}\n\\]"


def _with_note(equation: str, found: Quantity) -> str:
    norm = "" if found.norm is None else rf", $\|\cdot\| = {number(found.norm)}$"
    return f"{_display(equation)}\n{{\\small {_plain(equations.note(found))}{norm}}}"


def _plain(sentence: str) -> str:
    return escaped(sentence).replace(r"\sign{00D7}", r"$\times$")
