"""Conditions mean what NumPy computes, read only what they need, and can do nothing else."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from tuiviz.debugger.conditions import BUILT_IN, FUNCTIONS, LONGEST, NOT_HERE, parse
from tuiviz.debugger.scope import Scope, descriptions
from tuiviz.debugger.session import Session
from tuiviz.files.visible import visible
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions

quick = settings(derandomize=True, deadline=None, max_examples=100)
thorough = settings(derandomize=True, deadline=None, max_examples=400)

SCOPE: Mapping[str, Any] = {
    "s": np.array([0.25, -0.995, 0.5, 0.0]),
    "dEds": np.array([3e-4, 0.0, 4e-4, 0.0]),
    "dEds_t": np.array([0.0, 2.0, 0.0, 0.0]),
    "W": np.arange(16, dtype=np.float32).reshape(4, 4),
    "z": np.array([0.5, np.nan, np.inf]),
    "value": np.array([1.0, -np.inf]),
    "E": 1.75,
    "t": 3,
    "k": np.int64(1),
    "token": "not",
    "last": False,
}
KNOWN = (*SCOPE, "dW", "share")  # the last two are not here


def value(text: str, scope: Mapping[str, Any] = SCOPE) -> Any:
    return parse(text, KNOWN).value(scope)


def holds(text: str, scope: Mapping[str, Any] = SCOPE) -> bool:
    return parse(text, KNOWN).holds(scope)


def refusal(attempt: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        attempt()
    line = str(caught.value)
    assert line == visible(line)
    return line


# Values

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
# Not **: NumPy's power of an array may differ by one unit in the last place with where it lies in
# memory, and what is exact below is compared exactly.
Meaning = tuple[str, Any]
numbers = st.floats(0, 1e3) | st.sampled_from([0.0, 1.0, 2.0, 1e300, 5e-324])
leaves: st.SearchStrategy[Meaning] = st.one_of(
    numbers.map(lambda number: (repr(number), np.float64(number))),
    st.integers(0, 99).map(lambda number: (str(number), np.float64(number))),
    st.sampled_from(["s", "E", "t", "dEds"]).map(lambda name: (name, np.float64(SCOPE[name]))),
)


def grown(parts: st.SearchStrategy[Meaning]) -> st.SearchStrategy[Meaning]:
    def joined(left: Meaning, name: str, right: Meaning) -> Meaning:
        return f"({left[0]} {name} {right[0]})", OPERATORS[name](left[1], right[1])

    signed = parts.map(lambda part: (f"-{part[0]}", -part[1]))
    sizes = parts.map(lambda part: (f"abs({part[0]})", abs(part[1])))
    return st.builds(joined, parts, st.sampled_from(list(OPERATORS)), parts) | signed | sizes


@quick
@given(st.data())
def test_arithmetic_is_that_of_float64(data: st.DataObject) -> None:
    with np.errstate(all="ignore"):
        text, expected = data.draw(st.recursive(leaves, grown, max_leaves=8))
    np.testing.assert_array_equal(value(text), expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2 ** 2", -4),
        ("2 ** 3 ** 2", 512),
        ("1 + 2 * 3 % 2", 1),
        ("-7 // 2", -4),
        ("1 / 0", math.inf),
        ("-1 / 0", -math.inf),
        ("9**9**9", math.inf),
        ("1" * 400, math.inf),
        ("s[0]", 0.25),
        ("s[-1]", 0.0),
        ("s[-4]", 0.25),
        ("s[k + 1]", 0.5),
        ("W[2, 1]", 9),
        ("max(W[2])", 11),
        ("last + 1", 1),
        ("norm(dEds)", 5e-4),
        ("norm(1e-200 * dEds_t)", 2e-200),
        ("max(s) - min(s)", 1.495),
        ("sum(s > 0)", 2),
        ("mean(s > 0)", 0.5),
        ("count(s > 0)", 2),
        ("len(s)", 4),
        ("len(W)", 4),
        ("argmax(s)", 2),
        ("argmin(s)", 1),
        ("log10(1000)", 3),
        ("log(exp(2))", 2),
        ("sqrt(9)", 3),
        ("round(s[1])", -1),
        ("round(s[1], 2)", -1.0),
        ("round(E, 1)", 1.8),
        ("log(0)", -math.inf),
    ],
)
def test_numbers(text: str, expected: float) -> None:
    assert value(text) == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize("text", ["0 / 0", "sqrt(-1)", "(-8) ** 0.5", "max(z)", "norm(z)", "5 % 0"])
def test_what_is_no_number_is_nan(text: str) -> None:
    assert math.isnan(value(text))


TRUE = [
    "norm(dEds) < 1e-3",
    "isnan(z)",
    "isinf(z)",
    "not isfinite(z)",
    "isfinite(E)",
    'token == "not"',
    "token != 'the'",
    'token in ("the", "not")',
    "t == 3 or k in (5, 2)",
    "k not in (2, 3)",
    "k not in ()",
    f"k in ({', '.join(map(str, range(110)))})",
    r'"\d" != token',
    "s[2] > 0.25",
    "abs(s[0]) < max(abs(s)) * 0.9",
    "1e-4 < norm(dEds) <= 1",
    "any(0.2 < s < 0.3)",
    "not all(s > 0)",
    "not last",
    "not (1 > 2 and 1 / 0 > 1)",
]


@pytest.mark.parametrize("text", TRUE)
def test_what_is_true_holds_and_its_contrary_does_not(text: str) -> None:
    assert holds(text) is True
    assert holds(f"not ({text})") is False


@quick
@given(*[st.integers(-2, 2)] * 4)
def test_a_chain_of_comparisons_is_all_of_them(a: int, b: int, c: int, d: int) -> None:
    assert holds(f"{a} < {b} <= {c} != {d}") == (a < b <= c != d)


def test_texts_are_compared_as_the_tokens_of_a_file_are() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert holds(f'token == "{decomposed}"', {"token": composed})


@pytest.mark.parametrize(
    ("name", "holding", "not_holding"),
    [
        ("vanishing", {"dEds": 0.9e-3 * np.ones(4)}, {"dEds": 1.1e-3 * np.ones(4)}),
        ("exploding", {"dEds": 1.1e3 * np.ones(4)}, {"dEds": 0.9e3 * np.ones(4)}),
        ("not finite", {"value": np.array([[1.0, np.nan]])}, {"value": np.array([[1.0]])}),
        ("saturated", {"s": np.array([0.5, -0.991])}, {"s": np.array([0.5, -0.989])}),
    ],
)
def test_built_in(name: str, holding: dict[str, Any], not_holding: dict[str, Any]) -> None:
    joined = {"dEds_t": np.ones(4)}
    assert parse(name, KNOWN).text == name
    assert holds(name, joined | holding)
    assert not holds(name, joined | not_holding)


def test_every_built_in_is_tested() -> None:
    marks = getattr(test_built_in, "pytestmark", [])
    assert {case[0] for case in marks[0].args[1]} == set(BUILT_IN)


def test_a_gradient_that_is_zero_where_it_joins_neither_vanishes_nor_explodes() -> None:
    zero = {"dEds": np.zeros(4), "dEds_t": np.zeros(4)}
    assert not holds("vanishing", zero)
    assert not holds("exploding", zero)


# What is not here


@pytest.mark.parametrize(
    "text", ["dW", "norm(dW) + 1", "-dW", "dW[0]", "W[share]", "k in (share,)"]
)
def test_what_reads_a_value_that_is_not_here_has_none(text: str) -> None:
    assert value(text) is NOT_HERE
    assert str(value(text)) == "–"


HERE_OR_NOT = {"true": True, "false": False, "absent": None}


@pytest.mark.parametrize("left", HERE_OR_NOT)
@pytest.mark.parametrize("right", HERE_OR_NOT)
def test_a_value_that_is_not_here_decides_nothing(left: str, right: str) -> None:
    """Kleene's logic: an outcome counts if it is the same whatever the absent value were."""
    scope = {name: truth for name, truth in HERE_OR_NOT.items() if truth is not None}
    for name, join in (("and", operator.and_), ("or", operator.or_)):
        found = parse(f"{left} {name} {right}", HERE_OR_NOT).value(scope)
        possible = {
            join(a, b)
            for a in ([HERE_OR_NOT[left]] if left in scope else [True, False])
            for b in ([HERE_OR_NOT[right]] if right in scope else [True, False])
        }
        if left == right == "absent" or len(possible) > 1:
            assert found is NOT_HERE
        else:
            assert {bool(found)} == possible


