"""Signed methods: orders and account, the same for REST and the WebSocket API (protocol sheet, section 9)."""

from __future__ import annotations

from collections.abc import Mapping

from veloz_tui.sim import binance_errors as errors
from veloz_tui.sim import orders as wire
from veloz_tui.sim.accounts import Account
from veloz_tui.sim.exchange import Exchange
from veloz_tui.sim.market_methods import limit
from veloz_tui.sim.numbers import ZERO, text
from veloz_tui.sim.orders import Order, Trade
from veloz_tui.sim.placement import Placement, client_id, parse, positive, required, whole

Params = Mapping[str, str]
DAY_MS = 86_400_000


def place(exchange: Exchange, account: Account, params: Params) -> object:
    placement = parse(params)
    return _place(exchange, account, placement)


def test(exchange: Exchange, account: Account, params: Params) -> object:
    instrument = exchange.check(account, parse(params))
    if params.get("computeCommissionRates") != "true":
        return {}
    rates = _rates(account)
    return {
        "standardCommissionForOrder": {name: rates[name] for name in ("maker", "taker")},
        "taxCommissionForOrder": {"maker": "0.00000000", "taker": "0.00000000"},
        "discount": _discount(account),
        "symbol": instrument.symbol,
    }


def cancel(exchange: Exchange, account: Account, params: Params) -> object:
    cancel_id = client_id(params, "newClientOrderId")
    order = cancelable(exchange, account, params, id_name="orderId", client_name="origClientOrderId")
    return _canceled(order, exchange.cancel(order, cancel_id))


def cancelable(
    exchange: Exchange, account: Account, params: Params, *, id_name: str, client_name: str
) -> Order:
    """The open order that a cancel names, or the venue's refusal."""
    order = _named(exchange, account, params, id_name=id_name, client_name=client_name)
    if order is None or not order.is_open:
        raise errors.unknown_cancel()
    restriction = params.get("cancelRestrictions")
    if restriction not in (None, "ONLY_NEW", "ONLY_PARTIALLY_FILLED"):
        raise errors.VenueError(-1145, "Invalid cancelRestrictions")
    wanted = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}.get(restriction or "")
    if wanted is not None and order.status != wanted:
        raise errors.VenueError(-2011, "Order was not canceled due to cancel restrictions.")
    return order


def cancel_all(exchange: Exchange, account: Account, params: Params) -> object:
    symbol = exchange.listing(required(params, "symbol")).instrument.symbol
    open_orders = exchange.table.open_orders(account.uid, symbol)
    if not open_orders:
        raise errors.unknown_cancel()
    return [_canceled(order, exchange.cancel(order, None)) for order in open_orders]


