"""What people call the parameters, and how they lay them out: a table, a row per convention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.parameters import NAMES, Parameters
from core.records import Record
from tuiviz.files.visible import visible

Array = NDArray[Any]

MATRICES = ("U", "W", "V")

ROWS = frozenset(MATRICES)
"""Every matrix is transposed, as vectors are rows: s_t = tanh(x_t U + s_{t−1} W + b)."""


class Row(Record):
    """A convention.

    names: of U, W, V, b, c; "|" stands between names for the same array, "+" between arrays that
    add up. transposed: the matrices whose transpose is ours. state: the letter of s. gradient:
    what stands before a name where it is a gradient. column_biases: biases are written (H, 1).
    rare: taken only where the shapes fit no other. cell, readout: the usual paths before the names.
    """

    name: str
    names: Mapping[str, str]
    transposed: frozenset[str] = frozenset()
    state: str = "h"
    gradient: str = "d"
    column_biases: bool = False
    rare: bool = False
    cell: str = ""
    readout: str = ""

    def choices(self, parameter: str) -> tuple[tuple[str, ...], ...]:
        """The names for one of U, W, V, b, c; each choice is a tuple of arrays to add."""
        written = self.names[parameter].split("|")
        return tuple(tuple(name.strip() for name in choice.split("+")) for choice in written)

    def path(self, parameter: str) -> str:
        """What usually stands before the name of one of U, W, V, b, c."""
        return self.readout if parameter in ("V", "c") else self.cell


_LECTURE = {"U": "U", "W": "W", "V": "V", "b": "b", "c": "c"}
_WXH = {
    "U": "Wxh | W_xh | Wih | W_ih",
    "W": "Whh | W_hh",
    "V": "Why | W_hy | Who | W_ho | W_hq",
    "b": "bh | b_h",
    "c": "by | b_y | bo | b_o | b_q",
}
_WX = {
    "U": "Wx | W_x",
    "W": "Wh | W_h",
    "V": "Wy | W_y | W_vocab | Why | W_out | Wout | Wo | W_o | V",
    "b": "b | bh | b_h",
    "c": "by | b_y | b_vocab | b_out | bout | bo | b_o | c",
}
_WAX = {"U": "Wax", "W": "Waa", "V": "Wya", "b": "ba", "c": "by"}
_PYTORCH = {
    "U": "weight_ih_l0 | weight_ih",
    "W": "weight_hh_l0 | weight_hh",
    "V": "weight",
    "b": "bias_ih_l0 + bias_hh_l0 | bias_ih + bias_hh",
    "c": "bias",
}
_KERAS = {
    "U": "kernel",
    "W": "recurrent_kernel",
    "V": "kernel | dense_kernel | output_kernel",
    "b": "bias",
    "c": "bias | dense_bias | output_bias",
}

TABLE = (
    Row("lecture", _LECTURE, state="s"),
    Row("lecture-rows", _LECTURE, state="s", transposed=ROWS, rare=True),
    Row("wxh", _WXH, column_biases=True),
    Row("wxh-rows", _WXH, transposed=ROWS),
    Row("wx", _WX, transposed=ROWS),
    Row("wx-columns", _WX, rare=True),
    Row("wax", _WAX, state="a", column_biases=True),
    Row("wax-rows", _WAX, state="a", transposed=ROWS, rare=True),
    Row("pytorch", _PYTORCH, gradient="grad.", cell="rnn.", readout="decoder."),
    Row("keras", _KERAS, transposed=ROWS, gradient="grad.", cell="simple_rnn/", readout="dense/"),
)


OURS = TABLE[0].name
"""The convention that everything else here is written in."""


def row(name: str) -> Row:
    """The row of the table with this name. Raises InputError if there is none."""
    found = {row.name: row for row in TABLE}
    if name not in found:
        raise InputError(f'convention "{visible(name)}": expected one of {", ".join(found)}')
    return found[name]


class Convention(Record):
    """A row of the table with the names that one file has.

    names: U, W, V, b, c to the arrays whose sum each is; b and c are missing if the file has none.
    """

    row: Row
    names: Mapping[str, tuple[str, ...]]

    @classmethod
    def usual(cls, name: str) -> Convention:
        """A convention of the table with its most usual names. Raises InputError as `row`."""
        chosen = row(name)
        return cls(
            chosen,
            {n: tuple(chosen.path(n) + part for part in chosen.choices(n)[0]) for n in NAMES},
        )

    @property
    def name(self) -> str:
        """As `--convention` takes it."""
        return self.row.name

    @property
    def transposed(self) -> frozenset[str]:
        """The matrices whose transpose is ours."""
        return self.row.transposed

    @property
    def state(self) -> str:
        """The letter of s."""
        return self.row.state

    @property
    def initial_state(self) -> str:
        """The name of s_{−1}."""
        return f"{self.state}0"

    def __str__(self) -> str:
        """As it is told: Wxh Whh Why bh by (column vectors)."""
        names = " ".join(self.written(parameter) for parameter in self.names)
        return f"{names} ({self.layout})"

    @property
    def layout(self) -> str:
        """row vectors, or column vectors; PyTorch's matrices are those of columns."""
        return f"{'row' if self.transposed else 'column'} vectors"

    def written(self, parameter: str) -> str:
        """The name of one of U, W, V, b, c, as it may be shown; of several "+" between them."""
        return visible("+".join(self.names.get(parameter, (parameter,))))

    def ours(self, parameter: str, array: Array) -> Array:
        """An array in the user's layout, in ours: matrices turned; a bias flat, if it is as long as
        its vectors: (H, 1) where they are columns, (1, H) where they are rows.
        """
        if parameter in MATRICES:
            return array.T if parameter in self.transposed else array
        unit = 0 if self.transposed else 1
        return array.reshape(-1) if array.ndim == 2 and array.shape[unit] == 1 else array

    def theirs(self, parameter: str, array: Array) -> Array:
        """An array in our layout, in the user's."""
        if parameter in MATRICES:
            return array.T if parameter in self.transposed else array
        return array[:, None] if self.row.column_biases else array

    def parameters(self, arrays: Mapping[str, Array]) -> Parameters:
        """θ from the user's finite arrays, whose shapes fit each other; see `check_shapes`.

        Raises InputError for biases whose sum is not finite.
        """
        return Parameters(
            **{
                parameter: _added([self.ours(parameter, arrays[name]) for name in names])
                for parameter, names in self.present(arrays).items()
            }
        )

    def present(self, arrays: Mapping[str, Array]) -> dict[str, tuple[str, ...]]:
        """The names, without a bias that the file has only a gradient of."""
        return {
            parameter: names
            for parameter, names in self.names.items()
            if all(name in arrays for name in names)
        }

    def named(self, theta: Parameters) -> dict[str, Array]:
        """The arrays of θ by the user's names, in the user's layout.

        Where several add up, the first is the whole and the others are zero.
        """
        found: dict[str, Array] = {}
        for parameter, (first, *others) in self.names.items():
            array = self.theirs(parameter, getattr(theta, parameter))
            found |= {first: array, **{name: np.zeros_like(array) for name in others}}
        return found

    def named_gradient(self, gradient: Parameters) -> dict[str, Array]:
        """The arrays of a gradient by the user's names; where several add up, each has it all."""
        return {
            self.row.gradient + name: self.theirs(parameter, getattr(gradient, parameter))
            for parameter, names in self.names.items()
            for name in names
        }

    def check_shapes(self, arrays: Mapping[str, Array]) -> None:
        """Raises InputError for a shape that does not fit, by the user's names and layout."""
        shapes = {
            parameter: [(name, self.ours(parameter, arrays[name]).shape) for name in names]
            for parameter, names in self.present(arrays).items()
        }
        ((W, square),) = shapes.pop("W")
        _check_recurrent(visible(W), arrays[W].shape, square)
        H, V = square[0], self.names["V"][0]
        C = shapes["V"][0][1][:1]
        expected = {"U": (H, "D"), "V": ("C", H), "b": (H,), "c": C}
        for parameter, found in shapes.items():
            against = V if parameter == "c" else W
            for name, shape in found:
                if not _fits(shape, expected[parameter]):
                    raise InputError(
                        f"{visible(name)} has shape {arrays[name].shape}; expected "
                        f"{self._shown(parameter, expected[parameter])}, as {visible(against)} "
                        f"is {arrays[against].shape}"
                    )

    def _shown(self, parameter: str, shape: tuple[int | str, ...]) -> str:
        turned = shape[::-1] if parameter in self.transposed else shape
        return f"({', '.join(map(str, turned))}{',' if len(turned) == 1 else ''})"


