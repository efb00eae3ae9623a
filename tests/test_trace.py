"""Traces: what is written, that it comes back to the bit, and that a changed one is found out."""

from __future__ import annotations

import json
import math
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from core.cells import rnn
from core.errors import InputError
from core.parameters import Parameters
from core.program import Cell
from core.tape import record
from core.truncation import Truncation
from tuiviz.files import trace_reading
from tuiviz.files.trace import numbers, write_trace
from tuiviz.files.trace_format import Matrix, schema, schema_text
from tuiviz.files.trace_reading import load_trace
from tuiviz.files.weights import save_parameters
from tuiviz.opening import open_problem
from tuiviz.problem import ModelOptions, Problem, problem_of_tape, read_problem

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
SCHEMA = json.loads((ROOT / "tuiviz" / "files" / "trace.schema.json").read_text("utf-8"))


def problem(text: str = "sample.txt", **options: Any) -> Problem:
    return read_problem(SAMPLES / text, ModelOptions(**options))


def with_initial_state() -> Problem:
    found = problem(hidden=3, seed=5)
    state = [0.25, -0.5, 1.0]
    return replace(found, tape=record(found.theta, found.x, found.y, initial_state=state))


def exploded() -> Problem:
    """States that grow until they overflow on both sides, and are NaN from there on."""
    found = problem("characters.txt", level="char", sequence=4, activation="identity")
    theta = replace(found.theta, W=1e160 * np.eye(4))
    tape = record(theta, found.x, found.y, activation="identity")
    return replace(found, theta=theta, tape=tape, seed=None)


KINDS: dict[str, Callable[[], tuple[Problem, list[int], bool]]] = {
    "all errors": lambda: (problem(), [0, 1, 2, 3, 4], False),
    "terms": lambda: (problem(hidden=3), [0, 1, 2, 3, 4], True),
    "no error": lambda: (problem(), [], False),
    "two errors": lambda: (problem(seed=7), [3, 4], False),
    "truncation": lambda: (problem(truncation=Truncation(2, 3)), [0, 1, 2, 3, 4], True),
    "dropped errors": lambda: (problem(truncation=Truncation(5, 1)), [0, 4], True),
    "Korean": lambda: (problem("korean.txt"), [1], False),
    "characters": lambda: (problem("characters.txt", level="char"), [0], True),
    "relu": lambda: (problem(activation="relu"), [4], False),
    "initial state": lambda: (with_initial_state(), [4], True),
    "weights": lambda: (problem(weights=SAMPLES / "vanishing.safetensors"), [4], True),
    "exploded": lambda: (exploded(), [4], True),
    "one step": lambda: (one_step(), [0], True),
}


def one_step() -> Problem:
    found = problem(hidden=1)
    return replace(found, tape=record(found.theta, found.x[:1], found.y[:1]))


@pytest.fixture(params=list(KINDS))
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Problem, Path]:
    """A problem and its trace, of every kind in turn."""
    made, errors, terms = KINDS[request.param]()
    write_trace(made, tmp_path / "trace.json", errors=errors, terms=terms)
    return made, tmp_path / "trace.json"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The trace of a sample under a truncation, with every term's numbers."""
    made = problem(hidden=3, truncation=Truncation(1, 3))
    write_trace(made, tmp_path / "trace.json", errors=range(5), terms=True)
    return tmp_path / "trace.json"


@contextmanager
def refused(*expected: str) -> Iterator[None]:
    with pytest.raises(InputError) as caught:
        yield
    line = str(caught.value)
    assert "\n" not in line
    for part in expected:
        assert part in line


# The format


def test_the_schema_in_the_package_is_the_one_of_the_types() -> None:
    assert (ROOT / "tuiviz" / "files" / "trace.schema.json").read_text("utf-8") == schema_text()
    jsonschema.Draft202012Validator.check_schema(schema())


def test_every_kind_of_trace_follows_the_schema(saved: tuple[Problem, Path]) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(strict_json(saved[1]))


