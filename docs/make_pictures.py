"""Makes the pictures beside this file: `python docs/make_pictures.py`, with tuiviz installed.

Each is the real screen after the keys that are listed with it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.app import DebuggerApp

FOLDER = Path(__file__).parent
SAMPLE = FOLDER.parent / "samples" / "sample.txt"


@dataclass(frozen=True)
class Picture:
    """A screen: its size, the keys that lead to it, and the theme."""

    name: str
    keys: tuple[str, ...]
    size: tuple[int, int] = (100, 30)
    theme: str = "textual-dark"


PICTURES = (
    Picture("screen", ("g", *"term", "space", "2", "enter", "enter")),
    Picture("wide", ("g", *"term", "space", "2", "enter", "enter"), (160, 45)),
)


async def take(picture: Picture) -> str:
    """The picture as SVG."""
    app = DebuggerApp(open_debugger(SAMPLE, ModelOptions()))
    app.theme = picture.theme
    async with app.run_test(size=picture.size) as pilot:
        await pilot.press(*picture.keys)
        await pilot.pause()
        return app.export_screenshot(title="tuiviz run samples/sample.txt")


def main() -> None:
    for picture in PICTURES:
        (FOLDER / f"{picture.name}.svg").write_text(asyncio.run(take(picture)), encoding="utf-8")


if __name__ == "__main__":
    main()
