"""θ goes to a file and comes back; a file that is not θ is refused in one line, at no cost."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import save_file

from core.errors import InputError
from core.parameters import NAMES, Parameters
from tuiviz.files import arrays
from tuiviz.files.arrays import read_arrays, write_arrays
from tuiviz.files.weights import check_sizes, load_parameters, save_parameters

EXTENSIONS = (".npz", ".safetensors")
Array = NDArray[Any]
both = pytest.mark.parametrize("extension", EXTENSIONS)


@contextmanager
def refused(*expected: str) -> Iterator[None]:
    with pytest.raises(InputError) as caught:
        yield
    line = str(caught.value)
    assert "\n" not in line
    for part in expected:
        assert part in line


def ordinary(**changed: Array) -> dict[str, Array]:
    theta = Parameters.random(inputs=5, hidden=3, outputs=4, seed=1)
    return {"U": theta.U, "W": theta.W, "V": theta.V} | changed


def put(path: Path, content: Mapping[str, Array]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **content)  # type: ignore[arg-type]  # no keyword of savez is among them
    else:
        save_file(dict(content), path)
    return path


def put_zip(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def npy(array: Array) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def npy_declaring(header: str, content: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content


def put_safetensors(path: Path, header: object, content: bytes = b"") -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)
    return path


# There and back


@given(
    st.integers(0, 2**32),
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
    st.sampled_from(["f4", "f8"]),
    st.sampled_from(EXTENSIONS),
)
def test_what_is_saved_is_loaded_bit_for_bit(
    seed: int, sizes: tuple[int, int, int], dtype: str, extension: str
) -> None:
    theta = Parameters.random(*sizes, seed=seed, dtype=dtype)
    with TemporaryDirectory() as folder:
        path = Path(folder, "theta" + extension)
        save_parameters(path, theta)
        loaded = load_parameters(path)
    for name in NAMES:
        kept, found = getattr(theta, name), getattr(loaded, name)
        assert kept.dtype == found.dtype
        assert kept.shape == found.shape
        assert kept.tobytes() == found.tobytes()


@both
def test_the_same_parameters_make_the_same_bytes(tmp_path: Path, extension: str) -> None:
    theta = Parameters.random(inputs=2, hidden=3, outputs=2)
    first, second = tmp_path / ("a" + extension), tmp_path / ("b" + extension)
    save_parameters(first, theta)
    os.environ["TZ"], before = "Asia/Seoul", os.environ.get("TZ")
    save_parameters(second, theta)
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    assert first.read_bytes() == second.read_bytes()


def test_others_read_what_is_saved(tmp_path: Path) -> None:
    theta = Parameters.random(inputs=2, hidden=3, outputs=2)
    save_parameters(tmp_path / "theta.npz", theta)
    with np.load(tmp_path / "theta.npz") as loaded:
        assert sorted(loaded) == sorted(NAMES)
        assert np.array_equal(loaded["U"], theta.U)


@both
def test_an_existing_file_is_kept_without_force(tmp_path: Path, extension: str) -> None:
    path = put(tmp_path / ("theta" + extension), ordinary())
    before = path.read_bytes()
    theta = Parameters.random(inputs=2, hidden=3, outputs=2)
    with refused("exists already and is kept; force=True replaces it"):
        save_parameters(path, theta)
    assert path.read_bytes() == before
    save_parameters(path, theta, force=True)
    assert np.array_equal(load_parameters(path).W, theta.W)


@both
def test_biases_may_be_left_out(tmp_path: Path, extension: str) -> None:
    theta = load_parameters(put(tmp_path / ("theta" + extension), ordinary()))
    assert not theta.b.any()
    assert not theta.c.any()


@both
@pytest.mark.parametrize(
    ("given_dtype", "kept"), [("f2", "f8"), ("f4", "f4"), ("f8", "f8"), ("i8", "f8"), ("u1", "f8")]
)
def test_dtypes(tmp_path: Path, extension: str, given_dtype: str, kept: str) -> None:
    content = {name: np.ones_like(a, dtype=given_dtype) for name, a in ordinary().items()}
    theta = load_parameters(put(tmp_path / ("theta" + extension), content))
    assert theta.V.dtype == np.dtype(kept)
    assert (theta.V == 1).all()


@pytest.mark.parametrize("dtype", [">f4", ">f8", "<f4", ">i4"])
def test_byte_and_column_order_in_npz(tmp_path: Path, dtype: str) -> None:
    U = np.arange(15).reshape(3, 5).astype(dtype)
    content = {n: a.astype(dtype) for n, a in ordinary().items()} | {"U": np.asfortranarray(U)}
    theta = load_parameters(put(tmp_path / "theta.npz", content))
    assert np.array_equal(theta.U, U)
    assert theta.U.dtype.isnative
    assert theta.U.dtype == ("f4" if dtype.endswith("f4") else "f8")


def test_compressed_npz_and_an_extension_in_capitals(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "theta.npz", **ordinary())  # type: ignore[arg-type]
    (tmp_path / "theta.npz").rename(tmp_path / "theta.NPZ")
    assert np.array_equal(load_parameters(tmp_path / "theta.NPZ").U, ordinary()["U"])


@both
def test_a_choice_of_names_reads_no_others(tmp_path: Path, extension: str) -> None:
    path = tmp_path / ("problem" + extension)
    write_arrays(path, {"weight_ih_l0": np.eye(2), "tokens": np.array([1, 0, 2]), "x": np.eye(1)})
    read = read_arrays(path, lambda names: [n for n in names if n != "x"])
    assert set(read) == {"weight_ih_l0", "tokens"}
    assert read["tokens"].dtype.kind == "i"


# Not θ


@both
def test_no_such_file_and_another_extension(tmp_path: Path, extension: str) -> None:
    with refused("nope" + extension + ": no such file"):
        load_parameters(tmp_path / ("nope" + extension))
    other = tmp_path / "theta.pt"
    other.touch()
    with refused("theta.pt: PyTorch's own files", "safetensors.torch.save_file("):
        load_parameters(other)
    other = other.rename(tmp_path / "theta.h5")
    with refused("theta.h5: expected a file ending in .npz or .safetensors"):
        load_parameters(other)
    with refused("expected a file ending in .npz or .safetensors"):
        save_parameters(tmp_path / "theta", Parameters.random(inputs=1, hidden=1, outputs=1))
    assert list(tmp_path.iterdir()) == [other]


@both
def test_other_names(tmp_path: Path, extension: str) -> None:
    path = tmp_path / ("theta" + extension)
    with refused("holds U, V; expected U, W, V and, if wanted, b, c"):
        load_parameters(put(path, {n: a for n, a in ordinary().items() if n != "W"}))
    with refused("expected U, W, V", "h␛"):
        load_parameters(put(path, ordinary(**{"h\x1b": np.eye(1)})))
    with refused("a0, a1, a2, a3, a4, a5, a6, a7 and 12 more;"):
        load_parameters(put(path, {f"a{i}": np.eye(1) for i in [*range(8), *range(80, 92)]}))


@both
def test_shapes_that_do_not_fit(tmp_path: Path, extension: str) -> None:
    path = tmp_path / ("theta" + extension)
    with refused("theta" + extension + ": V has shape (4, 2); expected (C, 3)"):
        load_parameters(put(path, ordinary(V=np.ones((4, 2)))))
    for name in NAMES:
        for shape in [(), (0,), (0, 0), (2, 2, 2)]:
            with refused(f"{name} has shape"):
                load_parameters(put(path, ordinary(**{name: np.ones(shape)})))


@both
def test_numbers_that_are_not_finite(tmp_path: Path, extension: str) -> None:
    path = tmp_path / ("theta" + extension)
    W = np.ones((3, 3))
    W[1, 2] = np.nan
    W[2, 0] = -np.inf
    with refused("W has 2 of 9 numbers that are not finite, first W[1, 2] = nan"):
        load_parameters(put(path, ordinary(W=W)))
    with refused("first c = inf"):
        load_parameters(put(path, ordinary(c=np.array(np.inf))))
    path.unlink()
    with refused("W has 2 of 9"):
        save_parameters(path, Parameters(**ordinary(W=W)))
    assert not path.exists()


def test_complex_parameters_are_not_saved(tmp_path: Path) -> None:
    theta = Parameters(**ordinary(W=np.eye(3) + 1j))
    with refused("has dtype complex128; expected floats"):
        save_parameters(tmp_path / "theta.npz", theta)


@pytest.mark.parametrize(
    "U", [np.ones((3, 5), bool), np.ones((3, 5), complex), np.ones((3, 5), "f4, i4"), np.array("U")]
)
def test_other_dtypes_in_npz(tmp_path: Path, U: Array) -> None:
    with refused("theta.npz: U has dtype", "expected float64, float32, float16"):
        load_parameters(put(tmp_path / "theta.npz", ordinary(U=U)))


@pytest.mark.skipif(np.longdouble(0).itemsize == 8, reason="long double is double here")
def test_a_long_double_is_refused_rather_than_rounded(tmp_path: Path) -> None:
    with refused("U has dtype"):
        load_parameters(put(tmp_path / "theta.npz", ordinary(U=np.ones((3, 5), np.longdouble))))


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "BOOL"])
def test_other_dtypes_in_safetensors(tmp_path: Path, dtype: str) -> None:
    size = 2 if dtype == "BF16" else 1
    header = {
        name: {"dtype": dtype, "shape": [1, 1], "data_offsets": [i * size, (i + 1) * size]}
        for i, name in enumerate("UWV")
    }
    path = put_safetensors(tmp_path / "theta.safetensors", header, bytes(3 * size))
    with refused(f"has dtype {dtype}; expected F64, F32 or F16: convert it"):
        load_parameters(path)


# Hostile, damaged, or another kind of file


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("unpickled",))


def test_no_pickle_is_ever_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "theta.npz"
    path.write_bytes(pickle.dumps(Bomb()))
    with refused("theta.npz holds Python objects (a pickle), which are never loaded"):
        load_parameters(path)
    put(path, ordinary(U=np.array([[Bomb()]], dtype=object)))
    with refused("U holds Python objects (a pickle)"):
        load_parameters(path)
    put_zip(path, [("archive/data.pkl", pickle.dumps(Bomb()))])
    with refused("archive/data.pkl is no array"):
        load_parameters(path)
    path.write_bytes(pickle.dumps(Bomb(), protocol=0))
    with refused("no npz file"):
        load_parameters(path)
    assert not Path("unpickled").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"the cat sat", "no npz file"),
        (npy(np.eye(2)), "a single npy array, no npz file"),
        (b"PK\x03\x04 and nothing else", "damaged or incomplete"),
    ],
)
def test_other_files_named_npz(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "theta.npz").write_bytes(content)
    with refused(f"theta.npz: {said}"):
        load_parameters(tmp_path / "theta.npz")


@pytest.mark.parametrize("content", [b"", b"the cat sat", npy(np.eye(2)), b"\x08" + b"\0" * 9])
def test_other_files_named_safetensors(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "theta.safetensors").write_bytes(content)
    with refused("theta.safetensors: no safetensors file"):
        load_parameters(tmp_path / "theta.safetensors")


def test_a_member_twice_is_refused(tmp_path: Path) -> None:
    members = [(f"{name}.npy", npy(array)) for name, array in ordinary().items()]
    with pytest.warns(UserWarning, match="Duplicate name"):
        put_zip(tmp_path / "theta.npz", [*members, ("W.npy", npy(np.eye(3)))])
    with refused("W.npy is in it twice"):
        load_parameters(tmp_path / "theta.npz")


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "theta.npz", ordinary())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with refused("U.npy is encrypted or"):
        load_parameters(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "theta.npz", "w", method) as archive:
        archive.writestr("U.npy", npy(np.eye(1)))
    with refused("U.npy is encrypted or packed by another method"):
        load_parameters(tmp_path / "theta.npz")


@contextmanager
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


@both
def test_a_file_beyond_the_bound_is_not_read(tmp_path: Path, extension: str) -> None:
    path = tmp_path / ("theta" + extension)
    with path.open("wb") as file:
        file.truncate(2**30 + 1)
    with little_memory(), refused("1 GiB; expected at most 1 GiB"):
        load_parameters(path)


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "LIMIT", 16 * 2**20)
    path = tmp_path / "theta.npz"
    np.savez_compressed(path, **ordinary(V=np.zeros((2560, 1024))))  # type: ignore[arg-type]
    assert path.stat().st_size < 2**16
    with little_memory(), refused("theta.npz: its arrays take 20 MiB; expected at most 16 MiB"):
        load_parameters(path)


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "theta.npz"
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1024, 1024)}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("V.npy", npy_declaring(header, bytes(8 * 2**20)))
        for name in ("U", "W"):
            archive.writestr(f"{name}.npy", npy(np.eye(2)))
    content = path.read_bytes()
    declared = struct.pack("<I", 8 * 2**20 + len(npy_declaring(header)))
    path.write_bytes(content.replace(declared, struct.pack("<I", 200_000)))
    with little_memory(), refused("V declares shape (1024, 1024), 8388608 bytes, but holds"):
        load_parameters(path)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999, 99999999999)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 10**99)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 99999999999999999999999999)}",
        "{'descr': 'nonsense\\x1b', 'fortran_order': False, 'shape': (1, 1)}",
        "{'descr': '<f8'}",
        "(" * 9000,
        "-" * 9000 + "1",
        "[" * 90 + "]" * 90,
        " " * 20000,
        "__import__('os').mkdir('executed')",
    ],
)
def test_hostile_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    monkeypatch.chdir(tmp_path)
    members = [(f"{name}.npy", npy(array)) for name, array in ordinary().items() if name != "U"]
    put_zip(tmp_path / "theta.npz", [*members, ("U.npy", npy_declaring(header, bytes(8)))])
    with little_memory(), refused("theta.npz: "):
        load_parameters("theta.npz")
    assert not Path("executed").exists()


@pytest.mark.parametrize("shape", [[2**62, 2**62], [0, 2**70], [-1], [0, 2**62, 2**62], "x"])
def test_hostile_safetensors_headers(tmp_path: Path, shape: object) -> None:
    header = {n: {"dtype": "F64", "shape": shape, "data_offsets": [0, 0]} for n in "UWV"}
    path = put_safetensors(tmp_path / "theta.safetensors", header)
    with little_memory(), refused("theta.safetensors: "):
        load_parameters(path)


def whole(extension: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder, "theta" + extension)
        save_parameters(path, Parameters(**ordinary()))
        return path.read_bytes()


WHOLE = {extension: whole(extension) for extension in EXTENSIONS}


@given(st.data(), st.sampled_from(EXTENSIONS))
def test_a_part_of_a_file_is_refused(data: st.DataObject, extension: str) -> None:
    content = WHOLE[extension]
    part = content[: data.draw(st.integers(0, len(content) - 1))]
    with TemporaryDirectory() as folder:
        path = Path(folder, "theta" + extension)
        path.write_bytes(part)
        with refused("theta" + extension + ": "):
            load_parameters(path)


@given(st.data(), st.sampled_from(EXTENSIONS))
def test_a_damaged_file_is_refused_or_read_and_never_more(
    data: st.DataObject, extension: str
) -> None:
    content = bytearray(WHOLE[extension])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with TemporaryDirectory() as folder:
        path = Path(folder, "theta" + extension)
        path.write_bytes(content)
        said = ""
        try:
            load_parameters(path)
        except InputError as error:
            said = str(error)
        assert "\n" not in said


@both
def test_a_name_that_is_not_utf8(tmp_path: Path, extension: str) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff") + extension
    save_parameters(path, Parameters(**ordinary()))
    with refused("⟨U+DCFF⟩" + extension + ": exists already"):
        save_parameters(path, Parameters(**ordinary()))
    assert np.array_equal(load_parameters(path).U, ordinary()["U"])


@both
def test_no_file_is_written_that_could_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extension: str
) -> None:
    monkeypatch.setattr(arrays, "LIMIT", 100)
    with refused("its arrays take 344 bytes; expected at most 100 bytes"):
        save_parameters(tmp_path / ("theta" + extension), Parameters(**ordinary()))
    assert not list(tmp_path.iterdir())


# Against a text


def test_weights_that_fit_the_vocabulary() -> None:
    check_sizes(Parameters.random(inputs=6, hidden=2, outputs=6), 6, "theta.npz")


@pytest.mark.parametrize(
    ("inputs", "outputs", "said"),
    [
        (5, 5, "U has shape (2, 5) and V has shape (5, 2); expected (2, 6) and (6, 2), as"),
        (6, 5, "V has shape (5, 2); expected (6, 2), as the text has 6 distinct tokens"),
        (7, 6, "U has shape (2, 7); expected (2, 6), as the text has 6 distinct tokens"),
    ],
)
def test_weights_of_another_vocabulary(inputs: int, outputs: int, said: str) -> None:
    with refused("the␛ta.npz: ", said):
        check_sizes(Parameters.random(inputs, 2, outputs), 6, "the\x1bta.npz")
