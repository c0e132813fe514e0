"""Recorded messages of the private side as entries for people: in words, and redacted.

`taken` is quick, for the event loop. Words of many messages take a while: `log` and `of_order` are for a
thread.
"""

from collections.abc import Iterable, Iterator

from veloz_tui.config.redact import redacted
from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.queries import AskWire, WireEntry, WireLog
from veloz_tui.domain.types import InstrumentId, Nanos, VenueId
from veloz_tui.engine import words
from veloz_tui.engine.state import State, venue_key
from veloz_tui.venues.binance.wire_words import Words, words_of
from veloz_tui.venues.wire_tap import Received, Sent, Taken, WireTap

MAX_ENTRIES = 500


class WireView:
    """Reads one venue's tap."""

    def __init__(self, venue: VenueId, tap: WireTap, state: State) -> None:
        self._venue = venue
        self._tap = tap
        self._state = state

    @property
    def since(self) -> Nanos:
        """From when on it knows what was sent and received."""
        return self._tap.since

    def taken(self) -> tuple[Taken, ...]:
        """Everything that is still known, oldest first."""
        return tuple(self._tap.entries())

    def chosen(self, query: AskWire) -> tuple[Taken, ...]:
        """The messages after a number, or the newest."""
        limit = min(max(query.limit, 1), MAX_ENTRIES)
        is_new = query.after is None or query.after > self._tap.last  # or it asks about a run before this
        after = self._tap.last - limit if is_new or query.after is None else query.after
        return tuple(self._tap.entries(after=after))[:limit]

    def log(self, chosen: tuple[Taken, ...], *, now: Nanos) -> WireLog:
        """Put messages into words."""
        return WireLog(
            entries=tuple(self._entry(taken, words_of(taken)) for taken in chosen),
            last=chosen[-1].number if chosen else self._tap.last,
            at=now,
            since=self._tap.since,
            public_frames=self._tap.public_frames,
            lost=self._tap.lost,
        )

    def of_order(
        self, among: Iterable[Taken], client_order_id: str, *, instrument: str, first: Nanos, last: Nanos
    ) -> Iterator[WireEntry]:
        """What was about one order; a cancel of everything there counts while it was open."""
        for taken in among:
            if taken.at < first:
                continue
            said = words_of(taken)
            is_bulk = "cancelAll" in said.topic or said.topic == "DELETE /api/v3/openOrders"
            if self._order_of(said) == client_order_id or (
                is_bulk and taken.at <= last and self._where(said) == instrument
            ):
                yield self._entry(taken, said)

    def _where(self, said: Words) -> InstrumentId:
        return instrument_id(symbol=said.symbol, venue=self._venue) if said.symbol else InstrumentId("")

    def _order_of(self, said: Words) -> str:
        known = None
        if said.venue_order_id:
            known = self._state.by_venue_id.get(venue_key(self._where(said), said.venue_order_id))
        return known or said.client_order_id

    def _entry(self, taken: Taken, said: Words) -> WireEntry:
        reply = taken if isinstance(taken, Received) else None
        return WireEntry(
            number=taken.number,
            at=taken.at,
            venue=words.code(self._venue),
            is_sent=isinstance(taken, Sent),
            topic=said.topic,
            channel=taken.sent.channel if isinstance(taken, Received) else taken.channel,
            client_order_id=self._order_of(said),
            instrument_id=self._where(said),
            outcome=redacted(said.outcome),
            ms=None if reply is None else (reply.at - reply.sent.at) / 1e6,
            payload=redacted(said.payload),
            reply_to=None if reply is None else reply.sent.number,
        )
