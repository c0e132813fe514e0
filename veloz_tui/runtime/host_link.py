"""One strategy's process: spawned, fed over a socketpair, watched, ended.

Every frame sent is answered by exactly one Done, in order, so the oldest unanswered frame names the callback
that is running and since when. Time is counted in the watchdog's ticks, each at most half a second: if the
engine itself was suspended, its strategies are not blamed for it.
"""

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from veloz_tui.domain.intents import (
    LogIntent,
    ParametersChecked,
    StrategyHostChanged,
    StrategyReported,
)
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.types import CommandId, InstrumentId, Nanos, Side, StrategyId
from veloz_tui.runtime.feeds import Feed
from veloz_tui.runtime.host_budgets import HostBudgets
from veloz_tui.runtime.host_inbox import Inbox
from veloz_tui.runtime.host_intents import parts, without_outdated
from veloz_tui.runtime.host_log import StrategyLog
from veloz_tui.runtime.host_process import Tail, ending, kind_of_wait, spawn
from veloz_tui.runtime.host_start import start_message
from veloz_tui.strategy.base import Intent
from veloz_tui.strategy.fingerprint import DIGITS
from veloz_tui.strategy.spec import StrategySnapshot, StrategySpec
from veloz_tui.strategy.wire import (
    Began,
    Check,
    Checked,
    Done,
    Failed,
    Frame,
    FrameReader,
    Hello,
    Own,
    OwnEvent,
    SetParams,
    Stop,
    Trade,
    WireError,
    check_intents,
    decode_from_host,
    encode_body,
    frame,
)

Report = Callable[[StrategyReported | StrategyHostChanged | ParametersChecked], None]
LOADING: Final = "its start"
CHECK: Final = "a check of parameters"
MAX_TICK_S: Final = 0.5
LAST_WORDS_S: Final = 1.0


class _Unanswered(msgspec.Struct, gc=False):
    callback: str
    since_s: float
    instrument_id: InstrumentId | None = None


