"""The journal's writer: events in, durable numbers out.

`append` never waits: it chains the events and queues them. `run` takes everything queued, writes it with one
statement (one transaction, one fsync), then says `on_durable(seq)`. While one commit waits for the disk the
next batch gathers, so throughput grows with load and a lone event waits for one fsync only.

Nothing is dropped or overwritten. What goes wrong shows as a state: SLOW when an event waits over 250 ms or
the backlog is half full, FAILED when a write fails; at the bound `on_overflow`. It is OK again only after a
durable write that was in time. After an error that leaves the disk's content unknown (EIO, corruption) the
writer stops for good: an fsync that failed once can't be trusted when it succeeds later.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, cast

from veloz_tui.domain.errors import InvariantBroken, JournalError
from veloz_tui.domain.events import Recorded
from veloz_tui.domain.intent import DurableIntent
from veloz_tui.domain.reports import JournalState
from veloz_tui.domain.types import ClientOrderId
from veloz_tui.journal import schema
from veloz_tui.journal.anchor import AnchorKeeper
from veloz_tui.journal.backlog import Backlog, check_gapless
from veloz_tui.journal.ballast import Ballast, Reserve
from veloz_tui.journal.checkpoints import IDLE_S, Checkpoints
from veloz_tui.journal.codec import ChainEnd, Row, encode
from veloz_tui.journal.connections import code_of, is_passing
from veloz_tui.journal.health import Health, WriterSettings
from veloz_tui.journal.intents import Intents
from veloz_tui.journal.pace import Pace
from veloz_tui.journal.snapshots import Snapshots
from veloz_tui.journal.store import Store, corrupt
from veloz_tui.journal.waiters import Waiters

_log = logging.getLogger(__name__)
_QUICK_ROWS: Final = 64  # on the event loop at a stretch


class JournalWriter:
    """One per journal, made on the running event loop. The callbacks are called on it, and must not block."""

    def __init__(
        self,
        store: Store,
        *,
        end: ChainEnd,
        on_durable: Callable[[int], None],
        on_state: Callable[[JournalState, str], None],
        on_overflow: Callable[[], None],
        anchor: AnchorKeeper | None = None,
        ballast: Ballast | None = None,
        settings: WriterSettings | None = None,
    ) -> None:
        self._store, self._end = store, end
        self._on_durable = on_durable
        self._on_state = on_state
        self._on_overflow = on_overflow
        self._anchor = anchor
        self._reserve = Reserve(ballast)
        self._settings = settings or WriterSettings()
        self._loop = asyncio.get_running_loop()
        self._backlog = Backlog(end)
        self._waiters = Waiters()
        self._checkpoints = Checkpoints()
        self._snapshots = Snapshots()
        self._intents = Intents()
        self._health = Health(self._settings)
        self._has_overflowed = self._has_left = False
        self._wake, self._closing, self._finished = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._watchdog: asyncio.TimerHandle | None = None
        self._pace = Pace(self._hurry)
        self._is_resting = False
        self._soon: asyncio.Handle | None = None
        self._failure: sqlite3.Error | None = None
        self._last_commit_s = 0.0

    # --- Called by the engine's loop, never waiting ---------------------------------------------------

    @property
    def durable_seq(self) -> int:
        return self._backlog.durable.seq

    @property
    def state(self) -> JournalState:
        return self._health.state

    @property
    def backlog(self) -> int:
        """How many events are not yet durable."""
        return len(self._backlog)

    @property
    def oldest_wait_s(self) -> float:
        """How long the oldest undurable event has waited; 0: everything is durable."""
        since = self._backlog.oldest_at()
        return 0.0 if since is None else self._loop.time() - since

    def append(self, records: Sequence[Recorded]) -> None:
        """Queue events, in order. Raises InvariantBroken at a gap, JournalError once closed."""
        if not records:
            return
        if self._has_left:
            raise JournalError("the journal is closed; nothing more can be written")
        check_gapless(records, after=self._end.seq)
        if len(self._backlog) + len(records) > 2 * self._settings.backlog_bound:
            raise InvariantBroken(f"{len(self._backlog)} events wait: no one stopped at the bound")
        rows, self._end = encode(records, end=self._end)
        self._backlog.add(rows, now=self._loop.time())
        self._intents.note(records)
        self._pace.follow(records)
        if self._watchdog is None:
            self._watch(self._settings.slow_after_s)
        if len(self._backlog) >= self._settings.backlog_bound // 2:
            self._check_bound()

    def _hurry(self) -> None:
        if not (self._is_resting and self._store.is_quick):
            self._wake.set()
        elif self._soon is None:
            self._soon = self._loop.call_soon(self._write_now)

    def mint(self, client_order_id: ClientOrderId, seq: int) -> DurableIntent:
        """Return the proof that lets this order leave: once only, and only when its OrderCreated is durable.

        Raises InvariantBroken.
        """
        if seq > self.durable_seq:
            raise InvariantBroken(f"order {client_order_id} may not leave: event {seq} is not durable")
        if not self._intents.take(client_order_id, seq):
            raise InvariantBroken(
                f"order {client_order_id} may not leave: event {seq} is not its intent, or was used"
            )
        return DurableIntent._mint(client_order_id=client_order_id, seq=seq)

    # --- For tasks ---------------------------------------------------------------------------------------

    async def wait_durable(self, seq: int) -> None:
        """Wait until event `seq` is durable. Raises JournalError if it never will be."""
        if seq <= self.durable_seq:
            return
        if self._health.is_dead or self._has_left:
            raise self._never()
        await self._waiters.wait_for(seq)

    async def write_snapshot(self, seq: int, blob: bytes) -> None:
        """Store the state after event `seq`; return when durable. Raises JournalError."""
        await self.wait_durable(seq)
        if self._health.is_dead or self._has_left:
            raise self._never()
        written = self._snapshots.request(seq, blob)
        self._wake.set()
        await written

    async def close(self, *, timeout_s: float = 10.0) -> None:
        """Write what is queued and end `run`. Raises JournalError if something stayed behind."""
        self._closing.set()
        self._wake.set()
        try:
            async with asyncio.timeout(timeout_s):
                await self._finished.wait()
        except TimeoutError:
            raise JournalError(
                f"journal not closed within {timeout_s:g} s: {len(self._backlog)} events are not durable;"
                " what they told is asked from the venues at the next start"
            ) from None
        if self._backlog:
            raise self._never()

    async def run(self) -> None:
        """Write until closed. Owns the store from here on, and closes it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._anchor is not None:
                    tasks.create_task(self._anchor.run(), name="journal-anchor")
                await self._write_until_closed()
                if self._anchor is not None:
                    self._anchor.stop()
        finally:
            await self._leave()

    # --- The writing task --------------------------------------------------------------------------------

    async def _write_until_closed(self) -> None:
        step = self._probe  # first of all: it can be written, and ends where we think
        while not (self._closing.is_set() and not self._backlog and not self._snapshots):
            try:
                await step()
                step = self._step
            except sqlite3.Error as error:
                if not await self._recover(error):
                    await self._closing.wait()
                    return
        try:
            await self._store.execute(schema.SET_META, ("clean", "1"))
        except sqlite3.Error as error:
            _log.warning("journal not marked as closed in order: %s", error)

    # What is most urgent; one durable write, or a rest, a step.
    async def _step(self) -> None:
        if self._failure is not None:
            error, self._failure = self._failure, None
            raise error
        if self._checkpoints.is_due_now:
            await self._checkpoint()
        if self._backlog:
            await self._commit()
        elif self._snapshots:
            self._checkpoints.note_commit(await self._snapshots.write(self._store))
        elif self._health.is_late:
            await self._probe()
            if self._health.is_late:
                await self._pause()
        else:
            await self._rest()

    async def _commit(self) -> None:
        is_quick = self._store.is_quick  # a busy loop would keep the thread waiting for Python's lock
        rows = self._backlog.head(_QUICK_ROWS if is_quick else self._settings.batch_rows)
        if is_quick:
            self._store.execute_now(*schema.insertion(rows))
        else:
            await self._store.execute(*schema.insertion(rows))
        self._committed(rows)
        await asyncio.sleep(0)

    # While the task rests and a commit waits for no disk: no task switch between an intent and its order.
    def _write_now(self) -> None:
        self._soon = None
        rows = self._backlog.head(_QUICK_ROWS)
        if not (rows and self._is_resting) or self._failure is not None:
            return  # the task is awake, or about to be, and writes them
        try:
            self._store.execute_now(*schema.insertion(rows))
        except sqlite3.Error as error:
            self._failure = error
            self._wake.set()
            return
        self._committed(rows)
        if self._backlog or self._checkpoints.is_due_now:
            self._wake.set()

    def _committed(self, rows: Sequence[Row]) -> None:
        self._last_commit_s = self._loop.time()
        self._checkpoints.note_commit(sum([len(row[5]) + 150 for row in rows]))
        self._settle(len(rows))

    def _settle(self, count: int) -> None:
        waited_s = self.oldest_wait_s
        self._backlog.settle(count)
        self._was_durable(waited_s)
        if self._anchor is not None:
            self._anchor.note(self._backlog.durable)
        self._on_durable(self.durable_seq)
        self._waiters.release(self.durable_seq)

    # Nothing to write: wait for work, tidy up when none comes.
    async def _rest(self) -> None:
        self._wake.clear()
        if self._closing.is_set():
            return
        patience_s = self._settings.retry_every_s if self._reserve.is_spent else None
        if self._checkpoints.is_due_when_idle or self._store.is_quick:
            patience_s = IDLE_S
        self._is_resting = True
        try:
            async with asyncio.timeout(patience_s):
                await self._wake.wait()
        except TimeoutError:
            self._is_resting = False
            is_quiet = self._loop.time() - self._last_commit_s >= IDLE_S
            if is_quiet and self._checkpoints.is_due_when_idle:
                await self._checkpoint()
            if self._reserve.is_spent and await self._reserve.restore():
                await self._probe()
        finally:
            self._is_resting = False

    async def _checkpoint(self) -> None:
        ((_, frames, moved),) = await self._store.execute(schema.CHECKPOINT)
        assert isinstance(frames, int)
        assert isinstance(moved, int)
        self._checkpoints.done(frames=frames, moved=moved)
        if self._checkpoints.is_pinned:
            _log.warning("a reader keeps %d frames in the journal's -wal file: end it", frames - moved)

    async def _leave(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
        self._pace.stop()
        self._has_left = True
        self._waiters.fail(self._never())
        self._snapshots.fail(self._never())
        try:
            async with asyncio.timeout(5.0):
                await self._store.close()
        except (TimeoutError, sqlite3.Error) as error:
            _log.warning("journal's file not closed: %r", error)
        self._finished.set()

    # --- When a write fails ------------------------------------------------------------------------------

    # True: the journal takes writes again. False: not in this run any more.
    async def _recover(self, error: sqlite3.Error) -> bool:
        self._snapshots.fail(JournalError(f"snapshot not written: {error}"))
        self._checkpoints.postpone()
        while True:
            if not is_passing(error):
                self._die(f"{error}; check the disk and the journal, then restart the engine")
                return False
            self._set_fault(f"{error}; no new orders until a write succeeds")
            is_full = code_of(error) == sqlite3.SQLITE_FULL
            if not (is_full and await self._reserve.spend()):
                if self._closing.is_set():
                    return False
                await self._pause()
            try:
                await self._probe()
            except sqlite3.Error as again:
                error = again
            else:
                return True

    # A durable write, and a look at where the journal ends: after an error the disk has the last word.
    async def _probe(self) -> None:
        started_at = self._loop.time()
        await self._store.execute(schema.SET_META, ("clean", "0"))
        tail = await self._store.execute(schema.SELECT_TAIL)
        found = cast("tuple[int, bytes]", tail[0] if tail else (0, self._backlog.durable.hash))
        if found == (self.durable_seq, self._backlog.durable.hash):
            if not self._backlog:  # else the batch itself must get through: a probe may fit where it doesn't
                self._was_durable(self._loop.time() - started_at)
            return
        rows = self._backlog.head(self._settings.batch_rows)
        written = [count for count, row in enumerate(rows, start=1) if (row[0], row[6]) == found]
        if not written:
            text = f"the journal ends at event {found[0]}, not at {self.durable_seq}: someone else wrote it"
            raise corrupt(text)
        self._settle(written[0])

    # Wait before the next try; closing cuts it short.
    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.retry_every_s):
                await self._closing.wait()

    def _die(self, fault: str) -> None:
        self._health.is_dead = True
        self._set_fault(fault)
        self._waiters.fail(self._never())

    def _never(self) -> JournalError:
        why = self._health.fault or "it was closed"
        return JournalError(f"{len(self._backlog)} events did not reach the journal: {why}")

    # --- State -------------------------------------------------------------------------------------------

    # What was queued is on disk. Health returns with that, once the reserve is in place.
    def _was_durable(self, waited_s: float) -> None:
        if waited_s <= self._settings.slow_after_s:
            self._health.is_late = False
        if not (self._reserve.is_spent or self._health.is_dead):
            self._health.fault = ""
        self._review()

    def _set_fault(self, fault: str) -> None:
        if fault != self._health.fault:
            _log.error("journal: %s", fault)
        self._health.fault = fault
        self._review()

    def _review(self) -> None:
        if self._health.review(backlog=len(self._backlog)):
            self._on_state(self._health.state, self._health.reason)

    def _watch(self, delay_s: float) -> None:
        self._watchdog = self._loop.call_later(delay_s, self._check_age)

    def _check_age(self) -> None:
        self._watchdog = None
        left_s = self._settings.slow_after_s - self.oldest_wait_s
        if left_s <= 0:
            self._health.is_late = True
            self._review()
        if self._backlog:
            self._watch(left_s if left_s > 0 else self._settings.slow_after_s)

    def _check_bound(self) -> None:
        self._review()
        if len(self._backlog) >= self._settings.backlog_bound and not self._has_overflowed:
            self._has_overflowed = True
            self._on_overflow()
