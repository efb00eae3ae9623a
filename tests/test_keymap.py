"""Keys are those that Textual knows; what a configuration gets wrong is said, the rest counts."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from string import ascii_letters, ascii_lowercase, digits, punctuation

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.keys import Keys, _character_to_key, _normalize_key_list

from core.errors import InputError
from tuiviz.debugger.actions import ACTIONS, Action
from tuiviz.debugger.keymap import LIMIT, Settings, read_settings
from tuiviz.debugger.keynames import MODIFIERS, NAMES, SENT_AS, key_name, key_shown
from tuiviz.files.visible import visible

quick = settings(
    derandomize=True,
    deadline=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
DEFAULTS = {"step": ("n", "space"), "back": ("N",), "help": ("question_mark",), "quit": ("q",)}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "tuiviz").mkdir()
    return tmp_path


def configured(home: Path, content: str | bytes) -> tuple[Settings, list[str]]:
    path = home / "tuiviz" / "config.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    found, warnings = read_settings(DEFAULTS)
    for warning in warnings:
        assert warning == visible(warning)
        assert path.name in warning
    assert not warnings or str(path) in warnings[0]
    return found, warnings


def sent(characters: str) -> list[str]:
    """The keys that Textual makes of what a terminal sends."""
    return [event.key for event in XTermParser().feed(characters) if isinstance(event, Key)]


def refusal(written: str) -> str:
    with pytest.raises(InputError) as caught:
        key_name(written)
    line = str(caught.value)
    assert line == visible(line)
    return line


# Names of keys


@quick
@given(st.characters(codec="utf-8"))
def test_a_character_has_the_name_that_textual_gives_it(character: str) -> None:
    try:
        name = key_name(character)
    except InputError:
        assert not character.isalnum()
        assert not character.isprintable() or len(_character_to_key(character)) == 1
    else:
        assert name == _character_to_key(character)


def test_every_key_of_a_terminal_has_a_name() -> None:
    for character in ascii_letters + digits + punctuation + "ㅜㅅ":
        assert [key_name(character)] == sent(character)


def test_every_name_is_one_that_textual_knows() -> None:
    known = {str(key.value) for key in Keys} | {_character_to_key(sign) for sign in punctuation}
    assert set(NAMES) <= known
    assert len(NAMES) == len(set(NAMES))
    assert all(first < second for first, second in pairwise(MODIFIERS))  # as Textual sorts them


def test_every_name_that_textual_has_is_accepted() -> None:
    odd = {Keys.Return, Keys.ControlAt, Keys.ControlSpace, Keys.Any, Keys.Ignore}
    odd |= {Keys.ScrollUp, Keys.ScrollDown}
    for key in set(Keys) - odd:
        name = str(key.value)
        assert name in SENT_AS or key_name(name) == name


@pytest.mark.parametrize("letter", ascii_lowercase)
def test_control_keys_that_arrive_as_others_are_known(letter: str) -> None:
    (key,) = sent(chr(ord(letter) & 31))
    assert SENT_AS.get(f"ctrl+{letter}", f"ctrl+{letter}") == key


def test_every_key_of_the_debugger_exists() -> None:
    for action in ACTIONS:
        for key in action.keys:
            assert key_name(key) == _normalize_key_list(key)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("+", "plus"),
        ("ctrl+plus", "ctrl+plus"),
        ("shift+ctrl+left", "ctrl+shift+left"),
        ("alt+[", "alt+left_square_bracket"),
        (",", "comma"),
    ],
)
def test_there_is_one_name_for_each_key(written: str, name: str) -> None:
    assert key_name(written) == name


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("esc", "did you mean escape?"),
        ("pgdn", "did you mean pagedown?"),
        ("Space", "did you mean space?"),
        ("ctrl+N", "did you mean ctrl+n?"),
        ("control+n", "did you mean ctrl+n?"),
        ("shift+n", "write the character that it makes"),
        ("ctrl+i", "terminals send ctrl+i as tab"),
        ("ctrl+[", "as escape"),
        ("", "no key"),
        ("ctrl+", "no key"),
        ("ctrl+ctrl+n", "no key"),
        ("n,m", "no key"),
        ("\x1b", "no key"),
        ("step" * 100, "no key"),
    ],
)
def test_a_key_that_would_never_come_is_refused(written: str, expected: str) -> None:
    assert expected in refusal(written)


# Configurations


def test_without_a_file_the_defaults_stand() -> None:
    assert read_settings(DEFAULTS) == (Settings(DEFAULTS), [])


def test_what_is_configured_counts_and_the_rest_stays(home: Path) -> None:
    text = """
        ascii = true
        theme = "nord"
        precision = 4
        [keys]
        step = ["m", "]"]
        quit = "ctrl+q"
        help = []
    """
    keys = {
        "step": ("m", "right_square_bracket"),
        "back": ("N",),
        "help": (),
        "quit": ("ctrl+q",),
    }
    assert configured(home, text) == (Settings(keys, True, "nord", 4), [])
    assert configured(home, b"\xef\xbb\xbf" + text.encode())[0] == Settings(keys, True, "nord", 4)


def test_actions_can_swap_their_keys(home: Path) -> None:
    found, warnings = configured(home, 'keys = {step = "q", quit = ["n", "space"]}')
    assert warnings == []
    assert found.keys == DEFAULTS | {"step": ("q",), "quit": ("n", "space")}


def test_a_key_is_taken_from_the_action_that_had_it(home: Path) -> None:
    found, warnings = configured(home, 'keys.back = ["b", "space"]')
    assert found.keys == DEFAULTS | {"step": ("n",), "back": ("b", "space")}
    assert len(warnings) == 1
    assert "keys.back: space is taken from step" in warnings[0]


def test_a_key_that_is_given_twice_stays_with_the_first(home: Path) -> None:
    found, warnings = configured(home, 'keys = {quit = ["x", "?"], help = ["h", "x", "h"]}')
    assert found.keys == DEFAULTS | {"quit": ("x", "question_mark"), "help": ("h",)}
    assert len(warnings) == 1
    assert "keys.help: x is the key of quit already" in warnings[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("keys.setp = 'n'", "no action setp; did you mean step?"),
        ("keys.'\\u001b[31m' = 'n'", "no action"),
        ('keys."\\u001b[31m" = "n"', "no action ␛"),
        ("keys.step = 'spce'", "keys.step: no key spce; did you mean space?"),
        ("keys.step = 3", "keys.step: expected keys in quotes"),
        ("keys.step = [['n']]", "keys.step: expected keys in quotes"),
        ("keys = 'n'", "keys: expected a table"),
        ("asci = true", "no setting asci; did you mean ascii?"),
        ("ascii = 1", "ascii: expected true or false"),
        ("theme = 3", "theme: expected a name"),
        ("precision = true", "precision: expected a whole number from 2 to 12"),
        ("precision = 0", "precision: expected"),
        ("precision = 18", "precision: expected"),
        ("precision = 4.0", "precision: expected"),
        ("precision = 1979-05-27", "precision: expected"),
        ("ascii = yes", "cannot be read: Invalid value (at line 1, column 9)"),
        ("precision = " + "9" * 5000, "cannot be read"),
        ("a = " + "[" * 5000, "cannot be read"),
        (b"theme = '\xff'", "cannot be read"),
        (b"#" * (LIMIT + 1), "expected at most 64 KiB"),
    ],
)
def test_what_cannot_be_used_is_a_warning(home: Path, text: str | bytes, expected: str) -> None:
    found, warnings = configured(home, text)
    assert found == Settings(DEFAULTS)
    assert len(warnings) == 1
    assert expected in warnings[0]


def test_one_slip_costs_nothing_else(home: Path) -> None:
    text = 'precision = 99\ntheme = "nord"\nkeys = {step = ["m", "esc"], quit = "pgup"}'
    found, warnings = configured(home, text)
    assert found == Settings(DEFAULTS | {"step": ("m",)}, theme="nord")
    assert len(warnings) == 3


def test_a_folder_in_its_place_is_a_warning(home: Path) -> None:
    (home / "tuiviz" / "config.toml").mkdir()
    found, (warning,) = read_settings(DEFAULTS)
    assert found == Settings(DEFAULTS)
    assert "a folder" in warning


written_keys = st.sampled_from(["n", "space", "N", "q", "x", "?", "ctrl+i", "esc", "ㅜ", ""])


@quick
@given(st.dictionaries(st.sampled_from(list(DEFAULTS)), st.lists(written_keys, max_size=4)))
def test_no_key_ever_has_two_actions(home: Path, chosen: dict[str, list[str]]) -> None:
    lines = [f"{action} = {keys}" for action, keys in chosen.items()]
    found, _ = configured(home, "\n".join(["[keys]", *lines]))
    assert list(found.keys) == list(DEFAULTS)
    bound = [key for keys in found.keys.values() for key in keys]
    assert len(bound) == len(set(bound))
    wanted = {key for keys in chosen.values() for key in keys} - {"ctrl+i", "esc", ""}
    assert {key_name(key) for key in wanted} <= set(bound)


@quick
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_file_is_read_or_is_a_warning(home: Path, text: str) -> None:
    found, _ = configured(home, text.encode("utf-8", "surrogatepass"))
    assert list(found.keys) == list(DEFAULTS)


def test_the_configuration_and_the_session_import_neither_textual_nor_msgspec() -> None:
    program = """
