"""The commands: what they print, how they exit, and the one line in which they refuse."""

from __future__ import annotations

import errno
import io
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from terminal import hears_signals, on_terminal

from core import ops
from tuiviz import __version__, cli
from tuiviz.cli import patience
from tuiviz.cli.export import _Progress
from tuiviz.cli.interruption import Interruption, orderly_end
from tuiviz.cli.options import ACTIVATIONS
from tuiviz.debugger.keeping import content_key
from tuiviz.files import arrays, disk
from tuiviz.opening import look_ahead, open_debugger
from tuiviz.problem import ModelOptions

SAMPLES = Path(__file__).parent.parent / "samples"
SAMPLE = str(SAMPLES / "sample.txt")
TUIVIZ = (sys.executable, "-m", "tuiviz")

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


def started(*args: str, env: dict[str, str] | None = None, **more: Any) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    return subprocess.Popen(
        [*TUIVIZ, *args],
        stdout=more.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "", **(env or {})},
        **more,
    )


def assert_refused(result: tuple[int, str, str], *expected: str) -> None:
    """Exit 2, nothing on standard output, one line on standard error that says all of that."""
    code, out, err = result
    assert (code, out) == (2, ""), err
    assert err.startswith("tuiviz: ")
    assert err.endswith("\n")
    assert len(err.splitlines()) == 1, err
    for part in expected:
        assert part in err


# What works


def test_the_version_and_the_commands(run: Run) -> None:
    assert run("--version") == (0, f"tuiviz {__version__}\n", "")
    code, out, err = run()
    assert (code, err) == (0, "")
    assert run("--help") == run("-h") == (0, out, "")
    for name in COMMANDS:
        assert f"\n  {name} " in out
        assert run(name, "--help")[0] == 0


COMMANDS = cli.commands.list_commands(click.Context(cli.commands))


@pytest.mark.parametrize(
    "args", [["--help"], ["--version"], ["nothing"], *([name, "--help"] for name in COMMANDS)]
)
def test_help_needs_neither_numpy_nor_textual(args: list[str]) -> None:
    program = (
        "import atexit, sys; from tuiviz.cli import main;"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr));"
        f"sys.argv = ['tuiviz', *{args}]; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    loaded = set(done.stderr.split())
    assert "click" in loaded
    assert not loaded & {"numpy", "textual", "rich", "msgspec", "safetensors", "regex"}


def test_export_says_what_it_saved(run: Run, tmp_path: Path) -> None:
    assert run("export", SAMPLE, "-o", "out.json") == (0, "", "saved out.json: T = 5, 5 errors\n")
    trace = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert trace["source"] == {"name": SAMPLE, "sequence": 1, "level": "word"}
    assert trace["model"] == {
        "cell": "rnn", "activation": "tanh", "hidden": 4, "seed": 0, "truncation": None
    }  # fmt: skip


def test_export_to_standard_output_writes_the_trace_and_nothing_else(tmp_path: Path) -> None:
    for options in ([], ["--terms", "--errors", "none"], ["--force"]):
        with started("export", SAMPLE, "-o", "-", *options, cwd=tmp_path) as program:
            out, err = program.communicate()
        assert (program.returncode, err) == (0, "")
        assert not list(tmp_path.iterdir())
        with started("export", SAMPLE, "-o", "a.json", *options, cwd=tmp_path) as program:
            program.communicate()
        assert out == (tmp_path / "a.json").read_text("utf-8")
        (tmp_path / "a.json").unlink()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("export {} --hidden 0 -o -", "--hidden 0: expected 1 or more"),
        ("train {} --steps 1 -o -", "-: expected a file ending in .npz or .safetensors"),
        ("probe -o -", "-: expected a file ending in .npz"),
    ],
)
def test_nothing_else_goes_there(run: Run, tmp_path: Path, command: str, said: str) -> None:
    assert_refused(run(*command.format(SAMPLE).split()), said)
    assert not list(tmp_path.iterdir())


