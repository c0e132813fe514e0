"""One instrument, its books and orders, for the tests of strategies."""

from decimal import Decimal

from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.types import ClientOrderId, Nanos, Side, StrategyId
from veloz_tui.strategy.base import BookView
from veloz_tui.strategy.testing import BTC as BTC  # noqa: PLC0414 - theirs is ours, and told on

BTC_ID = BTC.id
MM = StrategyId("mm-1")


def book_view(bid: float = 100.0, ask: float = 100.02, *, at: int = 0) -> BookView:
    return BookView(BTC, bids=[(bid, 1.5)], asks=[(ask, 2.0)], at=Nanos(at), now=Nanos(at))


def order_book(bid: float = 100.0, ask: float = 100.02) -> OrderBook:
    book = OrderBook()
    book.replace(bids=[(bid, 1.5)], asks=[(ask, 2.0)], update_id=1)
    return book


def request(
    side: Side = Side.BUY, quantity: str = "1", price: str = "100", *, strategy_id: StrategyId = MM
) -> OrderRequest:
    return OrderRequest(
        instrument_id=BTC_ID,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        strategy_id=strategy_id,
    )


def working(name: str, side: Side = Side.BUY, quantity: str = "1", price: str = "100") -> Order:
    return Order(
        client_order_id=ClientOrderId(name),
        request=request(side, quantity, price),
        created_at=Nanos(0),
        created_seq=1,
    )
