"""The samples are what their README says."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.learning.lags import median_lag
from core.learning.sgd import Clip
from core.parameters import NAMES
from tuiviz.files.text import Corpus, read_corpus
from tuiviz.files.weights import check_sizes, load_parameters
from tuiviz.problem import ModelOptions
from tuiviz.training import SgdOptions, new_plan

SAMPLES = Path(__file__).parent.parent / "samples"
WEIGHTS = ("vanishing.safetensors", "exploding.safetensors")


def words(corpus: Corpus) -> list[list[str]]:
    return [[corpus.vocabulary[i] for i in sequence] for sequence in corpus.sequences]


def reach_and_states(
    weights: str, sentence: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """‖∂E_T/∂s_k‖ for k = T, T−1, … 0, T the last step, and the states (T+1, H)."""
    theta = load_parameters(SAMPLES / weights)
    x, y = read_corpus(SAMPLES / "sample.txt").sequence(sentence)
    states = []
    state = np.zeros(theta.hidden)
    for token in x:
        state = np.tanh(theta.U[:, token] + theta.W @ state + theta.b)
        states.append(state)
    exponentials = np.exp(theta.V @ state + theta.c)
    error = exponentials / exponentials.sum()
    error[y[-1]] -= 1
    back = theta.V.T @ error
    norms = [np.linalg.norm(back)]
    for state in states[:0:-1]:
        back = theta.W.T @ ((1 - state**2) * back)
        norms.append(np.linalg.norm(back))
    return np.array(norms), np.array(states)


def test_the_english_verb_agrees_with_the_second_word() -> None:
    corpus = read_corpus(SAMPLES / "sample.txt")
    assert len(corpus.vocabulary) == 6
    assert len(corpus.sequences) == 4
    for sentence in words(corpus):
        assert len(sentence) == 6
        assert {"cats": "sleep", "cat": "sleeps"}[sentence[1]] == sentence[-1]
    nouns_and_verbs = {(sentence[4], sentence[5]) for sentence in words(corpus)}
    assert len(nouns_and_verbs) == 4  # the noun before the verb settles nothing


def test_the_korean_verb_honours_the_first_word() -> None:
    for sentence in words(read_corpus(SAMPLES / "korean.txt")):
        assert {"할머니께서": "읽으신다", "아이가": "읽는다"}[sentence[0]] == sentence[-1]


def test_the_last_bracket_closes_the_first() -> None:
    corpus = read_corpus(SAMPLES / "characters.txt", "char")
    assert corpus.vocabulary == ("(", "a", ")", "[", "]")
    assert {line[0] + line[-1] for line in words(corpus)} == {"()", "[]"}
    for path in SAMPLES.glob("*.txt"):
        assert read_corpus(path, "char").sequence(1)


@pytest.mark.parametrize("sentence", [1, 2, 3, 4])
def test_the_gradient_vanishes(sentence: int) -> None:
    norms, states = reach_and_states("vanishing.safetensors", sentence)
    assert (norms[1:] <= norms[:-1] / 50).all()
    assert norms[-1] < 1e-6 * norms[0]
    assert norms[-1] > 0
    assert 0.1 < abs(states).max() < 0.9


@pytest.mark.parametrize("sentence", [1, 2, 3, 4])
def test_the_gradient_explodes_while_no_state_saturates(sentence: int) -> None:
    norms, states = reach_and_states("exploding.safetensors", sentence)
    assert (norms[1:] >= norms[:-1] * 10).all()
    assert norms[-1] > 1e5 * norms[0]
    assert 0.1 < abs(states).max() < 0.9


@pytest.mark.parametrize("name", WEIGHTS)
def test_the_weights_fit_the_sample(name: str) -> None:
    theta = load_parameters(SAMPLES / name)
    check_sizes(theta, len(read_corpus(SAMPLES / "sample.txt").vocabulary), name)
    assert theta.hidden == 8


def test_the_script_makes_the_same_weights_again(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "make_weights.py", tmp_path)
    runpy.run_path(str(tmp_path / "make_weights.py"), run_name="__main__")
    for name in WEIGHTS:
        made, kept = load_parameters(tmp_path / name), load_parameters(SAMPLES / name)
        for field in NAMES:
            assert np.array_equal(getattr(made, field), getattr(kept, field))


@pytest.mark.parametrize("n", [2, 20])
def test_each_symbol_is_repeated_after_n_others(n: int) -> None:
    corpus = read_corpus(SAMPLES / f"repeat-{n}.txt")
    assert set(corpus.vocabulary) == set("abcd")
    for sequence in corpus.sequences:
        assert sequence[n + 1 :] == sequence[: -n - 1]
    assert len({sequence[: n + 1] for sequence in corpus.sequences}) > 40  # the first n are chance


def test_the_script_makes_the_same_texts_again(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "make_repeat.py", tmp_path)
    runpy.run_path(str(tmp_path / "make_repeat.py"), run_name="__main__")
    for path in SAMPLES.glob("repeat-*.txt"):
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_a_plain_network_learns_to_repeat_after_2_and_not_after_20() -> None:
    def learnt(name: str) -> tuple[float, float]:
        options = ModelOptions(hidden=32)
        sgd = SgdOptions(clip=Clip(1.0, "norm"), order="shuffled")
        plan = new_plan(SAMPLES / name, options, sgd)
        state = plan.training.advance(plan.state, 400)
        tapes = [plan.training.record(state.theta, i) for i in range(20)]
        return sum(tape.loss / tape.steps for tape in tapes) / 20, median_lag(tapes)

    (short, near), (long, far) = learnt("repeat-2.txt"), learnt("repeat-20.txt")
    assert short < 0.2
    assert near >= 3
    assert long > 1.3
    assert far < 10


def test_every_sample_is_explained() -> None:
    explained = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for path in SAMPLES.iterdir():
        if path.suffix in (".txt", ".safetensors"):
            assert path.name in explained


def test_the_mistake_is_what_its_script_makes() -> None:
    made = runpy.run_path(str(SAMPLES / "make_mistake.py"))["mistake"]()
    with np.load(SAMPLES / "mistake.npz") as saved:
        assert list(saved) == list(made)
        for name, array in made.items():
            np.testing.assert_allclose(saved[name], array, rtol=1e-12, atol=1e-14)