def strict_json(path: Path) -> Any:
    """Read by another reader, which is to meet no NaN and no infinity."""

    def nothing(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(path.read_text("utf-8"), parse_constant=nothing)


def test_the_fields_stand_in_their_order(path: Path) -> None:
    trace = strict_json(path)
    parameters = ["U", "W", "V", "b", "c"]
    assert list(trace) == [
        "format", "version", "source", "vocabulary", "model", "parameters", "initial_state",
        "x", "y", "values", "loss", "gradient", "errors",
    ]  # fmt: skip
    assert (trace["format"], trace["version"]) == ("tuiviz-trace", 1)
    assert list(trace["source"]) == ["name", "sequence", "level"]
    assert list(trace["model"]) == ["cell", "activation", "hidden", "seed", "truncation"]
    assert trace["model"]["truncation"] == {"k1": 1, "k2": 3}
    assert list(trace["parameters"]) == list(trace["gradient"]) == parameters
    assert list(trace["values"]) == ["a", "s", "z", "yhat", "E"]
    assert [error["t"] for error in trace["errors"]] == [0, 1, 2, 3, 4]
    for t, error in enumerate(trace["errors"]):
        assert list(error) == ["t", "gradient", "adjoints", "terms"]
        assert list(error["gradient"]) == list(error["terms"]) == parameters
        assert list(error["adjoints"]) == ["a", "s"]
        assert np.shape(error["adjoints"]["a"]) == np.shape(error["adjoints"]["s"]) == (t + 1, 3)
        for name, terms in error["terms"].items():
            steps = [t] if name in "Vc" else list(range(t, -1, -1))
            assert [term["k"] for term in terms] == steps
            assert [term["kept"] for term in terms] == [k > t - 3 for k in steps]
            for term in terms:
                assert list(term) == ["k", "norm", "kept", "value"]
                assert np.shape(term["value"]) == np.shape(trace["parameters"][name])


def test_terms_have_no_values_unless_wanted(tmp_path: Path) -> None:
    write_trace(problem(), tmp_path / "trace.json", errors=[4])
    for terms in strict_json(tmp_path / "trace.json")["errors"][0]["terms"].values():
        assert all(list(term) == ["k", "norm", "kept"] for term in terms)


def test_what_is_saved_adds_up(path: Path) -> None:
    """From the file alone: kept terms make each ∂E_t/∂θ, those make ∂E/∂θ, the E_t make E."""
    trace = strict_json(path)
    assert math.fsum(trace["values"]["E"]) == pytest.approx(trace["loss"], rel=1e-12)
    for name, whole in trace["gradient"].items():
        sums = []
        for error in trace["errors"]:
            terms = error["terms"][name]
            sums.append(np.sum([term["value"] for term in terms if term["kept"]], axis=0))
            np.testing.assert_allclose(sums[-1], error["gradient"][name], rtol=1e-10, atol=1e-14)
            for term in terms:
                assert np.linalg.norm(term["value"]) == pytest.approx(term["norm"], rel=1e-10)
        np.testing.assert_allclose(np.sum(sums, axis=0), whole, rtol=1e-10, atol=1e-14)


def test_what_overflowed_is_named_in_the_number_s_place(tmp_path: Path) -> None:
    made = exploded()
    write_trace(made, tmp_path / "trace.json", errors=[])
    states = strict_json(tmp_path / "trace.json")["values"]["s"]
    held = {state for row in states for state in row if isinstance(state, str)}
    assert held == {"NaN", "Infinity", "-Infinity"}
    np.testing.assert_array_equal(np.array(states, np.float64), made.tape.values["s"])


# The round trip


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.data())
def test_every_float64_survives_to_the_bit(data: st.DataObject) -> None:
    shape = data.draw(array_shapes(min_dims=2, max_dims=2, max_side=4))
    array = data.draw(arrays(np.float64, shape, elements=st.floats(width=64)))
    decoded = msgspec.json.decode(msgspec.json.encode(numbers(array)), type=Matrix)
    again = np.array(decoded, np.float64)
    plain = np.where(np.isnan(array), np.nan, array)  # one NaN, whatever its payload
    assert again.tobytes() == plain.tobytes()


