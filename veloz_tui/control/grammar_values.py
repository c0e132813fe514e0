"""The grammar's nouns: numbers, instruments, venues, order ids, strategies, how they are written. Pure."""

import re
from collections.abc import Iterable
from decimal import Decimal

from veloz_tui.control.grammar_types import GrammarContext, fault
from veloz_tui.domain.types import ZERO, StrategyId, VenueId
from veloz_tui.domain.views import InstrumentView, OrderView, PositionView

_PLAIN = re.compile(r"[0-9]{1,15}(\.[0-9]{0,12})?|\.[0-9]{1,12}")
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(,[0-9]{3}){1,4}(\.[0-9]{1,12})?")
_DECIMAL_COMMA = re.compile(r"[0-9]{1,15},[0-9]{1,12}")
_SHOWN_CHOICES = 8


def shown(word: str) -> str:
    """A word as typed, safe to print and short."""
    text = "".join(letter if letter.isprintable() else "?" for letter in word[:41])
    return text if len(word) <= 40 else text[:40] + "…"


def number(word: str, *, what: str) -> Decimal:
    """Read a positive number: `0.5`, `.5`, `64123.60`, `64,123.60`."""
    if _GROUPED.fullmatch(word):
        value = Decimal(word.replace(",", ""))
    elif _PLAIN.fullmatch(word):
        value = Decimal(word)
    else:
        return fault(_not_a_number(word, what))
    if value <= 0:
        fault(f"{what} must be more than 0")
    return value


def _not_a_number(word: str, what: str) -> str:
    if _DECIMAL_COMMA.fullmatch(word):
        return f"{what} {shown(word)}: write {word.replace(',', '.')}"
    if re.fullmatch(r"[0-9.,]+[kKmM]", word):
        return f"{what} {shown(word)}: k and m only with u, as in 10ku; else write all digits"
    return f"{what} {shown(word)}: not a number, write it like 0.5 or 64,123.60"


def looks_like_number(word: str) -> bool:
    return re.fullmatch(r"[0-9.,]+[kKmM]?[uU]?%?|max|pos", word) is not None


def decimals_of(step: Decimal) -> int:
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def price_text(price: Decimal, instrument: InstrumentView) -> str:
    """With thousands commas and the tick's decimals; never rounded."""
    places = max(decimals_of(instrument.tick_size), decimals_of(price))
    return f"{price:,.{places}f}"


def quantity_text(quantity: Decimal) -> str:
    return f"{quantity:,.{decimals_of(quantity)}f}"


def money_text(value: Decimal, asset: str) -> str:
    return f"{value:,.{2 if abs(value) >= 1 else 8}f} {asset}"


def find_instrument(word: str, context: GrammarContext) -> InstrumentView:
    """`btc`, `btcusdt`, `btc/usdt`, `BTC-USDT.BIN`, `BTCUSDT.BINANCE`; more than one fit is a fault."""
    pair, venue = _split_venue(word.upper(), context)
    pair = re.sub(r"[-/_]", "", pair)
    pool = [one for one in context.instruments if venue is None or one.venue == venue]
    found = [one for one in pool if pair in {f"{one.base}{one.quote}", _symbol(one)}]
    found = found or [one for one in pool if pair == one.base]
    if len(found) == 1:
        return found[0]
    if found:
        names = _names(found)
        fault(f"{shown(word)} can be {', '.join(names[:_SHOWN_CHOICES])}: write which", *names)
    names = _names(_alike(pair, pool) or pool)
    return fault(
        f"no instrument {shown(word)}; there is {', '.join(names[:_SHOWN_CHOICES]) or 'none yet'}", *names
    )


def is_instrument(word: str, context: GrammarContext) -> bool:
    """True if the word names one or more instruments."""
    pair, venue = _split_venue(word.upper(), context)
    pair = re.sub(r"[-/_]", "", pair)
    return any(
        pair in {f"{one.base}{one.quote}", _symbol(one), one.base}
        for one in context.instruments
        if venue is None or one.venue == venue
    )


def own_first(context: GrammarContext) -> list[InstrumentView]:
    """Instruments with a position or orders of ours first."""
    ours = {one.instrument_id for one in context.orders}
    ours |= {one.instrument_id for one in context.positions if one.quantity}
    return sorted(context.instruments, key=lambda one: (one.instrument_id not in ours, one.display))


