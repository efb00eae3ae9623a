"""The forward pass, what a tape promises of its arrays, large numbers, and what is refused."""

from __future__ import annotations

import re
import signal
import tracemalloc
from collections.abc import Callable
from itertools import count, repeat
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import KINDS, RNNS, Array, Problem, close, laws, problems

import tuiviz as tv
from core.chain import Expression
from core.program import Node, cross_entropy, identity, sigmoid, softmax, tanh
from core.recording import BREATH, run

every_network = pytest.mark.parametrize("network", KINDS)
every_rnn = pytest.mark.parametrize("network", RNNS)


@every_network
@laws
@given(data=st.data())
def test_the_values_are_those_of_a_plain_loop(network: str, data: st.DataObject) -> None:
    problem = data.draw(problems(network, longest=12))
    values = problem.tape.values
    assert list(values) == list(problem.values)
    for name, expected in problem.values.items():
        close(values[name], expected, 1e-12)
    assert problem.tape.loss == pytest.approx(problem.values["E"].sum(), rel=1e-12)
    for name, state in problem.initial_states.items():
        if name == "s":
            np.testing.assert_array_equal(problem.tape.initial_state, state)


@pytest.mark.parametrize("steps", [1, BREATH, BREATH + 1, BREATH + 2, 2 * BREATH + 2])
def test_the_breaks_of_a_long_loop_leave_no_step_out(steps: int) -> None:
    theta = tv.Parameters.random(inputs=3, hidden=5, outputs=3, seed=1)
    x = np.arange(steps) % 3
    state = np.zeros(5)
    for t, found in enumerate(tv.record(theta, x, x).values["s"]):
        state = np.tanh(theta.U[:, x[t]] + theta.W @ state)
        close(found, state, 1e-12)


