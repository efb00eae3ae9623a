"""The few styles of the screen, and the colours of numbers, on dark and on light ground."""

from __future__ import annotations

import math
from functools import cached_property

from rich.color import Color
from rich.style import Style

from core.records import Record

_EVEN = 0.179
"""The luminance on which black and white text read alike, at a contrast of 4.6."""

_PLAIN, _DIM, _BOLD = Style(), Style(dim=True), Style(bold=True)
_CURRENT = Style(bold=True, reverse=True)


class Palette(Record):
    """Styles by what they mean. `negative` and `positive` have the shades of a number, weak first.

    Blue and orange are apart for colour-blind eyes too; the sign of a number is in its text.
    """

    selected: Style
    symbol: Style
    warning: Style
    good: Style
    negative: tuple[Style, ...]
    positive: tuple[Style, ...]
    frame: Style
    in_focus: Style
    plain: Style = _PLAIN
    dim: Style = _DIM
    bold: Style = _BOLD
    current: Style = _CURRENT

    def heat(self, value: float, largest: float) -> Style:
        """The colours of a number beside the largest one (absolute values)."""
        if not math.isfinite(value):
            return self.warning
        if value == 0 or not largest > 0:
            return self.dim
        part = 1.0 if math.isinf(largest) else min(1.0, abs(value) / largest)
        shades = self.negative if value < 0 else self.positive
        return shades[min(len(shades) - 1, int(part * len(shades)))]

    @cached_property
    def sizes(self) -> tuple[Style, ...]:
        """The colours of sizes, small first."""
        return tuple(Style(color=shade.bgcolor or shade.color) for shade in self.positive)


def _shades(*colours: str) -> tuple[Style, ...]:
    """Grounds with the text on them, black or white, that reads better."""
    return tuple(
        Style(color="#000000" if _luminance(each) > _EVEN else "#ffffff", bgcolor=each)
        for each in colours
    )


def _luminance(colour: str) -> float:
    """Between 0, black, and 1, white. Source: WCAG 2.2, relative luminance."""
    parts = [part / 255 for part in Color.parse(colour).get_truecolor()]
    linear = [((part + 0.055) / 1.055) ** 2.4 if part > 0.04 else part / 12.92 for part in parts]
    return sum(map(float.__mul__, (0.2126, 0.7152, 0.0722), linear))


DARK = Palette(
    frame=Style(color="#2f5d8a"),
    in_focus=Style(color="#e5a038"),
    selected=Style(bold=True, color="#e5c07b"),
    symbol=Style(color="#56b6c2"),
    warning=Style(bold=True, color="#ff6b6b"),
    good=Style(color="#98c379"),
    negative=_shades("#1c2f4a", "#1f4a80", "#2a6fbb", "#5b9bd8", "#a9cdf0"),
    positive=_shades("#42301a", "#75501c", "#b5731f", "#e09a3e", "#f6cf95"),
)

LIGHT = Palette(
    frame=Style(color="#7fa3c7"),
    in_focus=Style(color="#b06a00"),
    selected=Style(bold=True, color="#5f4000"),
    symbol=Style(color="#00687a"),
    warning=Style(bold=True, color="#b00020"),
    good=Style(color="#2e6b1f"),
    negative=_shades("#e3eefa", "#bcd7f2", "#8bb8e6", "#2f6fb5", "#123f73"),
    positive=_shades("#fbeedd", "#f5d5ab", "#ecb26d", "#a8650f", "#6b3d00"),
)


def _named(weak: str, text: str, ground: str, strong: str) -> tuple[Style, ...]:
    """Shades of 16 colours: a colour on the ground of the screen, then grounds of their own."""
    medium = Style(color=text, bgcolor=ground)
    small = Style(color=weak)
    return small, small, medium, medium, Style(bold=True, color=text, bgcolor=strong)


# Named colours would be turned into those of a theme first, and then into what is nearest to them;
# these are the 16 themselves.
DARK_16 = Palette(
    frame=Style(color="#555555"),
    in_focus=Style(color="#ffff55"),
    selected=Style(bold=True, color="#ffff55"),
    symbol=Style(color="#55ffff"),
    warning=Style(bold=True, color="#ff5555"),
    good=Style(color="#55ff55"),
    negative=_named("#00aaaa", "#000000", "#00aaaa", "#55ffff"),
    positive=_named("#aa5500", "#000000", "#aa5500", "#ffff55"),
)

LIGHT_16 = Palette(
    frame=Style(color="#555555"),
    in_focus=Style(bold=True, color="#0000aa"),
    selected=Style(bold=True, color="#aa00aa"),
    symbol=Style(color="#0000aa"),
    warning=Style(bold=True, color="#aa0000"),
    good=Style(color="#0000aa"),
    negative=_named("#0000aa", "#ffffff", "#0000aa", "#0000aa"),
    positive=_named("#aa00aa", "#ffffff", "#aa00aa", "#aa00aa"),
)


WITHOUT_COLOUR = Palette(
    frame=_DIM,
    in_focus=_BOLD,
    selected=_BOLD,
    symbol=_PLAIN,
    warning=_BOLD,
    good=_PLAIN,
    negative=(_DIM, _PLAIN, _PLAIN, _BOLD, _BOLD),
    positive=(_DIM, _PLAIN, _PLAIN, _BOLD, _BOLD),
)
"""Where NO_COLOR is set (no-color.org): weight alone; the sign of a number is in its text."""


def palette(dark: bool, few: bool) -> Palette:
    """What to draw with on a dark or a light ground; with 16 colours if there are few."""
    return (DARK_16 if dark else LIGHT_16) if few else DARK if dark else LIGHT
