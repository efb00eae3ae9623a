"""Every view stays in its room at any size; hostile tokens are shown, never obeyed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import fuzz
import numpy as np
import pytest
from bptt_loops import problems, sessions
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion
from textual.events import Key
from textual.geometry import Region, Size
from textual.pilot import Pilot
from textual.widgets import Static

from core.diagnosis.verdict import diagnose
from core.errors import InputError
from core.learning.comparison import STYLES, compare
from core.parameters import NAMES
from core.truncation import Truncation
from tuiviz.debugger.actions import ACTIONS
from tuiviz.debugger.commands import run
from tuiviz.debugger.debugger import PANELS, Debugger
from tuiviz.debugger.judging import begin
from tuiviz.debugger.keyboard import DEFAULT
from tuiviz.debugger.scope import name_of
from tuiviz.debugger.session import Session, Value
from tuiviz.debugger.styles import styles
from tuiviz.debugger.training_sentences import cosine, part
from tuiviz.diagnosis.probe import make_probe
from tuiviz.glyphs import to_ascii
from tuiviz.numbers import number, percent, power_of_ten
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions, Problem, problem_of_tape
from tuiviz.screen.app import DETAILS, LAST, DebuggerApp
from tuiviz.screen.drawing import Draw, Room, framed
from tuiviz.screen.help import Reading, help_text
from tuiviz.screen.palette import DARK, LIGHT
from tuiviz.screen.plot import Curve, plot
from tuiviz.screen.views import (
    chain,
    header,
    jacobian,
    matrix,
    network,
    program,
    reach,
    says,
    training,
    truncation,
    watches,
    yours,
)
from tuiviz.screen.widgets import View

quick = settings(derandomize=True, deadline=None, max_examples=40)
SAMPLE = Path(__file__).parent.parent / "samples" / "sample.txt"

PANEL_VIEWS: dict[str, Draw] = {
    "chain": chain.chain,
    "value": matrix.value,
    "reach": reach.triangle,
    "decay": reach.decay,
    "jacobian": jacobian.jacobian,
    "training": training.training,
    "truncation": truncation.truncation,
    "watches": watches.watches,
    "program": program.program,
}
LINES: dict[str, Draw] = {"header": header.header, "sums": header.sums, "footer": header.footer}
VIEWS = {**PANEL_VIEWS, **LINES, "network": network.network, "says": says.says}

HOSTILE = (
    "[/b]",
    "[red]",
    "[@click=quit]",
    "\x1b[31m",
    "\x1b]0;title\x07",
    "😀",
    "한국어",
    "x" * 5000,
)


def drawn(debugger: Debugger, name: str, width: int, height: int, dark: bool = True) -> list[str]:
    """The lines of a view; each must fit."""
    focused = debugger.look.panel == name
    room = Room(width, height, DARK if dark else LIGHT, focused)
    lines = VIEWS[name](debugger, room)
    assert len(lines) <= height, name
    for line in lines:
        assert cell_len(line.text) == line.width <= width, f"{name}, {width}×{height}: {line.text}"
        assert line.text.isprintable(), name
    return [line.text for line in lines]


# Each view alone


MOVES = st.sampled_from(
    [*fuzz.TYPED, *(a.shown for a in ACTIONS if a.shown and not a.on_screen and not a.asks)]
)


@given(sessions(), st.lists(MOVES, max_size=8), st.sampled_from(PANELS), st.data())
@quick
def test_every_view_stays_in_its_room(
    session: Session, typed: list[str], panel: str, drawing: st.DataObject
) -> None:
    debugger = Debugger(session)
    run(debugger, f"panel {panel}")
    for text in typed:
        try:
            run(debugger, text)
        except InputError as error:
            debugger.message = str(error)
    width, height = drawing.draw(st.integers(28, 200)), drawing.draw(st.integers(4, 60))
    dark = drawing.draw(st.booleans())
    for name in PANEL_VIEWS:
        drawn(debugger, name, width, height, dark)
    wide = drawing.draw(st.integers(78, 240))
    for name in (*LINES, "network", "says"):
        tall = 1 if name in LINES else drawing.draw(st.integers(1, 8))
        drawn(debugger, name, wide + 2 * (name != "network"), tall, dark)


@given(problems(least=5), st.sampled_from(["reach", "value"]), st.integers(28, 60))
@quick
def test_the_position_is_marked_in_the_triangle(problem: Problem, panel: str, width: int) -> None:
    debugger = Debugger(Session(problem, problem.steps - 1))
    for k in range(problem.steps - 1, -1, -1):
        try:
            run(debugger, f"cell {problem.steps - 1} {k}")
        except InputError:
            continue
        lines = drawn(debugger, "reach", width, 12)
        assert sum(line.count("×") for line in lines) == 1
        assert "▶" in "".join(drawn(debugger, "program", 30, 8))


@given(problems(least=3), st.integers(1, 6), st.integers(1, 6), st.booleans())
@quick
def test_a_truncation_draws_dropped_terms_apart_and_at_their_size(
    problem: Problem, k1: int, k2: int, plain: bool
) -> None:
    spelled = to_ascii if plain else str
    kept, dropped = (spelled(ramp) for ramp in (reach._KEPT, reach._DROPPED))
    assert not set(kept) & set(dropped)
    of_kept = dict(zip(dropped, kept, strict=True))
    steps, room = problem.steps, Room(5 + 2 * problem.steps, 1 + problem.steps, DARK)
    way = Truncation(k1, k2)
    drawn = []
    for cut_by in (None, way):
        debugger = Debugger(Session(replace(problem, truncation=cut_by), 0))
        drawn.append([spelled(line.text)[5::2] for line in reach.triangle(debugger, room)[:steps]])
    for t, (whole, cut) in enumerate(zip(*drawn, strict=True)):
        for k, (glyph, truncated) in enumerate(zip(whole, cut, strict=True)):
            if (t, k) != (0, 0) and glyph != " ":  # where the cursor is, and exact zeros
                assert truncated == glyph if way.keeps(t, k, steps) else of_kept[truncated] == glyph


@pytest.mark.parametrize("name", [*VIEWS])
def test_a_view_of_the_sample(name: str, snapshot: SnapshotAssertion) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions())
    for text in ("watch norm(dW)", "break dW if k > 0", "goto term 2", "mark here", "right"):
        run(debugger, text)
    height = 1 if name in LINES else {"network": 5, "says": 2}.get(name, 14)
    width = 100 if name in LINES else 98 if name in ("network", "says") else 48
    text = "\n".join(line.rstrip() for line in drawn(debugger, name, width, height))
    assert text == snapshot(name=name)


@pytest.mark.parametrize("width", [28, 33, 60])
@pytest.mark.parametrize("parameter", ["W", "V"])
def test_a_given_gradient_stays_in_its_room(width: int, parameter: str) -> None:
    tape = make_probe(steps=6, hidden=7, tokens=5).tape
    given = {name: getattr(tape.gradient(Truncation(1, 3)), name) for name in "UWVbc"}
    problem = problem_of_tape(tape, "probe", report=diagnose(tape, given))
    debugger = Debugger(Session(problem, 5, parameter))
    begin(debugger)
    room = Room(width, 16, DARK, True)
    lines = yours.yours(debugger, room)
    assert all(cell_len(line.text) == line.width <= width for line in lines)
    assert "∂E/∂V: right" in [line.text for line in lines]
    for line in framed(lines, room, yours.title(debugger), yours.subtitle(debugger)):
        assert cell_len(line.text) == width + 2


def test_facts_below_a_panel_are_shown_whole_or_not_at_all() -> None:
    facts = ("4×4", "‖·‖ .4873", "min -.2106", "max .2478", "rank 4")
    for width in range(10, 60):
        below = framed([], Room(width, 3, DARK, False), "", "  ".join(facts))[-1].text.strip("╰╯─ ")
        assert below in ["  ".join(facts[:count]) for count in range(1, 6)]


# All of them on the screen

Play = Callable[[DebuggerApp, Pilot[None]], Awaitable[None]]


def on_screen(app: DebuggerApp, size: tuple[int, int], play: Play) -> None:
    async def playing() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await play(app, pilot)

    asyncio.run(playing())


def screen_text(app: DebuggerApp) -> str:
    """What stands on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text for strip in strips)


