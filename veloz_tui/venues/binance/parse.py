"""Binance Spot's orders, trades and account, from bytes to reports. Pure.

Whatever can't be read as the protocol says is a ProtocolError, never another exception. An unknown status
becomes ReportedStatus.UNKNOWN (ask, never guess); other unknown words of orders that aren't ours are mapped
to the nearest word we have, because an order that is dropped would be missing from the exposure.
"""

from decimal import Decimal
from types import MappingProxyType

import msgspec

from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import (
    AccountReported,
    Balance,
    BalancesReported,
    FeeRates,
    Fill,
    OrderReport,
    ReportedStatus,
)
from veloz_tui.domain.types import (
    ZERO,
    Asset,
    InstrumentId,
    Nanos,
    OrderType,
    Side,
    TimeInForce,
    TradeId,
    VenueId,
    VenueOrderId,
)
from veloz_tui.venues.binance import messages as wire
from veloz_tui.venues.binance.decoding import Shape, as_amount, as_nanos, unreadable

VENUE = VenueId("BINANCE")

_STATUS = MappingProxyType(
    {
        "NEW": ReportedStatus.OPEN,
        "PENDING_NEW": ReportedStatus.OPEN,
        "PARTIALLY_FILLED": ReportedStatus.OPEN,
        "PENDING_CANCEL": ReportedStatus.OPEN,
        "FILLED": ReportedStatus.FILLED,
        "CANCELED": ReportedStatus.CANCELED,
        "REJECTED": ReportedStatus.REJECTED,
        "EXPIRED": ReportedStatus.EXPIRED,
        "EXPIRED_IN_MATCH": ReportedStatus.EXPIRED,
    }
)
# STOP_LOSS and TAKE_PROFIT are market orders with a trigger: others may have some, we never send them.
_TYPES = MappingProxyType(
    {
        "LIMIT": OrderType.LIMIT,
        "LIMIT_MAKER": OrderType.LIMIT,
        "MARKET": OrderType.MARKET,
        "STOP_LOSS": OrderType.MARKET,
        "TAKE_PROFIT": OrderType.MARKET,
        "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
        "TAKE_PROFIT_LIMIT": OrderType.STOP_LIMIT,
    }
)
_TIMES_IN_FORCE = MappingProxyType({word.value: word for word in TimeInForce})
_SIDES = MappingProxyType({word.value: word for word in Side})
# Executions whose `c` may name the request that ended the order, and `C` then the order itself.
_RENAMING_EXECUTIONS = frozenset({"CANCELED", "REPLACED", "EXPIRED"})

_ORDER = Shape(wire.WireOrder, "order")
_ORDERS = Shape(list[wire.WireOrder], "open orders")
_CANCELED = Shape(list[msgspec.Raw], "canceled orders")
_ORDER_LIST = Shape(wire.OrderListReport, "order list")
_TRADES = Shape(list[wire.WireTrade], "trades")
_ACCOUNT = Shape(wire.WireAccount, "account")
_EVENT_NAME = Shape(wire.EventName, "event")
_EXECUTION = Shape(wire.ExecutionReport, "executionReport")
_POSITION = Shape(wire.AccountPosition, "outboundAccountPosition")


class UserEvent(msgspec.Struct, frozen=True):
    """One user-data event. `key` tells repeats apart where two sockets overlap; empty: never a repeat."""

    name: str
    report: OrderReport | BalancesReported | None = None
    key: str = ""


def order(body: bytes | msgspec.Raw, *, request: OrderRequest | None = None) -> OrderReport:
    """The order of an answer to place, cancel or query. `request` fills in what a bare ACK lacks."""
    return _order_report(_ORDER.decode(body), request)


def orders(body: bytes | msgspec.Raw) -> tuple[OrderReport, ...]:
    """The answer to openOrders."""
    return tuple(_order_report(one, None) for one in _ORDERS.decode(body))


def canceled_orders(body: bytes | msgspec.Raw) -> tuple[OrderReport, ...]:
    """The answer to cancel-all: orders, and order lists with their orders inside."""
    reports: list[OrderReport] = []
    for element in _CANCELED.decode(body):
        if b'"orderReports"' in bytes(element):
            reports += [_order_report(one, None) for one in _ORDER_LIST.decode(element).order_reports]
        else:
            reports.append(order(element))
    return tuple(reports)


