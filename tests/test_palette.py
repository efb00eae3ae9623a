"""What is coloured reads: its contrast is measured, in all colours, in 256, in 16 and in none."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from rich.color import Color, ColorSystem
from rich.style import Style
from test_screen import SAMPLE, on_screen
from textual.pilot import Pilot

from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.app import DebuggerApp
from tuiviz.screen.palette import DARK, DARK_16, LIGHT, LIGHT_16, Palette

TEXT, SHAPE = 4.5, 3.0
"""The least contrast of text, and of a shape, by WCAG 2.2."""

XTERM = bytes.fromhex(
    "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5"
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"
)
"""The 16 colours of xterm, in their order."""


def shown(colour: Color, system: ColorSystem) -> tuple[int, ...]:
    """Red, green and blue on a terminal with so many colours."""
    if system is ColorSystem.STANDARD:
        number = colour.downgrade(system).number
        assert number is not None
        return tuple(XTERM[3 * number : 3 * number + 3])
    return tuple(colour.downgrade(system).get_truecolor())


def luminance(rgb: tuple[int, ...]) -> float:
    part = np.array(rgb) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(style: Style, ground: str, system: ColorSystem) -> float:
    """Of the text of a style on its own ground, or else on that of the screen."""
    assert style.color is not None
    below = style.bgcolor or Color.parse(ground)
    low, high = sorted(luminance(shown(each, system)) for each in (style.color, below))
    return (high + 0.05) / (low + 0.05)


CASES = [
    (DARK, "#121212", ColorSystem.TRUECOLOR),
    (LIGHT, "#e0e0e0", ColorSystem.TRUECOLOR),
    (DARK, "#121212", ColorSystem.EIGHT_BIT),
    (LIGHT, "#e0e0e0", ColorSystem.EIGHT_BIT),
    (DARK_16, "#121212", ColorSystem.STANDARD),
    (LIGHT_16, "#e0e0e0", ColorSystem.STANDARD),
]


@pytest.mark.parametrize(("palette", "ground", "system"), CASES)
def test_every_text_reads(palette: Palette, ground: str, system: ColorSystem) -> None:
    words = [palette.selected, palette.symbol, palette.warning, palette.good]
    for style in (*words, *palette.negative, *palette.positive):
        assert contrast(style, ground, system) >= TEXT, style


@pytest.mark.parametrize(("palette", "ground", "system"), CASES)
def test_the_frame_in_focus_is_seen_and_is_no_warning(
    palette: Palette, ground: str, system: ColorSystem
) -> None:
    assert contrast(palette.in_focus, ground, system) >= SHAPE
    colours = [each.color for each in (palette.in_focus, palette.warning, palette.frame)]
    assert len({shown(each, system) for each in colours if each}) == 3


@pytest.mark.parametrize(("palette", "ground", "system"), CASES)
def test_signs_and_sizes_of_numbers_are_told_apart(
    palette: Palette, ground: str, system: ColorSystem
) -> None:
    def look(style: Style) -> tuple[object, ...]:
        colours = (style.color, style.bgcolor)
        return (style.bold, *(shown(each, system) if each else None for each in colours))

    negative, positive = ([*map(look, each)] for each in (palette.negative, palette.positive))
    assert not {*negative} & {*positive}
    assert len({*negative}) >= 3
    assert len({*positive}) >= 3


def colours_on_screen(app: DebuggerApp) -> set[Color]:
    strips = app.screen._compositor.render_strips()
    styles = [segment.style for strip in strips for segment in strip if segment.style]
    return {each for style in styles for each in (style.color, style.bgcolor) if each}


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark", "ansi-light"])
def test_without_colours_there_is_none(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        for text in (f"theme {theme}", "goto term 2", "panel reach"):
            app.type_in(text)
        await pilot.pause()
        assert {colour.is_default for colour in colours_on_screen(app)} <= {True}

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (160, 45), play)


def test_with_16_colours_the_ground_is_black_or_white(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DebuggerApp, "few_colours", True)
    app = DebuggerApp(open_debugger(SAMPLE, ModelOptions()))
    names = [name for name, theme in app.available_themes.items() if not theme.ansi]

    async def playing() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            for name in names:
                app.type_in(f"theme {name}")
                await pilot.pause()
                ground = Color.parse(app.screen.background_colors[1].hex)
                assert shown(ground, ColorSystem.STANDARD) in ((0, 0, 0), (255, 255, 255))
                palette = DARK_16 if app.current_theme.dark else LIGHT_16
                assert app._views["value"]._palette is palette

    asyncio.run(playing())
