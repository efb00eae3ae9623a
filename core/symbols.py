"""How the quantities of a program are written: s₂, ∂E₃/∂W, ∂⁺s₂/∂W, δ₃,₂."""

from __future__ import annotations

from core.ops import Partial
from core.program import Node, expression, symbol

_SUBSCRIPT = str.maketrans("0123456789-+kt", "₀₁₂₃₄₅₆₇₈₉₋₊ₖₜ")


def subscript(index: int | str) -> str:
    """₂ for 2, ₋₁ for −1, ₖ₊₁ for k+1."""
    return str(index).translate(_SUBSCRIPT)


def around(t: int | str) -> tuple[str, str, str]:
    """The subscripts of t + 1, t and t − 1; t may be a letter."""
    if isinstance(t, str):
        return subscript(f"{t}+1"), subscript(t), subscript(f"{t}-1")
    return subscript(t + 1), subscript(t), subscript(t - 1)


def filled(template: str, t: int) -> str:
    """A written form at step t: its {t} stands for t, its {p} for t − 1."""
    _, here, before = around(t)
    return template.replace("{t}", here).replace("{p}", before)


def template(node: Node) -> str:
    """A node as it is referred to: by its name, or written out in parentheses."""
    text = expression(node)
    return text if node.name else f"({text})"


def quantity(node: Node, t: int) -> str:
    """s₂; of the leaf that stands for the state before, s₁; of a parameter, W."""
    return filled(template(node), t)


def derivative(of: str, by: str, immediate: bool = False) -> str:
    """∂of/∂by, or with the mark of the immediate partial ∂⁺of/∂by."""
    return f"∂{'⁺' if immediate else ''}{of}/∂{by}"


def gradient(t: int, parameter: str) -> str:
    """∂E₃/∂W."""
    return derivative(f"E{subscript(t)}", parameter)


def adjoint(line: str, t: int | str, k: int) -> str:
    """∂E₃/∂s₂; of a pre-activation a the lecture's δ₃,₂."""
    return sent_back(filled(adjoint_template(line), k), t)


def adjoint_template(line: str) -> str:
    """The same, {e} and {e,} standing for the t of E_t and {t} for the step."""
    return "δ{e,}{t}" if line == "a" else f"∂E{{e}}/∂{symbol(line)}{{t}}"


def sent_back(template: str, error: int | str) -> str:
    """A written form on the way back from E_t, t = `error`: δ₃,₂.

    `error` is "" for the sum of all errors, whose δ₂ = Σₜ δₜ,₂ is never written like that of one.
    """
    at = subscript(error)
    return template.replace("{e,}", f"{at}," if at else "").replace("{e}", at)


def steps(last: int, first: int) -> str:
    """The steps of a sum, from the last down: k = 3 … 1; of a single one k = 3."""
    return f"k = {last} … {first}" if last > first else f"k = {last}"


def written_partial(node: Node, partial: Partial, t: int) -> str:
    """A partial of a node as it is written, diag(1 − s₂²)."""
    return filled(_with_operands(node, partial.written), t)


def applied_template(node: Node, partial: Partial, cotangent: str) -> str:
    """The product of a partial with a cotangent as it is written, ∂E{e}/∂s{t} ⊙ (1 − s{t}²)."""
    return _with_operands(node, partial.applied).replace("{g}", cotangent)


def _with_operands(node: Node, text: str) -> str:
    text = text.replace("{y}", template(node))
    for index, operand in enumerate(node.operands):
        written = template(operand)
        bare = written if operand.name else written[1:-1]
        text = text.replace(f"diag({{{index}}})", f"diag({bare})")
        text = text.replace(f"{{{index}}}", written)
    return text
