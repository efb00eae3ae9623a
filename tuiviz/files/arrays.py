"""Named arrays in npz and safetensors files; what a file declares is checked before it is read."""

from __future__ import annotations

import io
import math
import os
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.records import Record
from tuiviz.files.disk import StrPath, byte_size, check_replaceable, reading, replacing, shown
from tuiviz.files.endings import NPZ, PYTORCH, SAFETENSORS, ending
from tuiviz.files.visible import visible

Array = NDArray[Any]

LIMIT = 2**30
"""The most bytes that a file, and the arrays read from it together, may take."""

METADATA = "tuiviz"
"""The key of the metadata of a safetensors file, or the member of an npz file, that is ours."""

_LARGEST_METADATA = 64 * 2**20

WORDS = frozenset({"activation"})
"""The names of arrays in an npz file that may be a text."""

Choice = Callable[[tuple[str, ...]], Iterable[str]]
"""From the names that a file holds to those to read; raises InputError if they do not suit."""

_SAFETENSORS_DTYPES = {"F64", "F32", "F16"} | {f"{k}{n}" for k in "IU" for n in (8, 16, 32, 64)}


def read_arrays(path: StrPath, choose: Choice) -> dict[str, Array]:
    """The arrays of an .npz or .safetensors file that `choose` picks by name, in native byte order.

    They are of float16, float32, float64 or integers, those in WORDS text perhaps; finite or not is
    for the caller to ask.
    Raises InputError for another kind of file or dtype, Python objects, a damaged file, and for
    more than LIMIT bytes, declared or real, before that memory is taken.
    """
    with reading(path, limit=LIMIT) as file:
        form = _readable(path)
        with _damage_reported(path):
            return form.read(path, file, choose)


def read_metadata(path: StrPath) -> bytes | None:
    """The metadata that `write_arrays` put into a file, None if there is none.

    Raises InputError as `read_arrays` does, and for more than 64 MiB of it.
    """
    form = _readable(path)
    with reading(path, limit=LIMIT) as file, _damage_reported(path):
        return form.read_metadata(path, file)


def write_arrays(
    path: StrPath,
    arrays: Mapping[str, Array],
    *,
    metadata: str | None = None,
    force: bool = False,
) -> None:
    """Writes an .npz or .safetensors file; the same arrays make the same bytes.

    metadata: a text to keep beside them, see `read_metadata`.

    Raises InputError for another extension, for more than LIMIT bytes, and as `replacing` does.
    """
    form = _FORMATS[_extension(path)]
    _check_total(path, sum(array.nbytes for array in arrays.values()))
    packed = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    content = form.packed(packed, metadata)
    with replacing(path, force=force) as file:
        file.write(content)


def check_output(path: StrPath, *, force: bool = False) -> None:
    """Raises InputError for a path that `write_arrays` would not write to."""
    _extension(path)
    check_replaceable(path, force=force)


def require_finite(path: StrPath, arrays: Mapping[str, Array]) -> None:
    """Raises InputError for the first array with a NaN or an infinity: how many, and where."""
    for name, array in arrays.items():
        wrong = ~np.isfinite(array)
        if count := int(wrong.sum()):
            first = np.unravel_index(int(wrong.argmax()), array.shape)
            place = f"{name}[{', '.join(str(int(i)) for i in first)}]" if first else name
            raise InputError(
                f"{shown(path)}: {name} has {count} of {array.size} numbers that are not finite, "
                f"first {place} = {array[first]}; expected finite numbers"
            )


def _readable(path: StrPath) -> _Format:
    if ending(path) in PYTORCH:
        raise InputError(
            f"{shown(path)}: PyTorch's own files are pickles, which are never loaded; save with "
            'safetensors.torch.save_file(model.state_dict(), "model.safetensors")'
        )
    return _FORMATS[_extension(path)]


def _extension(path: StrPath) -> str:
    extension = ending(path)
    if extension not in _FORMATS:
        raise InputError(f"{shown(path)}: expected a file ending in {' or '.join(_FORMATS)}")
    return extension


def _check_total(path: StrPath, total: int) -> None:
    if total > LIMIT:
        size, most = byte_size(total), byte_size(LIMIT)
        raise InputError(f"{shown(path)}: its arrays take {size}; expected at most {most}")


@contextmanager
def _damage_reported(path: StrPath) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # what decoders raise for hostile bytes has no common class
        first_line = visible(str(error).partition("\n")[0][:100]) or type(error).__name__
        raise InputError(
            f"{shown(path)}: damaged or incomplete ({first_line}); copy or save it again"
        ) from error


# npz: a zip of npy files


# What numpy.savez and savez_compressed use. LZMA would take the memory that its header asks for.
_NPZ_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def _read_npz(path: StrPath, file: BinaryIO, choose: Choice) -> dict[str, Array]:
    _check_npz_start(path, file.read(6))
    with zipfile.ZipFile(file) as archive:
        members = _members(path, archive)
        members.pop(METADATA, None)
        chosen = {name: members[name] for name in choose(tuple(members))}
        _check_total(path, sum(info.file_size for info in chosen.values()))
        return {name: _read_npy(path, name, archive, info) for name, info in chosen.items()}