def test_a_long_loop_can_be_interrupted() -> None:
    """It has no bytecode of its own, where Python hears a signal."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    matrix = np.ones((1000, 1000))
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    done: list[int] = []
    try:
        with pytest.raises(KeyboardInterrupt):
            run([map(np.dot, repeat(matrix, 20_000), repeat(matrix[0])), map(done.append, count())])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert 0 < len(done) < 20_000


@every_network
@laws
@given(data=st.data())
def test_tokens_are_one_hot_vectors(network: str, data: st.DataObject) -> None:
    problem = data.draw(problems(network))
    vectors = Problem(problem.kind, problem.theta, problem.vectors, problem.y, problem.initial).tape
    for name in problem.names:
        found = getattr(problem.tape.gradient(), name)
        close(found, getattr(vectors.gradient(), name), 1e-12, scale=1e-3)
        for term, other in zip(
            problem.tape.error(0).terms(name), vectors.error(0).terms(name), strict=True
        ):
            close(term.value, other.value, 1e-12, scale=1e-3)
            assert term.norm == pytest.approx(other.norm, abs=1e-15)


def everything(tape: tv.Tape) -> list[Array]:
    """What can be asked of a tape, as arrays."""
    names = list(tape.program.parameters)
    found = [*tape.values.values(), tape.reach(), tape.log_reach(), tape.jacobian(2, 0)]
    for gradient in (tape.gradient(), tape.gradient(tv.Truncation(2, 3))):
        found += [getattr(gradient, name) for name in names]
    for t in range(tape.steps):
        found += tape.error(t).adjoints.values()
        for name in names:
            terms = tape.error(t).terms(name)
            found += [terms.sum, *(term.value for term in terms)]
    return found


def example(network: str = "tanh", dtype: Any = np.float64) -> Problem:
    kind, rng = KINDS[network], np.random.default_rng(5)
    sizes = {"H": 3, "D": 4, "C": 4}
    theta = {
        name: rng.standard_normal([sizes[axis] for axis in shape]).astype(dtype) / 2
        for name, shape in kind.shapes.items()
    }
    initial = {state: rng.standard_normal(3) for state in kind.states}
    return Problem(
        kind, kind.theta(**theta), rng.integers(4, size=5), rng.integers(4, size=5), initial
    )


@every_network
def test_asking_twice_gives_bit_identical_arrays(network: str) -> None:
    problem = example(network)
    tapes = problem.tape, problem.tape, example(network).tape
    first, again, anew = (everything(tape) for tape in tapes)
    for one, two, three in zip(first, again, anew, strict=True):
        assert one.tobytes() == two.tobytes() == three.tobytes()


@every_network
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_has_the_precision_of_the_parameters(network: str, dtype: Any) -> None:
    for array in everything(example(network, dtype).tape):
        assert array.dtype == dtype


@every_network
def test_single_precision_is_double_precision_rounded(network: str) -> None:
    single, double = example(network, np.float32).tape, example(network).tape
    for name in single.program.parameters:
        close(getattr(single.gradient(), name), getattr(double.gradient(), name), 1e-4, scale=0.1)


@pytest.mark.parametrize("dtype", [np.float16, np.int64])
def test_other_numbers_become_double_precision(dtype: Any) -> None:
    theta = tv.Parameters(*(np.ones(shape, dtype) for shape in ((2, 3), (2, 2), (3, 2))))
    assert tv.record(theta, [0, 1], [1, 2]).values["s"].dtype == np.float64


@every_network
def test_a_tape_s_arrays_are_read_only(network: str) -> None:
    tape = example(network).tape
    for array in (*tape.values.values(), *tape.inputs.values(), tape.initial_state):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@every_network
def test_writing_into_an_answer_changes_no_later_answer(network: str) -> None:
    error = example(network).tape.error(4)

    def answers() -> list[Array]:
        found = list(error.adjoints.values())
        for name in error.parameters:
            terms = error.terms(name)
            found += [getattr(error.gradient(), name), terms.sum, terms.norms, terms.shares]
        return found

    expected = [array.copy() for array in answers()]
    for array in answers():
        if array.flags.writeable:
            array[...] = np.nan
    for found, before in zip(answers(), expected, strict=True):
        np.testing.assert_array_equal(found, before)


@every_network
def test_a_tape_does_not_alias_what_it_was_given(network: str) -> None:
    problem = example(network)
    expected = everything(example(network).tape)
    tape = problem.tape
    given = [problem.x, problem.y, *(problem.initial or {}).values()]
    for array in (*given, *(getattr(problem.theta, name) for name in problem.names)):
        if array.flags.writeable:
            array[...] = 0
    for found, other in zip(everything(tape), expected, strict=True):
        np.testing.assert_array_equal(found, other)


def test_dense_inputs_are_copied() -> None:
    x = np.ones((2, 3))
    tape = tv.record(tv.Parameters.random(3, 2, 3), x, [1, 2])
    before = tape.gradient().U.copy()
    x[...] = 0
    np.testing.assert_array_equal(tape.gradient().U, before)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("size", [1e4, 800.0, 60.0])
def test_large_logits_have_exact_losses(size: float, dtype: Any) -> None:
    """z = (L, −L, 0), so E = log(1 + e^{−2L} + e^{−L}) + L − z[y] = L − z[y] to the last digit."""
    zeros = np.zeros((3, 1), dtype)
    c = np.array([size, -size, 0], dtype)
    theta = tv.Parameters(U=zeros.T, W=zeros[:1], V=zeros, c=c)
    tape = tv.record(theta, [0, 1, 2], [0, 1, 2])
    np.testing.assert_array_equal(tape.values["E"], np.array([0, 2 * size, size], dtype))
    np.testing.assert_allclose(tape.values["yhat"], [[1, 0, 0]] * 3, atol=1e-25)
    for t in range(3):
        expected = np.array([1, 0, 0]) - np.eye(3)[t]
        np.testing.assert_allclose(tape.error(t).gradient().c, expected, atol=1e-25)


def test_a_loss_beyond_the_smallest_float_has_the_right_gradient() -> None:
    """ŷ[y] = 0 in floats, and still ∂E/∂V = (ŷ − y) ⊗ s."""
    V = np.array([[1e4], [-1e4]])
    theta = tv.Parameters(U=np.ones((1, 1)), W=np.ones((1, 1)), V=V)
    tape = tv.record(theta, [0], [1], activation="identity")
    assert tape.values["yhat"].tolist() == [[1.0, 0.0]]
    assert tape.loss == 2e4
    np.testing.assert_array_equal(tape.gradient().V, [[1.0], [-1.0]])
    np.testing.assert_array_equal(tape.error(0).terms("W")[0].value, [[0.0]])
    np.testing.assert_array_equal(tape.gradient().b, [2e4])


def exploding(network: str = "identity", activation: str = "identity") -> tv.Tape:
    """s_0 about 1, s_1 about 1e200, s_2 infinite, and nothing that is a number after it."""
    theta = tv.Parameters(
        U=np.ones((2, 2)), W=1e200 * (np.eye(2) + 0.1), V=np.array([[1.0, 2], [3, 4], [5, 7]])
    )
    return tv.record(theta, np.ones((6, 2)), [0, 1, 2, 0, 1, 2], activation=activation)


def test_an_exploding_run_shows_infinities_where_they_arise() -> None:
    values = exploding().values
    for array in values.values():
        assert np.isfinite(array[:2]).all()
        assert not np.isfinite(array[2:]).any() or array is values["yhat"]
    assert np.isposinf(values["s"][2]).all()
    assert np.isnan(values["E"][2:]).all()
    assert np.isnan(exploding().loss)


def test_an_exploding_run_can_be_asked_everything_without_a_warning() -> None:
    tape = exploding()
    assert everything(tape)
    assert all(np.isnan(error) for error in tv.gradient_check(tape).values())
    for k1 in (1, 2, 6):
        tape.gradient(tv.Truncation(k1, 2))


@pytest.mark.parametrize("t", [0, 1])
def test_errors_before_an_explosion_are_those_of_the_sequence_cut_there(t: int) -> None:
    whole = exploding()
    cut = tv.record(whole.theta, np.ones((2, 2)), [0, 1], activation="identity")
    for name in "UWVbc":
        found = getattr(whole.error(t).gradient(), name)
        assert np.isfinite(found).all()
        np.testing.assert_array_equal(found, getattr(cut.error(t).gradient(), name))
    np.testing.assert_array_equal(whole.reach()[:2, :2], cut.reach())
    np.testing.assert_array_equal(whole.log_reach()[:2, :2], cut.log_reach())
    np.testing.assert_array_equal(whole.jacobian(t, 0), cut.jacobian(t, 0))


@every_network
def test_what_a_later_step_overflows_to_does_not_reach_an_earlier_one(network: str) -> None:
    """A step that reads NaN: no error, Jacobian or reach before it differs from that without it."""
    problem = example(network)
    x = np.eye(4)[problem.x]
    x[3] = np.nan
    broken = Problem(problem.kind, problem.theta, x, problem.y, problem.initial).tape
    whole = Problem(problem.kind, problem.theta, problem.vectors, problem.y, problem.initial).tape
    for t in range(3):
        for name in problem.names:
            gradient = getattr(broken.error(t).gradient(), name)
            np.testing.assert_array_equal(gradient, getattr(whole.error(t).gradient(), name))
        for k in range(-1, t + 1):
            np.testing.assert_array_equal(broken.jacobian(t, k), whole.jacobian(t, k))
    np.testing.assert_allclose(broken.reach()[:3], whole.reach()[:3], rtol=1e-13)
    np.testing.assert_allclose(broken.log_reach()[:3], whole.log_reach()[:3], atol=1e-13)


def test_a_truncation_keeps_an_explosion_within_its_blocks() -> None:
    """TBPTT(1, 1): what E_t sends back stays at t, so b's gradient is that of each step alone."""
    tape = exploding()
    parts = [tape.error(t).gradient(tv.Truncation(1, 1)).b for t in range(2)]
    assert np.isfinite(parts).all()


