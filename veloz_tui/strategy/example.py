"""What `veloz strategy new` writes: a strategy that can run as it stands, and its test.

`NAME` and `Class` stand for the names that were asked for.
"""

STRATEGY = '''"""NAME: bids a little below the market, and offers what it bought a little above."""

from decimal import Decimal

import msgspec

from veloz_tui.strategy.base import BookView, Context, FillUpdate, Side, Strategy


class Params(msgspec.Struct, frozen=True):
    """The settings: [strategies.NAME.params] in the settings file. Each has a type, most a default."""

    instrument: str = "BTCUSDT.BINANCE"
    distance_bps: Decimal = Decimal(2)
    """How far from the mid, in hundredths of a percent."""
    size: Decimal = Decimal("0.001")
    """In base units: BTC, for BTCUSDT."""
    max_position: Decimal = Decimal("0.003")

    def __post_init__(self) -> None:
        # Refused settings never start. Say what to do.
        if min(self.distance_bps, self.size, self.max_position) <= 0:
            raise ValueError("distance_bps, size and max_position must be above 0")


class Class(Strategy):
    """One post-only order on each side where it makes sense.

    Callbacks state what they want with `ctx` and return at once: no sleeping, no network. The engine checks
    every order against your limits. Keep state in `self`, but expect a restart to lose it: positions and
    working orders are known again in `on_start`.
    """

    def __init__(self, params: Params) -> None:
        self.params = params

    def on_start(self, ctx: Context) -> None:
        # Here the position and the orders of an earlier run are known: ctx.position, ctx.orders.
        ctx.doing("waiting for a book")

    def on_book(self, ctx: Context, book: BookView) -> None:
        p = self.params
        position = ctx.position(p.instrument)
        distance = book.mid * p.distance_bps / 10_000
        may_buy = position + p.size <= p.max_position
        # A fee may be taken off what was bought: offer whole lots only, and what the venue takes.
        instrument = ctx.instrument(p.instrument)
        held = instrument.round_quantity(position)
        may_sell = held >= p.size / 2 and held * book.mid >= instrument.min_notional
        # `quote` states the wanted prices; the engine rounds them and moves what differs.
        ctx.quote(
            p.instrument,
            bid=book.mid - distance if may_buy else None,
            ask=book.mid + distance if may_sell else None,
            size=min(p.size, held) if may_sell else p.size,
        )
        # Shown in the console's Strategies pane: what it does, or why nothing.
        sides = [name for name, is_wanted in (("bid", may_buy), ("ask", may_sell)) if is_wanted]
        ctx.doing(f"{' and '.join(sides) or 'nothing'}, holding {position:f} of {p.max_position:f}")

    def on_fill(self, ctx: Context, fill: FillUpdate) -> None:
        side = "bought" if fill.side is Side.BUY else "sold"
        ctx.log(f"{side} {fill.quantity:f} at {fill.price:f}, now {fill.position:f}")

    # Others, if you need them: on_trade (public trades), on_order (your orders' changes), on_timer (after
    # ctx.timer("name", after_s=5)), on_stop. Single orders: ctx.limit, ctx.market, ctx.cancel.
'''

TEST = '''"""Run it with: python -m pytest test_NAME.py"""

from decimal import Decimal

import pytest
from NAME import Class, Params

from veloz_tui.strategy.base import Side
from veloz_tui.strategy.testing import Desk


def started(params: Params | None = None) -> Desk:
    desk = Desk(Class(params or Params()))
    desk.start()
    return desk


def test_it_bids_below_the_market_and_offers_nothing_it_has_not() -> None:
    desk = started()
    desk.book(bid=63999.99, ask=64000.01)
    assert [order.price for order in desk.orders] == [Decimal("63987.20")]
    assert desk.doing == "bid, holding 0 of 0.003"


def test_what_it_bought_it_offers_above() -> None:
    desk = started()
    desk.book(bid=63999.99, ask=64000.01)
    desk.book(bid=63980.00, ask=63980.02)  # the market falls to the bid: it is filled
    assert desk.position == Decimal("0.001")
    assert desk.lines == ["bought 0.001 at 63987.20, now 0.001"]
    assert [order.side for order in desk.orders] == [Side.BUY, Side.SELL]


def test_it_never_holds_more_than_its_limit() -> None:
    desk = started(Params(max_position=Decimal("0.002")))
    for step in range(100):
        desk.book(bid=64000 - step * 50, ask=64000.02 - step * 50)
        assert desk.position <= Decimal("0.002")
    assert desk.denied == []


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Params(size=Decimal(0))
'''


def example_of(name: str) -> tuple[str, str]:
    """Return the strategy's text and its test's."""
    class_name = "".join(word.capitalize() for word in name.split("_"))
    strategy, test = (text.replace("NAME", name).replace("Class", class_name) for text in (STRATEGY, TEST))
    return strategy, test
