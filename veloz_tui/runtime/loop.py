"""The engine's loop: moves messages to the core and what follows to the journal, the venues and the consoles.

One turn, without awaiting: `handle`, hand the events to the journal in order, close the gate if told, send
cancels, park submits. A parked submit is released by `durable` only; the journal's token is its ticket.
Messages that arise within a turn (an inline strategy's intents, a removed submit) wait for the turn's end.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.events import Halted, OrderDenied, OrderFilled, Rearmed, Recorded
from veloz_tui.domain.intent import DurableIntent
from veloz_tui.domain.reports import (
    BookDelta,
    BookSnapshot,
    BookStale,
    ConsolesChanged,
    GateReported,
    JournalReported,
    JournalState,
    SubmitNotSent,
    TimerFired,
    TradePrinted,
)
from veloz_tui.domain.types import ClientOrderId, CommandId, InstrumentId, Nanos, StrategyId, VenueId
from veloz_tui.domain.views import Ack
from veloz_tui.engine import actions as a
from veloz_tui.engine.core import Engine, Outcome
from veloz_tui.runtime.parking import Parking
from veloz_tui.venues.base import VenueAdapter

_LOG = logging.getLogger(__name__)
_NANOS_PER_S: Final = 1e9
_TOO_SLOW: Final = "the journal was too slow; nothing was sent"
_BOOK_REPORTS: Final = (BookDelta, BookSnapshot, BookStale)


class Journal(Protocol):
    """What the loop needs of the journal's writer."""

    def append(self, records: Sequence[Recorded]) -> None: ...

    def mint(self, client_order_id: ClientOrderId, seq: int) -> DurableIntent: ...

    @property
    def durable_seq(self) -> int: ...


class Watchers(Protocol):
    """Who is told: consoles, strategies, the guardian. None of these may block or raise."""

    def on_records(self, records: Sequence[Recorded]) -> None:
        """Durable events, in order, once."""

    def on_ack(self, ack: Ack) -> None: ...

    def on_book(self, instrument_id: InstrumentId, *, filled_seq: int) -> None:
        """It changed; `filled_seq` is the newest fill's event, durable or not."""

    def on_trade(self, trade: TradePrinted) -> None: ...

    def start_host(self, strategy_id: StrategyId, run: int) -> None: ...

    def stop_host(self, strategy_id: StrategyId, run: int, reason: str) -> None: ...

    def check_parameters(self, strategy_id: StrategyId, check_id: CommandId, params_json: bytes) -> None: ...

    def give_parameters(self, strategy_id: StrategyId, run: int, params_json: bytes) -> None: ...

    def on_denied(self, strategy_id: StrategyId, run: int, denied: OrderDenied) -> None:
        """A denial that the journal doesn't hold, for the strategy alone."""

    def on_halted(self, halted: Halted) -> None:
        """At once, not waiting for the disk."""

    def on_rearmed(self, rearmed: Rearmed) -> None:
        """Durable: the kill flag may go."""

    def stop(self, reason: str) -> None: ...

    def on_broken(self, error: InvariantBroken) -> None:
        """The core is broken: everything was canceled that could be; leave."""