def test_the_sizes_of_the_screen_and_resizing_between_them() -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        for size in ((80, 24), (79, 23), (160, 45), (100, 30), (80, 23), (80, 24), (30, 3)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            fuzz.check(app)
            lines = screen_text(app).split("\n")
            assert len(lines) == size[1]
            assert {cell_len(line) for line in lines} == {size[0]}
            text = " ".join(screen_text(app).split())
            if size[0] < 80 or size[1] < 24:
                assert f"thisis{size[0]}×{size[1]}" in text.replace(" ", "")
                continue
            assert "1 of 53" in text
            assert "a₀ = U x₀ + W s₋₁ + b" in text
            assert re.search(r"n step|n N step", text)
            corners = sum(line.count("╮") for line in lines)
            assert corners == sum(line.count("╯") for line in lines)
            assert corners == {(80, 24): 4, (100, 30): 4, (160, 45): 8}.get(size, corners)

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (80, 24), play)


def test_with_ascii_every_sign_but_the_tokens_is_ascii(tmp_path: Path) -> None:
    path = tmp_path / "tokens.txt"
    path.write_text("the cats near the cat sleep")
    debugger = open_debugger(path, ModelOptions())
    run(debugger, "watch norm(dW)")

    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        typed = cycle(["goto term 2", "walk sum", "right", "pin", "5N", "predict", "n"])
        for size in ((160, 45), (80, 24)):
            await pilot.resize_terminal(*size)
            for panel in PANELS:
                app.type_in(next(typed))
                app.type_in(f"panel {panel}")
                await pilot.pause()
                left = {sign for sign in screen_text(app) if not sign.isascii()}
                assert not left, (size, panel)
        await pilot.press("question_mark")
        await pilot.pause()
        assert not {sign for sign in screen_text(app) if not sign.isascii()}

    on_screen(DebuggerApp(debugger, ascii_only=True), (160, 45), play)