def test_export_takes_every_option(run: Run, tmp_path: Path) -> None:
    options = "--level char --sequence 2 --hidden 3 --seed 9 --activation relu --truncate 2,3"
    assert run("export", SAMPLE, "-o", "out.json", *options.split())[0] == 0
    again = [*options.split(), "--errors", "4,1,4", "--terms", "--force"]
    code, _, err = run("export", SAMPLE, "-o", "out.json", *again)
    assert (code, err) == (0, "saved out.json: T = 27, 2 errors\n")
    trace = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert trace["source"] == {"name": SAMPLE, "sequence": 2, "level": "char"}
    assert trace["model"] == {
        "cell": "rnn", "activation": "relu", "hidden": 3, "seed": 9,
        "truncation": {"k1": 2, "k2": 3},
    }  # fmt: skip
    assert [error["t"] for error in trace["errors"]] == [4, 1]
    assert "value" in trace["errors"][0]["terms"]["W"][0]


@pytest.mark.parametrize(("short", "k1", "k2"), [("3", 1, 3), ("2,5", 2, 5)])
def test_one_number_truncates_every_error(
    run: Run, tmp_path: Path, short: str, k1: int, k2: int
) -> None:
    run("export", SAMPLE, "-o", "out.json", "--truncate", short)
    trace = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert trace["model"]["truncation"] == {"k1": k1, "k2": k2}


def test_a_trace_is_exported_again_as_it_is(run: Run, tmp_path: Path) -> None:
    run("export", SAMPLE, "-o", "one.json", "--seed", "3")
    assert run("export", "one.json", "-o", "two.json")[0] == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


TOKENS = (
    "[/b]",
    "[red]",
    "[@click=app.quit]x[/]",
    "\x1b]0;owned\x07",
    "\u202ex",
    "👩‍👩‍👧",
    "한국어",
)
HOSTILE = " ".join([*TOKENS, "w" * 5000, *TOKENS])


def test_tokens_are_saved_as_they_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hostile.txt").write_text(HOSTILE, "utf-8")
    assert run("export", "hostile.txt", "-o", "out.json")[0] == 0
    text = (tmp_path / "out.json").read_text("utf-8")
    assert json.loads(text)["vocabulary"] == [*TOKENS, "w" * 5000]
    assert "\x1b" not in text


def test_tokens_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    (tmp_path / "hostile.txt").write_text(HOSTILE, "utf-8")
    command = [*TUIVIZ, "run", "hostile.txt"]
    code, written = on_terminal(command, keys="nq", after="tuiviz", cwd=tmp_path)
    assert code == 0
    assert "Traceback" not in written
    assert "\x1b]0;owned" not in written
    assert "\u202e" not in written
    assert "␛" in written
    assert "[/b]" in written


def test_a_kept_session_steers_no_terminal(tmp_path: Path) -> None:
    content = (SAMPLES / "sample.txt").read_bytes()
    mark = {"walk": "one", "error": 99, "phase": "backward", "step": 3, "line": "dW"}
    kept = {"marks": {"\x1b]0;owned\x07": mark}}
    path = tmp_path / "tuiviz" / "sessions" / f"{content_key(content, 'word', 1)}.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"format": "tuiviz-session", "version": 1, "kept": kept}))
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    code, written = on_terminal([*TUIVIZ, "run", SAMPLE], keys="q", after="tuiviz", env=env)
    assert code == 0
    assert "mark ␛]0;owned␇: there is no such place any more" in written
    assert "\x1b]0;owned" not in written


def test_a_fresh_session_leaves_what_was_kept(tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path)}

    def open_and_type(keys: str, *options: str) -> str:
        command = [*TUIVIZ, "run", SAMPLE, *options]
        assert on_terminal(command, keys=keys, after="tuiviz", env=env)[0] == 0
        return "".join(path.read_text() for path in tmp_path.rglob("*.json"))

    assert open_and_type("bq", "--fresh") == ""
    kept = open_and_type("bq")
    assert '"text": "a"' in kept
    assert open_and_type("q", "--fresh") == open_and_type("nbq", "--fresh") == kept


