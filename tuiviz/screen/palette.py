"""The few styles of the screen, and the colours of numbers, on dark and on light ground."""

from __future__ import annotations

import math
from functools import cached_property

from rich.style import Style

from core.records import Record

_ON_DARK_SHADE = 3  # from this shade on the text is black


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
    plain: Style
    dim: Style
    bold: Style
    current: Style
    frame: Style
    in_focus: Style

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
        return tuple(Style(color=shade.bgcolor) for shade in self.positive)


def _shades(text: tuple[str, ...], colours: tuple[str, ...]) -> tuple[Style, ...]:
    return tuple(Style(color=t, bgcolor=c) for t, c in zip(text, colours, strict=True))


_PLAIN, _DIM, _BOLD = Style(), Style(dim=True), Style(bold=True)
_CURRENT = Style(bold=True, reverse=True)

_DARK_TEXT = ("white",) * _ON_DARK_SHADE + ("black",) * 2
_LIGHT_TEXT = ("black",) * _ON_DARK_SHADE + ("white",) * 2

DARK = Palette(
    plain=_PLAIN,
    dim=_DIM,
    bold=_BOLD,
    current=_CURRENT,
    frame=Style(color="#2f5d8a"),
    in_focus=Style(color="#e5a038"),
    selected=Style(bold=True, color="#e5c07b"),
    symbol=Style(color="#56b6c2"),
    warning=Style(bold=True, color="#ff6b6b"),
    good=Style(color="#98c379"),
    negative=_shades(_DARK_TEXT, ("#1c2f4a", "#1f4a80", "#2a6fbb", "#5b9bd8", "#a9cdf0")),
    positive=_shades(_DARK_TEXT, ("#42301a", "#75501c", "#a8691a", "#e09a3e", "#f6cf95")),
)

LIGHT = Palette(
    plain=_PLAIN,
    dim=_DIM,
    bold=_BOLD,
    current=_CURRENT,
    frame=Style(color="#7fa3c7"),
    in_focus=Style(color="#b06a00"),
    selected=Style(bold=True, color="#8a5a00"),
    symbol=Style(color="#00687a"),
    warning=Style(bold=True, color="#b00020"),
    good=Style(color="#2e6b1f"),
    negative=_shades(_LIGHT_TEXT, ("#e3eefa", "#bcd7f2", "#8bb8e6", "#2f6fb5", "#123f73")),
    positive=_shades(_LIGHT_TEXT, ("#fbeedd", "#f5d5ab", "#ecb26d", "#a8650f", "#6b3d00")),
)

WITHOUT_COLOUR = Palette(
    plain=_PLAIN,
    dim=_DIM,
    bold=_BOLD,
    current=_CURRENT,
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