def test_nothing_holds_that_depends_on_a_value_that_is_not_here() -> None:
    assert not holds("share < 0.01")
    assert not holds("not share < 0.01")


# What is read


class Recorded(Mapping[str, Any]):
    """A scope that notes what is looked up in it."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __getitem__(self, name: str) -> Any:
        self.read.append(name)
        return SCOPE[name]

    def __iter__(self) -> Iterator[str]:
        return iter(SCOPE)

    def __len__(self) -> int:
        return len(SCOPE)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("k > 0 or isnan(W)", ["k"]),
        ("k > 1 and isnan(W)", ["k"]),
        ("k > 0 and isnan(W)", ["k", "W"]),
        ("5 < k < E", ["k"]),
        ("k in (1, t, E)", ["k"]),
        ("norm(s) + norm(s)", ["s", "s"]),
    ],
)
def test_only_what_is_needed_is_looked_up(text: str, read: list[str]) -> None:
    scope = Recorded()
    parse(text, KNOWN).value(scope)
    assert scope.read == read


def test_names_are_the_values_that_may_be_read() -> None:
    assert parse("k > 0 or any(W[t] > E)", KNOWN).names == {"k", "W", "t", "E"}
    assert parse("saturated", KNOWN).names == {"s"}
    assert parse("abs(-1)", KNOWN).names == frozenset()


# What is refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("norm(dEdz) < 1", r"column 6: no value dEdz; did you mean dEds\? .* dEds_t"),
        ("1 + nrm(s)", r"column 5: no function nrm; did you mean norm\? .*isnan"),
        ("norm > 1", r"column 1: norm is a function; write norm"),
        ('token = "not"', r"column 7: .*write == for ="),
        ("k > 0 && t > 0", r"column .: cannot be read; write and for &&"),
        ("norm(s", r"column 5: cannot be read"),
        ("norm(s, 2)", r"column 1: norm takes 1 argument, not 2"),
        ("norm()", r"1 argument, not 0"),
        ("round(s, 1, 2)", r"1 to 2 arguments, not 3"),
        ("norm(x=s)", r"norm\(x=s\) cannot be used; expected"),
        ("norm(*s)", r"column 6: \*s cannot be used"),
        ("k + s.T", r"column 5: s\.T cannot be used"),
        ("s.__class__", r"cannot be used"),
        ("__import__('os').system('true')", r"cannot be used"),
        ("__import__('os')", r"no function __import__"),
        ("s(1)", r"no function s"),
        ("(lambda: 1)()", r"cannot be used"),
        ("[k for k in s]", r"cannot be used"),
        ("{1: 2}", r"cannot be used"),
        ("[1, 2]", r"cannot be used"),
        ("(1, 2)", r"cannot be used"),
        ("f'{k}'", r"cannot be used"),
        ("(n := 1)", r"column 2: n := 1 cannot be used"),
        ("1 if k else 2", r"cannot be used"),
        ("(yield)", r"cannot be used"),
        ("s[0:2]", r"column 3: 0:2 cannot be used"),
        ("W @ W", r"cannot be used"),
        ("k | t", r"cannot be used"),
        ("~k", r"cannot be used"),
        ("k is 1", r"cannot be used"),
        ("True", r"cannot be used"),
        ("1j", r"cannot be used"),
        ("b'x'", r"cannot be used"),
        ("...", r"cannot be used"),
        ("k in 3", r"column 6: no list"),
        ("token in 'nothing'", r"no list"),
        ("é + é", r"column 1: no value é"),
        ("'é' == token + é", r"column 16: no value é"),
        ("k\n> 1", r"column 2: a control character"),
        ("k > 1\0", r"column 6: a control character"),
        ("\ud800", r"column 1: a control character"),
        ("1 +" * 200 + "1", rf"601 characters; expected at most {LONGEST}"),
        ("-" * 400 + "1", r"nested too deeply"),
        ("+".join("1" * 200), r"nested too deeply"),
        ("(" * 240 + "1" + ")" * 240, r"cannot be read"),
    ],
)
def test_anything_else_is_refused_when_it_is_parsed(text: str, expected: str) -> None:
    assert re.search(expected, refusal(lambda: parse(text, KNOWN)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s[4]", "no such index; expected 0 to 3"),
        ("s[-5]", "no such index"),
        ("1 + s[1e300]", "column 5: s\\[1e300\\]: no such index"),
        ("s[0.5]", "no such index"),
        ("s[0 / 0]", "no such index"),
        ("s[s]", "no such index"),
        ("s['0']", "a text where numbers are expected"),
        ("s[0, 0]", "more than one index of a value with 1 axis"),
        ("token[0]", "an index of a value with no axes"),
        ("s + W", r"shapes \(4,\) and \(4, 4\)"),
        ("s > z", r"shapes \(4,\) and \(3,\)"),
        ("0 < s < 1 < z", "shapes"),
        ("'a' * 3", "a text where numbers"),
        ("token + 'a'", "a text where numbers"),
        ("norm(token)", "a text where numbers"),
        ("token == 3", "a text beside a number"),
        ("token < 'a'", "texts have no order"),
        ("any(s)", "neither true nor false"),
        ("count(E > 1)", "a single truth value"),
        ("len(E)", "a single number"),
        ("round(s, 16)", "0 to 15"),
        ("round(s, s)", "0 to 15"),
        ("not s[0]", "column 5: s\\[0\\]: neither true nor false"),
        ("k > 0 and s > 0", r"column 11: s > 0: 4 truth values .*any.*all"),
        ("s in (1, 2)", "truth values"),
    ],
)
def test_what_has_no_value_is_refused_when_it_is_evaluated(text: str, expected: str) -> None:
    condition = parse(text, KNOWN)
    assert re.search(expected, refusal(lambda: condition.value(SCOPE)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s > 0", r"s > 0: 4 truth values .*any.*all"),
        ("norm(s)", r"norm\(s\): neither true nor false; compare it"),
        ("token", "neither true nor false"),
    ],
)
def test_a_condition_is_one_truth_value(text: str, expected: str) -> None:
    assert re.search(expected, refusal(lambda: holds(text)))


@pytest.mark.parametrize("found", [None, 1j, np.array([]), np.array(["a"]), object(), b"x"])
def test_a_value_that_is_neither_numbers_nor_a_text_is_refused(found: Any) -> None:
    assert "holds neither" in refusal(lambda: holds("k > 1", {"k": found}))


# Whatever is typed

SIGNS = r"""( ) [ ] { } , : := = == < >= . \ " ' f' # _ é ∂ 0 1 2 1e999 0x 99999999999999999999"""
KEYWORDS = "and or not in is if else lambda for await yield None True __class__"
WORDS = [*KNOWN, *FUNCTIONS, *BUILT_IN, *OPERATORS, *SIGNS.split(), *KEYWORDS.split(), "\n"]


