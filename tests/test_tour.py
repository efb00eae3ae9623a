"""docs/tour.md is true: its script prints what it shows, and its keys lead there on the screen."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tuiviz.debugger.commands import run
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.keyboard import DEFAULT
from tuiviz.debugger.sums import so_far
from tuiviz.numbers import number, percent, short
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.app import DebuggerApp
from tuiviz.screen.widgets import View

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "samples" / "sample.txt"
TEXT = (ROOT / "docs" / "tour.md").read_text("utf-8")
LEFT_OUT = "[…]"


@dataclass
class Stop:
    """The keys of a line that begins with Press, and the blocks that follow it."""

    keys: list[str]
    lines: list[str] = field(default_factory=list)  # of the script, and what it prints
    panels: list[tuple[str, str]] = field(default_factory=list)  # (name, what it shows)

    @property
    def script(self) -> list[str]:
        return [line[2:] for line in self.lines if line.startswith("> ")]


def read_tours(text: str) -> dict[str, list[Stop]]:
    """The stops of each tour, by the name of its weights; "" for those of a seed."""
    tours: dict[str, list[Stop]] = {}
    stop = Stop([])
    block = r"^```(?P<kind>tour|panel) ?(?P<mark>\w*)\n(?P<body>.*?)^```$"
    pattern = rf"^Press (?P<keys>[^\n]*)$|{block}"
    for found in re.finditer(pattern, text, re.MULTILINE | re.DOTALL):
        if found["keys"]:
            stop = Stop(re.findall("`([^`]+)`", found["keys"]))
        elif found["kind"] == "panel":
            stop.panels.append((found["mark"], found["body"]))
        else:
            stop.lines += found["body"].splitlines()
            tours.setdefault(found["mark"], []).append(stop)
    return tours


TOURS = read_tours(TEXT)


def weights(mark: str) -> Path | None:
    return ROOT / "samples" / f"{mark}.safetensors" if mark else None


def groups(lines: list[str]) -> Iterator[list[str]]:
    """What is printed at the start, then each line of the script with what it prints."""
    group: list[str] = []
    for line in lines:
        if line.startswith("> "):
            yield group
            group = []
        group.append(line)
    yield group


def agrees(shown: list[str], said: list[str]) -> bool:
    """Line for line the same, but for lines left out."""
    pattern = (r"(?:.*\n)+" if line == LEFT_OUT else re.escape(line + "\n") for line in shown)
    return re.fullmatch("".join(pattern), "".join(f"{line}\n" for line in said)) is not None


def test_the_tour_goes_where_it_should() -> None:
    assert [*TOURS] == ["", "vanishing", "exploding"]
    assert len(re.findall(r"^## \d+\. ", TEXT, re.MULTILINE)) == 14
    assert all(stop.keys and stop.script for stops in TOURS.values() for stop in stops)


@pytest.mark.parametrize("mark", [*TOURS])
def test_the_command_prints_what_the_tour_shows(mark: str, tmp_path: Path) -> None:
    stops = TOURS[mark]
    script = tmp_path / "tour"
    script.write_text("\n".join(line for stop in stops for line in stop.script), "utf-8")
    command = [sys.executable, "-m", "tuiviz", "run", str(SAMPLE), "--script", str(script)]
    done = subprocess.run(
        [*command, *(("--weights", str(weights(mark))) if mark else ())],
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    shown = [*groups([line for stop in stops for line in stop.lines])]
    said = [*groups(done.stdout.splitlines())]
    assert len(shown) == len(said)
    for expected, found in zip(shown, said, strict=True):
        assert agrees(expected, found), (expected, found)


def presses(written: str) -> list[str]:
    """The keys of a piece of the document: 5n, Enter, or a text that is typed."""
    shown = written.lstrip("0123456789")
    action = DEFAULT.by_key(shown)
    return [*written.removesuffix(shown), action.keys[0]] if action else [*written]


def text_of(app: DebuggerApp, name: str) -> str:
    view = app.query_one(f"#{name}", View)
    return "\n".join(view.render_line(y).text for y in range(view.size.height))


def state(debugger: Debugger) -> tuple[object, ...]:
    session = debugger.session
    seen = (debugger.place, session.cursor, session.problem.truncation, debugger.look.panel)
    return (*seen, debugger.breakpoints, debugger.predicting, debugger.trained, debugger.message)


async def take(app: DebuggerApp, pilot: Pilot[None], stop: Stop, script: Debugger) -> None:
    """One stop on the screen, and by the script beside it: they are in the same place."""
    for written in stop.keys:
        await pilot.press(*presses(written))
        while app._walking is not None:
            await pilot.pause()
    await pilot.pause()
    for text in stop.script:
        run(script, text)
    assert state(app.debugger) == state(script), stop.script
    session = script.session
    assert f"{session.index + 1} of {len(session.walk)} " in text_of(app, "header")
    found, sums = so_far(session), text_of(app, "sums")
    assert f"{found.gradient} so far" in sums
    assert f"{number(found.norm)} of {number(found.whole)}" in sums
    assert percent(found.share) in sums
    if session.cursor is None and session.line_value().array.ndim == 1:
        for each in session.line_value().array.tolist():
            assert short(each, script.look.digits) in text_of(app, "value")
    if script.message:
        assert script.message in text_of(app, "says")
    for name, body in stop.panels:
        for line in body.splitlines():
            assert line in text_of(app, name), (name, line)


@pytest.mark.parametrize("mark", [*TOURS])
def test_its_keys_lead_there_on_the_screen(mark: str) -> None:
    async def play() -> None:
        options = ModelOptions(weights=weights(mark))
        app = DebuggerApp(open_debugger(SAMPLE, options))
        script = open_debugger(SAMPLE, options)
        async with app.run_test(size=(160, 45)) as pilot:
            for stop in TOURS[mark]:
                await take(app, pilot, stop, script)

    asyncio.run(play())