@pytest.mark.parametrize("level", ["word", "char"])
def test_a_terminal_without_utf_8_is_drawn_in_ascii(level: str) -> None:
    env = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [*TUIVIZ, "run", str(SAMPLES / "korean.txt"), "--level", level]
    code, written = on_terminal(command, keys="nq", after="tuiviz", env=env)
    assert code == 0
    assert "Traceback" not in written
    assert written.isascii()
    assert "\\u" not in written
    assert "??" in written
    assert "the terminal takes ascii, not UTF-8: drawn in ASCII" in written


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_no_colour_is_written_where_none_is_wanted(
    tmp_path: Path, env: dict[str, str], coloured: bool
) -> None:
    """Neither colours nor greys; bold, dim and reverse are no colours, nor is the default, 39."""
    command = [*TUIVIZ, "run", SAMPLE]
    code, written = on_terminal(command, keys="nnT?qq", after="tuiviz", env=env, cwd=tmp_path)
    assert code == 0
    sequences = re.findall(r"\x1b\[([0-9;]*)m", written)
    codes = {int(each or 0) for sequence in sequences for each in sequence.split(";")}
    assert bool(codes & {*range(30, 39), *range(40, 49), *range(90, 108)}) == coloured
    assert codes >= ({1, 7} if coloured else {1, 2, 7})


def test_names_that_steer_a_terminal_are_shown(run: Run) -> None:
    assert_refused(run("export", "\x1b[2Jx\n", "-o", "o.json"), "␛[2Jx␊: no such file")
    assert_refused(
        run("export", SAMPLE, "-o", "o", "--level", "\x1b\r"), "--level ␛␍: expected word or char"
    )
    assert_refused(run("export", SAMPLE, "-o", "o", "--errors", "\x1b["), "--errors ␛[: expected")
    assert_refused(run("export", SAMPLE, "-o", "o", "\x1b["), "unexpected extra argument (␛[)")
    assert_refused(run("\x1b[31m"), r"'\x1b[31m'", "see tuiviz --help")
    assert run("export", SAMPLE, "-o", "\x1b[2J.json")[2].startswith("saved ␛[2J.json: ")


def test_an_output_without_unicode(tmp_path: Path) -> None:
    args = ["export", SAMPLE, "-o", "한.json"]
    with started(*args, env={"PYTHONIOENCODING": "ascii"}, cwd=tmp_path) as program:
        out, err = program.communicate()
    assert (program.returncode, out) == (0, "")
    assert err == "saved \\ud55c.json: T = 5, 5 errors\n"


# Bad input: the file


def unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", name)

    monkeypatch.setattr(disk, "open", refuse, raising=False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "text.txt: no text in it; expected one sequence per line"),
        (b" \n\t\n", "text.txt: no text in it; expected one sequence per line"),
        (b"a b\n\none\n", "text.txt, line 3: a single token; a sequence needs at least two"),
        (b"a b\nc \xff\n", "text.txt, line 2, byte 3: 0xff is not UTF-8; save the file as UTF-8"),
        ("a b".encode("utf-16"), "text.txt: UTF-16; expected UTF-8: save it as UTF-8"),
    ],
)
def test_texts_that_cannot_be_used(run: Run, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "text.txt").write_bytes(content)
    assert_refused(run("export", "text.txt", "-o", "o.json", "--sequence", "2"), said)
    assert not (tmp_path / "o.json").exists()


def test_files_that_cannot_be_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_refused(run("export", "nothing.txt", "-o", "o.json"), "nothing.txt: no such file")
    assert_refused(run("export", ".", "-o", "o.json"), ".: a folder; expected a file")
    assert_refused(run("export", "/dev/null", "-o", "o.json"), "/dev/null: a pipe or a device")
    unreadable(monkeypatch)
    assert_refused(
        run("export", SAMPLE, "-o", "o.json"), f"{SAMPLE}: cannot be read: permission denied"
    )


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("run", "probe")])
def test_every_command_says_when_its_file_is_missing(run: Run, name: str) -> None:
    more = {"export": ["-o", "o.json"], "train": ["-o", "o.npz", "--steps", "1"]}
    assert_refused(run(name, "nothing.txt", *more.get(name, [])), "nothing.txt: no such file")


