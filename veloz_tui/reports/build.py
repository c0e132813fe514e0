"""Events in, a Report out: one pass over the journal from its first event to the period's end. Pure.

Positions need all earlier fills, and fills their orders, so the pass begins at the beginning. Time never
steps back here: an event with an earlier stamp than the one before it counts at that one's time.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from veloz_tui.domain import events as e
from veloz_tui.domain.types import Asset, Nanos
from veloz_tui.reports.money import UNKNOWN, Money
from veloz_tui.reports.orders import MOVES, Moved, Orders
from veloz_tui.reports.period import Period
from veloz_tui.reports.report import Report
from veloz_tui.reports.uptime import Halts, Uptime


def build(
    slices: Iterable[Iterable[e.Recorded]],
    period: Period,
    *,
    reporting: Asset = UNKNOWN,
    alive_at: Nanos | None = None,
) -> Report:
    """Return the report of a period.

    `slices` are the journal's events in order, from the first on, KINDS at least. `reporting` is the asset
    that equity is told in. `alive_at`: an engine is running at this moment, also if it said nothing lately.
    """
    builder = _Builder(period)
    for records in slices:
        if not all(builder.take(record) for record in records):
            break
    return builder.report(reporting, alive_at)


class _Builder:
    def __init__(self, period: Period) -> None:
        self._period = period
        self._money = Money(period)
        self._orders = Orders(period)
        self._uptime = Uptime(period)
        self._halts = Halts(period)
        self._at: Nanos | None = None
        self._seq = 0
        self._next: e.AnyEvent | None = None

    def take(self, record: e.Recorded) -> bool:
        """Let one event count; False: it lies after the period, as all later ones do."""
        event = record.event
        last = event.at if self._at is None else self._at
        at = max(event.at, last)
        if at >= self._period.until:
            self._next = event
            return False
        if isinstance(event, e.RunStarted):
            self._uptime.run_started(at, last_at=last)
        self._at, self._seq = at, record.seq
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event, at)
        return True

    def report(self, reporting: Asset, alive_at: Nanos | None) -> Report:
        known_until = self._known_until(alive_at)
        end = known_until if known_until is not None else self._period.since
        return Report(
            period=self._period,
            known_until=known_until,
            last_seq=self._seq,
            totals=self._money.rows("total"),
            by_strategy=self._money.rows("strategy"),
            by_instrument=self._money.rows("instrument"),
            by_hour=self._money.rows("hour"),
            positions=self._money.positions(),
            curves=self._money.curves(reporting),
            orders=self._orders.counts(),
            denials=self._orders.denials(),
            doubts=self._orders.doubts(end),
            latencies=self._orders.latencies(),
            engine_ran_ns=self._uptime.ran_ns(end),
            uptime=self._uptime.rows(end),
            halts=self._halts.rows(),
        )

    def _known_until(self, alive_at: Nanos | None) -> Nanos | None:
        """How far the story is told: to the period's end if the same run goes on after it."""
        if self._at is None:
            return None
        if self._next is not None:
            goes_on = self._uptime.is_running and not isinstance(self._next, e.RunStarted)
            return self._period.until if goes_on else self._at
        if alive_at is not None and self._uptime.is_running:
            return min(self._period.until, max(alive_at, self._at))
        return self._at

    # --- what each kind does ---

    def filled(self, event: e.OrderFilled, at: Nanos) -> None:
        guess = None if event.moved_from is None else self._orders.lives[event.moved_from].strategy
        life = self._orders.filled(event, at)
        self._money.fill(event, at, strategy=life.strategy, side=life.side, guess=guess)

    def moved(self, event: Moved, at: Nanos) -> None:
        self._orders.moved(event, at)


_HANDLERS: Final[dict[type[e.Event], Callable[[_Builder, Any, Nanos], None]]] = {
    e.RunStarted: lambda b, x, at: None,  # taken before, with the time of the event before it
    e.RunStopped: lambda b, x, at: b._uptime.run_stopped(at),
    e.InstrumentDefined: lambda b, x, at: b._money.define(x.instrument),
    e.VenueStateChanged: lambda b, x, at: b._uptime.venue_changed(x, at),
    e.OrderCreated: lambda b, x, at: b._orders.created(x, at),
    e.OrderDenied: lambda b, x, at: b._orders.denied(x, at),
    e.ExternalOrderSeen: lambda b, x, at: b._orders.external(x, at),
    e.CancelRequested: lambda b, x, at: b._orders.cancel_requested(x, at),
    e.OrderFilled: _Builder.filled,
    **dict.fromkeys(MOVES, _Builder.moved),
    e.DayOpened: lambda b, x, at: b._money.day_opened(x, at),
    e.Halted: lambda b, x, at: b._halts.halted(x, at),
    e.KillStamped: lambda b, x, at: b._halts.stamped(x),
    e.Rearmed: lambda b, x, at: b._halts.rearmed(at),
}
KINDS: Final = frozenset(kind.__name__ for kind in _HANDLERS)
"""The kinds of events that a report is made of."""
