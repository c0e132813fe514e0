"""The Textual shell around a Session: events in, frames out. `run_console` is what the command line calls."""

import asyncio
import contextlib
import gc
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Final

from rich.segment import Segments
from textual import events
from textual.app import App
from textual.screen import Screen

from veloz_tui.control.client import ControlPaths, Link
from veloz_tui.control.guardian import GuardianRefused
from veloz_tui.control.messages import Reply
from veloz_tui.domain.commands import AnyCommand
from veloz_tui.domain.errors import VelozError
from veloz_tui.domain.queries import Query
from veloz_tui.domain.types import InstrumentId
from veloz_tui.domain.views import Ack, LogEntry, View
from veloz_tui.tui import (
    absence,
    actions,
    amends,
    arming,
    command_line,
    fmt,
    going,
    grid,
    history,
    inspecting,
    ordering,
    palette,
    performing,
    reporting,
    texts,
    theme,
    tmux,
    why_page,
    wire_page,
)
from veloz_tui.tui.driver import ConsoleDriver
from veloz_tui.tui.keymap import PANES, TWINS, display
from veloz_tui.tui.modes import Mode
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.painter import Painter
from veloz_tui.tui.plan_layout import ConsoleScreen
from veloz_tui.tui.session import Session, kill_answer
from veloz_tui.tui.shell import Connect, EngineLink, connector
from veloz_tui.tui.widgets.live_grid import LiveGrid

TICK_S: Final = 0.25
SETTLED_S: Final = 1.0
"""After the start, when the first picture stands: time for what nobody waits for."""
MARK_EVERY_S: Final = 60.0
BOOK_DEPTH: Final = 150
"""Levels a side: what fills a tall ladder at a grouping without gaps."""
LEAVE_S: Final = 3.0
"""How long leaving waits for a kill to be taken up."""


