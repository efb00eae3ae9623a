"""The signs that the screen is drawn with, and plain ones for terminals that lack them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

# One for one, so that columns stay where they are.
ASCII = str.maketrans(
    {
        "∂": "d", "δ": "d", "ŷ": "Y", "Σ": "S", "Π": "P", "σ": "s", "·": ".", "⊗": "x", "⊙": "*",
        "−": "-", "×": "x", "‖": "|", "ᵀ": "'", "²": "2", "⁺": "+", "₋": "-", "ₖ": "k", "ⱼ": "j",
        "…": ".", "–": "-", "─": "-", "▶": ">", "◀": "<", "▸": "+", "▾": "-", "›": ">", "‹": "<",
        "⏎": "E", "↑": "^", "↓": "v", "←": "<", "→": ">",
        **{digit: str(number) for number, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
        **dict.fromkeys("█▉▊▋▌▍▎▏▄▅▆▇", "#"),
        **dict.fromkeys("▁▂▃", "."),
    }
)  # fmt: skip


class Glyphs:
    """Draws as it is, or with ASCII alone in place of the signs of this program."""

    def __init__(self, ascii_only: bool) -> None:
        self.ascii_only = ascii_only

    def text(self, text: str) -> str:
        """The text with the signs that may be used."""
        return text.translate(ASCII) if self.ascii_only else text

    def lines(self, lines: Iterable[Text]) -> Text:
        """The lines as one text."""
        joined = Text("\n", no_wrap=True, end="").join(lines)
        if self.ascii_only:
            joined.plain = self.text(joined.plain)
        return joined
