"""What every risk rule measured of one order: value, limit, room left, verdict. It decides nothing.

The rules themselves say only why not. This repeats their sums for those who want to know how near it was; the
verdict of each line is the rule's own. An order's `Decision` keeps what the rules looked at.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import ClientOrderId, OrderType, Side
from veloz_tui.engine.risk.check import RULES, RULES_OF_ALL, Rule
from veloz_tui.engine.risk.denial import Denial, amount
from veloz_tui.engine.risk.exposure import furthest, growth, is_exit, reducible
from veloz_tui.engine.risk.inputs import RiskInputs
from veloz_tui.engine.risk.pricing import order_value, walk

KEPT: Final = 2_000
"""Decisions that are remembered: minutes of quoting, days of trading by hand."""


class Outcome(StrEnum):
    OK = "ok"
    DENIED = "DENIED"
    OFF = "off"
    """No limit is set."""
    NOT_ASKED = "not asked"
    """A rule before it refused, or it is never asked of exits."""


class Measure(msgspec.Struct, frozen=True):
    """One line of a rule. `limit` None: it compares no two numbers, `text` says what it looked at."""

    number: int
    """The rule's place in the order they are asked in."""
    rule: str
    outcome: Outcome
    text: str = ""
    value: Decimal | None = None
    limit: Decimal | None = None
    unit: str = ""
    is_least: bool = False
    """The limit is the least that the value may be."""

    @property
    def room(self) -> Decimal | None:
        """How much further the value could have gone; negative: by how much it is too far."""
        if self.value is None or self.limit is None:
            return None
        return self.value - self.limit if self.is_least else self.limit - self.value


class Decision(msgspec.Struct, frozen=True):
    """What the rules looked at when one order was let out or denied."""

    client_order_id: ClientOrderId
    request: OrderRequest
    inputs: RiskInputs
    code: str = ""
    """Empty: it may leave."""
    taken: tuple[Measure, ...] = ()
    """A MARKET order's, taken at once: the book that they depend on moves on."""


def decision(
    client_order_id: ClientOrderId, request: OrderRequest, inputs: RiskInputs, denial: Denial | None
) -> Decision:
    """Remember one decision; its numbers are worked out when somebody asks."""
    code = "" if denial is None else denial.code
    taken = measures(request, inputs, code=code) if request.order_type is OrderType.MARKET else ()
    return Decision(client_order_id, request, inputs, code, taken)


def measures_of(known: Decision) -> tuple[Measure, ...]:
    """What each rule measured then."""
    if known.taken:
        return known.taken
    # The book of the inputs is today's: nothing of a LIMIT order's numbers but "crossed" depends on it.
    return measures(known.request, msgspec.structs.replace(known.inputs, book=None), code=known.code)


Line = tuple[str, Decimal | None, Decimal | None, str, bool]
"""Text, value, limit, unit, whether the limit is the least."""


def measures(request: OrderRequest, inputs: RiskInputs, *, code: str = "") -> tuple[Measure, ...]:
    """Measure an order by every rule, in their order; `code` is the refusal that was given, if any."""
    asked = RULES_OF_ALL if is_exit(request, inputs) else RULES
    refusal = _refusal(request, inputs, code) if code else None
    found: list[Measure] = []
    is_over = False
    for number, rule in enumerate(RULES, start=1):
        name = _name(rule)
        refuses = refusal is not None and name == refusal[0]
        for line in _lines(name, request, inputs):
            text, value, limit, unit, is_least = line
            if is_over or rule not in asked:
                outcome = Outcome.NOT_ASKED
            elif refuses and refusal is not None and refusal[1] in (None, limit):
                outcome = Outcome.DENIED
            else:
                outcome = Outcome.OK if text else Outcome.OFF
            found.append(Measure(number, name, outcome, text, value, limit, unit, is_least))
        is_over = is_over or refuses
    return tuple(found)


def _refusal(request: OrderRequest, inputs: RiskInputs, code: str) -> tuple[str, Decimal | None] | None:
    """The rule that gave this code, and the limit it named."""
    for rule in RULES:
        try:
            denial = rule(request, inputs)
        except Exception:  # noqa: BLE001 - the rule that failed is the one that refused
            return _name(rule), None
        if denial is not None and denial.code == code:
            limit = denial.limit
            # A deviation is a fraction there, and in percent here.
            return _name(rule), limit * 100 if limit is not None and code == "PRICE_COLLAR" else limit
    return ("freshness", None) if code == "BOOK_CROSSED" else None


def _name(rule: Rule) -> str:
    return rule.__module__.rpartition(".")[2]


