"""Events to rows and back, and the hash chain over them. Pure.

A row's hash covers the hash before it, so that a changed, lost or moved row shows at its number. The body
is JSON with decimals as strings and keys in a fixed order: equal events give equal bytes, on any machine.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import msgspec

from veloz_tui.domain.events import AnyEvent, OrderFilled, Recorded

Content = tuple[int, int, str, str | None, str | None, bytes]
"""seq, at, kind, client_order_id, venue_key, body."""
Row = tuple[int, int, str, str | None, str | None, bytes, bytes]
"""The same and the hash: the columns of table `event`, in order."""

_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="string")
_decoder = msgspec.json.Decoder(list[AnyEvent])


class ChainEnd(msgspec.Struct, frozen=True):
    """The last event's number and hash: where the next one goes on."""

    seq: int
    hash: bytes


def genesis(journal_id: str) -> ChainEnd:
    """Return the end of an empty journal's chain; different journals have different chains."""
    return ChainEnd(0, sha256(b"veloz journal " + journal_id.encode()).digest())


def encode(records: Iterable[Recorded], *, end: ChainEnd) -> tuple[list[Row], ChainEnd]:
    """Return the rows of `records`, chained after `end`, and the new end."""
    rows: list[Row] = []
    previous = end.hash
    seq = end.seq
    for record in records:
        row = encode_one(record, previous)
        rows.append(row)
        previous = row[6]
        seq = row[0]
    return rows, ChainEnd(seq, previous)


def encode_one(record: Recorded, previous: bytes) -> Row:
    event = record.event
    kind = type(event).__name__
    client_order_id = getattr(event, "client_order_id", None) or None
    key = venue_key(event)
    body = _encoder.encode(event)
    digest = link(previous, (record.seq, event.at, kind, client_order_id, key, body))
    return (record.seq, event.at, kind, client_order_id, key, body, digest)


def venue_key(event: AnyEvent) -> str | None:
    """Return what may be journaled once only, by the venue's own name of it.

    The order is part of it: when two of our own orders match each other, both have a fill of one TradeId.
    """
    if isinstance(event, OrderFilled):
        return f"{event.instrument_id}:{event.trade_id}:{event.client_order_id}"
    return None


def link(previous: bytes, content: Content) -> bytes:
    """Return the hash of a row that follows `previous`."""
    seq, at, kind, client_order_id, key, body = content
    head = f"\n{seq}\n{at}\n{kind}\n{client_order_id or ''}\n{key or ''}\n"
    return sha256(previous + head.encode() + body).digest()


def snapshot_digest(chain_hash: bytes, blob: bytes) -> bytes:
    """Return the hash that ties a snapshot to the event it was taken after."""
    return sha256(chain_hash + blob).digest()


def first_break(rows: Sequence[Row], *, end: ChainEnd) -> tuple[int, str] | None:
    """Return the number of the first row that doesn't follow, and why; None: all of them do."""
    seq, previous = end.seq, end.hash
    for row in rows:
        seq += 1
        if row[0] != seq:
            return seq, f"event {seq} is missing (the next one is {row[0]})"
        # Damage can turn a blob into a text.
        if not isinstance(row[5], bytes) or row[6] != link(previous, row[:6]):
            return seq, "its content and its hash don't agree"
        previous = row[6]
    return None


def decode(rows: Sequence[Row]) -> list[Recorded]:
    """Return the events of `rows`. Raises msgspec.DecodeError (see `first_unreadable`)."""
    events = _decoder.decode(b"[" + b",".join([row[5] for row in rows]) + b"]")
    return [Recorded(row[0], event) for row, event in zip(rows, events, strict=True)]


def first_unreadable(rows: Sequence[Row]) -> tuple[int, str] | None:
    """Return the number of the first row that `decode` can't read, and why."""
    for row in rows:
        try:
            decode([row])
        except (msgspec.DecodeError, ValueError) as error:
            return row[0], str(error)
    return None
