"""The parameters of a new order, parsed and checked for completeness (protocol sheet, section 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, cast, get_args

import msgspec

from veloz_tui.sim.binance_errors import VenueError, illegal, missing, not_required
from veloz_tui.sim.instruments import DEFAULT_SELF_TRADE_MODE
from veloz_tui.sim.match_messages import OrderType, SelfTradeMode, Side, TimeInForce
from veloz_tui.sim.numbers import ZERO

CLIENT_ID = re.compile(r"[a-zA-Z0-9\-_]{1,36}")
CLIENT_ID_PATTERN = "^[a-zA-Z0-9-_]{1,36}$"
NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")
NUMBER_PATTERN = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
WHOLE = re.compile(r"[0-9]{1,20}")
WHOLE_PATTERN = "^[0-9]{1,20}$"
STRATEGY_TYPE_MIN = 1_000_000

ResponseType = Literal["ACK", "RESULT", "FULL"]
_STOPS = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
_PRICED = frozenset({"LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})
_TIMED = frozenset({"LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """A new order as asked for."""

    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal | None
    quantity: Decimal | None
    quote_quantity: Decimal | None
    stop_price: Decimal | None
    client_order_id: str | None
    self_trade: SelfTradeMode
    response_type: ResponseType
    strategy_id: int | None
    strategy_type: int | None

    @property
    def is_market(self) -> bool:
        return self.price is None

    @property
    def is_stop(self) -> bool:
        return self.stop_price is not None


def parse(params: Mapping[str, str]) -> Placement:
    """Raise the venue's refusal for a parameter that is absent, malformed or out of place."""
    kind = cast(OrderType, _choice(params, "type", get_args(OrderType), -1116, "Invalid orderType."))
    side = cast(Side, _choice(params, "side", get_args(Side), -1117, "Invalid side."))
    _refuse_unsupported(params)
    quantity, quote = positive(params, "quantity"), positive(params, "quoteOrderQty")
    if kind != "MARKET" and quote is not None:
        raise not_required("quoteOrderQty")
    if kind == "MARKET" and quantity is not None and quote is not None:
        raise VenueError(-1128, "Combination of optional parameters invalid.")
    if quantity is None and (kind != "MARKET" or quote is None):
        raise missing("quantity")
    return Placement(
        symbol=required(params, "symbol"),
        side=side,
        type=kind,
        time_in_force=_time_in_force(params, kind),
        price=_only_for(params, "price", kind in _PRICED),
        quantity=quantity,
        quote_quantity=quote,
        stop_price=_only_for(params, "stopPrice", kind in _STOPS),
        client_order_id=client_id(params, "newClientOrderId"),
        self_trade=_self_trade(params),
        response_type=_response_type(params, kind),
        strategy_id=whole(params, "strategyId"),
        strategy_type=_strategy_type(params),
    )


def required(params: Mapping[str, str], name: str) -> str:
    value = params.get(name)
    if not value:
        raise missing(name)
    return value


def positive(params: Mapping[str, str], name: str) -> Decimal | None:
    """A plain positive decimal, or None when absent."""
    raw = params.get(name)
    if raw is None:
        return None
    if not raw:
        raise VenueError(-1105, f"Parameter '{name}' was empty.")
    if NUMBER.fullmatch(raw) is None:
        raise illegal(name, NUMBER_PATTERN)
    value = Decimal(raw)
    if value <= ZERO:
        raise VenueError(-1013, f"Invalid {name}.")
    return value


def whole(params: Mapping[str, str], name: str) -> int | None:
    """A whole number, or None when absent."""
    raw = params.get(name)
    if raw is None:
        return None
    if WHOLE.fullmatch(raw) is None:
        raise illegal(name, WHOLE_PATTERN)
    return int(raw)


def client_id(params: Mapping[str, str], name: str) -> str | None:
    raw = params.get(name)
    if raw is None:
        return None
    if CLIENT_ID.fullmatch(raw) is None:
        raise illegal(name, CLIENT_ID_PATTERN)
    return raw


def _choice(params: Mapping[str, str], name: str, choices: tuple[str, ...], code: int, message: str) -> str:
    value = required(params, name)
    if value not in choices:
        raise VenueError(code, message)
    return value


def _refuse_unsupported(params: Mapping[str, str]) -> None:
    for name in ("trailingDelta", "icebergQty", "pegPriceType", "pegOffsetType", "pegOffsetValue"):
        if name in params:
            raise VenueError(-1020, f"Unsupported operation: '{name}' isn't simulated.")


def _time_in_force(params: Mapping[str, str], kind: OrderType) -> TimeInForce:
    if kind not in _TIMED:
        if "timeInForce" in params:
            raise not_required("timeInForce")
        return "GTC"
    value = _choice(params, "timeInForce", get_args(TimeInForce), -1115, "Invalid timeInForce.")
    return cast(TimeInForce, value)


def _only_for(params: Mapping[str, str], name: str, wanted: bool) -> Decimal | None:  # noqa: FBT001
    if wanted:
        required(params, name)
    elif name in params:
        raise not_required(name)
    return positive(params, name)


def _self_trade(params: Mapping[str, str]) -> SelfTradeMode:
    mode = params.get("selfTradePreventionMode", DEFAULT_SELF_TRADE_MODE)
    if mode not in get_args(SelfTradeMode):
        raise VenueError(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.")
    return cast(SelfTradeMode, mode)


def _response_type(params: Mapping[str, str], kind: OrderType) -> ResponseType:
    value = params.get("newOrderRespType", "FULL" if kind in ("MARKET", "LIMIT") else "ACK")
    if value not in get_args(ResponseType):
        raise VenueError(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    return cast(ResponseType, value)


def _strategy_type(params: Mapping[str, str]) -> int | None:
    value = whole(params, "strategyType")
    if value is not None and value < STRATEGY_TYPE_MIN:
        raise VenueError(-1130, "Data sent for parameter 'strategyType' is not valid.")
    return value
