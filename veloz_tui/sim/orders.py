"""The venue's record of one order and its faces on the wire (protocol sheet, sections 9 and 11)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from veloz_tui.sim.match_messages import OrderType, SelfTradeMode, Side, TimeInForce
from veloz_tui.sim.numbers import ZERO, text

OPEN_STATUSES = frozenset({"NEW", "PARTIALLY_FILLED"})


class Order(msgspec.Struct, kw_only=True):
    """Mutable, stored as JSON. Times are Unix ms. `locked` is what it still holds of its asset."""

    symbol: str
    order_id: int
    uid: int
    client_order_id: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal = ZERO
    quantity: Decimal = ZERO
    quote_quantity: Decimal = ZERO
    stop_price: Decimal = ZERO
    self_trade: SelfTradeMode = "EXPIRE_MAKER"
    strategy_id: int | None = None
    strategy_type: int | None = None
    status: str = "NEW"
    filled: Decimal = ZERO
    quote_filled: Decimal = ZERO
    locked: Decimal = ZERO
    created_at: int = 0
    updated_at: int = 0
    working_at: int = -1
    expiry_reason: str = ""
    prevented: Decimal = ZERO
    prevented_match_id: int = -1
    amends: int = 0

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def leaves(self) -> Decimal:
        return self.quantity - self.filled - self.prevented

    @property
    def is_stop(self) -> bool:
        """Still waiting for its trigger."""
        return self.stop_price > ZERO and self.working_at < 0

    @property
    def has_stop(self) -> bool:
        return self.stop_price > ZERO


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One fill of one account."""

    symbol: str
    trade_id: int
    order_id: int
    uid: int
    price: Decimal
    quantity: Decimal
    commission: Decimal
    commission_asset: str
    time: int
    is_buyer: bool
    is_maker: bool

    @property
    def quote(self) -> Decimal:
        return self.price * self.quantity


def ack(order: Order) -> dict[str, object]:
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_order_id,
        "transactTime": order.updated_at,
    }


def result(order: Order) -> dict[str, object]:
    """The RESULT answer of a placement."""
    return ack(order) | _terms(order) | _working(order) | _conditional(order)


def full(order: Order, fills: list[Trade]) -> dict[str, object]:
    """The FULL answer of a placement."""
    return result(order) | {
        "fills": [
            {
                "price": text(fill.price),
                "qty": text(fill.quantity),
                "commission": text(fill.commission),
                "commissionAsset": fill.commission_asset,
                "tradeId": fill.trade_id,
            }
            for fill in fills
        ]
    }


def canceled(order: Order, cancel_id: str) -> dict[str, object]:
    """The answer of a cancel: `clientOrderId` names the cancel, `origClientOrderId` the order."""
    return (
        {
            "symbol": order.symbol,
            "origClientOrderId": order.client_order_id,
            "orderId": order.order_id,
            "orderListId": -1,
            "clientOrderId": cancel_id,
            "transactTime": order.updated_at,
        }
        | _terms(order)
        | _conditional(order)
    )


def query(order: Order) -> dict[str, object]:
    """The element of order.status, openOrders and allOrders."""
    return (
        {
            "symbol": order.symbol,
            "orderId": order.order_id,
            "orderListId": -1,
            "clientOrderId": order.client_order_id,
        }
        | _terms(order)
        | {
            "stopPrice": text(order.stop_price),
            "icebergQty": "0.00000000",
            "time": order.created_at,
            "updateTime": order.updated_at,
            "isWorking": order.working_at >= 0,
            "workingTime": order.working_at,
        }
        | _conditional(order)
    )


def my_trade(trade: Trade) -> dict[str, object]:
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": text(trade.price),
        "qty": text(trade.quantity),
        "quoteQty": text(trade.quote),
        "commission": text(trade.commission),
        "commissionAsset": trade.commission_asset,
        "time": trade.time,
        "isBuyer": trade.is_buyer,
        "isMaker": trade.is_maker,
        "isBestMatch": True,
    }


def _terms(order: Order) -> dict[str, object]:
    return {
        "price": text(order.price),
        "origQty": text(order.quantity),
        "executedQty": text(order.filled),
        "origQuoteOrderQty": text(order.quote_quantity),
        "cummulativeQuoteQty": text(order.quote_filled),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "selfTradePreventionMode": order.self_trade,
    }


def _working(order: Order) -> dict[str, object]:
    return {"workingTime": order.working_at}


def _conditional(order: Order) -> dict[str, object]:
    extra: dict[str, object] = {}
    if order.stop_price:
        extra["stopPrice"] = text(order.stop_price)
    if order.strategy_id is not None:
        extra["strategyId"] = order.strategy_id
    if order.strategy_type is not None:
        extra["strategyType"] = order.strategy_type
    if order.prevented_match_id >= 0:
        extra["preventedMatchId"] = order.prevented_match_id
        extra["preventedQuantity"] = text(order.prevented)
    if order.expiry_reason:
        extra["expiryReason"] = order.expiry_reason
    return extra


class Report(msgspec.Struct, kw_only=True):
    """What one executionReport says beyond the order itself."""

    execution: str
    execution_id: int
    now: int
    fill: Trade | None = None
    cancel_id: str = ""
    original_id: str = ""
    prevented: tuple[Decimal, int, Decimal] | None = None


def execution_report(order: Order, report: Report) -> dict[str, object]:
    """The user-data event. For a cancel `c` is the cancel's id and `C` the order's own."""
    fill = report.fill
    event: dict[str, object] = {
        "e": "executionReport",
        "E": report.now,
        "s": order.symbol,
        "c": report.cancel_id or order.client_order_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": text(order.quantity),
        "p": text(order.price),
        "P": text(order.stop_price),
        "F": "0.00000000",
        "g": -1,
        "C": report.original_id,
        "x": report.execution,
        "X": order.status,
        "r": "NONE",
        "i": order.order_id,
        "l": "0.00000000" if fill is None else text(fill.quantity),
        "z": text(order.filled),
        "L": "0.00000000" if fill is None else text(fill.price),
        "n": "0" if fill is None else text(fill.commission),
        "N": None if fill is None else fill.commission_asset,
        "T": order.updated_at,
        "t": -1 if fill is None else fill.trade_id,
        "I": report.execution_id,
        "w": order.is_open and order.working_at >= 0,
        "m": fill is not None and fill.is_maker,
        "M": fill is not None,
        "O": order.created_at,
        "Z": text(order.quote_filled),
        "Y": "0.00000000" if fill is None else text(fill.quote),
        "Q": text(order.quote_quantity),
        "V": order.self_trade,
    }
    if order.working_at >= 0:
        event["W"] = order.working_at
    _add_conditional(event, order, report)
    return event


def _add_conditional(event: dict[str, object], order: Order, report: Report) -> None:
    if order.strategy_id is not None:
        event["j"] = order.strategy_id
    if order.strategy_type is not None:
        event["J"] = order.strategy_type
    if order.expiry_reason and report.execution == "EXPIRED":
        event["eR"] = order.expiry_reason
    if report.prevented is not None:
        quantity, counter_order, price = report.prevented
        event |= {
            "v": order.prevented_match_id,
            "A": text(order.prevented),
            "B": text(quantity),
            "U": counter_order,
            "Cs": order.symbol,
            "pl": text(quantity),
            "pL": text(price),
            "pY": text(quantity * price),
        }
