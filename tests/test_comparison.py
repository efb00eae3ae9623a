"""Truncations side by side: terms, cost and errors, against sums over a mask by plain loops."""

from __future__ import annotations

import json
import sys
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.learning.comparison import (
    STYLES,
    Comparison,
    compare,
    comparisons,
    cosine,
    relative_error,
    some_lengths,
)
from core.learning.lags import lags, median_lag
from core.parameters import NAMES, Parameters
from core.tape import Tape, record
from core.truncation import Truncation
from tuiviz import cli
from tuiviz.cli.truncation import _row
from tuiviz.problem import ModelOptions, read_problem

Array = NDArray[Any]
SAMPLE = str(Path(__file__).parent.parent / "samples" / "sample.txt")
few = settings(max_examples=15, derandomize=True, deadline=None)


def tape_of(steps: int, seed: int = 0, initial: bool = True) -> Tape:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 4, (2, steps))
    theta = Parameters.random(4, 3, 4, seed=seed)
    return record(theta, x, y, rng.uniform(-1, 1, 3) if initial else None)


def masked_sum(tape: Tape, kept: Array) -> dict[str, Array]:
    """Σ of the terms (t, k) where kept[t, k], each by the formulas of the lecture."""
    theta, s, x = tape.theta, tape.values["s"], tape.inputs["x"]
    found = {name: np.zeros_like(getattr(theta, name)) for name in NAMES}
    for t in range(tape.steps):
        e = tape.values["yhat"][t].copy()
        e[tape.inputs["y"][t]] -= 1
        if kept[t, t]:
            found["V"] += np.outer(e, s[t])
            found["c"] += e
        delta = (1 - s[t] ** 2) * (theta.V.T @ e)
        for k in range(t, -1, -1):
            before = s[k - 1] if k else tape.initial_state
            if kept[t, k]:
                found["W"] += np.outer(delta, before)
                found["U"][:, x[k]] += delta
                found["b"] += delta
            delta = (1 - before**2) * (theta.W.T @ delta)
    return found


def mask(style: str, n: int, steps: int) -> Array:
    """Which terms a style keeps, said without k1 and k2."""
    t, k = np.indices((steps, steps))
    triangle = k <= t
    ends = np.minimum((t // n + 1) * n, steps)  # of the chunk that t is in
    return {
        "window": triangle & (t - k < n),
        "chunks": triangle & (k >= ends - n),
        "end": triangle & (k >= steps - n),
    }[style]


@few
@given(st.integers(1, 9), st.integers(0, 20), st.sampled_from(sorted(STYLES)), st.data())
def test_a_truncated_gradient_is_the_sum_over_its_mask(
    steps: int, seed: int, style: str, data: st.DataObject
) -> None:
    n = data.draw(st.integers(1, steps))
    tape, kept = tape_of(steps, seed), mask(style, n, steps)
    truncation = STYLES[style](n, steps)
    found, expected = tape.gradient(truncation), masked_sum(tape, kept)
    full = tape.gradient()
    comparison = compare(tape, style, n, truncation, full)
    assert (comparison.kept, comparison.terms) == (kept.sum(), steps * (steps + 1) // 2)
    for name in NAMES:
        np.testing.assert_allclose(getattr(found, name), expected[name], rtol=1e-9, atol=1e-14)
        g = getattr(full, name)
        size = np.linalg.norm(g)
        error = np.linalg.norm(expected[name] - g) / size
        assert comparison.errors[name] == pytest.approx(error, rel=1e-6, abs=1e-12)
        angle = np.vdot(expected[name], g) / (size * np.linalg.norm(expected[name]) or np.nan)
        assert comparison.cosines[name] == pytest.approx(angle, rel=1e-9, nan_ok=True)


@few
@given(st.integers(1, 9), st.integers(0, 20), st.integers(1, 10), st.integers(1, 10), st.data())
def test_the_parts_of_a_truncated_gradient_add_up_to_it(
    steps: int, seed: int, k1: int, k2: int, data: st.DataObject
) -> None:
    tape, way = tape_of(steps, seed), Truncation(k1, k2)
    kept = np.array(
        [[k <= t and way.keeps(t, k, steps) for k in range(steps)] for t in range(steps)]
    )
    room = data.draw(st.integers(1, 9 * steps))
    parts = list(tape.gradient_in_parts(way, room))
    expected = masked_sum(tape, kept)
    for name in NAMES:
        found = sum(getattr(part, name) for part in parts)
        np.testing.assert_allclose(found, expected[name], rtol=1e-9, atol=1e-14)


@few
@given(st.integers(1, 12), st.data())
def test_the_sweep_counts_every_step_back(steps: int, data: st.DataObject) -> None:
    n = data.draw(st.integers(1, steps))
    tape = tape_of(steps)
    full = tape.gradient()
    sweeps = {
        style: compare(tape, style, n, made(n, steps), full).sweep for style, made in STYLES.items()
    }
    each = [min(n, t + 1) for t in range(steps)]
    ends = [min(start + n, steps) for start in range(0, steps, n)]
    assert sweeps == {
        "window": sum(each),
        "chunks": sum(min(n, end) for end in ends),
        "end": n,
    }


def test_the_full_gradient_is_right_and_every_style_becomes_it() -> None:
    steps = 6
    found = list(comparisons(tape_of(steps)))
    assert [c.n for c in found] == [*(n for n in range(1, steps + 1) for _ in STYLES), steps]
    assert found[-1].style == "full"
    for comparison in found[-4:]:
        assert comparison.kept == comparison.terms
        assert max(comparison.errors.values()) < 1e-14
        assert min(comparison.cosines.values()) == pytest.approx(1)
    assert found[-1].sweep == steps


def test_what_has_no_size_has_no_error() -> None:
    tape = tape_of(1, initial=False)  # s₋₁ = 0: ∂E/∂W is zero
    (first, *_) = comparisons(tape)
    assert np.isnan(first.errors["W"])
    assert np.isnan(first.cosines["W"])
    assert first.errors["U"] == 0


@pytest.mark.parametrize("scale", [1e-250, 1.0, 1e250])
def test_errors_and_cosines_are_right_at_any_scale(scale: float) -> None:
    g, h = np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]])
    assert relative_error(scale * h, scale * g) == pytest.approx(np.sqrt(2) / 5)
    assert cosine(scale * h, scale * g) == pytest.approx(24 / 25)
    assert cosine(-scale * g, scale * g) == pytest.approx(-1)


