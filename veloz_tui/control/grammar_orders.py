"""Buy and sell: quantity, instrument, price, then flags in any order (the form is in grammar.py). Pure."""

import re
from collections import deque
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import msgspec

from veloz_tui.control.grammar_types import GrammarContext, Parsed, fault
from veloz_tui.control.grammar_values import (
    find_instrument,
    held,
    is_instrument,
    looks_like_number,
    money_text,
    number,
    position_text,
    price_text,
    quantity_text,
    shown,
)
from veloz_tui.domain.commands import PlaceOrder
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import Asset, OrderType, Side, TimeInForce
from veloz_tui.domain.views import InstrumentView

STOP_ROOM_BPS = 50
"""How far beyond its trigger a stop's limit price lies when none is given."""
MAX_TICKS_AWAY = 100_000

_RELATIVE = re.compile(r"@(bid|ask)(?:([+-])([0-9]{1,6})t)?")
_QUOTE_AMOUNT = re.compile(r"([0-9.,]+)([km]?)u")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)%")
_THOUSANDS = {"": Decimal(1), "k": Decimal(1000), "m": Decimal(1_000_000)}
_LIFETIMES = {"gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC, "fok": TimeInForce.FOK}
_FLAGS = {*_LIFETIMES, "post", "reduce"}
ORDER_WORDS = ("@bid", "@ask", "@mid", "market", "stop", "post", "ioc", "fok", "gtc", "reduce")


class _Terms(msgspec.Struct):
    """The words after the instrument, sorted; each may be said once."""

    price: str = ""
    stop: str = ""
    is_market: bool = False
    flags: set[str] = msgspec.field(default_factory=set)

    def lifetime(self) -> TimeInForce:
        said = [word for word in _LIFETIMES if word in self.flags]
        if len(said) > 1:
            fault(f"{' and '.join(said)} exclude each other: write one")
        return _LIFETIMES[said[0]] if said else TimeInForce.GTC


def parse_order(side: Side, words: Sequence[str], context: GrammarContext) -> Parsed:
    """Read what follows `buy` or `sell`; words in lower case."""
    verb = side.lower()
    example = f"{verb} 0.5 btc @64,123.60 | {verb} 1000u btc market"
    if not words:
        fault(f"{verb} what? {example}")
    if not looks_like_number(words[0]):
        hint = (
            f"write the quantity first: {verb} 0.5 {shown(words[0])}"
            if is_instrument(words[0], context)
            else example
        )
        fault(f"{shown(words[0])} is no quantity; {hint}")
    if len(words) == 1:
        fault(f"of what? {verb} {shown(words[0])} btc @64,123.60")
    instrument = find_instrument(words[1], context)
    terms = _read_terms(words[2:])
    _check_terms(terms)
    request = _request(side, words[0], instrument=instrument, terms=terms, context=context)
    return Parsed(
        PlaceOrder(command_id=context.next_command_id(), request=request),
        review=review_order(request, instrument),
        increases_risk=not request.reduce_only,
    )


def _read_terms(words: Sequence[str]) -> _Terms:
    terms = _Terms()
    rest = deque(words)
    while rest:
        word = rest.popleft()
        if word == "stop":
            _say_once("stop", terms.stop)
            terms.stop = rest.popleft().removeprefix("@") if rest else fault("stop at what? stop 63,800")
        elif word == "market":
            _say_once("market", "market" if terms.is_market else "")
            terms.is_market = True
        elif word.startswith("@"):
            _say_once("the price", terms.price)
            terms.price = word
        elif word in _FLAGS:
            _say_once(word, word if word in terms.flags else "")
            terms.flags.add(word)
        else:
            fault(f"{shown(word)} means nothing here; it can be {' '.join(ORDER_WORDS)}", *ORDER_WORDS)
    return terms


def _say_once(name: str, earlier: str) -> None:
    if earlier:
        fault(f"{name} is said twice")


def _check_terms(terms: _Terms) -> None:
    if terms.is_market and (terms.price or terms.stop):
        fault("market has no price: drop one of them")
    if not (terms.is_market or terms.price or terms.stop):
        fault("no price: add @64,123.60 or market", "@bid", "@ask", "@mid", "market")
    lifetime = terms.lifetime()
    if "post" in terms.flags and (terms.is_market or terms.stop or lifetime is not TimeInForce.GTC):
        fault("post goes with a resting limit order only: drop it, or drop market, stop, ioc, fok")
    if (terms.is_market or terms.stop) and terms.flags & _LIFETIMES.keys() - {"gtc"}:
        fault("ioc and fok go with a limit order only")


def _request(
    side: Side, quantity: str, *, instrument: InstrumentView, terms: _Terms, context: GrammarContext
) -> OrderRequest:
    stop = number(terms.stop, what="stop") if terms.stop else None
    price = read_price(terms.price, side, instrument) if terms.price else None
    if stop is not None and price is None:
        price = _beyond(stop, side, instrument)
    expected = price if price is not None else _touch(side, instrument)
    return OrderRequest(
        instrument_id=instrument.instrument_id,
        side=side,
        quantity=read_quantity(quantity, side, instrument=instrument, price=expected, context=context),
        order_type=_order_type(terms),
        price=price,
        stop_price=stop,
        time_in_force=terms.lifetime(),
        post_only="post" in terms.flags,
        reduce_only="reduce" in terms.flags,
    )


def _order_type(terms: _Terms) -> OrderType:
    if terms.is_market:
        return OrderType.MARKET
    return OrderType.STOP_LIMIT if terms.stop else OrderType.LIMIT


def read_price(word: str, side: Side, instrument: InstrumentView) -> Decimal:
    """Read `@64,123.60`, `@bid-2t`, `@ask`, `@mid`. A relative price needs a fresh book."""
    if word == "@mid":
        bid, ask = _fresh("bid", instrument), _fresh("ask", instrument)
        return _on_tick((bid + ask) / 2, side, instrument)
    found = _RELATIVE.fullmatch(word)
    if found is None:
        if word.startswith(("@bid", "@ask", "@mid")):
            fault(f"{shown(word)}: write @bid, @bid-2t (two ticks), @ask+1t or @mid")
        return number(word.removeprefix("@"), what="price")
    ticks = int(found[3] or 0) * (-1 if found[2] == "-" else 1)
    if abs(ticks) > MAX_TICKS_AWAY:
        fault(f"{shown(word)}: at most {MAX_TICKS_AWAY:,} ticks away")
    price = _fresh(found[1], instrument) + ticks * instrument.tick_size
    if price <= 0:
        fault(f"{shown(word)} is not above 0")
    return price


def _fresh(which: str, instrument: InstrumentView) -> Decimal:
    if instrument.stale_reason:
        fault(f"{instrument.display} is stale ({instrument.stale_reason}): write the price in digits")
    price = instrument.bid if which == "bid" else instrument.ask
    if price is None:
        return fault(f"{instrument.display} has no {which} now: write the price in digits")
    return price


def _on_tick(price: Decimal, side: Side, instrument: InstrumentView) -> Decimal:
    rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    return (price / instrument.tick_size).to_integral_value(rounding) * instrument.tick_size


def _beyond(stop: Decimal, side: Side, instrument: InstrumentView) -> Decimal:
    # Room for the market to run on before the limit order is in the book.
    limit = stop * (1 + Decimal(side.sign * STOP_ROOM_BPS) / 10_000)
    return _on_tick(limit, side.opposite, instrument)


def _touch(side: Side, instrument: InstrumentView) -> Decimal | None:
    return instrument.ask if side is Side.BUY else instrument.bid


def read_quantity(
    word: str, side: Side, *, instrument: InstrumentView, price: Decimal | None, context: GrammarContext
) -> Decimal:
    """Read `0.5`, `1000u`, `25%`, `max`, `pos`; what is worked out is rounded down to the lot."""
    if word == "pos":
        return _from_position(side, instrument, context)
    if word == "max":
        return _from_free(Decimal(1), side, instrument=instrument, price=price, context=context)
    if found := _PERCENT.fullmatch(word):
        fraction = Decimal(found[1]) / 100
        if not 0 < fraction <= 1:
            fault(f"{shown(word)}: more than 0 and at most 100%")
        return _from_free(fraction, side, instrument=instrument, price=price, context=context)
    if found := _QUOTE_AMOUNT.fullmatch(word):
        amount = number(found[1], what="amount") * _THOUSANDS[found[2]]
        return _in_lots(amount / _known(price, instrument), instrument, meant=f"{shown(word)}")
    if "," in word and word.replace(",", "").replace(".", "").isdigit():
        return _comma_fault(word)
    return number(word, what="quantity")


def _comma_fault(word: str) -> Decimal:
    # 1,500 of something is one and a half or fifteen hundred, depending on who reads it.
    plain, point = word.replace(",", ""), word.replace(",", ".", 1)
    if word.count(",") == 1 and "." not in word:
        text = point if word.startswith("0") or len(word.partition(",")[2]) != 3 else f"{point} or {plain}"
    else:
        text = plain
    return fault(f"quantity {shown(word)}: write {text}")


def _from_position(side: Side, instrument: InstrumentView, context: GrammarContext) -> Decimal:
    quantity = held(instrument, context)
    if not quantity:
        fault(f"no position in {instrument.display}")
    if (quantity > 0) is (side is Side.BUY):
        fault(f"{instrument.display} is {position_text(quantity)}: {side.lower()} pos would grow it")
    # A fee taken in the base asset leaves a position between two lots.
    return _in_lots(abs(quantity), instrument, meant=f"position {quantity_text(abs(quantity))}")


def _from_free(
    fraction: Decimal,
    side: Side,
    *,
    instrument: InstrumentView,
    price: Decimal | None,
    context: GrammarContext,
) -> Decimal:
    asset = instrument.quote if side is Side.BUY else instrument.base
    free = _free(asset, instrument, context)
    quantity = free * fraction if side is Side.SELL else free * fraction / _known(price, instrument)
    return _in_lots(quantity, instrument, meant=f"{fraction:%} of {quantity_text(free)} {asset}")


def _free(asset: Asset, instrument: InstrumentView, context: GrammarContext) -> Decimal:
    for line in context.account.assets:
        if line.asset == asset and line.venue == instrument.venue:
            return line.free
    return fault(f"free {asset} is unknown: write the quantity in digits")


def _known(price: Decimal | None, instrument: InstrumentView) -> Decimal:
    if price is None:
        return fault(f"{instrument.display} has no price now: write the quantity in digits")
    return price


def _in_lots(quantity: Decimal, instrument: InstrumentView, *, meant: str) -> Decimal:
    lot = instrument.lot_size
    quantity = (quantity / lot).to_integral_value(ROUND_FLOOR) * lot
    if quantity <= 0:
        fault(f"{meant} is less than one lot of {quantity_text(lot)} {instrument.base}")
    return quantity


def review_order(request: OrderRequest, instrument: InstrumentView) -> str:
    """`BUY 0.05 BTC-USDT.BIN @64,123.60 LIMIT GTC post = 3,206.18 USDT`"""
    words = [
        request.side,
        quantity_text(request.quantity),
        instrument.display,
        *_review_price(request, instrument),
    ]
    if request.post_only:
        words.append("post")
    if request.reduce_only:
        words.append("reduce")
    price = request.price if request.price is not None else _touch(request.side, instrument)
    value = (
        money_text(request.quantity * price, instrument.quote) if price is not None else "- (no price now)"
    )
    return " ".join([*words, "=", value])


def _review_price(request: OrderRequest, instrument: InstrumentView) -> list[str]:
    limit = f"@{price_text(request.price, instrument)}" if request.price is not None else ""
    match request.order_type:
        case OrderType.LIMIT:
            return [limit, "LIMIT", request.time_in_force]
        case OrderType.STOP_LIMIT if request.stop_price is not None:
            return ["STOP", price_text(request.stop_price, instrument), "limit", limit, request.time_in_force]
        case _:
            touch = _touch(request.side, instrument)
            about = f"now about {price_text(touch, instrument)}" if touch is not None else "now"
            return ["MARKET", about + (" (STALE)" if instrument.stale_reason else "")]
