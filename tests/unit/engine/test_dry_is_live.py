"""What a ticket says of an order before it is sent is what happens then: over random states and orders."""

from collections import Counter
from decimal import Decimal
from random import Random

import msgspec
import pytest

from tests.unit.engine.factories import BTC, SETTINGS, VENUE, Core, D, report
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import OrderDenied
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.types import (
    Asset,
    Nanos,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TradeId,
    VenueOrderId,
)
from veloz_tui.domain.views import Ack, Verdict
from veloz_tui.engine.exit_orders import closable, closable_now
from veloz_tui.engine.risk.limits import InstrumentLimits, Limits
from veloz_tui.engine.risk_inputs import free

STEPS = 100
EXACT = D("1e-12")


class Desk:
    """A core in which random things happen; every order is asked dry first."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        most = self.random.choice((None, D(200), D(5_000)))
        limits = Limits(
            default=InstrumentLimits(
                max_order_size=most,
                max_position_size=D(self.random.choice((400, 2_000, 100_000))),
                max_price_deviation=self.random.choice((None, D("0.02"))),
            ),
            max_orders_per_second=self.random.choice((None, 3)),
            open_orders_max=self.random.choice((None, 6)),
            max_leverage=self.random.choice((None, D("1.5"))),
            account_balance_threshold=self.random.choice((None, D(500))),
        )
        self.core = Core(settings=msgspec.structs.replace(SETTINGS, limits=limits))
        self.base, self.quote = D(self.random.randint(0, 60)), D(self.random.randint(100, 9_000))
        self.middle = D(100)
        self.number = 1_000
        self.seen: Counter[str] = Counter()
        self._tell_balances()

    def run(self) -> None:
        for _ in range(STEPS):
            self.random.choice((self.place, self.place, self.place, self.close, self.amend, self.happen))()
            self.core.later(ms=self.random.choice((1, 50, 1_100)))

    # --- what is asked twice ---

    def place(self) -> None:
        request = self._request()
        said, ack = self._twice(c.PlaceOrder(command_id=self.core.new_id(), by="test", request=request))
        if said is None:
            return
        if ack.is_ok:
            self._sent(said, self.core.state.orders[ack.client_order_ids[0]])
        else:
            self._denied(said)

    def close(self) -> None:
        turn = self.core.engine._turn(self.core.now)
        fraction = D(self.random.choice(("1", "0.5", "2")))
        quantity = closable(turn, BTC.id, fraction=fraction)
        is_direct = bool(quantity) and closable_now(turn, BTC.id) >= quantity
        said, ack = self._twice(
            c.ClosePosition(command_id=self.core.new_id(), by="test", instrument_id=BTC.id, fraction=fraction)
        )
        if said is None or not is_direct:
            return  # nothing to close, or others are in the way and go first
        if ack.is_ok:
            self._sent(said, self.core.state.orders[ack.client_order_ids[0]])
        else:
            self._denied(said)

    def amend(self) -> None:
        orders = [self.core.state.orders[i] for i in self.core.state.open_orders]
        if not orders:
            return
        order = self.random.choice(orders)
        said, ack = self._twice(
            c.AmendOrder(
                command_id=self.core.new_id(),
                by="test",
                client_order_id=order.client_order_id,
                price=self._price() if self.random.random() < 0.7 else None,
                quantity=self._quantity() if self.random.random() < 0.7 else None,
            )
        )
        if said is None or not ack.is_ok:
            return
        self.core.send(r.CancelSucceeded(order.client_order_id, self._report(order, "CANCELED")))
        assert order.replaced_by is not None, "what was allowed before the cancel is allowed after it"
        new = self.core.state.orders[order.replaced_by]
        assert said.notional is not None
        assert new.quantity * (new.request.price or 0) <= said.notional
        self.seen["amended"] += 1
        self._accept(new)

    def _twice(self, command: c.PlaceOrder | c.ClosePosition | c.AmendOrder) -> tuple[Verdict | None, Ack]:
        """Ask, then do; both must agree. No verdict: it isn't risk that refused."""
        records = len(self.core.records)
        dry = self.core.command(msgspec.structs.replace(command, is_dry=True, command_id=self.core.new_id()))
        assert len(self.core.records) == records, "a question changes nothing"
        self.free_before = free(self.core.engine._turn(self.core.now), BTC)
        live = self.core.command(command)
        if dry.verdict is None:
            assert (dry.is_ok, dry.code) == (live.is_ok, live.code)
            return None, live
        if isinstance(command, c.ClosePosition) and live.verdict is None:
            return None, live  # it waits for others
        assert (dry.verdict.is_ok, dry.verdict.code) == (live.is_ok, live.code)
        assert dry.verdict == live.verdict
        self.seen["ok" if live.is_ok else live.code] += 1
        return dry.verdict, live

    # --- what must follow ---

    def _denied(self, said: Verdict) -> None:
        (event,) = [each for each in self.core.events if isinstance(each, OrderDenied)]
        assert (event.code, event.text) == (said.code, said.text)
        assert (event.limit, event.value) == (said.limit, said.value)

    def _sent(self, said: Verdict, order: Order) -> None:
        request = order.request
        limits = self.core.engine.settings.limits.for_instrument(BTC.id)
        if said.notional is None:  # an exit at the market past a stale book: nobody knows what it is worth
            assert request.order_type is OrderType.MARKET
            assert request.reduce_only
            return
        assert said.fee is not None
        if limits.max_order_size is not None:
            assert said.size_fraction == said.notional / limits.max_order_size
        base, quote = free(self.core.engine._turn(self.core.now), BTC)
        assert self.free_before[0] is not None and self.free_before[1] is not None
        if request.side is Side.BUY and request.price is not None:
            assert said.free_after == (quote or 0) - said.fee  # what it reserves, and the fee
            assert said.notional == request.quantity * request.price
        elif request.side is Side.SELL:
            assert base == self.free_before[0] - request.quantity
            assert said.free_after == self.free_before[1] + said.notional - said.fee
        self._accept(order)
        if self.random.random() < 0.5 and order.status is OrderStatus.ACCEPTED:
            self._fill(order, order.quantity, said.notional / order.quantity, fee=said.fee)
            assert self.core.position == said.position_after
            entry = self.core.state.position(BTC.id).entry
            if said.average_after is not None and self.core.position:
                assert entry is not None
                assert abs(entry - said.average_after) < EXACT
            else:
                assert not self.core.position

    # --- what happens besides ---

    def happen(self) -> None:
        act = self.random.randrange(11)
        if act == 0:
            self.middle = D(self.random.randint(9_000, 11_000)) / 100
            self.core.book(str(self.middle - D("0.05")), str(self.middle + D("0.05")))
        elif act == 1:
            self.core.command(c.Reduce(command_id=self.core.new_id(), by="test"))
        elif act in {2, 7, 8, 9}:
            self.core.command(c.Resume(command_id=self.core.new_id(), by="test"))
        elif act == 3:
            self.core.send(r.BookStale(BTC.id, "gap"))
        elif act in {4, 10}:
            self.core.book(str(self.middle - D("0.05")), str(self.middle + D("0.05")))
        elif act == 5:
            self._tell_balances()
        else:
            for client_order_id in list(self.core.state.open_orders)[:3]:
                order = self.core.state.orders[client_order_id]
                self.core.cancel(order)
                self.core.send(r.CancelSucceeded(client_order_id, self._report(order, "CANCELED")))

    def _tell_balances(self) -> None:
        """What the venue holds, with what the resting orders lock."""
        orders = [self.core.state.orders[i] for i in self.core.state.open_orders]
        locked_base = sum((o.leaves for o in orders if o.side is Side.SELL), D(0))
        locked_quote = sum((o.leaves * (o.request.price or 0) for o in orders if o.side is Side.BUY), D(0))
        pairs = (("BTC", self.base, locked_base), ("USDT", self.quote, locked_quote))
        told = tuple(r.Balance(Asset(name), max(D(0), all_ - locked), locked) for name, all_, locked in pairs)
        self.core.send(r.BalancesReported(VENUE, told, is_complete=True, venue_at=None))

    def _accept(self, order: Order) -> None:
        if order.status is not OrderStatus.CREATED:
            return
        self.number += 1
        self.core.send(r.SubmitWritten(order.client_order_id))
        told = report(order, venue_order_id=str(self.number))
        self.core.send(r.SubmitAccepted(order.client_order_id, told))
        self._tell_balances()

    def _fill(self, order: Order, quantity: Decimal, price: Decimal, *, fee: Decimal) -> None:
        self.number += 1
        self.base += quantity * order.side.sign
        self.quote -= quantity * price * order.side.sign + fee
        trade = r.Fill(
            instrument_id=BTC.id,
            trade_id=TradeId(str(self.number)),
            venue_order_id=order.venue_order_id or VenueOrderId("0"),
            side=order.side,
            price=price,
            quantity=quantity,
            fee=fee,
            fee_asset=Asset("USDT"),
            is_maker=True,
            venue_at=Nanos(self.core.now),
            client_order_id=order.client_order_id,
        )
        self.core.send(self._report(order, "FILLED", fill=trade))
        self._tell_balances()

    def _report(self, order: Order, status: str, fill: r.Fill | None = None) -> r.OrderReport:
        return report(order, status, fill=fill, venue_order_id=order.venue_order_id or "0")

    def _price(self) -> Decimal:
        tick = D("0.01") if self.random.random() < 0.95 else D("0.001")
        return (self.middle + D(self.random.randint(-400, 400)) / 100).quantize(tick)

    def _quantity(self) -> Decimal:
        return D(self.random.choice((1, 50, 500, 1_000, 2_500, 20_000))) / 1000

    def _request(self) -> OrderRequest:
        kind = self.random.choice((OrderType.LIMIT,) * 4 + (OrderType.MARKET, OrderType.STOP_LIMIT))
        is_market = kind is OrderType.MARKET
        return OrderRequest(
            instrument_id=BTC.id,
            side=self.random.choice((Side.BUY, Side.SELL)),
            quantity=self._quantity(),
            order_type=kind,
            price=None if is_market else self._price(),
            stop_price=self._price() if kind is OrderType.STOP_LIMIT else None,
            time_in_force=self.random.choice((TimeInForce.GTC,) * 5 + (TimeInForce.IOC,)),
            post_only=self.random.random() < 0.2,
            reduce_only=self.random.random() < 0.2,
        )


def run(seeds: range) -> Counter[str]:
    seen: Counter[str] = Counter()
    for seed in seeds:
        desk = Desk(seed)
        desk.run()
        seen += desk.seen
    return seen


@pytest.mark.parametrize("chunk", range(4))
def test_what_the_ticket_says_is_what_happens(chunk: int) -> None:
    seen = run(range(chunk * 4, chunk * 4 + 4))
    assert seen["ok"] > 40
    assert len(seen) > 8  # many kinds of denial


@pytest.mark.slow
def test_what_the_ticket_says_is_what_happens_ten_thousand_times() -> None:
    seen = run(range(1_000, 1_200))
    assert sum(seen.values()) >= 10_000
    assert seen["amended"] > 100
