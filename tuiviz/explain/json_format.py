"""An explanation as one JSON object."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from tuiviz.explain.explanation import Explanation, LeftOut, Quantity, ShownTerm
from tuiviz.files.trace import numbers

LARGEST = 4096
"""The most numbers of a factor that are written out."""


def json(explanation: Explanation) -> str:
    """All terms; those that a text shows in full with their value and factors."""
    return msgspec.json.encode(_explanation(explanation)).decode()


def _explanation(explanation: Explanation) -> dict[str, Any]:
    problem, t = explanation.problem, explanation.t
    truncation, formula = problem.truncation, explanation.formula
    return {
        "format": "tuiviz-explanation",
        "version": 1,
        "source": {"name": problem.name, "sequence": problem.sequence, "level": problem.level},
        "activation": problem.activation,
        "truncation": {"k1": truncation.k1, "k2": truncation.k2} if truncation else None,
        "t": t,
        "parameter": explanation.parameter,
        "symbol": explanation.sum.symbol,
        "x": problem.reads(t),
        "y": problem.follows(t),
        "E": _number(explanation.loss),
        "formula": formula.written,
        "definitions": dict(formula.definitions),
        "jacobians": [_factor(factor) for factor in explanation.jacobians],
        "terms": _terms(explanation),
        "left_out": _left_out(explanation.kept_left_out),
        "dropped": _left_out(explanation.dropped),
        "shape": explanation.sum.shape,
        "sum": _numbers(explanation.sum),
        "norm": _number(explanation.sum.norm),
        "difference": _number(explanation.difference),
    }


def _terms(explanation: Explanation) -> list[dict[str, Any]]:
    shown = {term.term.k: term for term in explanation.shown}
    products = explanation.expression.children
    return [
        {
            "k": term.k,
            "x": explanation.problem.reads(term.k),
            "norm": _number(term.norm),
            "share": _number(term.share),
            "kept": term.kept,
            "written": product.written,
            **(_in_full(shown[term.k]) if term.k in shown else {}),
        }
        for term, product in zip(explanation.terms, products, strict=True)
    ]


def _in_full(shown: ShownTerm) -> dict[str, Any]:
    return {
        "zero": str(shown.zero) if shown.zero else None,
        "value": _numbers(shown.product),
        "factors": [_factor(factor) for factor in shown.factors],
    }


def _factor(factor: Quantity) -> dict[str, Any]:
    small = factor.value is not None and factor.value.size <= LARGEST
    return {
        "symbol": factor.symbol,
        "written": factor.written,
        "shape": factor.shape,
        "norm": _number(factor.norm),
        "value": _numbers(factor) if small else None,
    }


def _left_out(found: LeftOut) -> dict[str, Any]:
    return {"count": found.count, "norm": _number(found.norm)}


def _numbers(found: Quantity) -> Any:
    return None if found.value is None else numbers(found.value)


def _number(value: float | None) -> Any:
    return None if value is None else numbers(np.float64(value))