@pytest.mark.parametrize(
    "number", [0.0, -0.0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e23]
)
def test_another_reader_of_json_has_the_same_bits(number: float) -> None:
    read = json.loads(msgspec.json.encode(numbers(np.float64(number))))
    assert struct.pack("d", read) == struct.pack("d", number)


def test_a_trace_opens_as_the_same_problem(saved: tuple[Problem, Path]) -> None:
    made, path = saved
    again = load_trace(path)
    for name in ("level", "sequence", "vocabulary", "activation", "seed", "truncation"):
        assert getattr(again, name) == getattr(made, name)
    for name in ("U", "W", "V", "b", "c"):
        assert getattr(again.theta, name).tobytes() == getattr(made.theta, name).tobytes()
    for name, array in made.tape.values.items():
        np.testing.assert_array_equal(again.tape.values[name], array)
    np.testing.assert_array_equal(again.tape.initial_state, made.tape.initial_state)


def test_a_trace_opened_and_saved_again_is_the_same_file(
    saved: tuple[Problem, Path], tmp_path: Path
) -> None:
    content = saved[1].read_bytes()
    trace = json.loads(content)
    write_trace(
        load_trace(saved[1]),
        tmp_path / "again.json",
        errors=[error["t"] for error in trace["errors"]],
        terms=b'"value"' in content,
    )
    assert (tmp_path / "again.json").read_bytes() == content


def test_a_file_is_known_as_a_trace_by_what_it_holds(path: Path) -> None:
    other = path.rename(path.with_name("no-ending"))
    assert open_problem(other, ModelOptions()).steps == 5
    with refused("no-ending: a trace, with its own model", "leave the model options out"):
        open_problem(other, ModelOptions(seed=1))


def reordered(content: bytes) -> bytes:
    return json.dumps(json.loads(content), sort_keys=True, indent=1).encode()


REWRITTEN: dict[str, Callable[[bytes], bytes]] = {
    "keys in another order": reordered,
    "a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "both, and white space": lambda content: b"\xef\xbb\xbf\n \t" + reordered(content),
    "a space before the colon": lambda content: content.replace(b'"format":', b'"format" : '),
}


@pytest.mark.parametrize("how", REWRITTEN)
def test_a_trace_is_one_however_its_json_is_written(path: Path, how: str) -> None:
    """The keys of a JSON object have no order."""
    expected = load_trace(path)
    path.write_bytes(REWRITTEN[how](path.read_bytes()))
    found = open_problem(path, ModelOptions())
    np.testing.assert_array_equal(found.tape.values["s"], expected.tape.values["s"])
    assert found.truncation == expected.truncation


