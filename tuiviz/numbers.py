"""Numbers as text that a person reads."""

from __future__ import annotations

import math

LARGEST_WHOLE = 2**53 - 1
"""The largest whole number of an option: every reader of JSON has it exactly."""

_WHOLE = 1e-12  # of 1: nearer to the whole is rounding
_MOST_DIGITS = 6

_IN_A_FLOAT = 300  # decades: what is further from 1 has fewer digits in a float, or none

WIDTH = 8
"""Cells that a number of `number` takes at most: -1.0e-300."""


def number(value: float, digits: int = 4) -> str:
    """A number as a person reads it: .1502, -12.35, 3.1e-05, 1.0e-300, 0, NaN, inf.

    Only an exact zero is written 0.
    """
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:f}"
    size = abs(value)
    if not _plain(size, digits):
        return f"{value:.{max(1, digits - 3)}e}"
    power = math.floor(math.log10(size))
    decimals = max(0, digits - max(0, power + 1), min(4, 1 - power) if size < 1 else 0)
    text = f"{value:.{decimals}f}"
    return text.replace("0.", ".", 1) if size < 1 and not text.lstrip("-").startswith("1") else text


def in_full(value: float, digits: int = 4) -> str:
    """A number that has the room: a whole one as such, of any other all the digits.

    99993, .1502, 1.235e+04.
    """
    if abs(value) <= LARGEST_WHOLE and value == math.floor(value):
        return f"{value + 0.0:.0f}"  # + 0.0: no sign on zero
    if math.isfinite(value) and not _plain(abs(value), digits):
        return f"{value:.{digits - 1}e}"
    return number(value, digits)


def _plain(size: float, digits: int) -> bool:
    return 10.0 ** (1 - max(4, digits)) <= size < 10.0 ** max(4, digits)


def power_of_ten(log: float, digits: int = 4) -> str:
    """10^log as `number` writes it, also where a float cannot hold it: 1.7e-1748."""
    if abs(log) < _IN_A_FLOAT or not math.isfinite(log):
        return number(0.0 if log == -math.inf else 10.0**log, digits)
    whole = math.floor(log)
    first, _, rest = f"{10.0 ** (log - whole):.{max(1, digits - 3)}e}".partition("e")
    return f"{first}e{whole + int(rest):+d}"


def short(value: float, digits: int = 4) -> str:
    """A number for a cell of a matrix, `digits` + 2 characters or a few more: -.0064, 9.1e-05."""
    size = abs(value)
    if value == 0 or not math.isfinite(value) or 1 <= size < 10.0 ** max(4, digits) - 0.5:
        return number(value, digits)
    if 5 * 10.0 ** -max(4, digits) <= size < 1:
        decimals = max(digits, min(4, 1 - math.floor(math.log10(size))))
        text = f"{value:.{decimals}f}"
        return text if text.lstrip("-").startswith("1") else text.replace("0.", ".", 1)
    return f"{value:.{max(1, digits - 3)}e}"


def counted(count: int, thing: str) -> str:
    """1 term, 5 terms, 12,000 terms."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def percent(share: float) -> str:
    """A share as 12.3 %; with more digits where it would be rounded to a whole that it is not."""
    if math.isnan(share):
        return "–"
    if abs(share) >= 100:
        return f"{100 * share:.1e} %"
    digits = 1
    while digits < _MOST_DIGITS and abs(share - 1) > _WHOLE and round(100 * share, digits) == 100:
        digits += 1
    return f"{100 * share:.{digits}f} %"
