"""Short texts about orders, as they stand in alerts and answers: WHAT - numbers - state now - what to do."""

from decimal import Decimal

import msgspec

from veloz_tui.domain.instrument import VENUE_CODES, Instrument
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.strategy_events import StrategyParametersSet
from veloz_tui.domain.types import Nanos, OrderStatus, OrderType, VenueId
from veloz_tui.engine.state import State


def short_id(client_order_id: str) -> str:
    """The last four letters before the check character make an id a person can say."""
    return client_order_id[-4:]


def number(value: Decimal) -> str:
    """Thousands separated, no exponent, no trailing noise."""
    return f"{value.normalize():,f}"


def code(venue: VenueId) -> str:
    return VENUE_CODES.get(venue, venue[:3])


def because(reason: str) -> str:
    """What stands behind a state that has a reason."""
    return f": {reason}" if reason else ""


def request_text(request: OrderRequest, instrument: Instrument | None) -> str:
    """`BUY 0.05 BTC-USDT @64,120`"""
    name = instrument.display.partition(".")[0] if instrument else request.instrument_id
    if request.order_type is OrderType.MARKET or request.price is None:
        where = "market"
    else:
        where = f"@{number(request.price)}"
    stop = f" stop {number(request.stop_price)}" if request.stop_price is not None else ""
    return f"{request.side} {number(request.quantity)} {name} {where}{stop}"


def order_text(state: State, order: Order) -> str:
    """`7F3K BUY 0.05 BTC-USDT @64,120`"""
    instrument = state.instruments.get(order.instrument_id)
    return f"{short_id(order.client_order_id)} {request_text(order.request, instrument)}"


def status(value: OrderStatus) -> str:
    """As the console's lines say it: what a venue accepted is OPEN."""
    return "OPEN" if value is OrderStatus.ACCEPTED else str(value)


def seconds(nanos: int) -> str:
    return f"{nanos / 1e9:.1f} s"


def utc(at: Nanos) -> str:
    """`12:00:01Z`"""
    second = at // 1_000_000_000
    return f"{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def value_text(value_json: str) -> str:
    """A parameter's JSON as it is typed: text without quotes."""
    try:
        value: object = msgspec.json.decode(value_json)
    except msgspec.DecodeError:
        return value_json
    return value if isinstance(value, str) else value_json


def parameter_changes(event: StrategyParametersSet) -> str:
    """`size 0.01 -> 0.02, half_spread_bps 5 -> 4`"""
    names = dict.fromkeys((*event.old, *event.new))
    texts = ((name, event.old.get(name), event.new.get(name)) for name in names)
    return ", ".join(
        f"{name} {'default' if old is None else value_text(old)} -> "
        f"{'default' if new is None else value_text(new)}"
        for name, old, new in texts
    )
