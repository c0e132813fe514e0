"""Errors, sorted by what the caller must do.

VelozError
├── ConfigError        stop and say what to mend (exit 2)
├── OperatorError      show the message, change nothing, go on (exit 1)
├── VenueError
│   ├── VenueUnavailable   retry later; the breaker counts it
│   ├── RateLimited        wait for `retry_after_s`
│   ├── VenueRefused       definitive: the venue's answer proves it did not act
│   │   ├── InvalidOrder
│   │   ├── OrderNotFound
│   │   └── AuthenticationFailed
│   └── ProtocolError      the venue said something we can't read: resync
├── JournalError       no new orders until the journal is durable again
├── StrategyError      that strategy is at fault; the others go on
└── InvariantBroken    a bug: journal, halt, cancel, exit 70
"""


class VelozError(Exception):
    """The root of every error of ours; `exit_code` is what a command returns for it."""

    exit_code = 1


class ConfigError(VelozError):
    """The configuration, a path or a key can't be used; the text says what, where and what to do."""

    exit_code = 2


class OperatorError(VelozError):
    """What was asked can't be done as asked; nothing was changed."""


class VenueError(VelozError):
    """Something went wrong with a venue; `code` is the venue's own, where it gave one."""

    def __init__(self, text: str, *, venue: str = "", code: int | None = None) -> None:
        super().__init__(text)
        self.venue = venue
        self.code = code


class VenueUnavailable(VenueError):
    """The venue can't be reached or is overloaded, and provably did not act."""


class RateLimited(VenueError):
    """The venue closed its door for `retry_after_s` seconds."""

    def __init__(self, text: str, *, retry_after_s: float, venue: str = "", code: int | None = None) -> None:
        super().__init__(text, venue=venue, code=code)
        self.retry_after_s = retry_after_s


class VenueRefused(VenueError):
    """The venue's answer proves that it did not act."""


class InvalidOrder(VenueRefused):
    """The order breaks one of the venue's rules."""


class OrderNotFound(VenueRefused):
    """The venue knows no such order (weak evidence: it may lag behind)."""


class AuthenticationFailed(VenueRefused):
    """The key, its permissions or the signature are wrong."""


class ProtocolError(VenueError):
    """A frame or an answer that can't be read as the protocol says."""


class JournalError(VelozError):
    """The journal can't be read or written; the text says which file and what to do."""

    exit_code = 3


class StrategyError(VelozError):
    """A strategy's code failed; its orders are pulled, the others go on."""


class InvariantBroken(VelozError):
    """A bug in the core: never continue."""

    exit_code = 70
