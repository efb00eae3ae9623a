"""The text of an expression, turned once into a function of the values that it names.

A walk over the syntax tree knows a few kinds of node and refuses every other. Nothing is compiled
or run as Python.
"""

from __future__ import annotations

import ast
import difflib
import unicodedata
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import numpy as np

from core.errors import InputError
from tuiviz.debugger import operations
from tuiviz.debugger.functions import FUNCTIONS
from tuiviz.debugger.syntax import ALLOWED, located, shortened

_DEEPEST = 100

Scope = Mapping[str, Any]
Evaluation = Callable[[Scope], Any]

_ARITHMETIC: dict[type, Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
}
_COMPARISONS: dict[type, Callable[..., Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
_SIGNS: dict[type, Callable[[Any], Any]] = {
    ast.USub: operations.negated,
    ast.UAdd: operations.numbers,
    ast.Not: lambda value: np.bool(not operations.truth(value)),
}


class NotHereError(Exception):
    """A name has no value in the scope."""


class Reader:
    """Makes functions of the scope from the syntax tree of a text; collects the `names` in it."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self.text = text
        self.known = known
        self.names: set[str] = set()
        self.depth = 0

    def read(self, tree: ast.expr) -> Evaluation:
        """The function of a node. Raises InputError for a kind that is not allowed.

        The function raises InputError where there is no value, NotHereError where the scope raises
        KeyError.
        """
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._wrong(tree, "nested too deeply; make it simpler")
        if type(tree) not in _KINDS:
            raise self._refused(tree)
        evaluation = _KINDS[type(tree)](self, tree)
        self.depth -= 1
        return evaluation

    def constant(self, tree: ast.Constant) -> Evaluation:
        """1e-3, "not"."""
        if isinstance(tree.value, str):
            token = unicodedata.normalize("NFC", tree.value)  # as the tokens of a text file are
            return lambda scope: token
        if type(tree.value) not in (int, float):
            raise self._refused(tree)
        number = np.float64(repr(tree.value))  # of a long integer inf, where float() raises
        return lambda scope: number

    def name(self, tree: ast.Name) -> Evaluation:
        """dEds."""
        name = tree.id
        if name not in self.known:
            if name in FUNCTIONS:
                raise self._wrong(tree, f"{name} is a function; write {name}(…)")
            raise self._unknown(tree, "value", self.known)
        self.names.add(name)
        checked = self._at(tree, operations.checked)

        def evaluation(scope: Scope) -> Any:
            try:
                found = scope[name]
            except KeyError:
                raise NotHereError from None
            return checked(found)

        return evaluation

    def sign(self, tree: ast.UnaryOp) -> Evaluation:
        """-x, +x, not x."""
        if type(tree.op) not in _SIGNS:
            raise self._refused(tree)
        operand, operation = self.read(tree.operand), self._at(tree.operand, _SIGNS[type(tree.op)])
        return lambda scope: operation(operand(scope))

    def arithmetic(self, tree: ast.BinOp) -> Evaluation:
        """x + y."""
        if type(tree.op) not in _ARITHMETIC:
            raise self._refused(tree)
        left, right = self.read(tree.left), self.read(tree.right)
        operation = self._at(tree, partial(operations.combined, _ARITHMETIC[type(tree.op)]))
        return lambda scope: operation(left(scope), right(scope))

    def boolean(self, tree: ast.BoolOp) -> Evaluation:
        """x and y, x or y: as far as it is decided; a value that is not here decides nothing."""
        decisive = isinstance(tree.op, ast.Or)
        operands = [(self.read(part), self._at(part, operations.truth)) for part in tree.values]

        def evaluation(scope: Scope) -> Any:
            absent = False
            for operand, truth in operands:
                try:
                    if truth(operand(scope)) is decisive:
                        return np.bool(decisive)
                except NotHereError:
                    absent = True
            if absent:
                raise NotHereError
            return np.bool(not decisive)

        return evaluation

    def comparison(self, tree: ast.Compare) -> Evaluation:
        """x < y <= z, element by element; x in (y, z)."""
        if isinstance(tree.ops[0], ast.In | ast.NotIn):
            return self._membership(tree)
        if any(type(operator) not in _COMPARISONS for operator in tree.ops):
            raise self._refused(tree)
        first, both = self.read(tree.left), self._at(tree, operations.both)
        links = [
            (self._at(tree, partial(operations.compared, _COMPARISONS[type(op)])), self.read(part))
            for op, part in zip(tree.ops, tree.comparators, strict=True)
        ]

        def evaluation(scope: Scope) -> Any:
            left = first(scope)
            result = None
            for compare, operand in links:
                right = operand(scope)
                found = compare(left, right)
                result = found if result is None else both(result, found)
                if not result.any():
                    break
                left = right
            return result

        return evaluation

    def _membership(self, tree: ast.Compare) -> Evaluation:
        listed, *more = tree.comparators
        if more or not isinstance(listed, ast.Tuple):
            raise self._wrong(listed, "no list; expected one as in k in (1, 2)")
        value, items = self.read(tree.left), [self.read(item) for item in listed.elts]
        wanted = isinstance(tree.ops[0], ast.In)
        equal = self._at(
            tree, lambda left, right: operations.truth(operations.compared(np.equal, left, right))
        )

        def evaluation(scope: Scope) -> Any:
            found = value(scope)
            return np.bool(any(equal(found, item(scope)) for item in items) is wanted)

        return evaluation

    def call(self, tree: ast.Call) -> Evaluation:
        """norm(x)."""
        if not isinstance(tree.func, ast.Name) or tree.keywords:
            raise self._refused(tree)
        name = tree.func.id
        if name not in FUNCTIONS:
            raise self._unknown(tree.func, "function", FUNCTIONS)
        function = FUNCTIONS[name]
        if not 1 <= len(tree.args) <= function.most:
            most = "1 argument" if function.most == 1 else f"1 to {function.most} arguments"
            raise self._wrong(tree, f"{name} takes {most}, not {len(tree.args)}")
        arguments = [self.read(part) for part in tree.args]
        applied = self._at(tree, partial(operations.applied, function))
        return lambda scope: applied(*(argument(scope) for argument in arguments))

    def subscript(self, tree: ast.Subscript) -> Evaluation:
        """s[2], W[0, 1]."""
        parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        array, *indices = [self.read(part) for part in (tree.value, *parts)]
        element = self._at(tree, operations.element)
        return lambda scope: element(array(scope), *(index(scope) for index in indices))

    # What is wrong, and where

    def _at(self, tree: ast.expr, operation: Callable[..., Any]) -> Callable[..., Any]:
        def checked(*values: Any) -> Any:
            try:
                return operation(*values)
            except InputError as error:
                source = self._source(tree)
                part = "" if source == shortened(self.text) else f"{source}: "
                raise self._wrong(tree, f"{part}{error}") from None

        return checked

    def _source(self, tree: ast.expr) -> str:
        return shortened(ast.get_source_segment(self.text, tree) or self.text)

    def _wrong(self, tree: ast.expr, reason: str) -> InputError:
        before = self.text.encode()[: tree.col_offset]  # a column of the tree counts bytes
        return located(self.text, len(before.decode()) + 1, reason)

    def _refused(self, tree: ast.expr) -> InputError:
        return self._wrong(tree, f"{self._source(tree)} cannot be used; {ALLOWED}")

    def _unknown(self, tree: ast.Name, kind: str, known: Collection[str]) -> InputError:
        near = difflib.get_close_matches(tree.id, known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        expected = ", ".join(known)
        return self._wrong(
            tree, f"no {kind} {shortened(tree.id)}; {hint}expected one of {expected}"
        )


_KINDS: dict[type, Callable[[Reader, Any], Evaluation]] = {
    ast.Constant: Reader.constant,
    ast.Name: Reader.name,
    ast.UnaryOp: Reader.sign,
    ast.BinOp: Reader.arithmetic,
    ast.BoolOp: Reader.boolean,
    ast.Compare: Reader.comparison,
    ast.Call: Reader.call,
    ast.Subscript: Reader.subscript,
}