def _added(arrays: list[Array]) -> Array:
    if len(arrays) == 1:
        return arrays[0]
    floats = np.result_type(np.float32, *arrays)  # small integers would wrap round
    with np.errstate(over="ignore"):
        added = np.asarray(sum(array.astype(floats) for array in arrays))
    if not np.isfinite(added).all():
        raise InputError(f"biases whose sum is larger than {floats} holds; expected finite numbers")
    return added


def _fits(shape: tuple[int, ...], expected: tuple[int | str, ...]) -> bool:
    return len(shape) == len(expected) and all(
        size == wanted or (isinstance(wanted, str) and size > 0)
        for size, wanted in zip(shape, expected, strict=True)
    )


def _check_recurrent(name: str, shape: tuple[int, ...], ours: tuple[int, ...]) -> None:
    if len(ours) == 2 and ours[0] == ours[1] > 0:
        return
    for gates, cell in ((4, "an LSTM"), (3, "a GRU")):
        if len(ours) == 2 and ours[0] == gates * ours[1] > 0:
            block = (ours[1], ours[1])
            raise InputError(
                f"{name} has shape {shape}, {gates} blocks of {block}, as {cell} has; "
                f"expected one block {block}, as a simple RNN has"
            )
    raise InputError(f"{name} has shape {shape}; expected a square matrix (H, H)")