def test_a_term_of_1e_minus_300_is_seen_as_such() -> None:
    """∂E_t/∂b|_k = g_t w^{t−k}: with w = 1e-100 the one at lag 3 is about 1e-300."""
    V = np.array([[1.0], [-1.0]])
    theta = tv.Parameters(U=np.zeros((1, 1)), W=np.full((1, 1), 1e-100), V=V)
    terms = tv.record(theta, [0, 0, 0, 0], [1, 1, 1, 1], activation="identity").error(3).terms("b")
    np.testing.assert_allclose([term.norm for term in terms], [1, 1e-100, 1e-200, 1e-300])
    np.testing.assert_allclose([term.share for term in terms], [1, 1e-100, 1e-200, 1e-300])


def test_norms_and_shares_of_tiny_matrices_do_not_underflow() -> None:
    """A term of W of 1e-300 in a sum of 1e-300: the square of either is no float."""
    theta = tv.Parameters(
        U=np.full((2, 2), 1e-150), W=np.eye(2), V=1e-150 * np.array([[1.0, 2], [3, -5]])
    )
    terms = tv.record(theta, [0, 1, 0], [1, 0, 1], activation="identity").error(2).terms("U")
    assert all(1e-151 < term.norm < 1e-148 for term in terms)
    assert sum(term.share for term in terms) == pytest.approx(1)
    terms = tv.record(theta, [0, 1, 0], [1, 0, 1], activation="identity").error(2).terms("W")
    assert 1e-301 < terms[0].norm < 1e-298
    assert sum(term.share for term in terms) == pytest.approx(1)


