"""Books on their way to strategies: the newest one only, and the next after the last was taken."""

from typing import Protocol

from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.types import MILLISECOND, InstrumentId, Nanos
from veloz_tui.strategy.wire import Book, encode_body

DEPTH = 20
HOLD_NS = 250 * MILLISECOND
"""How long a book waits for the own events that it already reflects; then it goes without them."""


class Subscriber(Protocol):
    """A running strategy, in a process or inline."""

    def send_book(self, feed: "Feed", *, seq: int) -> None: ...


class Feed:
    """One instrument's book and the strategies that want it.

    A book as of event 107 must not reach a strategy that has been told of events up to 105 only: it waits
    until 107 is durable and was delivered, or for 250 ms.
    """

    __slots__ = (
        "_at",
        "_body",
        "_book",
        "_held_since",
        "_held_until_seq",
        "_message",
        "_ready",
        "_sent",
        "_seq",
        "_version",
        "instrument_id",
    )

    def __init__(self, instrument_id: InstrumentId) -> None:
        self.instrument_id = instrument_id
        self._book: OrderBook | None = None
        self._seq = 0
        self._at = Nanos(0)
        self._version = 0
        self._sent: dict[Subscriber, int] = {}
        self._ready: list[Subscriber] = []
        self._held_since: Nanos | None = None
        self._held_until_seq = 0
        self._message: Book | None = None
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
        if self._book is not None:
            self.offer(delivered=delivered)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self._sent.pop(subscriber, None)
        if subscriber in self._ready:
            self._ready.remove(subscriber)

    def update(self, book: OrderBook, *, seq: int, at: Nanos, delivered: int) -> None:
        """Take the changed book; send it to those that are ready. Cheap when nobody is."""
        self._book = book
        self._seq = seq
        self._at = at
        self._version += 1
        self._message = self._body = None
        if self._ready:
            self.offer(delivered=delivered)

    def invalidate(self) -> None:
        """The book is stale: nothing is read from it until the next update."""
        self._book = None
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
                subscriber.send_book(self, seq=min(self._seq, delivered))

    @property
    def message(self) -> Book:
        """The book as a strategy gets it, made once a change."""
        if self._message is None:
            assert self._book is not None
            bids, asks = self._book.bid_levels(DEPTH), self._book.ask_levels(DEPTH)
            self._message = Book(self.instrument_id, self._at, bids, asks)
        return self._message

    @property
    def body(self) -> bytes:
        """The same, encoded once a change."""
        if self._body is None:
            self._body = encode_body(self.message)
        return self._body

    @property
    def _is_readable(self) -> bool:
        book = self._book
        return (
            book is not None
            and book.best_bid is not None
            and book.best_ask is not None
            and not book.is_crossed
        )

    def _is_ahead(self, delivered: int) -> bool:
        if self._seq <= delivered:
            return False
        if self._held_since is None:
            self._held_since, self._held_until_seq = self._at, self._seq
        return delivered < self._held_until_seq and self._at - self._held_since < HOLD_NS
