"""An order book of public levels: a dict of price -> size and a sorted list of prices, a side.

Levels are floats as msgspec decodes them: the same decimal string always gives the same double, so prices are
exact keys. What becomes an order, a fill or a limit is made Decimal by the instrument's tick at the moment of
decision (Instrument.price_from_level), never here.
"""

from bisect import bisect_left, insort

from veloz_tui.domain.types import Side

Level = tuple[float, float]
"""(price, size)"""


class OrderBook:
    """Both sides of one instrument's public book. Sizes are absolute; size 0 removes the level."""

    __slots__ = ("_ask_prices", "_bid_prices", "asks", "bids", "update_id")

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self._bid_prices: list[float] = []  # ascending: the best bid is last
        self._ask_prices: list[float] = []  # ascending: the best ask is first
        self.update_id = 0

    def replace(self, *, bids: list[Level], asks: list[Level], update_id: int) -> None:
        """Forget everything and hold the snapshot."""
        self.bids = {price: size for price, size in bids if size > 0}
        self.asks = {price: size for price, size in asks if size > 0}
        self._bid_prices = sorted(self.bids)
        self._ask_prices = sorted(self.asks)
        self.update_id = update_id

    def apply(self, *, bids: list[Level], asks: list[Level], update_id: int) -> None:
        """Apply one numbered delta, whose continuity the caller has checked."""
        _apply_side(self.bids, self._bid_prices, bids)
        _apply_side(self.asks, self._ask_prices, asks)
        self.update_id = update_id

    @property
    def best_bid(self) -> Level | None:
        if not self._bid_prices:
            return None
        price = self._bid_prices[-1]
        return price, self.bids[price]

    @property
    def best_ask(self) -> Level | None:
        if not self._ask_prices:
            return None
        price = self._ask_prices[0]
        return price, self.asks[price]

    def reaches(self, side: Side, price: float) -> bool:
        """Whether a level at this price would be in the book: it isn't beyond the last one we hold."""
        prices = self._bid_prices if side is Side.BUY else self._ask_prices
        return bool(prices) and (price >= prices[0] if side is Side.BUY else price <= prices[-1])

    @property
    def is_crossed(self) -> bool:
        return bool(self._bid_prices and self._ask_prices) and self._bid_prices[-1] >= self._ask_prices[0]

    def bid_levels(self, depth: int) -> list[Level]:
        """Best first."""
        prices = self._bid_prices[: -depth - 1 : -1]
        return list(zip(prices, map(self.bids.__getitem__, prices), strict=True))

    def ask_levels(self, depth: int) -> list[Level]:
        """Best first."""
        prices = self._ask_prices[:depth]
        return list(zip(prices, map(self.asks.__getitem__, prices), strict=True))


def _apply_side(sizes: dict[float, float], prices: list[float], levels: list[Level]) -> None:
    for price, size in levels:
        if size:
            if price not in sizes:
                insort(prices, price)
            sizes[price] = size
        elif price in sizes:  # deleting a level we never saw is normal
            del sizes[price]
            del prices[bisect_left(prices, price)]