THETA = tv.Parameters.random(inputs=3, hidden=2, outputs=3)
TAPE = tv.record(THETA, [0, 1, 2, 0], [1, 2, 0, 1])


@pytest.mark.parametrize(
    ("ask", "parts"),
    [
        (lambda: tv.record(THETA, [0, 1], [1]), ["(2,)", "(1,)", "(T,)"]),
        (lambda: tv.record(THETA, [], []), ["(0,)", "T ≥ 1"]),
        (lambda: tv.record(THETA, 0, 0), ["()", "(T,)"]),
        (lambda: tv.record(THETA, np.ones((2, 3, 1)), [1, 0]), ["(2, 3, 1)", "(T, D)"]),
        (lambda: tv.record(THETA, np.ones((2, 4)), [1, 0]), ["x", "(2, 4)", "(T, 3)"]),
        (lambda: tv.record(THETA, np.full((2, 3), "a"), [1, 0]), ["x", "<U1", "numbers"]),
        (lambda: tv.record(THETA, [0, 1], [[1], [0]]), ["y", "(2, 1)", "(T,)"]),
        (lambda: tv.record(THETA, [0, 3], [1, 0]), ["x", "token 3", "0 to 2"]),
        (lambda: tv.record(THETA, [0, 1], [1, -1]), ["y", "token -1", "0 to 2"]),
        (lambda: tv.record(THETA, [0.0, 1.0], [1, 0]), ["x", "float64", "integers"]),
        (lambda: tv.record(THETA, [0, 1], [1.0, 0.0]), ["y", "float64", "integers"]),
        (lambda: tv.record(THETA, [True, False], [1, 0]), ["x", "bool", "integers"]),
        (lambda: tv.record(THETA, [0], [1], [0.0]), ["initial state", "(1,)", "(2,)"]),
        (lambda: tv.record(THETA, [0], [1], ["a", "b"]), ["initial state", "numbers"]),
        (lambda: tv.record(THETA, [0], [1], {"h": [0.0, 0.0]}), ["state", '"h"', "expected s"]),
        (lambda: tv.record(THETA, [0], [1], activation="swish"), ["swish", "tanh, relu, sigmoid"]),
        (lambda: TAPE.error(4), ["4", "0 to 3"]),
        (lambda: TAPE.error(-1), ["-1", "0 to 3"]),
        (lambda: TAPE.error(2.5), ["2.5", "0 to 3"]),  # type: ignore[arg-type]
        (lambda: TAPE.error(1).terms("Q"), ["Q", "expected U, W"]),
        (lambda: TAPE.error(1).expand("Q"), ["Q", "expected U, W"]),
        (lambda: TAPE.jacobian(1, 2), ["1", "2", "k ≤ t"]),
        (lambda: TAPE.jacobian(4, 0), ["4", "t ≤ 3"]),
        (lambda: TAPE.jacobian(1, -2), ["-2", "−1 ≤ k"]),
    ],
)
def test_what_is_refused_says_what_was_found_and_expected(
    ask: Callable[[], object], parts: list[str]
) -> None:
    with pytest.raises(tv.InputError) as caught:
        ask()
    line = str(caught.value)
    assert "\n" not in line
    for part in parts:
        assert part in line


