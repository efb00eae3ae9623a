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
SAMPLES = FOLDER.parent / "samples"


@dataclass(frozen=True)
class Picture:
    """A screen: the keys that lead to it, its size, the theme, and the files that are opened."""

    name: str
    keys: tuple[str, ...]
    size: tuple[int, int] = (100, 30)
    theme: str = "textual-dark"
    file: str = "sample.txt"
    weights: str | None = None

    @property
    def command(self) -> str:
        """What is typed to open it."""
        weights = f" --weights samples/{self.weights}" if self.weights else ""
        return f"tuiviz run samples/{self.file}{weights}"


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
        weights="vanishing.safetensors",
    ),
    Picture(
        "truncation",
        (*TERM_2, "3", "{", ")", ":", *"panel", "space", *"truncation", "enter"),
        (140, 42),
    ),
    Picture("check", ("D",), file="mistake.npz"),
)


async def take(picture: Picture) -> str:
    """The picture as SVG."""
    options = ModelOptions(weights=SAMPLES / picture.weights if picture.weights else None)
    app = DebuggerApp(open_debugger(SAMPLES / picture.file, options))
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
