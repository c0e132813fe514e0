"""A venue as a model: a ledger, reached over a lossy, slow, reordering wire. Implements VenueAdapter.

The ledger is the truth that the engine's beliefs are compared with. Every choice is seeded.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from random import Random

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.intent import DurableIntent
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import (
    AccountReported,
    Balance,
    BalancesReported,
    BookSnapshot,
    CancelFailed,
    CancelSucceeded,
    CancelUnknown,
    Channel,
    ChannelReported,
    Endpoint,
    FeeRates,
    Fill,
    FillsListed,
    InstrumentsReported,
    OpenOrdersListed,
    OrderReport,
    QueryAnswered,
    QueryFailed,
    ReportedStatus,
    SubmitAccepted,
    SubmitNotSent,
    SubmitRejected,
    SubmitUnknown,
    SubmitWritten,
    VenueSnapshot,
)
from veloz_tui.domain.types import (
    Asset,
    ChannelState,
    InstrumentId,
    Nanos,
    Side,
    TradeId,
    VenueId,
    VenueOrderId,
)
from veloz_tui.engine.actions import (
    Cancel,
    CancelAll,
    FetchFills,
    ListOpenOrders,
    QueryOrder,
    Reconcile,
    ResyncBook,
    Submit,
)
from veloz_tui.venues.base import OnReport

VENUE = VenueId("BINANCE")
BTC = Instrument(
    id=InstrumentId("BTCUSDT.BINANCE"),
    venue=VENUE,
    symbol="BTCUSDT",
    base=Asset("BTC"),
    quote=Asset("USDT"),
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    min_notional=Decimal(5),
)


class VenueOrder:
    """One order in the venue's ledger."""

    def __init__(self, number: int, client_order_id: str, request: OrderRequest) -> None:
        self.venue_order_id = VenueOrderId(str(number))
        self.client_order_id = client_order_id
        self.request = request
        self.filled = Decimal(0)
        self.status = ReportedStatus.OPEN

    @property
    def leaves(self) -> Decimal:
        return self.request.quantity - self.filled

    def report(self, at: Nanos, fill: Fill | None = None) -> OrderReport:
        return OrderReport(
            venue=VENUE,
            instrument_id=self.request.instrument_id,
            client_order_id=self.client_order_id,
            venue_order_id=self.venue_order_id,
            status=self.status,
            side=self.request.side,
            order_type=self.request.order_type,
            quantity=self.request.quantity,
            price=self.request.price,
            stop_price=None,
            time_in_force=self.request.time_in_force,
            post_only=self.request.post_only,
            cumulative=self.filled,
            venue_at=at,
            fill=fill,
        )


class Ledger:
    """The venue itself: outlives every engine."""

    def __init__(self, now: Callable[[], Nanos]) -> None:
        self.now = now
        self.orders: list[VenueOrder] = []
        self.fills: list[Fill] = []
        self.arrivals: list[tuple[Nanos, str]] = []
        self.listeners: list[Callable[[OrderReport], None]] = []

    def place(self, client_order_id: str, request: OrderRequest) -> VenueOrder:
        order = VenueOrder(len(self.orders) + 1, client_order_id, request)
        self.orders.append(order)
        self.arrivals.append((self.now(), client_order_id))
        self._tell(order.report(self.now()))
        return order

    def of(self, client_order_id: str) -> VenueOrder | None:
        return next((o for o in reversed(self.orders) if o.client_order_id == client_order_id), None)

    def cancel(self, order: VenueOrder) -> bool:
        if order.status is not ReportedStatus.OPEN:
            return False
        order.status = ReportedStatus.CANCELED
        self._tell(order.report(self.now()))
        return True

    def trade(self, order: VenueOrder, quantity: Decimal) -> None:
        order.filled += quantity
        if not order.leaves:
            order.status = ReportedStatus.FILLED
        fill = Fill(
            instrument_id=order.request.instrument_id,
            trade_id=TradeId(str(len(self.fills) + 1)),
            venue_order_id=order.venue_order_id,
            side=order.request.side,
            price=order.request.price or Decimal(100),
            quantity=quantity,
            fee=quantity / 1000,
            fee_asset=Asset("BTC"),
            is_maker=True,
            venue_at=self.now(),
            client_order_id=order.client_order_id,
        )
        self.fills.append(fill)
        self._tell(order.report(self.now(), fill))

    @property
    def open(self) -> list[VenueOrder]:
        return [order for order in self.orders if order.status is ReportedStatus.OPEN]

    @property
    def position(self) -> Decimal:
        """What the fills left in the wallet: their fees are taken in the base asset."""
        return sum((f.quantity * f.side.sign - f.fee for f in self.fills), Decimal(0))

    def _tell(self, report: OrderReport) -> None:
        for listener in list(self.listeners):
            listener(report)


