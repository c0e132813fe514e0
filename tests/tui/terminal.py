"""A terminal for tests: a pty with a program in it, and an emulator that shows what was drawn."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

from tests.tui.emulator import Screen

ROOT = Path(__file__).resolve().parents[2]
_MARK = re.compile(rb"\x1b\]666;(\d+)\x07")
_LONGEST = 16
"""No sequence of interest is longer."""


class Terminal:
    """Runs tests.tui.pty_app. `drain` reads and answers cursor questions as a terminal does."""

    def __init__(
        self,
        *,
        columns: int = 80,
        rows: int = 24,
        hz: float = 10.0,
        views: int = 100_000,
        answers: bool = True,
        ignores_hup: bool = False,
        program: Sequence[str] = (),
        sign_width: int = 1,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`program`: another module and its arguments after the report pipe's descriptor."""
        self.screen = Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.answers = answers
        self._sign_width = sign_width
        self.output = b""
        self.reports: list[str] = []
        self.on_mark: Callable[[int], None] | None = None
        """Gets the number of each mark (OSC 666) when everything before it is on the screen."""
        self._environment = dict(environment or {})
        self._partial = b""
        self._unread = b""
        self._report_fd, write_end = os.pipe()
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.pid = os.fork()
        if self.pid == 0:
            module, *arguments = program or ("tests.tui.pty_app", str(hz), str(views))
            self._child(slave, [module, str(write_end), *arguments], ignores_hup=ignores_hup)
        os.close(slave)
        os.close(write_end)

    def _child(self, slave: int, module: Sequence[str], *, ignores_hup: bool) -> None:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for descriptor in (0, 1, 2):
            os.dup2(slave, descriptor)
        os.close(self.master)
        os.set_inheritable(int(module[1]), True)
        if ignores_hup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        environ = dict(
            os.environ, TERM="xterm-256color", LANG="C.UTF-8", LC_ALL="C.UTF-8", PYTHONPATH=str(ROOT)
        )
        for name in ("NO_COLOR", "TMUX", "TEXTUAL_DISABLE_KITTY_KEY"):
            environ.pop(name, None)
        environ |= self._environment
        os.execve(sys.executable, [sys.executable, "-m", *module], environ)

    def drain(self, seconds: float = 0.02) -> None:
        """Read what is there, or wait that long for something."""
        readable, _, _ = select.select([self.master, self._report_fd], [], [], seconds)
        if self._report_fd in readable:
            self._read_reports()
        if self.master in readable:
            self._read_screen()

    def _read_screen(self) -> None:
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the program has closed its side
            time.sleep(0.01)
            return
        self.output += data
        whole, self._unread = _whole(self._unread + data)
        for at, part in enumerate(whole.split(b"\x1b[6n")):
            if at and self.answers:
                row, column = self.screen.cursor.y + 1, self.screen.cursor.x + 1
                if row == 2 and self._sign_width == 2:  # the question behind an ambiguous sign
                    column += 1
                os.write(self.master, f"\x1b[{row};{column}R".encode())
            for number, piece in enumerate(_MARK.split(part)):
                if number % 2 == 0:
                    self._feed(piece)
                elif self.on_mark is not None:
                    self.on_mark(int(piece))

    def _feed(self, data: bytes) -> None:
        # pyte prints the parameters of private modes it doesn't know (synchronized output, window titles).
        for sequence in (b"\x1b[?2026$p", b"\x1b[?2048$p", b"\x1b[<u", b"\x1b[22;2t", b"\x1b[23;2t"):
            data = data.replace(sequence, b"")
        self._stream.feed(data)

    def resize(self, columns: int, rows: int) -> None:
        """As a window that is pulled."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_reports(self) -> None:
        """Take in what the program has reported, without reading its screen."""
        readable, _, _ = select.select([self._report_fd], [], [], 0)
        if readable:
            self._read_reports()

    def _read_reports(self) -> None:
        *lines, self._partial = (self._partial + os.read(self._report_fd, 65536)).split(b"\n")
        self.reports += [line.decode() for line in lines]

    def wait(
        self, condition: Callable[[], object], timeout_s: float = 15.0, *, reads_screen: bool = True
    ) -> None:
        """Until something is so; AssertionError after the bound."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"not within {timeout_s} s; reports {self.reports[-5:]}"
            if reads_screen:
                self.drain()
            else:
                self.read_reports()
                time.sleep(0.01)

    def start(self) -> None:
        """Until the first View is on the screen."""
        self.wait(lambda: any("64,12" in line for line in self.screen.display))

    def type(self, data: bytes) -> None:
        """Bytes as the keyboard sends them."""
        os.write(self.master, data)

    @property
    def beats(self) -> int:
        return sum(1 for line in self.reports if line.startswith("beat"))

    def status(self) -> int | None:
        """The exit status once the program has ended; negative for a signal."""
        if not hasattr(self, "_status"):
            pid, raw = os.waitpid(self.pid, os.WNOHANG)
            if not pid:
                return None
            self._status = os.waitstatus_to_exitcode(raw)
        return self._status

    def close(self) -> None:
        """End the program, whatever state it is in."""
        if self.status() is None:
            os.kill(self.pid, signal.SIGKILL)
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        for descriptor in (self.master, self._report_fd):
            try:
                os.close(descriptor)
            except OSError:
                continue


def _whole(data: bytes) -> tuple[bytes, bytes]:
    """Without a sequence at the end that may go on with the next read; and that."""
    at = data.rfind(b"\x1b", max(0, len(data) - _LONGEST))
    is_begun = at >= 0 and not re.search(
        rb"[A-Za-z\x07~]", data[at + 1 :].removeprefix(b"]").removeprefix(b"[")
    )
    return (data[:at], data[at:]) if is_begun else (data, b"")
