"""θ in files: .npz or .safetensors with arrays named U, W, V and, if wanted, b and c."""

from __future__ import annotations

from functools import partial

from core.errors import InputError
from core.parameters import NAMES, Parameters
from tuiviz.files.arrays import read_arrays, require_finite, write_arrays
from tuiviz.files.disk import StrPath, shown
from tuiviz.files.visible import visible

_REQUIRED = NAMES[:3]
_SHOWN_NAMES = 8


def load_parameters(path: StrPath) -> Parameters:
    """θ from an .npz or .safetensors file with U (H, D), W (H, H), V (C, H), maybe b (H,), c (C,).

    float32 stays float32 if all arrays are; float16 alone and integers become float64.
    Raises InputError for a file that cannot be read, other names, other dtypes, numbers that are
    not finite, and shapes that do not fit each other.
    """
    arrays = read_arrays(path, partial(_expected, path))
    require_finite(path, arrays)
    try:
        return Parameters(**arrays)
    except InputError as error:
        raise InputError(f"{shown(path)}: {error}") from error


def save_parameters(
    path: StrPath, theta: Parameters, *, metadata: str | None = None, force: bool = False
) -> None:
    """Writes θ so that load_parameters gives it back bit for bit; the same θ, the same bytes.

    metadata: a text to keep inside, see `tuiviz.files.provenance`.
    Raises InputError if the file exists and `force` is not given, for another extension, for
    numbers that are not finite (no file of them can be loaded again), and if it cannot be written.
    """
    arrays = {name: getattr(theta, name) for name in NAMES}
    for name, array in arrays.items():
        if array.dtype.kind != "f":
            raise InputError(f"{shown(path)}: {name} has dtype {array.dtype}; expected floats")
    require_finite(path, arrays)
    write_arrays(path, arrays, metadata=metadata, force=force)


def check_sizes(theta: Parameters, vocabulary_size: int, path: StrPath) -> None:
    """Raises InputError unless D and C of θ, read from `path`, are the size of the vocabulary."""
    size = vocabulary_size
    expected = {"U": (theta.hidden, size), "V": (size, theta.hidden)}
    found = {name: getattr(theta, name).shape for name in expected}
    wrong = [name for name in expected if found[name] != expected[name]]
    if wrong:
        raise InputError(
            f"{shown(path)}: {' and '.join(f'{name} has shape {found[name]}' for name in wrong)}; "
            f"expected {' and '.join(str(expected[name]) for name in wrong)}, as the text has "
            f"{size} distinct tokens: give the text (and --level) that the weights belong to"
        )


def _expected(path: StrPath, names: tuple[str, ...]) -> tuple[str, ...]:
    if set(_REQUIRED) <= set(names) <= set(NAMES):
        return names
    found = ", ".join(visible(name) for name in names[:_SHOWN_NAMES]) or "no arrays"
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    raise InputError(f"{shown(path)}: holds {found}{more}; expected U, W, V and, if wanted, b, c")
