"""Live: what is true now and not journaled: books, health, pacing. Rebuilt after a start, never replayed."""

import math
from collections import deque
from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.commands import SetParameters
from veloz_tui.domain.events import (
    OrderDenied,
)
from veloz_tui.domain.intents import QuoteIntent
from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.reports import Channel, HealthReported, JournalReported, JournalState, TradePrinted
from veloz_tui.domain.strategy_events import CallbackTimes
from veloz_tui.domain.types import (
    MANUAL,
    Asset,
    ChannelState,
    ClientOrderId,
    CommandId,
    InstrumentId,
    Nanos,
    Side,
    StrategyId,
    VenueId,
)
from veloz_tui.domain.views import Ack, TradeView
from veloz_tui.engine.breaker import CircuitBreaker
from veloz_tui.engine.postings import Posting
from veloz_tui.engine.queue_ahead import Queues
from veloz_tui.engine.risk.measures import KEPT, Decision
from veloz_tui.engine.risk.rate import OrderRate
from veloz_tui.engine.risk.usage import UsageTracker
from veloz_tui.engine.working import WorkingOrders

MAX_SEEN_COMMANDS: Final = 2_000
P99_FROM: Final = 100
MAX_TAPE: Final = 100
"""Public trades kept of each instrument."""


class LiveBook:
    """One instrument's public market: book, last trade, and whether they may be used."""

    __slots__ = (
        "book",
        "first_price",
        "is_quiet",
        "last_price",
        "last_side",
        "last_traded_at",
        "stale_reason",
        "tape",
        "turnover",
        "updated_at",
        "venue_at",
        "viewed_tape",
        "viewed_tape_at",
        "waits_for",
    )

    def __init__(self) -> None:
        self.book = OrderBook()
        self.stale_reason = "waiting for the first snapshot"
        """Empty: fresh. A stale book reaches no strategy and prices no order."""
        self.waits_for = ""
        """The book is good, but the stream that would change it isn't READY: as stale as a broken one."""
        self.is_quiet = False
        self.updated_at: Nanos = Nanos(0)
        self.venue_at: Nanos = Nanos(0)
        """The venue's time of the last change; 0 after a snapshot, which names none."""
        self.last_price: float | None = None
        self.last_side: Side | None = None
        self.last_traded_at: Nanos = Nanos(0)
        self.first_price: float | None = None
        """The first price seen of this PnL day: the base of the day's change."""
        self.turnover = 0.0
        """Worth of the public trades seen of this PnL day, in the quote asset."""
        self.tape: deque[TradePrinted] = deque(maxlen=MAX_TAPE)
        self.viewed_tape: tuple[TradeView, ...] = ()
        self.viewed_tape_at: Nanos = Nanos(0)
        """When the tape was last put into a View."""

    def open_day(self) -> None:
        """A new PnL day: change and turnover begin anew."""
        self.first_price = self.last_price
        self.turnover = 0.0

    @property
    def is_fresh(self) -> bool:
        return not (self.stale_reason or self.waits_for)

    @property
    def why_stale(self) -> str:
        return self.stale_reason or self.waits_for


class BalanceWord(msgspec.Struct, frozen=True):
    """How new what we hold of one asset's balance is."""

    venue_at: Nanos | None
    """The newest time that the venue named."""
    heard_at: Nanos
    """When it was streamed to us, or when we asked for it."""


class VenueLive:
    """One venue's connections and health."""

    __slots__ = (
        "balance_words",
        "breaker",
        "channels",
        "door_closed_until",
        "health",
        "is_swapped",
        "reasons",
        "reconcile_asked_at",
        "reconciled",
        "reconciling",
    )

    def __init__(self, venue: VenueId, breaker: CircuitBreaker) -> None:
        self.channels: dict[Channel, ChannelState] = dict.fromkeys(Channel, ChannelState.DOWN)
        self.reasons: dict[Channel, str] = {}
        self.health = HealthReported(venue)
        self.balance_words: dict[Asset, BalanceWord] = {}
        self.breaker = breaker
        self.reconciling = False
        self.reconcile_asked_at: Nanos = Nanos(0)
        self.reconciled = False
        self.door_closed_until: Nanos | None = None
        self.is_swapped = False
        """The account isn't the journal's: nothing that is told of it may be booked."""


class Doubt:
    """How far we are in asking for one order."""

    __slots__ = ("absent_on", "absent_times", "asked", "reason", "since")

    def __init__(self, since: Nanos, reason: str) -> None:
        self.since = since
        self.reason = reason
        self.asked = 0
        self.absent_times = 0
        """Not-founds after the moment when an unprocessed copy would have been refused."""
        self.absent_on: set[str] = set()


