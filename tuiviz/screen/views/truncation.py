"""Truncations side by side on this sentence: terms kept, cost and error; each parameter's too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tuiviz.cells import fitted, right, wrapped
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.training_sentences import cosine, part
from tuiviz.numbers import percent
from tuiviz.screen.drawing import Line, Room, line

if TYPE_CHECKING:
    from core.learning.comparison import Comparison
    from tuiviz.debugger.styles import Styles

STYLE_NAMES = {"window": "every error, n steps", "chunks": "chunks of n", "end": "the last n steps"}
"""The styles of truncation, in words."""

_KEYS = "{truncate-less} {truncate-more} change n, {block-less} {block-more} k1, {truncate} both"

_COUNTS = (7, 6)  # cells of: terms, sweep
_ONE = (*_COUNTS, 7, 6)  # and of the selected parameter: error, cosine
_SIDE = 6  # cells before the columns of the parameters
_WORDS = 21  # cells that the longest name in words takes
_NAME = 8  # cells that a name takes at least
_CELL = (5, 8)  # cells of a parameter, from least to most


def truncation(debugger: Debugger, room: Room) -> list[Line]:
    """The styles of truncation to the chosen n, and what the one in force does to each gradient."""
    from tuiviz.debugger.styles import styles

    found, names = styles(debugger), debugger.session.parameters
    columns = (room.width - _NAME - sum(_COUNTS)) // len(names)
    said = _missing(found)
    if columns >= _CELL[0]:
        made = _of_all(debugger, found, room, min(columns, _CELL[1]))
        said += "error and cos of each ∂E/∂θ; "
    else:
        made = _of_one(debugger, found, room)
        said += f"error, cos: of ∂E/∂{debugger.session.parameter}, p the next; "
    said += "sweep: steps back, a product with Wᵀ each; "
    said += debugger.keyboard.with_keys(_KEYS)
    made += [line(each, room.palette.dim) for each in wrapped(said, room.width)]
    return made[: room.height]


def _missing(found: Styles) -> str:
    if found.part < 1:
        return f"working it out: {100 * found.part:.0f} %; "
    return "" if all(each.errors for each in found.found) else "…: takes minutes, K a smaller n; "


def _of_all(debugger: Debugger, found: Styles, room: Room, size: int) -> list[Line]:
    """A row of errors for each style, and one of cosines for those that there is room for."""
    names = debugger.session.parameters
    side = min(_WORDS + 1, room.width - sum(_COUNTS) - size * len(names))
    head = line(_row(side, _n(debugger), _COUNTS, "terms", "sweep"), room.palette.symbol)
    made, every = [_with_names(debugger, head, room, size)], room.height > 2 * len(found.found)
    for each in found.found:
        text = _row(side, _style_name(each, side), _COUNTS, *_counts(each))
        made.append(_choice(debugger, each, text + _cells(each.errors, part, names, size), room))
        if each.style != "full" and (every or _is_chosen(debugger, each)):
            text = _row(side, "", _COUNTS, "", "cos") + _cells(each.cosines, cosine, names, size)
            made.append(_choice(debugger, each, text, room))
    return made


def _of_one(debugger: Debugger, found: Styles, room: Room) -> list[Line]:
    """Error and cosine of the selected parameter; below, of all for the truncation in force."""
    side, name = max(1, min(room.width - sum(_ONE), _WORDS + 3)), debugger.session.parameter
    head = _row(side, _n(debugger), _ONE, "terms", "sweep", "error", "cos")
    made = [line(fitted(head, room.width), room.palette.symbol)]
    for each in found.found:
        error = part(each.errors[name]) if each.errors else "…"
        angle = cosine(each.cosines[name]) if each.cosines else "…"
        text = _row(side, _style_name(each, side), _ONE, *_counts(each), error, angle)
        made.append(_choice(debugger, each, text, room))
    if chosen := debugger.session.problem.truncation:
        made += _parameters(debugger, found.of(chosen), room)
    return made


def _parameters(debugger: Debugger, found: Comparison, room: Room) -> list[Line]:
    """Relative error and cosine of each parameter, under the truncation in force."""
    names = debugger.session.parameters
    size = max(_CELL[0], min(9, (room.width - _SIDE) // len(names)))
    shown = f"{found.truncation.k1},{found.truncation.k2}"
    head = line(fitted(shown if len(shown) < _SIDE else "", _SIDE), room.palette.symbol)
    rows = {
        "error": _cells(found.errors, part, names, size),
        "cos": _cells(found.cosines, cosine, names, size),
    }
    drawn = [line(fitted(fitted(name, _SIDE) + row, room.width)) for name, row in rows.items()]
    return [_with_names(debugger, head, room, size), *drawn]


def _n(debugger: Debugger) -> str:
    from tuiviz.debugger.styles import chosen_length

    return f"n = {chosen_length(debugger.session)}"


def _counts(each: Comparison) -> tuple[str, str]:
    sweep = str(each.sweep)
    if len(sweep) >= _COUNTS[1]:
        sweep = f"{each.sweep:.1e}".replace("e+0", "e").replace("e+", "e")
    return percent(each.kept / each.terms), sweep


def _cells(
    found: Mapping[str, float], written: Callable[[float], str], names: tuple[str, ...], size: int
) -> str:
    """A cell for each parameter; … where nothing is known."""
    return "".join(right(written(found[name]) if found else "…", size) for name in names)


def _row(side: int, name: str, sizes: tuple[int, ...], *columns: str) -> str:
    """A name in so many cells, and columns."""
    cells = [right(text, size) for text, size in zip(columns, sizes, strict=True)]
    return fitted(name, side) + "".join(cells)


def _with_names(debugger: Debugger, made: Line, room: Room, size: int) -> Line:
    """A line with the names of the parameters after it; a click selects one."""
    for name in debugger.session.parameters:
        here = name == debugger.session.parameter
        style = room.palette.selected if here else room.palette.symbol
        made.add(right(name, size), style, f"gradient {name}")
    return made


def _choice(debugger: Debugger, each: Comparison, text: str, room: Room) -> Line:
    """A line of a style; a click chooses it."""
    truncation = each.truncation
    click = "off" if each.style == "full" else f"{truncation.k1},{truncation.k2}"
    here = _is_chosen(debugger, each)
    style = room.palette.selected if here else room.palette.plain
    return line(fitted(text, room.width), style, f"truncate {click}")


def _is_chosen(debugger: Debugger, each: Comparison) -> bool:
    chosen = debugger.session.problem.truncation
    return each.style == "full" if chosen is None else each.truncation == chosen


def _style_name(each: Comparison, room: int) -> str:
    k1, k2 = each.truncation.k1, each.truncation.k2
    if each.style not in STYLE_NAMES:
        return "full" if each.style == "full" else f"{k1},{k2}"
    if room > _WORDS:
        return STYLE_NAMES[each.style]
    named = f"{each.style} {k1},{k2}"
    return named if len(named) < room else each.style


def title(debugger: Debugger) -> str:
    """Which truncation is in force."""
    chosen = debugger.session.problem.truncation
    return f"truncation: TBPTT({chosen.k1}, {chosen.k2})" if chosen else "truncation: none"


def subtitle(debugger: Debugger) -> str:
    """What is compared."""
    return "error ‖g − ∂E/∂θ‖ / ‖∂E/∂θ‖  cos of the angle"
