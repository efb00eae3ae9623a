"""The chain rule as the rows of an outline, as far as it has been opened.

Nothing is listed that is not looked at: a sum over ten thousand steps costs what its open parts do.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from core.chain import Expression, Factor
from core.records import Record

Path = tuple[int, ...]
"""Which child of which child: () is the whole expression."""


class Row(Record):
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


class Outline(Record):
    """The rows of an expression, those in `opened` with their children below them."""

    root: Expression
    opened: frozenset[Path]

    def __len__(self) -> int:
        return self._size((), self.root)

    @cached_property
    def _open_children(self) -> dict[Path, list[int]]:
        """Of each open path, which of its children are open too."""
        found: dict[Path, list[int]] = {}
        for path in sorted(self.opened):
            if path:
                found.setdefault(path[:-1], []).append(path[-1])
        return found

    def _size(self, path: Path, expression: Expression) -> int:
        """How many rows an expression takes."""
        if path not in self.opened:
            return 1
        more = sum(
            self._size((*path, i), expression.children[i]) - 1
            for i in self._open_children.get(path, ())
        )
        return 1 + len(expression.children) + more

    def __getitem__(self, number: int) -> Row:
        if not 0 <= number < len(self):
            raise IndexError(f"row {number} of {len(self)}")
        path: Path = ()
        expression = self.root
        while number:
            child, number = self._child(path, expression, number - 1)
            path, expression = (*path, child), expression.children[child]
        return Row(path, expression, path in self.opened)

    def _child(self, path: Path, expression: Expression, number: int) -> tuple[int, int]:
        """Which child a row below `path` belongs to, and which of its rows it is."""
        before = 0  # rows of the open children so far, less one for each
        for i in self._open_children.get(path, ()):
            if number <= i + before:
                break
            size = self._size((*path, i), expression.children[i])
            if number < i + before + size:
                return i, number - i - before
            before += size - 1
        return number - before, 0

    def rows(self, first: int, count: int) -> Iterator[Row]:
        """So many rows from the row `first` on."""
        for number in range(first, min(first + count, len(self))):
            yield self[number]

    def number(self, path: Path) -> int:
        """Which row a path is at; all above it must be open."""
        found, expression = 0, self.root
        for depth, child in enumerate(path):
            here = path[:depth]
            found += 1 + child
            for i in self._open_children.get(here, ()):
                if i < child:
                    found += self._size((*here, i), expression.children[i]) - 1
            expression = expression.children[child]
        return found

    def expression(self, path: Path) -> Expression:
        """The expression at a path."""
        found = self.root
        for child in path:
            found = found.children[child]
        return found
