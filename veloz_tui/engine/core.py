"""The core: one pure, synchronous `handle(message, now) -> Outcome(events, actions)`.

No IO, clock, randomness, tasks or globals. Each kind of message has one handler, found in the table below; a
handler gets a Turn, reads State and Live, and says what follows with `emit` and `act`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.events import Recorded, RunStopped
from veloz_tui.domain.ids import next_epoch
from veloz_tui.domain.intents import ParametersChecked, StrategyHostChanged, StrategyReported
from veloz_tui.domain.types import Nanos
from veloz_tui.engine import (
    balances,
    commands,
    connections,
    fills,
    market,
    order_reports,
    parameters,
    reconcile,
    strategies,
    ticks,
)
from veloz_tui.engine import killswitch as kill
from veloz_tui.engine.actions import Action
from veloz_tui.engine.breaker import CircuitBreaker
from veloz_tui.engine.live import Live, VenueLive
from veloz_tui.engine.settings import EngineSettings
from veloz_tui.engine.start import start
from veloz_tui.engine.state import State
from veloz_tui.engine.turn import Turn


class Outcome(msgspec.Struct, frozen=True):
    """What followed from one message, in order: facts to journal, then things to do."""

    events: list[Recorded]
    actions: list[Action]


_NOTHING: Final = Outcome([], [])


class Engine:
    """State, Live and the handlers. The loop calls `handle`; nothing else changes either."""

    __slots__ = ("_is_broken", "live", "settings", "state")

    def __init__(self, settings: EngineSettings, state: State | None = None) -> None:
        self.settings = settings
        self.state = state or State()
        self.live = Live()
        self.live.working.begin(self.state)
        self._is_broken = False
        for venue in settings.venues:
            breaker = CircuitBreaker(
                max_failures=settings.breaker_failures, reset_timeout_s=settings.breaker_reset_s
            )
            self.live.venues[venue] = VenueLive(venue, breaker)
        for instrument_id in settings.instruments:
            self.live.book(instrument_id)

    def start(
        self,
        now: Nanos,
        *,
        account_tag: str,
        epoch: int | None = None,
        sim_id: str = "",
        kill_flag: str = "",
        kill_stamps: Mapping[str, float] | None = None,
    ) -> Outcome:
        """Begin a run on the state that the journal gave: a new epoch, doubts, timers, the latched halt.

        `epoch` is one that no run has had, by what is known outside of the journal too; `kill_flag` is the id
        in the flag, `kill_stamps` what a hard kill of that id has on record.
        """
        turn = self._turn(now)
        start(
            turn,
            account_tag=account_tag,
            epoch=next_epoch(last=self.state.epoch, now=now) if epoch is None else epoch,
            sim_id=sim_id,
            kill_flag=kill_flag,
            kill_stamps=kill_stamps or {},
        )
        return Outcome(turn.events, turn.actions)

    def stop(self, now: Nanos, reason: str) -> Outcome:
        """End the run in order: the last event of the journal."""
        turn = self._turn(now)
        turn.emit(RunStopped(now, reason))
        return Outcome(turn.events, turn.actions)

    def handle(self, message: object, now: Nanos) -> Outcome:
        """Handle one message. Any exception here is a bug: InvariantBroken, and never again."""
        if self._is_broken:
            raise InvariantBroken("the engine broke before; it can't go on")
        turn = self._turn(now)
        try:
            _HANDLERS[type(message)](turn, message)
        except Exception as error:
            self._is_broken = True
            raise InvariantBroken(f"{type(message).__name__}: {error}") from error
        if not turn.events and not turn.actions:
            return _NOTHING
        return Outcome(turn.events, turn.actions)

    def _turn(self, now: Nanos) -> Turn:
        return Turn(state=self.state, live=self.live, settings=self.settings, now=now)


def _on_open_orders(turn: Turn, listed: r.OpenOrdersListed) -> None:
    if listed.purpose == "kill":
        kill.on_open_orders(turn, listed)
    else:
        reconcile.on_open_orders_audited(turn, listed)


_HANDLERS: Final[dict[type, Callable[[Turn, Any], Any]]] = {
    # public market
    r.BookDelta: market.on_book_delta,
    r.BookSnapshot: market.on_book_snapshot,
    r.BookStale: market.on_book_stale,
    r.Quiet: market.on_quiet,
    r.TradePrinted: market.on_trade,
    r.TopOfBook: market.on_top_of_book,
    # orders
    r.OrderReport: order_reports.on_order_report,
    r.Fill: fills.on_fill,
    r.SubmitWritten: order_reports.on_submit_written,
    r.SubmitAccepted: order_reports.on_submit_accepted,
    r.SubmitRejected: order_reports.on_submit_rejected,
    r.SubmitUnknown: order_reports.on_submit_unknown,
    r.SubmitNotSent: order_reports.on_submit_not_sent,
    r.CancelSucceeded: order_reports.on_cancel_succeeded,
    r.CancelFailed: order_reports.on_cancel_failed,
    r.CancelUnknown: order_reports.on_cancel_unknown,
    r.QueryAnswered: order_reports.on_query_answered,
    r.QueryFailed: order_reports.on_query_failed,
    r.OpenOrdersListed: _on_open_orders,
    r.OpenOrdersFailed: reconcile.on_open_orders_failed,
    r.FillsListed: fills.on_fills_listed,
    # the account and its venue
    r.VenueSnapshot: reconcile.on_venue_snapshot,
    r.BalancesReported: balances.on_balances,
    r.AccountReported: connections.on_account,
    r.InstrumentsReported: connections.on_instruments,
    r.ChannelReported: connections.on_channel,
    r.HealthReported: connections.on_health,
    # ourselves
    r.TimerFired: ticks.on_timer,
    r.GateReported: kill.on_gate,
    r.JournalReported: ticks.on_journal,
    r.DiskReported: ticks.on_disk,
    r.GuardianReported: ticks.on_guardian,
    r.ConsolesChanged: ticks.on_consoles,
    ParametersChecked: parameters.on_checked,
    StrategyReported: strategies.on_reported,
    StrategyHostChanged: strategies.on_host_changed,
    **dict.fromkeys(c.AnyCommand.__args__, commands.on_command),
}
