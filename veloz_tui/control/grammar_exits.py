"""What takes orders and positions away or changes them: amend, cancel, close, flatten. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from veloz_tui.control.grammar_orders import read_price
from veloz_tui.control.grammar_types import GrammarContext, Parsed, fault
from veloz_tui.control.grammar_values import (
    display_of,
    find_instrument,
    find_order,
    find_position,
    find_strategy,
    find_venue,
    instrument_of,
    number,
    position_text,
    price_text,
    quantity_text,
    shown,
)
from veloz_tui.domain.commands import AmendOrder, CancelOrders, ClosePosition, Flatten
from veloz_tui.domain.types import EXTERNAL, MANUAL, InstrumentId, OrderType, StrategyId
from veloz_tui.domain.views import OrderView

Words = Sequence[str]


def parse_amend(words: Words, context: GrammarContext) -> Parsed:
    if len(words) < 2:
        fault("amend what? amend 7F3K @64,123.60 | amend 7F3K qty 0.1 | amend 7F3K stop 63,800 @63,700")
    order = find_order(words[0], context)
    price, quantity, stop = _read_amendment([word.lower() for word in words[1:]], order, context)
    changes = (
        f"stop {_order_price(stop, order, context)}" if stop is not None else "",
        f"@{_order_price(price, order, context)}" if price is not None else "",
        f"qty {quantity_text(quantity)} in all" if quantity is not None else "",
    )
    command = AmendOrder(
        command_id=context.next_command_id(),
        client_order_id=order.client_order_id,
        price=price,
        quantity=quantity,
        stop_price=stop,
    )
    gap = "; until the new one rests there is no stop" if order.stop_price is not None else ""
    return Parsed(
        command,
        review=f"AMEND {order.short_id} {_describe(order, context)} -> "
        f"{' '.join(change for change in changes if change)}: canceled first, last in its queue{gap}",
        increases_risk=not order.reduce_only,
    )


def _read_amendment(
    words: Words, order: OrderView, context: GrammarContext
) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    price: Decimal | None = None
    quantity: Decimal | None = None
    stop: Decimal | None = None
    rest = iter(words)
    for word in rest:
        if word == "qty" and quantity is None:
            quantity = number(next(rest, ""), what="qty")
        elif word == "stop" and stop is None and order.stop_price is not None:
            stop = number(next(rest, ""), what="stop")
        elif word.startswith("@") and price is None:
            instrument = instrument_of(order.instrument_id, context)
            price = (
                read_price(word, order.side, instrument)
                if instrument is not None
                else number(word.removeprefix("@"), what="price")
            )
        else:
            fault(f"{shown(word)} means nothing here: amend {order.short_id} [@PRICE] [qty Q] [stop P]")
    return price, quantity, stop


def _order_price(price: Decimal, order: OrderView, context: GrammarContext) -> str:
    instrument = instrument_of(order.instrument_id, context)
    return price_text(price, instrument) if instrument is not None else f"{price:,f}"


def _describe(order: OrderView, context: GrammarContext) -> str:
    at = order.price if order.price is not None else order.stop_price
    price = f" @{_order_price(at, order, context)}" if at is not None else ""
    return f"{order.side} {quantity_text(order.leaves)} {display_of(order.instrument_id, context)}{price}"


def parse_cancel(words: Words, context: GrammarContext) -> Parsed:
    if not words:
        fault("cancel what? cancel 7F3K | cancel all btc", "all", *(one.short_id for one in context.orders))
    if words[0].lower() == "all":
        return _cancel_all(words[1:], context)
    orders = list(
        {order.client_order_id: order for order in (find_order(word, context) for word in words)}.values()
    )
    command = CancelOrders(
        command_id=context.next_command_id(),
        client_order_ids=tuple(order.client_order_id for order in orders),
    )
    described = "; ".join(f"{order.short_id} {_describe(order, context)}" for order in orders)
    return Parsed(command, review=f"CANCEL {described}")


def _cancel_all(words: Words, context: GrammarContext) -> Parsed:
    said: dict[str, str] = {}
    instrument_id: InstrumentId | None = None
    strategy_id: StrategyId | None = None
    venue = None
    rest = iter(words)
    for word in rest:
        lower = word.lower()
        if lower in {"stops", "external"}:
            _say(said, lower, lower)
        elif lower == "by":
            strategy_id = _owner(next(rest, ""), context)
            _say(said, "by", f"by {strategy_id}")
        elif (found := find_venue(word, context)) is not None:
            venue = found
            _say(said, "venue", f"at {found}")
        else:
            instrument = find_instrument(word, context)
            instrument_id = instrument.instrument_id
            _say(said, "instrument", instrument.display)
    command = CancelOrders(
        command_id=context.next_command_id(),
        is_all=True,
        instrument_id=instrument_id,
        venue=venue,
        strategy_id=strategy_id,
        includes_stops="stops" in said,
        includes_external="external" in said or strategy_id == EXTERNAL,
    )
    return Parsed(command, review=_review_cancel_all(command, context))


def _say(said: dict[str, str], key: str, text: str) -> None:
    if key in said:
        fault(f"{text} and {said[key]}: say one")
    said[key] = text


def _owner(word: str, context: GrammarContext) -> StrategyId:
    if not word:
        fault(
            "by whom? cancel all by mm-1", MANUAL, EXTERNAL, *(one.strategy_id for one in context.strategies)
        )
    return StrategyId(word.lower()) if word.lower() in {MANUAL, EXTERNAL} else find_strategy(word, context)


def _review_cancel_all(command: CancelOrders, context: GrammarContext) -> str:
    fitting = [order for order in context.orders if _fits(order, command, context)]
    stops = sum(order.order_type is OrderType.STOP_LIMIT for order in fitting)
    external = sum(order.is_external and order.order_type is not OrderType.STOP_LIMIT for order in fitting)
    kept = (0 if command.includes_stops else stops) + (0 if command.includes_external else external)
    scope = [display_of(command.instrument_id, context)] if command.instrument_id is not None else []
    scope += [f"at {command.venue}"] if command.venue is not None else []
    scope += [f"by {command.strategy_id}"] if command.strategy_id is not None else []
    keeps = [f"{stops} stop"] if stops and not command.includes_stops else []
    keeps += [f"{external} external"] if external and not command.includes_external else []
    where = " ".join(scope) or "everywhere"
    including = f" INCLUDING {stops} STOP{'S' * (stops > 1)}" if stops and command.includes_stops else ""
    kept_text = f", keeps {' and '.join(keeps)}" if keeps else ""
    return f"CANCEL {len(fitting) - kept} orders {where}{including}{kept_text}"


def _fits(order: OrderView, command: CancelOrders, context: GrammarContext) -> bool:
    instrument = instrument_of(order.instrument_id, context)
    return (
        command.instrument_id in {None, order.instrument_id}
        and command.strategy_id in {None, order.strategy_id}
        and (command.venue is None or (instrument is not None and instrument.venue == command.venue))
    )


def parse_close(words: Words, context: GrammarContext) -> Parsed:
    if not 1 <= len(words) <= 2:
        fault("close what? close btc | close btc 50%", *_open_instruments(context))
    instrument = find_instrument(words[0], context)
    position = find_position(instrument, context)
    if position is None:
        return fault(f"no position in {instrument.display}", *_open_instruments(context))
    percent = number(words[1].removesuffix("%"), what="percentage") if len(words) == 2 else Decimal(100)
    if percent > 100:
        fault(f"{shown(words[1])}: at most 100%")
    side = "SELL" if position.quantity > 0 else "BUY"
    quantity = quantity_text(abs(position.quantity) * percent / 100)
    touch = instrument.bid if side == "SELL" else instrument.ask
    at = f"about {price_text(touch, instrument)}" if touch is not None else "the touch"
    return Parsed(
        ClosePosition(
            command_id=context.next_command_id(),
            instrument_id=instrument.instrument_id,
            fraction=percent / 100,
        ),
        review=f"CLOSE {quantity_text(percent)}% of {position_text(position.quantity)}: "
        f"{side} {quantity} {instrument.display} LIMIT IOC at {at}",
    )


def parse_flatten(words: Words, context: GrammarContext) -> Parsed:
    if len(words) != 1:
        fault("flatten what? flatten btc | flatten all", "all", *_open_instruments(context))
    if words[0].lower() == "all":
        held = ", ".join(
            f"{display_of(one.instrument_id, context)} {position_text(one.quantity)}"
            for one in context.positions
            if one.quantity
        )
        return Parsed(
            Flatten(command_id=context.next_command_id()),
            review=f"FLATTEN everything: cancel {len(context.orders)} orders, "
            f"close {held or 'nothing'} at the market",
        )
    instrument = find_instrument(words[0], context)
    orders = sum(order.instrument_id == instrument.instrument_id for order in context.orders)
    position = find_position(instrument, context)
    what = position_text(position.quantity) if position is not None else "nothing"
    return Parsed(
        Flatten(command_id=context.next_command_id(), instrument_id=instrument.instrument_id),
        review=f"FLATTEN {instrument.display}: cancel {orders} orders, close {what} at the market",
    )


def _open_instruments(context: GrammarContext) -> tuple[str, ...]:
    return tuple(display_of(one.instrument_id, context) for one in context.positions if one.quantity)
