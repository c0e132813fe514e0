"""Typed decoding that can only fail with ProtocolError. Pure."""

from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from veloz_tui.domain.errors import ProtocolError
from veloz_tui.domain.types import MILLISECOND, Nanos

T = TypeVar("T")
_MAX_AMOUNT = Decimal("1e18")
_MAX_MILLIS = 2**53
_VENUE = "BINANCE"


class Shape(Generic[T]):
    """A msgspec decoder with a name for its errors. Numbers may come quoted."""

    __slots__ = ("_decoder", "_name")

    def __init__(self, kind: type[T], name: str) -> None:
        self._decoder = msgspec.json.Decoder(kind, strict=False)
        self._name = name

    def decode(self, data: bytes | msgspec.Raw) -> T:
        try:
            return self._decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(self._name, str(error)) from None


def unreadable(what: str, why: str) -> ProtocolError:
    return ProtocolError(f"unreadable {what}: {why[:200]}", venue=_VENUE)


def as_amount(value: Decimal, name: str) -> Decimal:
    """A price or a quantity: finite, not negative, not absurd (Decimal reads NaN, Infinity and 1E+999)."""
    if value.is_finite() and 0 <= value < _MAX_AMOUNT:
        return value
    raise unreadable(name, f"{value} is not an amount")


def as_nanos(milliseconds: int) -> Nanos:
    if 0 <= milliseconds < _MAX_MILLIS:
        return Nanos(milliseconds * MILLISECOND)
    raise unreadable("time", f"{milliseconds} is not in Unix milliseconds")
