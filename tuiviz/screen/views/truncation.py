"""Truncations side by side on this sentence: terms kept, cost and error; each parameter's too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuiviz.cells import fitted, right, wrapped
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.training_sentences import cosine, part
from tuiviz.numbers import percent
from tuiviz.screen.drawing import Line, Room, line

if TYPE_CHECKING:
    from core.learning.comparison import Comparison

STYLE_NAMES = {"window": "every error, n steps", "chunks": "chunks of n", "end": "the last n steps"}
"""The styles of truncation, in words."""

_COLUMNS = (7, 6, 7, 6)  # cells of: terms, sweep, error, cosine
_SIDE = 6  # cells before the columns of the parameters
_WORDS = 21  # cells that the longest name in words takes


def truncation(debugger: Debugger, room: Room) -> list[Line]:
    """The styles of truncation to the chosen n, and what the one in force does to each gradient."""
    from tuiviz.debugger.styles import chosen_length, comparisons, in_force

    session, palette = debugger.session, room.palette
    found = comparisons(session)
    head = _row(room.width, f"n = {chosen_length(session)}", "terms", "sweep", "error", "cos")
    made = [line(fitted(head, room.width), palette.symbol)]
    chosen = session.problem.truncation
    for each in found:
        full = each.style == "full"
        in_use = full if chosen is None else each.truncation == chosen
        k1, k2 = each.truncation.k1, each.truncation.k2
        click = "truncate off" if full else f"truncate {k1},{k2}"
        text = _compared(each, session.parameter, room.width)
        style = palette.selected if in_use else palette.plain
        made.append(line(fitted(text, room.width), style, click))
    if chosen is not None:
        made += _parameters(debugger, in_force(session) or found[0], room)
    said = f"error, cos: of ∂E/∂{session.parameter}, p the next; sweep: steps back, a product with "
    said += "Wᵀ each; { } change n, ( ) k1, K both"
    made += [line(each, palette.dim) for each in wrapped(said, room.width)]
    return made[: room.height]


def _compared(each: Comparison, parameter: str, width: int) -> str:
    return _row(
        width,
        _style_name(each, width - sum(_COLUMNS)),
        percent(each.kept / each.terms),
        str(each.sweep),
        percent(each.errors[parameter]),
        cosine(each.cosines[parameter]),
    )


def _row(width: int, name: str, *columns: str) -> str:
    """A name in the cells that the columns leave."""
    cells = "".join(right(text, size) for text, size in zip(columns, _COLUMNS, strict=True))
    return fitted(name, max(1, min(width - sum(_COLUMNS), _WORDS + 3))) + cells


def _style_name(each: Comparison, room: int) -> str:
    k1, k2 = each.truncation.k1, each.truncation.k2
    if each.style not in STYLE_NAMES:
        return "full" if each.style == "full" else f"{k1},{k2}"
    if room > _WORDS:
        return STYLE_NAMES[each.style]
    named = f"{each.style} {k1},{k2}"
    return named if len(named) < room else each.style


def _parameters(debugger: Debugger, found: Comparison, room: Room) -> list[Line]:
    """Relative error and cosine of each parameter, under the truncation in force."""
    palette, names = room.palette, list(found.errors)
    size = max(5, min(9, (room.width - _SIDE) // len(names)))
    k1, k2 = found.truncation.k1, found.truncation.k2
    head = line(fitted(f"{k1},{k2}", _SIDE), palette.symbol)
    for name in names:
        style = palette.selected if name == debugger.session.parameter else palette.symbol
        head.add(right(name, size), style, f"gradient {name}")
    rows = {
        "error": [part(error) for error in found.errors.values()],
        "cos": [cosine(each) for each in found.cosines.values()],
    }
    drawn = [
        fitted(title, _SIDE) + "".join(right(text, size) for text in texts)
        for title, texts in rows.items()
    ]
    return [head, *(line(fitted(text, room.width)) for text in drawn)]


def title(debugger: Debugger) -> str:
    """Which truncation is in force."""
    chosen = debugger.session.problem.truncation
    return f"truncation: TBPTT({chosen.k1}, {chosen.k2})" if chosen else "truncation: none"
