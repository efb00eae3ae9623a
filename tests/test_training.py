"""tuiviz train: weights that say where they come from, and training that goes on as if unbroken."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text
from safetensors import safe_open
from safetensors.numpy import save_file
from terminal import hears_signals

from core.cells import rnn
from core.errors import InputError
from core.learning.sgd import Clip
from core.learning.training import State, Training
from core.parameters import NAMES, Parameters
from core.tape import record
from core.truncation import Truncation
from tuiviz import __version__, cli
from tuiviz.cli.progress import Account, Bar, Lines
from tuiviz.files.provenance import Provenance, read_provenance
from tuiviz.files.text import read_corpus
from tuiviz.files.weights import load_parameters
from tuiviz.problem import ModelOptions, read_problem
from tuiviz.training import SgdOptions, new_plan, resumed_plan, saved_steps

SAMPLES = Path(__file__).parent.parent / "samples"
SAMPLE = str(SAMPLES / "sample.txt")
TUIVIZ = (sys.executable, "-m", "tuiviz")
EXTENSIONS = (".npz", ".safetensors")
both = pytest.mark.parametrize("extension", EXTENSIONS)

Run = Callable[..., tuple[int, str, str]]
"""A command in this process: its exit code, standard output and standard error."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs commands in a folder of their own."""
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tuiviz", *args])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        code = stop.value.code
        assert isinstance(code, int)
        return (code, *capsys.readouterr())

    return run


@contextmanager
def refused(*expected: str) -> Iterator[None]:
    with pytest.raises(InputError) as caught:
        yield
    line = str(caught.value)
    assert "\n" not in line
    for part in expected:
        assert part in line


def same(one: Any, other: Any) -> bool:
    return all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in NAMES)


def provenance(path: str | Path) -> Provenance:
    found = read_provenance(path)
    assert found is not None
    return found


def trained(
    path: str | Path,
    steps: int = 5,
    text: str | Path = SAMPLE,
    options: ModelOptions | None = None,
    sgd: SgdOptions | None = None,
) -> State:
    """Trains into a file; the state it ends in."""
    plan = new_plan(text, options or ModelOptions(), sgd or SgdOptions())
    *_, last = saved_steps(plan, steps, path)
    return last.after


# What is written


