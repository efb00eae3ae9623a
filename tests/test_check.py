"""tuiviz check and tuiviz probe: what they print, how they exit, what they write."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import combinations
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from wrong_loops import COUNTED, ROWS, Exercise, carrying, exercise, looping

import tuiviz as tv
from core.diagnosis.loop import Instance
from core.diagnosis.mistakes import CATALOGUE
from core.diagnosis.report import Finding
from core.diagnosis.ruler import Ruler
from tuiviz import cli
from tuiviz.diagnosis.code import lines
from tuiviz.diagnosis.notation import Notation
from tuiviz.diagnosis.picture import triangle
from tuiviz.diagnosis.probe import ALIKE, make_probe
from tuiviz.files.conventions import TABLE, Convention
from tuiviz.files.submission import read_submission, write_submission

NAMES = tuple("UWVbc")
ALL_IDS = [mistake.id for mistake in CATALOGUE]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object, cwd: Path) -> Done:
    """A command in this process."""
    out, err = StringIO(), StringIO()
    with (
        chdir(cwd),
        redirect_stdout(out),
        redirect_stderr(err),
        patch.object(sys, "argv", ["tuiviz", *map(str, arguments)]),
        pytest.raises(SystemExit) as stop,
    ):
        cli.main()
    assert isinstance(stop.value.code, int)
    return Done(stop.value.code, out.getvalue(), err.getvalue())


def put(path: Path, q: Exercise, gradients: dict[str, Any]) -> Path:
    arrays = {name: getattr(q, name) for name in (*NAMES, "x", "y", "s0")}
    np.savez(path, **arrays, **{f"d{name}": array for name, array in gradients.items()})
    return path


# The verdict, the exit code, JSON


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("submissions")
    q = exercise(0)
    put(folder / "right.npz", q, carrying(q))
    put(folder / "mean.npz", q, carrying(q, "mean"))
    put(folder / "wrong.npz", q, carrying(q, "W-not-transposed"))
    put(folder / "truncated.npz", q, looping(q, "truncated-window", n=3))
    noise = carrying(q)
    noise["W"] = noise["W"] + 0.1 * np.random.default_rng(0).standard_normal(noise["W"].shape)
    put(folder / "unknown.npz", q, noise)
    zero = Exercise(0 * q.U, 0 * q.W, 0 * q.V, 0 * q.b, 0 * q.c, q.x, q.y, 0 * q.s0)
    put(folder / "undecided.npz", zero, {"W": 0 * q.W})
    (folder / "bad.npz").write_bytes(b"\x80\x04K\x01.")
    return folder


EXPECTED = {
    "right": (0, "right"),
    "mean": (0, "convention"),
    "wrong": (1, "wrong"),
    "truncated": (1, "wrong"),
    "unknown": (1, "unknown"),
    "undecided": (2, "undecided"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_exit_code_and_the_verdict(submissions: Path, name: str) -> None:
    done = run("check", f"{name}.npz", "--json", cwd=submissions)
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert (done.returncode, found["verdict"]) == EXPECTED[name]
    assert done.stderr == ""
    assert {"verdict", "findings", "indistinguishable", "not_testable"} <= found.keys()
    for finding in found["findings"]:
        assert list(finding) == ["id", "parameters", "argument", "residual", "first_wrong"]


def test_a_finding_as_json(submissions: Path) -> None:
    found = json.loads(run("check", "truncated.npz", "--json", cwd=submissions).stdout)
    (finding,) = found["findings"]
    assert finding["id"] == "truncated-window"
    assert finding["parameters"] == ["U", "W", "b"]
    assert finding["argument"] == 3
    assert finding["residual"] < 1e-9
    # t − k ≤ 2: going backward from k = 5, the first step that lacks a term is 2
    assert finding["first_wrong"] == {"k": 2, "line": "∂E/∂sₖ = Wᵀ δₖ₊₁"}
    assert found["not_testable"] == []


def test_a_file_of_pytorch_is_told_how_to_be_converted(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"PK")
    for command in (["check"], ["explain"]):
        done = run(*command, "model.pt", cwd=tmp_path)
        assert done.returncode == 2
        (line,) = done.stderr.splitlines()
        assert line.startswith("tuiviz: model.pt: PyTorch's own files are pickles")
        assert 'safetensors.torch.save_file(model.state_dict(), "model.safetensors")' in line


def test_several_files_a_line_each_and_the_largest_exit_code(submissions: Path) -> None:
    done = run("check", "right.npz", "bad.npz", "wrong.npz", cwd=submissions)
    assert done.returncode == 2
    first, second, third = done.stdout.splitlines()
    assert first.startswith("right.npz: right, to ")
    assert second.startswith("bad.npz holds Python objects")
    assert third.startswith("wrong.npz: wrong: W-not-transposed: ")
    assert done.stderr == f"tuiviz: {second}\n"
    done = run("check", "right.npz", "wrong.npz", "mean.npz", "--json", cwd=submissions)
    assert done.returncode == 1
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["file"] for each in found] == ["right.npz", "wrong.npz", "mean.npz"]


def test_a_refused_file_is_a_json_line_too(submissions: Path) -> None:
    done = run("check", "bad.npz", "missing.npz", "--json", cwd=submissions)
    assert done.returncode == 2
    for line, name in zip(done.stdout.splitlines(), ("bad.npz", "missing.npz"), strict=True):
        found = json.loads(line)
        assert (found["file"], found["verdict"]) == (name, "undecided")
        assert found["error"].startswith(name)
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize("command", [["check"], ["run", "--script", "-"], ["explain"]])
def test_without_a_gradient_there_is_nothing_to_check(tmp_path: Path, command: list[str]) -> None:
    put(tmp_path / "a.npz", exercise(0), {})
    done = run(*command, "a.npz", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("tuiviz: a.npz: holds no gradients; expected some of dU, dW, dV, ")
    assert "run the script" in line


def test_no_colour_in_a_pipe_and_the_same_twice(submissions: Path) -> None:
    first, second = (run("check", "wrong.npz", cwd=submissions).stdout for _ in range(2))
    assert "\x1b" not in first
    assert first == second


def test_the_report_in_words(submissions: Path) -> None:
    said = run("check", "wrong.npz", cwd=submissions).stdout
    for part in (
        "wrong: W-not-transposed: W is not transposed on the way back, in dU, dW, db",
        "- ds_next = W @ d ",
        "+ ds_next = W.T @ d ",
        "first wrong, going backward, at k = 4, in the line  ∂E/∂sₖ = Wᵀ δₖ₊₁",
        "    5  × × × × × 1\n",
    ):
        assert part in said


@pytest.mark.parametrize("convention", [row.name for row in TABLE])
def test_the_report_is_in_the_names_and_the_layout_of_the_convention(
    tmp_path: Path, convention: str
) -> None:
    q = exercise(1)
    chosen = Convention.usual(convention)
    theta = tv.Parameters(**{name: getattr(q, name) for name in NAMES})
    path = tmp_path / "theirs.npz"
    for bugs in ((), ("W-not-transposed",), ("dW-transposed",)):
        gradient = tv.Parameters(**carrying(q, *bugs))
        write_submission(path, chosen, theta, q.x, q.y, q.s0, gradient, force=True)
        found = json.loads(
            run("check", path, "--json", "--convention", convention, cwd=tmp_path).stdout
        )
        assert [finding["id"] for finding in found["findings"]] == list(bugs)
    notation = Notation.of(read_submission(path, convention).convention, "tanh", tokens=True)
    wrong, right = lines(Finding("W-not-transposed", ("W",), None, 0.0, None), notation)
    W = notation.name("W")
    turned = convention.endswith("rows") or convention in ("wx", "keras")
    expected = [f"ds_next = {W}.T @ d", f"ds_next = {W} @ d"]
    assert [wrong, right] == (expected if turned else expected[::-1])


# The words and the lines


@pytest.mark.parametrize("identifier", ALL_IDS)
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "identity"])
def test_every_mistake_has_a_wrong_line_beside_the_right_one(
    identifier: str, activation: str
) -> None:
    detail = {"other-derivative": "D = s(1 − s)", "dU-input-off-by-one": "xₖ₋₁"}.get(identifier, "")
    turns = identifier in ("dW-transposed", "row-convention")
    for name in "UWV" if turns else NAMES:
        finding = Finding(identifier, (name,), 3, 0.0, None, detail)
        wrong, right = lines(finding, Notation(activation=activation))
        assert wrong != right or (activation == "identity" and "derivative" in identifier)
        assert "\n" not in wrong + right
        assert "{" not in wrong + right


def test_the_triangle_shows_each_coefficient() -> None:
    q = exercise(0)
    theta = tv.Parameters(**{name: getattr(q, name) for name in NAMES})
    report = tv.check(theta, q.x, q.y, looping(q, "double-counting"), initial_state=q.s0)
    assert report.coefficients
    drawn = ["".join(piece.text for piece in line) for line in triangle(report.coefficients)]
    assert drawn[0].startswith("  how often each term (t, k) of ∂E/∂W is counted")
    assert [line.split() for line in drawn[2:8]] == [
        [str(t), *(str(t - k + 1) for k in range(t + 1))] for t in range(6)
    ]
    loud = [[piece.look for piece in line[1:]] for line in triangle(report.coefficients)][2:8]
    assert loud == [["loud"] * t + ["calm"] for t in range(6)]


def test_the_lines_add_to_the_column_of_a_token(tmp_path: Path) -> None:
    """As the probe's script writes it; a row where vectors are rows, a product where x is dense."""
    finding = Finding("not-accumulated", ("U",), None, 0.0, None)
    columns = Notation(tokens=True)
    rows = Notation(tokens=True, transposed=frozenset("UWV"))
    assert lines(finding, columns) == ("dU[:, x[k]] = d", "dU[:, x[k]] += d")
    assert lines(finding, rows) == ("dU[x[k]] = d", "dU[x[k]] += d")
    assert lines(finding, Notation()) == ("dU = np.outer(d, x[k])", "dU += np.outer(d, x[k])")
    q = exercise(0)
    put(tmp_path / "a.npz", q, {"U": carrying(q, "x[t-1]")["U"]})
    said = run("check", "a.npz", cwd=tmp_path).stdout
    assert "- dU[:, x[k-1]] += d " in said
    assert "+ dU[:, x[k]] += d " in said
    put(tmp_path / "a.npz", q, carrying(q, "dU[:, x[t]] = d"))
    said = run("check", "a.npz", cwd=tmp_path).stdout
    assert "repeated-tokens-lost: of a repeated token only the first step\n" in said
    assert "- dU[:, x[k]] = d " in said