def test_what_a_tape_answers_with_is_said_in_a_line() -> None:
    """In a Python that echoes it: no functions, no nodes, no arrays."""
    error = TAPE.error(3)
    tree = error.expand("W")
    for shown, expected in {
        repr(TAPE): f"Tape(rnn, tanh, T=4, E={TAPE.loss:.4g})",
        repr(error): "Error(t=3)",
        repr(TAPE.errors(1, 3)): "Pass(first=1, last=3, low=0)",
        repr(error.terms("W")): "Terms('W', k=3…0, kept from k=0)",
        repr(error.terms("W", tv.Truncation(1, 2))): "Terms('W', k=3…0, kept from k=2)",
        repr(error.terms("V")): "Terms('V', k=3…3, kept from k=3)",
        repr(tree): "Sum(∂E₃/∂W = Σₖ, k = 3 … 0, 2×2)",
        repr(tree.children): "Children(size=4)",
        repr(tree.children[1]): "Product(∂E₃/∂W|₂ = δ₃,₂ ⊗ s₁, 2×2)",
        repr(TAPE.program): "Program(Cell(name='rnn', activation='tanh'), a s z yhat E)",
        repr(tv.check(THETA, [0], [1], tv.record(THETA, [0], [1]).gradient())): "Report(right)",
    }.items():
        assert shown == expected
    nodes: list[Expression] = [tree]
    while nodes:
        node = nodes.pop()
        assert len(repr(node)) < 120
        nodes.extend(node.children)


def peak(ask: Callable[[], object]) -> int:
    """The most bytes that are held at once while something is asked."""
    tracemalloc.start()
    try:
        ask()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def long_tape(steps: int, hidden: int = 16) -> tv.Tape:
    rng = np.random.default_rng(0)
    theta = tv.Parameters.random(8, hidden, 8)
    return tv.record(theta, rng.integers(8, size=steps), rng.integers(8, size=steps))


@pytest.mark.parametrize("name", ["W", "U", "V"])
def test_the_terms_of_an_early_error_do_not_pay_for_the_rest_of_the_tape(name: str) -> None:
    def ask(steps: int) -> int:
        tape = long_tape(steps)
        return peak(lambda: [term.norm for term in tape.error(20).terms(name)])

    ask(30)
    assert ask(3000) <= 2 * ask(300)


def test_terms_form_no_matrix_until_a_value_is_asked_for() -> None:
    hidden = 400
    tape, matrix = long_tape(30, hidden), hidden * hidden * 8
    terms = tape.error(29).terms("W")
    assert peak(lambda: [term.norm for term in terms]) < matrix / 2
    assert peak(lambda: terms[0].value) >= matrix


