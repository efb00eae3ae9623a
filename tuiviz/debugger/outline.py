"""The chain rule as the rows of an outline, as far as it has been opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from core.chain import Expression, Factor
from core.tape import Error
from core.truncation import Truncation

Path = tuple[int, ...]
"""Which child of which child: () is the whole expression."""


@dataclass(frozen=True)
class Row:
    """An expression in the outline."""

    path: Path
    expression: Expression
    is_open: bool

    @property
    def opens(self) -> bool:
        """Whether it has parts."""
        return not isinstance(self.expression, Factor)

    @property
    def depth(self) -> int:
        """How far it is indented."""
        return len(self.path)


@lru_cache(maxsize=4)
def outline(
    error: Error, parameter: str, truncation: Truncation | None, opened: frozenset[Path]
) -> list[Row]:
    """The rows of ∂E_t/∂θ, those in `opened` with their children below them."""
    return list(_rows((), _expanded(error, parameter, truncation), opened))


@lru_cache(maxsize=4)
def _expanded(error: Error, parameter: str, truncation: Truncation | None) -> Expression:
    return error.expand(parameter, truncation)


def _rows(path: Path, expression: Expression, opened: frozenset[Path]) -> Iterator[Row]:
    is_open = path in opened
    yield Row(path, expression, is_open)
    if is_open:
        for index, child in enumerate(expression.children):
            yield from _rows((*path, index), child, opened)