import sys, tuiviz.debugger.keymap, tuiviz.debugger.keeping
print({"textual", "msgspec", "numpy", "tomllib"} & set(sys.modules))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert found.stdout.strip() == b"set()"


def test_the_example_of_the_document_can_be_used(home: Path) -> None:
    document = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", document, re.S)
    (home / "tuiviz" / "config.toml").write_text(example)
    found, warnings = read_settings({action.id: action.keys for action in ACTIONS})
    assert warnings == []
    assert len(found.keys) == len(ACTIONS)
    assert None not in (found.ascii, found.theme, found.precision)


# What the screen shows of it


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_the_table_shows_the_first_key_of_an_action(action: Action) -> None:
    assert action.shown == (key_shown(action.keys[0]) if action.keys else "")


@quick
@given(st.characters(codec="utf-8"))
def test_a_key_is_shown_as_the_character_that_it_makes(character: str) -> None:
    try:
        name = key_name(character)
    except InputError:
        return
    shown = key_shown(name)
    assert shown == visible(shown)
    if character in punctuation or character.isalnum():
        assert shown == character


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("f7", "F7"), ("ctrl+x", "^x"), ("shift+tab", "⇧Tab"), ("pageup", "PgUp"),
        ("alt+left_square_bracket", "alt+["), ("space", "Space"), ("won_sign", "₩"),
    ],
)  # fmt: skip
def test_keys_with_names(name: str, shown: str) -> None:
    assert key_shown(name) == shown
