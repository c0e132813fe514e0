"""Events become rows and come back the same; any change to a row shows."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.journal.event_strategies import KINDS, events, values_of
from tests.unit.journal.journals import created, filled, record, records
from veloz_tui.domain.events import AnyEvent, DayOpened, LimitsSet, Recorded
from veloz_tui.domain.types import InstrumentId, Nanos
from veloz_tui.journal.codec import (
    ChainEnd,
    Row,
    decode,
    encode,
    first_break,
    first_unreadable,
    genesis,
    venue_key,
)

START = genesis("test")


def rows_of(*written: Recorded) -> list[Row]:
    return encode(written, end=ChainEnd(written[0].seq - 1, START.hash))[0]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_every_kind_comes_back_as_it_was(kind: type[msgspec.Struct], data: st.DataObject) -> None:
    event = data.draw(values_of(kind))
    row = rows_of(Recorded(7, event))[0]
    back = decode([row])[0]
    assert back == Recorded(7, event)
    assert row[:3] == (7, event.at, kind.__name__)
    # Decimals compare by value; the digits themselves must survive too.
    assert rows_of(back) == [row]


@given(st.lists(events, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_batch_decodes_in_order_and_its_chain_holds(batch: list[AnyEvent]) -> None:
    written = [Recorded(seq, event) for seq, event in enumerate(batch, start=1)]
    rows, end = encode(written, end=START)
    assert decode(rows) == written
    assert first_break(rows, end=START) is None
    assert end == ChainEnd(len(batch), rows[-1][6])


@given(st.integers(1, 5), st.integers(1, 5))
def test_the_chain_doesnt_depend_on_how_events_were_batched(first: int, second: int) -> None:
    everything = records(1, first + second)
    _, middle = encode(everything[:first], end=START)
    assert encode(everything[first:], end=middle)[1] == encode(everything, end=START)[1]


def test_equal_events_give_equal_bytes_whatever_the_order_of_their_keys() -> None:
    one = LimitsSet(Nanos(1), {"a": "1", "b": "2"})
    other = LimitsSet(Nanos(1), {"b": "2", "a": "1"})
    assert rows_of(record(1, one)) == rows_of(record(1, other))


def test_decimals_are_written_as_text_with_all_their_digits() -> None:
    event = DayOpened(Nanos(1), Decimal("1.50"), {InstrumentId("X.Y"): Decimal("1E-8")})
    body = rows_of(record(1, event))[0][5]
    assert b'"1.50"' in body
    assert b'"1E-8"' in body


@pytest.mark.parametrize("column", range(7))
def test_a_change_in_any_column_breaks_the_chain_at_that_row(column: int) -> None:
    rows, _ = encode(records(1, 5), end=START)
    changed = list(rows[3])
    old = changed[column]
    changed[column] = b"\0" if isinstance(old, bytes) else "x" if column in (2, 3, 4) else 10**6
    rows[3] = tuple(changed)  # type: ignore[assignment]
    broken = first_break(rows, end=START)
    assert broken is not None
    assert broken[0] == 4


def test_a_missing_row_is_named() -> None:
    rows, _ = encode(records(1, 5), end=START)
    del rows[2]
    assert first_break(rows, end=START) == (3, "event 3 is missing (the next one is 4)")


def test_a_chain_of_another_journal_doesnt_fit() -> None:
    rows, _ = encode(records(1, 2), end=genesis("another"))
    assert first_break(rows, end=START) == (1, "its content and its hash don't agree")


def test_a_body_that_damage_turned_into_text_is_a_break_and_no_crash() -> None:
    row = rows_of(record(1))[0]
    damaged = (*row[:5], row[5].decode(), row[6])
    assert first_break([damaged], end=START) is not None  # type: ignore[list-item]


def test_one_trade_has_one_key_for_each_order_that_took_part() -> None:
    assert venue_key(filled(1, trade_id="9")) == venue_key(filled(1, trade_id="9"))
    assert venue_key(filled(1, trade_id="9")) != venue_key(filled(2, trade_id="9")), "both sides were ours"
    assert venue_key(filled(1, trade_id="8")) != venue_key(filled(1, trade_id="9"))
    assert venue_key(created(1)) is None


def test_an_unknown_kind_is_found_by_its_number() -> None:
    rows = rows_of(record(1), record(2))
    rows[1] = (*rows[1][:5], b'{"type":"FromTheFuture","at":1}', rows[1][6])
    with pytest.raises(msgspec.ValidationError):
        decode(rows)
    found = first_unreadable(rows)
    assert found is not None
    assert found[0] == 2