def trades(body: bytes | msgspec.Raw) -> tuple[Fill, ...]:
    """The answer to myTrades, oldest first. It doesn't carry the client id."""
    fills = [_trade_fill(trade) for trade in _TRADES.decode(body)]
    return tuple(sorted(fills, key=lambda fill: int(fill.trade_id)))


def balances(body: bytes | msgspec.Raw, *, requested_at: Nanos) -> BalancesReported:
    """The balances of an account answer: all of them. The venue's time of it is not that of the answer."""
    account = _ACCOUNT.decode(body)
    found = tuple(_balance(one.asset, one.free, one.locked) for one in account.balances)
    venue_at = as_nanos(account.update_time) if account.update_time else None
    return BalancesReported(VENUE, found, is_complete=True, venue_at=venue_at, requested_at=requested_at)


def account(body: bytes | msgspec.Raw) -> AccountReported:
    """Who we are. The uid is the venue's own number of the account."""
    found = _ACCOUNT.decode(body)
    rates = found.commission_rates
    fees = None
    if rates is not None:
        fees = FeeRates(maker=as_amount(rates.maker, "maker fee"), taker=as_amount(rates.taker, "taker fee"))
    return AccountReported(VENUE, str(found.uid or ""), can_trade=found.can_trade, fees=fees)


def user_event(data: bytes | msgspec.Raw) -> UserEvent:
    """One user-data event, without its envelope. Kinds that we need nothing from have no report."""
    name = _EVENT_NAME.decode(data).name
    if name == "executionReport":
        execution = _EXECUTION.decode(data)
        key = f"{execution.symbol}:{execution.order_id}:{execution.execution_id}"
        return UserEvent(name, _execution_report(execution), key if execution.execution_id else "")
    if name == "outboundAccountPosition":
        position = _POSITION.decode(data)
        found = tuple(_balance(one.asset, one.free, one.locked) for one in position.balances)
        venue_at = as_nanos(position.update_ms or position.event_ms)
        return UserEvent(name, BalancesReported(VENUE, found, is_complete=False, venue_at=venue_at))
    return UserEvent(name)


def side(word: str) -> Side:
    found = _SIDES.get(word)
    if found is None:  # nothing can be guessed here
        raise unreadable("side", word)
    return found


# --- Orders ---


def _order_report(found: wire.WireOrder, request: OrderRequest | None) -> OrderReport:
    instrument = _instrument(found.symbol)
    own_id = found.orig_client_order_id or found.client_order_id
    word = found.type or _assumed_type(request)
    milliseconds = found.transact_time or found.update_time or found.time or 0
    report_side = _side_or(found.side, request)
    venue_order_id = VenueOrderId(str(found.order_id))
    venue_at = as_nanos(milliseconds)
    return OrderReport(
        venue=VENUE,
        instrument_id=instrument,
        client_order_id=own_id,
        venue_order_id=venue_order_id,
        status=_STATUS.get(found.status or "", ReportedStatus.UNKNOWN),
        side=report_side,
        order_type=_order_type(word, found.price),
        quantity=as_amount(_first(found.orig_qty, request.quantity if request else None), "quantity"),
        price=_positive(found.price if found.price is not None else (request.price if request else None)),
        stop_price=_positive(found.stop_price),
        time_in_force=_TIMES_IN_FORCE.get(found.time_in_force or "", TimeInForce.GTC),
        post_only=word == "LIMIT_MAKER",
        cumulative=as_amount(found.executed_qty or ZERO, "executed quantity"),
        venue_at=venue_at,
        fills=tuple(
            _answer_fill(
                fill, instrument, venue_order_id, side=report_side, client_order_id=own_id, venue_at=venue_at
            )
            for fill in found.fills
        ),
        reason=_reason(found.expiry_reason),
        raw_status=found.status or "",
    )