# Bad input: the options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--sequence 9", ["sample.txt: no sequence 9; it has 4 sequences"]),
        ("--sequence 0", ["sample.txt: no sequence 0; ", "counted from 1"]),
        ("--sequence x", ["--sequence", "'x' is not a valid integer", "see tuiviz export --help"]),
        ("--hidden 0", ["--hidden 0: expected 1 or more"]),
        ("--hidden -3", ["--hidden -3: expected 1 or more"]),
        ("--hidden 4.5", ["--hidden", "'4.5' is not a valid integer"]),
        ("--hidden 1000000", ["T = 5, H = 1000000, C = 6 take ", "use a smaller --hidden"]),
        ("--hidden " + "9" * 40, ["GiB, more than 4 GiB: use a smaller --hidden"]),
        ("--seed -1", ["--seed -1: expected 0 to 9007199254740991"]),
        ("--seed " + "9" * 40, ["--seed 9999", "expected 0 to 9007199254740991"]),
        ("--activation selu", ["--activation selu: expected tanh, relu, sigmoid or identity"]),
        ("--level line", ["--level line: expected word or char"]),
        ("--truncate 0", ["--truncate 0: expected K2 or K1,K2, whole numbers"]),
        ("--truncate 1,0", ["--truncate 1,0: expected K2 or K1,K2"]),
        ("--truncate -2", ["--truncate -2: expected K2 or K1,K2"]),
        ("--truncate two", ["--truncate two: expected K2 or K1,K2"]),
        ("--truncate 1,2,3", ["--truncate 1,2,3: expected K2 or K1,K2"]),
        ("--truncate " + "9" * 40, ["--truncate 9999", "expected K2 or K1,K2"]),
        ("--errors 5", ["--errors 5: no error 5; expected 0 to 4"]),
        ("--errors -1", ["--errors -1: no error -1; expected 0 to 4"]),
        ("--errors some", ["--errors some: expected all, none, or numbers such as 3,4"]),
        ("--errors 1,,2", ["--errors 1,,2: expected all, none, or numbers such as 3,4"]),
        ("--weight w.npz", ["No such option '--weight'", "see tuiviz export --help"]),
        ("more", ["unexpected extra argument (more); see tuiviz export --help"]),
    ],
)
def test_options_that_cannot_be_used(
    run: Run, tmp_path: Path, options: str, said: list[str]
) -> None:
    assert_refused(run("export", SAMPLE, "-o", "o.json", *options.split(" ")), *said)
    assert not list(tmp_path.iterdir())


def test_the_choices_of_an_option_are_those_of_the_engine() -> None:
    assert tuple(ops.ACTIVATIONS) == ACTIVATIONS


def test_what_is_missing_is_named(run: Run) -> None:
    assert_refused(run("export", SAMPLE), "Missing option '-o'; see tuiviz export --help")
    assert_refused(run("export", "-o", "o.json"), "Missing argument 'FILE'; see tuiviz export")
    assert_refused(run("exprot"), "No such command 'exprot'", "see tuiviz --help")


def test_not_enough_memory_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("core.tape.record", fail)
    assert_refused(
        run("export", SAMPLE, "-o", "o.json"), "not enough memory: use a smaller --hidden"
    )


# Bad input: the weights


def weights(hidden: int = 4, size: int = 6) -> dict[str, Any]:
    shapes = {"U": (hidden, size), "W": (hidden, hidden), "V": (size, hidden)}
    return {name: np.zeros(shape) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"W": np.zeros((4, 3))}, ["W has shape (4, 3)", "expected a square matrix (H, H)"]),
        ({"V": np.zeros((6, 3))}, ["V has shape (6, 3)", "expected (C, 4), as W is (4, 4)"]),
        ({"b": np.zeros(6)}, ["b has shape (6,); expected (4,)"]),
        ({"V": None}, ["holds U, W; expected U, W, V and, if wanted, b, c"]),
        ({"W2": np.zeros(1)}, ["holds W2, not known beside U W V", "expected U, W, V"]),
        (
            weights(size=7),
            ["U has shape (4, 7) and V has shape (7, 4)", "6 distinct tokens", "text"],
        ),
        ({"W": np.full((4, 4), np.nan)}, ["W has 16 of 16 numbers that are not finite"]),
        ({"W": np.array([None])}, ["W holds Python objects (a pickle)", "numpy.savez"]),
        ({"W": np.array(["x"])}, ["W has dtype", "expected float64"]),
    ],
)
def test_weights_that_cannot_be_used(
    run: Run, tmp_path: Path, changes: dict[str, Any], said: list[str]
) -> None:
    made = {name: array for name, array in (weights() | changes).items() if array is not None}
    np.savez(tmp_path / "w.npz", **made)
    refused = run("export", SAMPLE, "-o", "o.json", "--weights", "w.npz")
    assert_refused(refused, "w.npz: ", *said)