def survives(text: str) -> None:
    """Reads and evaluates; InputError alone may come out, and one line of visible text."""
    line = ""
    try:
        condition = parse(text, KNOWN)
        condition.value(SCOPE)
        condition.holds(SCOPE)
    except InputError as error:
        line = str(error)
    assert line == visible(line)


@thorough
@given(st.text(max_size=40) | st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_text_has_a_value_or_is_refused(text: str) -> None:
    survives(text)


@thorough
@given(st.data(), st.sampled_from(TRUE))
def test_any_spoilt_condition_has_a_value_or_is_refused(data: st.DataObject, text: str) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 3, len(text))))
        text = text[:start] + data.draw(st.sampled_from(["", *WORDS])) + text[end:]
    survives(text)


@pytest.mark.parametrize(
    "text",
    [
        "9**" * 60 + "9",
        "(" * 90 + "k" + ")" * 90,
        "not " * 120 + "last",
        "[" * 200,
        "s[" * 150 + "0" + "]" * 150,
        "0x" + "f" * 490,
        "exp(" * 80 + "9" + ")" * 80,
        " or ".join(["isnan(W)"] * 40),
        "'" + "a" * 400 + "' * 999999999",
    ],
)
def test_long_and_deep_texts_come_to_an_end(text: str) -> None:
    survives(text)


