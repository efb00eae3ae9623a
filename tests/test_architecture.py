"""Who imports whom: core knows NumPy alone; the screen and the commands come last."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("core", "tuiviz")
    for path in sorted((ROOT / package).rglob("*.py"))
}
"""The path of each module of both packages."""


@cache
def imports(module: str) -> frozenset[str]:
    """The modules that a module names in its imports, wherever they stand, for types too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(FILES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}: imports are absolute"
            source = str(node.module)
            parts = {f"{source}.{alias.name}" for alias in node.names}
            found |= {part if part in FILES else source for part in parts}
    return frozenset(found)


def within(package: str) -> list[str]:
    """The modules of a package."""
    return [name for name in FILES if name == package or name.startswith(f"{package}.")]


def importers(package: str) -> set[str]:
    """The rooms whose modules import a package: tuiviz.screen, tuiviz.problem, core …"""
    return {
        ".".join(module.split(".")[:2])
        for module in FILES
        if any(name == package or name.startswith(f"{package}.") for name in imports(module))
    }


def run(program: str, cwd: Path, *path: Path) -> subprocess.CompletedProcess[str]:
    """A program in a Python of its own, started in `cwd`, with these directories first."""
    return python("-c", program, cwd=cwd, path=path)


def python(*args: str, cwd: Path, path: Sequence[Path]) -> subprocess.CompletedProcess[str]:
    """A Python of its own, started in `cwd`, with these directories first."""
    places = os.pathsep.join(map(str, path))
    return subprocess.run(
        [sys.executable, *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("module", within("core"))
def test_core_imports_numpy_the_standard_library_and_itself(module: str) -> None:
    allowed = {"core", "numpy", *sys.stdlib_module_names}
    assert {name.split(".")[0] for name in imports(module)} <= allowed


@pytest.mark.parametrize("module", FILES)
def test_what_does_not_change_is_a_record(module: str) -> None:
    """A frozen dataclass does the same, but compiles its methods whenever it is imported."""
    for node in ast.walk(ast.parse(FILES[module].read_text("utf-8"))):
        decorators = node.decorator_list if isinstance(node, ast.ClassDef) else []
        assert not any("frozen=True" in ast.unparse(each) for each in decorators)


def test_textual_is_the_screen_s_alone() -> None:
    assert importers("textual") == {"tuiviz.screen"}
    assert not importers("rich") & {"core", "tuiviz.debugger", "tuiviz.files"}


def test_click_is_the_commands_alone() -> None:
    assert importers("click") == {"tuiviz.cli"}


def test_nothing_below_the_screen_and_the_commands_knows_them() -> None:
    assert importers("tuiviz.screen") <= {"tuiviz.screen", "tuiviz.cli", "tuiviz.interactive"}
    assert importers("tuiviz.cli") <= {"tuiviz.cli", "tuiviz.__main__"}


def test_files_do_not_know_the_debugger() -> None:
    assert "tuiviz.files" not in importers("tuiviz.debugger")


def test_nothing_imports_in_a_circle() -> None:
    """graphlib raises CycleError, and names the circle."""
    order = TopologicalSorter({module: imports(module) & FILES.keys() for module in FILES})
    assert set(order.static_order()) == set(FILES)


def test_importing_tuiviz_loads_neither_the_screen_nor_the_formats_of_files(
    tmp_path: Path,
) -> None:
    asked = "import sys, tuiviz; print(*sys.modules)"
    loaded = set(run(asked, tmp_path, ROOT).stdout.split())
    assert "tuiviz" in loaded
    assert not loaded & {"textual", "rich", "safetensors", "msgspec", "click"}


def test_recording_needs_neither_the_screen_nor_the_formats_of_files(tmp_path: Path) -> None:
    asked = (
        "import sys, tuiviz as tv; tv.record(tv.Parameters.random(2, 2, 2), [0], [1]).gradient();"
        "print(*sys.modules)"
    )
    loaded = set(run(asked, tmp_path, ROOT).stdout.split())
    assert "core.tape" in loaded
    assert not loaded & {"textual", "rich", "safetensors", "msgspec", "click"}


@pytest.mark.parametrize("other", ["core/__init__.py", "core.py"])
def test_another_package_called_core_is_named(tmp_path: Path, other: str) -> None:
    """And not run: whatever it does, or fails to do, is no part of the message."""
    path = tmp_path / "elsewhere" / other
    path.parent.mkdir(parents=True)
    path.write_text("raise SystemExit('the other one ran')")
    done = run("import tuiviz", tmp_path, tmp_path / "elsewhere", ROOT)
    assert done.returncode != 0
    error = done.stderr.strip().splitlines()[-1]
    assert error.startswith("ImportError: tuiviz needs its own package `core`")
    assert str(path) in error
    assert done.stderr.count("Error:") == 1


@pytest.mark.parametrize("command", [["-m", "tuiviz"], ["-mtuiviz"], ["bin/tuiviz"]])
def test_where_core_is_hidden_the_command_refuses_in_one_line(
    tmp_path: Path, command: list[str]
) -> None:
    """Exit 2: 1 would say that a check found a gradient wrong."""
    (tmp_path / "core.py").write_text("raise SystemExit('the other one ran')")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "tuiviz").write_text("from tuiviz.cli import main\nmain()")
    done = python(*command, "check", "x.npz", cwd=tmp_path, path=(tmp_path, ROOT))
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("tuiviz: needs its own package `core`, but another one hides it")
    assert str(tmp_path / "core.py") in done.stderr


def test_a_folder_called_core_hides_nothing(tmp_path: Path) -> None:
    """A namespace package, in the directory where Python is started: a package goes before it."""
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "errors.py").write_text("")
    done = run("import tuiviz; tuiviz.Parameters", tmp_path, ROOT)
    assert done.returncode == 0, done.stderr


def test_every_public_name_can_be_had() -> None:
    import tuiviz

    for name in tuiviz.__all__:
        assert getattr(tuiviz, name).__name__ == name
    assert set(tuiviz.__all__) <= set(dir(tuiviz))
    with pytest.raises(AttributeError, match="nothing"):
        _ = tuiviz.nothing
