"""The line of NumPy that makes a mistake, and the line that does not, side by side."""

from __future__ import annotations

from collections.abc import Callable

from core.diagnosis.loop import MATRICES
from core.diagnosis.mistakes import FIRST
from core.diagnosis.report import Finding
from core.lines import GRADIENT, Line
from tuiviz.diagnosis.notation import Notation

Pair = tuple[str, str]
"""The wrong line, the right line."""


def lines(finding: Finding, notation: Notation) -> Pair:
    """The two lines of a known mistake; n stands in them as the number that was found."""
    wrong, right = _LINES[finding.id](notation, finding)
    if finding.id in COUNTED and finding.argument is not None:
        wrong = wrong.replace("{n}", str(int(finding.argument)))
    return wrong, right


def right_line(line: Line, notation: Notation) -> str:
    """A line of the algorithm as NumPy, in a person's own names."""
    n, (kind, name) = notation, (line.kind, line.name)
    if kind == GRADIENT:
        return _gradient_line(n, name)
    if name == "z":
        return _ERROR
    if name == "a":
        return f"d = ds * {n.slope('k')}"
    carried = "{n}" in line.template
    return f"ds_next = {n.back('W', 'd')}" if carried else f"ds = {n.back('V', 'e')} + ds_next"


def _gradient_line(n: Notation, name: str) -> str:
    if name in ("b", "c"):
        return f"{n.gradient(name)} += {'d' if name == 'b' else 'e'}"
    left, right = _products(n)[name]
    return n.add(name, left, right)


def _products(n: Notation) -> dict[str, Pair]:
    return {"U": ("d", "x[k]"), "W": ("d", n.at("k-1")), "V": ("e", n.at("t"))}


COUNTED = ("truncated-window", "truncated-chunks", "truncated-end", "last-error-truncated")
"""The rows with an n."""

Lines = Callable[[Notation, Finding], Pair]


_ERROR = "e = yhat[t] - onehot(y[t])"
_ALL_STEPS = "for k in range(T - 1, -1, -1):"
_BACK_FROM_T = "for k in range(t, -1, -1):"


def _fixed(wrong: str, right: str) -> Lines:
    return lambda n, f: (wrong, right)


def _sign(n: Notation, f: Finding) -> Pair:
    line = f.first_wrong.line if f.first_wrong else None
    if line is None or line.name == "z":
        return "e = onehot(y[t]) - yhat[t]", _ERROR
    right = right_line(line, n)
    turned = ("+=", "-=") if line.kind == GRADIENT else ("ds = ", "ds = -")
    return right.replace(*turned), right


def _slope(wrong: Callable[[Notation], str], step: str = "k") -> Lines:
    """A wrong derivative beside the right one."""
    return lambda n, f: (wrong(n), f"d = ds * {n.slope(step)}")


_DERIVATIVES = {
    "D = 1 − s²": "1 - {s}**2",
    "D = s(1 − s)": "{s} * (1 - {s})",
    "D = 1/(1 − s²)": "1 / (1 - {s}**2)",
    "D = (1 − s)²": "(1 - {s})**2",
    "D = [s > 0]": "{s} > 0",
}


def _other_derivative(n: Notation, f: Finding) -> Pair:
    derivative = _DERIVATIVES[f.detail].format(s=n.at("k"))
    return f"d = ds * ({derivative})", f"d = ds * {n.slope('k')}"


def _no_slope_in_recursion(n: Notation, f: Finding) -> Pair:
    if f.detail.startswith("∂E/∂s"):
        return f"ds_next = {n.back('W', 'ds')}", f"ds_next = {n.back('W', 'd')}"
    carried = n.back("W", "d")
    return f"d = {carried}", f"d = ({carried}) * {n.slope('k-1')}"


