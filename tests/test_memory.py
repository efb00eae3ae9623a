"""What is kept is taken up again on the same sample; what a file says is shown, never obeyed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from core.errors import InputError
from tuiviz.debugger.commands import run
from tuiviz.debugger.debugger import Debugger
from tuiviz.debugger.keeping import Kept, KeptBreakpoint, KeptMark, KeptWatch
from tuiviz.debugger.memory import kept, take_up, taken_up
from tuiviz.opening import open_debugger
from tuiviz.problem import ModelOptions
from tuiviz.screen.drawing import Room, line
from tuiviz.screen.palette import DARK
from tuiviz.screen.views.watches import watches

SAMPLE = Path(__file__).parent.parent / "samples" / "sample.txt"
TITLE = "\x1b]0;owned\x07"
"""Sets the title of a terminal that obeys it."""


@pytest.fixture
def debugger() -> Debugger:
    return open_debugger(SAMPLE, ModelOptions())


def test_all_that_was_made_comes_back(debugger: Debugger) -> None:
    made = ("break dW if k > 0", "watch stop norm(dW)", "error 2", "gradient V", "goto k=2")
    for text in (*made, "mark here", "panel reach", "zoom", "walk each", "5 digits-more"):
        run(debugger, text)
    debugger.look = replace(debugger.look, theme="nord")
    again = open_debugger(SAMPLE, ModelOptions())
    assert list(take_up(again, kept(debugger))) == []
    assert kept(again) == kept(debugger)
    assert again.look == debugger.look
    assert (again.session.error, again.session.parameter) == (2, "V")
    assert (
        taken_up(again) == "as you left it: 1 breakpoint, 1 watch, 1 mark; --fresh starts without"
    )
    for each in (again, debugger):
        run(each, "return-to here")
    assert again.session.position == debugger.session.position


def test_what_is_given_goes_before_what_is_kept(debugger: Debugger) -> None:
    for text in ("error 2", "gradient V"):
        run(debugger, text)
    again = open_debugger(SAMPLE, ModelOptions(), error=3, parameter="U")
    assert list(take_up(again, kept(debugger), ("error", "gradient"))) == []
    assert (again.session.error, again.session.parameter) == (3, "U")
    assert taken_up(again) == ""


def test_escape_codes_of_a_kept_session_are_shown(debugger: Debugger) -> None:
    fits, lost = KeptMark("one", 3, "backward", 1, "dW"), KeptMark("one", 99, "backward", 1, "dW")
    found = Kept(
        tuple(KeptBreakpoint(text) for text in (TITLE, f"dW if token == '{TITLE}'", f"t={TITLE}")),
        (KeptWatch(TITLE), KeptWatch(f"norm('{TITLE}')")),
        {f"{TITLE}fits": fits, f"{TITLE}lost": lost, TITLE: KeptMark(TITLE, 0, TITLE, 0, TITLE)},
        {"panel": TITLE, "walk": TITLE, TITLE: TITLE},
    )
    said = list(take_up(debugger, found))
    assert len(said) == 7
    with pytest.raises(InputError, match="no mark x") as refused:
        run(debugger, "return-to x")
    lines = [each.text for each in watches(debugger, Room(60, 20, DARK))]
    for text in (*said, str(refused.value), *lines):
        assert text.isprintable()
    assert "␛]0;owned␇fits" in str(refused.value)


def test_a_line_of_the_screen_obeys_nothing() -> None:
    drawn = line(f"a {TITLE}").add("\u202eb")
    assert drawn.text == "a ␛]0;owned␇⟨U+202E⟩b"
    assert drawn.width == cell_len(drawn.text)
