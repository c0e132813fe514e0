"""Frames: when one is due, what it shows, and whether the terminal has drawn it."""

import asyncio
import time
from typing import Final

import textual
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual.app import App

from veloz_tui.tui import glyphs, screen
from veloz_tui.tui.cells import CellScreen, Shown
from veloz_tui.tui.driver import ConsoleDriver
from veloz_tui.tui.ink import Inks, color_system
from veloz_tui.tui.keymap import HELP, LISTED
from veloz_tui.tui.layout import Plan
from veloz_tui.tui.panes.banners import terminal_title
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.scheduler import FrameScheduler
from veloz_tui.tui.screen import Frame
from veloz_tui.tui.session import Session
from veloz_tui.tui.theme import Palette
from veloz_tui.tui.tty import FrameAcks, WindowTitle
from veloz_tui.tui.widgets.live_grid import LiveGrid

_PARTS: Final = (
    "status",
    *LISTED,
    HELP,
    "gutter1",
    "gutter2",
    "gutter3",
    "strip",
    "message",
    "footer",
    "tiny",
)
COMPARED_TEXTUAL: Final = "8.2.8"
"""Where Textual asks for the screen to be painted is private; this is the version that was looked at."""
QUIET_S: Final = 1.5
"""Views come every second at least; without them ages grow all the same."""
_DATA: Final = frozenset(LISTED)
"""Parts that are dimmed while the link is lost."""
_BARS: Final = {"status", "message", "footer", "strip"}


