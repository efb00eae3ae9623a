r"""The signs of the chain rule in LaTeX: ∂⁺s₂/∂W is \frac{\partial^{+} s_{2}}{\partial W}."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from tuiviz.numbers import number as plain_number

# The longer sign first: a mark belongs to the sign before it.
_PAIRS = (
    ("∂⁺", r"\partial^{+} "),
    ("∂", r"\partial "),
    ("ŷ", r"\hat{y}"),
    ("δ", r"\delta"),
    ("σ", r"\sigma"),
    ("²", r"^{2}"),
    ("ᵀ", r"^{\top}"),
    (" ⊗ ", r" \otimes "),
    (" ⊙ ", r" \odot "),
    (" · ", r" \, "),
    ("−", "-"),
    ("≈", r"\approx"),
    ("…", r"\dots"),
    ("|", r"\Bigr|"),
    ("diag", r"\mathrm{diag}"),
    ("relu", r"\mathrm{relu}"),
    ("softmax", r"\mathrm{softmax}"),
    ("tanh", r"\tanh"),
    ("log", r"\log"),
)
_SIGNS = dict(_PAIRS)
_SIGN = re.compile("|".join(re.escape(sign) for sign, _ in _PAIRS))

_SUBSCRIPT = re.compile("[₀-₉₋₊ₖⱼₜ]+(?:,[₀-₉₋₊ₖⱼₜ]+)?")
_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉₋₊ₖⱼₜ", "0123456789-+kjt")

_LARGEST_WHOLE = 1e4

_QUANTITY = "[A-Za-zŷ]+[₀-₉₋₊ₖⱼₜ]*"
_DERIVATIVE = re.compile(rf"(∂⁺?{_QUANTITY})/(∂{_QUANTITY})")


def latex(written: str) -> str:
    """What core writes, as LaTeX for math mode."""
    parts = _DERIVATIVE.split(written)
    found = [_signs(parts[0])]
    for above, below, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        found.append(rf"\frac{{{_signs(above)}}}{{{_signs(below)}}}{_signs(rest)}")
    return "".join(found)


def _signs(text: str) -> str:
    text = _SIGN.sub(lambda match: _SIGNS[match.group()], text)
    return _SUBSCRIPT.sub(lambda match: f"_{{{match.group().translate(_PLAIN)}}}", text)


def number(value: float, written: Callable[[float], str] = plain_number) -> str:
    r"""A number for math mode: 0.1502, -3.1 \cdot 10^{-5}, \text{NaN}, -\infty."""
    if math.isnan(value):
        return r"\text{NaN}"
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    if value.is_integer() and abs(value) < _LARGEST_WHOLE:
        return str(int(value))
    mantissa, _, exponent = written(value).partition("e")
    mantissa = re.sub(r"^(-?)\.", r"\g<1>0.", mantissa)
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


_SPECIALS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": r"{-}",  # so that two of them do not become a dash
    ",": r"{,}",
    "…": r"\dots{}",
    "–": r"\textendash{}",
    **{sign: rf"\{sign}" for sign in "{}$&#_%"},
}


def escaped(text: str) -> str:
    r"""Any text for LaTeX outside of math mode, as ASCII: a sign beyond it is \sign{D55C}."""
    return "".join(
        _SPECIALS.get(sign) or (sign if sign.isascii() else rf"\sign{{{ord(sign):04X}}}")
        for sign in text
    )