@pytest.mark.parametrize(
    ("turned", "minus", "line"),
    [
        ("W", "- dW -= np.outer(d, s[k-1]) ", "∂E/∂W += δₖ ⊗ sₖ₋₁"),
        ("U", "- dU[:, x[k]] -= d ", "∂E/∂U"),
        ("UWb", "- ds = -V.T @ e + ds_next ", "∂E/∂sₖ = "),
        ("UWVbc", "- e = onehot(y[t]) - yhat[t] ", "∂E/∂zₖ = "),
    ],
)
def test_a_sign_is_wrong_in_the_line_that_turns_those_gradients(
    tmp_path: Path, turned: str, minus: str, line: str
) -> None:
    q = exercise(0)
    g = carrying(q)
    put(tmp_path / "a.npz", q, {n: -array if n in turned else array for n, array in g.items()})
    said = run("check", "a.npz", cwd=tmp_path).stdout
    assert minus in said
    assert f"at k = 5, in the line  {line}" in said


def test_numbers_that_are_not_finite_are_the_reason(tmp_path: Path) -> None:
    q = exercise(0)
    g = {**carrying(q), "W": np.full_like(q.W, np.nan)}
    put(tmp_path / "a.npz", q, g)
    said = run("check", "a.npz", cwd=tmp_path).stdout
    assert (
        "wrong, unknown: dW has 49 of 49 numbers that are not finite, first dW[0, 0] = nan" in said
    )
    assert "  dV: right\n" in said
    assert "  dW: " not in said
    assert "not testable" not in said


