"""The samples are what their README says."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.parameters import NAMES
from tuiviz.files.text import Corpus, read_corpus
from tuiviz.files.weights import check_sizes, load_parameters

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


def test_every_sample_is_explained() -> None:
    explained = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for path in SAMPLES.iterdir():
        if path.suffix in (".txt", ".safetensors"):
            assert path.name in explained