@few
@given(st.integers(1, 5000))
def test_some_lengths_go_from_one_to_all(steps: int) -> None:
    found = some_lengths(steps)
    assert (found[0], found[-1]) == (1, steps)
    assert len(found) <= 30
    gaps = np.diff(found)
    assert (gaps > 0).all()
    assert steps > 16 or found == list(range(1, steps + 1))
    assert (gaps <= np.maximum(1, found[:-1])).all()  # at most doubled


# How far gradients reach


def test_a_lag_holds_its_part_of_the_sum() -> None:
    rng = np.random.default_rng(0)
    reach = np.tril(rng.random((7, 7)) ** 3)
    for part in (0.5, 0.9):
        for t, lag in enumerate(lags(reach, part).astype(int)):
            back = reach[t, : t + 1][::-1]
            assert back[: lag + 1].sum() >= part * back.sum() * (1 - 1e-12)
            assert back[:lag].sum() < part * back.sum()


def test_an_error_that_reaches_nothing_has_no_lag() -> None:
    reach = np.array([[0.0, 0, 0], [1, 3, 0], [np.inf, 0, 1]])
    assert lags(reach).tolist()[1] == 1
    assert np.isnan(lags(reach)[[0, 2]]).all()


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_lags_do_not_depend_on_the_scale(scale: float) -> None:
    reach = np.tril(np.random.default_rng(0).random((9, 9)))
    assert lags(reach * scale).tolist() == lags(reach).tolist()


def test_the_median_is_over_the_errors_of_all_sequences() -> None:
    tapes = [tape_of(5, 1), tape_of(8, 2)]
    expected = np.median([lag for tape in tapes for lag in lags(tape.reach())])
    assert median_lag(tapes) == expected


# The command