def test_reach_holds_little_more_than_its_answer() -> None:
    """O(T² + T H), not T² H."""
    steps = 1200
    tape = long_tape(steps, hidden=16)
    for ask in (tape.reach, tape.log_reach):
        assert peak(ask) < 2 * steps * steps * 8


Equations = Callable[[Any, Node, Any, Node], dict[str, Node]]


def network_of(equations: Equations) -> tv.Tape:
    theta = KINDS["tanh"].theta(U=np.ones((2, 3)), W=np.eye(2), V=np.ones((3, 2)))
    return tv.record(theta, [0, 1], [1, 2], cell=tv.Cell("mine", "tanh", equations))


def without_loss(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
    return {"s": tanh(p.U @ x + p.W @ previous.s)}


def with_a_missing_line(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
    s = tanh(p.U @ x + p.W @ previous.h)
    return {"s": s, "E": cross_entropy(softmax(p.V @ s), y)}


def without_recurrence(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
    s = tanh(p.U @ x)
    return {"s": s, "E": cross_entropy(softmax(p.V @ s), y)}


def with_a_readout_of_the_step_before(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
    s = tanh(p.U @ x + p.W @ previous.s)
    return {"s": s, "E": cross_entropy(softmax(p.V @ previous.s), y)}


def with_a_readout_of_a_gate(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
    u = sigmoid(p.U @ x + p.W @ previous.s)
    s = tanh(u)
    return {"u": u, "s": s, "E": cross_entropy(softmax(p.V @ u), y)}


def with_a_loss_of_no_prediction(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
    s = tanh(p.U @ x + p.W @ previous.s)
    return {"s": s, "E": cross_entropy(p.V @ s, y)}


def with_a_product_of_values(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
    s = tanh(p.U @ x + previous.s @ p.W)
    return {"s": s, "E": cross_entropy(softmax(p.V @ s), y)}


def with_a_constant(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
    s = 2 - tanh(p.U @ x + p.W @ previous.s)
    return {"s": s, "E": cross_entropy(softmax(p.V @ s), y)}


@pytest.mark.parametrize(
    ("equations", "sentence"),
    [
        (without_loss, "mine must return E"),
        (with_a_missing_line, "mine must return E and each line that `previous` reads"),
        (without_recurrence, "mine must return E and each line that `previous` reads"),
        (with_a_readout_of_the_step_before, "mine: .* only the states of the same step"),
        (with_a_readout_of_a_gate, "mine: .* reads u.*only the states of the same step"),
        (with_a_loss_of_no_prediction, "cross_entropy reads a softmax"),
        (with_a_product_of_values, "M @ v"),
        (with_a_constant, "1 − v"),
    ],
)
def test_equations_that_are_no_cell_are_refused(equations: Equations, sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence) as caught:
        network_of(equations)
    assert not re.search(r"[\n{}]", str(caught.value))


def test_a_written_cell_is_the_network_that_comes_with_tuiviz() -> None:
    def equations(p: Any, x: Node, previous: Any, y: Node) -> dict[str, Node]:
        s = tanh(identity(p.W @ previous.s) + p.b + p.U @ x)
        z = p.c + p.V @ s
        return {"s": s, "z": z, "E": cross_entropy(softmax(z), y)}

    built_in = example("tanh")
    mine = tv.record(
        built_in.theta, built_in.x, built_in.y, built_in.initial, cell=tv.Cell("", "", equations)
    )
    for name in "UWVbc":
        found, expected = getattr(mine.gradient(), name), getattr(built_in.tape.gradient(), name)
        close(found, expected, 1e-13)
    close(mine.reach(), built_in.tape.reach(), 1e-13)


def test_a_line_is_written_as_its_equation() -> None:
    written = tv.record(THETA, [0], [1]).program.written
    assert [re.sub(r"\{.\}", "", line) for line in written.values()] == [
        "U x + W s + b",
        "tanh(a)",
        "V s + c",
        "softmax(z)",
        "−log ŷ[y]",
    ]