def _lines(rule: str, request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    try:
        yield from _MEASURED[rule](request, inputs)
    except Exception:  # noqa: BLE001 - numbers that can't be had must not cost an order its verdict
        yield "can't be measured", None, None, "", False


# --- what each rule looks at ----------------------------------------------------------------------------


def _bare(number: Decimal) -> str:
    return amount(number.normalize())


def _text(text: str) -> Line:
    return text, None, None, "", False


def _most(text: str, value: Decimal | int | None, limit: Decimal | int | None, unit: str = "") -> Line:
    if limit is None:
        return "", None, None, unit, False
    return text, None if value is None else Decimal(value), Decimal(limit), unit, False


def _least(text: str, value: Decimal | None, limit: Decimal | None, unit: str = "") -> Line:
    return ("", None, None, unit, True) if limit is None else (text, value, limit, unit, True)


def _state(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    journal = "ok" if inputs.journal_ok else "LATE"
    guardian = "ok" if inputs.guardian_ok else "GONE"
    paused = ", PAUSED" if inputs.is_paused else ""
    yield _text(
        f"trading {inputs.trading_state}{paused}, venue {inputs.venue_state}, breaker {inputs.breaker}, "
        f"journal {journal}, guardian {guardian}"
    )


def _instrument(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    yield _text(f"{inputs.instrument.display} {'trades' if inputs.instrument.is_trading else 'is closed'}")


def _order_type(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    post = " post-only" if request.post_only else ""
    yield _text(f"{request.order_type} {request.time_in_force}{post}")


def _price(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    instrument = inputs.instrument
    if request.price is None:
        yield _text("no price")
        return
    high = "" if instrument.max_price is None else f" to {_bare(instrument.max_price)}"
    yield _text(
        f"{amount(request.price)}, tick {_bare(instrument.tick_size)}, "
        f"within {_bare(instrument.min_price)}{high}"
    )


def _quantity(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    instrument = inputs.instrument
    high = "" if instrument.max_quantity is None else f" to {_bare(instrument.max_quantity)}"
    yield _text(
        f"{amount(request.quantity)}, lot {_bare(instrument.lot_size)}, "
        f"within {_bare(instrument.min_quantity)}{high}"
    )


def _notional(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    price = request.price if request.order_type is not OrderType.MARKET else inputs.reference
    value = None if price is None else price * request.quantity
    instrument = inputs.instrument
    yield _least("value", value, instrument.min_notional, instrument.quote)
    if instrument.max_notional is not None:
        yield _most("value", value, instrument.max_notional, instrument.quote)


def _reduce_only(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    if is_exit(request, inputs):
        yield _most(
            "qty, left to reduce", request.quantity, reducible(request, inputs), inputs.instrument.base
        )
    else:
        yield _text("no exit")


def _freshness(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    yield _text("no market price" if inputs.reference is None else f"reference {amount(inputs.reference)}")


def _order_size(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    limit = inputs.instrument_limits.max_order_size
    yield _most("order value", order_value(request, inputs), limit, inputs.instrument.quote)


def _price_deviation(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    most = inputs.instrument_limits.max_price_deviation
    anchor = request.stop_price if request.order_type is OrderType.STOP_LIMIT else inputs.reference
    price = request.price
    if request.order_type is OrderType.MARKET and inputs.book is not None:
        price = walk(
            inputs.book, instrument=inputs.instrument, side=request.side, quantity=request.quantity
        ).worst
    is_known = price is not None and anchor is not None and anchor != 0
    deviation = request.side.sign * (price - anchor) / anchor if is_known and price and anchor else None
    percent = None if deviation is None else deviation * 100
    yield _most("worse than reference by", percent, None if most is None else most * 100, "%")


def _rate(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    limits = inputs.limits
    yield _most("orders in a second", inputs.recent_account + 1, limits.max_orders_per_second)
    own = limits.strategy_orders_per_second.get(request.strategy_id)
    if own is not None:
        yield _most(f"orders of {request.strategy_id} in a second", inputs.recent_strategy + 1, own)


def _open_orders(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    yield _most("open orders", inputs.open_orders + 1, inputs.limits.open_orders_max)


def _position(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    limit, reference = inputs.instrument_limits.max_position_size, inputs.reference
    value = None if reference is None else furthest(request, inputs) * reference
    side = "long" if request.side is Side.BUY else "short"
    yield _most(f"could reach {side}", value, limit, inputs.instrument.quote)


def _leverage(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    most, equity = inputs.limits.max_leverage, inputs.equity
    if most is None or equity is None or inputs.gross_exposure is None or inputs.reference is None:
        yield _most("exposure", None, None if most is None or equity is None else most * equity)
        return
    value = inputs.gross_exposure + growth(request, inputs) * inputs.reference
    yield _most(f"exposure, {most:f}x equity", value, most * equity, inputs.instrument.quote)


def _balance(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    if inputs.has_margin:
        yield _text("margin account")
        return
    is_sell = request.side is Side.SELL
    need = request.quantity if is_sell else order_value(request, inputs)
    free = inputs.free_base if is_sell else inputs.free_quote
    unit = inputs.instrument.base if is_sell else inputs.instrument.quote
    yield (
        _text(f"free {unit} isn't known") if free is None else _most("needs, of the free", need, free, unit)
    )
    least = inputs.limits.account_balance_threshold
    if least is not None and not is_sell:
        after = None if need is None or free is None else free - need
        yield _least("free after, before fees", after, least, unit)


def _margin(request: OrderRequest, inputs: RiskInputs) -> Iterator[Line]:
    least = inputs.limits.margin_threshold if inputs.has_margin else None
    yield _least("margin ratio", inputs.margin_ratio, least)


_MEASURED: Final[dict[str, Callable[[OrderRequest, RiskInputs], Iterator[Line]]]] = {
    "state": _state,
    "instrument": _instrument,
    "order_type": _order_type,
    "price": _price,
    "quantity": _quantity,
    "notional": _notional,
    "reduce_only": _reduce_only,
    "freshness": _freshness,
    "order_size": _order_size,
    "price_deviation": _price_deviation,
    "rate": _rate,
    "open_orders": _open_orders,
    "position": _position,
    "leverage": _leverage,
    "balance": _balance,
    "margin": _margin,
}
