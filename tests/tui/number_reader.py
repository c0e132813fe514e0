"""Reads the numbers off a drawn screen and compares them with the View, without the console's own formatting.

A cell is found by its column's title: numbers end where the title ends. A number may be `####`, or its whole
column may be gone; anything else has to be the engine's value, rounded to the decimals that are shown.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from tests.tui.drawn import Drawn
from veloz_tui.domain.types import ZERO, Side
from veloz_tui.domain.views import (
    AssetView,
    InstrumentView,
    LogEntry,
    OrderView,
    PositionView,
    StrategyView,
    TradeView,
    View,
)

_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(k|M|G|%|s|m|h|d|ms)?")
_AMOUNTS = {"k": 3, "M": 6, "G": 9}
_AGES = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_TEN_THOUSAND = Decimal(10_000)


class Wrong(AssertionError):
    """A number on the screen that the engine didn't say."""


class Value(NamedTuple):
    """What a cell has to show."""

    value: Decimal | None
    exact: bool = False
    signed: bool = False
    zero_dot: bool = False
    age: bool = False


class Read(NamedTuple):
    """A number as written: its value and the worth of its last digit."""

    value: Decimal
    step: Decimal
    sign: str


def read(text: str) -> Read | None:
    """The number in a cell, None if it is none."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    sign, whole, decimals, unit = found.groups()
    power = _AMOUNTS.get(unit or "", 0)
    step = Decimal(1).scaleb(power - len(decimals or ""))
    value = Decimal(f"{sign}{whole.replace(',', '')}.{decimals or 0}").scaleb(power)
    return Read(value * _AGES.get(unit or "", 1), step * _AGES.get(unit or "", 1), sign)


def check(text: str, wanted: Value, where: str) -> None:
    """Raises Wrong unless the cell says the value."""
    if set(text) == {"#"}:
        return
    problem = _problem(text, wanted)
    if problem:
        raise Wrong(f"{where}: {text!r} for {wanted.value}: {problem}")


def _problem(text: str, wanted: Value) -> str:
    value = wanted.value
    if value is None:
        return "" if text == "-" else "unknown is a dash"
    if text in {"·", "."}:
        return "" if value == 0 and wanted.zero_dot else "a dot is a size of nothing"
    found = read(text)
    if found is None:
        return "no number"
    if wanted.age:
        return "" if 0 <= max(value, ZERO) - found.value < found.step else "another age"
    if wanted.exact and found.value != value:
        return "not exact"
    if abs(found.value - value) * 2 > found.step:
        return "not the value to these decimals"
    if wanted.zero_dot and value != 0 and found.value == 0:
        return "something looks like nothing"
    expected = ("+" if found.value > 0 else "") if wanted.signed else ""
    expected = "-" if found.value < 0 else expected
    return "" if found.sign == expected else "sign"


# -- columns ------------------------------------------------------------------------------------------


def cells(header: str, row: str, titles: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The number under each title that the header has."""
    for title in titles:
        found = re.search(rf"(?<!\S){re.escape(title)}(?!\S)", header)
        if found is None:
            continue
        before, after = row[: found.end()], row[found.end() : found.end() + 1]
        if after.strip():
            raise Wrong(f"{title}: the cell goes on behind its column: {row!r}")
        words = before.split(" ")
        yield title, words[-1]


def _bps(value: Decimal | None, base: Decimal | None) -> Decimal | None:
    return None if value is None or not base else (value - base) / base * _TEN_THOUSAND


def times(value: Decimal | None, factor: int) -> Decimal | None:
    return None if value is None else value * factor


def order_values(order: OrderView, drawn: Drawn) -> dict[str, Value]:
    instrument = drawn.instrument(order.instrument_id)
    touch = None if instrument is None else instrument.bid if order.side is Side.BUY else instrument.ask
    acts_at = order.stop_price if order.stop_price is not None else order.price
    age = Decimal(drawn.view.status.at - order.created_at) / 10**9
    return {
        "price": Value(acts_at, exact=True),
        "left": Value(order.leaves, exact=True, zero_dot=True),
        "fi%": Value(order.filled / order.quantity * 100 if order.quantity else None),
        "age": Value(age, age=True),
        "ahead": Value(order.ahead, zero_dot=True),
        "bp": Value(None if order.price is None else _bps(order.price, touch)),
    }


