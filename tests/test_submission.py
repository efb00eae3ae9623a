"""What a person brings is brought to our names and layout, and nothing else is accepted."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_conventions import NETWORKS, Y, both, put, refused
from test_conventions import X as TOKENS

from core.parameters import NAMES
from core.tape import record
from tuiviz.files import submission
from tuiviz.files.submission import Submission, read_submission

Array = NDArray[Any]

D, H, C = 3, 4, 5


def brought(network: str = "lecture", /, **more: Any) -> dict[str, Any]:
    return {**NETWORKS[network].random(D, H, C), "x": TOKENS, "y": Y} | more


def read(folder: Path, content: Mapping[str, Any], *options: str) -> Submission:
    return read_submission(put(folder / "own.npz", content), *options)


# The sequence


@pytest.mark.parametrize("shape", [(4,), (4, 1), (1, 4), (4, 1, 1)])
@pytest.mark.parametrize("dtype", ["i8", "u1", ">i4"])
def test_tokens(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    x, y = (tokens.reshape(shape).astype(dtype) for tokens in (TOKENS, Y))
    found = read(tmp_path, brought(x=x, y=y))
    assert np.array_equal(found.x, TOKENS)
    assert np.array_equal(found.y, Y)


@pytest.mark.parametrize("shape", [(4, D), (4, 1, D), (1, 4, D), (4, D, 1)])
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8"])
def test_vectors_for_tokens(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    x = np.arange(4 * D).reshape(shape).astype(dtype)
    found = read(tmp_path, brought(x=x))
    assert np.array_equal(found.x, np.arange(4 * D).reshape(4, D))


def test_one_step_of_integers_is_a_vector(tmp_path: Path) -> None:
    found = read(tmp_path, brought(x=np.array([[0, 1, 0]]), y=np.array([4])))
    assert found.x.shape == (1, D)


@pytest.mark.parametrize(("x", "y"), [("X", "Y"), ("inputs", "targets")])
def test_other_names_of_the_sequence(tmp_path: Path, x: str, y: str) -> None:
    content = {**NETWORKS["lecture"].random(D, H, C), x: TOKENS, y: Y}
    assert np.array_equal(read(tmp_path, content).y, Y)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"x": None}, "holds no x; expected x, the tokens read"),
        ({"x": None, "y": None}, "holds no x and no y; expected"),
        ({"targets": Y}, "holds y and targets, which mean the same; keep one"),
        ({"x": TOKENS[:3]}, "x has shape (3,) and y (4,)"),
        ({"x": TOKENS[:0], "y": Y[:0]}, "with T ≥ 1"),
        ({"x": np.array([0, 1, 2, 3])}, "x holds the token 3 at t = 3; θ has the tokens 0 to 2"),
        ({"y": np.array([0, 1, -2, 3])}, "y holds the token -2 at t = 2; θ has the tokens 0 to 4"),
        (
            {"y": np.array([0, 1, 2, 3], "u8") + 2**63},
            "y holds the token 9223372036854775808 at t = 0",
        ),
        ({"y": Y.astype(float)}, "y has dtype float64; expected integers"),
        ({"x": TOKENS.astype(float)}, "x has dtype float64; expected integers"),
        ({"x": np.ones((4, 2))}, "x has shape (4, 2) of float64; expected numbers (T, 3)"),
        ({"x": np.ones((2, 2, D))}, "x has shape (2, 2, 3) and y (4,)"),
        ({"x": np.full((4, D), np.nan)}, "x has 12 of 12 numbers that are not finite"),
        ({"x": np.array(["the", "cat", "sat", "on"])}, "x has dtype str"),
        ({"y": np.array([True] * 4)}, "y has dtype bool"),
    ],
)
def test_sequences_that_are_none(
    tmp_path: Path, changes: dict[str, Array | None], said: str
) -> None:
    content = {n: a for n, a in (brought() | changes).items() if a is not None}
    with refused("own.npz: ", said):
        read(tmp_path, content)


def test_a_sequence_too_long_to_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "LIMIT", 1000)
    longer = np.zeros(8, int)
    assert read(tmp_path, brought()).y.size == 4
    with refused("own.npz: T = 8, H = 4, C = 5 take 1.7 KiB; expected at most 1000 bytes"):
        read(tmp_path, brought(x=longer, y=longer))


# The initial state and the activation


@pytest.mark.parametrize("name", ["s0", "h0", "a0", "hprev"])
@pytest.mark.parametrize("shape", [(H,), (1, H), (H, 1), (1, 1, H)])
@both
def test_the_initial_state(
    tmp_path: Path, name: str, shape: tuple[int, ...], extension: str
) -> None:
    s = np.linspace(-1, 1, H)
    path = put(tmp_path / f"own{extension}", brought("wxh", **{name: s.reshape(shape)}))
    found = read_submission(path).initial_state
    assert found is not None
    assert np.array_equal(found, s)


def test_no_initial_state(tmp_path: Path) -> None:
    assert read(tmp_path, brought()).initial_state is None


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ({"h0": np.ones((2, 1, H))}, "h0 has shape (2, 1, 4); expected (4,), (1, 4), (4, 1) or"),
        ({"h0": np.ones(3)}, "h0 has shape (3,); expected (4,)"),
        ({"h0": np.array(1.0)}, "h0 has shape ()"),
        ({"h0": np.ones(H), "s0": np.ones(H)}, "holds s0 and h0, which mean the same"),
        ({"h0": np.full(H, np.inf)}, "h0 has 4 of 4 numbers that are not finite"),
    ],
)
def test_initial_states_that_are_none(tmp_path: Path, states: dict[str, Array], said: str) -> None:
    with refused("own.npz: ", said):
        read(tmp_path, brought(**states))


def test_the_activation_is_a_text_or_its_bytes_or_an_option(tmp_path: Path) -> None:
    assert read(tmp_path, brought()).activation == "tanh"
    assert read(tmp_path, brought(activation="relu")).activation == "relu"
    content = brought(activation=np.frombuffer(b"sigmoid", np.uint8))
    path = put(tmp_path / "own.safetensors", content)
    assert read_submission(path).activation == "sigmoid"
    assert read_submission(path, None, "relu").activation == "relu"


@pytest.mark.parametrize(
    "activation",
    ["softplus", "re\x1blu\n", "", np.array(["relu", "tanh"]), np.eye(3), "x" * 10**5, 3],
)
def test_activations_that_are_none(tmp_path: Path, activation: Any) -> None:
    with refused("own.npz: "):
        read(tmp_path, brought(activation=activation))


# The gradients


FORMS = ("d{}", "grad.{}", "grad_{}", "grad/{}", "{}.grad")


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("form", FORMS)
def test_gradients_by_other_names(tmp_path: Path, network: str, form: str) -> None:
    p = NETWORKS[network].random(D, H, C)
    theirs = {form.format(name): 2 * array for name, array in p.items() if "_ih_l0" not in name}
    found = read(tmp_path, brought(network, **theirs))
    for name in found.gradients:
        one_of_two = network == "pytorch" and name in "Ub"
        assert one_of_two or np.array_equal(found.gradients[name], 2 * getattr(found.theta, name))
    assert set(found.gradients) == set(NAMES) - ({"U"} if network == "pytorch" else set())


@pytest.mark.parametrize("name", ["drnn.weight_hh_l0", "rnn.dweight_hh_l0", "dweight_hh_l0"])
def test_gradients_by_the_end_of_a_name(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, brought("pytorch", **{name: np.eye(H)}))
    assert list(found.gradients) == ["W"]


def test_an_end_that_two_parameters_share_is_unknown(tmp_path: Path) -> None:
    with refused("own.npz: holds dkernel, not known beside simple_rnn/kernel"):
        read(tmp_path, brought("keras", dkernel=np.ones((D, H))))


def test_a_bias_that_is_zero_may_have_a_gradient(tmp_path: Path) -> None:
    p = NETWORKS["wxh"].random(D, H, C)
    content = {n: p[n] for n in ("Wxh", "Whh", "Why")} | {"x": TOKENS, "y": Y, "dbh": np.ones(H)}
    found = read(tmp_path, content)
    assert np.array_equal(found.gradients["b"], np.ones(H))
    assert found.convention.written("b") == "bh"
    assert not found.theta.b.any()


def test_only_the_gradients_that_were_given(tmp_path: Path) -> None:
    assert read(tmp_path, brought()).gradients == {}
    assert list(read(tmp_path, brought(dV=np.ones((C, H)), dW=np.eye(H))).gradients) == ["W", "V"]


def test_gradients_may_be_nan_and_infinite(tmp_path: Path) -> None:
    dW = np.full((H, H), np.nan)
    dW[0] = np.inf
    found = read(tmp_path, brought("wx", dWh=dW))
    assert np.array_equal(found.gradients["W"], dW.T, equal_nan=True)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_turned_gradient_stays_turned(tmp_path: Path, network: str) -> None:
    p = NETWORKS[network].random(D, H, C)
    plain = read(tmp_path, brought(network)).convention
    for parameter in "UV":
        (name,) = plain.names[parameter]
        found = read(tmp_path, brought(network, **{f"grad.{name}": p[name].T}))
        assert np.array_equal(found.gradients[parameter], getattr(found.theta, parameter).T)


@pytest.mark.parametrize("shape", [(H,), (H, 1), (1, H)])
@pytest.mark.parametrize("network", ["wxh", "wx"])
def test_a_bias_gradient_is_flat(tmp_path: Path, network: str, shape: tuple[int, ...]) -> None:
    name = {"wxh": "dbh", "wx": "db"}[network]
    db = np.arange(H).reshape(shape)
    assert np.array_equal(
        read(tmp_path, brought(network, **{name: db})).gradients["b"], np.arange(H)
    )


def test_both_biases_have_the_same_gradient_which_counts_once(tmp_path: Path) -> None:
    db = np.linspace(1, 2, H)
    names = ("grad.rnn.bias_ih_l0", "grad.rnn.bias_hh_l0")
    found = read(tmp_path, brought("pytorch", **dict.fromkeys(names, db)))
    assert np.array_equal(found.gradients["b"], db)
    found = read(tmp_path, brought("pytorch", **{names[0]: db, names[1]: db * (1 + 1e-14)}))
    assert np.array_equal(found.gradients["b"], db)
    assert np.array_equal(read(tmp_path, brought("pytorch", **{names[1]: db})).gradients["b"], db)
    with refused(f"{names[0]} and {names[1]} differ; expected the same numbers, as both are"):
        read(tmp_path, brought("pytorch", **{names[0]: db, names[1]: db * 2}))
    with refused("differ"):
        read(tmp_path, brought("pytorch", **{names[0]: db, names[1]: np.full(H, np.nan)}))


@pytest.mark.parametrize(
    ("network", "gradients", "said"),
    [
        ("wxh", {"dWhy": np.ones((C, D))}, "dWhy has shape (5, 3); expected (5, 4), the shape of"),
        ("wx", {"dWx": np.ones((H, H))}, "dWx has shape (4, 4); expected (3, 4), the shape of Wx"),
        ("wxh", {"dbh": np.ones(C)}, "dbh has shape (5,); expected (4,), the shape of bh"),
        ("wxh", {"dWhh": np.array(0.5)}, "dWhh has shape ()"),
        ("wxh", {"dWhh": np.ones((0, 4))}, "dWhh has shape (0, 4)"),
        ("wxh", {"dWhh": np.ones((H, H), "f2")}, "dWhh has dtype float16, three digits"),
        ("wxh", {"dWhh": np.ones((H, H), complex)}, "dWhh has dtype complex128"),
        ("wxh", {"dWhh": np.array("zero")}, "dWhh has dtype str"),
        ("wxh", {"dW": np.eye(H)}, "holds dW, not known beside Wxh Whh Why bh by"),
        ("lecture", {"dW": np.eye(H), "grad.W": 2 * np.eye(H)}, "dW and grad.W differ"),
        ("lecture", {"d\x1bW": np.eye(H)}, "holds d␛W, not known"),
    ],
)
def test_gradients_that_are_none(
    tmp_path: Path, network: str, gradients: dict[str, Array], said: str
) -> None:
    with refused("own.npz: ", said):
        read(tmp_path, brought(network, **gradients))


def test_gradients_of_x_and_of_the_state_are_not_checked(tmp_path: Path) -> None:
    found = read(tmp_path, brought("wax", dx=np.ones(3), da0=np.ones(4), dba=np.ones((H, 1))))
    assert set(found.not_checked) == {"dx", "da0"}
    assert list(found.gradients) == ["b"]


@pytest.mark.parametrize("single", ["theta", "gradients", "neither"])
def test_single_precision_is_that_of_parameters_and_gradients(tmp_path: Path, single: str) -> None:
    p = NETWORKS["wxh"].random(D, H, C)
    dtypes = [np.float32 if single == part else np.float64 for part in ("theta", "gradients")]
    content = {name: array.astype(dtypes[0]) for name, array in p.items()}
    content |= {f"d{name}": array.astype(dtypes[1]) for name, array in p.items()}
    x = np.ones((4, D), np.float32)
    found = read(tmp_path, {**content, "x": x, "y": Y})
    assert found.single_precision == (single != "neither")
    assert found.theta.U.dtype == found.gradients["W"].dtype == found.x.dtype == np.float64


# Hostile files


@both
def test_parameters_that_are_not_finite(tmp_path: Path, extension: str) -> None:
    Whh = np.eye(H)
    Whh[1, 2] = np.nan
    path = put(tmp_path / f"own{extension}", brought("wxh", Whh=Whh))
    with refused(f"own{extension}: Whh has 1 of 16 numbers that are not finite, first Whh[1, 2]"):
        read_submission(path)


def test_biases_whose_sum_is_too_large(tmp_path: Path) -> None:
    large = np.full(H, 1e308)
    with refused("own.npz: biases whose sum is larger than float64 holds"):
        read(tmp_path, brought("pytorch", **{f"rnn.bias_{i}h_l0": large for i in "ih"}))


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("unpickled",))


def test_no_pickle_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with refused("dW holds Python objects (a pickle), which are never loaded"):
        read(tmp_path, brought(dW=np.array([[Bomb()]], dtype=object)))
    (tmp_path / "own.npz").write_bytes(pickle.dumps(Bomb()))
    with refused("holds Python objects (a pickle)"):
        read_submission(tmp_path / "own.npz")
    assert not Path("unpickled").exists()


def test_a_gradient_of_another_size_than_declared(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999, 99999999)}"
    put(path, brought())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("dW.npy", b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header)
    with refused("dW declares shape (99999999, 99999999), 79999998400000008 bytes, but holds 0"):
        read_submission(path)


def test_a_file_of_very_many_names(tmp_path: Path) -> None:
    many = {f"dW{i}": np.ones(1) for i in range(501)}
    with refused("own.npz: holds 508 arrays; expected those of one network"):
        read(tmp_path, brought(**many))
    with refused("own.npz: ", "several layers"):
        read(tmp_path, brought(**{f"weight_hh_l{'9' * 5000}"[:200]: np.eye(H)}))


def test_a_submission_is_what_the_engine_takes(tmp_path: Path) -> None:
    found = read(tmp_path, brought("keras", h0=np.ones((1, 1, H)), activation="relu"))
    tape = record(found.theta, found.x, found.y, found.initial_state, found.activation)
    assert np.isfinite(tape.loss)