@pytest.mark.parametrize(
    ("loop", "bug", "wrong", "line"),
    [
        (carrying, "1 - s[t-1]**2", "d = ds * (1 - s[k-1]**2)", "δₖ = "),
        (carrying, "1 - s[t+1]**2", "d = ds * (1 - s[k+1]**2)", "δₖ = "),
        (looping, "start at s[t-1]", "d = (V.T @ e) * (1 - s[t-1]**2)", "δₖ = "),
        (looping, "carry at s[k]", "d = (W.T @ d) * (1 - s[k]**2)", "δₖ = "),
        (looping, "carry at s[k-2]", "d = (W.T @ d) * (1 - s[k-2]**2)", "δₖ = "),
        (carrying, "ds_next = W.T @ ds", "ds_next = W.T @ ds", "∂E/∂sₖ = "),
    ],
)
def test_a_derivative_at_a_wrong_place_is_shown_as_it_was_written(
    tmp_path: Path, loop: Any, bug: str, wrong: str, line: str
) -> None:
    q = exercise(0)
    put(tmp_path / "a.npz", q, loop(q, bug))
    said = run("check", "a.npz", cwd=tmp_path).stdout
    assert f"- {wrong} " in said
    assert f"in the line  {line}" in said


# The probe


@pytest.mark.parametrize("sizes", [(6, 7, 5), (4, 3, 3), (8, 8, 8), (10, 12, 6)])
def test_a_probe_tells_every_pair_of_rows_apart(sizes: tuple[int, int, int]) -> None:
    """All rows with all their variants, and the right gradient; but for rows that are one."""
    probe = make_probe(*sizes)
    instance = Instance.of(probe.tape)
    found: list[tuple[str, float | None, Any]] = [("right", None, instance.right.gradients(NAMES))]
    for row in CATALOGUE:
        found += [(row.id, v.argument, g) for v, g in row.gradients(instance, NAMES)]
    ends = {None, 1, sizes[0] - 1}
    for (one, n, g), (other, m, h) in combinations(found, 2):
        if one != other and not ({one, other} in ALIKE and {n, m} <= ends):
            assert distance(g, h) > 1e-3, (one, n, other, m)