def run(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    monkeypatch.setattr(sys, "argv", ["tuiviz", *args])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_the_table_and_the_json_say_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "truncation", SAMPLE) == 0
    table = capsys.readouterr().out
    rows = [line.split() for line in table.splitlines() if line.startswith((*STYLES, "full"))]
    rows = [row for row in rows if row[1].isdigit()]
    assert run(monkeypatch, "truncation", SAMPLE, "--json") == 0
    found = json.loads(capsys.readouterr().out)["truncations"]
    assert len(rows) == len(found) == 16
    for row, comparison in zip(rows, found, strict=True):
        assert row[0] == comparison["style"]
        assert [int(cell) for cell in row[1:4]] == [comparison[k] for k in ("n", "kept", "sweep")]
        shown = [*comparison["errors"].values(), *comparison["cosines"].values()]
        assert [float(cell) for cell in row[4:]] == pytest.approx(shown, abs=6e-4)
        assert Truncation(**comparison["truncation"])


def test_of_a_long_sequence_every_n_is_compared_or_some(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "long.txt"
    file.write_text("a b c " * 7, encoding="utf-8")
    for option, lengths in ((), [*range(1, 21)]), (("--some",), some_lengths(20)):
        assert run(monkeypatch, "truncation", str(file), "--json", *option) == 0
        found = json.loads(capsys.readouterr().out)["truncations"]
        assert sorted({row["n"] for row in found}) == lengths


def test_a_gradient_of_zero_is_shown_as_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "two.txt").write_text("a b\n", encoding="utf-8")
    assert run(monkeypatch, "truncation", str(tmp_path / "two.txt")) == 0
    assert capsys.readouterr().out.splitlines()[4].split()[5] == "-"
    run(monkeypatch, "truncation", str(tmp_path / "two.txt"), "--json")
    found = json.loads(capsys.readouterr().out)["truncations"]
    assert found[0]["errors"]["W"] == "NaN"


@few
@given(
    st.integers(1, 10**6),
    st.floats(0, 1e90) | st.just(nan),
    st.floats(-1, 1).filter(lambda c: not 0 < abs(c) < 1e-99),
)
def test_no_two_columns_of_the_table_touch(steps: int, error: float, cosine: float) -> None:
    most = steps * (steps + 1) // 2
    found = Comparison(
        style="window",
        n=steps,
        truncation=Truncation(1, steps),
        kept=most,
        terms=most,
        sweep=most,
        errors=dict.fromkeys(NAMES, error),
        cosines=dict.fromkeys(NAMES, cosine),
    )
    cells = _row(found, steps).split()
    assert cells[:4] == ["window", str(steps), str(most), str(most)]
    shown = [nan if cell == "-" else float(cell) for cell in cells[4:]]
    assert shown == pytest.approx([error] * 5 + [cosine] * 5, rel=0.5, abs=6e-4, nan_ok=True)


@pytest.mark.parametrize(("given", "k1", "k2"), [("2", 1, 2), ("2,3", 2, 3), ("9,1", 9, 1)])
def test_a_truncation_of_one_s_own_has_a_row(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    given: str,
    k1: int,
    k2: int,
) -> None:
    assert run(monkeypatch, "truncation", SAMPLE, "--truncate", given) == 0
    table = capsys.readouterr().out
    assert f"chosen  as --truncate or the trace says: TBPTT({k1}, {k2})" in table
    trace = str(tmp_path / "trace.json")
    assert run(monkeypatch, "export", SAMPLE, "-o", trace, "--truncate", given) == 0
    capsys.readouterr()
    assert run(monkeypatch, "truncation", trace, "--json") == 0
    *_, full, found = json.loads(capsys.readouterr().out)["truncations"]
    assert (full["style"], found["style"]) == ("full", "chosen")
    assert found["truncation"] == {"k1": k1, "k2": k2}
    row = next(line.split() for line in table.splitlines() if line.startswith("chosen"))
    assert [int(cell) for cell in row[1:4]] == [found[name] for name in ("n", "kept", "sweep")]
    tape = read_problem(SAMPLE, ModelOptions()).tape
    t, k = np.indices((5, 5))
    kept = (k <= t) & (k > np.minimum((t // k1 + 1) * k1, 5) - 1 - k2)
    assert found["kept"] == kept.sum()
    for name, expected in masked_sum(tape, kept).items():
        g = getattr(tape.gradient(), name)
        error = np.linalg.norm(expected - g) / np.linalg.norm(g)
        assert found["errors"][name] == pytest.approx(error, rel=1e-9)
