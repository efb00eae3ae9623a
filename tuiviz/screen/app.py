"""The debugger on a terminal."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from time import monotonic
from typing import TYPE_CHECKING

from textual import work
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.events import Event, Key, Resize
from textual.filter import LineFilter, NoColor
from textual.geometry import Size
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import get_current_worker

from core.errors import InputError
from tuiviz.cells import fitted
from tuiviz.debugger import commands
from tuiviz.debugger.actions import Action, named
from tuiviz.debugger.commands import MOST_DIGITS
from tuiviz.debugger.debugger import Debugger, Running, Wish
from tuiviz.debugger.hangul import letters_typed
from tuiviz.debugger.keyboard import keyboard
from tuiviz.debugger.spectrum import look_ahead
from tuiviz.files.visible import visible
from tuiviz.glyphs import ascii_pieces
from tuiviz.screen.drawing import Draw, Line, Room, Spelling, Turns, line
from tuiviz.screen.encoding import restricted
from tuiviz.screen.palette import DARK
from tuiviz.screen.views import (
    chain,
    jacobian,
    matrix,
    network,
    program,
    training,
    truncation,
    watches,
    yours,
)
from tuiviz.screen.views import header as lines
from tuiviz.screen.views import reach as reaching
from tuiviz.screen.views.asked import unless_asked
from tuiviz.screen.views.says import height, more, says
from tuiviz.screen.widgets import Title, View

if TYPE_CHECKING:
    from textual.widgets import Input

    from tuiviz.debugger.keymap import Settings
    from tuiviz.screen.prompt import Prompt

SMALLEST = (80, 24)
WIDE = 100
LARGE = (140, 42)

DEEP = 100
"""Time steps: those of more have three digits, which lines of the program have room for."""

SETTLED = 0.5
"""Seconds until the garbage collector, which is off while everything is loaded, goes on."""

FIRST = (
    "{step} goes on a line, {step-back} back; {go-on} runs on; {open} opens a term; "
    "{help} has every key"
)
"""What is said first."""

DETAILS = ("value", "reach", "decay", "watches", "jacobian", "training", "truncation", "yours")
"""Panels that share one place where there is not room for all."""

SAID = 2
"""Lines of a message for which there is always room."""

EMPTY_TOO = ("answer", "search", "search-back")
"""What is done if nothing is typed: the answer is shown, the search goes on."""

_AHEAD = 0.25
"""Seconds of a run in which a key cannot be an answer to it: it was typed ahead."""

_BREATH = 0.02
"""Seconds between two parts of what takes long, in which a key is heard."""

LAST = DETAILS[-4:]
"""Those of them that share one place even on a large screen."""


@cache
def _turns(names: tuple[str, ...]) -> dict[str, Turns]:
    """Of panels that share a place, what leads to the one before and the one after."""
    around = zip((names[-1], *names), names, (*names[1:], names[0]), strict=False)
    return {
        name: (("‹", f"panel {before}"), ("›", f"panel {after}")) for before, name, after in around
    }


class Ground(Screen[None], inherit_bindings=False):
    """What all views lie on. Textual's own keys of a screen would take Tab and ctrl+c away."""

    BLANK = True  # the views cover it


class Panels(Container):
    """The views in frames."""

    BLANK = True  # they cover it


