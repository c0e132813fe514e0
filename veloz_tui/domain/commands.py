"""Commands: what someone wants of the engine, from a key, the command line or a script.

Imperative and frozen. Each is answered by exactly one Ack (domain.views) with the same `command_id`; the
engine refuses a repeated id, so a command sent twice acts once.
"""

from decimal import Decimal

import msgspec

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import ClientOrderId, CommandId, InstrumentId, RearmLevel, StrategyId, VenueId


class Command(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """`by` says who: `pid 812 pts/3`, filled in by the control server."""

    command_id: CommandId
    by: str = ""


class PlaceOrder(Command, frozen=True, kw_only=True):
    """Place one order of the operator's. `is_dry`: only the verdict, nothing is created."""

    request: OrderRequest
    is_dry: bool = False


class AmendOrder(Command, frozen=True, kw_only=True):
    """Replace one resting order: canceled first, and what is left placed anew once its end is known.

    Its place in the queue is lost. None keeps what it has; `quantity` is the new total, fills included.
    """

    client_order_id: ClientOrderId
    price: Decimal | None = None
    quantity: Decimal | None = None
    stop_price: Decimal | None = None
    is_dry: bool = False


class CancelOrders(Command, frozen=True, kw_only=True):
    """Cancel by id, or all that fit the filters. EXTERNAL orders and stops only when named or asked for."""

    client_order_ids: tuple[ClientOrderId, ...] = ()
    is_all: bool = False
    instrument_id: InstrumentId | None = None
    venue: VenueId | None = None
    strategy_id: StrategyId | None = None
    includes_stops: bool = False
    includes_external: bool = False


class ClosePosition(Command, frozen=True, kw_only=True):
    """Shrink a position by `fraction` with a LIMIT IOC at the touch, less the configured slippage."""

    instrument_id: InstrumentId
    fraction: Decimal = Decimal(1)
    price: Decimal | None = None
    is_dry: bool = False


class Flatten(Command, frozen=True, kw_only=True):
    """Cancel the instrument's (None: every) orders and close what is held at the market."""

    instrument_id: InstrumentId | None = None


class StartStrategy(Command, frozen=True, kw_only=True):
    strategy_id: StrategyId


class StopStrategy(Command, frozen=True, kw_only=True):
    """`keeps_orders`: leave them resting."""

    strategy_id: StrategyId
    keeps_orders: bool = False


class PauseStrategy(Command, frozen=True, kw_only=True):
    """It pulls its quotes and keeps running."""

    strategy_id: StrategyId


class SetParameters(Command, frozen=True, kw_only=True):
    """Other parameters of a strategy, as typed; None: back to the settings file's. All of them, or none."""

    strategy_id: StrategyId
    values: dict[str, str | None]


class Pause(Command, frozen=True, kw_only=True):
    """All strategies pull their quotes; positions stay."""


class Resume(Command, frozen=True, kw_only=True):
    """Undo Pause and Reduce (typed on screen)."""


class Reduce(Command, frozen=True, kw_only=True):
    """Only orders that shrink a position, from now on."""


class KillPrepare(Command, frozen=True, kw_only=True):
    """The first stroke: warm sockets and signatures, count what a kill would do."""


class Kill(Command, frozen=True, kw_only=True):
    """Gate closed, everything canceled, verified, certified. Never trades. Idempotent by `kill_id`."""

    kill_id: str
    reason: str = "kill"


class Rearm(Command, frozen=True, kw_only=True):
    """Out of HALTED. `confirmation` must be the profile's name, typed."""

    level: RearmLevel
    confirmation: str


class AcknowledgeAlert(Command, frozen=True, kw_only=True):
    """`*`: all."""

    key: str


class MuteAlert(Command, frozen=True, kw_only=True):
    """10 minutes; CRIT can't be muted."""

    key: str


class TakeControl(Command, frozen=True, kw_only=True):
    """Become the one console that may change things."""


class WatchInstruments(Command, frozen=True, kw_only=True):
    """Which books this console wants in its views; `depth` levels a side."""

    instrument_ids: tuple[InstrumentId, ...]
    depth: int = 60


class Shutdown(Command, frozen=True, kw_only=True):
    """Stop the engine cleanly: strategies stopped, orders by policy, journal closed."""

    cancels_orders: bool = False


AnyCommand = (
    PlaceOrder
    | AmendOrder
    | CancelOrders
    | ClosePosition
    | Flatten
    | StartStrategy
    | StopStrategy
    | PauseStrategy
    | SetParameters
    | Pause
    | Resume
    | Reduce
    | KillPrepare
    | Kill
    | Rearm
    | AcknowledgeAlert
    | MuteAlert
    | TakeControl
    | WatchInstruments
    | Shutdown
)
