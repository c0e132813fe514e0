"""A core to talk to: messages in, events and actions out, a clock moved by hand."""

from decimal import Decimal
from itertools import count
from typing import TypeVar

import msgspec

from tests.unit.engine.totals import check_totals
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.event import Event
from veloz_tui.domain.events import (
    Recorded,
)
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.intents import StrategyHostChanged, StrategyReported
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.types import (
    MANUAL,
    MILLISECOND,
    SECOND,
    Asset,
    ChannelState,
    CommandId,
    InstrumentId,
    Mode,
    Nanos,
    OrderStatus,
    OrderType,
    RearmLevel,
    Side,
    StrategyId,
    TimeInForce,
    TradeId,
    VenueId,
    VenueOrderId,
)
from veloz_tui.domain.views import Ack
from veloz_tui.engine import actions as a
from veloz_tui.engine.core import Engine
from veloz_tui.engine.fold import apply
from veloz_tui.engine.risk.limits import InstrumentLimits, Limits
from veloz_tui.engine.settings import EngineSettings, StrategySettings
from veloz_tui.engine.state import State, decode_state, encode_state

D = Decimal
VENUE = VenueId("BINANCE")
BTC = Instrument(
    id=InstrumentId("BTCUSDT.BINANCE"),
    venue=VENUE,
    symbol="BTCUSDT",
    base=Asset("BTC"),
    quote=Asset("USDT"),
    tick_size=D("0.01"),
    lot_size=D("0.001"),
    min_quantity=D("0.001"),
    min_notional=D(5),
)
MM = StrategyId("mm-1")
T0 = Nanos(1_790_000_000_000_000_000)
LIMITS = Limits(default=InstrumentLimits(max_position_size=D(10_000)))
SETTINGS = EngineSettings(
    mode=Mode.DEMO,
    profile="demo",
    venues=(VENUE,),
    instruments=(BTC.id,),
    limits=LIMITS,
    strategies=(StrategySettings(strategy_id=MM, instruments=(BTC.id,)),),
)
E = TypeVar("E")


def limit(side: Side, what: str, **changes: object) -> OrderRequest:
    """`1.5 @ 100`"""
    quantity, _, price = what.partition(" @ ")
    request = OrderRequest(instrument_id=BTC.id, side=side, quantity=D(quantity), price=D(price))
    return msgspec.structs.replace(request, **changes)


def limit_buy(what: str, **changes: object) -> OrderRequest:
    return limit(Side.BUY, what, **changes)


def limit_sell(what: str, **changes: object) -> OrderRequest:
    return limit(Side.SELL, what, **changes)


def market(side: Side, quantity: str, **changes: object) -> OrderRequest:
    request = OrderRequest(instrument_id=BTC.id, side=side, quantity=D(quantity), order_type=OrderType.MARKET)
    return msgspec.structs.replace(request, **changes)


def fill(
    order: Order,
    trade: int,
    what: str,
    *,
    venue_order_id: str = "1",
    client_order_id: str | None = None,
    fee: str = "0",
    fee_asset: str = "USDT",
) -> r.Fill:
    """A trade of the order: `0.5 @ 100`."""
    quantity, _, price = what.partition(" @ ")
    return r.Fill(
        instrument_id=order.instrument_id,
        trade_id=TradeId(str(trade)),
        venue_order_id=VenueOrderId(venue_order_id),
        side=order.side,
        price=D(price),
        quantity=D(quantity),
        fee=D(fee),
        fee_asset=Asset(fee_asset),
        is_maker=True,
        venue_at=T0,
        client_order_id=order.venue_client_id if client_order_id is None else client_order_id,
    )