_STEPS = {
    "δₖ = Dₖ₋₁": ("", "k-1", "k"),
    "δₖ = Dₖ₊₁": ("", "k+1", "k"),
    "δₜₜ = Dₜ₋₁": ("V", "t-1", "t"),
    "δₜₜ = Dₜ₊₁": ("V", "t+1", "t"),
    "δₜ,ₖ₋₁ = Dₖ₋₂": ("W", "k-2", "k-1"),
    "δₜ,ₖ₋₁ = Dₖ ": ("W", "k", "k-1"),
}
"""By the start of the detail: what the derivative multiplies, its wrong step and its right one."""


def _slope_off_by_one(n: Notation, f: Finding) -> Pair:
    start = next((start for start in _STEPS if f.detail.startswith(start)), "δₜ,ₖ₋₁ = Dₖ ")
    matrix, *steps = _STEPS[start]
    ds = f"({n.back(matrix, 'e' if matrix == 'V' else 'd')})" if matrix else "ds"
    wrong, right = (f"d = {ds} * {n.slope(step)}" for step in steps)
    return wrong, right


def _off_by_one(n: Notation, f: Finding) -> Pair:
    step = "k-1" if f.detail.startswith("xₖ₋₁") else "k+1"
    return n.add("U", "d", f"x[{step}]"), n.add("U", "d", "x[k]")


def _repeated(n: Notation, f: Finding) -> Pair:
    g, turned = n.gradient("U"), "U" in n.transposed
    if f.detail.endswith(FIRST):
        right = n.add("U", "d", "x[k]")
        return right.replace("+=", "="), right
    wrong = f"{g}[x] += d" if turned else f"{g}[:, x] += d.T"
    return wrong, f"np.add.at({g if turned else g + '.T'}, x, d)"


def _first_matrix(f: Finding) -> str:
    return next((name for name in f.parameters if name in MATRICES), f.parameters[0])


def _accumulated(n: Notation, f: Finding) -> Pair:
    right = _gradient_line(n, _first_matrix(f))
    return right.replace("+=", "="), right


def _doubled(n: Notation, f: Finding) -> Pair:
    if len(f.parameters) == 1:
        right = _gradient_line(n, f.parameters[0])
        return f"{right}; {right}", right
    g, matrix = n.gradient(_first_matrix(f)), n.name(_first_matrix(f))
    return f"bptt(); bptt()  # both add to the same {g}", f"{g} = np.zeros_like({matrix})  # each"


def _turned(n: Notation, f: Finding) -> Pair:
    name = _first_matrix(f)
    left, right = _products(n)[name]
    return n.add(name, right, left), n.add(name, left, right)


def _clip(wrong: str) -> Lines:
    def pair(n: Notation, f: Finding) -> Pair:
        g = n.gradient(_first_matrix(f))
        return wrong.format(g=g), f"{g}  # as it is; clip a copy, for the update"

    return pair