class EngineLoop:
    """Owns the engine; every message of the process goes through `dispatch`, on the event loop."""

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        adapters: Mapping[VenueId, VenueAdapter],
        watchers: Watchers,
        *,
        now: Callable[[], Nanos],
    ) -> None:
        self.engine = engine
        self._journal = journal
        self._adapters = adapters
        self._watchers = watchers
        self._now = now
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[object] = deque()
        self._is_busy = False
        self._is_broken = False
        self._parking = Parking()
        self._undelivered: deque[Recorded] = deque()
        self._filled_seq = 0
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._deadline: asyncio.TimerHandle | None = None
        self._gate_waits_for: a.SetGate | None = None
        self._is_gate_open = False

    # --- in ---

    def dispatch(self, message: object) -> None:
        """Handle one message now, or right after the turn that is under way."""
        self._waiting.append(message)
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._waiting:
                self._turn(self._waiting.popleft())
        finally:
            self._is_busy = False

    def begin(self, outcome: Outcome) -> None:
        """Carry out what Engine.start decided."""
        self._is_busy = True
        try:
            self._carry_out(outcome)
        finally:
            self._is_busy = False

    def on_durable(self, seq: int) -> None:
        """The journal wrote up to `seq`: release submits, open the gate, tell the watchers.

        Called by the journal's writer, which must survive whatever breaks here.
        """
        try:
            self._follow(seq)
        except Exception as error:  # noqa: BLE001 - what is known and what was done agree no more
            self._break(error)

    def _follow(self, seq: int) -> None:
        # One at a time: what follows from a submit may remove those behind it.
        while (submit := self._parking.release_next(seq)) is not None:
            self._send(submit)
        records = []
        while self._undelivered and self._undelivered[0].seq <= seq:
            records.append(self._undelivered.popleft())
        if self._gate_waits_for is not None and self._gate_waits_for.after_seq <= seq:
            self._open_gate(self._gate_waits_for)
        for record in records:
            if isinstance(record.event, Rearmed):
                self._watchers.on_rearmed(record.event)
        if records:
            self._watchers.on_records(records)

    @property
    def undurable(self) -> tuple[Recorded, ...]:
        """Events that the journal hasn't confirmed yet."""
        return tuple(self._undelivered)

    def on_journal_state(self, state: JournalState, reason: str) -> None:
        self.dispatch(JournalReported(state, reason))

    def on_consoles(self, count: int, controller: str) -> None:
        self.dispatch(ConsolesChanged(count, controller))

    def end(self, reason: str) -> None:
        """The run's last event, after everything else has ended."""
        if not self._is_broken:
            self._carry_out(self.engine.stop(self._now(), reason))
            self._is_broken = True  # nothing may follow it

    def close(self) -> None:
        """No more timers, no more submits."""
        self._set_gate(is_open=False, reason="engine stops")
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._deadline is not None:
            self._deadline.cancel()

    # --- one turn ---

    def _turn(self, message: object) -> None:
        if self._is_broken:
            return
        try:
            outcome = self.engine.handle(message, self._now())
            if outcome.events or outcome.actions:  # most market data asks for nothing
                self._carry_out(outcome)
        except Exception as error:  # noqa: BLE001 - what is known and what was done agree no more
            self._break(error)
            return
        self._show_market(message)

    def _carry_out(self, outcome: Outcome) -> None:
        self._note(outcome.events)
        removed: set[ClientOrderId] = set()
        has_closed = has_canceled = False
        for action in outcome.actions:
            match action:
                case a.Cancel():
                    has_canceled = True
                    if action.client_order_id not in removed:  # what never left needs no cancel
                        self._adapters[action.venue].cancel(action)
                case a.Submit():
                    self._parking.park(action)
                case a.Unpark():
                    removed.update(self._unpark(action))
                case a.SetGate() if not action.is_open:
                    self._set_gate(is_open=False, reason=action.reason)
                    has_closed = True
                case a.CancelAll():
                    has_canceled = True
                    self._adapters[action.venue].cancel_all(action)
                case _:
                    self._do(action)
        if self._deadline is None and len(self._parking):
            self._set_deadline()
        if has_closed:
            self._waiting.append(GateReported(is_open=False, cancels_sent=has_canceled))

    def _note(self, events: list[Recorded]) -> None:
        if not events:
            return
        self._journal.append(events)
        self._undelivered.extend(events)
        for record in events:
            if isinstance(record.event, OrderFilled):
                self._filled_seq = record.seq
            elif isinstance(record.event, Halted):
                self._watchers.on_halted(record.event)

    def _do(self, action: a.Action) -> None:  # noqa: PLR0912 - a table, one line an action
        match action:
            case a.SetTimer():
                self._set_timer(action)
            case a.Reply():
                self._watchers.on_ack(action.ack)
            case a.QueryOrder():
                self._adapters[action.venue].query(action)
            case a.ListOpenOrders():
                self._adapters[action.venue].list_open_orders(action)
            case a.FetchFills():
                self._adapters[action.venue].fetch_fills(action)
            case a.Reconcile():
                self._adapters[action.venue].reconcile(action)
            case a.ResyncBook():
                self._adapters[action.venue].resync_book(action)
            case a.SetGate():
                self._open_gate_when_durable(action)
            case a.WarmUp():
                for adapter in self._adapters.values():
                    adapter.warm_up()
            case a.StartHost():
                self._watchers.start_host(action.strategy_id, action.run)
            case a.StopHost():
                self._watchers.stop_host(action.strategy_id, action.run, action.reason)
            case a.CheckParameters():
                self._watchers.check_parameters(action.strategy_id, action.check_id, action.params_json)
            case a.GiveParameters():
                self._watchers.give_parameters(action.strategy_id, action.run, action.params_json)
            case a.TellStrategy():
                self._watchers.on_denied(action.strategy_id, action.run, action.denied)
            case a.StopEngine():
                self._watchers.stop(action.reason)
            case a.Submit() | a.Cancel() | a.CancelAll() | a.Unpark():
                raise AssertionError("carried out above")

    def _show_market(self, message: object) -> None:
        if isinstance(message, _BOOK_REPORTS):
            self._watchers.on_book(message.instrument_id, filled_seq=self._filled_seq)
        elif isinstance(message, TradePrinted):
            self._watchers.on_trade(message)

    # --- submits ---

    def _send(self, submit: a.Submit) -> None:
        if not self._is_gate_open:
            self.dispatch(SubmitNotSent(submit.client_order_id, "the gate is closed"))
            return
        if submit.deadline <= self._now():  # a stalled loop: the timer that removes it has not run
            self.dispatch(SubmitNotSent(submit.client_order_id, _TOO_SLOW))
            return
        token = self._journal.mint(submit.client_order_id, submit.seq)
        self._adapters[submit.venue].submit(submit, token)

    def _unpark(self, action: a.Unpark) -> list[ClientOrderId]:
        removed = self._parking.remove(action.client_order_ids)
        self._waiting.extend(SubmitNotSent(i, action.reason) for i in removed)
        return removed

    def _set_deadline(self) -> None:
        # One timer, for the first of those parked now; most have left when it fires, so it costs nothing.
        deadline = self._parking.next_deadline
        if deadline is not None:
            delay_s = max(0.0, (deadline - self._now()) / _NANOS_PER_S)
            self._deadline = self._loop.call_later(delay_s, self._remove_late)

    def _remove_late(self) -> None:
        self._deadline = None
        for client_order_id in self._parking.remove_late(self._now()):
            self.dispatch(SubmitNotSent(client_order_id, _TOO_SLOW))
        if self._deadline is None:  # else what followed has parked something, and set it
            self._set_deadline()

    # --- gate and timers ---

    def _open_gate_when_durable(self, action: a.SetGate) -> None:
        if action.after_seq <= self._journal.durable_seq:
            self._open_gate(action)
        else:
            self._gate_waits_for = action

    def _open_gate(self, action: a.SetGate) -> None:
        self._gate_waits_for = None
        if not self.engine.state.is_halted:
            self._set_gate(is_open=True, reason=action.reason)

    def _set_gate(self, *, is_open: bool, reason: str) -> None:
        self._is_gate_open = is_open
        if not is_open:
            self._gate_waits_for = None
        for adapter in self._adapters.values():
            adapter.set_gate(is_open=is_open, reason=reason)

    def _set_timer(self, action: a.SetTimer) -> None:
        known = self._timers.pop(action.timer, None)
        if known is not None:
            known.cancel()
        delay_s = max(0.0, (action.at - self._now()) / _NANOS_PER_S)
        self._timers[action.timer] = self._loop.call_later(delay_s, self._fire, action.timer)

    def _fire(self, timer: str) -> None:
        self._timers.pop(timer, None)
        self.dispatch(TimerFired(timer))

    # --- the worst case ---

    def _break(self, why: Exception) -> None:
        """Never continue: close the gate, cancel what can be canceled, leave with the truth in the log."""
        if self._is_broken:
            return
        self._is_broken = True
        error = why if isinstance(why, InvariantBroken) else InvariantBroken(f"{type(why).__name__}: {why}")
        _LOG.critical("invariant broken: %s", error, exc_info=why)
        self._set_gate(is_open=False, reason="invariant broken")
        self._parking.remove(())
        state = self.engine.state
        for venue, adapter in self._adapters.items():
            ids = {state.orders[i].instrument_id for i in state.open_orders}
            mine = tuple(sorted(i for i in ids if state.venue_of(i) == venue))
            if mine:
                adapter.cancel_all(a.CancelAll(venue, mine))
        self._watchers.on_broken(error)
