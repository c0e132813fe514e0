"""Textual's Linux driver, made safe: never blocks the loop, knows how old the picture is, ends cleanly."""

import contextlib
import contextvars
import os
import re
import selectors
import signal
import termios
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import Final

from textual import events
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from veloz_tui.tui.glyphs import UNICODE, for_terminal
from veloz_tui.tui.pastes import Pastes
from veloz_tui.tui.tty import FrameGate, TtyWriter

_CLOSE_S: Final = 0.5
_SIGN_ROW: Final = 2
_MAX_CELLS: Final = 1_000_000
_RELEASE: Final = re.compile(r"\x1b\[[\d:]+;\d+:3[\d;:]*[u~A-S]")
# Turning the kitty protocol on or off: never ours to do, whatever the environment says.
_KITTY_MODE: Final = re.compile(r"\x1b\[[<>][0-9]*u")
_EVENT_TYPE: Final = re.compile(r"(\x1b\[[\d:]+;\d+):[12]")


class InputParser(XTermParser):
    """Also understands extended key reports that we never asked for, from a multiplexer or a stale mode."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:  # noqa: FBT001, FBT002
        if _RELEASE.fullmatch(sequence):
            return [events.Key("<ignore>", sequence)]
        if sequence.startswith("\x1b[") and len(sequence) > 3:
            try:
                keys = self._parse_extended_key(_EVENT_TYPE.sub(r"\1", sequence))
            except (ValueError, OverflowError):
                return [events.Key("<ignore>", sequence)]
            if keys is not None:
                return [key.copy() for key in keys]
        return super()._sequence_to_key_events(sequence, alt)

    def parse_mouse_code(self, code: str) -> Message | None:
        """None too where a terminal tells of pixels and doesn't know how many it has."""
        try:
            return super().parse_mouse_code(code)
        except ZeroDivisionError:
            return None


class ConsoleDriver(LinuxDriver):
    """The driver of the console; pass it as `driver_class`."""

    def __init__(
        self,
        app: App[object],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.gate = FrameGate()
        self.hung_up: str | None = None
        """Why the terminal or the system ended us; None while it didn't."""
        self.on_gate: Callable[[], None] | None = None
        """Called in the loop when the terminal has answered: a waiting frame may go."""
        self.has_wide_signs = False
        self.on_wide_signs: Callable[[], None] | None = None
        """Called in the loop when this terminal draws our signs two cells wide."""
        self._tty: TtyWriter | None = None
        self._signals: list[signal.Signals] = []
        self._dropped_seen = 0
        self._context = contextvars.copy_context()

    # -- output -----------------------------------------------------------------------------------------

    def write(self, data: str) -> None:
        """Queue output; never blocks, drops pictures when the terminal is far behind."""
        if self._tty is not None and not _KITTY_MODE.fullmatch(data):
            self._tty.put(data)

    @property
    def backlog(self) -> int:
        """Bytes the terminal hasn't taken yet."""
        return 0 if self._tty is None else self._tty.backlog

    def ready(self, *, urgent: bool = False) -> bool:
        """True if a frame may be painted now; an urgent one may overtake one more in flight."""
        return self.gate.is_open(time.monotonic(), self.backlog, extra=1 if urgent else 0)

    def show(self, picture: str) -> None:
        """Write a frame, and ask the terminal to tell when it has drawn it."""
        picture += self.gate.probe(time.monotonic()) or ""
        if picture:
            self.write(picture)

    def take_dropped(self) -> bool:
        """True once after output was dropped: what the terminal shows is unknown, repaint everything."""
        dropped = 0 if self._tty is None else self._tty.dropped
        lost, self._dropped_seen = dropped > self._dropped_seen, dropped
        return lost

    # -- life -------------------------------------------------------------------------------------------

    def start_application_mode(self) -> None:
        """Start the writer and the signal handlers, then what the base class does."""
        assert self._file is not None
        # A thread has no context of its own: a timer that is set for it would not find its application.
        self._context = contextvars.copy_context()
        self._tty = TtyWriter(self._file.fileno())
        self._tty.start()
        self._listen_to_signals()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self.write("\x1b[22;2t")  # keep the window's title, to give it back at the end
        # Where does the cursor stand after an ambiguous sign? Two cells wide: the grid would fall apart.
        if for_terminal() is UNICODE:
            self.write(f"\x1b7\x1b[2;1H{UNICODE.ready}\x1b[6n\x1b8")

    def _listen_to_signals(self) -> None:
        for number in (signal.SIGHUP, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._loop.add_signal_handler(number, self._end, f"by {number.name}")
                self._signals.append(number)

    def stop_application_mode(self) -> None:
        """Leave the alternate screen; with no terminal there is nothing to restore."""
        for number in self._signals:
            self._loop.remove_signal_handler(number)
        self._signals.clear()
        self.write("\x1b[23;2t")
        super().stop_application_mode()

    def close(self) -> None:
        """Give the terminal half a second to take the rest, then throw its backlog away and leave."""
        super().close()
        if self._tty is None or self._tty.finish(_CLOSE_S):
            return
        try:
            termios.tcflush(self._tty._descriptor, termios.TCOFLUSH)
        except (termios.error, OSError):
            return
        self._tty.finish(_CLOSE_S)

    def _end(self, reason: str) -> None:
        if self.hung_up is None:
            self.hung_up = reason
            self._app.exit(return_code=0 if "SIGTERM" in reason else 129, message=None)

    def _lost_terminal(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._end, "the terminal is gone", context=self._context)
        except RuntimeError:
            return  # the loop has ended already

    # -- input ------------------------------------------------------------------------------------------

    def run_input_thread(self) -> None:
        """Read keys until told to stop. The end of the input is the end of the terminal."""
        parser, pastes = InputParser(self._debug), Pastes()
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                ready = selector.select(0.1)
                data = self._read() if ready else b""
                if self._is_gone(was_ready=bool(ready), data=data):
                    self._lost_terminal()
                    return
                now = time.monotonic()
                text = pastes.take(decode(data), now) if data else pastes.tick(now)
                for message in parser.feed(text) if text else ():
                    self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""

    def _is_gone(self, *, was_ready: bool, data: bytes) -> bool:
        return (was_ready and not data) or (self._tty is not None and self._tty.is_gone)

    def process_message(self, message: Message) -> None:
        """Keep answers to our own questions away from the application."""
        if isinstance(message, events.CursorPosition):
            place = (message.y + 1, message.x + 1, time.monotonic())
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._cursor_at, *place, context=self._context)
            return
        if (
            isinstance(message, events.Resize)
            and not 0 < message.size.width * message.size.height <= _MAX_CELLS
        ):
            return  # no terminal is of that size: it was text that looked like one's report
        try:
            super().process_message(message)
        except RuntimeError:
            return  # the loop has ended while a key was on its way

    def _cursor_at(self, row: int, column: int, now: float) -> None:
        if row == _SIGN_ROW:
            self.has_wide_signs = column > 2
            if self.has_wide_signs and self.on_wide_signs is not None:
                self.on_wide_signs()
        elif self.gate.answered(column, now) and self.on_gate is not None:
            self.on_gate()