def test_hostile_tokens_are_shown_not_obeyed(tmp_path: Path) -> None:
    path = tmp_path / "hostile.txt"
    path.write_text(" ".join([*HOSTILE, HOSTILE[0]]), encoding="utf-8")
    debugger = open_debugger(path, ModelOptions())

    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        for size in ((100, 30), (80, 24), (160, 45)):
            await pilot.resize_terminal(*size)
            for text in ("goto t=0", "goto t=3", "goto t=7", "end", "goto term 4", "print token"):
                app.type_in(text)
                await pilot.pause()
                fuzz.check(app)
                assert "\x1b" not in screen_text(app)
                assert "\x07" not in screen_text(app)
        app.type_in("goto t=0")
        await pilot.pause()
        assert "x₀ [/b]" in screen_text(app)
        assert "x₁ [red]" in screen_text(app)
        app.type_in("goto [@click=quit]")
        app.type_in("search [/b")
        app.type_in("mark [/b]")
        app.type_in("watch [/b]")
        await pilot.pause()
        assert app.is_running

    on_screen(DebuggerApp(debugger), (100, 30), play)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 36), (139, 42), (140, 42), (200, 60)])
def test_every_panel_on_the_screen_has_room(size: tuple[int, int]) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        for view in app.query(View):
            if view.id in PANELS and view.display:
                assert view.size.height >= 6, view.id

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), size, play)


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "nord"])
def test_themes_change_colours_and_no_letter(theme: str) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        dark = screen_text(app)
        app.type_in(f"theme {theme}")
        await pilot.pause()
        fuzz.check(app)
        shown = screen_text(app)
        assert shown.replace(" ", "").startswith(dark.replace(" ", "")[:40])
        assert shown.split("\n")[1:-3] == dark.split("\n")[1:-3]

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (100, 30), play)


