"""The signs that things are written with, and plain ones for terminals that lack them."""

from __future__ import annotations

# One for one, so that columns stay where they are.
_ASCII = str.maketrans(
    {
        "∂": "d", "δ": "d", "ŷ": "Y", "Σ": "S", "Π": "P", "σ": "s", "·": ".", "⊗": "x", "⊙": "*",
        "−": "-", "×": "x", "‖": "|", "ᵀ": "'", "²": "2", "⁺": "+", "₋": "-", "ₖ": "k", "ⱼ": "j",
        "ₜ": "t", "₊": "+", "…": ".", "–": "-", "─": "-", "│": "|", "▶": ">", "◀": "<", "▸": "+",
        "▾": "-", "›": ">", "‹": "<", "⏎": "E", "↑": "^", "↓": "v", "←": "<", "→": ">", "⇧": "S",
        "●": "*", "○": "o", "▼": "v", "′": "'", "≤": "<", "≥": ">", "⟨": "<", "⟩": ">", "η": "n",
        "θ": "0", "√": "r", "∞": "8", "░": ".", "▒": ":", "▓": "+", "⁻": "-",
        "⠁": "`", "⠂": "'", "⠒": '"', "⠶": "o", "⠿": "@",
        **dict.fromkeys("╭╮╰╯", "+"),
        **{digit: str(number) for number, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
        **dict.fromkeys("█▉▊▋▌▍▎▏▄▅▆▇", "#"),
        **dict.fromkeys("▁▂▃", "."),
    }
)  # fmt: skip


def to_ascii(text: str) -> str:
    """The text with ASCII in place of the signs of this program; tokens stay as they are."""
    return text.translate(_ASCII)
