"""The keys of a configuration are those that the screen shows, everywhere, and that work."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from textual.widgets import Static

import tuiviz
from tuiviz.debugger.actions import ACTIONS
from tuiviz.debugger.commands import run
from tuiviz.debugger.keyboard import DEFAULT
from tuiviz.debugger.keymap import read_settings
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.app import DebuggerApp

SAMPLE = Path(__file__).parent.parent / "samples" / "sample.txt"
REMAPPED = """[keys]
step = ["j", "f7"]
quit = "ctrl+x"
time = []
watch = "2"
"""


def screen_text(app: DebuggerApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def test_keys_of_a_configuration_are_shown_and_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "tuiviz").mkdir()
    (tmp_path / "tuiviz" / "config.toml").write_text(REMAPPED)
    settings, _ = read_settings({action.id: action.keys for action in ACTIONS})
    app = DebuggerApp(open_debugger(SAMPLE, ModelOptions()), settings=settings)
    app.begin_with(())

    async def play() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            assert "j goes on a line, N back" in screen_text(app)
            footer = screen_text(app).splitlines()[-1]
            assert re.search(r"\bj N step +T time\b", footer)
            assert "^x quit" in footer
            await pilot.press("n", "t", "q")
            assert app.debugger.session.index == 0
            await pilot.press("j", "f7")
            assert app.debugger.session.index == 2
            app.type_in("3j")
            assert app.debugger.session.index == 5
            app.type_in("panel watches")
            await pilot.pause()
            assert "2 adds a watch, B a breakpoint" in screen_text(app)
            await pilot.press("question_mark")
            await pilot.pause()
            said = str(app.screen.query_one(Static).render())
            assert "j  one line on" in said
            assert "^x  leave" in said
            assert "time" in said.rsplit("Typed after a colon only:")[1]

    asyncio.run(play())


def test_what_a_configuration_gets_wrong_is_said_with_its_path_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "tuiviz").mkdir()
    (tmp_path / "tuiviz" / "config.toml").write_text(
        'theme = "nrod"\nwidth = 3\nprecision = 99\n[keys]\nstpe = "n"\n'
    )
    settings, warnings = read_settings({action.id: action.keys for action in ACTIONS})
    app = DebuggerApp(open_debugger(SAMPLE, ModelOptions()), settings=settings)
    app.begin_with([*warnings, *app.warnings])
    reasons = (
        "no action stpe; did you mean step?",
        "no setting width",
        "precision: expected a whole number from 2 to 12",
        "no theme nrod; did you mean nord?",
    )
    assert app.debugger.message.count(str(tmp_path)) == 1
    for reason in reasons:
        assert f"config.toml: {reason}" in app.debugger.message


def test_every_action_that_a_text_names_exists() -> None:
    named = set()
    for path in Path(tuiviz.__file__).parent.rglob("*.py"):
        source = path.read_text("utf-8")
        if "with_keys" in source:
            for text in re.findall(r"(?<!f)\"[^\"\n]*\"", source):
                named |= set(re.findall(r"\{([a-zA-Z-]+)\}", text))
    assert {"step", "watch", "go-on"} <= named <= {action.id for action in ACTIONS}


def test_an_action_without_a_key_is_typed() -> None:
    assert DEFAULT.with_keys("{step} {gradient-U} {clip}") == "n u :clip"


def test_what_the_footer_types_is_what_its_keys_do() -> None:
    for action in ACTIONS:
        debugger, other = (open_debugger(SAMPLE, ModelOptions()) for _ in range(2))
        if not action.shown or action.on_screen or action.asks:
            continue
        for each, text in ((debugger, action.typed), (other, action.shown)):
            for before in ("sgd", "goto 30"):
                run(each, before)
            try:
                run(each, text)
            except ValueError as error:
                each.message = str(error)
        assert (debugger.place, debugger.look, debugger.message) == (
            other.place,
            other.look,
            other.message,
        )
