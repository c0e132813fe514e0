"""Lease, log ring, answers, numbers of commands: the pure parts of the server."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.control.factories import entry
from veloz_tui.control.answers import Answers
from veloz_tui.control.codec import GarbledFrame, bad_number, decode_from_console, decode_from_engine
from veloz_tui.control.lease import ControlLease
from veloz_tui.control.log_ring import LogRing
from veloz_tui.domain.commands import AmendOrder, ClosePosition, PlaceOrder
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import ClientOrderId, CommandId, InstrumentId, Side
from veloz_tui.domain.views import Ack

BTC = InstrumentId("BTCUSDT.BINANCE")


def test_first_to_join_has_control_and_taking_moves_it() -> None:
    lease: ControlLease[str] = ControlLease()
    lease.join("a")
    lease.join("b")
    assert lease.holder == "a"
    lease.take("b")
    assert lease.holder == "b"


def test_control_returns_to_whom_it_was_taken_from() -> None:
    lease: ControlLease[str] = ControlLease()
    for who in "abc":
        lease.join(who)
    lease.take("c")
    lease.leave("c")
    assert lease.holder == "a"
    lease.leave("a")
    lease.leave("b")
    assert lease.holder is None


@given(st.lists(st.tuples(st.sampled_from(["join", "leave"]), st.sampled_from("abcd"))))
def test_nobody_loses_control_without_leaving_or_a_takeover(steps: list[tuple[str, str]]) -> None:
    lease: ControlLease[str] = ControlLease()
    for step, who in steps:
        before = lease.holder
        (lease.join if step == "join" else lease.leave)(who)
        assert lease.holder == before or before is None or (step, who) == ("leave", before)


def test_ring_gives_what_came_after_a_seq() -> None:
    ring = LogRing()
    ring.extend([entry(3), entry(7), entry(7, "second of 7"), entry(9)])
    part = ring.read(ring.position_after(3), limit=10)
    assert [one.seq for one in part.entries] == [7, 7, 9]
    assert ring.read(part.position, limit=10).entries == ()
    assert ring.last_seq == 9


def test_ring_says_when_entries_are_gone() -> None:
    ring = LogRing(capacity=3)
    ring.extend(entry(seq) for seq in range(1, 8))
    part = ring.read(ring.position_after(2), limit=2)
    assert [one.kind for one in part.entries] == ["control", "order", "order"]
    assert [one.seq for one in ring.read(part.position, limit=9).entries] == [7]
    assert [one.kind for one in ring.read(ring.position_after(4), limit=9).entries] == ["order"] * 3


@given(st.integers(1, 8), st.lists(st.integers(0, 4), max_size=30))
def test_ring_reader_sees_every_kept_entry_once_and_in_order(capacity: int, batches: list[int]) -> None:
    ring = LogRing(capacity=capacity)
    position, seen, seq = ring.end, [], 0
    for size in batches:
        ring.extend(entry(seq + step + 1) for step in range(size))
        seq += size
        part = ring.read(position, limit=3)
        position = part.position
        seen += [one.seq for one in part.entries if one.kind == "order"]
    while (part := ring.read(position, limit=3)).entries:
        position = part.position
        seen += [one.seq for one in part.entries if one.kind == "order"]
    assert seen == sorted(set(seen))
    assert seen[-capacity:] == list(range(max(1, seq - capacity + 1), seq + 1))[-len(seen[-capacity:]) :]
    assert not seq or seen[-1] == seq


def test_repeated_command_gets_the_first_answer_and_the_new_asker_gets_it() -> None:
    answers: Answers[str] = Answers(capacity=2)
    one = CommandId("one")
    assert answers.ask(one, "a") is None
    assert answers.answer(Ack(one, is_ok=True, text="done")) == "a"
    earlier = answers.ask(one, "b")
    assert earlier is not None
    assert earlier.text == "done"
    answers.ask(CommandId("two"), "a")
    answers.ask(CommandId("three"), "a")
    assert not answers.is_known(one)
    assert answers.answer(Ack(one, is_ok=True, text="late")) is None


@pytest.mark.parametrize(
    "number", ["NaN", "sNaN", "Infinity", "-1", "0", "1E+9999", "1E-9999", "1." + "1" * 100]
)
def test_hostile_numbers_are_named(number: str) -> None:
    request = OrderRequest(instrument_id=BTC, side=Side.BUY, quantity=Decimal(number), price=Decimal(1))
    assert "quantity" in bad_number(PlaceOrder(command_id=CommandId("c"), request=request))
    priced = OrderRequest(instrument_id=BTC, side=Side.BUY, quantity=Decimal(1), price=Decimal(number))
    assert "price" in bad_number(PlaceOrder(command_id=CommandId("c"), request=priced))
    close = ClosePosition(command_id=CommandId("c"), instrument_id=BTC, fraction=Decimal(number))
    assert "fraction" in bad_number(close)
    amend = AmendOrder(command_id=CommandId("c"), client_order_id=ClientOrderId("x"))
    for name in ("price", "quantity", "stop_price"):
        hostile = msgspec.structs.replace(amend, **{name: Decimal(number)})
        assert name.replace("_", " ") in bad_number(hostile)


def test_sane_numbers_pass() -> None:
    request = OrderRequest(
        instrument_id=BTC, side=Side.BUY, quantity=Decimal("0.00001"), price=Decimal("64123.60")
    )
    assert bad_number(PlaceOrder(command_id=CommandId("c"), request=request)) == ""


@given(st.binary(max_size=300) | st.text(max_size=50))
def test_any_bytes_are_a_frame_or_garbled(frame: bytes | str) -> None:
    for decode in (decode_from_console, decode_from_engine):
        try:
            decode(frame)
        except GarbledFrame as error:
            assert "not a frame" in str(error)