def test_without_colour_signs_and_the_current_line_still_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        app.type_in("goto term 2")
        await pilot.pause()
        fuzz.check(app)
        assert "▶ ∂E₄/∂W += δ₄,₂ ⊗ s₁" in screen_text(app)
        value = app.debugger.session.value().array
        assert (value < 0).any()
        assert "-.0" in screen_text(app)
        await pilot.press("colon")
        assert app.prompt.get_component_rich_style("input--cursor").reverse
        assert app.prompt.get_component_rich_style("input--selection").reverse

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (100, 30), play)


def test_keys_reach_their_actions_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        copied: list[str] = []
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        await pilot.press("y", "Y")
        assert copied[0].startswith("[")
        assert "∂E" in copied[1] or "\\partial" in copied[1]
        await pilot.press("question_mark")
        await pilot.pause()
        said = str(app.screen.query_one(Static).render())
        assert all(
            action.help in said or action.help[:30] in said for action in ACTIONS if action.shown
        )
        await pilot.press("escape", "tab")
        assert app.debugger.look.panel == PANELS[1]
        await pilot.press("shift+tab", "shift+tab")
        assert app.debugger.look.panel == PANELS[-1]
        await pilot.press("1", "7", "g")
        assert app.debugger.session.index == 16
        await pilot.press("g", *"30", "enter")
        assert app.debugger.session.index == 29
        await pilot.press("colon", "escape", "tab", "z")
        assert app.debugger.look.zoomed
        await pilot.press("ctrl+c")
        assert app._exit

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (80, 24), play)


def test_the_trace_is_saved_where_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        await pilot.press("x", "enter")
        await app.workers.wait_for_complete()
        assert "saved sample.trace.json" in app.debugger.message
        app.type_in("export sample.trace.json")
        await app.workers.wait_for_complete()
        assert "exists already and is kept" in app.debugger.message
        app.type_in("export other.json")
        await app.workers.wait_for_complete()

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (80, 24), play)
    assert Path("other.json").read_bytes() == Path("sample.trace.json").read_bytes()


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (140, 42), (160, 45)])
def test_every_title_is_read_whole(size: tuple[int, int]) -> None:
    """The formula of a value that its title has no room for stands above the numbers."""

    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        for text in ("goto t=2", "goto term 2", "cursor 2.1", "cursor 2.3", "walk sum", "7 step"):
            app.type_in(text)
            for panel in PANELS:
                app.type_in(f"panel {panel}")
                await pilot.pause()
                for view in app.query(View):
                    if view._titles and view.display:
                        lines = [view.render_line(y).text for y in range(view.size.height)]
                        left, equals, right = view._titles[0](app.debugger).partition("= ")
                        assert left in lines[0]
                        text = squeezed("".join(each.strip("│") for each in lines))
                        assert squeezed(equals + right) in text

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), size, play)


LONG = ("break nonsense", "print U", "show", "breakpoints", "export " + "/nowhere" * 20)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 45)])
def test_a_long_message_is_read_whole_and_gone_at_the_next_key(size: tuple[int, int]) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        app.type_in("goto term 2")
        app.type_in("watch norm(dW)")
        app.type_in("break dW")
        app.type_in("watch norm(dU)")
        await pilot.press("escape")
        await pilot.pause()
        before = screen_text(app)
        for text in LONG:
            app.type_in(text)
            await app.workers.wait_for_complete()
            await pilot.pause()
            said, shown = app.debugger.message, screen_text(app)
            assert said
            assert squeezed(said) in squeezed(shown)
            await pilot.press("escape")
            await pilot.pause()
            assert screen_text(app) == before
        app.type_in("messages")
        await pilot.pause()
        said = str(app.screen.query_one(Static).render())
        assert all(squeezed(text) in squeezed(said) for text in app.debugger.said)

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), size, play)