class VelozApp(App[str]):
    """The console. Its result is the farewell to print after the screen is gone."""

    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False
    AUTO_FOCUS: ClassVar[str | None] = ""

    def __init__(
        self,
        connect: Connect,
        options: ConsoleOptions | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.options = options or ConsoleOptions()
        super().__init__(driver_class=ConsoleDriver, ansi_color=True)
        self.palette = self._load_palette(self.options.theme)
        self.session = Session(self.options, self, clock)
        self.session.history.extend(history.load(self.options.history_file))
        parts = (actions, going, ordering, amends, arming, command_line, palette, performing, inspecting)
        for part in parts:
            part.install(self.session)
        self._engine: EngineLink = connect(self)
        self._clock = clock
        self.painter = Painter(self, self.session, self.palette, hz=self.options.refresh_hz)
        self._link: asyncio.Task[None] | None = None
        self._marked_at = clock()
        self._pressed_frame: int | None = None
        """What the terminal had drawn when the mouse button went down."""
        self._preparing: asyncio.Task[None] | None = None
        self._killing: asyncio.Task[None] | None = None
        self._reporting: asyncio.Task[None] | None = None

    # -- construction -----------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        """Our own screen, laid out by the plan."""
        return ConsoleScreen(self.painter.plan_for, self.painter.laid_out)

    def compose(self) -> list[LiveGrid]:
        """All parts; the plan decides which are seen."""
        return list(self.painter.grids.values())

    def on_mount(self) -> None:
        """Start the link and the clock."""
        self.painter.attach()
        self._link = asyncio.create_task(self._engine.run(), name="engine link")
        self._link.add_done_callback(self._task_ended)
        if self.options.reads_tmux and "TMUX" in os.environ:
            self.run_worker(self._ask_tmux(), name="tmux keys", exit_on_error=False)
        self.set_interval(TICK_S, self._tick)
        self.set_timer(SETTLED_S, _freeze_garbage)
        if self.options.since:
            self.session.say(fmt.clean(self.options.since))
        self.painter.now()

    async def on_unmount(self) -> None:
        """A kill on its way is not dropped by leaving, nor by a terminal that vanishes."""
        history.save(self.options.history_file, self.session.history)
        if self.options.has_tour:
            history.save(self.options.tour_file, [str(self.session.tour.step)])
        absence.remember(self.options.seen_file, self.session.store.view)
        if self._killing is not None:
            await asyncio.wait({self._killing}, timeout=LEAVE_S)
        begun = (self._link, self._preparing, self._killing, self._reporting)
        tasks = [task for task in begun if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        """A task of ours failed: a bug. Show it; a failed kill is shouted about."""
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if task is self._killing:
            self.session.say(texts.kill.failed(type(error).__name__), "crit")
            self.painter.now()
        else:
            self.call_later(_raise, error)

    def _load_palette(self, name: str) -> theme.Palette:
        no_color = self.options.no_color or bool(os.environ.get("NO_COLOR"))
        return theme.load(name, colors=self.options.colors, no_color=no_color, extra=self.options.themes_dir)

    async def _ask_tmux(self) -> None:
        chords = self.session.keymap.get("kill").chords
        eaten = await tmux.eaten_chords(chords)
        if eaten:
            self.session.say(texts.kill.eaten(display(eaten[0])), "warn")
            self.painter.now()

    # -- from the engine (Receiver) ---------------------------------------------------------------------

    def on_view(self, view: View) -> None:
        """A View arrived: paint it when a frame is due."""
        is_first = self.session.store.view is None
        self.session.on_view(view)
        if is_first:
            self.painter.now()
        else:
            self.painter.soon()

    def on_entries(self, entries: tuple[LogEntry, ...]) -> None:
        """Log entries arrived."""
        self.session.on_entries(entries)
        self.painter.soon()

    def on_ack(self, ack: Ack) -> None:
        """An answer arrived: it is a reaction to a key, so it doesn't wait for a frame."""
        self.session.on_ack(ack)
        self.painter.now()

    def on_link(self, link: Link) -> None:
        """The link changed."""
        self.session.on_link(link)
        self.painter.now()

    def on_reply(self, reply: Reply) -> None:
        """An answer to a question: somebody waits for it."""
        self.session.asking.on_reply(reply)
        self.painter.now()

    # -- effects (Shell) --------------------------------------------------------------------------------

    def fire(self, command: AnyCommand) -> bool:
        """Send a command."""
        return self._engine.fire(command)

    def ask(self, question_id: int, query: Query) -> bool:
        """Ask the engine something."""
        return self._engine.ask(question_id, query)

    def prepare_kill(self) -> None:
        """Warm the guardian, in a task of its own; one at a time."""
        if self._preparing is None or self._preparing.done():
            self._preparing = asyncio.create_task(self._prepare_kill(), name="prepare kill")
            self._preparing.add_done_callback(self._task_ended)

    async def _prepare_kill(self) -> None:
        try:
            reply = await self._engine.prepare_kill()
        except VelozError as error:
            problem = texts.kill.no_guardian(fmt.clean(str(error)))
        else:
            is_refused = isinstance(reply, GuardianRefused)
            problem = texts.kill.guardian_not_ready(fmt.clean(reply.text)) if is_refused else ""
        if problem:
            self.session.say(problem, "warn")
            self.painter.now()

    def kill(self, reason: str) -> None:
        """Tell engine and guardian, in a task of its own."""
        if self._killing is None or self._killing.done():
            self._killing = asyncio.create_task(self._kill(reason), name="kill")
            self._killing.add_done_callback(self._task_ended)

    async def _kill(self, reason: str) -> None:
        text, tone = kill_answer(await self._engine.kill(reason=reason))
        self.session.say(text, tone)
        self.painter.now()

    def watch_instrument(self, instrument_id: InstrumentId) -> None:
        """Ask for another instrument's book."""
        self._engine.watch((instrument_id,), depth=BOOK_DEPTH)

    def leave(self, farewell: str) -> None:
        """End; the farewell is printed once the terminal is restored."""
        self.exit(farewell)

    def ring(self) -> None:
        """Ring the terminal's bell."""
        self.bell()

    def repaint(self) -> None:
        """Paint every cell again."""
        self.painter.repaint()
        self.session.say(texts.guards.REPAINTED, "muted")

    def copy(self, text: str) -> bool:
        """To the terminal's clipboard (OSC 52)."""
        self.copy_to_clipboard(text)
        return "TMUX" in os.environ

    def set_theme(self, name: str) -> str:
        """Change the colors of everything."""
        try:
            self.palette = self._load_palette(name)
        except theme.ThemeError as error:
            return str(error)
        self.painter.use(self.palette)
        return ""

    def report(self, kind: str) -> None:
        """Make a report in a process of its own; one at a time."""
        if self.options.reports_dir is None:
            self.session.say(texts.reports.NO_REPORT, "warn")
        elif self._reporting is not None and not self._reporting.done():
            self.session.say(texts.reports.REPORT_RUNS, "warn")
        else:
            self.session.say(texts.reports.reporting(kind), "muted")
            self._reporting = asyncio.create_task(self._report(self.options.reports_dir, kind), name="report")
            self._reporting.add_done_callback(self._task_ended)

    async def _report(self, folder: Path, kind: str) -> None:
        text, is_made = await reporting.make_report(self.options.report_command, folder, kind)
        self.session.say(text, "good" if is_made else "warn")
        self.painter.now()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call later, then paint.

        Not by a Textual timer: one that gets no processor for as long as it should wait never calls.
        """

        def run() -> None:
            call()
            self.painter.now()

        # As a message of the application: what goes wrong in it is not lost.
        asyncio.get_running_loop().call_later(seconds, self.call_later, run)

    # -- keys -------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes go to the session before any widget sees them; kill therefore works everywhere."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.painter.note_acknowledged()
            self.session.router.press(event.key, event.character)
            if not self.session.router.is_holding:  # a held key acts in a moment: it isn't put off by a frame
                self.painter.now()
        elif isinstance(event, events.Paste) and not event.is_forwarded:
            self.session.paste(event.text)
            self.painter.now()
        else:
            self._note(event)
            await super().on_event(event)

    def _note(self, event: events.Event) -> None:
        if isinstance(event, events.AppFocus | events.AppBlur):
            self.session.armed.focused(self._clock(), has_focus=isinstance(event, events.AppFocus))
        elif isinstance(event, events.MouseDown):
            self.painter.note_acknowledged()
            self._pressed_frame = self.session.frame_acknowledged

    def on_live_grid_clicked(self, message: LiveGrid.Clicked) -> None:
        """A click focuses its pane and selects the row that was shown there."""
        name = message.grid.name
        content = self.session.contents.get(name or "")
        if name not in {*PANES, *TWINS.values()} or content is None or self.session.mode is not Mode.PANES:
            return
        self.session.focus = name
        box = self.session.parts.get(name)
        cursor = self.session.cursors[name]
        head = 1 if box is None else grid.head_lines(content, box.height)
        line = message.line - head
        if name == "ladder":
            self._click_in_ladder(line, message.column)
        else:
            cursor.select(content.rows, cursor.top + line)
        self.session.arrangements[name].touch(self._clock())
        self.painter.now()

    def _click_in_ladder(self, line: int, column: int) -> None:
        """What the button went down on counts: the picture which the terminal had drawn by then."""
        self.painter.note_acknowledged()
        frame = self.session.frame_acknowledged if self._pressed_frame is None else self._pressed_frame
        self._pressed_frame = None
        arming.click_at(self.session, line, column, frame)

    def on_resize(self) -> None:
        """Every cell is painted again: nobody knows what the terminal made of its lines."""
        self.painter.resized()

    def post_display_hook(self) -> None:
        """Textual wrote something: if it was our frame, the terminal is asked to say when it is drawn."""
        self.painter.displayed()

    def _tick(self) -> None:
        if self._clock() - self._marked_at > MARK_EVERY_S:
            self._marked_at = self._clock()
            absence.remember(self.options.seen_file, self.session.store.view)
        why_page.follow(self.session)
        wire_page.follow(self.session)
        arming.settle(self.session)
        self.painter.tick()

    # -- the end ----------------------------------------------------------------------------------------

    def _fatal_error(self) -> None:
        """As the base class, without local variables: they may hold what nobody should see on a terminal."""
        from rich.traceback import Traceback  # noqa: PLC0415 -- 0.1 s of imports, for a case that shouldn't be

        self.bell()
        traceback = Traceback(show_locals=False, width=None)
        self._exit_renderables.append(Segments(self.console.render(traceback, self.console.options)))
        self._close_messages_no_wait()


def _freeze_garbage() -> None:
    # After start-up the object graph stays: collections of it were spikes of 80-150 ms. A last one before is
    # left out: it would stand in a key's way for 30 ms, for some 600 objects.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


def _raise(error: BaseException) -> None:
    raise error


def run_console(paths: ControlPaths, options: ConsoleOptions | None = None) -> int:
    """Run the console on this terminal until it is left; prints the farewell. Returns the exit status."""
    chosen = options or ConsoleOptions()
    gc.disable()  # until it has started
    app = VelozApp(connector(paths, chosen), chosen)
    farewell = app.run(mouse=chosen.has_mouse)
    return _said(app, farewell)


def _said(app: VelozApp, farewell: str | None) -> int:
    driver = app.painter.driver
    reason = None if driver is None else driver.hung_up
    with contextlib.suppress(OSError):  # the terminal may be gone
        if farewell:
            sys.stdout.write(textwrap.fill(farewell, shutil.get_terminal_size().columns) + "\n")
        elif reason is not None:
            sys.stdout.write(texts.leaving.ended(reason) + "\n")
        sys.stdout.flush()
    return app.return_code or 0
