"""Random histories of the real core, spread over days, with prices and fees worth adding up."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import takewhile
from random import Random

from tests.unit.engine.factories import VENUE, D, fill
from tests.unit.engine.test_fold import History
from veloz_tui.domain import events as e
from veloz_tui.domain.types import SECOND, ChannelState, ClientOrderId, Nanos
from veloz_tui.engine.state import State, decode_state, encode_state
from veloz_tui.reports.build import build
from veloz_tui.reports.period import Period, custom
from veloz_tui.reports.report import Report
from veloz_tui.reports.source import Opening

SLICE = 7
FEE_ASSETS = ("USDT", "BTC", "BNB")
"""Quote, base, and one that has no price here."""


class Days(History):
    """A history whose pauses are hours too, and whose trades have odd prices and fees in any asset."""

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.core.later(ms=self.random.choice((1, 50, 700, 5_000)))
            if self.random.random() < 0.1:
                self.core.later(s=self.random.choice((60, 3_599, 20_000, 50_000)))
                self.core.tick()
            self.random.choice(self.often + self.often + self.seldom)()

    def trade(self) -> None:
        order = self.any_order()
        if order is None or (order.venue_order_id is None and self.random.random() < 0.3):
            return
        self.trades += 1
        number = order.venue_order_id or str(1_000 + order.created_seq)
        trade = fill(
            order,
            self.trades,
            f"{odd(self.random, 2, 4)} @ {odd(self.random, 90, 110)}",
            venue_order_id=number,
            fee=str(odd(self.random, 0, 1)),
            fee_asset=self.random.choice(FEE_ASSETS),
            client_order_id=self.random.choice((None, "")),
        )
        self.fills.append(trade)
        self.core.send(self.random.choice((trade, self.report(order, fill=trade))))


def odd(random: Random, low: int, high: int) -> Decimal:
    """A number with digits behind the point that thirds and sevenths make long."""
    return D(random.randint(low * 10_000 + 1, high * 10_000)) / 10_000


def history(seed: int, steps: int = 120) -> Days:
    found = Days(seed)
    found.run(steps)
    return found


class ListSource:
    """Events in a list, as a report reads a journal; `states` are snapshots by their event's number."""

    def __init__(self, records: Sequence[e.Recorded], states: Mapping[int, State] | None = None) -> None:
        self._records = records
        self._states = states or {}
        self.read: list[int] = []
        """The numbers of the events that were asked for."""

    def opening(self, since: Nanos) -> Opening:
        before = list(takewhile(lambda record: record.event.at < since, self._records))
        end_seq = before[-1].seq if before else 0
        known = [seq for seq in self._states if seq <= end_seq]
        state = decode_state(encode_state(self._states[max(known)])) if known else None
        return Opening(end_seq, max((record.event.at for record in before), default=None), state)

    def some(self, kinds: Collection[str], *, after_seq: int, end_seq: int) -> Iterator[Sequence[e.Recorded]]:
        wanted = [
            record for record in self._records
            if after_seq < record.seq <= end_seq and type(record.event).__name__ in kinds
        ]  # fmt: skip
        yield from self._slices(wanted)

    def all(self, *, after_seq: int) -> Iterator[Sequence[e.Recorded]]:
        yield from self._slices([record for record in self._records if record.seq > after_seq])

    def of_orders(
        self, orders: Collection[ClientOrderId], *, before_seq: int, kinds: Collection[str] = ()
    ) -> Sequence[e.Recorded]:
        return [
            record for record in self._records
            if record.seq < before_seq
            and getattr(record.event, "client_order_id", None) in orders
            and (not kinds or type(record.event).__name__ in kinds)
        ]  # fmt: skip

    def _slices(self, records: Sequence[e.Recorded]) -> Iterator[Sequence[e.Recorded]]:
        for first in range(0, len(records), SLICE):
            self.read += [record.seq for record in records[first : first + SLICE]]
            yield records[first : first + SLICE]


def report_of(
    records: list[e.Recorded],
    period: Period | None = None,
    *,
    alive_at: Nanos | None = None,
    states: Mapping[int, State] | None = None,
) -> Report:
    """Report on a period; by default on all there is."""
    last = max((record.event.at for record in records), default=Nanos(0))
    period = period or custom(Nanos(records[0].event.at), Nanos(last + 1))
    return build(ListSource(records, states), period, alive_at=alive_at)


def numbered(*events: e.AnyEvent) -> list[e.Recorded]:
    return [e.Recorded(seq, event) for seq, event in enumerate(events, start=1)]


def ready(at: Nanos, state: ChannelState = ChannelState.READY) -> e.VenueStateChanged:
    return e.VenueStateChanged(at, VENUE, state)


def at(seconds: float) -> Nanos:
    """Seconds after the first day of 2026 began."""
    return Nanos(1_767_225_600 * SECOND + int(seconds * SECOND))
