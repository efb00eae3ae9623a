"""What stands between the command and its first frame. How long it takes, benchmarks measure."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from unittest.mock import Mock

import pytest
from terminal import on_terminal
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode

from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.app import DebuggerApp
from tuiviz.screen.views import chain, network, program
from tuiviz.screen.widgets import View

ROOT = Path(__file__).parent.parent
SAMPLE = str(ROOT / "samples" / "sample.txt")

LOADED_LATER = {
    "core.check",
    "core.diagnosis",
    "core.learning",
    "msgspec",
    "regex",
    "safetensors",
    "tomllib",
    "tuiviz.debugger.asking",
    "tuiviz.debugger.conditions",
    "tuiviz.debugger.expressions",
    "tuiviz.debugger.find",
    "tuiviz.debugger.functions",
    "tuiviz.debugger.learning",
    "tuiviz.debugger.looking",
    "tuiviz.debugger.memory",
    "tuiviz.debugger.moving",
    "tuiviz.debugger.predict",
    "tuiviz.debugger.script",
    "tuiviz.debugger.sentences",
    "tuiviz.debugger.stopping",
    "tuiviz.debugger.stops",
    "tuiviz.diagnosis",
    "tuiviz.explain",
    "tuiviz.files.arrays",
    "tuiviz.files.conventions",
    "tuiviz.files.trace",
    "tuiviz.screen.help",
    "tuiviz.screen.prompt",
    "tuiviz.training",
}
"""Modules and packages that an action, an option or a file brings in."""

TOLD = """
import sys
from tuiviz.cli import main
from tuiviz.screen.app import DebuggerApp

path = sys.argv.pop()

def told(app):
    with open(path, "w") as file:
        print(*sys.modules, file=file)
    app.exit()

DebuggerApp.on_ready = lambda app: app.call_after_refresh(told, app)
main()
"""


def first_frame(size: tuple[int, int]) -> list[str]:
    """The names of the views, once they have been shown."""

    async def shown() -> list[str]:
        app = DebuggerApp(open_debugger(SAMPLE, ModelOptions()))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            return [str(view.id) for view in app.query(View)]

    return asyncio.run(shown())


def test_what_the_first_frame_does_not_show_is_not_loaded(tmp_path: Path) -> None:
    out = tmp_path / "modules"
    command = [sys.executable, "-c", TOLD, "run", "--fresh", SAMPLE, str(out)]
    code, written = on_terminal(command, rows=45, columns=140, cwd=ROOT)
    assert code == 0, written
    loaded = set(out.read_text().split())
    assert {"core.tape", "tuiviz.screen.views.chain"} <= loaded
    packages = {name.rsplit(".", depth)[0] for name in loaded for depth in range(3)}
    assert not packages & LOADED_LATER


@pytest.mark.parametrize("name", sorted(LOADED_LATER))
def test_what_is_loaded_later_is_there(name: str) -> None:
    assert find_spec(name)


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (60, 20)])
def test_a_widget_is_styled_when_it_is_mounted_and_once_more(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once more when its screen comes up, as Textual does it, and never besides."""
    styled: Counter[str] = Counter()
    update_nodes = Stylesheet.update_nodes

    def counted(self: Stylesheet, nodes: Iterable[DOMNode], animate: bool = False) -> None:
        listed = list(nodes)
        styled.update(str(node.id) for node in listed)
        update_nodes(self, listed, animate)

    monkeypatch.setattr(Stylesheet, "update_nodes", counted)
    views = first_frame(size)
    assert "chain" in views
    assert {name: styled[name] for name in views} == dict.fromkeys(views, 1)


@pytest.mark.parametrize("view", [chain, network, program])
def test_a_view_is_drawn_once_for_the_first_frame(
    view: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = view.__name__.rpartition(".")[2]
    draw = Mock(wraps=getattr(view, name))
    monkeypatch.setattr(view, name, draw)
    first_frame((140, 45))
    assert draw.call_count == 1