def position_values(position: PositionView, drawn: Drawn) -> dict[str, Value]:
    side = 1 if position.quantity > 0 else -1
    away = None if position.mark is None else _bps(position.mark, position.break_even)
    return {
        "qty": Value(abs(position.quantity), exact=True),
        "unrl": Value(position.unrealized, signed=True),
        "entry": Value(position.entry),
        "b/even": Value(position.break_even),
        "bp": Value(times(away, side)),
        "mark": Value(position.mark),
        "lim": Value(times(position.limit_fraction, 100)),
        "real": Value(position.realized_today, signed=True),
    }


def asset_values(asset: AssetView, drawn: Drawn) -> dict[str, Value]:
    return {
        "total": Value(asset.total, zero_dot=True),
        "free": Value(asset.free, zero_dot=True),
        "locked": Value(asset.locked, zero_dot=True),
        "value": Value(asset.value),
        "%eq": Value(times(asset.equity_fraction, 100)),
    }


def watch_values(instrument: InstrumentView, drawn: Drawn) -> dict[str, Value]:
    age = None if instrument.age_ms is None else Decimal(instrument.age_ms) / 1000
    return {
        "last": Value(instrument.last, exact=True),
        "day": Value(times(instrument.change_fraction, 100), signed=True),
        "spr bp": Value(_bps(instrument.ask, instrument.bid)),
        "age": Value(age, age=True),
        "pos": Value(instrument.position, exact=True, zero_dot=True),
        "vol": Value(instrument.turnover),
    }


def strategy_values(strategy: StrategyView, drawn: Drawn) -> dict[str, Value]:
    p99 = strategy.callback_p99_us
    return {
        "pos": Value(strategy.position, exact=True, signed=True, zero_dot=True),
        "day": Value(strategy.day_pnl, signed=True),
        "ord": Value(Decimal(strategy.open_orders), exact=True),
        "p99us": Value(None if p99 is None else Decimal(p99)),
        "rst": Value(Decimal(strategy.restarts), exact=True),
    }


def fill_values(entry: LogEntry, drawn: Drawn) -> dict[str, Value]:
    assert entry.fill is not None
    return {
        "price": Value(entry.fill.price, exact=True),
        "qty": Value(entry.fill.quantity, exact=True),
        "fee": Value(entry.fill.fee, exact=True),
    }


def trade_values(trade: TradeView, drawn: Drawn) -> dict[str, Value]:
    return {"price": Value(trade.price, exact=True), "qty": Value(trade.quantity, exact=True)}


def _by_key(view: View, fills: Sequence[LogEntry]) -> dict[str, dict[str, object]]:
    return {
        "orders": {each.client_order_id: each for each in view.orders},
        "positions": {each.instrument_id: each for each in view.positions},
        "account": {f"{each.venue}/{each.asset}": each for each in view.account.assets},
        "watch": {each.instrument_id: each for each in view.instruments},
        "strategies": {each.strategy_id: each for each in view.strategies},
        "fills": {str(each.seq): each for each in fills},
    }


_VALUES: Mapping[str, Callable[..., dict[str, Value]]] = {
    "orders": order_values,
    "positions": position_values,
    "account": asset_values,
    "watch": watch_values,
    "strategies": strategy_values,
    "fills": fill_values,
}


def check_tables(drawn: Drawn) -> int:
    """Every number in every pane of rows; returns how many were read."""
    count = 0
    entities = _by_key(drawn.view, drawn.fills)
    for pane, make in _VALUES.items():
        header = drawn.header(pane)
        for key, line in drawn.rows(pane):
            values = make(entities[pane][key], drawn)
            for title, text in cells(header, line, list(values)):
                check(text, values[title], f"{pane} {key} {title}")
                count += 1
    return count + _check_tape(drawn)


def _check_tape(drawn: Drawn) -> int:
    header, count = drawn.header("tape"), 0
    for trade, line in zip(drawn.trades, drawn.body("tape"), strict=False):
        values = trade_values(trade, drawn)
        for title, text in cells(header, line, list(values)):
            check(text, values[title], f"tape {title}")
            count += 1
    return count


# -- labelled numbers ---------------------------------------------------------------------------------