class DebuggerApp(App[None], inherit_bindings=False):
    """Shows a debugger. Keys and clicks are actions; after each, all views follow it."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, debugger: Debugger, ascii_only: bool = False, settings: Settings | None = None
    ) -> None:
        # Without colour no shades of grey either: Textual mixes them unless it may use ANSI's own.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.debugger = debugger
        self.warnings: list[str] = []
        """What of the settings cannot be used, and what the terminal lacks."""
        if settings is not None:
            self._take(settings)
        if encoding := restricted(sys.__stderr__):
            ascii_only = True
            self.warnings.append(f"the terminal takes {encoding}, not UTF-8: drawn in ASCII")
        debugger.message = "\n".join(self.warnings) or debugger.message
        self.ascii_only = ascii_only
        self.spelled: Spelling = ascii_pieces if ascii_only else list
        self._prompt: Prompt | None = None
        self._views: dict[str, View] = {}
        self._typed_count = ""
        self._held: list[Key] | None = None
        self._walking: Running | None = None
        self._walking_since = 0.0
        self._waiting: list[Key] = []
        self._ticking: Timer | None = None
        self._idling: Timer | None = None
        self._detail = debugger.look.panel if debugger.look.panel in DETAILS else DETAILS[0]
        self._last = debugger.look.panel if debugger.look.panel in LAST else LAST[0]

    def _take(self, settings: Settings) -> None:
        debugger = self.debugger
        debugger.keyboard = keyboard(settings.keys)
        if settings.precision:
            debugger.look = replace(debugger.look, digits=settings.precision)
        for where, theme in (("config.toml", settings.theme), ("kept", debugger.look.theme)):
            try:
                if theme:
                    self._choose_theme(theme)
            except InputError as error:
                self.warnings.append(f"{where}: {error}")

    def compose(self) -> ComposeResult:
        def view(name: str, draw: Draw, *titles: Title) -> View:
            made = self._views[name] = View(name, self.debugger, draw, self.spelled, titles)
            return made

        self._fit(self.size, update=False)  # first: the widgets are then styled once
        yield view("header", lines.header)
        yield view("network", network.network, network.title, network.subtitle)
        with Panels(id="middle"):
            yield view("program", program.program, program.heading)
            yield view("chain", chain.chain, chain.title, chain.subtitle)
            yield view("value", matrix.value, matrix.title, matrix.subtitle)
            yield view("watches", unless_asked(watches.watches), watches.title)
            yield view(
                "reach",
                reaching.triangle,
                reaching.triangle_title,
                reaching.triangle_subtitle,
            )
            yield view("decay", reaching.decay, reaching.decay_title)
            yield view("jacobian", jacobian.jacobian, jacobian.title)
            yield view("training", training.training, training.title, training.subtitle)
            yield view(
                "truncation",
                unless_asked(truncation.truncation),
                truncation.title,
                truncation.subtitle,
            )
            yield view("yours", yours.yours, yours.title, yours.subtitle)
        yield view("sums", unless_asked(lines.sums))
        yield view("says", says)
        yield view("footer", lines.footer)
        yield view("more", more)
        yield view("too_small", self._too_small)

    def get_default_screen(self) -> Screen[None]:
        return Ground(id="_default")

    def on_mount(self) -> None:
        self._arrange()
        self.set_timer(SETTLED, self._settle)
        self._idling = self.set_interval(_BREATH, self._look_ahead, pause=True)

    def _settle(self) -> None:
        """The tape stays: what has been recorded need not be looked at again and again."""
        gc.collect()
        gc.freeze()
        gc.enable()

    def begin_with(self, warnings: Sequence[str]) -> None:
        """What to say first: the warnings, or how to begin."""
        self.debugger.message = "\n".join(warnings) or self.debugger.keyboard.with_keys(FIRST)

    @property
    def prompt(self) -> Prompt:
        """The line to type in, from the first question on."""
        if self._prompt is None:
            from tuiviz.screen.prompt import Prompt

            self._prompt = Prompt(self.ascii_only)
            self.screen.mount(self._prompt, after="#says")
        return self._prompt

    @property
    def _asks(self) -> bool:
        return self._prompt is not None and self._prompt.display

    def on_resize(self, event: Resize) -> None:
        self._fit(event.size)
        if self.has_class("small") and not isinstance(self.screen, Ground):
            self.pop_screen()  # there is no room for anything but what is needed
        self._arrange()
        self.call_after_refresh(self._grant)

    def _fit(self, size: Size, update: bool = True) -> None:
        """Chooses the layout for a size; `update` is for widgets that are there already."""
        width, height = size
        fits = self.debugger.session.steps <= network.capacity(width - 2)
        chosen = {
            "small": width < SMALLEST[0] or height < SMALLEST[1],
            "wide": width >= WIDE,
            "large": width >= LARGE[0] and height >= LARGE[1],
            "long": height >= 30 and not fits,
            "deep": self.debugger.session.steps > DEEP,
        }
        self.update_classes(chosen, update)

    def show(self) -> None:
        """Shows the debugger as it is now."""
        self._arrange()
        self._follow(*self._views.values())
        self.call_after_refresh(self._grant)  # a panel that was not there is drawn by then
        if self._idling is not None:
            self._idling.reset()

    def _see_corner(self) -> None:
        """Where the value is drawn from: what scrolls goes on from there."""
        view = self._views["value"]
        if self.debugger.look.panel == view.id:
            room = Room(view.size.width - 2, view.size.height - 2, DARK)
            self.debugger.corner = matrix.corner(self.debugger, room)

    def _look_ahead(self) -> None:
        """While nobody waits, works out what the next time step will show."""
        shown = self._views["jacobian"].display
        if self._idling is not None and not (shown and look_ahead(self.debugger.session)):
            self._idling.pause()

    def _follow(self, *views: View) -> None:
        """Views show the debugger as it is now."""
        changed = [region for view in views for region in view.show(self.debugger) if region]
        if changed:
            self.screen_stack[0].refresh(*changed)

    def _arrange(self) -> None:
        """Chooses the panels that there is room for."""
        look, large = self.debugger.look, self.has_class("large")
        if look.panel in DETAILS:
            self._detail = look.panel
        if look.panel in LAST:
            self._last = look.panel
        alone = look.zoomed and look.panel != "network"
        turns = _turns(LAST if large and not alone else DETAILS)
        for name in (*DETAILS, "chain", "program"):
            if alone:
                shown = name == look.panel
            elif name in LAST and large:
                shown = name == self._last
            else:
                shown = large or name in ("chain", "program", self._detail)
            view = self._views[name]
            view.display, view.turns = shown, turns.get(name, ())
        self.set_class(alone, "zoomed")
        self._make_room()
        compared = self.debugger.ago is not None or self.debugger.pinned is not None
        self.set_class(look.panel in LAST or (compared and look.panel == "value"), "table")

    # What is typed

    async def on_event(self, event: Event) -> None:
        """Takes a key before any widget does: what follows a key that asks reaches the prompt."""
        taken = isinstance(event, Key) and not event.is_forwarded and self._takes(event)
        if not taken:
            await super().on_event(event)

    def _takes(self, event: Key) -> bool:
        if not isinstance(self.screen, Ground):
            return False
        if self._asks:
            return self._holds(event)
        action = self.debugger.keyboard.pressed(event.aliases)
        if self._walking is not None:
            self._comes_by(event, action)
        elif action is not None:
            self._act(action)
        elif event.character and event.character.isdecimal():
            self._typed_count = (self._typed_count + event.character)[:MOST_DIGITS]
            self.debugger.under_way = f"{self._typed_count} …"
            self._show_message()
        elif letters := letters_typed(event.character or ""):
            self._take_all([Key(letter, letter) for letter in letters])
        else:
            return False
        return True

    def _holds(self, event: Key) -> bool:
        """Between Enter in the prompt and what comes of it, keys wait."""
        if self._held is not None:
            self._held.append(event)
            return True
        if event.key == "enter":
            self._held = []
        return False

    def _release(self) -> None:
        held, self._held = self._held or [], None
        self._take_all(held)

    def _take_all(self, events: Sequence[Key]) -> None:
        for event in events:
            # Once a key has asked again, the rest come anew, to be typed into the prompt.
            if self._asks or not self._takes(event):
                self.post_message(event)

    def _comes_by(self, event: Key, action: Action | None) -> None:
        """A key stops a run where it is; one typed ahead, or that runs on, waits for its end."""
        runs_on = action is not None and action.name in ("go-on", "go-back")
        if runs_on or monotonic() < self._walking_since + _AHEAD:
            self._waiting.append(event)
            return
        self._waiting.clear()
        self._stop_running()
        self.show()

    def _act(self, action: Action) -> None:
        count, self._typed_count = int(self._typed_count) if self._typed_count else None, ""
        if action.asks and count is None:
            self._ask(action)
        else:
            self.act(action, count, action.preset)

    def _ask(self, action: Action) -> None:
        self._views["more"].display = False
        self.prompt.ask(action.name, action.takes, commands.proposed(self.debugger, action))

    def _say(self, text: str) -> None:
        self.debugger.message = text
        self._show_message()

    def _show_message(self) -> None:
        """In its two lines, or whole on top of the panels if it needs more."""
        self._make_room()
        self._follow(self._views["says"], self._views["more"])

    def _make_room(self) -> None:
        needed, whole = height(self.debugger, self.size.width), self._views["more"]
        whole.display = needed > SAID and not (self._asks or self.has_class("small"))
        if whole.display:
            whole.styles.height = min(needed, self.size.height - 2)

    def act(self, action: Action, count: int | None, argument: str) -> None:
        """Does an action, and shows what has become of it."""
        self._stop_running()
        try:
            if own := getattr(self, f"do_{action.method}", None):
                self.debugger.message = ""
                own(argument)
            elif action.beside:
                self._beside(action, argument)
            else:
                self._see_corner()
                running = commands.perform(self.debugger, action, count, argument)
                if running is not None:
                    self._run(running)
        except InputError as error:
            self.debugger.message = str(error)
        self._take_copied()
        self.show()

    def _take_copied(self) -> None:
        copied, self.debugger.clipboard = self.debugger.clipboard, ""
        if copied:
            self.copy_to_clipboard(copied)

    def type_in(self, text: str) -> None:
        """Does what is typed as an action with its argument."""
        try:
            action, count, argument = commands.parsed(text, self.debugger.keyboard)
        except InputError as error:
            self._say(str(error))
            return
        if action.asks and count is None and not argument:
            self._ask(action)
            return
        self.act(action, count, argument)

    def on_view_typed(self, event: View.Typed) -> None:
        if self._walking is not None:
            self._stop_running()
            self.show()
            return
        focusable = {*DETAILS, "chain", "program", "network"}
        if event.panel in focusable and event.panel != self.debugger.look.panel:
            self.type_in(f"panel {event.panel}")
        if event.text:
            self.type_in(event.text)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        asked, text = self.prompt.action, event.value.strip()
        self.prompt.close()
        if asked == "command":
            self.type_in(text) if text else self.show()
        elif text:
            self.type_in(f"{asked} {text}")
        elif asked in EMPTY_TOO and (action := named(asked)):
            self.act(action, None, "")
        else:
            self.debugger.message = ""
            self.show()
        self._release()

    def on_prompt_left(self) -> None:
        self.prompt.close()
        self._release()

    # Running on, a slice at a time, so that a key can stop it

    def _run(self, running: Running) -> None:
        self._walking, self._walking_since = running, monotonic()
        self._slice()
        if self._walking is not None:
            self._ticking = self.set_interval(0.01, self._slice)

    def _slice(self) -> None:
        if self._walking is None:
            return
        before = self.debugger.session
        try:
            self.debugger.under_way = f"{next(self._walking)}; Esc stops here"
            if self.debugger.session is before:
                self._show_message()
                return
        except StopIteration:
            self._stop_running()
        except InputError as error:
            self._stop_running()
            self.debugger.message = str(error)
        self.show()
        if self._walking is None:
            waited, self._waiting = self._waiting, []
            self._take_all(waited)

    def _stop_running(self) -> None:
        if self._ticking is not None:
            self._ticking.stop()
        if self._walking is not None:
            self._walking.close()
        self._ticking = self._walking = None
        self.debugger.under_way = ""

    # What is worked out beside

    def _grant(self) -> None:
        wishes, self.debugger.wishes = self.debugger.wishes, {}
        for panel, wish in wishes.items():
            work = partial(self._work_out, panel, wish)
            self.run_worker(work, group=panel, exclusive=True, thread=True)
        if self.debugger.unfinished:
            self.debugger.unfinished = False
            self.set_timer(_BREATH, self.show)

    def _work_out(self, panel: str, wish: Wish) -> None:
        worker = get_current_worker()
        for found in wish.parts():
            if worker.is_cancelled:
                return
            wish.found[0] = found
            self.call_from_thread(self._granted, panel)

    def _granted(self, panel: str) -> None:
        self._follow(self._views[panel])

    @work(thread=True, exclusive=True, group="beside")
    def _beside(self, action: Action, argument: str) -> None:
        try:
            commands.perform(self.debugger, action, None, argument)
            said = self.debugger.message
        except InputError as error:
            said = str(error)
        self.call_from_thread(self._say, said)

    # What the screen does itself

    def do_help(self, argument: str) -> None:
        """Shows every key."""
        if self.has_class("small"):
            return
        from tuiviz.screen.help import Reading, help_text

        keys = self.debugger.keyboard
        self.push_screen(Reading(help_text(keys), keys, self.ascii_only))

    def do_messages(self, argument: str) -> None:
        """Shows what was said."""
        from tuiviz.screen.help import Reading

        self.debugger.recall()
        text, self.debugger.message = self.debugger.message, ""
        self.push_screen(Reading(text, self.debugger.keyboard, self.ascii_only))

    def do_quit(self, argument: str) -> None:
        """Leaves."""
        self.exit()

    def do_command(self, argument: str) -> None:
        """Asks for an action by its name."""
        self.prompt.ask("command", "step, goto t=3, break norm(dEds) < 1e-3, …")

    def do_theme(self, argument: str) -> None:
        """Chooses the colours."""
        self._choose_theme(argument)
        self.debugger.look = replace(self.debugger.look, theme=argument)

    def _choose_theme(self, name: str) -> None:
        names = sorted(self.available_themes)
        if name not in names:
            from difflib import get_close_matches

            near = get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]}?" if near else f"expected one of {', '.join(names)}"
            raise InputError(f"no theme {visible(name)}; {hint}")
        self.theme = self._fitting(name)

    @property
    def few_colours(self) -> bool:
        """Whether the terminal has 16 colours; a picture has all."""
        return self.console.color_system == "standard" and not self.is_headless

    def _fitting(self, name: str) -> str:
        """The theme of this name; with 16 colours the dark or the light one.

        Their ground is black or white there; of others it may be a grey that nothing reads on.
        """
        theme = self.available_themes[name]
        if theme.ansi or not self.few_colours:
            return name
        return "textual-dark" if theme.dark else "textual-light"

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without colours none at all: greys are colours, too."""
        return [NoColor()] if self.no_color else super().get_line_filters()

    def _too_small(self, debugger: Debugger, room: Room) -> list[Line]:
        here = f"{self.size.width}×{self.size.height}"
        need = f"tuiviz needs {SMALLEST[0]}×{SMALLEST[1]}; this is {here}"
        width = max(1, room.width)
        return [line(fitted(need[at : at + width], width)) for at in range(0, len(need), width)]
