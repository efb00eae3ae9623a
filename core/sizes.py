"""Memory, asked for before it is taken."""

from __future__ import annotations

from core.errors import InputError

LARGEST = 4 * 2**30
"""The most bytes that one answer may take."""


def require_room(what: str, size: int, advice: str) -> None:
    """Raises InputError if `size` bytes are more than LARGEST: what takes them, and what to do."""
    if size > LARGEST:
        needed, most = size / 2**30, LARGEST // 2**30
        raise InputError(f"{what} takes {needed:.4g} GiB, more than {most} GiB: {advice}")
