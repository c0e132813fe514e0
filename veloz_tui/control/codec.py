"""Frames of the control socket: typed messages to msgpack bytes and back, with hostile numbers refused."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from veloz_tui.control.messages import FromConsole, FromEngine, Hello, Question, Request
from veloz_tui.domain.commands import AmendOrder, AnyCommand, ClosePosition, PlaceOrder
from veloz_tui.domain.errors import OperatorError

# No price or quantity on earth needs more; arithmetic on 1E+999999 would take the engine's memory.
MAX_EXPONENT = 30

_ENCODER = msgspec.msgpack.Encoder()
_FROM_CONSOLE: msgspec.msgpack.Decoder[FromConsole] = msgspec.msgpack.Decoder(FromConsole)
_FROM_ENGINE: msgspec.msgpack.Decoder[FromEngine] = msgspec.msgpack.Decoder(FromEngine)


class GarbledFrame(OperatorError):
    """A frame that isn't of this protocol; the text says what is wrong with it."""


def encode(message: FromConsole | FromEngine) -> bytes:
    return _ENCODER.encode(message)


def decode_from_console(frame: bytes | str) -> Hello | Request | Question:
    """Read one frame of a console. GarbledFrame if it isn't one."""
    try:
        return _FROM_CONSOLE.decode(_binary(frame))
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise GarbledFrame(f"not a frame of this protocol: {error}") from error


def decode_from_engine(frame: bytes | str) -> FromEngine:
    """Read one frame of an engine. GarbledFrame if it isn't one: engine and console differ in version."""
    try:
        return _FROM_ENGINE.decode(_binary(frame))
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise GarbledFrame(f"not a frame of this protocol: {error}") from error


def bad_number(command: AnyCommand) -> str:
    """Say which number of a command is no sane positive one; empty if all are."""
    for name, value in _numbers(command):
        if not value.is_finite() or value <= 0 or not -MAX_EXPONENT <= value.adjusted() <= MAX_EXPONENT:
            return f"{name} must be a positive number, got {str(value)[:40]}"
        if len(value.as_tuple().digits) > 2 * MAX_EXPONENT:
            return f"{name} has too many digits"
    return ""


def _binary(frame: bytes | str) -> bytes:
    if isinstance(frame, str):
        raise GarbledFrame("not a frame of this protocol: text instead of bytes")
    return frame


def _numbers(command: AnyCommand) -> Iterator[tuple[str, Decimal]]:
    if isinstance(command, PlaceOrder):
        request = command.request
        yield "quantity", request.quantity
        yield from _given(("price", request.price), ("stop price", request.stop_price))
    elif isinstance(command, AmendOrder):
        yield from _given(
            ("price", command.price), ("quantity", command.quantity), ("stop price", command.stop_price)
        )
    elif isinstance(command, ClosePosition):
        yield "fraction", command.fraction
        yield from _given(("price", command.price))


def _given(*pairs: tuple[str, Decimal | None]) -> Iterator[tuple[str, Decimal]]:
    for name, value in pairs:
        if value is not None:
            yield name, value
