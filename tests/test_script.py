"""A script prints what each stop shows, and does what the same keys do on the screen."""

from __future__ import annotations

import ast
import asyncio
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import tuiviz as tv
from core.errors import InputError
from tuiviz.cli import commands
from tuiviz.debugger.actions import ACTIONS, Action
from tuiviz.debugger.commands import run
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.report import stop_report
from tuiviz.debugger.script import LIMIT, play, read_script
from tuiviz.debugger.sums import so_far
from tuiviz.explain import explain
from tuiviz.files.trace_reading import load_trace
from tuiviz.files.visible import visible
from tuiviz.numbers import number, percent, short
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.app import DebuggerApp
from tuiviz.screen.widgets import View

ROOT = Path(__file__).parent.parent
SAMPLES = Path(__file__).parent.parent / "samples"
SAMPLE = SAMPLES / "sample.txt"


@pytest.fixture
def debugger() -> Debugger:
    return open_debugger(SAMPLE, ModelOptions())


def played(debugger: Debugger, *lines: str) -> list[str]:
    return list(play(debugger, lines, "lesson"))


def test_a_script_prints_each_action_and_what_its_stop_shows(debugger: Debugger) -> None:
    other = open_debugger(SAMPLE, ModelOptions())
    expected = stop_report(other)
    lines = ["n", "5n", "goto k=2", "walk each", "f", "watch norm(dW)", "t", "C"]
    for text in lines:
        run(other, text)
        moved = text != "watch norm(dW)"
        expected += [
            f"> {text}",
            *other.message.splitlines(),
            *(stop_report(other) if moved else []),
        ]
    assert played(debugger, *lines) == expected
    assert debugger.place == other.place


def test_empty_lines_and_remarks_do_nothing_and_q_ends(debugger: Debugger) -> None:
    said = played(debugger, "", "  # a remark", "n", "q", "nonsense")
    assert [text for text in said if text.startswith(">")] == ["> n"]


def test_a_script_prints_what_the_cursor_comes_to(debugger: Debugger) -> None:
    product = debugger.session.problem.tape.jacobian(4, 2)
    said = played(debugger, "goto term 2", "right", "3 down", "here", "up")
    size = number(float(np.linalg.norm(product)))
    shown = f"  cursor  ∂s₄/∂s₂ = Πⱼ, j = 4 … 3  4×4  ‖·‖ {size}"
    assert said[said.index("> 3 down") + 1] == shown
    assert said[said.index("> here") + 1] == "> up"
    assert stop_report(debugger)[-1].startswith("  cursor  ")


@pytest.mark.parametrize("number_of_line", [1, 4])
def test_an_error_names_the_script_and_the_line(debugger: Debugger, number_of_line: int) -> None:
    lines = ["#"] * (number_of_line - 1) + ["stpe"]
    with pytest.raises(InputError) as caught:
        played(debugger, *lines)
    assert str(caught.value) == f"lesson, line {number_of_line}: no action stpe; did you mean step?"


@pytest.mark.parametrize("text", [":", "theme nord"])
def test_what_needs_a_screen_says_so(debugger: Debugger, text: str) -> None:
    with pytest.raises(InputError, match=r"line 1: .* needs a screen"):
        played(debugger, text)


def test_an_export_is_that_of_the_command(debugger: Debugger, tmp_path: Path) -> None:
    """And keeps what is there, unless it is told otherwise."""
    made, other = tmp_path / "made.json", tmp_path / "other.json"
    done = CliRunner().invoke(commands, ["export", str(SAMPLE), "-o", str(other)])
    said = f"saved {made}: T = 5, 5 errors"
    assert (
        played(debugger, f"export {made}")[-1]
        == said
        == done.output.strip().replace(str(other), str(made))
    )
    assert made.read_bytes() == other.read_bytes()
    with pytest.raises(InputError, match="exists already and is kept; use --force"):
        played(debugger, f"export {made}")
    run(debugger, "truncate 2")
    assert played(debugger, f"x --force {made}")[-1] == said
    assert played(debugger, f"x {made} --force")[-1] == said
    assert {path.name for path in tmp_path.iterdir()} == {made.name, other.name}
    assert made.read_bytes() != other.read_bytes()
    with pytest.raises(InputError, match=r"expected where to save it, such as sample.trace.json"):
        played(debugger, "export")


