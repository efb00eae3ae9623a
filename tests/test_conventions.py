"""A network of any convention is the network that its author runs: loops in their own layout."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from core.errors import InputError
from core.parameters import NAMES, Parameters
from core.tape import Tape, record
from tuiviz.files import recognition
from tuiviz.files.conventions import TABLE, Convention
from tuiviz.files.submission import Submission, read_submission, write_submission
from tuiviz.files.weights import load_parameters, load_recognised

Array = NDArray[Any]
Arrays = Mapping[str, Array]

X, Y = np.array([0, 2, 1, 2]), np.array([2, 1, 2, 0])
EXTENSIONS = (".npz", ".safetensors")


def one_hot(token: int, size: int) -> Array:
    return np.array(np.arange(size) == token, dtype=float)


def cross_entropy(z: Array, token: int) -> Any:
    return np.log(np.exp(z).sum()) - z.reshape(-1)[token]


# The loss, as the authors of each convention write it. Column vectors are (n, 1), rows (1, n).


def lecture(p: Arrays, s: Array) -> Any:
    loss = 0
    for x, y in zip(X, Y, strict=True):
        s = np.tanh(p["U"] @ one_hot(x, p["U"].shape[1]) + p["W"] @ s + p["b"])
        loss += cross_entropy(p["V"] @ s + p["c"], y)
    return loss


def lecture_rows(p: Arrays, s: Array) -> Any:
    loss = 0
    for x, y in zip(X, Y, strict=True):
        s = np.tanh(p["U"][x] + s @ p["W"] + p["b"])
        loss += cross_entropy(s @ p["V"] + p["c"], y)
    return loss


def character_model(p: Arrays, s: Array) -> Any:
    loss, hprev = 0, s[:, None]
    for x, y in zip(X, Y, strict=True):
        xs = one_hot(x, p["Wxh"].shape[1])[:, None]
        hprev = np.tanh(np.dot(p["Wxh"], xs) + np.dot(p["Whh"], hprev) + p["bh"])
        loss += cross_entropy(np.dot(p["Why"], hprev) + p["by"], y)
    return loss


def minibatch_rows(p: Arrays, s: Array) -> Any:
    loss, H = 0, s[None, :]
    for x, y in zip(X, Y, strict=True):
        batch = one_hot(x, len(p["W_xh"]))[None, :]
        H = np.tanh(batch @ p["W_xh"] + H @ p["W_hh"] + p["b_h"])
        loss += cross_entropy(H @ p["W_hq"] + p["b_q"], y)
    return loss


def captioning(p: Arrays, s: Array) -> Any:
    loss, h = 0, s[None, :]
    for x, y in zip(X, Y, strict=True):
        h = np.tanh(p["Wx"][[x]].dot(np.eye(len(s))) + h.dot(p["Wh"]) + p["b"])
        loss += cross_entropy(h.dot(p["W_vocab"]) + p["b_vocab"], y)
    return loss


def columns_wx(p: Arrays, s: Array) -> Any:
    loss = 0
    for x, y in zip(X, Y, strict=True):
        s = np.tanh(p["Wx"][:, x] + p["Wh"] @ s + p["b"])
        loss += cross_entropy(p["Wy"] @ s + p["by"], y)
    return loss


def course_of_cells(p: Arrays, s: Array) -> Any:
    loss, a_prev = 0, s[:, None]
    for x, y in zip(X, Y, strict=True):
        xt = one_hot(x, p["Wax"].shape[1])[:, None]
        a_prev = np.tanh(np.dot(p["Waa"], a_prev) + np.dot(p["Wax"], xt) + p["ba"])
        loss += cross_entropy(np.dot(p["Wya"], a_prev) + p["by"], y)
    return loss


def cells_in_rows(p: Arrays, s: Array) -> Any:
    loss, a = 0, s[None, :]
    for x, y in zip(X, Y, strict=True):
        a = np.tanh(one_hot(x, len(p["Wax"])) @ p["Wax"] + a @ p["Waa"] + p["ba"])
        loss += cross_entropy(a @ p["Wya"] + p["by"], y)
    return loss


def module(p: Arrays, s: Array) -> Any:
    """x W_ihᵀ + b_ih + h W_hhᵀ + b_hh, as the documentation of nn.RNN has it."""
    loss, h = 0, s[None, :]
    for x, y in zip(X, Y, strict=True):
        batch = one_hot(x, p["rnn.weight_ih_l0"].shape[1])[None, :]
        from_x = batch @ p["rnn.weight_ih_l0"].T + p["rnn.bias_ih_l0"]
        h = np.tanh(from_x + h @ p["rnn.weight_hh_l0"].T + p["rnn.bias_hh_l0"])
        loss += cross_entropy(h @ p["decoder.weight"].T + p["decoder.bias"], y)
    return loss


def layers(p: Arrays, s: Array) -> Any:
    loss, h = 0, s[None, :]
    for x, y in zip(X, Y, strict=True):
        inputs = one_hot(x, len(p["simple_rnn/kernel"]))[None, :] @ p["simple_rnn/kernel"]
        h = np.tanh(inputs + p["simple_rnn/bias"] + h @ p["simple_rnn/recurrent_kernel"])
        loss += cross_entropy(h @ p["dense/kernel"] + p["dense/bias"], y)
    return loss


@dataclass(frozen=True)
class Network:
    """One convention: its loss, and the names of each parameter with their shapes in D, H, C."""

    loss: Callable[[Arrays, Array], Any]
    shapes: Mapping[str, str]
    state: str = "h0"

    def random(self, D: int, H: int, C: int, seed: int = 0) -> dict[str, Array]:
        sizes = {"D": D, "H": H, "C": C, "1": 1}
        rng = np.random.default_rng(seed)
        return {
            name: rng.uniform(-0.9, 0.9, [sizes[letter] for letter in shape])
            for name, shape in self.shapes.items()
        }


NETWORKS = {
    "lecture": Network(lecture, {"U": "HD", "W": "HH", "V": "CH", "b": "H", "c": "C"}, "s0"),
    "lecture-rows": Network(lecture_rows, {"U": "DH", "W": "HH", "V": "HC", "b": "H", "c": "C"}),
    "wxh": Network(
        character_model,
        {"Wxh": "HD", "Whh": "HH", "Why": "CH", "bh": "H1", "by": "C1"},
        "hprev",
    ),
    "wxh-rows": Network(
        minibatch_rows, {"W_xh": "DH", "W_hh": "HH", "W_hq": "HC", "b_h": "H", "b_q": "C"}
    ),
    "wx": Network(captioning, {"Wx": "DH", "Wh": "HH", "W_vocab": "HC", "b": "H", "b_vocab": "C"}),
    "wx-columns": Network(columns_wx, {"Wx": "HD", "Wh": "HH", "Wy": "CH", "b": "H", "by": "C"}),
    "wax": Network(
        course_of_cells, {"Wax": "HD", "Waa": "HH", "Wya": "CH", "ba": "H1", "by": "C1"}, "a0"
    ),
    "wax-rows": Network(
        cells_in_rows, {"Wax": "DH", "Waa": "HH", "Wya": "HC", "ba": "1H", "by": "1C"}, "a0"
    ),
    "pytorch": Network(
        module,
        {
            "rnn.weight_ih_l0": "HD",
            "rnn.weight_hh_l0": "HH",
            "rnn.bias_ih_l0": "H",
            "rnn.bias_hh_l0": "H",
            "decoder.weight": "CH",
            "decoder.bias": "C",
        },
    ),
    "keras": Network(
        layers,
        {
            "simple_rnn/kernel": "DH",
            "simple_rnn/recurrent_kernel": "HH",
            "simple_rnn/bias": "H",
            "dense/kernel": "HC",
            "dense/bias": "C",
        },
    ),
}

every_network = pytest.mark.parametrize("name", NETWORKS)
both = pytest.mark.parametrize("extension", EXTENSIONS)
sizes = pytest.mark.parametrize("size", [(3, 4, 5), (5, 3, 4), (3, 3, 3), (4, 4, 3), (3, 1, 3)])


def put(path: Path, content: Arrays) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **content)  # type: ignore[arg-type]  # no keyword of savez is among them
    else:
        save_file({name: np.ascontiguousarray(array) for name, array in content.items()}, path)
    return path


def differences(loss: Callable[[Arrays, Array], Any], p: Arrays, s: Array) -> dict[str, Array]:
    """∂E/∂p of the loop by the complex step, entry by entry, in the layout of p."""
    found = {}
    for name, array in p.items():
        found[name] = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            nudged = array.astype(complex)
            nudged[index] += 1e-30j
            found[name][index] = np.imag(loss({**p, name: nudged}, s)).item() / 1e-30
    return found


def tape_of(found: Submission) -> Tape:
    return record(found.theta, found.x, found.y, found.initial_state)


@contextmanager
def refused(*expected: str) -> Iterator[None]:
    with pytest.raises(InputError) as caught:
        yield
    line = str(caught.value)
    assert "\n" not in line
    for part in expected:
        assert part in line


# The same loss, the same gradient


def test_every_row_of_the_table_is_tested() -> None:
    assert list(NETWORKS) == [row.name for row in TABLE]


@every_network
@both
@sizes
def test_the_loss_is_that_of_the_author_s_loop(
    tmp_path: Path, name: str, size: tuple[int, int, int], extension: str
) -> None:
    network = NETWORKS[name]
    p = network.random(*size)
    s = np.linspace(-0.5, 0.8, size[1])
    content = {**p, "x": X, "y": Y, network.state: s}
    found = read_submission(put(tmp_path / f"own{extension}", content), name)
    assert tape_of(found).loss == pytest.approx(np.real(network.loss(p, s)).item(), rel=1e-13)
    theta = load_parameters(tmp_path / f"own{extension}", name)
    assert record(theta, X, Y, s).loss == tape_of(found).loss


@every_network
@pytest.mark.parametrize("size", [(3, 4, 5), (3, 3, 3)])
def test_the_gradient_is_that_of_the_author_s_loop(
    tmp_path: Path, name: str, size: tuple[int, int, int]
) -> None:
    network = NETWORKS[name]
    p = network.random(*size)
    s = np.linspace(-0.5, 0.8, size[1])
    before = Convention.usual(name).row.gradient
    theirs = {f"{before}{n}": g for n, g in differences(network.loss, p, s).items()}
    content = {**p, **theirs, "x": X, "y": Y, network.state: s}
    found = read_submission(put(tmp_path / "own.npz", content), name)
    right = tape_of(found).gradient()
    assert list(found.gradients) == list(NAMES)
    for parameter, gradient in found.gradients.items():
        assert np.allclose(gradient, getattr(right, parameter), rtol=1e-12, atol=1e-14)


@every_network
@pytest.mark.parametrize("size", [(3, 4, 5), (3, 3, 3)])
def test_what_is_written_runs_in_the_author_s_loop(
    tmp_path: Path, name: str, size: tuple[int, int, int]
) -> None:
    network = NETWORKS[name]
    s = np.linspace(-0.5, 0.8, size[1])
    convention = read_submission(
        put(tmp_path / "own.npz", {**network.random(*size), "x": X, "y": Y}), name
    ).convention
    theta = load_parameters(put(tmp_path / "new.npz", network.random(*size, seed=7)), name)
    tape = record(theta, X, Y, s)
    p = convention.named(theta)
    assert np.real(network.loss(p, s)).item() == pytest.approx(tape.loss, rel=1e-13)
    written = convention.named_gradient(tape.gradient())
    for n, gradient in differences(network.loss, p, s).items():
        assert np.allclose(written[convention.row.gradient + n], gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [row.name for row in TABLE])
@both
def test_what_is_written_is_read_bit_for_bit(tmp_path: Path, name: str, extension: str) -> None:
    rng = np.random.default_rng(3)
    theta = Parameters(*(rng.normal(size=size) for size in [(4, 3), (4, 4), (5, 4), (4,), (5,)]))
    s = rng.normal(size=4)
    gradient = record(theta, X, Y, s).gradient()
    convention = Convention.usual(name)
    path = tmp_path / f"own{extension}"
    write_submission(path, convention, theta, X, Y, s, gradient)
    found = read_submission(path)
    assert found.convention == convention
    assert found.initial_state is not None
    assert np.array_equal(found.initial_state, s)
    for parameter in NAMES:
        assert np.array_equal(getattr(found.theta, parameter), getattr(theta, parameter))
        assert np.array_equal(found.gradients[parameter], getattr(gradient, parameter))


# Which convention it is


@every_network
@both
def test_a_convention_is_recognised(tmp_path: Path, name: str, extension: str) -> None:
    path = put(tmp_path / f"own{extension}", NETWORKS[name].random(3, 4, 5))
    assert load_recognised(path)[0].name == name


@every_network
@both
def test_biases_may_be_left_out(tmp_path: Path, name: str, extension: str) -> None:
    p = NETWORKS[name].random(3, 4, 5)
    matrices = {n: a for n, a in p.items() if a.ndim == 2 and 1 not in a.shape}
    convention, theta = load_recognised(put(tmp_path / f"own{extension}", matrices))
    assert convention.name == name
    assert set(convention.names) == set("UWV")
    assert not theta.b.any()
    assert not theta.c.any()


@every_network
@both
def test_float32_stays_float32(tmp_path: Path, name: str, extension: str) -> None:
    p = {n: a.astype(np.float32) for n, a in NETWORKS[name].random(3, 4, 5).items()}
    path = put(tmp_path / f"own{extension}", {**p, "x": X, "y": Y})
    assert load_parameters(path).W.dtype == np.float32
    found = read_submission(path)
    assert found.single_precision
    assert found.theta.W.dtype == np.float64


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("wxh", "Wxh Whh Why bh by (column vectors)"),
        ("wx", "Wx Wh W_vocab b b_vocab (row vectors)"),
        (
            "pytorch",
            "rnn.weight_ih_l0 rnn.weight_hh_l0 decoder.weight "
            "rnn.bias_ih_l0+rnn.bias_hh_l0 decoder.bias (column vectors)",
        ),
    ],
)
def test_a_convention_is_told_by_the_names_in_the_file(
    tmp_path: Path, name: str, told: str
) -> None:
    path = put(tmp_path / "own.npz", NETWORKS[name].random(3, 4, 5))
    assert str(load_recognised(path)[0]) == told


def renamed(network: str, **parts: str) -> dict[str, Array]:
    """A network with parts of its names replaced."""
    found = {}
    for name, array in NETWORKS[network].random(3, 4, 5).items():
        for old, new in parts.items():
            name = name.replace(old.replace("_dot", ".").replace("_slash", "/"), new)
        found[name] = array
    return found


@pytest.mark.parametrize(
    ("network", "parts"),
    [
        ("pytorch", {"rnn_dot": "", "decoder_dot": ""}),
        ("pytorch", {"rnn_dot": "model.rnn.", "decoder_dot": "model.head.0."}),
        ("pytorch", {"rnn_dot": "cell.", "_l0": "", "decoder_dot": "fc."}),
        ("pytorch", {"rnn_dot": "", "decoder_dot": "grad.".upper()}),
        ("keras", {"simple_rnn_slash": "", "dense_slash": "dense_"}),
        ("keras", {"simple_rnn_slash": "model/simple_rnn_1/simple_rnn_cell/", "dense": "dense_7"}),
        ("keras", {"kernel": "kernel:0", "bias": "bias:0"}),
        ("wxh", {"W": "params/W", "b": "params/b"}),
        ("wx", {"W_vocab": "Why", "b_vocab": "by"}),
        ("wx", {"W_vocab": "V", "b_vocab": "c"}),
        ("wxh", {"Wxh": "W_ih", "Whh": "W_hh", "Why": "W_ho", "bh": "b_h", "by": "b_o"}),
    ],
)
def test_names_with_other_paths_and_spellings(
    tmp_path: Path, network: str, parts: dict[str, str]
) -> None:
    content = renamed(network, **parts)
    convention, theta = load_recognised(put(tmp_path / "own.npz", content))
    plain = load_parameters(put(tmp_path / "plain.npz", NETWORKS[network].random(3, 4, 5)))
    assert convention.name == network
    assert {name for names in convention.names.values() for name in names} == set(content)
    for parameter in NAMES:
        assert np.array_equal(getattr(theta, parameter), getattr(plain, parameter))


def test_square_matrices_of_our_names_are_ours(tmp_path: Path) -> None:
    path = put(tmp_path / "own.npz", NETWORKS["lecture"].random(4, 4, 4))
    assert load_recognised(path)[0].name == "lecture"
    assert load_recognised(path, "lecture-rows")[0].name == "lecture-rows"


def test_square_matrices_of_names_used_in_both_layouts_are_asked_about(tmp_path: Path) -> None:
    p = NETWORKS["wxh"].random(4, 4, 4)
    flat = {name: array.squeeze() for name, array in p.items()}
    with refused("leave a choice", "--convention wxh (column vectors) or --convention wxh-rows"):
        load_parameters(put(tmp_path / "own.npz", flat))
    assert np.array_equal(load_parameters(tmp_path / "own.npz", "wxh-rows").W, p["Whh"].T)
    # A bias (H, 1) can be added to a column alone.
    assert load_recognised(put(tmp_path / "own.npz", p))[0].name == "wxh"


# What no convention is


def test_every_name_is_documented() -> None:
    page = Path(__file__).parent.parent.joinpath("docs/conventions.md").read_text("utf-8")
    documented = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `")}
    above = ""
    for row in TABLE:
        line = documented[row.name]
        above = above if "| | | | | |" in line else line
        for parameter in NAMES:
            for names in row.choices(parameter):
                assert " + ".join(f"`{name}`" for name in names) in above
        vectors = "rows" if row.transposed else "columns"
        assert line.endswith(f"| {vectors} |")
    for name in (*recognition.X, *recognition.Y, *recognition.INITIAL_STATES):
        assert f"`{name}`" in page


def lacking(network: str, *names: str) -> dict[str, Array]:
    p = NETWORKS[network].random(3, 4, 5)
    return {name: array for name, array in p.items() if name not in names}


def having(network: str, name: str, array: Array) -> dict[str, Array]:
    return {**NETWORKS[network].random(3, 4, 5), name: array}


@both
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            lacking("wxh", "Why", "by"),
            "; expected Wxh, Whh, Why and, if wanted, bh, by",
        ),
        (lacking("wx", "Wx"), "expected Wx, Wh, Wy and, if wanted, b, by"),
        (lacking("wax", "Waa"), "expected Wax, Waa, Wya and, if wanted, ba, by"),
        (lacking("pytorch", "decoder.weight"), "expected weight_ih_l0, weight_hh_l0, weight"),
        (lacking("pytorch", "rnn.bias_hh_l0"), "holds rnn.bias_ih_l0, not known beside"),
        (lacking("keras", "dense/kernel", "dense/bias"), "expected kernel, recurrent_kernel"),
        (having("wxh", "Wxz", np.eye(4)), "holds Wxz, not known beside Wxh Whh Why bh by"),
        (
            having("pytorch", "encoder.weight", np.eye(3)),
            "decoder.weight and encoder.weight, each of which may be the matrix of the readout",
        ),
        (
            having("pytorch", "other.weight_hh_l0", np.eye(4)),
            "other.weight_hh_l0 and rnn.weight_hh_l0, each of which may be the matrix of the state",
        ),
        (
            having("keras", "rnn_2/recurrent_kernel", np.eye(4)),
            "each of which may be the matrix of the state",
        ),
        (having("wx", "Wy", np.eye(4)), "each of which may be the matrix of the readout"),
        (
            having("pytorch", "rnn.weight_hh_l1", np.eye(4)),
            "several layers: it holds rnn.weight_hh_l1; expected one layer, forward",
        ),
        (
            having("pytorch", "rnn.weight_ih_l0_reverse", np.eye(4)),
            "two directions: it holds rnn.weight_ih_l0_reverse",
        ),
        (
            having("pytorch", "rnn.weight_hh_l0", np.ones((16, 4))),
            "rnn.weight_hh_l0 has shape (16, 4), 4 blocks of (4, 4), as an LSTM has; expected one",
        ),
        (
            having("pytorch", "rnn.weight_hh_l0", np.ones((12, 4))),
            "rnn.weight_hh_l0 has shape (12, 4), 3 blocks of (4, 4), as a GRU has",
        ),
        (
            having("keras", "simple_rnn/recurrent_kernel", np.ones((4, 16))),
            "simple_rnn/recurrent_kernel has shape (4, 16), 4 blocks of (4, 4), as an LSTM has",
        ),
        (having("wxh", "Why", np.ones((5, 3))), "Why has shape (5, 3); expected (C, 4), as Whh is"),
        (
            having("wx", "Wx", np.ones((4, 3))),
            "Wx has shape (4, 3); expected (D, 4), as Wh is (4, 4)",
        ),
        (having("wx", "b", np.ones((4, 1))), "b has shape (4, 1); expected (4,), as Wh is (4, 4)"),
        (
            having("wax", "by", np.ones(4)),
            "by has shape (4,); expected (5,), as Wya is (5, 4)",
        ),
        (
            having("pytorch", "rnn.bias_hh_l0", np.ones(3)),
            "rnn.bias_hh_l0 has shape (3,); expected (4,), as rnn.weight_hh_l0 is (4, 4)",
        ),
        (having("keras", "dense/kernel", np.ones((5, 4))), "expected (4, C), as"),
    ],
)
def test_names_and_shapes_that_fit_no_convention(
    tmp_path: Path, content: Arrays, said: str, extension: str
) -> None:
    with refused(f"own{extension}: ", said):
        load_parameters(put(tmp_path / f"own{extension}", content))


@both
def test_a_chosen_convention_is_the_only_one(tmp_path: Path, extension: str) -> None:
    path = put(tmp_path / f"own{extension}", NETWORKS["wxh"].random(3, 4, 5))
    with refused("own", "expected U, W, V and, if wanted, b, c"):
        load_parameters(path, "lecture")
    with refused("Wxh has shape (4, 3); expected (D, 4)"):
        load_parameters(path, "wxh-rows")
    with refused('convention "th␛eirs": expected one of lecture, lecture-rows, wxh'):
        load_parameters(path, "th\x1beirs")
