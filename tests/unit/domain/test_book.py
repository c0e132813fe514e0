"""The book against a plain dict."""

from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.domain.book import Level, OrderBook

PRICES = st.integers(1, 60).map(lambda number: number / 100)
SIZES = st.one_of(st.just(0.0), st.integers(1, 9).map(float))
LEVELS = st.lists(st.tuples(PRICES, SIZES), max_size=12)
STEPS = st.lists(st.tuples(st.booleans(), LEVELS, LEVELS), max_size=25)


class Model:
    def __init__(self) -> None:
        self.sides: dict[str, dict[float, float]] = {"bids": {}, "asks": {}}

    def take(self, side: str, levels: list[Level], *, anew: bool) -> None:
        if anew:
            self.sides[side] = {}
        for price, size in levels:
            self.sides[side].pop(price, None)
            if size:
                self.sides[side][price] = size

    def best_first(self, side: str) -> list[Level]:
        return sorted(self.sides[side].items(), reverse=side == "bids")


@given(STEPS)
def test_it_equals_a_dict(steps: list[tuple[bool, list[Level], list[Level]]]) -> None:
    book, model = OrderBook(), Model()
    for update_id, (anew, told_bids, told_asks) in enumerate(steps, start=1):
        # A snapshot names a price once.
        bids = list(dict(told_bids).items()) if anew else told_bids
        asks = list(dict(told_asks).items()) if anew else told_asks
        (book.replace if anew else book.apply)(bids=bids, asks=asks, update_id=update_id)
        model.take("bids", bids, anew=anew)
        model.take("asks", asks, anew=anew)
        bid_levels, ask_levels = model.best_first("bids"), model.best_first("asks")
        assert book.bid_levels(1_000) == bid_levels
        assert book.ask_levels(1_000) == ask_levels
        assert book.bid_levels(3) == bid_levels[:3]
        assert book.ask_levels(3) == ask_levels[:3]
        assert book.best_bid == (bid_levels[0] if bid_levels else None)
        assert book.best_ask == (ask_levels[0] if ask_levels else None)
        crossed = bool(bid_levels and ask_levels) and bid_levels[0][0] >= ask_levels[0][0]
        assert book.is_crossed is crossed
        assert book.update_id == update_id


def test_nothing_is_shared_with_the_snapshot_it_came_from() -> None:
    bids = [(1.0, 2.0)]
    book = OrderBook()
    book.replace(bids=bids, asks=[], update_id=1)
    book.apply(bids=[(1.0, 0.0)], asks=[], update_id=2)
    assert bids == [(1.0, 2.0)]
    assert book.best_bid is None


def test_no_levels_of_no_depth() -> None:
    book = OrderBook()
    book.replace(bids=[(1.0, 2.0)], asks=[(2.0, 2.0)], update_id=1)
    assert book.ask_levels(0) == []
    assert book.bid_levels(0) == []