class StrategyLive:
    """One strategy's host and wishes."""

    __slots__ = (
        "callbacks",
        "callbacks_us",
        "denied",
        "denied_since",
        "doing",
        "parameters",
        "pinned_code",
        "quotes",
        "refs",
        "restart_at",
        "restarted_at",
        "slow_callbacks",
        "slowest_us",
        "stale_intents",
        "untold",
    )

    def __init__(self) -> None:
        self.doing = ""
        self.parameters: tuple[Parameter, ...] = ()
        """As it last described them; empty before it ever did."""
        self.quotes: dict[InstrumentId, QuoteIntent] = {}
        self.callbacks_us: deque[float] = deque(maxlen=512)
        self.callbacks = self.slow_callbacks = 0
        self.slowest_us = 0.0
        self.pinned_code: str | None = None
        """What has run since somebody started it; only that is restarted. None: nothing has yet."""
        self.restart_at: Nanos | None = None
        """A restart is planned for then."""
        self.restarted_at: list[Nanos] = []
        self.stale_intents = 0
        self.refs: dict[int, ClientOrderId] = {}
        """The running run's own numbers of its orders."""
        self.untold: list[OrderDenied] = []
        """Denials that the journal doesn't hold, until the run is told of them."""
        self.denied = 0
        """How many of these there were in the second since `denied_since`."""
        self.denied_since = Nanos(0)

    def note_callback(self, took_us: float, *, limit_s: float) -> None:
        """Count one, and whether it took more than a third of what it may."""
        self.callbacks_us.append(took_us)
        self.callbacks += 1
        self.slowest_us = max(self.slowest_us, took_us)
        self.slow_callbacks += took_us > limit_s / 3 * 1e6

    @property
    def callback_p99_us(self) -> float | None:
        """Of the last 512 callbacks; unknown before 100: it would be the slowest one, mostly the first."""
        return None if (times := self.callback_times) is None else times.p99_us

    @property
    def callback_times(self) -> CallbackTimes | None:
        """The same with the median."""
        if len(self.callbacks_us) < P99_FROM:
            return None
        ordered = sorted(self.callbacks_us)
        p50, p99 = (ordered[math.ceil(len(ordered) * share) - 1] for share in (0.5, 0.99))
        return CallbackTimes(p50, p99)


class KillLive:
    """The running kill's sweep: which venues have listed nothing, and when they were asked."""

    __slots__ = ("asked_wide_at", "found_at", "had_doubts", "polls", "settled_at", "started_at", "zero_at")

    def __init__(self, started_at: Nanos, settled_at: Nanos, *, had_doubts: bool) -> None:
        self.started_at = started_at
        self.settled_at = settled_at
        """When what was under way at the fence can't arrive any more, unless it was in doubt."""
        self.had_doubts = had_doubts
        self.polls = 0
        self.asked_wide_at: Nanos = Nanos(0)
        self.found_at: Nanos = Nanos(0)
        """When a list last found an open order."""
        self.zero_at: dict[VenueId, Nanos] = {}
        """Venue -> when the last empty account-wide list was asked for."""


class Closing(msgspec.Struct, kw_only=True):
    """Somebody's wish to be out of a position; a part of it may wait for orders in its way."""

    side: Side
    rest: Decimal
    """What of it was not sent yet."""
    until: Nanos
    strategy_id: StrategyId = MANUAL
    is_limit: bool = False
    """At the limit `price`, or None: through the touch. Else at the market."""
    price: Decimal | None = None
    is_standing: bool = False
    """Begun again each second until nothing is held."""


class Denied(msgspec.Struct):
    """The last denial of one kind, to journal repeats at most once a second."""

    at: Nanos
    suppressed: int = 0
    text: str = ""


class Live:
    """Everything the engine knows that a restart may forget."""

    __slots__ = (
        "books",
        "cancels_in_flight",
        "closing",
        "commands",
        "consoles",
        "controller",
        "decisions",
        "denied",
        "doubts",
        "engine_lag_ms",
        "equity_peak",
        "exits_placed_at",
        "fees",
        "guardian_alive",
        "guardian_reason",
        "journal",
        "kill",
        "mutes",
        "order_rate",
        "parameter_checks",
        "postings",
        "queues",
        "stopping",
        "strategies",
        "usage",
        "venues",
        "working",
    )

    def __init__(self) -> None:
        self.working = WorkingOrders()
        self.books: dict[InstrumentId, LiveBook] = {}
        self.queues: dict[InstrumentId, Queues] = {}
        """Of instruments where orders of ours rest."""
        self.venues: dict[VenueId, VenueLive] = {}
        self.doubts: dict[ClientOrderId, Doubt] = {}
        self.cancels_in_flight: dict[ClientOrderId, Nanos] = {}
        self.strategies: dict[StrategyId, StrategyLive] = {}
        self.parameter_checks: dict[CommandId, SetParameters] = {}
        """Waiting for what their strategies say."""
        self.order_rate = OrderRate()
        self.usage = UsageTracker()
        self.exits_placed_at: dict[InstrumentId, Nanos] = {}
        self.closing: dict[InstrumentId, Closing] = {}
        self.commands: dict[CommandId, Ack] = {}
        self.denied: dict[tuple[str, str, str], Denied] = {}
        self.decisions: deque[Decision] = deque(maxlen=KEPT)
        self.postings: deque[Posting] = deque(maxlen=KEPT)
        """What risk looked at and what fills did, of late: for those who ask why."""
        self.kill: KillLive | None = None
        self.journal = JournalReported(JournalState.OK)
        self.guardian_alive = True
        self.guardian_reason = ""
        self.consoles = 0
        self.controller = ""
        self.fees: dict[VenueId, tuple[Decimal, Decimal]] = {}
        """Maker and taker fraction, a venue."""
        self.equity_peak: Decimal | None = None
        self.mutes: dict[str, Nanos] = {}
        self.engine_lag_ms: float | None = None
        self.stopping = False

    def book(self, instrument_id: InstrumentId) -> LiveBook:
        """The live book, made on first use."""
        found = self.books.get(instrument_id)
        if found is None:
            found = self.books[instrument_id] = LiveBook()
        return found

    def strategy(self, strategy_id: StrategyId) -> StrategyLive:
        found = self.strategies.get(strategy_id)
        if found is None:
            found = self.strategies[strategy_id] = StrategyLive()
        return found

    def remember(self, ack: Ack) -> None:
        """Keep the answer, so that a repeated command is answered and not done again."""
        self.commands[ack.command_id] = ack
        while len(self.commands) > MAX_SEEN_COMMANDS:
            del self.commands[next(iter(self.commands))]
