"""Random keys, clicks, sizes and typed actions on the screen: nothing may end in an error.

    python tests/fuzz.py [STEPS [SEED]]

10,000 steps on three samples unless told otherwise. A failure names the seed, the step, and the
last things that were done.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from textual.pilot import Pilot

from tuiviz.debugger.actions import ACTIONS
from tuiviz.debugger.report import stop_report
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.app import DebuggerApp
from tuiviz.screen.widgets import View

SAMPLES = Path(__file__).parent.parent / "samples"
CASES: Sequence[tuple[str, ModelOptions]] = (
    ("sample.txt", ModelOptions(weights=SAMPLES / "exploding.safetensors")),
    ("korean.txt", ModelOptions(hidden=3)),
    ("characters.txt", ModelOptions(level="char", hidden=9)),
)
SIZES = ((80, 24), (100, 30), (160, 45), (79, 23), (120, 24), (90, 50), (200, 60), (20, 5), (1, 1))
LEAVES = {"q", "ㅂ", "ctrl+c", "ctrl+q"}
KEYS = [key for action in ACTIONS for key in action.keys if key not in LEAVES]
KEYS += [*"0123", *"abcxyz=<.'", "ㅋ", "ctrl+a", "f4", "insert"]
TYPED = (
    "goto t=1", "goto k=0", "goto E1", "goto 30", "search W", "walk one", "walk each", "walk sum",
    "break dW", "break norm(dEds) < 1e-2", "break t=2", "watch norm(dW)", "watch stop s", "mark x",
    "return-to x", "cursor 0.1", "cell 1 0", "panel value", "panel reach", "panel program",
    "delete all", "unwatch all", "truncate 2", "truncate 3,2", "truncate off", "answer 3", "qqq",
    "update V", "ago 2", "ago off", "curve reach", "panel training", "panel truncation", "sgd-to 1",
    "7 sgd", "clip 0.1", "clip norm 1", "clip off",
)  # fmt: skip


async def shake(app: DebuggerApp, pilot: Pilot[None], chance: random.Random) -> str:
    """Does one thing at random; what it was."""
    what = chance.random()
    if what < 0.03:
        size = chance.choice(SIZES)
        await pilot.resize_terminal(*size)
        return f"resize {size}"
    if what < 0.15:
        at = (chance.randrange(app.size.width), chance.randrange(app.size.height))
        await pilot.click(offset=at)
        return f"click {at}"
    if what < 0.25:
        text = chance.choice(TYPED)
        app.type_in(text)
        return f": {text}"
    key = chance.choice(KEYS)
    # A count of digits on digits may ask for hours of training; that is another test's matter.
    if key.isdecimal() and len(app._typed_count) > 1:
        key = "escape"
    await pilot.press(key)
    return key


def check(app: DebuggerApp) -> None:
    """The debugger is where there is something, and every view draws it."""
    if app._exception is not None:
        raise app._exception
    debugger = app.debugger
    session = debugger.session
    assert 0 <= session.index < len(session.walk)
    assert 0 <= session.error < session.steps
    assert stop_report(debugger)
    for view in app.screen_stack[0].query(View):
        for y in range(view.size.height):
            strip = view.render_line(y)
            assert strip.cell_length == view.size.width, f"{view.id} is {strip.cell_length} wide"


async def fuzz(name: str, options: ModelOptions, steps: int, seed: int) -> None:
    """So many random steps on a sample."""
    chance = random.Random(f"{seed} {name}")  # noqa: S311
    app = DebuggerApp(open_debugger(SAMPLES / name, options), ascii_only=chance.random() < 0.3)
    last: deque[str] = deque(maxlen=12)
    async with app.run_test(size=(100, 30)) as pilot:
        for step in range(steps):
            try:
                last.append(await shake(app, pilot, chance))
                if step % 5 == 0:
                    await pilot.pause()
                    check(app)
            except BaseException as error:
                error.add_note(f"{name}, seed {seed}, step {step}: {', '.join(last)}")
                raise
        await pilot.resize_terminal(160, 45)
        await pilot.pause()
        check(app)
        assert app.prompt.id == "prompt"


def main(steps: int = 10_000, seed: int = 0) -> None:
    """The fuzz from the command line, in a folder of its own: x saves a trace."""
    os.chdir(tempfile.mkdtemp())
    for name, options in CASES:
        began = time.perf_counter()
        asyncio.run(fuzz(name, options, steps // len(CASES), seed))
        took = time.perf_counter() - began
        print(f"{name}: {steps // len(CASES)} steps in {took:.0f} s, no error", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