def squeezed(text: str) -> str:
    """Without the blanks and line breaks, which are where there is room."""
    return "".join(text.split())


def test_all_warnings_are_read_at_the_start() -> None:
    warnings = [f"warning {i} of a file with so long a path: {'/long' * 30}.toml" for i in range(4)]

    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        await pilot.pause()
        shown = squeezed(screen_text(app))
        assert all(squeezed(each) in shown for each in warnings)
        await pilot.press("g")
        await pilot.pause()
        assert squeezed(warnings[-1]) not in squeezed(screen_text(app))

    app = DebuggerApp(open_debugger(SAMPLE, ModelOptions()))
    app.begin_with(warnings)
    on_screen(app, (80, 24), play)


@given(st.text(alphabet="ab 한x", max_size=400), st.integers(28, 100), st.integers(3, 20))
@quick
def test_of_a_message_without_end_what_is_left_out_is_counted(
    text: str, width: int, height: int
) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions())
    debugger.message = text
    lines = says.more(debugger, Room(width, height, DARK))
    assert all(cell_len(line.text) == line.width <= width for line in lines)
    assert len(lines) == min(height, says.height(debugger, width))
    if len(lines) < says.height(debugger, width):
        left_out = re.search(r"(\d+) more lines", lines[-1].text)
        assert left_out
        assert height - 1 + int(left_out[1]) == says.height(debugger, width)


def test_what_is_typed_at_once_after_a_key_that_asks_reaches_the_prompt() -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        for sign in "/soft":
            app.post_message(Key("slash" if sign == "/" else sign, sign))
        await pilot.press("enter")
        assert app.debugger.trained == 0
        assert (
            app.debugger.session.written(app.debugger.session.position.line) == "ŷ₀ = softmax(z₀)"
        )

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (80, 24), play)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 45)])
def test_training_is_watched_and_gone_back_in(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        await pilot.press("6", "s", "U")
        assert "W ← W − η ∂E/∂W ─" in screen_text(app)
        await pilot.press("2", "I")
        await pilot.pause()
        assert re.search(r"step 4  −η ∂E/∂W.*\n(.*\n)*.*step 6  −η", screen_text(app))
        app.type_in("panel training")
        await pilot.press("left", "left", "enter")
        assert app.debugger.trained == 4
        await pilot.press("up", "down", "down")
        await pilot.pause()
        assert "‖θ‖ after 0 … 5 steps" in screen_text(app)
        app.type_in("panel truncation")
        app.type_in("truncate 2,3")
        await pilot.pause()
        assert_truncations_are_shown(app, Truncation(2, 3))
        monkeypatch.setattr("tuiviz.debugger.debugger.AT_ONCE", 0)  # all is worked out beside
        app.type_in("truncate 3,4")
        for _ in range(500):
            await pilot.pause(0.01)
            if styles(app.debugger).part == 1:
                break
        await pilot.pause()
        assert_truncations_are_shown(app, Truncation(3, 4))

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), size, play)


def assert_truncations_are_shown(app: DebuggerApp, chosen: Truncation) -> None:
    """The whole comparison is on the screen, and error and cosine of each parameter."""
    drawn = app.query_one("#truncation", View)._lines
    text = "\n".join(line.text for line in drawn)
    tape = app.debugger.session.problem.tape
    assert "…" not in text
    full = tape.gradient()
    for style, made in STYLES.items():
        each = compare(tape, style, chosen.k2, made(chosen.k2, tape.steps), full)
        assert percent(each.kept / each.terms) in text
        assert part(each.errors["W"]) in text
    mine = compare(tape, "chosen", chosen.k2, chosen, full)
    assert re.search(r" +".join(re.escape(part(mine.errors[name])) for name in NAMES), text)
    assert re.search(r" +".join(re.escape(cosine(mine.cosines[name])) for name in NAMES), text)


