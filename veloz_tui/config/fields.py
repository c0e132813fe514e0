"""Types of single settings: what is accepted, and what to write instead of what is not."""

import re
from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from veloz_tui.domain.types import Mode

REFUSED = "refused"
OFF = "off"
SYMBOL = re.compile(r"[^\s.]{1,40}")
VENUES = ("BINANCE",)
MAX_INSTRUMENTS = 50


def refuse(what: str, remedy: str) -> PydanticCustomError:
    """Make the error of a field: what is wrong with it, and what to write instead."""
    return PydanticCustomError(REFUSED, "{what}", {"what": what, "remedy": remedy})


def _no_bool(value: object) -> object:
    # pydantic takes true for 1
    if isinstance(value, bool):
        raise refuse(f"{str(value).lower()} is not a number", "write a number, without quotes")
    return value


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool | list | dict | None):
        raise refuse(f"{value!r} is not a number", "write a number such as 0.05")
    text = str(value).strip()  # a float's text has all the digits that were written
    try:
        number = Decimal(text)
    except InvalidOperation:
        hint = text.replace(",", ".") if re.fullmatch(r"\d+,\d+", text) else "a number such as 0.05"
        raise refuse(f"{value!r} is not a number", f"write {hint}") from None
    if not number.is_finite():
        raise refuse(f"{value} is not a number to trade with", "write a number such as 0.05")
    return number


def _positive(value: object) -> Decimal:
    number = _decimal(value)
    if number <= 0:
        raise refuse(f"{number} can't be used: it must be more than 0", "write a number above 0")
    return number


def _limit(value: object) -> Decimal | None:
    if value is None or (isinstance(value, str) and value.strip().lower() == OFF):
        return None
    number = _decimal(value)
    if number <= 0:
        raise refuse(
            f"a limit of {number} would refuse every order",
            'write the largest value you allow, or "off" for no limit; to stop trading: veloz kill',
        )
    return number


def _whole_limit(value: object) -> int | None:
    number = _limit(value)
    if number is None:
        return None
    if number != int(number):
        raise refuse(f"{number} is not a whole number", f"write {int(number) + 1} or {int(number) or OFF}")
    return int(number)


def _threshold(value: object) -> Decimal | None:
    if not isinstance(value, str) and value is not None and _decimal(value) <= 0:
        raise refuse(
            f"a threshold of {value} says nothing", 'write a number above 0, or "off" to switch it off'
        )
    return _limit(value)


def _override(value: object) -> Decimal | None:
    if isinstance(value, str) and value.strip().lower() == OFF:
        raise refuse(
            "one instrument can't switch a limit off",
            "write a larger value, or leave the line out for [risk]'s",
        )
    return _limit(value)


def _below_one(value: Decimal | None) -> Decimal | None:
    if value is not None and value >= 1:
        percent = value.normalize()
        raise refuse(f"{percent:f} is {value * 100:f} %", f"write {value / 100:f} for {percent:f} %")
    return value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _split(value: object) -> object:
    # An environment variable has no lists: a,b,c
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _boolean(value: object) -> object:
    # Only the environment's texts are turned into booleans; pydantic would take 1, "on" and "y" too.
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise refuse(f"{value!r} is not a yes or no", "write true or false")
    return value


def instrument_id(text: str) -> str:
    """Read `btcusdt` or `BTCUSDT.BINANCE`; the venue may be left out while there is only one."""
    symbol, _, venue = text.upper().partition(".")
    venue = venue or VENUES[0]
    if not SYMBOL.fullmatch(symbol):
        raise refuse(f"{text!r} is not an instrument", "write symbol and venue: BTCUSDT.BINANCE")
    if venue not in VENUES:
        raise refuse(f"{text!r} names a venue that is not known: {venue}", f"use one of {', '.join(VENUES)}")
    return f"{symbol}.{venue}"


def _instruments(values: tuple[str, ...]) -> tuple[str, ...]:
    found = tuple(instrument_id(value) for value in values)
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise refuse(f"{twice} is listed twice", "remove one of them")
    if not 1 <= len(found) <= MAX_INSTRUMENTS:
        raise refuse(f"{len(found)} instruments", f'name 1 to {MAX_INSTRUMENTS}, for example ["BTCUSDT"]')
    return found


def _clock(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise refuse(f"{value!r} is not a time of day", 'write hours and minutes in UTC, for example "00:00"')
    return value


Whole = Annotated[int, BeforeValidator(_no_bool)]
Number = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False)]
Flag = Annotated[bool, BeforeValidator(_boolean)]
Positive = Annotated[Decimal, BeforeValidator(_positive)]
Limit = Annotated[Decimal | None, BeforeValidator(_limit)]
# The bound is the number's own: "off" has none.
OrdersASecond = Annotated[Annotated[int, Field(le=1_000)] | None, BeforeValidator(_whole_limit)]
OpenOrders = Annotated[Annotated[int, Field(le=10_000)] | None, BeforeValidator(_whole_limit)]
Threshold = Annotated[Decimal | None, BeforeValidator(_threshold)]
FractionLimit = Annotated[Decimal | None, BeforeValidator(_limit), AfterValidator(_below_one)]
FractionThreshold = Annotated[Decimal | None, BeforeValidator(_threshold), AfterValidator(_below_one)]
Override = Annotated[Decimal | None, BeforeValidator(_override)]
FractionOverride = Annotated[Decimal | None, BeforeValidator(_override), AfterValidator(_below_one)]
Words = Annotated[tuple[str, ...], BeforeValidator(_split)]
Instruments = Annotated[Words, AfterValidator(_instruments)]
InstrumentName = Annotated[str, AfterValidator(instrument_id)]
UpperMode = Annotated[Mode, BeforeValidator(_upper)]
TimeOfDay = Annotated[str, AfterValidator(_clock)]