# The document

SAMPLE = Path(__file__).parents[1] / "samples" / "sample.txt"
DOCUMENT = (Path(__file__).parents[1] / "docs" / "conditions.md").read_text()


def test_the_document_lists_every_function_and_every_built_in_condition() -> None:
    functions = dict(re.findall(r"^\| `(\w+)\(x\)` \| (.*) \|$", DOCUMENT, re.M))
    assert functions == {name: function.description for name, function in FUNCTIONS.items()}
    rows = re.findall(r"^\| `([a-z ]+)` \| `([^`]+)` \| (.*) \|$", DOCUMENT, re.M)
    assert rows == [(name, built.text, built.description) for name, built in BUILT_IN.items()]


def test_the_examples_of_the_document_are_conditions() -> None:
    examples = re.findall(r"^    (.+)$", DOCUMENT, re.M)
    assert examples
    for example in examples:
        assert holds(example) in (True, False)


# The names


@pytest.fixture
def session() -> Session:
    return open_debugger(SAMPLE, ModelOptions()).session


def test_every_name_has_a_value_somewhere(session: Session) -> None:
    """A condition on a name that never has one would never stop."""
    missing = set(descriptions(session))
    for index in range(len(session.walk)):
        scope = Scope(session.moved_to(index))
        missing = {name for name in missing if scope.get(name) is None}
    assert not missing


def test_the_document_lists_every_name(session: Session) -> None:
    start = DOCUMENT.index("## Names")
    section = DOCUMENT[start : DOCUMENT.index("## Functions")]
    rows = re.findall(r"^\| (`.*`) \| (.*) \|$", section, re.M)
    names = {name: text for cell, text in rows for name in re.findall(r"`(\w+)`", cell)}
    expected = descriptions(session)
    assert names.keys() == expected.keys()
    alone = [cell.strip("`") for cell, _ in rows if cell.count("`") == 2]
    assert {name: names[name] for name in alone} == {name: expected[name] for name in alone}