class ModelAdapter:
    """One engine's connection to the ledger. `trouble` is the chance that a message goes wrong."""

    venue = VENUE

    def __init__(
        self, ledger: Ledger, on_report: OnReport, *, random: Random, trouble: float, recv_window_s: float
    ) -> None:
        self._ledger = ledger
        self._on_report = on_report
        self._random = random
        self._trouble = trouble
        self._recv_window_s = recv_window_s
        self._gate_open = False
        self._loop = asyncio.get_running_loop()
        self._is_down = True
        self._is_dead = False
        self._buffer: list[OrderReport] = []
        self._is_syncing = False
        self.submitted: list[str] = []
        ledger.listeners.append(self._on_stream)

    # --- life ---

    async def run(self) -> None:
        """Connect; now and then the user stream breaks for a while."""
        self._report(InstrumentsReported(VENUE, (BTC,)))
        self._report(BookSnapshot(BTC.id, 1, [(100.0, 50.0)], [(100.01, 50.0)]))
        self._connect()
        while True:
            await asyncio.sleep(self._random.uniform(3, 20))
            if self._random.random() < self._trouble:
                self._is_down, self._is_syncing = True, False
                self._report(ChannelReported(VENUE, Channel.USER, ChannelState.DOWN, "cut"))
                await asyncio.sleep(self._random.uniform(0.1, 3))
                self._connect()

    def _connect(self) -> None:
        self._is_down, self._is_syncing = False, True
        self._buffer.clear()
        self._report(ChannelReported(VENUE, Channel.USER, ChannelState.SYNCING))

    def die(self) -> None:
        """The engine's process is gone: what is on the wire may still arrive."""
        self._is_dead = True
        self._ledger.listeners.remove(self._on_stream)

    # --- the port ---

    def set_gate(self, *, is_open: bool, reason: str) -> None:
        self._gate_open = is_open

    def submit(self, order: Submit, intent: DurableIntent) -> None:
        assert intent.client_order_id == order.client_order_id
        if not self._gate_open:
            self._report(SubmitNotSent(order.client_order_id, "gate"))
            return
        self.submitted.append(order.client_order_id)
        self._report(SubmitWritten(order.client_order_id))
        fate = self._random.random()
        if fate > self._trouble:
            self._later(lambda: self._place(order, answers=True))
        elif fate > self._trouble * 0.75:  # acted on, the answer lost
            self._later(lambda: self._place(order, answers=False))
            self._later(lambda: self._report(SubmitUnknown(order.client_order_id, "timeout")), at_least=1.0)
        elif fate > self._trouble * 0.5:  # never arrived
            self._later(lambda: self._report(SubmitUnknown(order.client_order_id, "reset")), at_least=0.2)
        elif fate > self._trouble * 0.25:  # arrives after we gave up, within recvWindow
            late = self._random.uniform(0.5, self._recv_window_s)
            self._loop.call_later(late, self._place_late, order)
            self._later(lambda: self._report(SubmitUnknown(order.client_order_id, "timeout")), at_least=0.3)
        else:
            text = "Account has insufficient balance for requested action."
            self._later(lambda: self._report(SubmitRejected(order.client_order_id, -2010, text)))

    def _place(self, order: Submit, *, answers: bool) -> None:
        placed = self._ledger.place(order.client_order_id, order.request)
        if answers:
            report = placed.report(self._ledger.now())
            self._later(lambda: self._report(SubmitAccepted(order.client_order_id, report)))

    def _place_late(self, order: Submit) -> None:
        self._ledger.place(order.client_order_id, order.request)

    def cancel(self, action: Cancel) -> None:
        if self._random.random() < self._trouble:
            if self._random.random() < 0.5:
                self._later(lambda: self._cancel(action, answers=False))
            self._later(lambda: self._report(CancelUnknown(action.client_order_id, "timeout")), at_least=0.5)
            return
        self._later(lambda: self._cancel(action, answers=True))

    def _cancel(self, action: Cancel, *, answers: bool) -> None:
        order = self._ledger.of(action.venue_client_id)
        done = order is not None and self._ledger.cancel(order)
        if not answers:
            return
        if done and order is not None:
            report = order.report(self._ledger.now())
            self._later(lambda: self._report(CancelSucceeded(action.client_order_id, report)))
        else:
            self._later(
                lambda: self._report(CancelFailed(action.client_order_id, -2011, "Unknown order sent."))
            )

    def cancel_all(self, action: CancelAll) -> None:
        self._later(lambda: [self._ledger.cancel(order) for order in self._ledger.open])

    def query(self, action: QueryOrder) -> None:
        if self._random.random() < self._trouble / 2:
            self._later(lambda: self._report(QueryFailed(action.client_order_id, "timeout")))
            return
        self._later(lambda: self._answer(action))

    def _answer(self, action: QueryOrder) -> None:
        found = self._ledger.of(action.client_order_id)
        report = found.report(self._ledger.now()) if found else None
        answer = QueryAnswered(action.client_order_id, action.endpoint, report, self._ledger.now())
        self._later(lambda: self._report(answer))

    def list_open_orders(self, action: ListOpenOrders) -> None:
        asked = self._ledger.now()

        def answer() -> None:
            orders = tuple(order.report(self._ledger.now()) for order in self._ledger.open)
            listed = OpenOrdersListed(VENUE, action.instrument_id, orders, asked, action.purpose)
            self._later(lambda: self._report(listed))

        self._later(answer)

    def fetch_fills(self, action: FetchFills) -> None:
        def answer() -> None:
            wanted = [
                f
                for f in self._ledger.fills
                if (action.venue_order_id is None or f.venue_order_id == action.venue_order_id)
                and (action.since is None or int(f.trade_id) > int(action.since))
            ]
            since = action.since if action.venue_order_id is None else None
            self._later(lambda: self._report(FillsListed(VENUE, BTC.id, tuple(wanted), since)))

        self._later(answer)

    def reconcile(self, action: Reconcile) -> None:
        asked = self._ledger.now()

        def gather() -> None:
            snapshot = self._snapshot(action, asked)
            self._later(lambda: self._finish_sync(snapshot))

        self._later(gather)

    def _snapshot(self, action: Reconcile, asked: Nanos) -> VenueSnapshot:
        at = self._ledger.now()
        open_orders = tuple(order.report(at) for order in self._ledger.open)
        listed = {report.client_order_id for report in open_orders}
        since = dict(action.fills_since).get(BTC.id)
        return VenueSnapshot(
            venue=VENUE,
            requested_at=asked,
            open_orders=open_orders,
            asked_orders=tuple(
                QueryAnswered(
                    i, Endpoint.ORDER, found.report(at) if (found := self._ledger.of(i)) else None, at
                )
                for i, _ in action.ask_orders
                if i not in listed
            ),
            fills=tuple(f for f in self._ledger.fills if int(f.trade_id) > int(since or 0)),
            balances=_balances(at),
            account=AccountReported(VENUE, "7", can_trade=True, fees=_FEES),
        )

    def _finish_sync(self, snapshot: VenueSnapshot) -> None:
        if not self._is_syncing:
            return
        self._is_syncing = False
        self._report(snapshot)
        for report in self._buffer:
            self._report(report)
        self._buffer.clear()
        self._report(ChannelReported(VENUE, Channel.USER, ChannelState.READY))

    def resync_book(self, action: ResyncBook) -> None:
        self._report(BookSnapshot(BTC.id, 1, [(100.0, 50.0)], [(100.01, 50.0)]))

    def warm_up(self) -> None:
        pass

    # --- the wire ---

    def _on_stream(self, report: OrderReport) -> None:
        if self._is_down:
            return
        copies = 2 if self._random.random() < self._trouble else 1
        for _ in range(copies):
            self._later(lambda: self._stream(report))

    def _stream(self, report: OrderReport) -> None:
        if self._is_down:
            return
        if self._is_syncing:
            self._buffer.append(report)
        else:
            self._report(report)

    def _later(self, act: Callable[[], object], *, at_least: float = 0.0) -> None:
        self._loop.call_later(at_least + self._random.uniform(0.001, 0.05), act)

    def _report(self, report: object) -> None:
        if not self._is_dead:
            self._on_report(report)  # type: ignore[arg-type]


_FEES = FeeRates(Decimal("0.001"), Decimal("0.001"))


def _balances(at: Nanos) -> BalancesReported:
    plenty = Decimal(1_000_000)
    return BalancesReported(
        VENUE,
        (Balance(Asset("BTC"), plenty, Decimal(0)), Balance(Asset("USDT"), plenty, Decimal(0))),
        is_complete=True,
        venue_at=at,
    )


def random_trade(ledger: Ledger, random: Random) -> None:
    """Somebody trades with one of the open orders."""
    if ledger.open:
        order = random.choice(ledger.open)
        lots = int(order.leaves / BTC.lot_size)
        ledger.trade(order, BTC.lot_size * random.randint(1, lots))


def side(random: Random) -> Side:
    return random.choice((Side.BUY, Side.SELL))
