"""Frames: when one is due, what it shows, and whether the terminal has drawn it."""

import gc
import time
from typing import Final

from textual.app import App

from veloz_tui.tui import glyphs, screen
from veloz_tui.tui.driver import ConsoleDriver
from veloz_tui.tui.keymap import EXTRA, HELP, PANES
from veloz_tui.tui.layout import Plan
from veloz_tui.tui.panes.status import Terminal, terminal_title
from veloz_tui.tui.scheduler import FrameScheduler
from veloz_tui.tui.session import Session
from veloz_tui.tui.theme import Palette
from veloz_tui.tui.tty import FrameAcks, WindowTitle
from veloz_tui.tui.widgets.live_grid import LiveGrid

_PARTS: Final = (
    "status",
    *PANES,
    *EXTRA,
    HELP,
    "gutter1",
    "gutter2",
    "gutter3",
    "strip",
    "message",
    "footer",
    "tiny",
)
_BARS: Final = {"status", "message", "footer", "strip"}


class Painter:
    """Owns the grids. `soon` waits for its turn, `now` is for what the operator did."""

    def __init__(self, app: App[str], session: Session, palette: Palette, *, hz: float) -> None:
        self._app = app
        self._session = session
        self.grids = {name: LiveGrid(palette, name=name, fill=_fill(name)) for name in _PARTS}
        self.plan: Plan = {}
        self._glyphs = glyphs.for_terminal()
        self._scheduler = FrameScheduler(hz=hz)
        self._acks = FrameAcks()
        self._window = WindowTitle()
        self._planned_size = (0, 0)
        self._frames = 0
        self._awaits_display = False
        self._started = 0.0
        self._is_scheduled = False
        self._last_second = 0
        self._is_frozen = False

    @property
    def driver(self) -> ConsoleDriver | None:
        """The driver; None while there is none, and in a headless run."""
        driver = self._app._driver
        return driver if isinstance(driver, ConsoleDriver) else None

    def attach(self) -> None:
        """Hear from the driver: answered frames, and signs that are too wide."""
        driver = self.driver
        if driver is not None:
            driver.on_gate = self._schedule
            driver.on_wide_signs = self._use_ascii
            if driver.has_wide_signs:
                self._glyphs = glyphs.ASCII

    def use(self, palette: Palette) -> None:
        """Change the colors of everything."""
        for grid in self.grids.values():
            grid.use(palette)

    # -- when -------------------------------------------------------------------------------------------

    def soon(self) -> None:
        """Something to show: with the next frame."""
        self._scheduler.invalidate()
        self._schedule()

    def now(self) -> None:
        """Something the operator did, or waits for: no frame cap."""
        self._scheduler.invalidate()
        driver = self.driver
        if driver is None or driver.ready(urgent=True):
            self._paint()
        else:
            self._schedule()

    def tick(self) -> None:
        """Ages, clocks and windows of time change without any message."""
        now = self._session.clock()
        store = self._session.store
        is_waiting = bool(store.pending) or self._session.kill_key.is_armed(now)
        if is_waiting or store.link_lost_s(now) is not None or int(now) != self._last_second:
            self._last_second = int(now)
            self._scheduler.invalidate()
        self._schedule()

    def _schedule(self) -> None:
        delay = self._scheduler.delay(self._session.clock())
        if delay is None or not self._app.is_running:
            return
        driver = self.driver
        if driver is not None:
            self._scheduler.rtt_s = driver.gate.rtt_s
            if not driver.ready():
                return  # the terminal's answer, or the next tick, comes back here
        if delay <= 0:
            self._paint()
        elif not self._is_scheduled:
            self._is_scheduled = True
            self._app.set_timer(delay, self._due)

    def _due(self) -> None:
        self._is_scheduled = False
        self._schedule()

    # -- what -------------------------------------------------------------------------------------------

    def plan_for(self, width: int, height: int) -> Plan:
        """The plan of a size; drawn for it if it is a new one."""
        if (width, height) != self._planned_size:
            self._draw(width, height)
        return self.plan

    def _paint(self) -> None:
        if not self.grids["status"].is_attached:
            return
        self._started = time.thread_time()
        self.note_acknowledged()
        self._draw(self._app.size.width, self._app.size.height)
        self._frames += 1
        self._awaits_display = True
        self._session.painted(self._frames)
        self._scheduler.painted(self._session.clock())
        self._set_title()

    def _draw(self, width: int, height: int) -> None:
        self._planned_size = (width, height)
        frame = screen.compose(
            self._session, width=width, height=height, glyphs=self._glyphs, terminal=self._terminal()
        )
        if frame.plan != self.plan:
            self.plan = frame.plan
            self._app.screen.refresh(layout=True)
        for name, lines in frame.lines.items():
            self.grids[name].show(lines, dimmed=frame.is_old and name in {*PANES, *EXTRA})

    def _terminal(self) -> Terminal:
        rtt = self._scheduler.rtt_s
        return Terminal(
            rtt_ms=None if rtt is None else rtt * 1000,
            frames_per_second=self._scheduler.frames_per_second(self._session.clock()),
            is_slow=self._scheduler.is_slow,
        )

    def _set_title(self) -> None:
        driver, view, names = self.driver, self._session.store.view, self._session.store.names
        if driver is None or view is None or names is None:
            return
        wanted = terminal_title(view, names, self._session.instrument_id)
        title = self._window.changed(wanted, self._session.clock())
        if title is not None:
            driver.write(f"\x1b]2;{title}\x07")

    def _use_ascii(self) -> None:
        self._glyphs = glyphs.ASCII
        self.now()

    # -- seen -------------------------------------------------------------------------------------------

    def displayed(self) -> None:
        """Textual wrote a picture; if it was ours, ask the terminal to say when it is drawn."""
        if not self._awaits_display:
            return
        self._awaits_display = False
        self._scheduler.cost(time.thread_time() - self._started)
        driver = self.driver
        if driver is not None:
            self._freeze_gc()
            driver.frame_sent()
            self._acks.sent(driver.gate, self._frames)

    def note_acknowledged(self) -> None:
        """Tell the session which frame is seen for certain; without answers, which one was written."""
        driver = self.driver
        if driver is None or (not driver.gate.answers and driver.backlog == 0):
            self._session.frame_acknowledged = self._frames
        else:
            self._session.frame_acknowledged = self._acks.seen(driver.gate)

    def _freeze_gc(self) -> None:
        """After start-up the object graph stays: collections of it were 80-150 ms spikes."""
        if not self._is_frozen:
            self._is_frozen = True
            gc.collect()
            gc.freeze()
            gc.set_threshold(20_000, 20, 50)


def _fill(name: str) -> str:
    if name.startswith("gutter"):
        return "gutter"
    return "bar" if name in _BARS else "base"
