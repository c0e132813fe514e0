"""Short ways to say an order and the world it meets."""

from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.domain.book import Level, OrderBook
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import (
    MANUAL,
    ZERO,
    Asset,
    BreakerState,
    ChannelState,
    InstrumentId,
    OrderType,
    Side,
    StrategyId,
    TimeInForce,
    TradingState,
    VenueId,
)
from veloz_tui.engine.risk.check import check
from veloz_tui.engine.risk.denial import Denial
from veloz_tui.engine.risk.inputs import RiskInputs
from veloz_tui.engine.risk.limits import InstrumentLimits, Limits

BTC: Final = InstrumentId("BTCUSDT.BINANCE")
MAKER: Final = StrategyId("mm-1")


def d(text: str) -> Decimal:
    return Decimal(text)


def instrument(**changes: object) -> Instrument:
    made = Instrument(
        id=BTC,
        venue=VenueId("BINANCE"),
        symbol="BTCUSDT",
        base=Asset("BTC"),
        quote=Asset("USDT"),
        tick_size=d("0.01"),
        lot_size=d("0.001"),
        min_quantity=d("0.001"),
        max_quantity=d("9000"),
        market_max_quantity=d("100"),
        min_price=d("0.01"),
        max_price=d("1000000"),
        min_notional=d("5"),
        max_notional=d("9000000"),
    )
    return msgspec.structs.replace(made, **changes)


def book(*, bids: list[Level] | None = None, asks: list[Level] | None = None) -> OrderBook:
    """Around 100: bids 99.99 and down, asks 100.01 and up, unless told otherwise."""
    made = OrderBook()
    made.replace(
        bids=[(99.99, 5.0), (99.0, 50.0)] if bids is None else bids,
        asks=[(100.01, 5.0), (101.0, 50.0)] if asks is None else asks,
        update_id=1,
    )
    return made


HEALTHY: Final = RiskInputs(
    instrument=instrument(),
    limits=Limits(),
    book=book(),
    reference=d("100"),
    trading_state=TradingState.READY,
    is_paused=False,
    venue_state=ChannelState.READY,
    breaker=BreakerState.CLOSED,
    journal_ok=True,
    guardian_ok=True,
    position=ZERO,
    buy_leaves=ZERO,
    sell_leaves=ZERO,
    free_base=d("1000"),
    free_quote=d("1000000"),
    equity=d("100000"),
    gross_exposure=ZERO,
    taker_fee=d("0.001"),
    maker_fee=d("0.0005"),
)
"""Nothing is wrong and nothing is limited."""


def world(**changes: object) -> RiskInputs:
    """HEALTHY with changes."""
    return msgspec.structs.replace(HEALTHY, **changes)


def limited(
    *, limits: dict[str, object] | None = None, by: dict[str, object] | None = None, **changes: object
) -> RiskInputs:
    """HEALTHY with account limits `limits` and the instrument's limits `by`."""
    made = msgspec.structs.replace(
        Limits(), default=msgspec.structs.replace(InstrumentLimits(), **(by or {})), **(limits or {})
    )
    return world(limits=made, **changes)


def order(text: str, **changes: object) -> OrderRequest:
    """`buy 1 @ 100`, `sell 0.5 market`, `sell 1 @ 95 stop 96`, then `reduce`, `post`, `ioc`, `by mm-1`."""
    side, quantity, *rest = text.split()
    words = iter(rest)
    price = stop = None
    strategy, time_in_force = MANUAL, TimeInForce.GTC
    order_type = OrderType.LIMIT
    flags: set[str] = set()
    for word in words:
        match word:
            case "@":
                price = d(next(words))
            case "stop":
                stop, order_type = d(next(words)), OrderType.STOP_LIMIT
            case "market":
                order_type = OrderType.MARKET
            case "by":
                strategy = StrategyId(next(words))
            case "gtc" | "ioc" | "fok" | "gtd":
                time_in_force = TimeInForce(word.upper())
            case _:
                flags.add(word)
    request = OrderRequest(
        instrument_id=BTC,
        side=Side(side.upper()),
        quantity=d(quantity),
        order_type=order_type,
        price=price,
        stop_price=stop,
        time_in_force=time_in_force,
        post_only="post" in flags,
        reduce_only="reduce" in flags,
        strategy_id=strategy,
    )
    return msgspec.structs.replace(request, **changes)


def code(text: str, inputs: RiskInputs) -> str:
    """The code that refuses the order; empty: it may leave."""
    denial = check(order(text), inputs)
    return "" if denial is None else denial.code


def refusal(text: str, inputs: RiskInputs) -> Denial:
    """The denial, where there must be one."""
    denial = check(order(text), inputs)
    assert denial is not None
    return denial
