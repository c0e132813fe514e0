"""Questions that a console may ask of the engine, and what it is told. Nothing changes by them.

They are no commands: they are not journaled, need no control, and each gets exactly one answer.
"""

from enum import StrEnum

import msgspec

from veloz_tui.domain.performance import PerformanceView
from veloz_tui.domain.strategy_views import StrategyDetail
from veloz_tui.domain.types import Nanos, Severity, StrategyId


class About(StrEnum):
    """What a why is about. EVENT: a line of the log, by its number."""

    ORDER = "order"
    ALERT = "alert"
    EVENT = "event"


class AskWhy(msgspec.Struct, frozen=True, tag=True):
    """Why it is as it is. `subject`: an order's id or the end of one, an alert's key, an event's number."""

    subject: str
    about: About = About.ORDER


class AskWire(msgspec.Struct, frozen=True, tag=True):
    """What was sent and received on the private side: the entries numbered above `after`, oldest first.

    Without `after` the newest ones.
    """

    after: int | None = None
    limit: int = 200


class AskStrategy(msgspec.Struct, frozen=True, tag=True):
    """One strategy in full. A stopped one's code is loaded to be asked, which takes a moment."""

    strategy_id: StrategyId


class AskPerformance(msgspec.Struct, frozen=True, tag=True):
    """What the PnL day came to so far."""


class Step(msgspec.Struct, frozen=True):
    """One step of a chain. `text` follows WHAT - numbers; `more` are lines that belong below it.

    `at` None: it is not known when.
    """

    at: Nanos | None
    kind: str
    """`asked`, `risk`, `intent`, `wire`, `venue`, `doubt`, `fill`, `posted`, `cancel`, `caused`, `note`"""
    text: str
    severity: Severity = Severity.INFO
    more: tuple[str, ...] = ()


class Chain(msgspec.Struct, frozen=True, tag=True):
    """Everything that is known of how something came to be, in the order of time."""

    title: str
    subject: str
    """The whole id or key."""
    steps: tuple[Step, ...]
    now: str = ""
    """How it stands, and what to do."""


class WireEntry(msgspec.Struct, frozen=True):
    """One message on the private side. Redacted: it never holds a signature, a key or a token."""

    number: int
    at: Nanos
    venue: str
    is_sent: bool
    topic: str
    """The method, the path, or the kind of the event."""
    channel: str
    """`orders`, `user`, `rest`"""
    client_order_id: str
    instrument_id: str
    """Empty: it is about no single instrument."""
    outcome: str
    """How it was answered; empty for what was sent."""
    ms: float | None
    """From the request's last byte written to this answer."""
    payload: str
    reply_to: int | None = None
    """The number of the request that this answers."""


class WireLog(msgspec.Struct, frozen=True, tag=True):
    """Entries, oldest first. `last`: ask again after this one. `lost`: entries that were forgotten before."""

    entries: tuple[WireEntry, ...]
    last: int
    at: Nanos
    since: Nanos
    """When this run began to record."""
    public_frames: int
    """Public market messages since then; they are counted, not listed."""
    lost: int = 0


class NotKnown(msgspec.Struct, frozen=True, tag=True):
    """There is no answer, and why."""

    text: str
    choices: tuple[str, ...] = ()
    """Ids that could have been meant."""


Query = AskWhy | AskWire | AskStrategy | AskPerformance
Told = Chain | WireLog | StrategyDetail | PerformanceView | NotKnown
