"""The generated market: deterministic, never crossed, never dry, plausible for days."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import count

import pytest

from veloz_tui.sim.market import GeneratedMarket
from veloz_tui.sim.match_messages import Match, NewOrder
from veloz_tui.sim.matching import Book
from veloz_tui.sim.settings import DEFAULT_INSTRUMENTS, InstrumentSettings

TRADER = 7


def market(settings: InstrumentSettings, seed: int = 1, levels: int = 200) -> tuple[Book, GeneratedMarket]:
    ids = count(-1, -1)
    book = Book(lot_size=settings.lot_size)
    made = GeneratedMarket(settings, book, rng=random.Random(seed), take_id=lambda: next(ids), levels=levels)
    made.populate()
    return book, made


@pytest.mark.parametrize("settings", DEFAULT_INSTRUMENTS, ids=lambda one: one.symbol)
def test_the_book_is_deep_and_never_crosses(settings: InstrumentSettings) -> None:
    book, made = market(settings)
    for _ in range(400):
        made.step(made.delay_s())
        bid, ask = book.best("BUY"), book.best("SELL")
        assert bid is not None
        assert ask is not None
        assert bid[0] < ask[0] < bid[0] * Decimal("1.01")
        assert min(len(book.bids.prices), len(book.asks.prices)) > 150
        assert bid[0] % settings.tick_size == 0
        assert bid[1] % settings.lot_size == 0


def test_the_same_seed_makes_the_same_market() -> None:
    runs = []
    for seed in (5, 5, 6):
        book, made = market(DEFAULT_INSTRUMENTS[0], seed, levels=50)
        for _ in range(100):
            made.step(0.05)
        runs.append((book.update_id, book.depth("BUY", 50), book.depth("SELL", 50)))
    assert runs[0] == runs[1] != runs[2]


def test_it_trades_at_a_realistic_pace() -> None:
    _, made = market(DEFAULT_INSTRUMENTS[0])
    elapsed, trades = 0.0, 0
    for _ in range(600):
        delay = made.delay_s()
        elapsed += delay
        trades += sum(isinstance(event, Match) for event in made.step(delay))
    assert 8 < 600 / elapsed < 60
    assert 1 < trades / elapsed < 100


def test_the_price_stays_plausible_for_a_month() -> None:
    settings = DEFAULT_INSTRUMENTS[1]
    _, made = market(settings, levels=20)
    prices = []
    for _ in range(30 * 86_400 // 60):
        made.drift(60.0)
        prices.append(made.fair)
    start = float(settings.price)
    assert 0.75 * start < min(prices) < 0.99 * start
    assert 1.01 * start < max(prices) < 1.25 * start


def test_a_traders_order_is_filled_when_the_price_passes_it() -> None:
    book, made = market(DEFAULT_INSTRUMENTS[0])
    price = Decimal(64100)
    book.submit(NewOrder(order_id=1, owner=TRADER, side="BUY", price=price, quantity=Decimal("0.5")))
    made.jump(-0.01)
    events = [event for _ in range(200) for event in made.step(0.05)]
    mine = [event for event in events if isinstance(event, Match) and event.maker_owner == TRADER]
    assert sum(event.quantity for event in mine) == Decimal("0.5")
    assert {event.price for event in mine} == {price}
    assert 1 not in book.orders


def test_an_emptied_side_comes_back() -> None:
    book, made = market(DEFAULT_INSTRUMENTS[0])
    book.submit(NewOrder(order_id=1, owner=TRADER, side="BUY", type="MARKET", quantity=Decimal(100_000)))
    assert book.best("SELL") is None
    made.refill_if_thin()
    assert len(book.asks.prices) >= 20
    bid, ask = book.best("BUY"), book.best("SELL")
    assert bid is not None
    assert ask is not None
    assert bid[0] < ask[0]


def test_a_huge_order_that_eats_every_offer_does_not_stop_the_market() -> None:
    book, made = market(DEFAULT_INSTRUMENTS[0], levels=30)
    price = Decimal(90_000)
    book.submit(NewOrder(order_id=1, owner=TRADER, side="BUY", price=price, quantity=Decimal(10_000)))
    for _ in range(50):
        made.step(0.05)
    assert book.best("BUY") is not None