@pytest.mark.parametrize("cut", [slice(None, -1), slice(None, -100)])
def test_a_damaged_trace_is_not_taken_for_a_text(path: Path, cut: slice) -> None:
    path.write_bytes(reordered(path.read_bytes())[cut])
    with refused("trace.json: not a sound trace: "):
        open_problem(path, ModelOptions())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"format": "x\x7f", "loss": 1}', 'a JSON object of format "x␡"; expected a trace'),
        ('{"format": 3}', "a JSON object of format 3; expected a trace"),
        ('{"one": {"format": "x"}}', "a JSON object without a format; expected a trace"),
        ("\ufeff {}", 'of format "tuiviz-trace", or a text: rename it to .txt'),
        ('{"format": "' + "x" * 10_000 + '"}', "xxx; expected a trace"),
    ],
)
def test_another_object_is_neither_a_trace_nor_a_text(
    tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "other.JSON").write_text(content, "utf-8")
    with refused("other.JSON: ", said):
        open_problem(tmp_path / "other.JSON", ModelOptions())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.json", "{ a text in braces }"),
        ("lines.json", '{"a": 1}\n{"a": 2, "b": 3}'),
        ("deep.json", '{"a":' * 10_000 + " 1"),
        ("object.txt", '{"format": "x", "a": 1}'),
        ("list.json", "[1, 2, 3]"),
    ],
)
def test_a_text_may_begin_with_a_brace(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert open_problem(tmp_path / name, ModelOptions()).level == "word"


def test_weights_of_float32_open_as_the_same_numbers(tmp_path: Path) -> None:
    """The trace holds float64: they are recorded as such, so that both give the same."""
    theta = Parameters.random(6, 3, 6, dtype=np.float32)
    save_parameters(tmp_path / "w.npz", theta)
    made = problem(weights=tmp_path / "w.npz")
    write_trace(made, tmp_path / "trace.json", errors=[4])
    again = load_trace(tmp_path / "trace.json")
    assert again.tape.values["s"].tobytes() == made.tape.values["s"].tobytes()
    np.testing.assert_array_equal(again.theta.W, theta.W)


def infinite() -> Parameters:
    return Parameters(np.ones((2, 3)), np.ones((2, 2)), np.full((3, 2), np.inf))


@pytest.mark.parametrize(
    ("theta", "x", "cell", "said"),
    [
        (Parameters.random(3, 2, 3, dtype=np.float32), [0], None, "float64, this tape float32"),
        (Parameters.random(3, 2, 3), [[1.0, 0.0, 0.5]], None, "tokens of one vocabulary"),
        (Parameters.random(4, 2, 3), [0], None, "tokens of one vocabulary"),
        (Parameters.random(3, 2, 3), [0], replace(rnn(), name="mine"), "rnn; this one is mine"),
        (infinite(), [0], None, "V has 6 of 6 numbers that are not finite"),
    ],
)
def test_a_tape_that_version_1_cannot_hold_is_refused(
    tmp_path: Path, theta: Parameters, x: Any, cell: Cell | None, said: str
) -> None:
    tape = record(theta, x, [0], cell=cell)
    with refused("trace.json: ", said):
        write_trace(problem_of_tape(tape, "tape"), tmp_path / "trace.json", errors=[0])
    assert not list(tmp_path.iterdir())


# What a changed trace says


def changed(path: Path, *keys: str | int, to: Any) -> None:
    """Writes the trace with the value at `keys` replaced: by `to`, or by what `to` makes of it."""
    trace = json.loads(path.read_text("utf-8"))
    place = trace
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = to(place[keys[-1]]) if callable(to) else to
    path.write_text(json.dumps(trace), "utf-8")


def more(number: float) -> float:
    """A digit changed: the seventh."""
    return number * (1 + 1e-6)


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("values", "a", 0, 1), "values.a[0][1]"),
        (("values", "s", 4, 2), "values.s[4][2]"),
        (("values", "yhat", 2, 5), "values.yhat[2][5]"),
        (("values", "E", 3), "values.E[3]"),
        (("loss",), "loss"),
        (("gradient", "V", 5, 0), "gradient.V[5][0]"),
        (("errors", 3, "gradient", "b", 1), "errors[3].gradient.b[1]"),
        (("errors", 4, "adjoints", "a", 3, 2), "errors[4].adjoints.a[3][2]"),
        (("errors", 4, "adjoints", "s", 3, 2), "errors[4].adjoints.s[3][2]"),
        (("errors", 2, "terms", "U", 1, "norm"), "errors[2].terms.U[1].norm"),
        (("errors", 2, "terms", "W", 0, "norm"), "errors[2].terms.W[0].norm"),
        (("errors", 2, "terms", "c", 0, "norm"), "errors[2].terms.c[0].norm"),
        (("errors", 2, "terms", "W", 1, "value", 0, 2), "errors[2].terms.W[1].value[0][2]"),
        (("errors", 2, "terms", "b", 1, "value", 2), "errors[2].terms.b[1].value[2]"),
    ],
)
def test_a_changed_digit_is_found_and_named(
    path: Path, keys: tuple[str | int, ...], place: str
) -> None:
    changed(path, *keys, to=more)
    with refused(f"not a sound trace: {place} was saved as ", "; its parameters give "):
        load_trace(path)


def test_a_parameter_that_the_seed_does_not_draw_is_named(path: Path) -> None:
    """Either the parameter was changed, or the seed."""
    drawn = json.loads(path.read_text("utf-8"))["parameters"]["W"][1][2]
    changed(path, "parameters", "W", 1, 2, to=0.5)
    said = f"parameters.W[1][2] was saved as 0.5; model.seed 0 draws {drawn}"
    with refused(f"not a sound trace: {said}"):
        load_trace(path)


