"""All that the risk rules look at besides the order. The core builds one of these for each check."""

from decimal import Decimal

import msgspec

from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.types import ZERO, BreakerState, ChannelState, TradingState
from veloz_tui.engine.risk.limits import InstrumentLimits, Limits


class RiskInputs(msgspec.Struct, frozen=True, kw_only=True):
    """The world at the moment of decision. None: unknown, and a rule that needs it denies.

    Who asks is `request.strategy_id`. Leaves count orders that are open, in doubt, parked or held (the 30
    minutes after NEVER_ARRIVED), EXTERNAL ones too, all of this instrument.
    """

    instrument: Instrument
    limits: Limits

    # Market data
    book: OrderBook | None
    """None: stale or not synced."""
    reference: Decimal | None
    """Mid of a fresh book, else a fresh last price."""

    # What may leave at all
    trading_state: TradingState
    state_reason: str = ""
    """Why it is what it is."""
    way_out: str = ""
    """What has to be typed until orders may grow positions again; empty where nothing typed helps."""
    is_paused: bool
    venue_state: ChannelState
    breaker: BreakerState
    """`CircuitBreaker.peek(now)`: HALF_OPEN only while its probe is to be had."""
    journal_ok: bool
    guardian_ok: bool

    # This instrument
    position: Decimal
    """Signed."""
    buy_leaves: Decimal
    sell_leaves: Decimal
    reduce_leaves: Decimal = ZERO
    """The part of the closing side's leaves that is reduce-only."""
    is_exit: bool = False
    """Close, flatten or a stop: held to the rules of a reduce-only order, and to no limit."""

    # The account, in quote currency
    free_base: Decimal | None = None
    """Less what our orders in flight will lock."""
    free_quote: Decimal | None = None
    """Less what our orders in flight will lock."""
    equity: Decimal | None = None
    gross_exposure: Decimal | None = None
    """Sum over all instruments of the worst case's value (exposure.worst_case x reference)."""
    has_margin: bool = False
    """False on Spot: what is sold must be there, and there is no margin ratio."""
    margin_ratio: Decimal | None = None
    """The venue's own, so that lower is nearer to liquidation."""
    taker_fee: Decimal | None = None
    """Fraction."""
    maker_fee: Decimal | None = None

    # How much was sent
    recent_account: int = 0
    """Placements and amendments in the second before now (rate.OrderRate)."""
    recent_strategy: int = 0
    open_orders: int = 0
    """Of the whole account, ours."""

    @property
    def instrument_limits(self) -> InstrumentLimits:
        return self.limits.for_instrument(self.instrument.id)
