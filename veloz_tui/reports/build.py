"""Events in, a Report out. Pure: what it reads, and how, is the Source's.

Of the time before the period only fills move a position, and only orders that are still in doubt, or that
something happens to in the period, matter: these are read and the others aren't. Time never steps back here:
an event with an earlier stamp than the one before it counts at that one's time.
"""

from array import array
from collections.abc import Callable, Collection
from itertools import islice
from statistics import median
from typing import Any, Final

from veloz_tui.domain import events as e
from veloz_tui.domain.event import Event
from veloz_tui.domain.results import UNKNOWN
from veloz_tui.domain.types import Asset, ClientOrderId, Nanos, StrategyId
from veloz_tui.reports.money import Money
from veloz_tui.reports.orders import MOVES, Moved, Orders
from veloz_tui.reports.owners import Owners
from veloz_tui.reports.period import Period
from veloz_tui.reports.report import CallbackRow, Report
from veloz_tui.reports.source import Source
from veloz_tui.reports.uptime import Halts, Uptime

MAX_ASKED: Final = 500
"""Orders asked for at once."""
EARLIER: Final = (
    "RunStarted", "RunStopped", "InstrumentDefined", "VenueStateChanged", "OrderFilled", "OrderInDoubt",
    "MinuteNoted",
)  # fmt: skip
"""What has to be read of the time before the period."""


def build(
    source: Source, period: Period, *, reporting: Asset = UNKNOWN, alive_at: Nanos | None = None
) -> Report:
    """Return the report of a period.

    `reporting` is the asset that equity is told in. `alive_at`: an engine is running at this moment, also if
    it said nothing lately.
    """
    builder = _Builder(source, period)
    builder.read_earlier()
    builder.read_period()
    return builder.report(reporting, alive_at)


class _Builder:
    def __init__(self, source: Source, period: Period) -> None:
        self._source = source
        self._period = period
        self._opening = source.opening(period.since)
        state = self._opening.state
        self._money = Money(period, state)
        self._orders = Orders(period)
        self._uptime = Uptime(period)
        self._halts = Halts(period)
        self._callbacks: dict[StrategyId, tuple[array[float], array[float]]] = {}
        self._at = self._opening.end_at
        self._seq = self._opening.end_seq
        self._next: e.AnyEvent | None = None
        if state is not None:
            self._uptime.resume(state)

    def read_earlier(self) -> None:
        """Learn what was true when the period began."""
        state, end_seq = self._opening.state, self._opening.end_seq
        doubted: dict[ClientOrderId, None] = {}
        if state is not None:
            doubted.update((i, None) for i, o in state.orders.items() if o.in_doubt_since is not None)
        owners = Owners(self._source)
        after_seq = 0 if state is None else state.seq
        for records in self._source.some(EARLIER, after_seq=after_seq, end_seq=end_seq):
            owners.learn([record for record in records if isinstance(record.event, e.OrderFilled)])
            for record in records:
                self._take_earlier(record, owners, doubted)
        self._recall(doubted, before_seq=end_seq + 1)

    def _take_earlier(self, record: e.Recorded, owners: Owners, doubted: dict[ClientOrderId, None]) -> None:
        event = record.event
        match event:
            case e.OrderFilled():
                owner = owners.of(event.client_order_id, at_seq=record.seq)
                guess = event.moved_from
                self._money.fill(
                    event,
                    event.at,
                    strategy=owner.strategy,
                    side=owner.side,
                    guess=None if guess is None else owners.of(guess, at_seq=record.seq).strategy,
                )
            case e.OrderInDoubt():
                doubted[event.client_order_id] = None
            case e.RunStarted():
                self._uptime.run_started(event.at, last_at=event.at)
            case _:
                _HANDLERS[type(event)](self, event, event.at)

    def read_period(self) -> None:
        """Let every event of the period count."""
        for records in self._source.all(after_seq=self._opening.end_seq):
            if not records:
                continue
            self._orders.forget()
            missing = self._orders.missing(record.event for record in records)
            self._recall(missing, before_seq=records[0].seq)
            if not all(self._take(record) for record in records):
                break

    def _recall(self, orders: Collection[ClientOrderId], *, before_seq: int) -> None:
        names = iter(orders)
        while asked := list(islice(names, MAX_ASKED)):
            found = self._source.of_orders(asked, before_seq=before_seq)
            self._orders.recall(record.event for record in found)

    def _take(self, record: e.Recorded) -> bool:
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
            callbacks=tuple(
                CallbackRow(name, len(medians), median(medians), max(worst))
                for name, (medians, worst) in self._callbacks.items()
            ),
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

    def minute_noted(self, event: e.MinuteNoted, at: Nanos) -> None:
        self._money.minute_noted(event, at)
        if at < self._period.since:
            return
        for name, times in event.callbacks.items():
            medians, worst = self._callbacks.setdefault(name, (array("d"), array("d")))
            medians.append(times.p50_us)
            worst.append(times.p99_us)


_HANDLERS: Final[dict[type[Event], Callable[[_Builder, Any, Nanos], None]]] = {
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
    e.MinuteNoted: _Builder.minute_noted,
    e.Halted: lambda b, x, at: b._halts.halted(x, at),
    e.KillStamped: lambda b, x, at: b._halts.stamped(x),
    e.Rearmed: lambda b, x, at: b._halts.rearmed(at),
}