@both
def test_the_weights_are_those_of_plain_sgd_over_the_lines(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"w{extension}"
    trained(path, 10, options=ModelOptions(hidden=3, seed=2), sgd=SgdOptions(rate=0.2))
    corpus = read_corpus(SAMPLE)
    theta = Parameters.random(inputs=6, hidden=3, outputs=6, seed=2)
    for step in range(10):
        x, y = corpus.sequence(step % 4 + 1)
        g = record(theta, x, y).gradient()
        new = {name: getattr(theta, name) - 0.2 * getattr(g, name) for name in NAMES}
        theta = Parameters(**new)
    assert same(load_parameters(path), theta)


@both
def test_the_weights_say_where_they_come_from(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"w{extension}"
    options = ModelOptions(hidden=3, seed=7, activation="sigmoid", truncation=Truncation(2, 3))
    sgd = SgdOptions(rate=0.05, clip=Clip(2.0, "norm"), halve=True, order="shuffled")
    end = trained(path, 6, options=options, sgd=sgd)
    found = provenance(path)
    assert found.tuiviz == __version__
    assert found.vocabulary == list(read_corpus(SAMPLE).vocabulary)
    assert (found.text.level, found.text.sequence) == ("word", None)
    assert (found.model.seed, found.model.hidden, found.model.activation) == (7, 3, "sigmoid")
    assert (found.sgd.rate, found.sgd.order, found.sgd.halve) == (0.05, "shuffled", True)
    assert found.sgd.clip is not None
    assert (found.sgd.clip.by, found.sgd.clip.limit) == ("norm", 2.0)
    assert found.sgd.truncation is not None
    assert (found.sgd.truncation.k1, found.sgd.truncation.k2) == (2, 3)
    assert (found.state.step, found.state.rate) == (6, end.rate)


@both
def test_the_same_training_makes_the_same_bytes(tmp_path: Path, extension: str) -> None:
    trained(tmp_path / f"a{extension}")
    trained(tmp_path / f"b{extension}")
    assert (tmp_path / f"a{extension}").read_bytes() == (tmp_path / f"b{extension}").read_bytes()


def test_others_can_read_what_the_weights_say(tmp_path: Path) -> None:
    trained(tmp_path / "w.npz")
    trained(tmp_path / "w.safetensors")
    with np.load(tmp_path / "w.npz") as arrays:
        from_npz = json.loads(arrays["tuiviz"].tobytes())
        assert np.array_equal(arrays["U"], load_parameters(tmp_path / "w.npz").U)
    with safe_open(tmp_path / "w.safetensors", framework="numpy") as file:
        assert json.loads(file.metadata()["tuiviz"]) == from_npz


# Going on

plans = st.fixed_dictionaries(
    {
        "rate": st.sampled_from([0.1, 2.0]),
        "clip": st.sampled_from([None, Clip(0.1), Clip(0.5, "norm")]),
        "halve": st.booleans(),
        "order": st.sampled_from(["file", "shuffled"]),
    }
)


@settings(max_examples=12, derandomize=True, deadline=None)
@given(plans, st.integers(1, 9), st.integers(1, 9), st.sampled_from(EXTENSIONS))
def test_resumed_training_equals_training_that_did_not_stop(
    sgd: dict[str, Any], first: int, more: int, extension: str
) -> None:
    options = ModelOptions(seed=3, truncation=Truncation(1, 2))
    with TemporaryDirectory() as folder:
        at_once, halfway, resumed = (Path(folder, name + extension) for name in "abc")
        trained(at_once, first + more, options=options, sgd=SgdOptions(**sgd))
        trained(halfway, first, options=options, sgd=SgdOptions(**sgd))
        plan = resumed_plan(SAMPLE, halfway, ModelOptions(), SgdOptions())
        for _ in saved_steps(plan, more, resumed):
            pass
        assert resumed.read_bytes() == at_once.read_bytes()


def test_what_resumes_may_repeat_the_options_but_not_contradict_them(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    trained(path, options=ModelOptions(hidden=3))
    agreeing = ModelOptions(level="word", hidden=3, seed=0)
    assert resumed_plan(SAMPLE, path, agreeing, SgdOptions(rate=0.1, order="file")).state.step == 5
    for name, wrong in {
        "level": "char",
        "sequence": 1,
        "hidden": 4,
        "seed": 1,
        "activation": "relu",
        "unknown": "cat",
        "convention": "row",
    }.items():
        with refused(f"--{name}", "leave"):
            resumed_plan(SAMPLE, path, ModelOptions(**{name: wrong}), SgdOptions())  # type: ignore[arg-type]
    with refused("--truncate"):
        resumed_plan(SAMPLE, path, ModelOptions(truncation=Truncation(1, 2)), SgdOptions())
    for option, sgd in {
        "--lr": SgdOptions(rate=0.2),
        "--clip": SgdOptions(clip=Clip(1.0)),
        "--halve": SgdOptions(halve=True),
        "--order": SgdOptions(order="shuffled"),
    }.items():
        with refused(option, "leave"):
            resumed_plan(SAMPLE, path, ModelOptions(), sgd)
    with refused("--resume and --weights"):
        resumed_plan(SAMPLE, path, ModelOptions(weights=path), SgdOptions())


def test_another_text_or_other_weights_cannot_be_resumed(tmp_path: Path) -> None:
    path, text = tmp_path / "w.npz", tmp_path / "text.txt"
    trained(path)
    text.write_text("the cat sleeps near the cats\n", encoding="utf-8")
    with refused("text.txt", "--weights"):
        resumed_plan(text, path, ModelOptions(), SgdOptions())
    with refused("vanishing", "--weights"):
        resumed_plan(SAMPLE, SAMPLES / "vanishing.safetensors", ModelOptions(), SgdOptions())


def test_training_may_start_from_any_weights(tmp_path: Path) -> None:
    weights = SAMPLES / "vanishing.safetensors"
    options = ModelOptions(weights=weights, seed=4)
    plan = new_plan(SAMPLE, options, SgdOptions(order="shuffled"))
    assert same(plan.state.theta, load_parameters(weights))
    assert plan.training.seed == 4
    assert plan.recipe.model.theta is not None
    assert plan.state.step == 0


# The vocabulary travels


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A text in another order, whose third line has words of its own."""
    path = tmp_path / "other.txt"
    path.write_text("cats sleep\n\nthe cat sleeps\nthe dog barks near\n", encoding="utf-8")
    return path


@both
def test_a_text_is_read_by_the_vocabulary_of_the_weights(
    tmp_path: Path, extension: str, other: Path
) -> None:
    weights = tmp_path / f"w{extension}"
    trained(weights)
    problem = read_problem(other, ModelOptions(weights=weights))
    assert problem.vocabulary == read_corpus(SAMPLE).vocabulary
    read = [problem.vocabulary[i] for i in (*problem.x, problem.y[-1])]
    assert read == ["cats", "sleep"]


def test_a_token_that_the_weights_lack_is_named_with_its_line(tmp_path: Path, other: Path) -> None:
    weights = tmp_path / "w.npz"
    trained(weights)
    with refused("other.txt, line 4", '"barks"', "--unknown"):
        read_problem(other, ModelOptions(weights=weights, sequence=3))
    options = ModelOptions(weights=weights, sequence=3, unknown="cat")
    problem = read_problem(other, options)
    read = [problem.vocabulary[i] for i in (*problem.x, problem.y[-1])]
    assert read == ["the", "cat", "cat", "near"]
    with refused("--unknown", "dog"):
        read_problem(other, ModelOptions(weights=weights, unknown="dog"))
    with refused("--unknown needs --weights"):
        read_problem(other, ModelOptions(unknown="cat"))


def test_level_and_activation_come_from_the_weights(tmp_path: Path) -> None:
    weights, text = tmp_path / "w.npz", SAMPLES / "characters.txt"
    trained(weights, text=text, options=ModelOptions(level="char", activation="sigmoid"))
    problem = read_problem(text, ModelOptions(weights=weights))
    assert (problem.level, problem.activation) == ("char", "sigmoid")
    assert problem.tape.program.cell == rnn("sigmoid")
    for name, wrong in (("level", "word"), ("activation", "tanh")):
        with refused(f"--{name} {wrong}", "leave"):
            read_problem(text, ModelOptions(weights=weights, **{name: wrong}))  # type: ignore[arg-type]


def damaged(path: Path, metadata: bytes) -> None:
    arrays = {name: getattr(load_parameters(path), name) for name in NAMES}
    if path.suffix == ".npz":
        note: Mapping[str, Any] = {"tuiviz": np.frombuffer(metadata, np.uint8)}
        np.savez(path, **arrays, **note)
    else:
        save_file(arrays, path, {"tuiviz": metadata.decode()})


@both
@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"format": "tuiviz-weights", "version": 2}'])
def test_damaged_metadata_is_refused(tmp_path: Path, extension: str, content: str) -> None:
    path = tmp_path / f"w{extension}"
    trained(path)
    damaged(path, content.encode())
    with refused(path.name, "metadata"):
        read_provenance(path)


@both
def test_a_vocabulary_that_does_not_fit_is_refused(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"w{extension}"
    trained(path)
    made = json.loads(provenance(path).to_json())
    for vocabulary, complaint in (
        (["the"] * 6, "twice"),
        (made["vocabulary"] + ["dog"], "shape"),
        ([], "length"),
    ):
        damaged(path, json.dumps(made | {"vocabulary": vocabulary}).encode())
        with refused(path.name, complaint):
            read_problem(SAMPLE, ModelOptions(weights=path))


def test_metadata_that_is_no_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    theta = Parameters.random(6, 4, 6)
    arrays = {name: getattr(theta, name) for name in NAMES}
    np.savez(path, **arrays, tuiviz=np.array([1.0, float("nan")]))
    with refused("tuiviz is float64"):
        read_provenance(path)


# The command


def test_train_says_where_and_how_well(run: Run) -> None:
    code, out, err = run("train", SAMPLE, "--steps", "40", "-o", "w.npz")
    assert code == 0
    assert out.startswith("step 40, loss ")
    assert err.endswith("\nsaved w.npz\n")
    assert "nats per token, guessing costs ln 6 = 1.7918" in out
    assert err.count("\n") == 11
    assert "step 40 of 40" in err
    assert "clipped" not in out
    code, out, _ = run("train", SAMPLE, "--steps", "2", "-o", "v.npz", "--resume", "w.npz")
    assert (code, "step 42" in out) == (0, True)
    assert provenance("v.npz").state.step == 42


def test_train_says_how_often_it_clipped(run: Run) -> None:
    for name, limit in (("--clip", "0.3"), ("--clip-norm", "1")):
        _, out, _ = run("train", SAMPLE, "--steps", "9", "-o", "w.npz", name, limit, "--force")
        clip = Clip(float(limit), name[7:] or "value")
        plan = new_plan(SAMPLE, ModelOptions(), SgdOptions(clip=clip))
        steps = list(saved_steps(plan, 9, "v.npz", force=True))
        count = sum(step.clipped.changed for step in steps)
        assert count
        assert f"{count} of 9 steps clipped" in out


def test_an_existing_file_is_kept_before_anything_is_computed(run: Run) -> None:
    Path("w.npz").write_bytes(b"mine")
    start = time.monotonic()
    code, _, err = run("train", SAMPLE, "--steps", "10000000", "-o", "w.npz")
    assert (code, "--force" in err) == (2, True)
    assert time.monotonic() - start < 5
    assert Path("w.npz").read_bytes() == b"mine"
    assert run("train", SAMPLE, "--steps", "2", "-o", "w.npz", "--force")[0] == 0
    assert provenance("w.npz").state.step == 2


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["--steps", "0", "-o", "w.npz"], "--steps 0"),
        (["--steps", "1", "-o", "w.txt"], "w.txt"),
        (["--steps", "1", "-o", "missing/w.npz"], "no such folder"),
        (["--steps", "1", "-o", "w.npz", "--lr", "-1"], "--lr -1.0"),
        (["--steps", "1", "-o", "w.npz", "--lr", "nan"], "--lr nan"),
        (["--steps", "1", "-o", "w.npz", "--clip", "0"], "--clip 0"),
        (["--steps", "1", "-o", "w.npz", "--clip-norm", "inf"], "--clip-norm inf"),
        (["--steps", "1", "-o", "w.npz", "--clip", "1", "--clip-norm", "1"], "choose one"),
        (["--steps", "1", "-o", "w.npz", "--order", "back"], "--order back"),
        (["--steps", "1", "-o", "w.npz", "--activation", "gelu"], "gelu"),
        (["--steps", "1", "-o", "w.npz", "--sequence", "9"], "no sequence 9"),
        (["--steps", "1", "-o", "w.npz", "--hidden", "0"], "--hidden 0"),
        (["--steps", "1", "-o", "w.npz", "--resume", "missing.npz"], "no such file"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(
    run: Run, args: list[str], expected: str
) -> None:
    code, out, err = run("train", SAMPLE, *args)
    assert (code, out) == (2, "")
    assert expected in err
    assert err.count("\n") == 1
    assert not list(Path().iterdir())


def test_a_trace_is_no_text_to_train_on(run: Run) -> None:
    assert run("export", SAMPLE, "-o", "t.json")[0] == 0
    code, _, err = run("train", "t.json", "--steps", "1", "-o", "w.npz")
    assert (code, err) == (2, "tuiviz: t.json: a trace; expected a text to train on\n")
    for name in ("w.npz", "w.safetensors", "w.pt"):
        code, _, err = run("train", name, "--steps", "1", "-o", "v.npz")
        assert (code, err) == (
            2,
            f"tuiviz: {name}: a file of arrays; expected a text to train on\n",
        )


def test_lines_of_one_token_are_left_out_and_named(run: Run) -> None:
    Path("text.txt").write_text("title\n\na b\nc d\nend\n", encoding="utf-8")
    code, _, err = run("train", "text.txt", "--steps", "2", "-o", "w.npz")
    assert code == 0
    assert "2 lines, first 1," in err
    Path("short.txt").write_text("a\nb\n", encoding="utf-8")
    code, _, err = run("train", "short.txt", "--steps", "2", "-o", "v.npz")
    assert (code, "nothing to predict" in err) == (2, True)


def test_a_loss_that_is_not_finite_leads_to_the_debugger(run: Run) -> None:
    args = ["--activation", "identity", "--lr", "50", "--truncate", "2"]
    code, _, err = run("train", SAMPLE, "--steps", "1000", "-o", "w.npz", *args)
    assert code == 2
    where, _, command = err.rpartition("; to look: ")
    step = provenance("w.npz").state.step
    assert f"step {step + 1}, line {step % 4 + 1} of {SAMPLE}" in where
    expected = f"tuiviz run {SAMPLE} --weights w.npz --sequence {step % 4 + 1} --truncate 1,2\n"
    assert command == expected
    options = ModelOptions(weights="w.npz", sequence=step % 4 + 1, truncation=Truncation(1, 2))
    problem = read_problem(SAMPLE, options)
    gradient = problem.tape.gradient(Truncation(1, 2))
    numbers = [np.array(problem.tape.loss), *(getattr(gradient, name) for name in NAMES)]
    assert not all(np.isfinite(array).all() for array in numbers)


def test_reach_over_training_is_shown(run: Run) -> None:
    _, out, _ = run("train", SAMPLE, "--steps", "20", "-o", "w.npz", "--reach")
    rows = [line.split() for line in out.splitlines()[2:-1]]
    assert [int(row[0]) for row in rows] == [1, 2, 3, 5, 7, 10, 20]
    assert all(0 <= float(row[2]) <= 4 for row in rows)


def test_weights_of_train_open_in_export(run: Run) -> None:
    run("train", str(SAMPLES / "characters.txt"), "--level", "char", "--steps", "2", "-o", "w.npz")
    text = str(SAMPLES / "characters.txt")
    assert run("export", text, "--weights", "w.npz", "-o", "t.json")[0] == 0
    trace = json.loads(Path("t.json").read_text(encoding="utf-8"))
    assert trace["source"]["level"] == "char"
    assert trace["vocabulary"] == provenance("w.npz").vocabulary


# Interrupted and killed


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interrupt_keeps_the_steps_done(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    args = [*TUIVIZ, "train", SAMPLE, "--steps", "300000", "-o", "w.safetensors"]
    with subprocess.Popen(
        args,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hears_signals,
    ) as child:
        assert child.stderr is not None
        time.sleep(1.0)
        child.send_signal(number)
        out, err = child.communicate(timeout=20)
    assert child.returncode == 128 + number
    assert out.startswith("step ")
    saved = "interrupted; saved w.safetensors; --resume w.safetensors goes on\n"
    assert err.endswith(saved)
    state = provenance(tmp_path / "w.safetensors").state
    assert 0 < state.step < 300000
    plan = new_plan(SAMPLE, ModelOptions(), SgdOptions())
    expected = plan.training.advance(plan.state, state.step).theta
    assert same(load_parameters(tmp_path / "w.safetensors"), expected)


SAVE_AGAIN_AND_AGAIN = """
import sys
from dataclasses import replace
from tuiviz.problem import ModelOptions
from tuiviz.training import SgdOptions, new_plan
plan = new_plan(sys.argv[1], ModelOptions(hidden=128), SgdOptions())
print("ready", flush=True)
for step in range(1, 100000):
    plan.save(sys.argv[2], replace(plan.state, step=step), force=True)
"""


@both
def test_a_killed_process_never_leaves_a_broken_or_lost_file(
    tmp_path: Path, extension: str
) -> None:
    path, chance = tmp_path / f"w{extension}", random.Random(0)  # noqa: S311
    plan = new_plan(SAMPLE, ModelOptions(hidden=128), SgdOptions())
    plan.save(path, plan.state)
    seen = set()
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", SAVE_AGAIN_AND_AGAIN, SAMPLE, str(path)],
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.05))
            os.kill(child.pid, signal.SIGKILL)
        assert same(load_parameters(path), plan.state.theta)
        seen.add(provenance(path).state.step)
    assert len(seen) > 1


def test_what_was_trained_is_saved_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuiviz.training.SAVED_EVERY", 0.0)
    path = tmp_path / "w.npz"
    plan = new_plan(SAMPLE, ModelOptions(), SgdOptions())
    steps = saved_steps(plan, 10, path)
    for _ in range(3):
        next(steps)
    assert provenance(path).state.step == 2
    steps.close()
    assert provenance(path).state.step == 3


def test_training_over_one_line_reads_that_line(tmp_path: Path) -> None:
    trained(tmp_path / "w.npz", 3, options=ModelOptions(sequence=2))
    x, y = read_corpus(SAMPLE).sequence(2)
    start = State(Parameters.random(6, 4, 6), 0.1)
    end = Training([(x, y)]).advance(start, 3)
    assert same(load_parameters(tmp_path / "w.npz"), end.theta)


# Progress


def test_the_loss_shown_is_the_mean_over_the_tokens_of_the_latest_steps() -> None:
    training = Training([read_corpus(SAMPLE).sequence(n) for n in (1, 2, 3)])
    state, steps, account = State(Parameters.random(6, 4, 6), 0.1), [], Account(3)
    assert np.isnan(account.loss)
    for _ in range(7):
        steps.append(training.step(state))
        account.add(steps[-1])
        state = steps[-1].after
    latest = steps[-3:]
    tokens = sum(step.tape.steps for step in latest)
    assert account.loss == pytest.approx(sum(step.tape.loss for step in latest) / tokens)


def test_plain_lines_come_at_every_tenth_and_when_time_has_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(10_000))
    monkeypatch.setattr("tuiviz.cli.progress.time.monotonic", lambda: next(clock) / 1000)
    lines = Lines(1000)
    assert [done for done in range(1, 1001) if lines.due(done)] == list(range(100, 1001, 100))
    later = iter([11.0] * 10)
    monkeypatch.setattr("tuiviz.cli.progress.time.monotonic", lambda: next(later))
    assert lines.due(5)
    assert [Lines(3).due(done) for done in (1, 2, 3)] == [True] * 3


def test_the_bar_shows_steps_loss_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    with Bar(500, console) as bar:
        assert bar.due(1)
        bar.show(250, "loss 1.2345 (guessing 1.7918)  rate 0.1")
        assert not bar.due(251)
    shown = Text.from_ansi(screen.getvalue()).plain
    assert "250/500" in shown
    assert "loss 1.2345 (guessing 1.7918)  rate 0.1" in shown
