"""θ: the parameters U, W, V, b, c of the network, and everything with their shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import InputError
from core.numbers import Array, as_array, is_whole
from core.records import Record
from core.sizes import require_room

if TYPE_CHECKING:
    from numpy.typing import DTypeLike


class Parameters(Record, eq=False):
    """Parameters of a recurrent network with a softmax readout; gradients have the same type.

        a_t = U x_t + W s_{t−1} + b,   s_t = tanh(a_t),   z_t = V s_t + c

    U (H, D), W (H, H), V (C, H), b (H,), c (C,). b and c may be left out: zeros. Arrays are
    read-only, copied from those that were not, and share one dtype: float64, unless all of them
    are float32 (or, for the complex step, one of them is complex).

    Raises InputError for what are no numbers, and for a shape that does not fit the others, naming
    both.
    """

    U: Array
    W: Array
    V: Array
    b: Array = None  # type: ignore[assignment]  # None means zeros; never None after __post_init__
    c: Array = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        given: dict[str, Array] = {
            name: as_array(name, value)
            for name in NAMES
            if (value := getattr(self, name)) is not None
        }
        if missing := [name for name in ("U", "W", "V") if name not in given]:
            raise InputError(f"{missing[0]} is None; only b and c may be left out")
        dtype = _common_dtype(given)
        hidden, outputs = given["W"].shape[:1], given["V"].shape[:1]
        for name, size in (("b", hidden), ("c", outputs)):
            given.setdefault(name, np.zeros(size, dtype))
        for name, array in given.items():
            object.__setattr__(self, name, _frozen(array, dtype))
        self._check_shapes()

    def _check_shapes(self) -> None:
        if self.W.ndim != 2 or self.W.shape[0] != self.W.shape[1] or not self.W.size:
            raise InputError(f"W has shape {self.W.shape}; expected a square matrix (H, H)")
        hidden = self.W.shape[0]
        if self.U.ndim != 2 or self.U.shape[0] != hidden or not self.U.size:
            raise InputError(
                f"U has shape {self.U.shape}; expected ({hidden}, D), as W is {self.W.shape}"
            )
        if self.V.ndim != 2 or self.V.shape[1] != hidden or not self.V.size:
            raise InputError(
                f"V has shape {self.V.shape}; expected (C, {hidden}), as W is {self.W.shape}"
            )
        if self.b.shape != (hidden,):
            raise InputError(
                f"b has shape {self.b.shape}; expected ({hidden},), as W is {self.W.shape}"
            )
        if self.c.shape != (self.outputs,):
            raise InputError(
                f"c has shape {self.c.shape}; expected ({self.outputs},), as V is {self.V.shape}"
            )

    @classmethod
    def random(
        cls,
        inputs: int,
        hidden: int,
        outputs: int,
        seed: int = 0,
        dtype: DTypeLike = np.float64,
    ) -> Parameters:
        """U, W, V drawn in this order, uniform in ±1/√D, ±1/√H, ±1/√H; b = c = 0.

        inputs D, hidden H, outputs C; numpy.random.default_rng(seed). dtype: float64 or float32.

        Raises InputError for sizes that are no whole numbers from 1 up or take too much memory, for
        another dtype, and for a seed that is no whole number from 0 up.
        """
        sizes = {"hidden": hidden, "inputs": inputs, "outputs": outputs}
        for name, size in sizes.items():
            if not is_whole(size) or size < 1:
                raise InputError(f"{name} is {size}; expected a whole number, 1 or more")
        if not is_whole(seed) or seed < 0:
            raise InputError(f"seed is {seed}; expected a whole number, 0 or more")
        _require_float(dtype)
        largest = max(sizes, key=lambda name: sizes[name])
        what = f"θ of inputs {inputs}, hidden {hidden}, outputs {outputs}"
        require_room(what, 8 * hidden * (inputs + hidden + outputs), f"use a smaller {largest}")
        rng = np.random.default_rng(seed)

        def draw(rows: int, columns: int) -> Array:
            bound = 1 / np.sqrt(columns)
            return rng.uniform(-bound, bound, (rows, columns)).astype(dtype)

        return cls(U=draw(hidden, inputs), W=draw(hidden, hidden), V=draw(outputs, hidden))

    @property
    def inputs(self) -> int:
        """D, the size of x_t."""
        return int(self.U.shape[1])

    @property
    def hidden(self) -> int:
        """H, the size of s_t."""
        return int(self.W.shape[0])

    @property
    def outputs(self) -> int:
        """C, the size of ŷ_t."""
        return int(self.V.shape[0])


NAMES = ("U", "W", "V", "b", "c")


def _frozen(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array, or a copy if somebody could still write to it."""
    base = array if array.base is None else array.base
    fixed = not array.flags.writeable and not _writeable(base)
    if fixed and array.dtype == dtype and array.flags.c_contiguous:
        return array
    own = np.array(array, dtype=dtype, order="C")
    own.setflags(write=False)
    return own


def _require_float(dtype: DTypeLike) -> None:
    try:
        fits = np.dtype(dtype) in _KEPT[:2]
    except TypeError:
        fits = False
    if not fits:
        raise InputError(f"dtype {dtype}: expected float64 or float32")


def _writeable(base: Any) -> bool:
    return not isinstance(base, np.ndarray) or bool(base.flags.writeable)


_KEPT = (np.dtype(np.float64), np.dtype(np.float32), np.dtype(np.complex128))


def _common_dtype(arrays: dict[str, Array]) -> np.dtype[Any]:
    for name, array in arrays.items():
        if array.dtype.kind not in "fiuc":
            raise InputError(f"{name} has dtype {array.dtype}; expected numbers")
    found = np.result_type(*{array.dtype for array in arrays.values()})
    return found if found in _KEPT else np.dtype(np.float64)