def _execution_report(found: wire.ExecutionReport) -> OrderReport:
    own_id = found.client_id
    if found.original_client_id and found.execution in _RENAMING_EXECUTIONS:
        own_id = found.original_client_id
    return OrderReport(
        venue=VENUE,
        instrument_id=_instrument(found.symbol),
        client_order_id=own_id,
        venue_order_id=VenueOrderId(str(found.order_id)),
        status=_STATUS.get(found.status, ReportedStatus.UNKNOWN),
        side=side(found.side),
        order_type=_order_type(found.type, found.price),
        quantity=as_amount(found.quantity, "quantity"),
        price=_positive(found.price),
        stop_price=_positive(found.stop_price),
        time_in_force=_TIMES_IN_FORCE.get(found.time_in_force, TimeInForce.GTC),
        post_only=found.type == "LIMIT_MAKER",
        cumulative=as_amount(found.cumulative, "cumulative quantity"),
        venue_at=as_nanos(found.venue_ms),
        fill=_execution_fill(found, own_id),
        reason=_reason(found.reject_reason, found.expiry_reason),
        raw_status=found.status,
    )


def _execution_fill(found: wire.ExecutionReport, own_id: str) -> Fill | None:
    if found.execution != "TRADE" or found.trade_id < 0:
        return None
    return Fill(
        instrument_id=_instrument(found.symbol),
        trade_id=TradeId(str(found.trade_id)),
        venue_order_id=VenueOrderId(str(found.order_id)),
        side=side(found.side),
        price=as_amount(found.last_price, "fill price"),
        quantity=as_amount(found.last_quantity, "fill quantity"),
        fee=as_amount(found.commission or ZERO, "commission"),
        fee_asset=Asset(found.commission_asset or ""),
        is_maker=found.is_maker,
        venue_at=as_nanos(found.venue_ms),
        client_order_id=own_id,
    )


def _answer_fill(
    fill: wire.WireFill,
    instrument: InstrumentId,
    venue_order_id: VenueOrderId,
    *,
    side: Side,
    client_order_id: str,
    venue_at: Nanos,
) -> Fill:
    return Fill(
        instrument_id=instrument,
        trade_id=TradeId(str(fill.trade_id)),
        venue_order_id=venue_order_id,
        side=side,
        price=as_amount(fill.price, "fill price"),
        quantity=as_amount(fill.qty, "fill quantity"),
        fee=as_amount(fill.commission, "commission"),
        fee_asset=Asset(fill.commission_asset),
        is_maker=False,  # what fills at once has taken
        venue_at=venue_at,
        client_order_id=client_order_id,
    )


def _trade_fill(trade: wire.WireTrade) -> Fill:
    return Fill(
        instrument_id=_instrument(trade.symbol),
        trade_id=TradeId(str(trade.id)),
        venue_order_id=VenueOrderId(str(trade.order_id)),
        side=Side.BUY if trade.is_buyer else Side.SELL,
        price=as_amount(trade.price, "trade price"),
        quantity=as_amount(trade.qty, "trade quantity"),
        fee=as_amount(trade.commission, "commission"),
        fee_asset=Asset(trade.commission_asset),
        is_maker=trade.is_maker,
        venue_at=as_nanos(trade.time),
    )


def _order_type(word: str, price: Decimal | None) -> OrderType:
    found = _TYPES.get(word)
    if found is not None:
        return found
    return OrderType.LIMIT if price else OrderType.MARKET


def _assumed_type(request: OrderRequest | None) -> str:
    if request is None:
        return ""
    return "LIMIT_MAKER" if request.post_only else request.order_type.value


def _side_or(word: str | None, request: OrderRequest | None) -> Side:
    return request.side if word is None and request is not None else side(word or "")


def _first(value: Decimal | None, fallback: Decimal | None) -> Decimal:
    found = value if value is not None else fallback
    if found is None:
        raise unreadable("order", "no quantity")
    return found


def _positive(price: Decimal | None) -> Decimal | None:
    """Zero means that the order has no such price."""
    return None if price is None else (as_amount(price, "price") or None)


def _reason(*words: str | None) -> str:
    return ", ".join(word for word in words if word and word != "NONE")


def _balance(asset: str, free: Decimal, locked: Decimal) -> Balance:
    return Balance(
        Asset(asset), free=as_amount(free, "free balance"), locked=as_amount(locked, "locked balance")
    )


def _instrument(symbol: str) -> InstrumentId:
    return instrument_id(symbol=symbol, venue=VENUE)