def test_what_is_copied_is_printed_where_there_is_no_clipboard(debugger: Debugger) -> None:
    run(debugger, "goto term 2")
    numbers = played(debugger, "copy")[-1]
    assert np.array_equal(ast.literal_eval(numbers), debugger.value.array)
    copied = "\n".join(played(debugger, "copy-explanation"))
    assert copied.endswith(explain(debugger.session.problem, 4, "W", "markdown").rstrip())
    assert not debugger.clipboard


def test_help_lists_every_action(debugger: Debugger) -> None:
    listed = played(debugger, "help")
    for action in ACTIONS:
        assert any(action.name in text and text.endswith(action.help) for text in listed)


def test_from_python_a_script_drives_a_tape(tmp_path: Path) -> None:
    tape = open_debugger(SAMPLE, ModelOptions()).session.problem.tape
    words = ["the", "cats", "near", "cat", "sleep", "sleeps"]
    lines = ["goto k=2", f"export {tmp_path / 'trace.json'}"]
    said = list(tv.play(tape, lines, vocabulary=words))
    expected = played(open_debugger(SAMPLE, ModelOptions()), lines[0])
    assert said[: len(expected)] == expected
    assert np.array_equal(load_trace(tmp_path / "trace.json").x, tape.inputs["x"])
    with pytest.raises(InputError, match="lines, line 1: no action stpe"):
        list(tv.play(tape, ["stpe"]))
    with pytest.raises(InputError, match="wrt X: expected one of U, W, "):
        tv.play(tape, [], wrt="X")


def test_a_script_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"goto caf\xe9")
    (tmp_path / "large").write_bytes(b"n\n" * LIMIT)
    for name, expected in (("latin", "not UTF-8"), ("large", ""), ("none", "no such"), (".", "")):
        with pytest.raises(InputError) as caught:
            read_script(tmp_path / name)
        assert expected in str(caught.value)