def cancel_replace(exchange: Exchange, account: Account, params: Params) -> object:
    """The outcome matrix of section 9.4. Filters and order counts are evaluated before the cancel."""
    mode = required(params, "cancelReplaceMode")
    if mode not in ("STOP_ON_FAILURE", "ALLOW_FAILURE"):
        raise errors.VenueError(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.")
    placement = parse(params)
    exchange.check(account, placement)
    limiter = exchange.booking.limiters[account.uid]
    over_limit: errors.VenueError | None = None
    try:
        limiter.check(exchange.clock.ms())
    except errors.VenueError as error:
        if params.get("orderRateLimitExceededMode", "DO_NOTHING") != "CANCEL_ONLY":
            raise
        over_limit = error
    canceled = _try_cancel(exchange, account, params)
    if isinstance(canceled, errors.VenueError) and mode == "STOP_ON_FAILURE":
        limiter.add(exchange.clock.ms())
        raise _replace_error(canceled, None)
    try:
        if over_limit is not None:
            raise over_limit
        placed = _place(exchange, account, placement)
    except errors.VenueError as error:
        status = 429 if error is over_limit and mode == "STOP_ON_FAILURE" else 409
        raise _replace_error(canceled, error, status=status) from None
    if isinstance(canceled, errors.VenueError):
        raise _replace_error(canceled, placed)
    return {
        "cancelResult": "SUCCESS",
        "newOrderResult": "SUCCESS",
        "cancelResponse": canceled,
        "newOrderResponse": placed,
    }


def amend(exchange: Exchange, account: Account, params: Params) -> object:
    order = _named(exchange, account, params, id_name="orderId", client_name="origClientOrderId")
    quantity = positive(params, "newQty")
    if quantity is None:
        raise errors.missing("newQty")
    if order is None or not order.is_open:
        raise errors.VenueError(-2038, "Order does not exist or isn't open.")
    original = order.client_order_id
    exchange.amend(order, quantity, client_id(params, "newClientOrderId"))
    return {
        "transactTime": order.updated_at,
        "executionId": exchange.ids.start("execution") - 1,
        "amendedOrder": _amended(order, original),
    }


def order_status(exchange: Exchange, account: Account, params: Params) -> object:
    order = _named(exchange, account, params, id_name="orderId", client_name="origClientOrderId")
    if order is None:
        raise errors.no_such_order()
    return wire.query(order)


def open_orders(exchange: Exchange, account: Account, params: Params) -> object:
    symbol = params.get("symbol")
    if symbol is not None:
        exchange.listing(symbol)
    found = exchange.table.open_orders(account.uid, symbol)
    return [wire.query(order) for order in sorted(found, key=lambda one: (one.symbol, one.order_id))]


def all_orders(exchange: Exchange, account: Account, params: Params) -> object:
    symbol = exchange.listing(required(params, "symbol")).instrument.symbol
    first = whole(params, "orderId")
    start, end = _time_range(params)
    found = [
        order
        for order in exchange.table.all_orders(account.uid, symbol)
        if (first is None or order.order_id >= first) and _is_within(order.created_at, start, end)
    ]
    count = limit(params, default=500, most=1000)
    picked = found[-count:] if first is None and start is None else found[:count]
    return [wire.query(order) for order in picked]


def my_trades(exchange: Exchange, account: Account, params: Params) -> object:
    symbol = exchange.listing(required(params, "symbol")).instrument.symbol
    order_id, from_id = whole(params, "orderId"), whole(params, "fromId")
    start, end = _time_range(params)
    if from_id is not None and (start is not None or end is not None):
        raise errors.VenueError(-1128, "Combination of optional parameters invalid.")

    def is_wanted(fill: Trade) -> bool:
        by_order = order_id is None or fill.order_id == order_id
        return (
            by_order and (from_id is None or fill.trade_id >= from_id) and _is_within(fill.time, start, end)
        )

    found = [fill for fill in exchange.table.fills(account.uid, symbol) if is_wanted(fill)]
    count = limit(params, default=500, most=1000)
    picked = found[-count:] if from_id is None and start is None else found[:count]
    return [wire.my_trade(fill) for fill in picked]


def account_status(exchange: Exchange, account: Account, params: Params) -> object:
    omit_zero = params.get("omitZeroBalances") == "true"
    assets = dict.fromkeys(account.balances)
    for listing in exchange.listings.values():
        assets |= dict.fromkeys((listing.instrument.base, listing.instrument.quote))
    balances = [(asset, account.balance(asset)) for asset in sorted(assets)]
    return {
        "makerCommission": int(account.profile.maker_rate * 10_000),
        "takerCommission": int(account.profile.taker_rate * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": _rates(account),
        "canTrade": account.profile.can_trade,
        "canWithdraw": account.profile.can_withdraw,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": account.updated_at or exchange.clock.ms(),
        "accountType": "SPOT",
        "balances": [
            {"asset": asset, "free": text(balance.free), "locked": text(balance.locked)}
            for asset, balance in balances
            if balance.total or not omit_zero
        ],
        "permissions": ["SPOT"],
        "uid": account.uid,
    }


def commission(exchange: Exchange, account: Account, params: Params) -> object:
    nothing = dict.fromkeys(("maker", "taker", "buyer", "seller"), "0.00000000")
    return {
        "symbol": exchange.listing(required(params, "symbol")).instrument.symbol,
        "standardCommission": _rates(account),
        "specialCommission": nothing,
        "taxCommission": nothing,
        "discount": _discount(account),
    }


def order_rate_limits(exchange: Exchange, account: Account, _params: Params) -> object:
    limiter = exchange.booking.limiters[account.uid]
    now = exchange.clock.ms()
    rows = (
        ("SECOND", 10, limiter.limits.orders_10s, limiter.ten_seconds.count(now)),
        ("DAY", 1, limiter.limits.orders_1d, limiter.day.count(now)),
    )
    return [
        {
            "rateLimitType": "ORDERS",
            "interval": interval,
            "intervalNum": number,
            "limit": most,
            "count": count,
        }
        for interval, number, most, count in rows
    ]


def nothing_listed(_exchange: Exchange, _account: Account, _params: Params) -> object:
    """Order lists, prevented matches and amendments that the simulation doesn't keep."""
    return []


def api_restrictions(exchange: Exchange, account: Account, _params: Params) -> object:
    return {
        "ipRestrict": False,
        "createTime": exchange.clock.ms() - DAY_MS,
        "enableReading": True,
        "enableSpotAndMarginTrading": account.profile.can_trade,
        "enableWithdrawals": account.profile.can_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enablePortfolioMarginTrading": False,
    }


def coins(exchange: Exchange, account: Account, _params: Params) -> object:
    assets = {
        asset for one in exchange.listings.values() for asset in (one.instrument.base, one.instrument.quote)
    }
    return [
        {
            "coin": asset,
            "name": asset,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "free": text(account.balance(asset).free),
            "locked": text(account.balance(asset).locked),
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "isLegalMoney": False,
            "trading": True,
            "networkList": [],
        }
        for asset in sorted(assets)
    ]


def _place(exchange: Exchange, account: Account, placement: Placement) -> dict[str, object]:
    order, fills = exchange.place(account, placement)
    if placement.response_type == "ACK":
        return wire.ack(order)
    if placement.response_type == "RESULT":
        return wire.result(order)
    return wire.full(order, fills)


def _named(
    exchange: Exchange, account: Account, params: Params, *, id_name: str, client_name: str
) -> Order | None:
    symbol = exchange.listing(required(params, "symbol")).instrument.symbol
    order_id, own_id = whole(params, id_name), params.get(client_name) or None
    if order_id is None and own_id is None:
        raise errors.VenueError(
            -1102,
            f"Param '{client_name}' or '{id_name}' must be sent, but both were empty/null!",
        )
    order = exchange.find(account, symbol, order_id=order_id, client_id=own_id)
    if order is not None and order_id is not None and own_id not in (None, order.client_order_id):
        raise errors.VenueError(-2039, "Client order id is not correct for this order ID")
    return order


def _canceled(order: Order, cancel_id: str) -> dict[str, object]:
    return wire.canceled(order, cancel_id)


def _try_cancel(exchange: Exchange, account: Account, params: Params) -> object:
    try:
        order = cancelable(
            exchange, account, params, id_name="cancelOrderId", client_name="cancelOrigClientOrderId"
        )
    except errors.VenueError as error:
        if error.code == -1102:
            raise
        return error
    return _canceled(order, exchange.cancel(order, client_id(params, "cancelNewClientOrderId")))


def _replace_error(canceled: object, placed: object, *, status: int = 409) -> errors.VenueError:
    cancel_failed = isinstance(canceled, errors.VenueError)
    place_failed = isinstance(placed, errors.VenueError)
    not_attempted = placed is None
    all_failed = cancel_failed and (place_failed or not_attempted)
    data: dict[str, object] = {
        "cancelResult": "FAILURE" if cancel_failed else "SUCCESS",
        "newOrderResult": "NOT_ATTEMPTED" if not_attempted else "FAILURE" if place_failed else "SUCCESS",
        "cancelResponse": canceled.body() if isinstance(canceled, errors.VenueError) else canceled,
        "newOrderResponse": placed.body() if isinstance(placed, errors.VenueError) else placed,
    }
    if all_failed:
        return errors.VenueError(-2022, "Order cancel-replace failed.", data=data)
    return errors.VenueError(-2021, "Order cancel-replace partially failed.", status=status, data=data)


def _amended(order: Order, original: str) -> dict[str, object]:
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "origClientOrderId": original,
        "clientOrderId": order.client_order_id,
        "price": text(order.price),
        "qty": text(order.quantity),
        "executedQty": text(order.filled),
        "preventedQty": text(order.prevented),
        "quoteOrderQty": text(order.quote_quantity),
        "cumulativeQuoteQty": text(order.quote_filled),
        "status": order.status,
        "timeInForce": order.time_in_force,
        "type": order.type,
        "side": order.side,
        "workingTime": order.working_at,
        "selfTradePreventionMode": order.self_trade,
    }


def _rates(account: Account) -> dict[str, str]:
    return {
        "maker": text(account.profile.maker_rate),
        "taker": text(account.profile.taker_rate),
        "buyer": text(ZERO),
        "seller": text(ZERO),
    }


def _discount(account: Account) -> dict[str, object]:
    return {
        "enabledForAccount": account.profile.pays_fees_in_bnb,
        "enabledForSymbol": True,
        "discountAsset": "BNB",
        "discount": "0.75000000",
    }


def _time_range(params: Params) -> tuple[int | None, int | None]:
    start, end = whole(params, "startTime"), whole(params, "endTime")
    if start is not None and end is not None and end - start > DAY_MS:
        raise errors.VenueError(-1127, "More than 24 hours between startTime and endTime.")
    return start, end


def _is_within(moment: int, start: int | None, end: int | None) -> bool:
    return (start is None or moment >= start) and (end is None or moment <= end)
