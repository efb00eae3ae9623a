"""What the documents say is so: their commands run, their Python runs, and nothing is left out."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from terminal import on_terminal

from tuiviz.cli import commands
from tuiviz.debugger.actions import ACTIONS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md")), *ROOT.glob("samples/*.md")]
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True)
class Block:
    """A fenced block: its language (none for a drawing), a word of ours after it, and its text."""

    document: Path
    language: str
    mark: str
    text: str


def blocks(document: Path) -> Iterator[Block]:
    """The fenced blocks of a document, in order."""
    fence = re.compile(r"^```(\w*) ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for language, mark, text in fence.findall(document.read_text("utf-8")):
        yield Block(document, language, mark, text)


BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]

MARKS = {"", "clone", "check"}
"""clone: for a fresh clone, and .ci/run does it there. check: a person writes code in between."""

TOUR = {"tour", "panel"}
"""tests/test_tour.py replays them."""

KINDS = {"", "sh", "console", "python", "toml"} | TOUR


def lines(block: Block) -> list[str]:
    return [line for line in block.text.splitlines() if line]


def known_commands() -> list[str]:
    return commands.list_commands(click.Context(commands))


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert {block.language for block in BLOCKS} <= KINDS
    assert {block.mark for block in BLOCKS if block.language not in TOUR} <= MARKS
    fences = sum(document.read_text("utf-8").count("```") for document in DOCUMENTS)
    assert fences == 2 * len(BLOCKS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_the_commands_of_a_document_run_one_after_the_other(document: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    for block in blocks(document):
        if (block.language, block.mark) == ("sh", ""):
            for line in lines(block):
                assert_runs(line, tmp_path)


def assert_runs(line: str, folder: Path) -> None:
    env = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    command = ["sh", "-c", line]
    if shlex.split(line)[:2] == ["tuiviz", "run"]:
        code, written = on_terminal(command, keys="q", after="\x1b[?1049h", env=env, cwd=folder)
    else:
        done = subprocess.run(
            command, env=env, cwd=folder, capture_output=True, text=True, check=False
        )
        code, written = done.returncode, done.stdout + done.stderr
    assert code == 0, f"{line}\n{written}"


CONSOLES = [block for block in BLOCKS if block.language == "console"]


@pytest.mark.parametrize("block", CONSOLES, ids=[block.text.split("\n")[0] for block in CONSOLES])
def test_what_a_command_prints_stands_in_the_document(block: Block, tmp_path: Path) -> None:
    """$ before the command, then its output, of which […] leaves lines out."""
    shutil.copytree(ROOT / "samples", tmp_path / "samples")
    command, _, printed = block.text.removeprefix("$ ").partition("\n")
    env = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", command], env=env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    for part in printed.split("[…]\n"):
        assert part in done.stdout


def test_the_commands_for_a_fresh_clone_are_run_in_one() -> None:
    """.ci/run takes them from the README itself; what it would print is asked for here."""
    asked = subprocess.run(
        [ROOT / ".ci" / "run", "--list"], capture_output=True, text=True, check=True
    )
    expected = [line for b in blocks(README) if b.mark == "clone" for line in lines(b)]
    assert asked.stdout.splitlines() == expected
    assert any(line.endswith("tuiviz run samples/sample.txt") for line in expected)
    assert any(line.endswith("python -m pytest") for line in expected)
    assert not [b for b in BLOCKS if b.mark == "clone" and b.document != README]


WRONG = """
    s = {-1: s0}
    for t in range(len(x)):
        s[t] = np.tanh(U[:, x[t]] + W @ s[t - 1] + b)
    delta = np.zeros(len(W))
    for t in reversed(range(len(x))):
        e = np.exp(V @ s[t] + c)
        e /= e.sum()
        e[y[t]] -= 1
        delta = V.T @ e + W.T @ delta  # (1 - s[t] ** 2) is forgotten
        dV += np.outer(e, s[t])
        dc += e
        dU[:, x[t]] += delta
        dW += np.outer(delta, s[t - 1])
        db += delta
"""


def test_the_commands_for_a_wrong_bptt_find_its_mistake(tmp_path: Path) -> None:
    (block,) = [block for block in BLOCKS if block.mark == "check"]
    probe, script, check = lines(block)
    assert_runs(probe, tmp_path)
    written = tmp_path / "probe.py"
    before, end, after = written.read_text("utf-8").partition("    return ")
    written.write_text(before + WRONG + end + after, "utf-8")
    assert_runs(script, tmp_path)
    env = {**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", check], env=env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "wrong: no-tanh-derivative: " in done.stdout


@pytest.mark.parametrize("document", sorted({b.document for b in BLOCKS if b.language == "python"}))
def test_the_python_of_a_document_runs(document: Path) -> None:
    program = "\n".join(block.text for block in blocks(document) if block.language == "python")
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("name", ["keys.md", "commands.md", "mistakes.md"])
def test_a_page_made_from_a_table_is_up_to_date(name: str) -> None:
    """If it is not: python docs/make_pages.py"""
    pages = runpy.run_path(str(ROOT / "docs" / "make_pages.py"))["pages"]()
    assert (ROOT / "docs" / name).read_text("utf-8") == pages[name]


def test_every_key_is_documented() -> None:
    page = (ROOT / "docs" / "keys.md").read_text("utf-8")
    for action in ACTIONS:
        (row,) = [row for row in page.splitlines() if row.endswith(f"| {action.help} |")]
        keys, name = row.split(" | ")[:2]
        assert keys.count("`") == 2 * len(action.keys)
        assert name.startswith(f"`{action.name}")


def test_the_readme_has_the_keys_that_are_fixed() -> None:
    text = README.read_text("utf-8")
    keys = "n N t T c C b [ ] u w v Enter x ? q"
    assert not [key for key in keys.split() if f"`{key}`" not in text]


def test_every_command_and_option_is_documented() -> None:
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")
    shared = page[page.index("## Model options") :]
    for name in known_commands():
        command = commands.get_command(click.Context(commands), name)
        assert command is not None
        start = page.index(f"## tuiviz {name}\n")
        section = page[start : page.index("\n## ", start)]
        for option in command.params:
            names = option.opts if isinstance(option, click.Option) else [str(option.metavar or "")]
            for spelled in names:
                assert spelled in section or f"- `{spelled} " in shared, spelled


@pytest.mark.parametrize("document", DOCUMENTS, ids=NAMES)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    for target in re.findall(r"\[[^]]*\]\(([^)#:]+)(?:#[\w-]+)?\)", text):
        assert (document.parent / target).exists(), target


def test_the_readme_is_short_and_says_first_how_to_begin() -> None:
    text = README.read_text("utf-8").splitlines()
    assert len(text) <= 110
    first = "\n".join(text[:23])
    assert "-m pytest" in first
    assert "tuiviz run samples/sample.txt" in first
