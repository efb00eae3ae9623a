"""θ in files: .npz or .safetensors, ours with arrays named U, W, V and, if wanted, b and c."""

from __future__ import annotations

from core.errors import InputError
from core.parameters import NAMES, Parameters
from tuiviz.files.arrays import read_arrays, require_finite, write_arrays
from tuiviz.files.conventions import Convention
from tuiviz.files.disk import KeptFileError, StrPath, shown
from tuiviz.files.recognition import Match, fitting, matches


def load_parameters(path: StrPath, convention: str | None = None) -> Parameters:
    """θ from an .npz or .safetensors file, by the names and in the layout of any known convention.

    Ours has U (H, D), W (H, H), V (C, H), maybe b (H,), c (C,); `tuiviz.files.conventions` has
    the others, of which `convention` names one where names and shapes leave a choice. float32
    stays float32 if all arrays are; float16 alone and integers become float64.
    Raises InputError for a file that cannot be read, other names, other dtypes, numbers that are
    not finite, and shapes that do not fit each other.
    """
    return load_recognised(path, convention)[1]


def load_recognised(path: StrPath, convention: str | None = None) -> tuple[Convention, Parameters]:
    """θ as `load_parameters` reads it, and the convention that it was read by."""
    found: list[Match] = []

    def parameters(names: tuple[str, ...]) -> list[str]:
        found.extend(matches(path, names, convention))
        wanted = {name for match in found for name in match.parameters}
        return [name for name in names if name in wanted]

    arrays = read_arrays(path, parameters)
    require_finite(path, arrays)
    recognised = fitting(path, found, arrays).convention
    try:
        return recognised, recognised.parameters(arrays)
    except InputError as error:
        raise InputError(f"{shown(path)}: {error}") from error


def save_parameters(path: StrPath, theta: Parameters, *, force: bool = False) -> None:
    """Writes θ so that load_parameters gives it back bit for bit; the same θ, the same bytes.

    Raises InputError if the file exists and `force` is not given, for another extension, for
    numbers that are not finite (no file of them can be loaded again), and if it cannot be written.
    """
    if not isinstance(theta, Parameters):
        raise InputError(f"{shown(path)}: {theta} to save; expected Parameters")
    try:
        write_parameters(path, theta, force=force)
    except KeptFileError:
        raise KeptFileError(path, "force=True replaces it") from None


def write_parameters(
    path: StrPath, theta: Parameters, *, metadata: str | None = None, force: bool = False
) -> None:
    """The same for a command. metadata: a text to keep inside, see `tuiviz.files.provenance`."""
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
