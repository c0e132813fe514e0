"""Views out of a seed: huge and tiny prices, long quantities, unknown values, many orders and positions."""

from decimal import Decimal
from random import Random

import msgspec

from tests.tui import factories as f
from veloz_tui.domain.types import (
    EXTERNAL,
    MANUAL,
    SECOND,
    Asset,
    InstrumentId,
    Nanos,
    OrderType,
    Side,
    StrategyId,
)
from veloz_tui.domain.views import (
    AccountView,
    AssetView,
    FillView,
    InstrumentView,
    LadderView,
    LevelView,
    LogEntry,
    OrderView,
    PositionView,
    StrategyView,
    TradeView,
    VenueView,
    View,
)

_ASSETS = ("BTC", "ETH", "SOL", "PEPE", "1000SATS", "XAUT", "W", "MATIC")
D = Decimal


class Scale:
    """One instrument's grid and where its price is."""

    def __init__(self, random: Random, asset: str) -> None:
        self.random = random
        self.instrument_id = InstrumentId(f"{asset}USDT.BINANCE")
        self.asset = asset
        power = random.choice((-8, -5, -2, -1, 0, 1))
        self.tick = D(1).scaleb(power)
        self.lot = D(1).scaleb(random.choice((-8, -5, -3, 0)))
        self.price = random.randint(50, 10 ** random.randint(2, 9)) * self.tick

    def near(self) -> Decimal:
        """A price around the market."""
        return max(self.tick, self.price + self.random.randint(-40, 40) * self.tick)

    def size(self) -> Decimal:
        """A quantity on the lot grid, of any length."""
        return self.random.randint(1, 10 ** self.random.randint(1, 10)) * self.lot


def money(random: Random) -> Decimal:
    """Any amount, gains and losses, cents and billions."""
    value = D(random.randint(-(10 ** random.randint(1, 12)), 10 ** random.randint(1, 12))) / 100
    return value + D(random.randint(0, 999)) / 10**5


def maybe(random: Random, value: Decimal) -> Decimal | None:
    """The value, or unknown."""
    return None if random.random() < 0.15 else value


def random_view(seed: int) -> View:
    """The same seed, the same View."""
    random = Random(seed)
    scales = [Scale(random, asset) for asset in random.sample(_ASSETS, random.randint(1, len(_ASSETS)))]
    orders = tuple(_order(random, random.choice(scales), at) for at in range(random.choice((0, 3, 30, 200))))
    positions = tuple(_position(random, each) for each in scales)[: random.choice((0, 1, 20))]
    return f.view(
        status=f.status(
            orders_open=len(orders),
            orders_cap=random.choice((None, 200, 100_000)),
            orders_in_doubt=sum(order.in_doubt_since is not None for order in orders),
            alerts_unacknowledged=random.choice((0, 2, 180)),
        ),
        venues=(_venue(random),),
        instruments=tuple(_instrument(random, each) for each in scales),
        books=(_ladder(random, scales[0]),),
        orders=orders,
        positions=positions,
        account=_account(random, scales),
        strategies=tuple(_strategy(random, random.choice(scales), at) for at in range(random.choice((1, 4)))),
    )


def _venue(random: Random) -> VenueView:
    return f.venue(
        market_age_ms=random.choice((None, 0, 12, 999, 15_300, 700_000)),
        round_trip_ms=random.choice((None, 0.4, 48.0, 999.7, 2_340.0)),
        rate_used=random.choice((None, 0.0, 0.345, 1.0)),
        protection=random.choice(("", "guardian only")),
    )


def _instrument(random: Random, scale: Scale) -> InstrumentView:
    return f.instrument(
        scale.instrument_id,
        display=f"{scale.asset}-USDT.BIN",
        base=Asset(scale.asset),
        tick_size=scale.tick,
        lot_size=scale.lot,
        bid=maybe(random, scale.price),
        ask=maybe(random, scale.price + scale.tick),
        last=maybe(random, scale.near()),
        change_fraction=maybe(random, D(random.randint(-(10**6), 10**7)) / 10**6),
        position=random.choice((D(0), scale.size(), -scale.size())),
        age_ms=random.choice((None, 0, 8_000, 90_000, 10**9)),
        turnover=maybe(random, abs(money(random))),
    )


