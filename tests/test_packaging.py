"""What is built holds all that the program reads, and what is released all that its tests read."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import tuiviz

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FOLDERS = ("core", "tuiviz")
MORE = (".ci", "benchmarks", "docs", "samples", "tests")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return folder


def sources(*folders: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_both_packages_whole_and_nothing_else(built: Path) -> None:
    (path,) = built.glob("*.whl")
    held = {name for name in zipfile.ZipFile(path).namelist() if ".dist-info/" not in name}
    assert held == sources(*FOLDERS)
    for name in ("core/py.typed", "tuiviz/files/trace.schema.json", "tuiviz/screen/app.tcss"):
        assert name in held


def test_the_wheel_brings_its_command_and_its_license(built: Path) -> None:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        found = {name.partition(".dist-info/")[2]: name for name in wheel.namelist()}
        assert "tuiviz = tuiviz.__main__:main" in wheel.read(found["entry_points.txt"]).decode()
        assert wheel.read(found["licenses/LICENSE"]) == (ROOT / "LICENSE").read_bytes()


def test_the_sdist_holds_what_the_tests_and_documents_need(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        held = {name.partition("/")[2] for name in sdist.getnames()}
    assert sources(*FOLDERS, *MORE) <= held
    for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml"):
        assert name in held


def test_the_version_is_said_once() -> None:
    assert tuiviz.__version__ == PROJECT["version"]
