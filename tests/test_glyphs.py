"""In ASCII every sign can still be told from every other, and columns stay where they are."""

from __future__ import annotations

import ast
from itertools import combinations
from pathlib import Path

import pytest
from bptt_loops import sessions
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.report import stop_report
from tuiviz.debugger.session import Session
from tuiviz.glyphs import ascii_pieces, to_ascii
from tuiviz.screen.drawing import Room, framed, line
from tuiviz.screen.palette import DARK
from tuiviz.screen.views import chain, matrix, program

PACKAGE = Path(__file__).parent.parent / "tuiviz"
ALIKE = [
    *("█▉▊▋▌▄▅▆▇", "▍▎▏░", "▁▂▃", "−–⁻─-", "▶›⟩>", "◀‹⟨<", "▼v", "○◌⠶o", "×⊗x", "▸⁺▒+╭╮╰╯"),
    "⠂′",
    *("0₀", "1₁", "2₂", "3₃", "4₄", "5₅", "6₆", "7₇", "8₈", "9₉", "⊙●*", "│|", "·▁▂▃.", "▾-−–⁻─"),
]
"""Signs that may be spelled alike: they mean the same, or never stand in the same place."""


def signs() -> set[str]:
    """What the screen and the scripts write beyond ASCII; the letters of Korean keys aside."""
    found: set[str] = set()
    for folder in ("screen", "debugger", "explain"):
        for path in (PACKAGE / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found |= {sign for sign in node.value if not sign.isascii()}
    return {sign for sign in found if not "ㄱ" <= sign <= "ㅣ"} - set("₩∘\N{NO-BREAK SPACE}Ͱ-Ͽ")


def test_every_sign_of_the_program_has_a_spelling() -> None:
    assert len(signs()) > 40
    assert {sign for sign in signs() if not to_ascii(sign).isascii()} == set()


def test_no_two_signs_that_can_meet_are_spelled_alike() -> None:
    wrong = [
        (one, other)
        for one, other in combinations(sorted({*signs(), *"0123456789ESYPnr."}), 2)
        if to_ascii(f" {one} ") == to_ascii(f" {other} ")
        and not any({one, other} <= set(alike) for alike in ALIKE)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("δ₄,ₖ = ∂E₄/∂sₖ ⊙ (1 − sₖ²)", "delta[4,k] = dE4/ds_k * (1 - s_k^2)"),
        ("∂E₁₂/∂W += δ₁₂,₁₀ ⊗ s₋₁", "dE12/dW += delta12,10 x s[-1]"),
        ("aₜ = U xₜ + W sₜ₋₁ + b", "a_t = U x_t + W s[t-1] + b"),
        ("∂E/∂s₂ = Wᵀ δ₃", "dE/ds2 = W.T delta3"),
        ("Σₖ, k = 4 … 0", "sum_k, k = 4 .. 0"),
        ("ŷ₀ ‖θ‖ η ∞ ≤ σ(a)", "yhat0 ||theta|| eta inf <= sigma(a)"),
        ("σκύλος θ", "σκύλος theta"),  # a token is a token
        ("T 5 · H 4", "T 5 . H 4"),
    ],
)
def test_formulas_read_as_formulas(text: str, expected: str) -> None:
    assert to_ascii(text) == expected


def test_spaces_give_up_what_a_sign_takes() -> None:
    assert to_ascii("ŷ₀        1.5") == "yhat0     1.5"
    assert to_ascii("ŷ₀ 1.5  x") == "yhat0 1.5 x"
    assert to_ascii("ŷ\na  b") == "yhat\na  b"


SIDE = ("│", Style())


@given(st.text(alphabet="ŷ‖₀ₖ₋…ab ·█∞", max_size=40), st.integers(4, 40))
@settings(derandomize=True, deadline=None)
def test_a_frame_stays_where_it_is(text: str, width: int) -> None:
    shown = text[:width]
    pieces = [SIDE, (shown, Style()), (" " * (width - len(shown)), Style()), SIDE]
    made = "".join(part for part, _ in ascii_pieces(pieces))
    assert made.isascii()
    assert made[0] == made[-1] == "|"
    assert len(made) == width + 2


@given(sessions(), st.integers(28, 70))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_every_panel_keeps_its_frame(session: Session, width: int) -> None:
    debugger = Debugger(session)
    room = Room(width, 8, DARK)
    for view in (chain, program, matrix):
        draw = matrix.value if view is matrix else getattr(view, view.__name__.rpartition(".")[2])
        titles = [title(debugger) for title in _titles(view)]
        for each in framed(draw(debugger, room), room, *titles):
            made = "".join(part for part, _ in ascii_pieces(each.pieces))
            assert made.isascii()
            assert cell_len(made) == width + 2
            assert (made[0] + made[-1]) in ("||", "++")


def _titles(view: object) -> list:  # type: ignore[type-arg]
    return [getattr(view, name) for name in ("title", "heading", "subtitle") if hasattr(view, name)]


@given(sessions())
@settings(derandomize=True, deadline=None, max_examples=20)
def test_what_a_script_prints_is_ascii(session: Session) -> None:
    assert all(to_ascii(text).isascii() for text in stop_report(Debugger(session)))


def test_a_line_of_ascii_is_left_alone() -> None:
    pieces = line("plain  text", Style()).pieces
    assert ascii_pieces(pieces) == pieces
