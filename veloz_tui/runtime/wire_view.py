"""Recorded messages of the private side as entries for people: in words, and redacted."""

from collections.abc import Iterator

from veloz_tui.config.redact import redacted
from veloz_tui.domain.instrument import instrument_id
from veloz_tui.domain.queries import AskWire, WireEntry, WireLog
from veloz_tui.domain.types import InstrumentId, Nanos, VenueId
from veloz_tui.engine import words
from veloz_tui.engine.state import State, venue_key
from veloz_tui.venues.binance.wire_words import words_of
from veloz_tui.venues.wire_tap import Received, Sent, Taken, WireTap

MAX_ENTRIES = 500


class WireView:
    """Reads one venue's tap, on the event loop."""

    def __init__(self, venue: VenueId, tap: WireTap, state: State) -> None:
        self._venue = venue
        self._tap = tap
        self._state = state

    @property
    def since(self) -> Nanos:
        """From when on it knows what was sent and received."""
        return self._tap.since

    def log(self, query: AskWire, *, now: Nanos) -> WireLog:
        """The entries after a number, or the newest."""
        limit = min(max(query.limit, 1), MAX_ENTRIES)
        is_new = query.after is None or query.after > self._tap.last  # or it asks about a run before this
        after = self._tap.last - limit if is_new or query.after is None else query.after
        found = list(self._tap.entries(after=after))[:limit]
        return WireLog(
            entries=tuple(self._entry(taken) for taken in found),
            last=found[-1].number if found else self._tap.last,
            at=now,
            since=self._tap.since,
            public_frames=self._tap.public_frames,
            lost=self._tap.lost,
        )

    def of_order(
        self, client_order_id: str, *, instrument: str, first: Nanos, last: Nanos
    ) -> list[WireEntry]:
        """What was about one order; a cancel of everything there counts while it was open."""
        return list(self._about(client_order_id, instrument, first, last))

    def _about(self, client_order_id: str, instrument: str, first: Nanos, last: Nanos) -> Iterator[WireEntry]:
        for taken in self._tap.entries():
            if taken.at < first:
                continue
            entry = self._entry(taken)
            is_bulk = "cancelAll" in entry.topic or entry.topic == "DELETE /api/v3/openOrders"
            if entry.client_order_id == client_order_id or (
                is_bulk and entry.instrument_id == instrument and taken.at <= last
            ):
                yield entry

    def _entry(self, taken: Taken) -> WireEntry:
        said = words_of(taken)
        where = instrument_id(symbol=said.symbol, venue=self._venue) if said.symbol else InstrumentId("")
        order = said.client_order_id
        if said.venue_order_id:
            order = self._state.by_venue_id.get(venue_key(where, said.venue_order_id)) or order
        reply = taken if isinstance(taken, Received) else None
        return WireEntry(
            number=taken.number,
            at=taken.at,
            venue=words.code(self._venue),
            is_sent=isinstance(taken, Sent),
            topic=said.topic,
            channel=taken.sent.channel if isinstance(taken, Received) else taken.channel,
            client_order_id=order,
            instrument_id=where,
            outcome=redacted(said.outcome),
            ms=None if reply is None else (reply.at - reply.sent.at) / 1e6,
            payload=redacted(said.payload),
            reply_to=None if reply is None else reply.sent.number,
        )