class Painter:
    """Owns the grids. `soon` waits for its turn, `now` is for what the operator did.

    On a terminal it writes the cells that changed by itself; Textual then only knows where the grids are.
    With a Textual whose insides nobody has compared with that, and in headless runs, Textual paints.
    """

    def __init__(self, app: App[str], session: Session, palette: Palette, *, hz: float) -> None:
        self._app = app
        self._session = session
        self._palette = palette
        self.grids = {name: LiveGrid(palette, name=name, fill=_fill(name)) for name in _PARTS}
        self.plan: Plan = {}
        self._glyphs = glyphs.for_terminal()
        self._scheduler = FrameScheduler(hz=hz)
        self._acks = FrameAcks()
        self._window = WindowTitle()
        self._inks: Inks | None = None
        self._cells: CellScreen | None = None
        self._planned_size = (0, 0)
        self._frames = 0
        self._awaits_display = False
        self._started = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_urgent(self) -> bool:
        """True while a reaction to the operator waits for its frame."""
        return self._scheduler.is_urgent

    @property
    def driver(self) -> ConsoleDriver | None:
        """The driver; None while there is none, and in a headless run."""
        driver = self._app._driver
        return driver if isinstance(driver, ConsoleDriver) else None

    def attach(self) -> None:
        """Hear from the driver: answered frames, and signs that are too wide."""
        driver = self.driver
        if driver is None:
            return
        driver.on_gate = self._schedule_later
        driver.on_wide_signs = self._use_ascii
        if driver.has_wide_signs:
            self._glyphs = glyphs.ASCII
        if textual.__version__ == COMPARED_TEXTUAL:
            self._inks = Inks(self._palette, color_system(self._app.console))
            self._cells = CellScreen(self._inks, {name: _fill(name) for name in _PARTS})

    def use(self, palette: Palette) -> None:
        """Change the colors of everything."""
        self._palette = palette
        for grid in self.grids.values():
            grid.use(palette)
        if self._inks is not None and self._cells is not None:
            self._inks.use(palette)
            self._cells.restyle()

    def repaint(self) -> None:
        """Paint every cell again."""
        if self._cells is None:
            self._app.refresh(layout=True)
            self._app.screen.refresh()
        else:
            self._cells.forget()
        self.soon()

    # -- when -------------------------------------------------------------------------------------------

    def soon(self) -> None:
        """Something to show: with the next frame."""
        self._scheduler.invalidate()
        self._schedule()

    def now(self) -> None:
        """Something the operator did, or waits for: no frame cap.

        What it sends is written first: tasks that are ready come before this frame of 10 ms.
        """
        self._scheduler.invalidate(urgent=True)
        asyncio.get_running_loop().call_soon(self._schedule_later)

    def tick(self) -> None:
        """Ages, clocks and windows of time change without any message."""
        driver, store, now = self.driver, self._session.store, self._session.clock()
        if driver is not None and driver.take_dropped():
            self.repaint()
        is_waiting = bool(store.pending) or self._session.kill_key.is_armed(now)
        if is_waiting or store.link_lost_s(now) is not None or self._scheduler.is_older(now, QUIET_S):
            self._scheduler.invalidate()
        self._schedule()

    def _schedule(self) -> None:
        delay = self._scheduler.delay(self._session.clock())
        if delay is None or not self._app.is_running:
            return
        driver = self.driver
        if driver is not None:
            self._scheduler.rtt_s = driver.gate.rtt_s
            if not driver.ready(urgent=self._scheduler.is_urgent):
                return  # the terminal's answer, or the next tick, comes back here
        if delay <= 0:
            self._paint()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(delay, self._schedule_later)

    def _schedule_later(self) -> None:
        # As a message of the application: what goes wrong in it is not lost.
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._app.call_later(self._schedule)

    # -- what -------------------------------------------------------------------------------------------

    def plan_for(self, width: int, height: int) -> Plan:
        """The plan of a size; drawn for it if it is a new one."""
        if (width, height) != self._planned_size:
            self._draw(width, height)
        return self.plan

    def laid_out(self) -> bool:
        """Textual wants the screen painted; False if it has to do that itself."""
        if self._cells is None:
            return False
        if self._cells.is_unknown:
            self.now()
        return True

    def resized(self) -> None:
        """Whatever the terminal made of its lines: they are written again."""
        if self._cells is not None:
            self._cells.forget()

    def _paint(self) -> None:
        if not self.grids["status"].is_attached:
            return
        self._started = time.thread_time()
        self.note_acknowledged()
        width, height = self._app.size
        frame = self._draw(width, height)
        self._frames += 1
        self._session.painted(self._frames)
        self._scheduler.painted(self._session.clock())
        if self._cells is None:
            self._awaits_display = True
            self._send(self._title())
        else:
            dimmed = _DATA if frame.is_old else ()
            self._write(self._cells, Shown(width, height, frame.plan, frame.lines, dimmed))

    def _draw(self, width: int, height: int) -> Frame:
        self._planned_size = (width, height)
        frame = screen.compose(
            self._session, width=width, height=height, glyphs=self._glyphs, terminal=self._terminal()
        )
        if frame.plan != self.plan:
            self.plan = frame.plan
            self._app.screen.refresh(layout=True)
        if self._cells is None:
            for name, lines in frame.lines.items():
                self.grids[name].show(lines, dimmed=frame.is_old and name in _DATA)
        return frame

    def _terminal(self) -> Terminal:
        rtt = self._scheduler.rtt_s
        return Terminal(
            rtt_ms=None if rtt is None else rtt * 1000,
            frames_per_second=self._scheduler.frames_per_second(self._session.clock()),
            is_slow=self._scheduler.is_slow,
        )

    def _write(self, cells: CellScreen, shown: Shown) -> None:
        # One write a frame: the title, the changed cells, and the question whether they are drawn.
        driver = self.driver
        if driver is None:
            return
        if driver.take_dropped():
            cells.forget()
        picture = cells.show(shown)
        if picture and self._app._sync_available:
            picture = f"{SYNC_START}{picture}{SYNC_END}"
        driver.show(self._title() + picture)
        self._sent(driver)

    def _send(self, text: str) -> None:
        driver = self.driver
        if driver is not None and text:
            driver.write(text)

    def _title(self) -> str:
        view, names = self._session.store.view, self._session.store.names
        if view is None or names is None:
            return ""
        wanted = terminal_title(view, names, self._session.instrument_id, self._glyphs)
        title = self._window.changed(wanted, self._session.clock())
        return "" if title is None else f"\x1b]2;{title}\x07"

    def _use_ascii(self) -> None:
        self._glyphs = glyphs.ASCII
        self.now()

    # -- seen -------------------------------------------------------------------------------------------

    def displayed(self) -> None:
        """Textual wrote a picture; if it was ours, ask the terminal to say when it is drawn."""
        driver = self.driver
        if not self._awaits_display or driver is None:
            return
        self._awaits_display = False
        driver.show("")
        self._sent(driver)

    def _sent(self, driver: ConsoleDriver) -> None:
        self._scheduler.cost(time.thread_time() - self._started)
        self._acks.sent(driver.gate, self._frames)

    def note_acknowledged(self) -> None:
        """Tell the session which frame is seen for certain; without answers, which one was written."""
        driver = self.driver
        if driver is None or (not driver.gate.answers and driver.backlog == 0):
            self._session.frame_acknowledged = self._frames
        else:
            self._session.frame_acknowledged = self._acks.seen(driver.gate)


def _fill(name: str) -> str:
    if name.startswith("gutter"):
        return "gutter"
    return "bar" if name in _BARS else "base"