def report(
    order: Order,
    status: str = "OPEN",
    *,
    cumulative: str | Decimal | None = None,
    fill: r.Fill | None = None,
    fills: tuple[r.Fill, ...] = (),
    venue_order_id: str = "1",
    client_order_id: str | None = None,
    raw_status: str = "",
) -> r.OrderReport:
    """What the venue says of the order; cumulative by default what the fills in it say."""
    told = sum((one.quantity for one in (*fills, *((fill,) if fill else ()))), D(0))
    request = order.request
    return r.OrderReport(
        venue=VENUE,
        instrument_id=order.instrument_id,
        client_order_id=order.venue_client_id if client_order_id is None else client_order_id,
        venue_order_id=VenueOrderId(venue_order_id),
        status=r.ReportedStatus(status),
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        price=request.price,
        stop_price=request.stop_price,
        time_in_force=request.time_in_force,
        post_only=request.post_only,
        cumulative=D(cumulative) if cumulative is not None else order.filled + told,
        venue_at=T0,
        fill=fill,
        fills=fills,
        raw_status=raw_status,
    )


def foreign(
    what: str = "1 @ 90",
    *,
    side: Side = Side.BUY,
    venue_order_id: str = "77",
    client_order_id: str = "web_abc",
    instrument_id: InstrumentId = BTC.id,
    status: str = "OPEN",
    cumulative: str = "0",
    fill: r.Fill | None = None,
) -> r.OrderReport:
    """An order that somebody made elsewhere."""
    quantity, _, price = what.partition(" @ ")
    return r.OrderReport(
        venue=VENUE,
        instrument_id=instrument_id,
        client_order_id=client_order_id,
        venue_order_id=VenueOrderId(venue_order_id),
        status=r.ReportedStatus(status),
        side=side,
        order_type=OrderType.LIMIT,
        quantity=D(quantity),
        price=D(price),
        stop_price=None,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        cumulative=D(cumulative),
        venue_at=T0,
        fill=fill,
    )


def balances(
    base: str = "100", quote: str = "1000000", *, complete: bool = True, locked: str = "0"
) -> r.BalancesReported:
    return r.BalancesReported(
        VENUE,
        (
            r.Balance(Asset("BTC"), D(base), D(locked)),
            r.Balance(Asset("USDT"), D(quote), D(0)),
        ),
        is_complete=complete,
        venue_at=T0,
    )


def account(uid: str = "7") -> r.AccountReported:
    return r.AccountReported(VENUE, uid, can_trade=True, fees=r.FeeRates(D("0.001"), D("0.001")))


