"""The frames between the engine and a strategy's process.

A frame is a fixed header (body length, run, event seq, the engine's now) and a msgpack body. The header is
apart so that one encoded book serves all strategies. Host to engine, `seq` says up to which event the
strategy's orders and position were known when its callback ran. The engine trusts nothing it reads here.
"""

import struct
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from veloz_tui.domain.book import Level
from veloz_tui.domain.errors import StrategyError
from veloz_tui.domain.events import (
    CancelRejected,
    CancelRequested,
    OrderAccepted,
    OrderCanceled,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderInDoubt,
    OrderNeverArrived,
    OrderNotSent,
    OrderProgressed,
    OrderRejected,
    OrderSubmitted,
)
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.intents import PlaceIntent, QuoteIntent
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.reports import TradePrinted
from veloz_tui.domain.types import InstrumentId, Nanos, OrderType, Side, StrategyId
from veloz_tui.strategy.base import MAX_INTENTS, MAX_LINES, Intent
from veloz_tui.strategy.views import OrderUpdate

HEADER = struct.Struct(">IIQQ")
MAX_BODY = 1 << 20

OwnEvent = (
    OrderCreated
    | OrderDenied
    | OrderNotSent
    | OrderSubmitted
    | OrderAccepted
    | OrderRejected
    | OrderInDoubt
    | CancelRequested
    | CancelRejected
    | OrderCanceled
    | OrderExpired
    | OrderFilled
    | OrderProgressed
    | OrderNeverArrived
)


class WireError(StrategyError):
    """The other side sent what can't be."""


class ToHost(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Engine to strategy."""


class Start(ToHost, frozen=True):
    """The first frame, once: what to run, within which limits, from which state."""

    strategy_id: StrategyId
    source: str
    folder: str
    params_json: bytes
    memory_mb: int
    nice: int
    instruments: tuple[Instrument, ...]
    positions: dict[InstrumentId, Decimal]
    orders: tuple[OrderUpdate, ...]
    is_probe: bool = False
    """Load it and say Hello, no more: whether its parameters will do."""


class Book(ToHost, frozen=True):
    instrument_id: InstrumentId
    at: Nanos
    bids: list[Level]
    asks: list[Level]


class Trade(ToHost, frozen=True):
    """`missed` trades before it were left out."""

    trade: TradePrinted
    missed: int


class Own(ToHost, frozen=True):
    """A durable event of one of the strategy's own orders. Never left out, always in order."""

    side: Side
    event: OwnEvent


class Check(ToHost, frozen=True):
    """Say whether these parameters will do; answered by Checked, nothing is changed."""

    check_id: str
    params_json: bytes


class SetParams(ToHost, frozen=True):
    """Take these parameters, which were checked; answered by Done like a callback."""

    params_json: bytes


class Stop(ToHost, frozen=True):
    reason: str


class FromHost(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """Strategy to engine."""


class Hello(FromHost, frozen=True):
    """Loaded; `wants` are the callbacks it has written."""

    wants: tuple[str, ...]
    parameters: tuple[Parameter, ...] = ()
    code: str = ""
    """Which code it is (`strategy.fingerprint`); empty for the library's."""


class Checked(FromHost, frozen=True):
    """The answer to Check; `error`: why not."""

    check_id: str
    error: str
    parameters: tuple[Parameter, ...] = ()


class Began(FromHost, frozen=True):
    """A callback that no frame asked for (a timer's) begins."""

    callback: str


class Done(FromHost, frozen=True):
    """A frame (or the timer that Began) was handled: exactly one for each."""

    callback: str
    intents: tuple[Intent, ...]
    callback_us: float
    doing: str


class Failed(FromHost, frozen=True):
    """The strategy's code raised or can't be loaded; the process ends."""

    text: str


AnyToHost = Start | Book | Trade | Own | Check | SetParams | Stop
AnyFromHost = Hello | Began | Done | Failed | Checked

_encode = msgspec.msgpack.Encoder().encode
decode_to_host = msgspec.msgpack.Decoder(AnyToHost).decode
decode_from_host = msgspec.msgpack.Decoder(AnyFromHost).decode


def encode_body(message: ToHost | FromHost) -> bytes:
    return _encode(message)


def frame(body: bytes, *, run: int, seq: int, now: int) -> bytes:
    """Put the header before an encoded body."""
    return HEADER.pack(len(body), run, seq, now) + body


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One received frame, its body not yet decoded."""

    run: int
    seq: int
    now: Nanos
    body: bytes


class FrameReader:
    """Cuts a byte stream into frames. Raises WireError for a body that is too long to be true."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes and yield the frames that are complete."""
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            length, run, seq, now = HEADER.unpack_from(self._buffer)
            if length > MAX_BODY:
                raise WireError(f"a frame of {length} bytes; at most {MAX_BODY} are allowed")
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            yield Frame(run, seq, Nanos(now), body)


def check_intents(
    intents: tuple[Intent, ...], *, strategy_id: StrategyId, instrument_ids: tuple[InstrumentId, ...]
) -> None:
    """Raise WireError for intents that a Context never makes: the process may run any code."""
    if len(intents) > MAX_INTENTS + MAX_LINES + 1:
        raise WireError(f"{len(intents)} intents in one callback")
    for intent in intents:
        match intent:
            case PlaceIntent(ref, request):
                is_own = ref > 0 and request.strategy_id == strategy_id
                if not (is_own and request.instrument_id in instrument_ids and _is_sane_order(request)):
                    raise WireError(f"an order that is not its own or makes no sense: {request}")
            case QuoteIntent():
                if intent.instrument_id not in instrument_ids or not _is_sane_quote(intent):
                    raise WireError(f"a quote that makes no sense: {intent}")
            case _:
                pass


def _is_sane_order(request: OrderRequest) -> bool:
    is_priced = request.price is not None or request.order_type is OrderType.MARKET
    return is_priced and _all_positive((request.quantity, request.price, request.stop_price))


def _is_sane_quote(intent: QuoteIntent) -> bool:
    # Finite first: a NaN can't even be compared.
    if not _all_positive((intent.bid, intent.ask)):
        return False
    if not (intent.size.is_finite() and intent.size >= 0):
        return False
    if intent.tolerance is not None and not (intent.tolerance.is_finite() and intent.tolerance >= 0):
        return False
    return intent.bid is None or intent.ask is None or intent.bid < intent.ask


def _all_positive(numbers: Iterable[Decimal | None]) -> bool:
    return all(number is None or (number.is_finite() and number > 0) for number in numbers)
