"""On the screen a run says how far it is, stops at a key, and lets what is typed ahead wait."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from textual.events import Key
from textual.pilot import Pilot

import tuiviz.screen.app as screen_app
from core.errors import InputError
from tuiviz.debugger import stopping
from tuiviz.debugger.commands import run
from tuiviz.numbers import number
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.app import DebuggerApp
from tuiviz.screen.widgets import View

SAMPLES = Path(__file__).parent.parent / "samples"


async def press(app: DebuggerApp, sign: str) -> None:
    """A key while a run goes on, whose end is not waited for."""
    app.post_message(Key(sign, sign))
    await asyncio.sleep(0.05)


def on_screen(name: str, play: Callable[[DebuggerApp, Pilot[None]], Awaitable[None]]) -> None:
    async def playing() -> None:
        app = DebuggerApp(open_debugger(SAMPLES / name, ModelOptions()))
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await play(app, pilot)

    asyncio.run(playing())


def test_a_key_stops_a_run_where_it_is_and_does_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stopping, "BREATH", 0.0)  # a position at a time
    monkeypatch.setattr(screen_app, "_AHEAD", 0.0)

    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        last = len(app.debugger.session.walk)
        await press(app, "c")
        found = re.match(
            r"running on … position (\d+) of (\d+), \d+% done; ", app.debugger.under_way
        )
        assert found
        assert int(found[2]) == last
        await press(app, "n")
        stopped = app.debugger.session.index + 1
        assert int(found[1]) <= stopped < last
        assert app.debugger.message == "stopped here by a key"
        await pilot.press("n")
        assert app.debugger.session.index == stopped
        await pilot.press("2", "minus")
        app.type_in("end")
        await press(app, "C")
        app.post_message(View.Typed("network", "goto E1"))
        await asyncio.sleep(0.05)
        assert 1 < app.debugger.session.index + 1 < last
        assert app._walking is None
        assert app.debugger.session.error == 61

    on_screen("repeat-20.txt", play)


def test_what_is_typed_ahead_of_a_run_waits_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "BREATH", 0.0)
    typed = "cc3cC2nc"

    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        app.type_in("break dW")
        for sign in typed:
            app.post_message(Key(sign, sign))
        while app._walking is not None or app.debugger.session.index == 0:
            await pilot.pause(0.01)
        mirror = open_debugger(SAMPLES / "sample.txt", ModelOptions())
        for text in ("break dW", "c", "c", "3c", "C", "2n", "c"):
            run(mirror, text)
        assert app.debugger.session.index == mirror.session.index

    on_screen("sample.txt", play)


def test_an_empty_search_goes_on_and_an_empty_prompt_takes_the_old_message_away() -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        mirror = open_debugger(SAMPLES / "sample.txt", ModelOptions())
        for typed, text in [
            (["slash", "enter"], "search"),
            (["slash", *"tanh", "enter"], "search tanh"),
            (["slash", "enter"], "search"),
            (["backslash", "enter"], "search-back"),
        ]:
            try:
                run(mirror, text)
            except InputError as error:
                mirror.message = str(error)
            await pilot.press(*typed)
            assert (app.debugger.place, app.debugger.message) == (mirror.place, mirror.message)
        await pilot.press("slash", *"nothing", "enter")
        assert app.debugger.message.startswith("nothing holds nothing")
        await pilot.press("g", "enter")
        assert app.debugger.message == ""

    on_screen("sample.txt", play)


def test_no_panel_gives_an_answer_away() -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        app.type_in("goto k=2")
        answer = number(float(np.linalg.norm(app.debugger.session.line_value().array)))
        await pilot.resize_terminal(160, 45)
        await pilot.pause()
        assert shown(app).count(answer) > 1
        await pilot.press("exclamation_mark", "N", "n")
        await pilot.pause()
        assert answer not in shown(app)
        assert "larger or smaller" in shown(app).splitlines()[-3]

    def shown(app: DebuggerApp) -> str:
        return "\n".join(strip.text for strip in app.screen._compositor.render_strips())

    on_screen("sample.txt", play)