class Core:
    """An engine and its clock. Everything it ever said is kept; `said` and `told` look at the last turn."""

    def __init__(
        self,
        *,
        settings: EngineSettings = SETTINGS,
        state: State | None = None,
        ready: bool = True,
        kill_flag: str = "",
        now: Nanos = T0,
    ) -> None:
        self.now = now
        self.engine = Engine(settings, state)
        self.records: list[Recorded] = []
        self.actions: list[a.Action] = []
        self.events: list[Event] = []
        self.acts: list[a.Action] = []
        self.before = decode_state(encode_state(state)) if state is not None else State()
        self._ids = count(1)
        self._note(self.engine.start(self.now, account_tag="00", kill_flag=kill_flag))
        if ready:
            self.connect()

    # --- in ---

    def send(self, message: object) -> list[a.Action]:
        """Hand one message in; returns the actions it led to."""
        return self._note(self.engine.handle(message, self.now))

    def _note(self, outcome: object) -> list[a.Action]:
        events, actions = outcome.events, outcome.actions  # type: ignore[attr-defined]
        self.events = [record.event for record in events]
        self.acts = list(actions)
        self.records += events
        self.actions += actions
        check_totals(self.engine)
        return self.acts

    def later(self, *, ms: float = 0, s: float = 0) -> None:
        self.now = Nanos(self.now + int(ms * MILLISECOND) + int(s * SECOND))

    def timer(self, name: str) -> list[a.Action]:
        return self.send(r.TimerFired(name))

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.later(s=1)
            self.timer("tick")

    def command(self, command: c.AnyCommand) -> Ack:
        """Send a command; returns its one answer."""
        self.send(command)
        (ack,) = [act.ack for act in self.acts if isinstance(act, a.Reply)]
        return ack

    def new_id(self) -> CommandId:
        return CommandId(f"t{next(self._ids)}")

    # --- the venue's side ---

    def connect(self, *, base: str = "100", uid: str = "7") -> None:
        """The venue's start, up to READY."""
        self.send(r.InstrumentsReported(VENUE, (BTC,)))
        self.book("99.99", "100.01")
        self.channel(ChannelState.SYNCING)
        self.snapshot(base=base, uid=uid)
        self.channel(ChannelState.READY)

    def book(self, bid: str, ask: str, size: float = 50.0) -> None:
        self.send(r.BookSnapshot(BTC.id, 1, [(float(bid), size)], [(float(ask), size)]))

    def channel(self, state: ChannelState, channel: r.Channel = r.Channel.USER) -> list[a.Action]:
        return self.send(r.ChannelReported(VENUE, channel, state))

    def snapshot(
        self,
        *,
        open_orders: tuple[r.OrderReport, ...] = (),
        asked: tuple[r.QueryAnswered, ...] = (),
        fills: tuple[r.Fill, ...] = (),
        base: str = "100",
        uid: str = "7",
    ) -> list[a.Action]:
        return self.send(
            r.VenueSnapshot(VENUE, self.now, open_orders, asked, fills, balances(base), account(uid))
        )

    def connected(
        self,
        *,
        open_orders: tuple[r.OrderReport, ...] = (),
        asked: tuple[r.QueryAnswered, ...] = (),
        fills: tuple[r.Fill, ...] = (),
    ) -> None:
        """The first connection of a run, with what the venue holds."""
        self.send(r.InstrumentsReported(VENUE, (BTC,)))
        self.book("99.99", "100.01")
        self.reconnect(open_orders=open_orders, asked=asked, fills=fills)

    def reconnect(
        self,
        *,
        open_orders: tuple[r.OrderReport, ...] = (),
        asked: tuple[r.QueryAnswered, ...] = (),
        fills: tuple[r.Fill, ...] = (),
    ) -> None:
        self.channel(ChannelState.SYNCING)
        self.snapshot(open_orders=open_orders, asked=asked, fills=fills)
        self.channel(ChannelState.READY)

    def listed(
        self, *orders: r.OrderReport, instrument_id: InstrumentId | None = None, purpose: str = "kill"
    ) -> list[a.Action]:
        """The answer to a list asked for now."""
        return self.send(r.OpenOrdersListed(VENUE, instrument_id, orders, self.now, purpose))

    def answer(
        self, order: Order, report: r.OrderReport | None = None, endpoint: r.Endpoint = r.Endpoint.ORDER
    ) -> list[a.Action]:
        """The answer to a question about an order; None: not found."""
        return self.send(r.QueryAnswered(order.client_order_id, endpoint, report, self.now))

    # --- orders ---

    def place(self, request: OrderRequest) -> Order:
        """Place by hand; the order must get through risk."""
        ack = self.command(c.PlaceOrder(command_id=self.new_id(), by="test", request=request))
        assert ack.is_ok, ack.text
        return self.state.orders[ack.client_order_ids[0]]

    def refused(self, request: OrderRequest) -> str:
        """Place by hand what must be denied; returns the code."""
        ack = self.command(c.PlaceOrder(command_id=self.new_id(), by="test", request=request))
        assert not ack.is_ok, ack.text
        return ack.code

    def sent(self, request: OrderRequest) -> Order:
        order = self.place(request)
        self.send(r.SubmitWritten(order.client_order_id))
        return order

    def working(self, request: OrderRequest, *, venue_order_id: str = "1") -> Order:
        """Sent and accepted."""
        order = self.sent(request)
        self.send(r.SubmitAccepted(order.client_order_id, report(order, venue_order_id=venue_order_id)))
        assert order.status is OrderStatus.ACCEPTED
        return order

    def doubted(self, request: OrderRequest) -> Order:
        order = self.sent(request)
        self.send(r.SubmitUnknown(order.client_order_id, "timeout"))
        assert order.is_in_doubt
        return order

    def never_arrived(self, request: OrderRequest) -> Order:
        order = self.doubted(request)
        self.later(s=13)
        for endpoint in (r.Endpoint.ORDER, r.Endpoint.OPEN_ORDERS, r.Endpoint.ORDER):
            self.answer(order, None, endpoint)
        assert order.status is OrderStatus.NEVER_ARRIVED
        return order

    def cancel(self, order: Order) -> Ack:
        return self.command(
            c.CancelOrders(command_id=self.new_id(), by="test", client_order_ids=(order.client_order_id,))
        )

    def holding(self, what: str, *, side: Side = Side.BUY, venue_order_id: str = "900") -> None:
        """Get a position by one filled order: `1 @ 100`."""
        order = self.working(limit(side, what), venue_order_id=venue_order_id)
        trade = fill(order, int(venue_order_id), what, venue_order_id=venue_order_id)
        self.send(report(order, "FILLED", fill=trade, venue_order_id=venue_order_id))
        assert order.status is OrderStatus.FILLED

    def kill(self, kill_id: str = "k1") -> Ack:
        return self.command(c.Kill(command_id=self.new_id(), by="test", kill_id=kill_id))

    def rearm(self, level: RearmLevel = RearmLevel.FULL, confirmation: str = "demo") -> Ack:
        return self.command(
            c.Rearm(command_id=self.new_id(), by="test", level=level, confirmation=confirmation)
        )

    def certify(self) -> None:
        """Let the settle time pass and the account be empty."""
        self.later(s=14)
        self.listed()
        assert "certified_zero" in self.stamps

    def run_strategy(self, strategy_id: StrategyId = MM) -> int:
        """Start it and let its host say hello; returns the run."""
        self.command(c.StartStrategy(command_id=self.new_id(), by="test", strategy_id=strategy_id))
        run = self.state.strategies[strategy_id].run
        self.send(StrategyHostChanged(strategy_id, run, is_running=True))
        return run

    def wants(self, *intents: object, run: int = 1, strategy_id: StrategyId = MM) -> list[a.Action]:
        return self.send(StrategyReported(strategy_id, run, 1, intents))  # type: ignore[arg-type]

    # --- out ---

    @property
    def state(self) -> State:
        return self.engine.state

    @property
    def stamps(self) -> dict[str, float]:
        assert self.state.kill is not None
        return self.state.kill.stamps

    @staticmethod
    def status(order: Order) -> OrderStatus:
        """The status now (mypy would believe an earlier assert on the attribute)."""
        return order.status

    @property
    def position(self) -> Decimal:
        return self.state.position(BTC.id).quantity

    def said(self, kind: type[E]) -> list[E]:
        """Events of the last turn."""
        return [event for event in self.events if isinstance(event, kind)]

    def told(self, kind: type[E]) -> list[E]:
        """Actions of the last turn."""
        return [act for act in self.acts if isinstance(act, kind)]

    def alerts(self, code: str) -> list[str]:
        return [alert.text for alert in self.state.alerts.values() if alert.code == code]

    def mine(self, strategy_id: StrategyId = MANUAL) -> list[Order]:
        state = self.state
        return [state.orders[i] for i in state.open_orders if state.orders[i].strategy_id == strategy_id]

    def restarted(self, *, ready: bool = True, kill_flag: str = "") -> "Core":
        """A new engine on what the journal holds."""
        return Core(state=self.folded(), ready=ready, kill_flag=kill_flag)

    def folded(self) -> State:
        """The journal, folded from its beginning."""
        state = decode_state(encode_state(self.before))
        for record in self.records:
            apply(state, record)
        return state


def ids_of(acts: list[a.Action], kind: type[a.Cancel] | type[a.QueryOrder] | type[a.Submit]) -> list[str]:
    return [act.client_order_id for act in acts if isinstance(act, kind)]