@pytest.mark.parametrize("number", range(len(fuzz.CASES)))
def test_random_keys_clicks_and_sizes_break_nothing(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name, options = fuzz.CASES[number]
    asyncio.run(fuzz.fuzz(name, options, 60, seed=number))


def test_keys_that_follow_at_once_after_the_prompt_are_not_lost() -> None:
    async def typed() -> tuple[int, int]:
        app = DebuggerApp(open_debugger(SAMPLE, ModelOptions()))
        async with app.run_test(size=(100, 30)) as pilot:
            await pilot.pause()
            for text in ("gk=2", "\r", "nngE1", "\r", "N"):
                for character in text:
                    key = {"=": "equals_sign", "\r": "enter"}.get(character, character)
                    app.post_message(Key(key, character))
            await pilot.pause()
            await pilot.pause()
            return app.debugger.session.index, app.debugger.session.error

    debugger = open_debugger(SAMPLE, ModelOptions())
    for line in ("goto k=2", "n", "n", "goto E1", "N"):
        run(debugger, line)
    assert asyncio.run(typed()) == (debugger.session.index, debugger.session.error)


Cells = dict[tuple[int, int], tuple[str, object]]


def cells_of(app: DebuggerApp, *regions: Region) -> Cells:
    """What the views have in some regions of the screen: the text and the style of each cell."""
    found: Cells = {}
    for view in app.query(View):
        for common in (view.region.intersection(region) for region in regions):
            for y in common.line_range:
                row = view.render_line(y - view.region.y)
                left, right = (x - view.region.x for x in common.column_span)
                for x in range(left, right):
                    cell = row.crop(x, x + 1)
                    style = next((each.style for each in cell if each.text), None)
                    found[view.region.x + x, y] = (cell.text, style)
    return found


@pytest.mark.parametrize("keys", ["nnn", "tTtn", "n]nt[T", "nuNwnW", "btvtC+n", "ntFtRtt-"])
def test_what_is_painted_anew_is_all_that_has_changed(keys: str) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        whole, ground = app.size.region, app.screen
        terminal = cells_of(app, whole)
        refresh, asked = ground.refresh, list[Region]()

        def noted(*regions: Region, **how: bool) -> object:
            asked.extend(regions or [whole])
            return refresh(*regions, **how)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ground, "refresh", noted)
            for key in keys:
                await pilot.press(key)
                assert whole not in asked
                terminal |= cells_of(app, *asked)
                asked.clear()
        for view in app.query(View):
            view.notify_style_update()  # nothing is kept of what has been drawn
        assert terminal == cells_of(app, whole)

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (140, 45), play)


@pytest.mark.parametrize("size", [Size(15, 0), Size(0, 5)])
def test_a_view_that_loses_its_room_before_it_is_painted_is_nothing(size: Size) -> None:
    debugger = open_debugger(SAMPLE, ModelOptions())

    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        view = app.query_one("#chain", View)
        run(app.debugger, "gradient U")
        assert len(view.show(app.debugger)) > 1  # lines that are still to be painted
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(View, "outer_size", size)
            assert view.render_lines(Region(0, 0, *size)) == []

    on_screen(DebuggerApp(debugger), (100, 30), play)


def test_a_matrix_without_room_is_nothing() -> None:
    shown = Value("W", "W", np.eye(3), (("a", "b", "c"), ("x", "y", "z")))
    assert matrix.matrix(shown, Room(40, 0, DARK)) == []
    assert matrix.matrix(shown, Room(40, -1, DARK)) == []
    assert matrix.matrix(shown, Room(40, 1, DARK))


def test_every_line_of_the_help_is_whole() -> None:
    assert "…" not in help_text(DEFAULT)


@pytest.mark.parametrize("key", ["escape", "ctrl+c", "enter", "question_mark", "q", "f1"])
def test_what_closes_the_help(key: str) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, Reading)
        await pilot.press("n", key)
        await pilot.pause()
        assert not isinstance(app.screen, Reading)
        assert app.debugger.session.index == 0
        assert not app._exit

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (100, 30), play)