def test_weights_by_other_names_are_recognised_and_said(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    U, W, V = (rng.normal(size=size) for size in [(4, 6), (4, 4), (6, 4)])
    np.savez(tmp_path / "ours.npz", U=U, W=W, V=V)
    np.savez(tmp_path / "rows.npz", Wx=U.T, Wh=W.T, Wy=V.T)
    export = ("export", SAMPLE, "--errors", "none", "-o")
    assert "names" not in run(*export, "ours.json", "--weights", "ours.npz")[2]
    code, _, err = run(*export, "rows.json", "--weights", "rows.npz")
    assert (code, err.splitlines()[0]) == (0, "names: Wx Wh Wy (row vectors)")
    ours, rows = (json.loads((tmp_path / f"{n}.json").read_text()) for n in ("ours", "rows"))
    assert ours["parameters"] == rows["parameters"]
    assert ours["loss"] == rows["loss"]
    refused = run(*export, "o.json", "--weights", "rows.npz", "--convention", "wx-columns")
    assert_refused(refused, "rows.npz: Wx has shape (6, 4); expected (4, D), as Wh is (4, 4)")
    refused = run(*export, "o.json", "--weights", "rows.npz", "--convention", "mine")
    assert_refused(refused, "--convention mine: expected lecture, ")
    refused = run(*export, "o.json", "--convention", "wx")
    assert_refused(refused, "--convention needs --weights")


def test_weights_that_are_something_else(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(name: str, *said: str) -> None:
        assert_refused(run("export", SAMPLE, "-o", "o.json", "--weights", name), *said)

    refused("nothing.npz", "nothing.npz: no such file")
    refused("w.h5", "w.h5: expected a file ending in .npz or .safetensors")
    refused("w.pt", "w.pt: PyTorch's own files are pickles", "safetensors.torch.save_file(")
    (tmp_path / "w.npz").write_bytes(pickle.dumps(print))
    refused("w.npz", "w.npz holds Python objects (a pickle), which are never loaded")
    (tmp_path / "w.safetensors").write_bytes(b"text")
    refused("w.safetensors", "w.safetensors: no safetensors file; save it with")
    np.savez_compressed(tmp_path / "bomb.npz", **weights(hidden=1000))
    monkeypatch.setattr(arrays, "LIMIT", 10**6)
    assert (tmp_path / "bomb.npz").stat().st_size < 10**5
    refused("bomb.npz", "bomb.npz: its arrays take 7.7 MiB; expected at most 976.6 KiB")


def test_weights_do_not_go_with_a_seed_or_another_size(run: Run) -> None:
    path = str(SAMPLES / "vanishing.safetensors")
    assert_refused(
        run("export", SAMPLE, "-o", "o.json", "--weights", path, "--seed", "1"),
        "--seed and --weights: choose one",
    )
    assert_refused(
        run("export", SAMPLE, "-o", "o.json", "--weights", path, "--hidden", "1"),
        "--hidden 1: ",
        "has H = 8; leave --hidden out",
    )


# The output


def test_outputs_that_cannot_be_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "old.json").write_text("old")
    assert_refused(
        run("export", SAMPLE, "-o", "old.json"),
        "old.json: exists already and is kept; use --force to replace it",
    )
    assert_refused(run("export", SAMPLE, "-o", "no/o.json"), "no such folder: ", "create it first")
    assert_refused(run("export", SAMPLE, "-o", "."), ".: a folder; expected the name of a file")
    assert_refused(run("export", SAMPLE, "-o", "/dev/full"), "/dev/full: a pipe or a device")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert_refused(
        run("export", SAMPLE, "-o", "old.json", "--force"),
        "old.json: disk full; nothing was written, the file is unchanged",
    )
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"old.json": "old"}


def test_a_full_disk_under_standard_output(tmp_path: Path) -> None:
    with (
        open("/dev/full", "w") as full,
        started("export", SAMPLE, "-o", "-", stdout=full, cwd=tmp_path) as program,
    ):
        _, err = program.communicate()
    assert_refused((program.returncode, "", err), "standard output: no space left on device")


