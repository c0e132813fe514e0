"""The truth: the simulated venue's own objects, read beside every wire."""

from __future__ import annotations

from decimal import Decimal

from tests.clients import terms
from veloz_tui.sim.accounts import Account
from veloz_tui.sim.orders import Order, Trade
from veloz_tui.sim.server import RunningSim

_STATUS = {
    "NEW": "OPEN",
    "PARTIALLY_FILLED": "OPEN",
    "FILLED": "FILLED",
    "CANCELED": "CANCELED",
    "EXPIRED": "EXPIRED",
    "EXPIRED_IN_MATCH": "EXPIRED",
}
_TYPE = {"LIMIT": "LIMIT", "LIMIT_MAKER": "LIMIT", "MARKET": "MARKET", "STOP_LOSS_LIMIT": "STOP_LIMIT"}


class Ledger:
    """One account's view of the venue's memory."""

    def __init__(self, sim: RunningSim, account: str) -> None:
        self._exchange = sim.venue.exchange
        found = self._exchange.account_named(account)
        assert found is not None
        self._account: Account = found

    def rules(self, symbol: str) -> terms.Rules:
        instrument = self._exchange.listing(symbol).instrument
        return terms.Rules(
            tick_size=instrument.tick_size,
            lot_size=instrument.lot_size,
            min_notional=instrument.min_notional,
            min_quantity=instrument.lot_size,
            max_quantity=instrument.max_quantity,
            min_price=instrument.min_price,
            max_price=instrument.max_price,
            is_trading=instrument.status == "TRADING",
        )

    def book(self, symbol: str, *, levels: int) -> terms.Book:
        book = self._exchange.listing(symbol).book
        bids, asks = _floats(book.depth("BUY", levels)), _floats(book.depth("SELL", levels))
        return terms.Book(book.update_id, bids, asks)

    def ticker(self, symbol: str) -> terms.Ticker:
        book = self._exchange.listing(symbol).book
        bid, ask = book.best("BUY"), book.best("SELL")
        assert bid is not None
        assert ask is not None
        last = self._exchange.last_price(symbol)
        return terms.Ticker(bid=bid[0], bid_quantity=bid[1], ask=ask[0], ask_quantity=ask[1], last=last)

    def prints(self, symbol: str) -> dict[str, terms.Print]:
        """Every trade of the tape, by id."""
        return {
            str(one.trade_id): terms.Print(
                str(one.trade_id), one.price, one.quantity, "SELL" if one.buyer_is_maker else "BUY"
            )
            for one in self._exchange.listing(symbol).tape.trades
        }

    def aggregates(self, symbol: str) -> dict[str, terms.Print]:
        """Every aggregated trade of the tape, by id."""
        return {
            str(one.aggregate_id): terms.Print(
                str(one.aggregate_id), one.price, one.quantity, "SELL" if one.buyer_is_maker else "BUY"
            )
            for one in self._exchange.listing(symbol).tape.aggregated
        }

    def candles(self, symbol: str, *, newest: int) -> list[terms.Candle]:
        """Minutes, oldest first."""
        found = self._exchange.listing(symbol).tape.candles("1m")[-newest:]
        return [(one.open_time, one.open, one.high, one.low, one.close, one.volume) for one in found]

    def balances(self) -> terms.Balances:
        found = self._account.balances.items()
        return {asset: (one.free, one.locked) for asset, one in found if one.total}

    def order(self, symbol: str, client_id: str) -> terms.Order:
        """The latest order of that id; it must exist."""
        found = self._exchange.table.by_client_id(self._account.uid, symbol, client_id)
        assert found is not None, client_id
        return _order(found)

    def open_orders(self, symbol: str) -> dict[str, terms.Order]:
        found = self._exchange.table.open_orders(self._account.uid, symbol)
        return {one.client_order_id: _order(one) for one in found}

    def fills(self, symbol: str) -> list[terms.Fill]:
        """By trade id."""
        found = self._exchange.table.fills(self._account.uid, symbol)
        return sorted((_fill(one) for one in found), key=lambda fill: int(fill.trade_id))


def _order(order: Order) -> terms.Order:
    return terms.Order(
        client_id=order.client_order_id,
        venue_id=str(order.order_id),
        symbol=order.symbol,
        side=order.side,
        type=_TYPE[order.type],
        post_only=order.type == "LIMIT_MAKER",
        time_in_force=order.time_in_force,
        status=_STATUS[order.status],
        quantity=order.quantity,
        filled=order.filled,
        price=_positive(order.price),
        stop_price=_positive(order.stop_price),
        cost=order.quote_filled,
    )


def _floats(levels: list[tuple[Decimal, Decimal]]) -> list[terms.Level]:
    return [(float(price), float(total)) for price, total in levels]


def _positive(price: Decimal) -> Decimal | None:
    return price or None


def _fill(trade: Trade) -> terms.Fill:
    return terms.Fill(
        trade_id=str(trade.trade_id),
        venue_id=str(trade.order_id),
        side="BUY" if trade.is_buyer else "SELL",
        price=trade.price,
        quantity=trade.quantity,
        fee=trade.commission,
        fee_asset=trade.commission_asset,
        is_maker=trade.is_maker,
    )
