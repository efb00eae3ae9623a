"""∂E_t/∂θ written out: its numbers are right, and nothing in it is obeyed."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import unicodedata
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explained import FUNCTIONS, Plain, derivative, problem
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pylatexenc.latex2text import (  # type: ignore[import-untyped]
    LatexNodes2Text,
    MacroTextSpec,
)
from pylatexenc.latex2text import get_default_latex_context_db as known_texts
from pylatexenc.latexwalker import (  # type: ignore[import-untyped]
    LatexMacroNode,
    LatexNode,
    LatexWalker,
)
from pylatexenc.latexwalker import get_default_latex_context_db as known_macros
from pylatexenc.macrospec import std_macro  # type: ignore[import-untyped]
from rich.cells import cell_len

from core.errors import InputError
from core.parameters import Parameters
from core.tape import Tape, record
from core.truncation import Truncation
from tuiviz.explain import FORMATS, explain
from tuiviz.explain.corner import corner
from tuiviz.explain.explanation import MOST, Explanation, Quantity
from tuiviz.explain.markdown import code
from tuiviz.explain.notation import escaped
from tuiviz.explain.notation import number as latex_number
from tuiviz.explain.zero import TOO_SMALL, why_zero
from tuiviz.files.visible import visible
from tuiviz.numbers import number
from tuiviz.problem import Problem

ROOT = Path(__file__).parent.parent
SAMPLE = str(ROOT / "samples" / "sample.txt")
NAMES = ("U", "W", "V", "b", "c")
laws = settings(deadline=None, max_examples=25, derandomize=True, database=None)

NASTY = (
    "$x^2$",
    "\\end{document}",
    "[/b]",
    "한글",
    "👨\u200d👩\u200d👧",
    "`a``",
    "|",
    "<b>&amp;",
    "@user",
    "\x1b[31mred",
    "a\u202eb",
    "",
    "```",
    " a ",
    "https://x.y",
    "%~_{}#,,--''\"",
    "long" * 30,
)


def explained(found: Problem, t: int, name: str) -> Any:
    return json.loads(explain(found, t, name, "json"))


def array(value: Any) -> Any:
    return np.array(value, float)


# The numbers, against complex steps through a plain loop


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("initial", [False, True])
def test_terms_and_sum_are_the_derivatives(activation: str, name: str, initial: bool) -> None:
    found = problem(activation=activation, given=initial)
    for t in (0, 3):
        said, plain = explained(found, t, name), Plain(found)
        steps = range(t, -1, -1) if name in "UWb" else [t]
        assert [term["k"] for term in said["terms"]] == list(steps)
        expected = [plain.term(t, name, k) for k in steps]
        for term, value in zip(said["terms"], expected, strict=True):
            assert array(term["value"]) == pytest.approx(value, abs=1e-12)
            assert term["norm"] == pytest.approx(np.linalg.norm(value), abs=1e-12)
        total = sum(expected)
        assert array(said["sum"]) == pytest.approx(total, abs=1e-12)
        assert said["norm"] == pytest.approx(np.linalg.norm(total), abs=1e-12)
        assert said["difference"] < 1e-14


@pytest.mark.parametrize("activation", FUNCTIONS)
def test_factors_are_the_partial_derivatives(activation: str) -> None:
    found, t = problem(activation=activation, given=True), 3
    plain, said = Plain(found), explained(found, t, "W")
    theta, states = plain.parameters(), plain.states()
    for jacobian, j in zip(said["jacobians"], range(t, 0, -1), strict=True):
        expected = derivative(partial(plain.state, theta, j), states[j])
        assert array(jacobian["value"]) == pytest.approx(expected, abs=1e-12)
    for term in said["terms"]:
        k = term["k"]
        of_loss, of_prediction, _, immediate = (array(f["value"]) for f in term["factors"])
        prediction = plain.prediction(theta, states[t + 1])
        expected = -np.eye(len(prediction))[found.y[t]] / prediction
        assert of_loss[0] == pytest.approx(expected, abs=1e-12)
        expected = derivative(partial(plain.prediction, theta), states[t + 1])
        assert of_prediction == pytest.approx(expected, abs=1e-12)
        expected = derivative(partial(plain.state_of, k, states[k], "W"), theta["W"])
        assert immediate == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_the_factors_of_a_term_multiply_to_it(name: str) -> None:
    for term in explained(problem(given=True), 4, name)["terms"]:
        product = array(term["factors"][0]["value"])
        for factor in term["factors"][1:]:
            assert list(np.shape(factor["value"])) == factor["shape"]
            product = np.tensordot(product, array(factor["value"]), 1)
        assert product[0] == pytest.approx(array(term["value"]), abs=1e-12)


def test_the_jacobians_multiply_to_the_way_back() -> None:
    said = explained(problem(), 4, "W")
    product = np.eye(3)
    for jacobian, term in zip(said["jacobians"], said["terms"][1:], strict=True):
        product = product @ array(jacobian["value"])
        assert array(term["factors"][2]["value"]) == pytest.approx(product, abs=1e-14)


# The formula

FORMULA = "∂E₃/∂W = Σₖ ∂E₃/∂ŷ₃ · ∂ŷ₃/∂s₃ · ∂s₃/∂sₖ · ∂⁺sₖ/∂W,  k = 3 … 0"


def test_the_formula_is_the_chain_rule() -> None:
    said = explained(problem(), 3, "W")
    assert said["formula"] == FORMULA
    assert said["definitions"] == {
        "∂E₃/∂ŷ₃": "−y₃ᵀ / ŷ₃[y₃]",
        "∂ŷ₃/∂s₃": "(diag(ŷ₃) − ŷ₃ ŷ₃ᵀ) · V",
        "∂s₃/∂sₖ": "Πⱼ ∂sⱼ/∂sⱼ₋₁,  j = 3 … k+1",
        "∂sⱼ/∂sⱼ₋₁": "diag(1 − sⱼ²) · W",
        "∂⁺sₖ/∂W": "diag(1 − sₖ²) · (I ⊗ sₖ₋₁)",
    }
    assert explained(problem(), 3, "V")["formula"] == "∂E₃/∂V = ∂E₃/∂ŷ₃ · ∂ŷ₃/∂z₃ · ∂z₃/∂V"
    assert FORMULA in explain(problem(), 3, "W")


@pytest.mark.parametrize("form", ["latex", "markdown"])
def test_the_formula_in_latex(form: str) -> None:
    written = explain(problem(), 3, "W", form)
    assert (
        r"\frac{\partial E_{3}}{\partial W} = \sum_{k=0}^{3} "
        r"\frac{\partial E_{3}}{\partial \hat{y}_{3}} \, "
        r"\frac{\partial \hat{y}_{3}}{\partial s_{3}} \, \frac{\partial s_{3}}{\partial s_{k}} \, "
        r"\frac{\partial^{+} s_{k}}{\partial W}"
    ) in written
    assert (
        r"\frac{\partial s_{3}}{\partial s_{k}} = "
        r"\prod_{j=3}^{k+1} \frac{\partial s_{j}}{\partial s_{j-1}}"
    ) in written
    assert r"= \mathrm{diag}(1 - s_{j}^{2}) \, W" in written


@pytest.mark.parametrize("name", ["U", "W", "b"])
def test_the_letters_stand_for_any_step(name: str) -> None:
    found = problem(steps=25)
    definitions = {t: explained(found, t, name)["definitions"] for t in range(25)}
    read = {"U": "(I ⊗ xₖ)", "W": "(I ⊗ sₖ₋₁)", "b": "I"}[name]
    for t in range(25):
        assert definitions[t][f"∂⁺sₖ/∂{name}"] == f"diag(1 − sₖ²) · {read}"
        assert definitions[t].get("∂sⱼ/∂sⱼ₋₁", "diag(1 − sⱼ²) · W") == "diag(1 − sⱼ²) · W"
        assert ("∂sⱼ/∂sⱼ₋₁" in definitions[t]) == (t > 0)


# What is written is what the numbers are


@pytest.mark.parametrize("name", NAMES)
def test_the_sum_is_the_same_in_all_formats(name: str) -> None:
    found = problem(steps=4, given=True)
    total = array(explained(found, 3, name)["sum"])
    rows = explain(found, 3, name).split("\n")[-1 - len(total) : -1]
    shown = [row.split()[1:] for row in rows]
    assert array(shown) == pytest.approx(total.reshape(len(total), -1), rel=0.06)
    for form in ("latex", "markdown"):
        body = explain(found, 3, name, form).split(r"\begin{bmatrix}")[-1]
        cells = body.split(r"\end{bmatrix}")[0].replace(r" \cdot 10^{", "e").replace("}", "")
        shown = [row.split("&") for row in cells.split(r"\\")]
        assert array(shown) == pytest.approx(total.reshape(len(total), -1), rel=0.06)


def test_the_table_has_the_norm_and_the_token_of_each_term() -> None:
    found = problem(steps=6)
    written = explain(found, 5, "U").split("\n")
    for term in found.tape.error(5).terms("U"):
        row = next(line for line in written if line.startswith(f"{term.k:>6}  "))
        assert row.split()[1:3] == [found.reads(term.k), number(term.norm)]
        assert f"{100 * term.share:.1f} %" in row
        share = f"{100 * term.share:.1f} \\%".replace("-", "$-$")
        reads, norm = rf"\texttt{{{found.reads(term.k)}}}", f"${latex_number(term.norm)}$"
        assert f"{term.k} & {reads} & {norm} & {share} &" in explain(found, 5, "U", "latex")


# A truncation


@given(st.integers(0, 6), st.integers(1, 7), st.integers(1, 7), st.sampled_from(NAMES))
@laws
def test_a_truncation_drops_its_terms_from_the_sum(t: int, k1: int, k2: int, name: str) -> None:
    truncation = Truncation(k1, k2)
    found = problem(steps=7, truncation=truncation, given=True)
    said, whole = explained(found, t, name), explained(problem(steps=7, given=True), t, name)
    total: Any = np.zeros(said["shape"])
    dropped: Any = np.zeros(said["shape"])
    for term, same in zip(said["terms"], whole["terms"], strict=True):
        assert term["kept"] == truncation.keeps(t, term["k"], 7)
        assert term["norm"] == same["norm"]
        total = total + array(term["value"]) * term["kept"]
        dropped = dropped + array(term["value"]) * (not term["kept"])
    assert array(said["sum"]) == pytest.approx(total, abs=1e-14)
    assert said["dropped"]["norm"] == pytest.approx(np.linalg.norm(dropped), abs=1e-14)
    assert said["dropped"]["count"] == sum(not term["kept"] for term in said["terms"])
    if said["norm"]:
        assert sum(term["share"] for term in said["terms"]) == pytest.approx(1)


def test_a_text_says_what_a_truncation_drops() -> None:
    found = problem(steps=7, truncation=Truncation(1, 2))
    written = explain(found, 4, "U")
    assert "TBPTT(1, 2): k = 4 … 3 added up, k = 2 … 0 dropped" in written
    assert written.count("dropped") == 4
    assert "The truncation drops 3 of 5 terms" in written
    whole = explain(problem(steps=7, truncation=Truncation(7, 1)), 4, "U")
    assert "The truncation drops every term: the sum is zero." in whole


BOUNDS = {  # what is said to be added up, in the formula and at the sum of each format
    "text": r"≈ Σₖ(?: .*|),\s+k = (\d+)(?: … (\d+))?(?:\s|$)",
    "latex": r"\\approx \\sum_\{k=(\d+)\}\^\{(\d+)\}",
    "markdown": r"\\approx \\sum_\{k=(\d+)\}\^\{(\d+)\}",
}


@pytest.mark.parametrize("form", BOUNDS)
@pytest.mark.parametrize("name", ["U", "W", "b"])
def test_what_a_truncated_sum_is_said_to_be_is_what_it_is(form: str, name: str) -> None:
    """The bounds of k that are written, and no others, give the sum; nothing else is called =."""
    for k1, k2 in ((1, 1), (1, 2), (3, 2), (6, 3), (2, 6)):
        found, t = problem(steps=6, truncation=Truncation(k1, k2), given=True), 4
        said, plain = explained(found, t, name), Plain(found)
        written = explain(found, t, name, form)
        equations = [line for line in written.split("\n") if re.search(BOUNDS[form], line)]
        for line in equations:
            match = re.search(BOUNDS[form], line)
            assert match is not None
            last, *rest = sorted({int(k) for k in match.groups() if k}, reverse=True)
            kept = range(last, min(rest, default=last) - 1, -1)
            total = sum(plain.term(t, name, k) for k in kept)
            assert array(said["sum"]) == pytest.approx(total, abs=1e-12)
        dropped = said["dropped"]["count"]
        assert bool(equations) == (0 < dropped <= t)
        if 0 < dropped <= t:
            assert said["formula"].startswith(f"{said['symbol']} ≈ Σₖ")
            symbol = {"text": f"{said['symbol']} = "}.get(form, rf"\partial {name}}} = ")
            assert not any(line.startswith(symbol) for line in written.split("\n"))


def test_a_sum_without_a_kept_term_is_not_called_the_sum_of_all() -> None:
    found = problem(steps=6, truncation=Truncation(6, 2))
    first, *rest = explain(found, 1, "W").split("\n")
    assert first.startswith("∂E₁/∂W ≈ 0, all dropped")
    assert "∂E₁/∂W = Σₖ, k = 1 … 0" not in "\n".join(rest)


# Zero terms


def test_the_first_term_of_w_is_zero_as_the_initial_state_is() -> None:
    zero = why_zero(problem().tape, 3, "W", 0)
    assert zero is not None
    assert str(zero) == "s₋₁ = 0: the initial state is zero"
    assert why_zero(problem(given=True).tape, 3, "W", 0) is None
    assert why_zero(problem().tape, 3, "U", 0) is None
    assert "s₋₁ = 0" in explain(problem(), 3, "W")
    assert "s₋₁ = 0" not in explain(problem(given=True), 3, "W")


def test_a_term_that_vanished_is_not_called_anything_else() -> None:
    found = problem(steps=300, scale=1e-3)
    zero = why_zero(found.tape, 299, "U", 3)
    assert zero is not None
    assert zero.reason == TOO_SMALL
    kept = why_zero(found.tape, 299, "U", 250)
    assert kept is None


@given(st.integers(0, 200), st.sampled_from(NAMES), st.sampled_from(list(FUNCTIONS)))
@laws
def test_a_reason_is_given_for_zero_terms_alone(seed: int, name: str, activation: str) -> None:
    found = problem(activation=activation, hidden=2, seed=seed, steps=6)
    for term in found.tape.error(5).terms(name):
        zero = why_zero(found.tape, 5, name, term.k)
        assert (zero is None) == bool(term.value.any())
        if zero and "derivative" in zero.reason:
            assert activation == "relu"


def test_other_reasons() -> None:
    theta = problem().theta
    off = problem(activation="relu").tape.with_parameters(
        type(theta)(U=-abs(theta.U), W=theta.W, V=theta.V)
    )
    zero = why_zero(off, 2, "b", 2)
    assert zero is not None
    assert zero.symbol == "δ₂,₂"
    assert "derivative is 0" in zero.reason
    unused = problem().tape.with_parameters(type(theta)(U=theta.U, W=0 * theta.W, V=theta.V))
    zero = why_zero(unused, 2, "b", 1)
    assert zero is not None
    assert str(zero) == "∂E₂/∂s₁ = 0: the weights on the way back are 0"
    sure = problem(steps=1).tape
    sure = sure.with_parameters(
        type(theta)(U=theta.U, W=theta.W, V=theta.V, c=1e3 * np.eye(4)[sure.inputs["y"][0]])
    )
    zero = why_zero(sure, 0, "V", 0)
    assert zero is not None
    assert zero.symbol == "∂E₀/∂z₀"


def two_units(activation: str, **parameters: list[list[float]]) -> Tape:
    theta = {"U": [[0.0, 0], [0, 0]], "W": [[1.0, 1], [1, 1]], "V": [[1.0, -1], [-1, 1]]}
    arrays = {name: np.array(value) for name, value in (theta | parameters).items()}
    return record(Parameters(**arrays), [0, 0], [0, 0], activation=activation)


def test_what_cancels_is_said_to_cancel() -> None:
    zero = why_zero(two_units("tanh"), 1, "b", 0)
    assert str(zero) == "∂E₁/∂s₀ = 0: what the units send back cancels"


def test_a_unit_that_is_on_does_not_help_where_nothing_arrives_at_it() -> None:
    tape = two_units("relu", U=[[-1.0, 0], [1, 0]], V=[[1.0, 0], [-1, 0]])
    assert tape.values["s"][1][1] > 0
    zero = why_zero(tape, 1, "b", 1)
    assert zero is not None
    assert zero.symbol == "δ₁,₁"
    assert "the derivative is 0 in every unit that the gradient arrives at" in zero.reason


# A long sequence


def test_of_a_long_sequence_the_nearest_and_the_largest_are_shown() -> None:
    found = problem(steps=400, scale=3.0, given=True)
    explanation = Explanation(found, 399, "W")
    norms = {term.k: term.norm for term in explanation.terms}
    shown = explanation.steps
    assert len(shown) <= MOST
    assert set(shown) >= {399, 398, 397, 396}
    hidden = [k for k in norms if k not in shown]
    assert min(norms[k] for k in shown if k < 396) >= max(norms[k] for k in hidden)
    plain = sum(found.tape.error(399).terms("W").value(k) for k in hidden)
    left_out = explanation.kept_left_out
    assert left_out.count == len(hidden)
    assert left_out.norm == pytest.approx(np.linalg.norm(plain), rel=1e-9)
    written = explain(found, 399, "W")
    assert f"{len(hidden)} terms left out here" in written
    said = explained(found, 399, "W")
    assert len(said["terms"]) == 400
    assert [term["k"] for term in said["terms"] if "value" in term] == list(shown)


def test_the_dropped_terms_that_are_left_out_are_counted_apart() -> None:
    found = problem(steps=100, truncation=Truncation(1, 30))
    written = explain(found, 99, "U")
    explanation = Explanation(found, 99, "U")
    dropped = sum(term.term.kept is False for term in explanation.shown)
    assert f"{70 - dropped} dropped terms left out here" in written
    assert f"{30 - 8 + dropped} terms left out here" in written
    assert "The truncation drops 70 of 100 terms" in written


@pytest.mark.parametrize("form", ["text", "latex", "markdown"])
def test_length_does_not_grow_with_the_sequence(form: str) -> None:
    short, long = (len(explain(problem(steps=n), n - 1, "W", form)) for n in (100, 3000))
    assert long < 1.2 * short


def test_a_large_matrix_is_a_corner_that_says_so() -> None:
    found = problem(tuple(f"w{i}" for i in range(30)), hidden=20, steps=3)
    written = explain(found, 2, "U")
    assert "+24" in written
    assert "… 14 more rows" in written
    assert r"\cdots" in explain(found, 2, "U", "latex")
    assert "14 more rows, 24 more columns" in explain(found, 2, "U", "markdown")
    factor = explained(found, 2, "U")["terms"][0]["factors"][-1]
    assert factor["shape"] == [20, 20, 30]
    assert factor["value"] is None
    assert factor["norm"] > 0


def test_of_three_axes_the_diagonal_is_shown_only_where_all_else_is_zero() -> None:
    value = np.zeros((2, 2, 3))
    labels = (("s[0]", "s[1]"), ("a[0]", "a[1]"), ("x", "y", "z"))
    quantity = Quantity("∂s₀/∂W", "", value.shape, labels, value, 0.0)
    value[0, 0], value[1, 1] = [1, 2, 3], [4, 5, 6]
    shown = corner(quantity.labels, value)
    assert shown.numbers.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert shown.note == "the numbers [i, i, l]; all others are 0"
    value[1, 0, 2] = -9
    shown = corner(quantity.labels, value)
    assert shown.numbers.tolist() == value[1].tolist()
    assert shown.note == "the part of s[1], one of 2"


def test_a_factor_too_large_to_be_formed_is_not() -> None:
    found = problem(hidden=70, steps=2)
    assert "too large to be formed" in explain(found, 1, "W")
    assert "too large to be formed" in explain(found, 1, "W", "latex")
    factor = explained(found, 1, "W")["terms"][0]["factors"][-1]
    assert factor["norm"] is None


# What is not finite


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_finite_is_named(form: str, name: str) -> None:
    found = problem(activation="identity", scale=1e200, steps=6, given=True)
    assert re.search("NaN|Infinity|inf", explain(found, 5, name, form))


def test_json_has_no_bare_nan() -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = problem(activation="identity", scale=1e200, steps=6, given=True)
    json.loads(explain(found, 5, "W", "json"), parse_constant=refuse)


# Text


@given(
    st.lists(st.text(max_size=30), min_size=2, max_size=12, unique=True),
    st.integers(1, 12),
    st.sampled_from(NAMES),
    st.integers(1, 20),
)
@laws
def test_text_fits_80_columns(tokens: list[str], hidden: int, name: str, steps: int) -> None:
    found = problem(tuple(tokens), hidden=hidden, steps=steps, truncation=Truncation(2, 3))
    for line in explain(found, steps - 1, name).split("\n"):
        assert cell_len(line) <= 80
        assert line == line.rstrip()


def test_text_fits_80_columns_where_subscripts_are_long() -> None:
    found = problem(steps=12000, hidden=9)
    for name in ("W", "V"):
        assert max(map(cell_len, explain(found, 11999, name).split("\n"))) <= 80


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_steers_the_terminal(form: str) -> None:
    found = problem(NASTY, steps=20, name=visible("a\x1b[2J\u202e.txt"))
    for name in NAMES:
        written = explain(found, 11, name, form)
        for sign in set(written) - {"\n", "\u200d"}:
            assert unicodedata.category(sign) not in ("Cc", "Cf", "Zl", "Zp")


# LaTeX


def latex_nodes(written: str) -> list[LatexNode]:
    nodes, _, length = LatexWalker(written, tolerant_parsing=False).get_latex_nodes()
    assert length == len(written)
    return list(nodes)


KNOWN = r"""
documentclass usepackage ifPDFTeX fi else IfFileExists setlength parindent allowdisplaybreaks
newcommand sign signnumber iffontchar font char texttt textless textgreater begin end section*
subsection* frac partial hat sum prod mathrm top otimes odot delta sigma log cdot infty text Bigr
approx times hline vdots cdots dots small textbackslash textasciitilde textasciicircum textbar
textquotedbl textquotesingle textasciigrave textendash , [ ] { } $ & # _ % |
"""


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_latex_is_sound(activation: str, name: str) -> None:
    found = problem(NASTY, steps=20, activation=activation, truncation=Truncation(3, 5))
    for t in (0, 1, 5, 19):
        written = explain(found, t, name, "latex")
        assert written.isascii()
        latex_nodes(written)
        # a backslash that starts a line break, and then a word, is no macro of that name
        for macro in re.findall(r"\\([A-Za-z]+\*?|.)", written.replace("\\\\", "")):
            assert macro in KNOWN.split()


def _text_of(latex: str) -> str:
    context = known_texts()
    # its own text of some of these is another sign
    macros = [
        MacroTextSpec(
            "sign", lambda node: chr(int(node.nodeargd.argnlist[0].nodelist[0].chars, 16))
        ),
        MacroTextSpec("textquotedbl", '"'),
        MacroTextSpec("textasciicircum", "^"),
        MacroTextSpec("textbar", "|"),
        MacroTextSpec("textless", "<"),
        MacroTextSpec("textgreater", ">"),
        MacroTextSpec("textquotesingle", "'"),
        MacroTextSpec("textasciigrave", "`"),
    ]
    context.add_context_category("tuiviz", macros=macros, prepend=True)
    walker = LatexWalker(latex, tolerant_parsing=False, latex_context=_walking())
    return str(
        LatexNodes2Text(latex_context=context, strict_latex_spaces=True).nodelist_to_text(
            walker.get_latex_nodes()[0]
        )
    )


def _walking() -> Any:
    found = known_macros()
    found.add_context_category("tuiviz", macros=[std_macro("sign", False, 1)], prepend=True)
    return found


@given(st.text(st.characters(categories=("L", "N", "P", "S"))) | st.sampled_from(NASTY))
@laws
def test_latex_shows_any_token_as_it_is(token: str) -> None:
    label = visible(token)
    latex = escaped(label)
    assert latex.isascii()
    assert not any(isinstance(node, LatexMacroNode) and node.macroname == "end"
                   for node in latex_nodes(latex))  # fmt: skip
    assert _text_of(latex) == label


@given(st.floats(allow_nan=False, allow_infinity=False))
@laws
def test_numbers_in_latex_are_the_numbers(value: float) -> None:
    match = re.fullmatch(r"(-?[0-9.]+)(?: \\cdot 10\^\{(-?\d+)\})?", latex_number(value))
    assert match
    mantissa, exponent = match.groups()
    assert float(f"{mantissa}e{exponent or 0}") == pytest.approx(value, rel=0.06)


def test_numbers_in_latex_that_are_none() -> None:
    assert latex_number(math.nan) == r"\text{NaN}"
    assert latex_number(-math.inf) == r"-\infty"


# Markdown


@pytest.mark.parametrize("name", NAMES)
def test_markdown_is_what_it_looks_like(name: str) -> None:
    found = problem(NASTY, steps=20)
    for t in (0, 5, 19):
        tokens = MarkdownIt("commonmark").enable("table").parse(explain(found, t, name, "markdown"))
        fences = [token for token in tokens if token.type == "fence"]
        assert fences
        assert {token.info for token in fences} == {"math"}
        for token in fences:
            latex_nodes(token.content)
        inline = [child for token in tokens for child in token.children or []]
        assert {child.type for child in inline} <= {"text", "code_inline", "softbreak"}
        assert not any(token.type == "html_block" for token in tokens)
        shown = {child.content for child in inline if child.type == "code_inline"}
        assert {found.reads(t), found.follows(t)} - {NASTY[-1]} <= {
            text.rstrip() or "" for text in shown
        } | shown


@pytest.mark.parametrize("token", NASTY)
def test_a_code_span_shows_what_looks_like_markup(token: str) -> None:
    label = visible(token)
    parsed = MarkdownIt("commonmark").parse(f"# k, reads {code(label)} x")
    (inline,) = (each for each in parsed if each.type == "inline")
    assert (inline.children or [])[1].content == (label or " ")


@given(st.text(st.characters(categories=("L", "N", "P", "S"))))
@laws
def test_a_code_span_shows_any_token_as_it_is(token: str) -> None:
    label = visible(token) or " "
    parsed = MarkdownIt("commonmark").parse(f"# k, reads {code(label)} x")
    (inline,) = (token for token in parsed if token.type == "inline")
    assert [child.type for child in inline.children or []] == ["text", "code_inline", "text"]
    assert (inline.children or [])[1].content == label


# The command


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tuiviz", "explain", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_last_error_and_w_are_the_defaults() -> None:
    written = run(SAMPLE)
    assert written.returncode == 0
    assert written.stdout.startswith("∂E₄/∂W")
    assert written.stdout == run(SAMPLE, "--error", "4", "--wrt", "W", "--format", "text").stdout
    assert "\x1b" not in written.stdout
    assert not written.stderr


def test_a_trace_is_explained_as_its_text_is(tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    export = [sys.executable, "-m", "tuiviz", "export", SAMPLE, "-o", str(trace)]
    subprocess.run(export, check=True, capture_output=True)
    assert run(str(trace), "--error", "2").stdout == run(SAMPLE, "--error", "2").stdout


def test_no_screen_is_needed() -> None:
    check = "import sys, tuiviz.explain, tuiviz.cli.explain; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--error", "-1", "tuiviz: --error -1: expected 0 to 4, as T = 5"),
        ("--error", "5", "tuiviz: --error 5: expected 0 to 4, as T = 5"),
        ("--wrt", "Q", "tuiviz: --wrt Q: expected U, W, V, b or c"),
        ("--format", "pdf", "tuiviz: --format pdf: expected text, latex, markdown or json"),
    ],
)
def test_what_cannot_be_explained_is_refused(option: str, value: str, expected: str) -> None:
    refused = run(SAMPLE, option, value)
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr == f"{expected}\n"


def test_from_python_a_wrong_name_is_refused() -> None:
    with pytest.raises(InputError, match="no parameter"):
        explain(problem(), 0, "Q")
    with pytest.raises(InputError, match="no error 9"):
        explain(problem(), 9, "W")


# The document


def test_every_key_is_documented() -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            named = {key for key in value if not key.startswith("∂")}
            return named.union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    document = (ROOT / "docs" / "explain.md").read_text(encoding="utf-8")
    table = document[document.index("| key |") :]
    found = keys(explained(problem(truncation=Truncation(1, 2)), 3, "W"))
    in_a_trace = {"name", "sequence", "level", "k1", "k2"}
    assert found - in_a_trace <= set(re.findall(r"`(\w+)`", table))