def test_a_click_beside_the_help_closes_it_and_one_on_it_does_not() -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await pilot.pause()
        await pilot.click(offset=(50, 10))
        assert isinstance(app.screen, Reading)
        await pilot.click(offset=(2, 15))
        await pilot.pause()
        assert not isinstance(app.screen, Reading)

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (100, 40), play)


def test_without_room_the_help_is_what_is_needed() -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await pilot.pause()
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        assert "needs 80×24" in screen_text(app)
        await pilot.press("question_mark")
        await pilot.pause()
        assert "needs 80×24" in screen_text(app)

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (100, 30), play)


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
def test_what_leaves_the_prompt(key: str) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        await pilot.press("colon", *"end", key)
        await pilot.pause()
        assert not app.prompt.display
        assert not app._exit
        await pilot.press("n")
        assert app.debugger.session.index == 1

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (100, 30), play)


# The mouse


async def click_on(app: DebuggerApp, pilot: Pilot[None], text: str, below: int = 0) -> None:
    """Clicks on the first cell of a text; of those in rows from `below` on, the first."""
    await pilot.pause()
    rows = screen_text(app).split("\n")
    y, row = next((y, row) for y, row in enumerate(rows) if y >= below and text in row)
    await pilot.click(offset=(cell_len(row[: row.index(text)]), y))
    await pilot.pause()


def test_a_click_on_a_key_of_the_footer_presses_it() -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        here = app.debugger
        await click_on(app, pilot, "n N step", 29)
        assert here.session.index == 1
        await click_on(app, pilot, "N step", 29)
        assert here.session.index == 0
        await click_on(app, pilot, "] error", 29)
        await click_on(app, pilot, "[ ] error", 29)
        assert here.session.error == 3
        await click_on(app, pilot, "v wrt", 29)
        assert here.session.parameter == "V"
        await click_on(app, pilot, "x export", 29)
        assert app.prompt.display
        await pilot.press("escape")
        await click_on(app, pilot, "? help", 29)
        assert isinstance(app.screen, Reading)
        await pilot.press("escape")
        await click_on(app, pilot, "quit", 29)
        assert app._exit

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (100, 30), play)


def test_clicks_in_the_program_set_breakpoints_and_go_to_lines_of_either_way() -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        here = app.debugger
        for on in (True, False):
            rows = screen_text(app).split("\n")
            y = next(y for y, row in enumerate(rows) if "∂E₄/∂W +=" in row)
            await pilot.click(offset=(1, y))
            await pilot.pause()
            assert [each.line for each in here.breakpoints] == ["dW"] * on
            assert ("│●" in screen_text(app)) == on
        app.type_in("break dW if k > 0")
        for on in (False, True):
            await pilot.click(offset=(1, y))
            assert [each.enabled for each in here.breakpoints] == [on]
        for text, phase, step, name in (
            ("∂E₄/∂W +=", "backward", 0, "dW"),
            ("sₜ = tanh", "forward", 0, "s"),
            ("∂E₄/∂V +=", "backward", 4, "dV"),
            ("ŷₜ = softmax", "forward", 4, "yhat"),
            ("∂E₄/∂sₖ = Wᵀ", "backward", 3, "dEds"),
            ("aₜ = U xₜ", "forward", 3, "a"),
        ):
            await click_on(app, pilot, text, 8)
            at = here.session.position
            assert (at.phase, at.step, name_of(at.line)) == (phase, step, name)

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (100, 30), play)


@pytest.mark.parametrize(("size", "names"), [((100, 30), DETAILS), ((160, 45), LAST)])
def test_the_panels_that_share_a_place_are_turned_by_clicks(
    size: tuple[int, int], names: tuple[str, ...]
) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        app.type_in(f"panel {names[0]}")
        for sign, order in (("›─╮", (*names[1:], names[0])), ("‹ ›", (*names[:0:-1], names[0]))):
            for name in order:
                await click_on(app, pilot, sign)
                assert app.debugger.look.panel == name
                assert app.query_one(f"#{name}").display

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), size, play)