def test_a_pipe_that_nobody_reads(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    with started("export", SAMPLE, "-o", "-", stdout=theirs, cwd=tmp_path) as program:
        assert program.communicate()[1] == ""
    os.close(theirs)
    assert program.returncode == 141


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("--version >&-", 0),
        ("nothing 2>&-", 2),
        ("nothing 2>/dev/full", 2),
        (f"export {SAMPLE} -o o.json >&- 2>&-", 0),
        (f"run {SAMPLE} <&- 2>/dev/null", 2),
    ],
)
def test_streams_that_are_closed(tmp_path: Path, command: str, code: int) -> None:
    line = f"{' '.join(TUIVIZ)} {command}"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (code, "")


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_quietly_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    number = getattr(signal, name)
    words = np.random.default_rng(0).integers(0, 20, 1001)
    (tmp_path / "long.txt").write_text(" ".join(map(str, words)))
    args = ["export", "long.txt", "-o", "o.json", "--hidden", "16"]
    with started(*args, cwd=tmp_path, preexec_fn=hears_signals) as program:
        while not list(tmp_path.glob(".tuiviz-*")):
            assert program.poll() is None
            time.sleep(0.01)
        program.send_signal(number)
        out, err = program.communicate()
    assert (program.returncode, out.strip(), err.strip()) == (128 + number, "", "")
    assert [entry.name for entry in tmp_path.iterdir()] == ["long.txt"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX")
def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    """As under nohup: neither an export nor a training ends when the terminal goes."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with orderly_end(), Interruption() as interruption:
            os.kill(os.getpid(), signal.SIGHUP)
        assert not interruption.signal
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


# The terminal


def test_run_needs_a_terminal(run: Run) -> None:
    assert_refused(
        run("run", SAMPLE),
        "the debugger needs a terminal, on standard error too",
    )
    assert_refused(run("run", SAMPLE, "--wrt", "Z"), "--wrt Z: expected U, W, V, b or c")


@pytest.mark.parametrize(
    ("args", "env", "said"),
    [
        (
            [SAMPLE],
            {"TERM": "dumb"},
            "a terminal that can move the cursor; TERM says",
        ),
        (
            [SAMPLE],
            {"TERM": ""},
            "a terminal that can move the cursor; TERM says",
        ),
        (["nothing.txt"], {}, "nothing.txt: no such file"),
        ([SAMPLE, "--error", "5"], {}, "--error 5: expected 0 to 4, as T = 5"),
    ],
)
def test_run_refuses_before_it_draws(args: list[str], env: dict[str, str], said: str) -> None:
    code, written = on_terminal([*TUIVIZ, "run", *args], env=env)
    assert_refused((code, "", written.replace("\r\n", "\n")), said)


# Progress


def test_progress_is_said_once_a_second_has_passed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    progress = _Progress()
    for done in range(1, 15):
        now += 0.5
        progress(done, 20)
    progress.done()
    out, err = capsys.readouterr()
    assert (out, err) == ("", "error 2 of 20\nerror 12 of 20\n")


def test_progress_on_a_terminal_is_one_line_that_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    progress = _Progress()
    for done in (1, 2, 3):
        now += 0.6
        progress(done, 3)
    progress.done()
    assert capsys.readouterr().err == "\rerror 2 of 3\rerror 3 of 3\r\x1b[K"


def test_what_takes_no_second_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress = _Progress()
    progress(1, 2)
    progress.done()
    assert capsys.readouterr() == ("", "")


# What takes long


def test_what_takes_long_is_said_on_one_line_that_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(written, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setattr(patience, "_AFTER", 0.01)
    monkeypatch.setattr(patience, "_EVERY", 0.01)
    with patience.patience("reading") as says:
        while "reading … 0 s, Ctrl-C stops" not in written.getvalue():
            time.sleep(0.01)
        says("sending back")
        while "sending back … 0 s" not in written.getvalue():
            time.sleep(0.01)
    assert written.getvalue().endswith("\r\x1b[K")


def test_what_is_done_at_once_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with patience.patience("reading"):
        pass
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with pytest.raises(KeyboardInterrupt), patience.patience("reading"):
        raise KeyboardInterrupt
    assert capsys.readouterr() == ("", "")


def test_what_the_first_frame_shows_is_worked_out_before_it_where_that_takes_long(
    tmp_path: Path,
) -> None:
    (tmp_path / "text").write_text("a b c " * 400)
    debugger = open_debugger(tmp_path / "text", ModelOptions(hidden=300))
    look_ahead(debugger)
    debugger.session.keep(("log reach", debugger.session.error), _never)


def _never() -> None:
    raise AssertionError