def test_a_script_may_come_through_a_pipe(tmp_path: Path) -> None:
    """As --script <(…) gives it; /dev/null is a script that does nothing."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as writer:
        writer.submit(pipe.write_bytes, b"n\n2 N\n")
        assert read_script(pipe) == ["n", "2 N"]
        writer.submit(pipe.write_bytes, b"n\n" * LIMIT)
        with pytest.raises(InputError, match="pipe: too large; expected at most 1 MiB"):
            read_script(pipe)
    assert read_script(os.devnull) == []


def test_from_the_command_line_an_error_ends_with_2_and_one_line(tmp_path: Path) -> None:
    (tmp_path / "lesson").write_text("n\n\nbreak nrom(dW) > 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "tuiviz", "run", SAMPLE, "--script", tmp_path / "lesson"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == "> break nrom(dW) > 1"
    assert len(done.stderr.splitlines()) == 1
    assert "lesson, line 3: " in done.stderr
    assert "did you mean norm" in done.stderr


# The screen

PLAYED = [
    action
    for action in ACTIONS
    if action.keys and not action.on_screen and not action.asks and action.name != "help"
]
"""What a key does at once, and a script can do too."""

SLOW = {"sgd"}
"""They are worked out beside on the screen, or take long when they are repeated."""


def state(debugger: Debugger) -> tuple[Any, ...]:
    """Everything that an action may change."""
    session = debugger.session
    return (
        debugger.place,
        session.opened,
        session.cursor,
        debugger.look,
        debugger.breakpoints,
        debugger.marks,
        debugger.behind,
        debugger.ahead,
        debugger.predicting,
        debugger.answered,
        debugger.message,
        debugger.pinned and debugger.pinned[0],
        session.problem.truncation,
    )


def text_of(app: DebuggerApp, name: str) -> str:
    view = app.query_one(f"#{name}", View)
    return "\n".join(view.render_line(y).text for y in range(view.size.height))


def check_numbers(app: DebuggerApp, mirror: Debugger) -> None:
    """The screen holds the numbers that the script prints."""
    session, digits = mirror.session, mirror.look.digits
    assert f"{session.index + 1} of {len(session.walk)} " in text_of(app, "header")
    found = so_far(session)
    if mirror.question is not None:
        assert "hidden" in text_of(app, "sums")
        return
    sums = text_of(app, "sums")
    if mirror.question is None:
        assert f"{number(found.norm, digits)} of {number(found.whole, digits)}" in sums
        assert percent(found.share) in sums
    if app.query_one("#value").display and mirror.question is None and mirror.pinned is None:
        value = mirror.value.array
        if np.size(value) <= 4 and not any(mirror.look.scroll or ()) and np.ndim(value):
            shown = text_of(app, "value")
            for each in np.ravel(value).tolist():
                assert short(each, digits) in shown


async def compare(case: tuple[str, ModelOptions], seed: int, keys: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    name, options = case
    app = DebuggerApp(open_debugger(SAMPLES / name, options))
    mirror = open_debugger(SAMPLES / name, options)
    done: list[str] = []
    async with app.run_test(size=(160, 45)) as pilot:
        for _ in range(keys):
            action: Action = chance.choice(PLAYED)
            if action.name in SLOW:
                continue
            count = chance.choice(["", "", "", "2", "13"])
            key = chance.choice(action.keys)
            done.append(f"{count}{action.shown} ({key})")
            await pilot.press(*count, key)
            while app._walking is not None:
                await pilot.pause()
            try:
                run(mirror, f"{count}{action.shown}")
            except InputError as error:
                mirror.message = str(error)
            assert state(app.debugger) == state(mirror), done
            check_numbers(app, mirror)


CASES = [
    ("sample.txt", ModelOptions(hidden=3)),
    ("korean.txt", ModelOptions(seed=1)),
    ("sample.txt", ModelOptions(weights=SAMPLES / "vanishing.safetensors")),
]


@pytest.mark.parametrize("number_of_case", range(len(CASES)))
def test_the_screen_and_a_script_agree(number_of_case: int) -> None:
    asyncio.run(compare(CASES[number_of_case], number_of_case, 30))


def test_what_is_typed_on_the_screen_is_what_a_script_does() -> None:
    typed = ["goto t=2", "break dW if k > 0", "c", "mark here", "5 step", "return-to here", "stpe"]
    mirror = open_debugger(SAMPLE, ModelOptions())

    async def on_the_screen() -> None:
        app = DebuggerApp(open_debugger(SAMPLE, ModelOptions()))
        async with app.run_test(size=(100, 30)) as pilot:
            for text in typed:
                await pilot.press("colon")
                app.prompt.value = text
                await pilot.press("enter")
                while app._walking is not None:
                    await pilot.pause()
                try:
                    run(mirror, text)
                except InputError as error:
                    mirror.message = str(error)
                assert state(app.debugger) == state(mirror), text
            assert visible(mirror.message) in text_of(app, "says")

    asyncio.run(on_the_screen())


def test_a_script_can_come_from_standard_input() -> None:
    command = [sys.executable, "-m", "tuiviz", "run", "samples/sample.txt", "--script", "-"]
    done = subprocess.run(
        command, input="goto k=2\n", capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "> goto k=2\n39 of 53  back from E₄, k = 2" in done.stdout


def test_a_breakpoint_of_the_command_line_is_refused_by_the_name_of_its_option() -> None:
    with pytest.raises(InputError, match=r"^--break: foo >, column 5: "):
        open_debugger(SAMPLE, ModelOptions(), stops=["dW", "foo >"])