def _ladder(random: Random, scale: Scale) -> LadderView:
    bids, asks = (
        tuple(LevelView(price, scale.size(), D(0)) for at in range(30) if (price := start + at * step) > 0)
        for start, step in ((scale.price, -scale.tick), (scale.price + scale.tick, scale.tick))
    )
    trades = tuple(
        TradeView(Nanos(f.NOON - at * SECOND), scale.near(), scale.size(), random.choice(list(Side)))
        for at in range(random.choice((0, 5, 60)))
    )
    return f.ladder(
        instrument_id=scale.instrument_id, bids=bids, asks=asks, last_price=scale.near(), trades=trades
    )


def _order(random: Random, scale: Scale, number: int) -> OrderView:
    quantity = scale.size()
    filled = random.choice((D(0), quantity // 3 // scale.lot * scale.lot))
    is_stop = random.random() < 0.1
    return f.order(
        number,
        instrument_id=scale.instrument_id,
        side=random.choice(list(Side)),
        order_type=OrderType.STOP_LIMIT if is_stop else OrderType.LIMIT,
        stop_price=scale.near() if is_stop else None,
        price=scale.near(),
        quantity=quantity,
        filled=filled,
        leaves=quantity - filled,
        created_at=Nanos(f.NOON - random.randint(0, 10 ** random.randint(1, 7)) * SECOND),
        strategy_id=random.choice((MANUAL, EXTERNAL, StrategyId("mm-1"), StrategyId("a-very-long-strategy"))),
        in_doubt_since=random.choice((None, None, None, Nanos(f.NOON - 12 * SECOND))),
        ahead=maybe(random, scale.size()),
    )


def _position(random: Random, scale: Scale) -> PositionView:
    return f.position(
        instrument_id=scale.instrument_id,
        quantity=random.choice((1, -1)) * scale.size(),
        entry=maybe(random, scale.price + D(random.randint(-999, 999)) * scale.tick / 1000),
        break_even=maybe(random, scale.price * D("1.002")),
        mark=maybe(random, scale.near()),
        unrealized=maybe(random, money(random)),
        realized_today=money(random),
        limit_fraction=maybe(random, D(random.randint(0, 3000)) / 1000),
        has_stop=random.random() < 0.5,
    )


def _account(random: Random, scales: list[Scale]) -> AccountView:
    assets = tuple(
        AssetView(
            f.BINANCE,
            Asset(scale.asset),
            total - locked,
            locked,
            total,
            maybe(random, abs(money(random))),
            maybe(random, D(random.randint(0, 1000)) / 1000),
        )
        for scale in scales
        if (total := scale.size()) and (locked := random.choice((D(0), scale.lot))) is not None
    )
    return f.account(
        equity=maybe(random, abs(money(random))),
        free=maybe(random, abs(money(random))),
        day_pnl=maybe(random, money(random)),
        day_realized=maybe(random, money(random)),
        day_unrealized=maybe(random, money(random)),
        day_fees=maybe(random, abs(money(random))),
        drawdown_fraction=maybe(random, D(random.randint(0, 1000)) / 1000),
        assets=assets,
        day_turnover=maybe(random, abs(money(random))),
        gross=maybe(random, abs(money(random))),
        gross_fraction=maybe(random, D(random.randint(0, 5000)) / 1000),
    )


def _strategy(random: Random, scale: Scale, number: int) -> StrategyView:
    return f.strategy(
        f"mm-{number}",
        doing=f"quoting {scale.near():,f} / {scale.near():,f}, inventory {scale.size():,f}",
        position=maybe(random, random.choice((D(0), scale.size(), -scale.size()))),
        day_pnl=maybe(random, money(random)),
        open_orders=random.choice((0, 2, 200)),
        callback_p99_us=random.choice((None, 18.4, 123_456.7)),
        restarts=random.choice((0, 12)),
        instrument_id=scale.instrument_id,
    )


def random_fills(seed: int, view: View) -> tuple[LogEntry, ...]:
    """Own fills on the instruments of a View."""
    random = Random(seed)
    return tuple(_own(random, random.choice(view.instruments), at) for at in range(random.choice((0, 3, 80))))


def _own(random: Random, instrument: InstrumentView, number: int) -> LogEntry:
    fill = FillView(
        random.choice(list(Side)),
        random.randint(1, 10**9) * instrument.tick_size,
        random.randint(1, 10**10) * instrument.lot_size,
        D(random.randint(0, 10**8)) / 10**8,
        Asset("BNB"),
        is_maker=random.random() < 0.5,
    )
    entry = LogEntry(1000 + number, f.NOON, "fill", "FILL", instrument_id=instrument.instrument_id, fill=fill)
    return msgspec.structs.replace(entry, strategy_id="mm-1")