def test_a_click_on_the_curve_of_the_lag_goes_to_its_term() -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        app.type_in("panel decay")
        await click_on(app, pilot, "███████████████▄▄▄▄▄")
        assert app.debugger.cell == (4, 4)
        assert app.debugger.session.position.step == 4

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (100, 30), play)


@given(st.floats(0.1, 100), st.integers(2, 60))
@quick
def test_an_axis_ends_at_its_bounds(high: float, height: int) -> None:
    labels: list[float] = []

    def label(value: float) -> str:
        labels.append(value)
        return ""

    curve = Curve(np.array([high]), label=label, click=str)
    plot(curve, Room(60, height, DARK), 0.0, high)
    assert (labels[0], labels[-1]) == (high, 0.0)


def test_a_long_label_of_an_axis_has_its_room() -> None:
    for log in (-1748.0, -17.0, 0.0):
        curve = Curve(np.array([log, log + 1]), label=power_of_ten, click=str)
        rows = plot(curve, Room(40, 5, DARK), log, log + 1)
        assert rows[-1].text.split("│")[0].strip() == power_of_ten(log)
        assert {each.width for each in rows} == {rows[0].width}


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 45)])
@pytest.mark.parametrize("place", ["goto 5", "goto term 4", "goto 39", "goto 27", "walk sum"])
def test_no_view_answers_what_is_asked(size: tuple[int, int], place: str) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        for text in ("watch norm(dEds)", "predict", place):
            app.type_in(text)
        if place == "walk sum":
            app.type_in("goto term 2")
        asked = app.debugger.question
        assert asked is not None
        answer = re.split(r"[:,=]", asked.answer)
        shown = []
        for panel in DETAILS:
            app.type_in(f"panel {panel}")
            await pilot.pause()
            shown.append(screen_text(app))
        for text in shown:
            assert answer[-1].strip() not in text
            assert not re.search(rf"\b{re.escape(answer[0])} of|of {answer[0]} terms", text)
        await pilot.press("A", "enter")
        await pilot.pause()
        assert asked.answer in screen_text(app)

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), size, play)


@pytest.mark.parametrize("digits", range(2, 7))
def test_what_a_term_and_a_line_are_has_room_at_100_columns(digits: int) -> None:
    async def play(app: DebuggerApp, pilot: Pilot[None]) -> None:
        for text in (f"{digits} digits-more", "4 digits-less", "truncate 2", "walk sum", "end"):
            app.type_in(text)
        await pilot.pause()
        text = screen_text(app)
        assert "▸ k=4 δ₄,₄ ⊗ s₃ " in text
        assert "∂E/∂sₖ = Vᵀ ∂E/∂zₖ + Wᵀ δₖ₊₁" in text

    on_screen(DebuggerApp(open_debugger(SAMPLE, ModelOptions())), (100, 30), play)


def test_the_network_is_scrolled_and_follows_the_position_again(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("the cat saw a dog and it ran " * 40)
    debugger = open_debugger(path, ModelOptions())
    for text in ("goto t=100", "panel network", "2 right"):
        run(debugger, text)
    shown = "\n".join(drawn(debugger, "network", 98, 6))
    assert "‹s₁₀₂›" in shown
    assert "[s₁₀₀]" in shown
    run(debugger, "30 down")
    assert "‹s₁₃₂›" in "\n".join(drawn(debugger, "network", 98, 6))
    run(debugger, "n")
    assert "[s₁₀₀]" in "\n".join(drawn(debugger, "network", 98, 6))
    run(debugger, "error 102")
    shown = "\n".join(drawn(debugger, "network", 78, 6))
    assert f"E₁₀₂ {number(float(debugger.session.problem.tape.values['E'][102]), 4)}" in shown
