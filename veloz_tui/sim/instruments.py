"""An instrument's rules and how exchangeInfo lists them (protocol sheet, section 6.1)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from veloz_tui.sim.numbers import text
from veloz_tui.sim.settings import InstrumentSettings, LimitSettings

ORDER_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
SELF_TRADE_MODES = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER")
DEFAULT_SELF_TRADE_MODE = "EXPIRE_MAKER"
EXCHANGE_MAX_ORDERS = 1000
NOTHING_SMALLER = Decimal("0.00000001")


class Instrument(msgspec.Struct, kw_only=True):
    """One tradable symbol. Mutable: scenarios halt it or move its tick while clients run."""

    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal
    max_notional: Decimal = Decimal(9_000_000)
    min_price: Decimal = NOTHING_SMALLER
    max_price: Decimal = Decimal(1_000_000)
    max_quantity: Decimal = Decimal(9_000_000)
    max_market_quantity: Decimal = Decimal(900_000)
    multiplier_up: Decimal = Decimal(5)
    multiplier_down: Decimal = Decimal("0.2")
    max_orders: int = 200
    max_stops: int = 5
    max_amends: int = 10
    status: str = "TRADING"


def from_settings(settings: InstrumentSettings) -> Instrument:
    return Instrument(
        symbol=settings.symbol,
        base=settings.base,
        quote=settings.quote,
        tick_size=settings.tick_size,
        lot_size=settings.lot_size,
        min_notional=settings.min_notional,
        min_price=settings.tick_size,
    )


def rate_limits(limits: LimitSettings) -> list[dict[str, object]]:
    rows = (
        ("REQUEST_WEIGHT", "MINUTE", 1, limits.request_weight_1m),
        ("ORDERS", "SECOND", 10, limits.orders_10s),
        ("ORDERS", "DAY", 1, limits.orders_1d),
        ("RAW_REQUESTS", "MINUTE", 5, limits.raw_requests_5m),
    )
    return [
        {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
        for kind, interval, number, limit in rows
    ]


def exchange_filters() -> list[dict[str, object]]:
    return [{"filterType": "EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders": EXCHANGE_MAX_ORDERS}]


def describe(instrument: Instrument) -> dict[str, object]:
    """One element of exchangeInfo's `symbols`."""
    return {
        "symbol": instrument.symbol,
        "status": instrument.status,
        "baseAsset": instrument.base,
        "baseAssetPrecision": 8,
        "quoteAsset": instrument.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ORDER_TYPES,
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(instrument),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": DEFAULT_SELF_TRADE_MODE,
        "allowedSelfTradePreventionModes": SELF_TRADE_MODES[1:],
    }


def _filters(instrument: Instrument) -> list[dict[str, object]]:
    up, down = str(instrument.multiplier_up), str(instrument.multiplier_down)
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": text(instrument.min_price),
            "maxPrice": text(instrument.max_price),
            "tickSize": text(instrument.tick_size),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": text(instrument.lot_size),
            "maxQty": text(instrument.max_quantity),
            "stepSize": text(instrument.lot_size),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": text(instrument.max_market_quantity),
            "stepSize": "0.00000000",
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": up,
            "bidMultiplierDown": down,
            "askMultiplierUp": up,
            "askMultiplierDown": down,
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": text(instrument.min_notional),
            "applyMinToMarket": True,
            "maxNotional": text(instrument.max_notional),
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": instrument.max_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": instrument.max_stops},
        {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": instrument.max_amends},
    ]