def distance(g: Any, h: Any) -> float:
    if any(g[name].shape != h[name].shape for name in NAMES):
        return np.inf
    return max(float(np.linalg.norm(g[name] - h[name]) / np.linalg.norm(h[name])) for name in NAMES)


def test_rows_that_are_alike_are_so_on_every_instance() -> None:
    for seed in range(3):
        instance = Instance.of(make_probe(5 + seed, 6, 5).tape)
        ruler = Ruler.of(instance, NAMES, 1e-12)
        rows = {row.id: [g for _, g in row.gradients(instance, NAMES)] for row in CATALOGUE}
        for one, other in map(tuple, ALIKE):
            assert any(ruler.same(g, h) for g in rows[one] for h in rows[other])


@pytest.mark.parametrize("convention", [row.name for row in TABLE])
def test_a_probe_its_script_and_the_check(tmp_path: Path, convention: str) -> None:
    done = run("probe", "-o", "p.npz", "--convention", convention, cwd=tmp_path)
    assert done.returncode == 0
    script = tmp_path / "p.py"
    assert len(script.read_text().splitlines()) <= 24
    assert run("check", "p.npz", cwd=tmp_path).returncode == 2  # no gradient yet
    subprocess.run([sys.executable, "-W", "error", script], check=True, cwd=tmp_path.parent)
    found = json.loads(run("check", "p.npz", "--json", cwd=tmp_path).stdout)
    assert found["verdict"] == "unknown"  # an empty bptt() returns zeros
    assert found["not_testable"] == []


@pytest.mark.parametrize("row", [*ROWS, *[(row, loop, (row,)) for row, loop in COUNTED]])
def test_the_check_of_a_filled_in_probe(row: Any) -> None:
    identifier, loop, bugs = row
    probe = make_probe(6, 7, 5)
    parameters = {name: getattr(probe.theta, name) for name in NAMES}
    q = Exercise(**parameters, x=probe.x, y=probe.y, s0=probe.initial_state)
    report = tv.check(probe.theta, q.x, q.y, loop(q, *bugs, n=2), initial_state=q.s0)
    assert identifier in {finding.id for finding in report.findings}
    assert report.not_testable == ()


def test_a_probe_replaces_nothing_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text("mine")
    done = run("probe", "-o", "p.npz", cwd=tmp_path)
    assert done.returncode == 2
    assert "p.py: exists already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["p.py"]
    assert run("probe", "-o", "p.npz", "--force", cwd=tmp_path).returncode == 0
    written = (tmp_path / "p.npz").read_bytes()
    assert run("probe", "-o", "p.npz", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "p.npz").read_bytes() == written


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--steps", 3], "--steps 3: expected 4 or more"),
        (["--hidden", 1], "--hidden 1: expected 2 or more"),
        (["--tokens", 2], "--tokens 2: expected 3 or more"),
        (["--steps", 500], "a probe is small"),
        (["--convention", "x"], "--convention x: expected lecture, "),
    ],
)
def test_sizes_that_tell_nothing_apart(tmp_path: Path, options: list[Any], said: str) -> None:
    done = run("probe", "-o", "p.npz", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert not list(tmp_path.iterdir())
