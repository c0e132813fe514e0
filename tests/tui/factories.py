"""Views for console tests: one busy demo account, changed by keyword where a test needs it."""

from decimal import Decimal
from typing import Any

import msgspec

from veloz_tui.domain.queries import WireEntry
from veloz_tui.domain.types import (
    EXTERNAL,
    MANUAL,
    SECOND,
    Asset,
    BreakerState,
    ChannelState,
    ClientOrderId,
    InstrumentId,
    Mode,
    Nanos,
    OrderStatus,
    OrderType,
    Severity,
    Side,
    StrategyId,
    StrategyState,
    TimeInForce,
    TradingState,
    VenueId,
)
from veloz_tui.domain.views import (
    AccountView,
    AlertView,
    AssetView,
    FillView,
    InstrumentView,
    KillView,
    LadderView,
    LevelView,
    OrderView,
    PositionView,
    StatusView,
    StrategyView,
    TradeView,
    VenueEquityView,
    VenueView,
    View,
)

BINANCE = VenueId("BINANCE")
BTC = InstrumentId("BTCUSDT.BINANCE")
ETH = InstrumentId("ETHUSDT.BINANCE")
NOON = Nanos(1_795_348_801 * SECOND)  # 2026-11-22T12:00:01Z
D = Decimal


def order(number: int, **changes: Any) -> OrderView:
    """A manual post-only bid of 0.05 BTC, open since 4 s."""
    base = OrderView(
        client_order_id=ClientOrderId(f"vz00{number:012d}"),
        short_id=f"{number:04d}",
        instrument_id=BTC,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        post_only=True,
        reduce_only=False,
        price=D("64123.40"),
        stop_price=None,
        quantity=D("0.05"),
        filled=D(0),
        leaves=D("0.05"),
        average_price=None,
        status=OrderStatus.ACCEPTED,
        created_at=Nanos(NOON - 4 * SECOND),
        strategy_id=MANUAL,
    )
    return msgspec.structs.replace(base, **changes)


def orders() -> tuple[OrderView, ...]:
    """In doubt, stop, mine, a strategy's two, external, another instrument's."""
    return (
        order(3, ahead=D("3.1")),
        order(
            1,
            price=D("64120.00"),
            post_only=False,
            created_at=Nanos(NOON - 13 * SECOND),
            in_doubt_since=Nanos(NOON - 12 * SECOND),
            status=OrderStatus.SUBMITTED,
        ),
        order(
            2,
            side=Side.SELL,
            order_type=OrderType.STOP_LIMIT,
            post_only=False,
            price=D("63700.00"),
            stop_price=D("63800.00"),
            quantity=D("0.45"),
            leaves=D("0.45"),
            created_at=Nanos(NOON - 7200 * SECOND),
        ),
        order(
            4,
            side=Side.SELL,
            price=D("64124.20"),
            quantity=D("0.75"),
            filled=D("0.25"),
            leaves=D("0.50"),
            strategy_id=StrategyId("mm-1"),
            created_at=Nanos(NOON - 41 * SECOND),
        ),
        order(5, price=D("64123.20"), strategy_id=StrategyId("mm-1"), created_at=Nanos(NOON - 40 * SECOND)),
        order(6, price=D("64000.00"), strategy_id=EXTERNAL, is_external=True, post_only=False),
        order(7, instrument_id=ETH, price=D("3400.10"), quantity=D("1.5"), leaves=D("1.5")),
    )


def levels(
    best: str, step: str, count: int = 30, mine: dict[str, str] | None = None
) -> tuple[LevelView, ...]:
    """Levels from the best on, sizes from a fixed pattern."""
    found = []
    for at in range(count):
        price = D(best) + at * D(step)
        own = (mine or {}).get(str(price))
        size = D(str((at * 37 + 11) % 83)) / 10 + D("0.0079")
        found.append(LevelView(price, size, D(own or 0), 1 if own else 0, D("3.1") if own else None))
    return tuple(found)