def instrument_of(instrument_id: str, context: GrammarContext) -> InstrumentView | None:
    return next((one for one in context.instruments if one.instrument_id == instrument_id), None)


def display_of(instrument_id: str, context: GrammarContext) -> str:
    """`BTC-USDT.BIN`, or the id itself where the instrument isn't known."""
    found = instrument_of(instrument_id, context)
    return found.display if found is not None else instrument_id


def find_venue(word: str, context: GrammarContext) -> VenueId | None:
    """`bin`, `.bin`, `binance`; None if it is no venue of ours."""
    wanted = word.upper().removeprefix(".")
    return next((one.venue for one in context.instruments if wanted in {one.venue, _code(one)}), None)


def find_order(word: str, context: GrammarContext) -> OrderView:
    """Find an order by any suffix of its id that only it has."""
    wanted = word.upper()
    found = [one for one in context.orders if one.client_order_id.upper().endswith(wanted)]
    exact = [one for one in found if wanted in {one.client_order_id.upper(), one.short_id.upper()}]
    found = exact if len(exact) == 1 else found
    if len(found) == 1:
        return found[0]
    if found:
        ids = tuple(one.short_id for one in found)
        fault(
            f"{shown(word)} ends {len(found)} ids: {', '.join(ids[:_SHOWN_CHOICES])}; write more of it", *ids
        )
    successor = next((one for one in context.orders if (one.replaces or "").upper().endswith(wanted)), None)
    if successor is not None and wanted:
        fault(f"{shown(word)} was amended: it is {successor.short_id} now", successor.short_id)
    ids = tuple(one.short_id for one in context.orders)
    return fault(f"no open order {shown(word)}; open are {', '.join(ids[:_SHOWN_CHOICES]) or 'none'}", *ids)


def find_strategy(word: str, context: GrammarContext) -> StrategyId:
    """Find a strategy by its name or by a beginning that only it has."""
    names = [one.strategy_id for one in context.strategies]
    wanted = word.lower()
    found = [one for one in names if one.lower() == wanted]
    found = found or [one for one in names if one.lower().startswith(wanted)]
    if len(found) == 1:
        return found[0]
    choices = tuple(found or names)
    what = "can be" if found else "is no strategy; there is"
    return fault(f"{shown(word)} {what} {', '.join(choices[:_SHOWN_CHOICES]) or 'none'}", *choices)


def find_position(instrument: InstrumentView, context: GrammarContext) -> PositionView | None:
    """The position in an instrument; None if it is flat."""
    return next(
        (one for one in context.positions if one.instrument_id == instrument.instrument_id and one.quantity),
        None,
    )


def held(instrument: InstrumentView, context: GrammarContext) -> Decimal:
    """The signed position in an instrument."""
    position = find_position(instrument, context)
    return position.quantity if position is not None else ZERO


def position_text(quantity: Decimal) -> str:
    """`LONG 0.45`"""
    return f"{'LONG' if quantity > 0 else 'SHORT'} {quantity_text(abs(quantity))}" if quantity else "flat"


def _split_venue(word: str, context: GrammarContext) -> tuple[str, VenueId | None]:
    pair, dot, suffix = word.rpartition(".")
    if not dot:
        return word, None
    venue = find_venue(suffix, context)
    if venue is None:
        codes = tuple(sorted({f".{_code(one)}" for one in context.instruments}))
        fault(f"no venue .{shown(suffix)}; there is {', '.join(codes) or 'none yet'}", *codes)
    return pair, venue


def _symbol(instrument: InstrumentView) -> str:
    return instrument.instrument_id.rpartition(".")[0]


def _code(instrument: InstrumentView) -> str:
    return instrument.display.rpartition(".")[2]


def _names(instruments: Iterable[InstrumentView]) -> tuple[str, ...]:
    return tuple(one.display for one in instruments)


def _alike(pair: str, pool: list[InstrumentView]) -> list[InstrumentView]:
    return [one for one in pool if pair and (one.base.startswith(pair[:3]) or pair in _symbol(one))]
