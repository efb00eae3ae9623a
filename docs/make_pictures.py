"""Makes the pictures beside this file: `python docs/make_pictures.py`, with tuiviz installed.

Each is the real screen after the keys that are listed with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.diagnosis import diagnose
from core.loop import Instance
from core.mistakes import CATALOGUE
from core.parameters import NAMES
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.judging import begin
from tuiviz.debugger.session import Session
from tuiviz.diagnosis.probe import make_probe
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions, problem_of_tape
from tuiviz.screen.app import DebuggerApp

FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parent / "samples"


def sample(weights: str | None = None) -> Debugger:
    """The sample, with weights of a file beside it or those of seed 0."""
    options = ModelOptions(weights=SAMPLES / weights if weights else None)
    return open_debugger(SAMPLES / "sample.txt", options)


def mistaken(mistake: str) -> Debugger:
    """The probe with the gradients of a BPTT that makes this mistake."""
    tape = make_probe(steps=6, hidden=7, tokens=5).tape
    row = next(row for row in CATALOGUE if row.id == mistake)
    _, gradients = next(iter(row.gradients(Instance.of(tape), NAMES)))
    problem = problem_of_tape(tape, "probe.npz", report=diagnose(tape, gradients))
    debugger = Debugger(Session(problem, tape.steps - 1))
    begin(debugger)
    return debugger


@dataclass(frozen=True)
class Picture:
    """A screen: what is opened, the keys that lead to it, its size, and the theme."""

    name: str
    keys: tuple[str, ...]
    size: tuple[int, int] = (100, 30)
    theme: str = "textual-dark"
    opened: Callable[[], Debugger] = sample
    command: str = "tuiviz run samples/sample.txt"


TERM_2 = ("g", *"term", "space", "2", "enter")

PICTURES = (
    Picture("screen", (*TERM_2, "enter", "3", "down", "enter")),
    Picture("light", (*TERM_2, "enter"), theme="textual-light"),
    Picture("small", TERM_2, (80, 24)),
    Picture("wide", (*TERM_2, "enter"), (160, 45)),
    Picture(
        "vanishing",
        ("B", *"vanishing", "enter", "c", "4", "tab"),
        (140, 42),
        opened=partial(sample, "vanishing.safetensors"),
        command="tuiviz run samples/sample.txt --weights samples/vanishing.safetensors",
    ),
    Picture(
        "check",
        ("D",),
        opened=partial(mistaken, "double-counting"),
        command="tuiviz run probe.npz",
    ),
)


async def take(picture: Picture) -> str:
    """The picture as SVG."""
    app = DebuggerApp(picture.opened())
    app.theme = picture.theme
    async with app.run_test(size=picture.size) as pilot:
        await pilot.press(*picture.keys)
        while app._walking is not None:
            await pilot.pause()
        await pilot.pause()
        return app.export_screenshot(title=picture.command)


def main() -> None:
    for picture in PICTURES:
        (FOLDER / f"{picture.name}.svg").write_text(asyncio.run(take(picture)), encoding="utf-8")


if __name__ == "__main__":
    main()
