"""What stands for a value where there is none."""

from __future__ import annotations

from enum import Enum
from typing import Final


class _Absence(Enum):
    NOT_HERE = "–"

    def __str__(self) -> str:
        return self.value


NOT_HERE: Final = _Absence.NOT_HERE
"""The value of an expression that depends on something which does not exist at the position."""
