"""Books what the matching returned: orders move, balances move, reports are written.

Every amount has a counterpart: `house` is what the generated participants gained, `fees` what the venue took,
so over all accounts, house and fees each asset's sum only changes by deposits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal

from veloz_tui.sim.accounts import BNB_DISCOUNT, Account
from veloz_tui.sim.clock import VenueClock
from veloz_tui.sim.ids import IdSource
from veloz_tui.sim.instruments import Instrument
from veloz_tui.sim.match_messages import BACKGROUND, Expired, Match, MatchEvent, Prevented, Rested, Triggered
from veloz_tui.sim.numbers import SMALLEST, ZERO, text, truncate
from veloz_tui.sim.order_table import OrderTable
from veloz_tui.sim.orders import Order, Report, Trade, execution_report
from veloz_tui.sim.ratelimit import OrderLimiter
from veloz_tui.sim.store import Batch, touched_balances
from veloz_tui.sim.tape import PublicTrade

Emit = Callable[[int, dict[str, object]], None]
PriceOf = Callable[[str], Decimal | None]


class Booking:
    """The one writer of orders and balances. `emit(uid, event)` receives the user data events in order."""

    def __init__(
        self, *, ids: IdSource, clock: VenueClock, emit: Emit, price_of: PriceOf, table: OrderTable
    ) -> None:
        self.accounts: dict[int, Account] = {}
        self.limiters: dict[int, OrderLimiter] = {}
        self.house: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.fees: defaultdict[str, Decimal] = defaultdict(Decimal)
        self._table = table
        self._ids = ids
        self._clock = clock
        self._emit = emit
        self._price_of = price_of
        self._batch = Batch()

    def take_batch(self) -> Batch:
        """What has changed since the last call, to be stored."""
        batch, self._batch = self._batch, Batch()
        batch.balances = touched_balances(self.accounts.values())
        return batch

    def open(self, order: Order, *, asset: str, amount: Decimal) -> None:
        """Take over a new order and lock what it may spend."""
        order.locked = amount
        self.accounts[order.uid].lock(asset, amount)

    def announce(self, order: Order, instrument: Instrument) -> None:
        """The order is accepted."""
        self._table.add(order)
        self._mark(order)
        self.report(order, instrument, "NEW")

    def apply(
        self, instrument: Instrument, events: list[MatchEvent]
    ) -> tuple[list[PublicTrade], list[Trade]]:
        """Book the events of one matching step; returns the public trades and the accounts' fills."""
        public: list[PublicTrade] = []
        fills: list[Trade] = []
        ending = {event.order_id for event in events if isinstance(event, Expired)}
        now = self._clock.ms()
        for event in events:
            match event:
                case Match():
                    trade_id = self._ids.next(f"trade:{instrument.symbol}")
                    buyer_is_maker = event.taker_side == "SELL"
                    public.append(
                        PublicTrade(
                            trade_id, event.taker_id, event.price, event.quantity, now, buyer_is_maker
                        )
                    )
                    fills += self._match(instrument, event, trade_id, ending)
                case Prevented():
                    self._prevented(instrument, event)
                case Expired(order_id=order_id, reason=reason):
                    self._expired(instrument, order_id, reason)
                case Triggered(order_id=order_id):
                    self._triggered(instrument, order_id)
                case Rested():
                    pass
        return public, fills

    def close(self, order: Order, instrument: Instrument, status: str) -> None:
        """End an order and give back what it still held."""
        order.status = status
        order.updated_at = self._clock.ms()
        if order.locked:
            self.accounts[order.uid].unlock(locked_asset(order, instrument), order.locked)
            order.locked = ZERO
        self._table.close(order)
        self._mark(order)

    def canceled(self, order: Order, instrument: Instrument, cancel_id: str) -> None:
        self.close(order, instrument, "CANCELED")
        self.report(order, instrument, "CANCELED", cancel_id=cancel_id, original_id=order.client_order_id)

    def amended(self, order: Order, instrument: Instrument, *, quantity: Decimal, client_id: str) -> None:
        """Lower an order's quantity."""
        released = (order.quantity - quantity) * (order.price if order.side == "BUY" else 1)
        original = order.client_order_id
        order.quantity = quantity
        order.locked -= released
        order.amends += 1
        order.updated_at = self._clock.ms()
        self.accounts[order.uid].unlock(locked_asset(order, instrument), released)
        self._table.rename(order, client_id)
        self._mark(order)
        self.report(order, instrument, "REPLACED", original_id=original)

    def report(
        self,
        order: Order,
        instrument: Instrument,
        execution: str,
        *,
        fill: Trade | None = None,
        cancel_id: str = "",
        original_id: str = "",
        prevented: tuple[Decimal, int, Decimal] | None = None,
    ) -> None:
        """Emit the execution report and the balances it leaves."""
        report = Report(
            execution=execution,
            execution_id=self._ids.next("execution"),
            now=self._clock.ms(),
            fill=fill,
            cancel_id=cancel_id,
            original_id=original_id,
            prevented=prevented,
        )
        self._emit(order.uid, execution_report(order, report))
        assets = [instrument.base, instrument.quote]
        if fill is not None and fill.commission_asset not in assets:
            assets.append(fill.commission_asset)
        self._emit(order.uid, self.position_event(order.uid, assets))

    def position_event(self, uid: int, assets: list[str]) -> dict[str, object]:
        account = self.accounts[uid]
        now = account.updated_at = self._clock.ms()
        balances = [(asset, account.balance(asset)) for asset in assets]
        rows = [
            {"a": asset, "f": text(balance.free), "l": text(balance.locked)} for asset, balance in balances
        ]
        return {"e": "outboundAccountPosition", "E": now, "u": now, "B": rows}

    def _match(self, instrument: Instrument, match: Match, trade_id: int, ending: set[int]) -> list[Trade]:
        parties = ((match.taker_id, match.taker_owner, False), (match.maker_id, match.maker_owner, True))
        fills = []
        for order_id, owner, is_maker in parties:
            if owner == BACKGROUND:
                continue
            order = self._order(instrument, order_id)
            fill = self._settle(instrument, order, match, trade_id=trade_id, is_maker=is_maker)
            done = order.leaves == ZERO and order_id not in ending
            if done:
                self.close(order, instrument, "FILLED")
            else:
                order.status = "PARTIALLY_FILLED"
            self._mark(order)
            self.report(order, instrument, "TRADE", fill=fill)
            fills.append(fill)
        if len(fills) == 1:
            sign = -1 if fills[0].is_buyer else 1
            self.house[instrument.base] += sign * match.quantity
            self.house[instrument.quote] -= sign * match.quantity * match.price
        return fills

    def _settle(
        self, instrument: Instrument, order: Order, match: Match, *, trade_id: int, is_maker: bool
    ) -> Trade:
        account = self.accounts[order.uid]
        cost = match.price * match.quantity
        if order.side == "BUY":
            held = order.price * match.quantity if order.price and not order.is_stop else cost
            paid, received = (instrument.quote, cost), (instrument.base, match.quantity)
        else:
            held = match.quantity
            paid, received = (instrument.base, match.quantity), (instrument.quote, cost)
        held = min(held, order.locked)
        order.locked -= held
        account.unlock(paid[0], held)
        account.debit(*paid)
        account.credit(*received)
        rate = account.profile.maker_rate if is_maker else account.profile.taker_rate
        asset, commission = self._charge(account, received, rate)
        if not order.filled:
            limiter = self.limiters[order.uid]
            limiter.first_fill(placed_at=order.created_at, now=self._clock.ms())
        order.filled += match.quantity
        order.quote_filled += cost
        order.updated_at = self._clock.ms()
        fill = Trade(
            symbol=order.symbol,
            trade_id=trade_id,
            order_id=order.order_id,
            uid=order.uid,
            price=match.price,
            quantity=match.quantity,
            commission=commission,
            commission_asset=asset,
            time=order.updated_at,
            is_buyer=order.side == "BUY",
            is_maker=is_maker,
        )
        self._batch.trades.append(fill)
        self._table.add_fill(fill)
        return fill

    def _charge(self, account: Account, received: tuple[str, Decimal], rate: Decimal) -> tuple[str, Decimal]:
        asset, amount = received
        commission = truncate(amount * rate)
        if account.profile.pays_fees_in_bnb and asset != "BNB":
            in_bnb = self._in_bnb(asset, amount * rate * BNB_DISCOUNT)
            if in_bnb is not None and account.free("BNB") >= in_bnb:
                asset, commission = "BNB", in_bnb
        account.debit(asset, commission)
        self.fees[asset] += commission
        return asset, commission

    def _in_bnb(self, asset: str, amount: Decimal) -> Decimal | None:
        # Through USDT, as far as the venue trades the pairs.
        bnb = self._price_of("BNBUSDT")
        price = Decimal(1) if asset == "USDT" else self._price_of(f"{asset}USDT")
        if bnb is None or price is None:
            return None
        return max(SMALLEST, truncate(amount * price / bnb))

    def _prevented(self, instrument: Instrument, event: Prevented) -> None:
        match_id = self._ids.next(f"prevented:{instrument.symbol}")
        for order_id, counter_id, quantity in (
            (event.maker_id, event.taker_id, event.maker_quantity),
            (event.taker_id, event.maker_id, event.taker_quantity),
        ):
            if not quantity:
                continue
            order = self._order(instrument, order_id)
            order.prevented += quantity
            order.prevented_match_id = match_id
            if order.leaves:
                self._release(order, instrument, quantity)
            else:
                self.close(order, instrument, "EXPIRED_IN_MATCH")
            self._mark(order)
            detail = (quantity, counter_id, event.price)
            self.report(order, instrument, "TRADE_PREVENTION", prevented=detail)

    def _release(self, order: Order, instrument: Instrument, quantity: Decimal) -> None:
        amount = min(order.locked, quantity * (order.price if order.side == "BUY" else 1))
        order.locked -= amount
        self.accounts[order.uid].unlock(locked_asset(order, instrument), amount)

    def _expired(self, instrument: Instrument, order_id: int, reason: str) -> None:
        order = self._table.get(instrument.symbol, order_id)
        if order is None or order.status == "EXPIRED_IN_MATCH":
            return
        order.expiry_reason = reason
        self.close(order, instrument, "EXPIRED" if reason else "EXPIRED_IN_MATCH")
        self.report(order, instrument, "EXPIRED")

    def _triggered(self, instrument: Instrument, order_id: int) -> None:
        order = self._order(instrument, order_id)
        order.working_at = order.updated_at = self._clock.ms()
        self._mark(order)
        self.report(order, instrument, "NEW")

    def _order(self, instrument: Instrument, order_id: int) -> Order:
        order = self._table.get(instrument.symbol, order_id)
        assert order is not None
        return order

    def _mark(self, order: Order) -> None:
        self._batch.orders[order.symbol, order.order_id] = order


def locked_asset(order: Order, instrument: Instrument) -> str:
    return instrument.quote if order.side == "BUY" else instrument.base