def ladder(**changes: Any) -> LadderView:
    """BTC, one tick wide in tenths."""
    base = LadderView(
        instrument_id=BTC,
        bids=levels("64123.60", "-0.10", mine={"64123.40": "0.05"}),
        asks=levels("64123.70", "0.10", mine={"64124.20": "0.50"}),
        last_price=D("64123.70"),
        last_side=Side.BUY,
        age_ms=12,
        trades=tape(),
    )
    return msgspec.structs.replace(base, **changes)


def tape(count: int = 30) -> tuple[TradeView, ...]:
    """Public trades, newest first, one each second."""
    return tuple(
        TradeView(
            Nanos(NOON - at * SECOND),
            D("64123.60") + D(at % 3) / 10,
            D(str((at * 29 + 7) % 61)) / 100 + D("0.00213"),
            Side.SELL if at % 3 else Side.BUY,
        )
        for at in range(count)
    )


def own_fill(**changes: Any) -> FillView:
    """0.01 BTC bought as maker."""
    base = FillView(Side.BUY, D("64123.40"), D("0.01"), D("0.00001"), Asset("BTC"), is_maker=True)
    return msgspec.structs.replace(base, **changes)


def instrument(instrument_id: InstrumentId = BTC, **changes: Any) -> InstrumentView:
    """BTC-USDT on Binance, or ETH-USDT."""
    base_asset = Asset(str(instrument_id)[:3])
    base = InstrumentView(
        instrument_id=instrument_id,
        display=f"{base_asset}-USDT.BIN",
        venue=BINANCE,
        base=base_asset,
        quote=Asset("USDT"),
        tick_size=D("0.01"),
        lot_size=D("0.00001"),
        min_notional=D(5),
        bid=D("64123.60") if instrument_id == BTC else D("3401.20"),
        ask=D("64123.70") if instrument_id == BTC else D("3401.30"),
        last=D("64123.60") if instrument_id == BTC else D("3401.25"),
        change_fraction=D("0.0124"),
        position=D("0.45") if instrument_id == BTC else D(0),
        age_ms=12 if instrument_id == BTC else 8000,
        turnover=D("48213330.50") if instrument_id == BTC else D("912.40"),
    )
    return msgspec.structs.replace(base, **changes)


def position(**changes: Any) -> PositionView:
    """Long 0.45 BTC without a stop."""
    base = PositionView(
        instrument_id=BTC,
        quantity=D("0.45"),
        entry=D("64123.20"),
        break_even=D("64251.58"),
        mark=D("64123.60"),
        unrealized=D("0.18"),
        realized_today=D("184.25"),
        limit_fraction=D("0.45"),
        has_stop=False,
        by_strategy={MANUAL: D("0.435"), StrategyId("mm-1"): D("0.015")},
    )
    return msgspec.structs.replace(base, **changes)


def alert(key: str = "doubt", **changes: Any) -> AlertView:
    """A warning from a moment ago."""
    base = AlertView(
        key=key,
        severity=Severity.WARN,
        text="order 0001 in doubt 12s, asking BIN",
        code="ORDER_IN_DOUBT",
        first_at=Nanos(NOON - 12 * SECOND),
        last_at=Nanos(NOON - 12 * SECOND),
        count=1,
        is_acknowledged=False,
    )
    return msgspec.structs.replace(base, **changes)


def strategy(name: str = "mm-1", **changes: Any) -> StrategyView:
    """A quoting market maker."""
    base = StrategyView(
        strategy_id=StrategyId(name),
        state=StrategyState.RUNNING,
        doing="quoting 64,123.20 / 64,124.20",
        position=D("0.015"),
        day_pnl=D("14.10"),
        open_orders=2,
        callback_p99_us=180.0,
        restarts=0,
        is_inline=False,
        instrument_id=BTC,
    )
    return msgspec.structs.replace(base, **changes)


def kill(**changes: Any) -> KillView:
    """Nothing killed; what one would do."""
    base = KillView(
        is_halted=False,
        would_stop=1,
        would_cancel=7,
        would_cancel_stops=1,
        venues=1,
        unprotected=" -> 0.45 BTC (28,856 USDT) unprotected",
    )
    return msgspec.structs.replace(base, **changes)