_LINES: dict[str, Lines] = {
    "sign": _sign,
    "target-not-subtracted": _fixed("e = yhat[t]", _ERROR),
    "softmax-twice": _fixed("e = (np.diag(yhat[t]) - np.outer(yhat[t], yhat[t])) @ e", _ERROR),
    "stops-at-yhat": _fixed("e = -onehot(y[t]) / yhat[t]", _ERROR),
    "mean": _fixed("E = np.mean(losses)", "E = np.sum(losses)"),
    "bits": _fixed("E -= np.log2(yhat[t][y[t]])", "E -= np.log(yhat[t][y[t]])"),
    "doubled": _doubled,
    "target-not-shifted": _fixed("e = yhat[t] - onehot(x[t])", _ERROR),
    "last-error-only": lambda n, f: (
        f"ds = {n.back('V', 'e')} if t == T - 1 else ds_next",
        f"ds = {n.back('V', 'e')} + ds_next  # at every t",
    ),
    "dV-previous-state": lambda n, f: (n.add("V", "e", n.at("t-1")), n.add("V", "e", n.at("t"))),
    "state-constant": lambda n, f: ("ds_next = 0", f"ds_next = {n.back('W', 'd')}"),
    "longest-path-only": lambda n, f: (
        f"if k == 0: {n.add('W', 'd', n.at('k-1'))}",
        f"{n.add('W', 'd', n.at('k-1'))}  # at every k",
    ),
    "no-tanh-derivative": _slope(lambda n: "d = ds"),
    "no-tanh-derivative-at-start": lambda n, f: (
        f"d = {n.back('V', 'e')}",
        f"d = ({n.back('V', 'e')}) * {n.slope('t')}",
    ),
    "no-tanh-derivative-in-recursion": _no_slope_in_recursion,
    "tanh-derivative-off-by-one": _slope_off_by_one,
    "tanh-twice": _slope(lambda n: f"d = ds * (1 - np.tanh({n.at('k')})**2)"),
    "other-derivative": _other_derivative,
    "W-not-transposed": lambda n, f: (
        f"ds_next = {n.ahead('W', 'd')}",
        f"ds_next = {n.back('W', 'd')}",
    ),
    "tanh-derivative-twice": lambda n, f: (
        f"ds_next = ({n.back('W', 'd')}) * {n.slope('k-1')}  # and again in d = ds * ...",
        f"ds_next = {n.back('W', 'd')}",
    ),
    "delta-not-moved": lambda n, f: (
        f"{_BACK_FROM_T} {n.add('W', 'd', n.at('k-1'))}",
        f"{_BACK_FROM_T} {n.add('W', 'd', n.at('k-1'))}; d = ({n.back('W', 'd')}) * "
        f"{n.slope('k-1')}",
    ),
    "double-counting": lambda n, f: (
        f"d = ({n.back('V', 'e')} + ds_next) * {n.slope('t')}; {_BACK_FROM_T} ...",
        f"d = ({n.back('V', 'e')}) * {n.slope('t')}; {_BACK_FROM_T} ...  # no ds_next",
    ),
    "forward-in-time": _fixed("for k in range(T):", _ALL_STEPS),
    "carry-overwrites": lambda n, f: ("ds = ds_next", f"ds = {n.back('V', 'e')} + ds_next"),
    "dW-current-state": lambda n, f: (n.add("W", "d", n.at("k")), n.add("W", "d", n.at("k-1"))),
    "dW-transposed": _turned,
    "row-convention": _turned,
    "index-wraps": lambda n, f: (
        f"{n.add('W', 'd', n.at('k-1'))}  # at k = 0 this is {n.at('-1')}, the last one",
        n.add("W", "d", f"({n.at('k-1')} if k > 0 else {n.state}0)"),
    ),
    "stops-at-1": _fixed("for k in range(T - 1, 0, -1):", _ALL_STEPS),
    "initial-state-ignored": lambda n, f: (
        n.add("W", "d", f"({n.at('k-1')} if k > 0 else np.zeros(H))"),
        n.add("W", "d", f"({n.at('k-1')} if k > 0 else {n.state}0)"),
    ),
    "dU-input-off-by-one": _off_by_one,
    "not-accumulated": _accumulated,
    "repeated-tokens-lost": _repeated,
    "truncated-window": _fixed("for k in range(t, max(-1, t - {n}), -1):", _BACK_FROM_T),
    "truncated-chunks": lambda n, f: (
        "ds_next = 0  # after every {n} steps",
        f"ds_next = {n.back('W', 'd')}  # at every step",
    ),
    "truncated-end": _fixed("for k in range(T - 1, T - 1 - {n}, -1):", _ALL_STEPS),
    "last-error-truncated": _fixed(
        "for t in [T - 1]:  # and k > T - 1 - {n}", "for t in range(T):"
    ),
    "clipped-elementwise": _clip("np.clip({g}, -c, c, out={g})"),
    "clipped-global-norm": _clip("{g} *= min(1, c / norm_of_all)"),
    "clipped-matrix-norm": _clip("{g} *= min(1, c / np.linalg.norm({g}))"),
}