def labelled(view: View) -> list[tuple[str, Value]]:
    """Patterns with one group, and what it must be, for the status lines and titles."""
    account, status = view.account, view.status
    fees = None if account.day_fees is None else -account.day_fees
    cell = r"([^\s│|()]+)"
    return [
        (rf"[ │|]eq {cell}", Value(account.equity)),
        (rf" free {cell}", Value(account.free)),
        (rf"[ │|]day {cell}", Value(account.day_pnl, signed=True)),
        (rf"\(real {cell}", Value(account.day_realized, signed=True)),
        (rf" unrl {cell} fee", Value(account.day_unrealized, signed=True)),
        (rf" fee {cell}\)", Value(fees, signed=True)),
        (r"(?<=\d) r([+-]?[\d,]+|-) u", Value(account.day_realized, signed=True)),
        (r" r\S+ u([^\s│|]+)", Value(account.day_unrealized, signed=True)),
        (rf"[ │|]dd {cell}", Value(times(account.drawdown_fraction, 100))),
        (r"[ │|]ord (\d+)", Value(Decimal(status.orders_open), exact=True)),
        (r"[ │|]doubt (\d+)", Value(Decimal(status.orders_in_doubt), exact=True)),
        (r"[ │|]!(\d+)", Value(Decimal(status.alerts_unacknowledged), exact=True)),
    ]


def check_labelled(lines: Sequence[str], patterns: Sequence[tuple[str, Value]], where: str) -> int:
    """Every labelled number found in the lines."""
    count = 0
    for line in lines:
        for pattern, wanted in patterns:
            for found in re.finditer(pattern, line):
                check(found.group(1), wanted, f"{where} {pattern}")
                count += 1
    return count


def check_venues(drawn: Drawn) -> int:
    """Ages and rates of each venue that the second status line shows."""
    count = 0
    for venue in drawn.view.venues:
        found = re.search(
            rf"{venue.code} \S( md (\S+?))?( rtt (\S+?))?( rate (\d+)%)?(?=[ │|]|$)", drawn.text("status")[1]
        )
        if found is None:
            continue
        for group, value in ((2, venue.market_age_ms), (4, venue.round_trip_ms)):
            if found.group(group) is not None:
                _check_ms(found.group(group), value)
                count += 1
        if found.group(6) is not None:
            assert venue.rate_used is not None
            check(found.group(6), Value(Decimal(venue.rate_used) * 100), "rate")
            count += 1
    return count


def _check_ms(text: str, value: float | None) -> None:
    if value is None or text[-1] not in "smhd":
        check(text, Value(None if value is None else Decimal(value)), "ms")
        return
    seconds = Decimal(value) / 1000
    check(text, Value(seconds, age="." not in text), "ms")


# -- the ladder ---------------------------------------------------------------------------------------


def check_ladder(drawn: Drawn) -> int:
    """Each row says its own price, with a mark behind it or none."""
    count = 0
    for key, line in drawn.rows("ladder"):
        words = re.split(r"[\s▲▼◂^v<>E=!L]+", line)
        numbers = [found.value for word in words if (found := read(word)) is not None]
        if Decimal(key) not in numbers and not any(set(word) == {"#"} for word in words):
            raise Wrong(f"ladder {key}: {line!r}")
        count += 1
    return count


# -- words with numbers in them -----------------------------------------------------------------------


def check_words(drawn: Drawn) -> int:
    """What strategies do and what alerts say: cut between words only, and then with a `~`."""
    doing = {str(each.strategy_id): each.doing for each in drawn.view.strategies}
    alerts = {each.key: each.text for each in drawn.view.alerts}
    count = 0
    for pane, title, told in (("strategies", "doing", doing), ("alerts", "alert", alerts)):
        found = re.search(rf"(?<!\S){title}(?!\S)", drawn.header(pane))
        for key, line in drawn.rows(pane) if found is not None else ():
            assert found is not None
            shown = line[found.start() :]
            if not is_beginning(shown, told[key]):
                raise Wrong(f"{pane} {key}: {shown!r} for {told[key]!r}")
            count += 1
    return count


def is_beginning(shown: str, told: str) -> bool:
    """True if a cell begins with the whole text, or with whole words of it and a `~`."""
    if shown.startswith(told):
        return True
    kept = shown.partition("~")[0]
    return "~" in shown and (not kept or (told.startswith(kept) and told[len(kept)] in " ,:;"))