class HostLink(asyncio.Protocol):
    """The engine's end. `on_ready(link, instrument_id)`: a book was taken; None: the strategy has loaded."""

    def __init__(
        self,
        strategy_id: StrategyId,
        run: int,
        spec: StrategySpec,
        snapshot: StrategySnapshot,
        *,
        folder: Path | None,
        now: Callable[[], Nanos],
        on_report: Report,
        on_ready: Callable[["HostLink", InstrumentId | None], None],
        on_end: Callable[["HostLink"], None],
        budgets: HostBudgets,
        log: StrategyLog,
    ) -> None:
        self.strategy_id = strategy_id
        self.run_number = run
        self.spec = spec
        self.from_seq = snapshot.seq
        self.wants: tuple[str, ...] = ()
        self.pid: int | None = None
        self.dropped_intents = 0
        self._start = encode_body(start_message(strategy_id, spec, snapshot, folder))
        self._now = now
        self._on_report = on_report
        self._on_ready = on_ready
        self._on_end = on_end
        self._budgets = budgets
        self._reader = FrameReader()
        self._process: asyncio.subprocess.Process | None = None
        self._transport: asyncio.Transport | None = None
        self._early: list[bytes] = []
        self._clock_s = 0.0
        self._unanswered: deque[_Unanswered] = deque([_Unanswered(LOADING, 0.0)])
        self._answered_s = 0.0
        self._began: str | None = None
        self._own_since: deque[float] = deque()
        self._trades = 0
        self._missed_trades = 0
        self._is_named = False
        self._has_ended = False
        self._log = log
        self._stderr = Tail(lambda lines: log.write(lines, self._clock_s))
        self._checks: deque[CommandId] = deque()
        self._inbox = Inbox(
            self._receive,
            on_error=self._on_error,
            on_flood=self._on_flood,
            on_full=self._pause_reading,
            on_empty=self._resume_reading,
        )
        self._closed = asyncio.Event()

    # The process

    async def run(self) -> None:
        """Spawn the process, wait for its end, and report it if nobody asked for it."""
        engine_end, host_end = socket.socketpair()
        read_end, write_end = os.pipe()
        try:
            self._process = await spawn(host_end.fileno(), stderr=write_end)
        except OSError as error:
            engine_end.close()
            os.close(read_end)
            self._end(f"its process can't be started: {error.strerror}")
            return
        finally:
            host_end.close()
            os.close(write_end)
        self.pid = self._process.pid
        await self._connect(engine_end, read_end)
        if self._has_ended:
            self.kill()
        code = await self._process.wait()
        await self._read_the_rest()
        self._end(ending(code, self._stderr.text))

    async def _read_the_rest(self) -> None:
        # Its last words may still wait for their turn.
        self._inbox.is_free = True
        self._resume_reading()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._closed.wait()
        self._inbox.finish()
        if self._transport is not None:
            self._transport.close()

    async def _connect(self, engine_end: socket.socket, read_end: int) -> None:
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: self._stderr, os.fdopen(read_end, "rb"))
        await loop.create_unix_connection(lambda: self, sock=engine_end)

    def kill(self) -> None:
        """SIGKILL, to this process alone."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def stop(self, reason: str) -> None:
        """Ask for the end; kill after the grace time."""
        self._has_ended = self._inbox.is_free = True
        self._fail_checks()
        self._write(encode_body(Stop(reason)), seq=0)
        asyncio.get_running_loop().call_later(self._budgets.grace_s, self.kill)

    def fail(self, text: str) -> None:
        """End it at once: its code or its process is at fault."""
        self._end(text)
        self.kill()

    def _end(self, error: str) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        self._on_end(self)
        self._on_report(StrategyHostChanged(self.strategy_id, self.run_number, is_running=False, error=error))
        self._fail_checks()

    # To the strategy

    def send_book(self, feed: Feed, *, seq: int) -> None:
        self._send(feed.body, seq=seq, callback="on_book", instrument_id=feed.instrument_id)

    def send_trade(self, trade: TradePrinted) -> None:
        """Send a public trade, or count it as missed when the strategy is far behind."""
        if self._trades >= self._budgets.trades_behind:
            self._missed_trades += 1
            return
        self._trades += 1
        self._send(encode_body(Trade(trade, self._missed_trades)), seq=0, callback="on_trade")
        self._missed_trades = 0

    def send_own(self, event: OwnEvent, *, seq: int, side: Side) -> None:
        """Send an own order event: never left out. Too many unread ones end the strategy."""
        if len(self._own_since) >= self._budgets.unread_events:
            self.fail(f"{len(self._own_since)} own order events unread: busy in {self._running}")
            return
        self._own_since.append(self._clock_s)
        self._send(encode_body(Own(side, event)), seq=seq, callback="on_fill or on_order")

    def check(self, check_id: CommandId, params_json: bytes) -> None:
        """Ask whether these parameters will do; ParametersChecked answers, also if it ends before."""
        self._checks.append(check_id)
        self._send(encode_body(Check(check_id, params_json)), seq=0, callback=CHECK)

    def set_params(self, params_json: bytes) -> None:
        """Give it parameters that were checked, between two callbacks."""
        self._send(encode_body(SetParams(params_json)), seq=0, callback="on_params")

    def _send(
        self, body: bytes, *, seq: int, callback: str, instrument_id: InstrumentId | None = None
    ) -> None:
        self._unanswered.append(_Unanswered(callback, self._clock_s, instrument_id))
        self._write(body, seq=seq)

    def _write(self, body: bytes, *, seq: int) -> None:
        data = frame(body, run=self.run_number, seq=max(seq, self.from_seq), now=self._now())
        if self._transport is None:
            self._early.append(data)
        else:
            self._transport.write(data)

    # From the strategy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(frame(self._start, run=self.run_number, seq=self.from_seq, now=self._now()))
        transport.writelines(self._early)
        self._early.clear()

    def connection_lost(self, error: Exception | None) -> None:
        # Its end of the socket is closed: it is ending, or has to.
        self._closed.set()
        asyncio.get_running_loop().call_later(self._budgets.grace_s, self.kill)

    def data_received(self, data: bytes) -> None:
        try:
            self._inbox.put(list(self._reader.feed(data)))
        except WireError as error:
            self._on_error(error)

    def _on_error(self, error: WireError | msgspec.DecodeError) -> None:
        self.fail(f"its process sent what can't be: {error}")

    def _on_flood(self, share: float) -> None:
        self.fail(f"it floods the engine: made to wait {share:.0%} of the time, and still wants more")

    def _pause_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _receive(self, received: Frame) -> Iterator[None]:
        # In steps: between two of them others have their turn.
        if received.run != self.run_number:
            raise WireError(f"run {received.run} instead of {self.run_number}")
        match decode_from_host(received.body):
            case Done() as done:
                yield from self._take_done(done, seq=received.seq)
            case Hello() as hello:
                if not self._has_ended:
                    self._take_hello(hello)
            case Checked() as checked:
                self._take_checked(checked)
            case Began(callback):
                self._began, self._answered_s = callback[:64], self._clock_s
            case Failed(text):
                self._end(text[:1000])
                asyncio.get_running_loop().call_later(self._budgets.grace_s, self.kill)

    def _take_hello(self, hello: Hello) -> None:
        self.wants = hello.wants
        self._answered_s = self._clock_s
        self._unanswered[0].callback = "on_start"
        self._on_report(
            StrategyHostChanged(
                self.strategy_id,
                self.run_number,
                is_running=True,
                parameters=hello.parameters,
                code=hello.code[:DIGITS],
            )
        )
        self._on_ready(self, None)

    def _take_checked(self, checked: Checked) -> None:
        if not self._unanswered or self._unanswered[0].callback != CHECK:
            raise WireError("an answer to a check that nobody asked for")
        self._unanswered.popleft()
        self._answered_s = self._clock_s
        if self._checks:  # else it was answered when the run ended
            check_id = self._checks.popleft()
            self._on_report(
                ParametersChecked(check_id, self.strategy_id, checked.error[:1000], checked.parameters)
            )

    def _fail_checks(self) -> None:
        checks, self._checks = self._checks, deque()
        for check_id in checks:
            self._on_report(ParametersChecked(check_id, self.strategy_id, "it ended before it could look"))

    def _take_done(self, done: Done, *, seq: int) -> Iterator[None]:
        answered = self._pop_answered(done)
        self._answered_s = self._clock_s
        callback_us = done.callback_us
        for intents in parts(self._accept(done)):
            if self._has_ended:  # meanwhile
                self.dropped_intents += len(intents)
                continue
            self._on_report(
                StrategyReported(
                    self.strategy_id, self.run_number, seq, intents, callback_us, done.doing[:500]
                )
            )
            callback_us = 0.0  # it was one callback
            yield
        if answered is not None and answered.instrument_id is not None and not self._has_ended:
            self._on_ready(self, answered.instrument_id)

    def _pop_answered(self, done: Done) -> _Unanswered | None:
        self._is_named = False
        if done.callback == "on_timer":
            self._began = None
            return None
        if done.callback == "on_stop":
            return None
        if not self._unanswered:
            raise WireError(f"an answer of {done.callback} that nobody asked for")
        answered = self._unanswered.popleft()
        if answered.callback == "on_trade":
            self._trades -= 1
        elif answered.callback == "on_fill or on_order":
            self._own_since.popleft()
        return answered

    def _accept(self, done: Done) -> tuple[Intent, ...]:
        wishes = tuple(intent for intent in done.intents if not isinstance(intent, LogIntent))
        if len(wishes) < len(done.intents):
            self._log.write(
                [intent.text for intent in done.intents if isinstance(intent, LogIntent)], self._clock_s
            )
        if self._has_ended:  # a run's last words are read, its wishes count no more
            self.dropped_intents += len(wishes)
            return ()
        check_intents(wishes, strategy_id=self.strategy_id, instrument_ids=self.spec.instrument_ids)
        return without_outdated(wishes)

    # The watchdog

    @property
    def _running(self) -> str:
        return self._began or (self._unanswered[0].callback if self._unanswered else "nothing")

    @property
    def _running_s(self) -> float:
        if self._began is not None:
            return self._clock_s - self._answered_s
        if not self._unanswered:
            return 0.0
        return self._clock_s - max(self._unanswered[0].since_s, self._answered_s)

    def tick(self, elapsed_s: float) -> None:
        """Name a callback that takes long, end one that takes too long."""
        self._clock_s += min(elapsed_s, MAX_TICK_S)
        if self._has_ended:
            return
        if self._inbox.is_behind:  # it has answered, and waits for us
            self._answered_s = self._clock_s
            self._own_since = deque(self._clock_s for _ in self._own_since)
            return
        running_s, budgets = self._running_s, self._budgets
        if self._running == LOADING:
            if running_s >= budgets.start_s:
                self.fail(f"{kind_of_wait(self.pid)} in {LOADING} for {running_s:.1f} s")
        elif running_s >= budgets.callback_s:
            self.fail(f"{kind_of_wait(self.pid)} in {self._running} for {running_s:.1f} s")
        elif self._own_since and self._clock_s - self._own_since[0] >= budgets.unread_s:
            waited_s = self._clock_s - self._own_since[0]
            self.fail(f"own order events unread for {waited_s:.1f} s: busy in {self._running}")
        elif running_s >= budgets.name_s and not self._is_named:
            self._is_named = True
            doing = f"in {self._running} for {running_s:.1f} s"
            self._on_report(
                StrategyReported(self.strategy_id, self.run_number, self.from_seq, (), doing=doing)
            )
