"""exchangeInfo: instruments with their steps and bounds, and the venue's rate limits. Pure."""

from collections.abc import Iterable
from decimal import Decimal
from types import MappingProxyType

import msgspec

from veloz_tui.domain.errors import ProtocolError
from veloz_tui.domain.instrument import Instrument, instrument_id
from veloz_tui.domain.types import ZERO, Asset
from veloz_tui.net.ratelimit import Kind, Limit
from veloz_tui.venues.binance import messages as wire
from veloz_tui.venues.binance.decoding import Shape, as_amount, unreadable
from veloz_tui.venues.binance.parse import VENUE

_INFO = Shape(wire.ExchangeInfo, "exchangeInfo")
_INTERVAL_MS = MappingProxyType({"SECOND": 1_000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000})
_KINDS = MappingProxyType(
    {"REQUEST_WEIGHT": Kind.WEIGHT, "RAW_REQUESTS": Kind.REQUESTS, "ORDERS": Kind.ORDERS}
)
_MAX_PRECISION = 18


class ExchangeInfo(msgspec.Struct, frozen=True):
    """`refused`: symbols that could not be read, with the reason; they can't be traded."""

    instruments: tuple[Instrument, ...]
    limits: tuple[Limit, ...]
    refused: tuple[str, ...]


def exchange_info(body: bytes | msgspec.Raw) -> ExchangeInfo:
    found = _INFO.decode(body)
    instruments: list[Instrument] = []
    refused: list[str] = []
    for symbol in found.symbols:
        try:
            instruments.append(_instrument(symbol))
        except ProtocolError as error:
            refused.append(f"{symbol.symbol}: {error}")
    return ExchangeInfo(tuple(instruments), limits(found.rate_limits), tuple(refused))


def limits(found: Iterable[wire.RateLimit]) -> tuple[Limit, ...]:
    """The limits of kinds and intervals that we know; new kinds are ignored."""
    known = [(_KINDS.get(one.rate_limit_type), _INTERVAL_MS.get(one.interval), one) for one in found]
    return tuple(
        Limit(kind, unit_ms * one.interval_num, one.limit)
        for kind, unit_ms, one in known
        if kind is not None and unit_ms is not None and one.interval_num > 0 and one.limit > 0
    )


def counts(found: Iterable[wire.RateLimit]) -> dict[tuple[Kind, int], int]:
    """What a WebSocket API answer says is used of each window."""
    return {
        (limit.kind, limit.interval_ms): one.count
        for one in found
        for limit in limits([one])
        if one.count is not None and one.count >= 0  # -1 was seen on the testnet
    }


def _instrument(info: wire.SymbolInfo) -> Instrument:
    filters = {one.filter_type: one for one in info.filters}
    none = wire.Filter("")
    price, lot = filters.get("PRICE_FILTER", none), filters.get("LOT_SIZE", none)
    market_lot = filters.get("MARKET_LOT_SIZE", none)
    notional = filters.get("NOTIONAL", none)
    min_notional = filters.get("MIN_NOTIONAL", none)
    return Instrument(
        id=instrument_id(symbol=info.symbol, venue=VENUE),
        venue=VENUE,
        symbol=info.symbol,
        base=Asset(info.base_asset),
        quote=Asset(info.quote_asset),
        tick_size=_step(price.tick_size, info.quote_asset_precision),
        lot_size=_step(lot.step_size, info.base_asset_precision),
        min_quantity=_bound(lot.min_qty) or ZERO,
        max_quantity=_bound(lot.max_qty),
        market_max_quantity=_bound(market_lot.max_qty),
        min_price=_bound(price.min_price) or ZERO,
        max_price=_bound(price.max_price),
        min_notional=max(_bound(notional.min_notional) or ZERO, _bound(min_notional.min_notional) or ZERO),
        max_notional=_bound(notional.max_notional),
        notional_applies_to_market=bool(notional.apply_min_to_market or min_notional.apply_to_market),
        is_trading=info.status == "TRADING" and info.is_spot_trading_allowed,
    )


def _step(step: Decimal | None, precision: int) -> Decimal:
    """A step of 0 or none at all switches the rule off; the asset's precision is then the finest step."""
    if step is not None and as_amount(step, "step"):
        return step.normalize()
    if not 0 <= precision <= _MAX_PRECISION:
        raise unreadable("precision", str(precision))
    return Decimal(1).scaleb(-precision)


def _bound(value: Decimal | None) -> Decimal | None:
    """A bound of 0 switches the rule off."""
    return None if value is None else (as_amount(value, "bound") or None)
