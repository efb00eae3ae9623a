"""The few styles of the screen, and the colours of numbers."""

from __future__ import annotations

import math

from rich.style import Style

PLAIN = Style()
DIM = Style(dim=True)
BOLD = Style(bold=True)
CURRENT = Style(bold=True, reverse=True)
SELECTED = Style(bold=True, color="yellow")
SYMBOL = Style(color="cyan")
WARNING = Style(bold=True, color="red")

# Blue for negative, orange for positive: apart for colour-blind eyes too; the sign is in the text.
_NEGATIVE = ("#1c2f4a", "#1f4a80", "#2a6fbb", "#5b9bd8", "#a9cdf0")
_POSITIVE = ("#42301a", "#75501c", "#b3731a", "#e09a3e", "#f6cf95")
_LIGHT_FROM = 3  # from this shade on the text is black


def heat(value: float, largest: float) -> Style:
    """The colours of a number beside the largest one (absolute values)."""
    if not math.isfinite(value):
        return WARNING
    if value == 0 or not largest > 0:
        return DIM
    part = 1.0 if math.isinf(largest) else min(1.0, abs(value) / largest)
    shade = min(4, int(part * 5))
    colour = (_NEGATIVE if value < 0 else _POSITIVE)[shade]
    return Style(color="black" if shade >= _LIGHT_FROM else "white", bgcolor=colour)
