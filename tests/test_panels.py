"""What the panels say is true of their numbers; of numbers that are not there they say nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from explained import FUNCTIONS
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style

from core.parameters import Parameters
from core.symbols import subscript
from core.tape import record
from core.truncation import Truncation
from tuiviz.debugger.commands import run
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.origins import origins
from tuiviz.debugger.reach import grid, triangle
from tuiviz.debugger.session import Session, Value
from tuiviz.debugger.sums import so_far
from tuiviz.numbers import number, percent, short
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions, Problem, problem_of_tape
from tuiviz.screen.drawing import Draw, Room, framed
from tuiviz.screen.palette import DARK
from tuiviz.screen.views import (
    chain,
    header,
    jacobian,
    matrix,
    network,
    reach,
    training,
    truncation,
)
from tuiviz.screen.views.says import says

SAMPLE = Path(__file__).parent.parent / "samples" / "sample.txt"
STEPS = 5


def problem(W: object, scale: float = 1.0, readout: float = 1.0) -> Problem:
    """A linear network of four units with this W over five tokens."""
    rng = np.random.default_rng(3)
    W = np.asarray(W, float)
    U, V = scale * rng.normal(size=(4, 6)), readout * rng.normal(size=(6, 4))
    theta = Parameters(U=U, W=W, V=V)
    tokens = np.arange(STEPS + 1) % 6
    return problem_of_tape(record(theta, tokens[:-1], tokens[1:], activation="identity"), "given")


def debugger_of(given: Problem, *typed: str) -> Debugger:
    debugger = Debugger(Session(given, given.steps - 1))
    for text in typed:
        run(debugger, text)
    return debugger


def shown(view: Draw, debugger: Debugger, width: int = 48, height: int = 14) -> list[str]:
    """The lines of a view."""
    return [line.text for line in view(debugger, Room(width, height, DARK))]


# The Jacobian of a step

ROTATION = np.kron(np.eye(2), [[0.6, -0.8], [0.8, 0.6]])


@pytest.mark.parametrize("W", [np.eye(4), -np.eye(4)[::-1], ROTATION])
def test_a_step_that_keeps_lengths_is_not_said_to_shrink(W: object) -> None:
    debugger = debugger_of(problem(W), "goto term 2")
    adjoints = debugger.session.at_error.adjoints["s"]
    assert np.linalg.norm(adjoints[1]) == pytest.approx(np.linalg.norm(adjoints[2]))
    (first, *_) = shown(jacobian.jacobian, debugger)
    assert first.rstrip().endswith("1.000  keeps or shrinks")


@pytest.mark.parametrize("gain", [0.9, 0.999, 1.001, 3.0])
def test_a_step_that_changes_lengths_is_said_to(gain: float) -> None:
    debugger = debugger_of(problem(gain * np.eye(4)), "goto term 2")
    (first, *_) = shown(jacobian.jacobian, debugger)
    assert ("shrinks any vector" in first) == (gain < 1)
    assert ("can grow" in first) == (gain > 1)


def test_nothing_is_said_of_a_step_that_is_not_a_number() -> None:
    (first, *_) = shown(jacobian.jacobian, debugger_of(problem(np.eye(4) * np.nan), "goto term 2"))
    assert first.split() == ["‖·‖₂", "NaN"]


@pytest.mark.parametrize("height", range(3, 9))
def test_singular_values_without_room_are_counted(height: int) -> None:
    lines = shown(jacobian.jacobian, debugger_of(problem(np.eye(4))), height=height)
    counted = sum(line.lstrip().startswith("σ") for line in lines)
    assert len(lines) == min(height, 7)
    if counted < 4 and height > 3:
        assert lines[-1].startswith(f"… {4 - counted} more, the smallest 1.000")


# A sum of which a truncation drops terms


@pytest.mark.parametrize("truncation", [None, (1, 2), (3, 2), (5, 2), (1, 4), (2, 5)])
@pytest.mark.parametrize("name", ["W", "V"])
def test_the_titles_of_a_sum_are_equations_that_hold(
    truncation: tuple[int, int] | None, name: str
) -> None:
    chosen = Truncation(*truncation) if truncation else None
    given = open_debugger(SAMPLE, ModelOptions(truncation=chosen)).session.problem
    for t in range(STEPS):
        debugger = Debugger(Session(given, t, name))
        run(debugger, "cursor")
        lowest = 0 if name == "W" else t
        kept = [k for k in range(t, lowest - 1, -1) if not chosen or chosen.keeps(t, k, STEPS)]
        terms = given.tape.error(t).terms(name)
        total = sum((terms.at(k).value for k in kept), start=np.zeros(terms.sum.shape))
        assert debugger.session.value().array == pytest.approx(total)
        sign = "=" if len(kept) == t - lowest + 1 else "≈"
        steps = f"k = {kept[0]} … {kept[-1]}" if len(kept) > 1 else f"k = {t}"
        right = f"Σₖ, {steps}" if name == "W" else "one term"
        symbol = f"∂E{subscript(t)}/∂{name}"
        for title in (chain.title(debugger), matrix.title(debugger)):
            assert title == f"{symbol} {sign} {right if kept else '0, all dropped'}"
        first = shown(chain.chain, debugger)[0]
        assert (f"{symbol}, kept " in first) == (sign == "≈")


# Numbers that are not there


def sizes(debugger: Debugger) -> list[float]:
    """The largest number of each ∂E_t/∂s_k, k = 0 … t; NaN if one is."""
    return [float(size) for size in np.abs(debugger.session.at_error.adjoints["s"]).max(axis=1)]


@pytest.fixture
def lost() -> Debugger:
    """The states are zero, all is finite forward; two steps back it overflows, then it is NaN."""
    given = problem(1e200 * np.eye(4), scale=0)
    debugger = debugger_of(given, "goto term 2")
    norms = sizes(debugger)
    assert list(np.isfinite(norms)) == [False, False, False, True, True]
    assert np.isnan(norms[0])
    return debugger


@pytest.fixture
def nothing() -> Debugger:
    """No ∂E_t/∂s_k is a number but of the first errors."""
    given = problem(1e200 * np.eye(4))
    assert np.isnan(given.tape.error(STEPS - 1).adjoints["s"]).all()
    return debugger_of(given, "goto term 2")


def test_the_triangle_is_complete_where_numbers_are_not(nothing: Debugger) -> None:
    logs = nothing.session.problem.tape.log_reach()
    for at in ((0, 0), (1, 0), (2, 1), (4, 4)):
        nothing.look = replace(nothing.look, cell=at)
        *rows, legend = shown(reach.triangle, nothing, width=28, height=8)
        for t, row in enumerate(rows):
            cells = row[5:].ljust(4 * STEPS)
            for j in range(t + 1):
                assert (cells[4 * j + 3] == "N") == np.isnan(logs[t, j])
        size = logs[at]
        assert "%" not in legend
        assert legend.split()[1] == ("NaN" if np.isnan(size) else number(10**size))


def test_what_is_not_worked_out_yet_is_said_in_percent(lost: Debugger) -> None:
    given = lost.session.problem
    of = grid(STEPS, 7, 11)
    lost.session.keep(("triangle", of), lambda: [None])[0] = next(triangle(given.tape, of))
    *rows, legend = shown(reach.triangle, lost, width=28, height=8)
    assert {*rows[-1].split()[1]} <= {"?", "×"}
    assert legend.rstrip().endswith("80 %")


def test_a_curve_without_a_number_says_so(nothing: Debugger) -> None:
    assert [line.strip() for line in shown(reach.decay, nothing)] == ["no number: NaN or inf"]
    silent = debugger_of(problem(np.eye(4), readout=0))
    assert [line.strip() for line in shown(reach.decay, silent)] == ["all zero"]


@pytest.mark.parametrize("height", range(4, 20))
@pytest.mark.parametrize("gain", [1e-3, 0.4, 3.0])
def test_the_axis_of_the_decay_has_decades(height: int, gain: float) -> None:
    debugger = debugger_of(problem(gain * np.eye(4)))
    labels = [line.split("│")[0].strip() for line in shown(reach.decay, debugger, height=height)]
    logs = debugger.log_reach(STEPS - 1)
    found = [float(label) for label in labels[:-1] if label]
    assert len(found) >= 2
    assert all(np.log10(each) == round(np.log10(each)) for each in found)
    assert np.log10(found[-1]) <= logs.min()
    assert np.log10(found[0]) >= logs.max()
    assert found[0] == 10 ** np.ceil(logs.max())


def test_the_network_shows_what_is_not_a_number(lost: Debugger) -> None:
    norms = sizes(lost)
    cells = shown(network.network, lost, width=98, height=5)[-1][13:]
    for t, norm in enumerate(norms):
        assert (cells[13 * t :].split()[0] == "NaN") == np.isnan(norm)


def test_the_line_of_all_steps_shows_what_is_not_a_number(lost: Debugger) -> None:
    norms = sizes(lost)
    lines = shown(network.network, lost, width=40, height=6)
    marks = lines[-1][13:].rstrip()
    here = lost.session.position.step
    assert [mark == "!" for t, mark in enumerate(marks) if t != here] == [
        np.isnan(norm) for t, norm in enumerate(norms) if t != here
    ]


def test_a_truncation_of_what_is_not_a_number_has_no_cosine(nothing: Debugger) -> None:
    lines = shown(truncation.truncation, nothing)
    assert not any("1.00" in line for line in lines)


def test_nothing_is_called_zero_that_is_not_a_number(nothing: Debugger) -> None:
    run(nothing, "goto term 0")
    assert np.isnan(nothing.session.terms.at(0).norm)
    (last,) = (line for line in shown(chain.chain, nothing) if "k=0" in line)
    assert "s₋₁ = 0" not in last


@pytest.mark.parametrize("height", range(6, 30))
def test_the_axis_of_the_loss_begins_at_zero(height: int) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions())
    run(debugger, "20 sgd")
    lines = shown(training.training, debugger, height=height)
    labels = [line.split("│")[0].strip() for line in lines if "│" in line]
    assert labels[-1] == "0"


# Words


@pytest.mark.parametrize("walk", ["one", "each", "sum"])
@pytest.mark.parametrize("activation", FUNCTIONS)
def test_what_a_line_reads_is_listed_as_it_is_written(walk: str, activation: str) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions(activation=activation))
    run(debugger, f"walk {walk}")
    seen = 0
    for index in range(len(debugger.session.walk)):
        session = debugger.session.moved_to(index)
        written = session.written(session.position.line).split("= ", 1)[1]
        at = 0
        for each in origins(session):
            found = written.find(each.written.split(" = ")[0], at)
            assert found >= 0, (written, each.written)
            at = found
            seen += 1
    assert seen > 50


def test_where_a_factor_was_made_is_said_as_of_a_line() -> None:
    debugger = open_debugger(SAMPLE, ModelOptions())
    run(debugger, "goto term 2")
    run(debugger, "cursor 1.3")
    symbol = debugger.session.value().title
    run(debugger, "origin")
    assert debugger.message == f"{symbol} was made here; - goes back"


def test_a_single_one_is_not_many() -> None:
    debugger = open_debugger(SAMPLE, ModelOptions())
    run(debugger, "gradient V")
    run(debugger, "end")
    assert " 1 of 1 term " in shown(header.sums, debugger, width=100)[0]
    run(debugger, "gradient W")
    assert " 5 of 5 terms " in shown(header.sums, debugger, width=100)[0]


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("walk", ["one", "each", "sum"])
def test_the_share_of_the_sum_is_called_so(width: int, walk: str) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions(truncation=Truncation(1, 3)))
    run(debugger, f"walk {walk}")
    run(debugger, "end")
    for back in range(12):
        found = so_far(debugger.session)
        (line,) = shown(header.sums, debugger, width=width)
        share = re.search(r"  share(?: of (\S+))? (\S+ %)", line)
        assert share
        assert share[2] == percent(found.share)
        assert share[1] in (None, found.gradient)
        run(debugger, f"{back} N")


@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_no_parentheses_hold_a_single_sign(activation: str) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions(activation=activation))
    session = debugger.session
    for index in range(len(session.walk)):
        there = session.moved_to(index)
        assert not re.search(r"\(\[.*\]\)|\(1\)", there.written(there.position.line))


# The network, as the keys and the wheel move in it


def marked(debugger: Debugger, width: int = 98) -> list[str]:
    """The names of the steps in sight, and the one that the cursor is on."""
    room = Room(width, 6, DARK, focused=True)
    rows = [line.text for line in network.network(debugger, room)]
    steps = re.findall(r"x[₀-₉]+", rows[0])
    pointed = re.findall(r"‹s([₀-₉]+)›", rows[1]) or re.findall(r"\[s([₀-₉]+)\]", rows[1])
    assert len(pointed) == 1
    assert f"x{pointed[0]}" in steps
    return [*steps, pointed[0]]


@pytest.fixture
def long(tmp_path: Path) -> Debugger:
    path = tmp_path / "long.txt"
    path.write_text(" ".join("abcde"[i % 5] for i in range(41)))
    debugger = open_debugger(path, ModelOptions())
    run(debugger, "panel network")
    return debugger


@pytest.mark.parametrize("moves", [["right"], ["3 down"], ["page-down"], ["left", "2 right"]])
def test_the_cursor_of_the_network_is_in_sight_and_begins_where_one_is(
    long: Debugger, moves: list[str]
) -> None:
    run(long, "goto t=20")
    at, step = 20, {"right": 1, "3 down": 3, "page-down": 10, "left": -1, "2 right": 2}
    assert marked(long)[-1] == subscript(at)
    for text in moves:
        run(long, text)
        at += step[text]
        assert marked(long)[-1] == subscript(at)
    run(long, "open")
    assert long.session.error == at


@pytest.mark.parametrize("typed", ["step", "time", "goto t=30", "escape"])
def test_the_network_follows_the_position_again(long: Debugger, typed: str) -> None:
    run(long, "goto t=20")
    run(long, "9 down")
    run(long, {"escape": "here"}.get(typed, typed))
    assert marked(long)[-1] == subscript(long.session.position.step)


@pytest.mark.parametrize("panel", ["reach", "decay"])
def test_the_triangle_follows_the_position_again(long: Debugger, panel: str) -> None:
    run(long, f"panel {panel}")
    run(long, "goto k=20")
    run(long, "3 right")
    assert long.cell[1] != 20
    run(long, "step")
    assert long.cell == (long.session.error, 20)


@pytest.mark.parametrize("weights", ["vanishing", "exploding"])
def test_every_norm_of_the_network_has_a_bar_whose_scale_is_said(weights: str) -> None:
    options = ModelOptions(weights=str(SAMPLE.parent / f"{weights}.safetensors"))
    debugger = open_debugger(SAMPLE, options)
    run(debugger, "goto t=2")
    *_, norms = shown(network.network, debugger, width=98, height=5)
    bars = [cell.split()[1] for cell in re.findall(r"[\d.e+-]+ +[▁▂▃▄▅▆▇█]", norms)]
    assert len(bars) == STEPS
    assert "█" in bars
    sizes = np.log10(np.linalg.norm(debugger.session.at_error.adjoints["s"], axis=1))
    assert [*np.argsort([*map("▁▂▃▄▅▆▇█".index, bars)], kind="stable")] == [*np.argsort(sizes)]
    decades = re.search(r"log scale, (\d+) decades", network.subtitle(debugger))
    assert decades
    assert int(decades[1]) >= sizes.max() - sizes.min()


# The numbers of a value, scrolled


def value_of(rows: int, columns: int) -> Value:
    """Numbers that say where they are: row.column."""
    array = np.add.outer(np.arange(1.0, rows + 1), np.arange(columns) / 1000)
    return Value("M", "M", array, (tuple(map(str, range(rows))), tuple(map(str, range(columns)))))


@given(st.integers(1, 30), st.integers(1, 30), st.integers(5, 12), st.integers(20, 60), st.data())
@settings(derandomize=True, deadline=None, max_examples=150)
def test_no_room_is_left_empty_that_numbers_could_have(
    rows: int, columns: int, height: int, width: int, drawing: st.DataObject
) -> None:
    scroll = drawing.draw(st.tuples(st.integers(0, 40), st.integers(0, 40)))
    value, room = value_of(rows, columns), Room(width, height, DARK)
    lines = [line.text for line in matrix.matrix(value, room, scroll=scroll)]
    assert len(lines) <= height
    seen = [[*map(float, re.findall(r"\d+\.\d{3}|\d{2}\.\d{2}", line))] for line in lines]
    shown = [row for row in seen if row]
    first, *_, last = [int(row[0]) - 1 for row in shown] * 2
    above = re.search(r"… (\d+) rows? above", lines[1]) if len(lines) > 1 else None
    below = re.search(r"… (\d+) more rows?", lines[-1])
    assert first == (int(above[1]) if above else 0)
    assert rows - 1 - last == (int(below[1]) if below else 0)
    if rows <= height - 1:
        assert len(shown) == rows
    elif below is None:
        assert len(lines) == height
    hidden = re.search(r"‹(\d+)", lines[0])
    if hidden and "+" not in lines[0]:  # the last column is in sight: one more would not fit
        cell = max(6, *(len(text) + 1 for line in lines for text in re.findall(r"\d+\.\d+", line)))
        assert len(lines[-1 - bool(below)].rstrip()) + cell > width


def test_the_wheel_moves_a_value_at_once_in_both_ways(tmp_path: Path) -> None:
    path = tmp_path / "many.txt"
    path.write_text(" ".join(f"w{i}" for i in range(40)))
    debugger = open_debugger(path, ModelOptions(hidden=30))
    run(debugger, "goto term 20")
    run(debugger, "panel value")
    room = Room(40, 12, DARK)
    for text in ("9 page-down", "9 right", "9 page-down"):
        run(debugger, text)
    end = matrix.corner(debugger, room)
    debugger.corner = end
    before = shown(matrix.value, debugger, 40, 12)
    run(debugger, "up")
    assert matrix.corner(debugger, room) == (end[0] - 1, end[1])
    run(debugger, "left")
    assert shown(matrix.value, debugger, 40, 12) != before


def test_a_value_that_fits_cannot_be_scrolled_away() -> None:
    debugger = debugger_of(problem(np.eye(4)), "goto term 2", "panel value")
    before = shown(matrix.value, debugger)
    for text in ("9 down", "9 right"):
        run(debugger, text)
        assert shown(matrix.value, debugger) == before


def test_the_next_part_of_the_chain_is_seen_from_its_start() -> None:
    debugger = debugger_of(problem(np.eye(4)), "goto term 2", "cursor 2.1", "panel value")
    run(debugger, "3 down")
    run(debugger, "panel chain")
    run(debugger, "down")
    assert debugger.look.scroll is None


@pytest.mark.parametrize("width", [22, 26, 31, 48])
def test_the_column_that_a_term_of_u_fills_is_in_sight(width: int) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions())
    run(debugger, "gradient U")
    for k in range(STEPS):
        run(debugger, f"goto term {k}")
        term = debugger.session.line_value().array
        *_, last = shown(matrix.value, debugger, width, 6)
        token = debugger.session.problem.tape.inputs["x"][k]
        assert short(float(term[-1, token])) in last.split()


@pytest.mark.parametrize("width", [24, 30, 36, 60])
def test_facts_that_the_frame_has_no_room_for_stand_in_the_panel(width: int) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions())
    run(debugger, "goto term 2")
    room = Room(width, 18, DARK)
    lines = matrix.value(debugger, room)
    whole = "".join(
        line.text for line in framed(lines, room, matrix.title(debugger), matrix.subtitle(debugger))
    )
    for fact in matrix.subtitle(debugger).split("  "):
        assert whole.count(fact) == 1


@pytest.mark.parametrize("typed", ["goto t=2", "goto term 2", "goto k=2"])
def test_what_a_line_reads_is_named_below_its_sentence(typed: str) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions())
    run(debugger, typed)
    debugger.message = ""
    sentence, reads, *_ = shown(says, debugger, width=150, height=3)
    assert sentence.strip()
    for place, each in enumerate(origins(debugger.session), 1):
        assert (f"{place} {each.written}" in reads) == (each.index is not None)
    assert len(shown(says, debugger, width=150, height=1)) == 1


# The triangle


@pytest.mark.parametrize("width", [28, 30, 60])
def test_the_cell_that_is_looked_at_keeps_its_shade(width: int) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions())
    run(debugger, "goto term 1")
    room = Room(width, 8, DARK)

    def cells() -> list[tuple[str, Style]]:
        pieces = reach.triangle(debugger, room)[4].pieces
        return [(sign, style) for text, style in pieces for sign in text]

    looked_at = cells()
    run(debugger, "goto term 2")
    (at,) = [place for place, (sign, _) in enumerate(looked_at) if sign == "×"]
    assert looked_at[at + 1 : at + 4] == cells()[at + 1 : at + 4]


def test_what_a_row_and_a_cell_stand_for_is_said_where_they_stand_for_several(
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.txt"
    path.write_text(" ".join("abcde"[i % 5] for i in range(121)))
    debugger = open_debugger(path, ModelOptions())
    run(debugger, "end")
    for width, height, said in [
        (60, 13, ["10 Eₜ a row", "max of 4 k"]),
        (260, 13, ["10 Eₜ a row"]),
        (60, 121, ["max of 4 k"]),
        (260, 121, []),
    ]:
        legend = shown(reach.triangle, debugger, width, height)[-1]
        assert re.findall(r"\d+ Eₜ a row|max of \d+ k", legend) == said