def test_a_seed_that_does_not_draw_the_parameters_is_named(path: Path) -> None:
    drawn = np.random.default_rng(9).uniform(-1 / np.sqrt(6), 1 / np.sqrt(6))
    changed(path, "model", "seed", to=9)
    with refused("parameters.U[0][0] was saved as ", f"; model.seed 9 draws {drawn}"):
        load_trace(path)


@pytest.mark.parametrize(
    ("keys", "to", "said"),
    [
        (("errors", 1, "terms", "W", 0, "k"), 0, "errors[1].terms.W[0].k is 0; expected 1"),
        (("errors", 4, "terms", "W", 4, "kept"), True, "W[4].kept is true; expected false"),
        (("errors", 2, "terms", "U"), [], "errors[2].terms.U has 0 terms; expected k = 2 … 0"),
        (("errors", 2, "t"), 1, "errors[2].gradient.U[0]"),
        (("errors", 2, "t"), 5, "no error 5; expected 0 to 4"),
        (("values", "s"), [[0.5] * 3] * 4, "values.s has shape (4, 3); expected (5, 3)"),
        (("values", "s", 0), [0.5], "values.s: rows of different lengths"),
        (("values", "s", 0, 0), "Infinity", "values.s[0][0] was saved as inf"),
        (("values", "s", 0, 0), "NaN", "values.s[0][0] was saved as nan"),
        (("values", "s", 0, 0), None, "`$.values.s[0][0]`"),
        (("values", "s", 0, 0), "0.5", "`$.values.s[0][0]`"),
        (("parameters", "W", 0, 1), "NaN", "parameters.W[0][1] is nan; expected finite numbers"),
        (("parameters", "W", 0), [1.0], "parameters.W: rows of different lengths"),
        (("parameters", "b"), [0.0], "b has shape (1,); expected (3,)"),
        (("initial_state", 2), "Infinity", "initial_state[2] is inf; expected finite numbers"),
        (("initial_state",), [0.0], "the initial state has shape (1,); expected numbers (3,)"),
        (("model", "hidden"), 4, "model.hidden is 4; W has H = 3"),
        (("model", "seed"), 1, "parameters.U[0][0] was saved as "),
        (("model", "seed"), 2**53, "`$.model.seed`"),
        (("model", "activation"), "relu", "values.a[1][0]"),
        (("model", "activation"), "softplus", "`$.model.activation`"),
        (("model", "truncation"), None, "gradient.U[0][0]"),
        (("model", "truncation", "k1"), 0, "`$.model.truncation.k1`"),
        (("x", 0), 6, "x holds the token 6 at t = 0"),
        (("x", 0), -1, "`$.x[0]`"),
        (("x", 0), 2**64, "`$.x[0]`"),
        (("y",), [], "x has shape (5,) and y (0,)"),
        (("vocabulary",), ["a"] * 6, "vocabulary: the same token twice"),
        (("vocabulary",), ["a"], "vocabulary 1, U 6, V 6"),
        (("format",), "another", "`$.format`"),
        (("version",), "1", "`$.version`"),
        (("more\x1b[31m\n",), 1, "unknown field `more␛[31m␊`"),
    ],
)
def test_whatever_does_not_fit_is_named(
    path: Path, keys: tuple[str | int, ...], to: Any, said: str
) -> None:
    if isinstance(keys[0], str) and keys[0].startswith("more"):
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), keys[0]: to}))
    else:
        changed(path, *keys, to=to)
    with refused(f"{path}: not a sound trace: ", said, "; export it again"):
        load_trace(path)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((), "missing required field `format`"),
        (("errors", 2, "adjoints"), "missing required field `a` - at `$.errors[2].adjoints`"),
        (
            ("errors", 0, "terms", "V", 0),
            "missing required field `k` - at `$.errors[0].terms.V[0]`",
        ),
    ],
)
def test_a_missing_field_is_named_with_its_path(
    path: Path, keys: tuple[str | int, ...], said: str
) -> None:
    trace = json.loads(path.read_text("utf-8"))
    place = trace
    for key in keys:
        place = place[key]
    del place[next(iter(place))]
    path.write_text(json.dumps(trace))
    with refused(said):
        load_trace(path)