def status(**changes: Any) -> StatusView:
    """DEMO, trading."""
    base = StatusView(
        mode=Mode.DEMO,
        profile="demo",
        trading_state=TradingState.READY,
        is_paused=False,
        state_reason="",
        at=NOON,
        orders_open=7,
        orders_cap=200,
        orders_in_doubt=1,
        alerts_unacknowledged=2,
        engine_pid=8123,
        engine_lag_ms=0.3,
        journal="power",
        guardian="ok",
        controller="pid 812 pts/3",
        on_detach="continue",
        version="0.1.0",
    )
    return msgspec.structs.replace(base, **changes)


def account(**changes: Any) -> AccountView:
    """102,311.20 USDT."""
    base = AccountView(
        quote=Asset("USDT"),
        equity=D("102311.20"),
        free=D("61204.10"),
        day_pnl=D("311.20"),
        day_realized=D("184.25"),
        day_unrealized=D("139.20"),
        day_fees=D("12.25"),
        drawdown_fraction=D("0.008"),
        assets=(
            AssetView(
                BINANCE, Asset("USDT"), D("61204.10"), D("3206.17"), D("64410.27"), D("64410.27"), D("0.63")
            ),
            AssetView(BINANCE, Asset("BTC"), D("0.14"), D("0.45"), D("0.59"), D("37832.92"), D("0.37")),
        ),
        day_turnover=D("28874.10"),
        gross=D("28855.62"),
        gross_fraction=D("0.282"),
        venues=(VenueEquityView(BINANCE, D("102311.20"), D("61204.10")),),
        maker_fee=D("0.001"),
        taker_fee=D("0.001"),
    )
    return msgspec.structs.replace(base, **changes)


def venue(**changes: Any) -> VenueView:
    """Binance, ready."""
    base = VenueView(
        venue=BINANCE,
        code="BIN",
        state=ChannelState.READY,
        channels={"market": ChannelState.READY},
        market_age_ms=12,
        round_trip_ms=48.0,
        clock_offset_ms=1.0,
        rate_used=0.34,
        breaker=BreakerState.CLOSED,
    )
    return msgspec.structs.replace(base, **changes)


def moving_view(number: int) -> View:
    """The number-th of a series in which the book moves and time passes."""
    step = D(number % 5) / 10
    book = ladder(
        bids=levels(str(D("64123.60") + step), "-0.10"), asks=levels(str(D("64123.70") + step), "0.10")
    )
    return view(books=(book,), status=status(at=Nanos(NOON + number * SECOND)))


def wire_entry(number: int, **changes: Any) -> WireEntry:
    """A request of the operator's order; as an answer with `is_sent=False`."""
    made = WireEntry(
        number=number,
        at=Nanos(NOON + number * 1_000_000),
        venue="BIN",
        is_sent=True,
        topic="order.place",
        channel="orders",
        client_order_id="vz00ABCDE0007F3K",
        instrument_id=BTC,
        outcome="",
        ms=None,
        payload='{"symbol":"BTCUSDT","side":"BUY"}',
    )
    return msgspec.structs.replace(made, **changes)


def view(**changes: Any) -> View:
    """A busy demo account at 12:00:01Z."""
    base = View(
        status=status(),
        kill=kill(),
        venues=(venue(),),
        instruments=(instrument(), instrument(ETH)),
        books=(ladder(),),
        orders=orders(),
        positions=(position(),),
        account=account(),
        strategies=(strategy(), strategy("grid-2", state=StrategyState.STOPPED, doing="", position=D(0))),
        alerts=(alert(), alert("loss", text="daily loss 80 % of limit")),
        log_seq=10,
    )
    return msgspec.structs.replace(base, **changes)


def halted() -> View:
    """After a kill: one order not verified, a position without a stop."""
    killed = kill(
        is_halted=True,
        at=NOON,
        by="kill",
        canceled=49,
        total=50,
        unverified=("BIN 1",),
        open_positions="OPEN POSITION 0.45 BTC no stop",
    )
    return view(kill=killed, status=status(trading_state=TradingState.HALTED))
