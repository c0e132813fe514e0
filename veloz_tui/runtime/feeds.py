"""Books on their way to strategies: the newest one only, and the next after the last was taken."""

from typing import Protocol

from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.types import MILLISECOND, InstrumentId, Nanos
from veloz_tui.strategy.views import DEPTH
from veloz_tui.strategy.wire import Book, encode_body

HOLD_NS = 250 * MILLISECOND
"""How long a book waits for the own events that it already reflects; then it goes without them."""


class Subscriber(Protocol):
    """A running strategy, in a process or inline."""

    def send_book(self, feed: "Feed", *, seq: int) -> None:
        """`seq`: up to which event it has been told of its own orders."""


class Feed:
    """One instrument's book and the strategies that want it.

    A book that already shows a fill must not reach a strategy that hasn't been told of it, or the strategy
    would trade on a position that it no longer has: the book waits until the fill (event `needs`) is durable
    and was delivered, or for 250 ms. Nothing else is waited for: an order at work that is known a moment
    later costs a cancel at most.
    """

    __slots__ = (
        "_body",
        "_held_since",
        "_held_until_seq",
        "_needs",
        "_ready",
        "_sent",
        "_version",
        "at",
        "book",
        "instrument_id",
    )

    def __init__(self, instrument_id: InstrumentId) -> None:
        self.instrument_id = instrument_id
        self.book: OrderBook | None = None
        """The engine's own; None: stale."""
        self.at = Nanos(0)
        self._needs = 0
        self._version = 0
        self._sent: dict[Subscriber, int] = {}
        self._ready: list[Subscriber] = []
        self._held_since: Nanos | None = None
        self._held_until_seq = 0
        self._body: bytes | None = None

    @property
    def has_subscribers(self) -> bool:
        return bool(self._sent)

    @property
    def is_held(self) -> bool:
        return self._held_since is not None

    def subscribe(self, subscriber: Subscriber, *, delivered: int) -> None:
        """Send the book that is there, if any, and every later one that the strategy is ready for."""
        self._sent[subscriber] = -1
        self._ready.append(subscriber)
        if self.book is not None:
            self.offer(delivered=delivered)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self._sent.pop(subscriber, None)
        if subscriber in self._ready:
            self._ready.remove(subscriber)

    def update(self, book: OrderBook, *, needs: int, at: Nanos, delivered: int) -> None:
        """Take the changed book; send it to those that are ready. Cheap when nobody is."""
        self.book = book
        self.at = at
        self._needs = needs
        self._version += 1
        self._body = None
        if self._ready:
            self.offer(delivered=delivered)

    def invalidate(self) -> None:
        """The book is stale: nothing is read from it until the next update."""
        self.book = None
        self._held_since = None

    def give_back(self, subscriber: Subscriber, *, delivered: int) -> None:
        """The strategy took its last book and is ready for the next."""
        last = self._sent.get(subscriber)
        if last is None:
            return
        self._ready.append(subscriber)
        if last != self._version:
            self.offer(delivered=delivered)

    def offer(self, *, delivered: int) -> None:
        """Send the book to the strategies that are ready and haven't seen it."""
        if self._is_ahead(delivered):
            return
        self._held_since = None
        if not self._is_readable:
            return
        behind = [subscriber for subscriber in self._ready if self._sent[subscriber] != self._version]
        for subscriber in behind:
            if subscriber in self._sent:  # one before it may have ended this one
                self._ready.remove(subscriber)
                self._sent[subscriber] = self._version
                subscriber.send_book(self, seq=delivered)

    @property
    def body(self) -> bytes:
        """The book as a strategy's process gets it, encoded once a change."""
        if self._body is None:
            assert self.book is not None
            bids, asks = self.book.bid_levels(DEPTH), self.book.ask_levels(DEPTH)
            self._body = encode_body(Book(self.instrument_id, self.at, bids, asks))
        return self._body

    @property
    def _is_readable(self) -> bool:
        book = self.book
        return (
            book is not None
            and book.best_bid is not None
            and book.best_ask is not None
            and not book.is_crossed
        )

    def _is_ahead(self, delivered: int) -> bool:
        if self._needs <= delivered:
            return False
        if self._held_since is None:
            self._held_since, self._held_until_seq = self.at, self._needs
        return delivered < self._held_until_seq and self.at - self._held_since < HOLD_NS