def test_another_version_is_told_apart_from_a_damaged_trace(path: Path) -> None:
    changed(path, "version", to=2)
    with refused("a trace of version 2; this tuiviz reads version 1: update tuiviz"):
        load_trace(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"\xff\xfe{}", b"[" * 100_000, b'{"format":NaN}', b'{"format":' * 100_000, b"\0"],
)
def test_what_is_no_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trace.json"
    path.write_bytes(content)
    with refused("trace.json: not a sound trace: "):
        load_trace(path)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_trace_that_ends_early_is_refused(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with refused("not a sound trace: "):
        load_trace(path)


def test_names_from_a_trace_are_shown_and_not_obeyed(path: Path) -> None:
    changed(path, "source", "name", to="\x1b[31m[red]\n")
    changed(path, "vocabulary", 0, to="\x1b[2J")
    found = load_trace(path)
    assert found.name == "␛[31m[red]␊"
    assert found.labels[0] == "␛[2J"


# Sizes


def test_a_trace_too_large_is_refused_before_it_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_reading, "LIMIT", 1000)
    with refused("trace.json: ", " KiB; expected at most 1000 bytes"):
        load_trace(path)


def test_a_small_trace_that_asks_for_a_huge_tape_is_refused_before_memory_is_taken(
    path: Path,
) -> None:
    """Parameters of 10⁶ numbers and a sequence of 10⁶ tokens in 6 MB: a tape of 26 GiB."""
    hidden, steps = 1000, 1_000_000
    trace = json.loads(path.read_text("utf-8"))
    trace["model"].update(hidden=hidden, seed=None)
    zeros = [0] * hidden
    trace["parameters"].update(U=[[0] * 6] * hidden, W=[zeros] * hidden, V=[zeros] * 6, b=zeros)
    trace.update(initial_state=zeros, x=[0] * steps, y=[0] * steps)
    path.write_text(json.dumps(trace))
    with refused("T = 1000000, H = 1000, C = 6 take ", " GiB, more than 4 GiB"):
        load_trace(path)


def test_a_trace_that_would_be_too_large_is_refused_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuiviz.files.trace.LIMIT", 100_000)
    made = problem(hidden=16)
    write_trace(made, tmp_path / "trace.json", errors=[4])
    with refused("other.json: the trace could take ", "--errors", "--terms"):
        write_trace(made, tmp_path / "other.json", errors=range(5), terms=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["trace.json"]


def test_the_size_said_beforehand_bounds_the_file(
    saved: tuple[Problem, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of the numbers: fields and tokens, a few hundred bytes, are not counted."""
    made, path = saved
    trace = json.loads(path.read_bytes())
    monkeypatch.setattr("tuiviz.files.trace.LIMIT", path.stat().st_size - 1000)
    with refused("the trace could take "):
        write_trace(
            made,
            tmp_path / "other.json",
            errors=[error["t"] for error in trace["errors"]],
            terms=b'"value"' in path.read_bytes(),
        )


def test_memory_does_not_grow_with_the_errors_written(tmp_path: Path) -> None:
    """T = 300, H = 64: the file grows threefold and more, the peak stays."""
    words = np.random.default_rng(0).integers(0, 20, 301)
    text = tmp_path / "long.txt"
    text.write_text(" ".join(f"w{word}" for word in words))
    made = read_problem(text, ModelOptions(hidden=64))
    sizes, peaks = zip(*(size_and_peak(made, tmp_path, count) for count in (3, 12)), strict=True)
    assert sizes[1] > 3 * sizes[0]
    assert peaks[1] < 1.1 * peaks[0]
    assert peaks[1] < sizes[1] / 2


def size_and_peak(made: Problem, folder: Path, count: int) -> tuple[int, int]:
    """Of a trace of the last errors: its size, and the most memory taken while it was written."""
    path = folder / f"{count}.json"
    tracemalloc.start()
    write_trace(made, path, errors=range(made.steps - count, made.steps))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return path.stat().st_size, peak