def _read_npz_metadata(path: StrPath, file: BinaryIO) -> bytes | None:
    _check_npz_start(path, file.read(6))
    with zipfile.ZipFile(file) as archive:
        info = _members(path, archive).get(METADATA)
        if info is None:
            return None
        if info.file_size > _LARGEST_METADATA:
            raise _metadata_too_large(path, info.file_size)
        found = _read_npy(path, METADATA, archive, info)
    if found.dtype != np.uint8 or found.ndim != 1:
        raise InputError(f"{shown(path)}: {METADATA} is {found.dtype}; expected the bytes of JSON")
    return found.tobytes()


def _metadata_too_large(path: StrPath, size: int) -> InputError:
    most = byte_size(_LARGEST_METADATA)
    return InputError(f"{shown(path)}: {byte_size(size)} of metadata; expected at most {most}")


def _check_npz_start(path: StrPath, start: bytes) -> None:
    if start.startswith(b"PK"):
        return
    if start[:1] == b"\x80":  # the first opcode of every pickle since protocol 2
        raise _holds_objects(shown(path))
    found = "empty" if not start else "no npz file"
    if start == b"\x93NUMPY":
        found = "a single npy array, no npz file"
    raise InputError(f"{shown(path)}: {found}; save one with numpy.savez(file, U=U, W=W, V=V)")


def _holds_objects(where: str) -> InputError:
    return InputError(
        f"{where} holds Python objects (a pickle), which are never loaded; "
        "save arrays of numbers with numpy.savez"
    )


def _members(path: StrPath, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        where = f"{shown(path)}: {visible(info.filename)}"
        if name == info.filename:
            raise InputError(f"{where} is no array; expected npy members alone, as U.npy")
        if name in members:
            raise InputError(f"{where} is in it twice; save the file again")
        if info.flag_bits & 1 or info.compress_type not in _NPZ_COMPRESSIONS:
            raise InputError(f"{where} is encrypted or packed by another method; use numpy.savez")
        members[name] = info
    return members


def _read_npy(path: StrPath, name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    where = f"{shown(path)}: {visible(name)}"
    with archive.open(info) as member:
        shape, by_columns, dtype = _npy_header(member)
        if dtype.hasobject:
            raise _holds_objects(where)
        number = dtype.kind in "fiu" and dtype.itemsize <= 8
        if not (number or (dtype.kind == "U" and name in WORDS)):
            raise InputError(f"{where} has dtype {dtype.name}; expected float64, float32, float16")
        declared, held = math.prod(shape) * dtype.itemsize, info.file_size - member.tell()
        if declared != held or min(shape, default=0) < 0:
            raise InputError(
                f"{where} declares shape {shape}, {declared} bytes, but holds {held}; "
                "save the file again"
            )
        numbers = np.frombuffer(member.read(held), dtype).astype(dtype.newbyteorder("="))
    return numbers.reshape(shape[::-1]).T if by_columns else numbers.reshape(shape)


def _npy_header(member: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on files from Python 2; they read all the same
        if version == (1, 0):
            return np.lib.format.read_array_header_1_0(member)
        return np.lib.format.read_array_header_2_0(member)


def _npz(arrays: Mapping[str, Array], metadata: str | None) -> bytes:
    if metadata is not None:
        arrays = {**arrays, METADATA: np.frombuffer(metadata.encode(), np.uint8)}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy")  # dated 1980-01-01: no clock in the bytes
            info.create_system = 3  # nor the operating system
            info.external_attr = 0o644 << 16
            archive.writestr(info, member.getvalue())
    return content.getvalue()


# safetensors: a JSON header, then the numbers


def _read_safetensors(path: StrPath, file: BinaryIO, choose: Choice) -> dict[str, Array]:
    _check_safetensors_start(path, file.read(9))
    from safetensors import safe_open

    with safe_open(os.fspath(path), framework="numpy") as archive:
        chosen = list(choose(tuple(archive.keys())))
        for name in chosen:
            dtype = archive.get_slice(name).get_dtype()
            if dtype not in _SAFETENSORS_DTYPES:
                raise InputError(
                    f"{shown(path)}: {visible(name)} has dtype {visible(str(dtype))}; "
                    "expected F64, F32 or F16: convert it, as PyTorch's .float() does"
                )
        return {name: archive.get_tensor(name) for name in chosen}


def _check_safetensors_start(path: StrPath, start: bytes) -> None:
    if start[8:] != b"{":
        raise InputError(f"{shown(path)}: no safetensors file; save it with safetensors' save_file")


def _read_safetensors_metadata(path: StrPath, file: BinaryIO) -> bytes | None:
    _check_safetensors_start(path, file.read(9))
    from safetensors import safe_open

    with safe_open(os.fspath(path), framework="numpy") as archive:
        text = (archive.metadata() or {}).get(METADATA)
    if text is not None and len(text) > _LARGEST_METADATA:
        raise _metadata_too_large(path, len(text))
    return None if text is None else text.encode()


def _safetensors(arrays: Mapping[str, Array], metadata: str | None) -> bytes:
    from safetensors.numpy import save

    return save(dict(arrays), None if metadata is None else {METADATA: metadata})


class _Format(Record):
    """How one kind of file is read and written."""

    read: Callable[[StrPath, BinaryIO, Choice], dict[str, Array]]
    read_metadata: Callable[[StrPath, BinaryIO], bytes | None]
    packed: Callable[[Mapping[str, Array], str | None], bytes]


_FORMATS = {
    NPZ: _Format(_read_npz, _read_npz_metadata, _npz),
    SAFETENSORS: _Format(_read_safetensors, _read_safetensors_metadata, _safetensors),
}
