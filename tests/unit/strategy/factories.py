"""One instrument, its books and orders, for the tests of strategies."""

from decimal import Decimal

from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.types import Asset, ClientOrderId, InstrumentId, Nanos, Side, StrategyId, VenueId
from veloz_tui.strategy.base import BookView

BTC_ID = InstrumentId("BTCUSDT.BINANCE")
BTC = Instrument(
    id=BTC_ID,
    venue=VenueId("BINANCE"),
    symbol="BTCUSDT",
    base=Asset("BTC"),
    quote=Asset("USDT"),
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    min_notional=Decimal(5),
)
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
