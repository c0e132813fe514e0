"""Which trade is the newest: by number where a venue counts its trades, elsewhere by time."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.factories import BTC, T0, VENUE, Core, D, fill, foreign, limit_buy
from veloz_tui.domain import reports as r
from veloz_tui.domain.types import SECOND, Asset, Nanos, TradeId
from veloz_tui.engine.state import State, decode_state, encode_state

UUIDS = [f"{first}1111111-2222-4333-8444-555555555555" for first in "fedcba98"]


def at(seconds: float) -> Nanos:
    return Nanos(T0 + int(seconds * SECOND))


def trade(trade_id: str, when: Nanos, *, order: str = "77") -> r.Fill:
    """Somebody's trade on the account."""
    old = foreign(venue_order_id=order)
    return r.Fill(
        BTC.id,
        TradeId(trade_id),
        old.venue_order_id,
        old.side,
        D(90),
        D("0.3"),
        D(0),
        Asset("USDT"),
        True,
        when,
    )


def listed(*fills: r.Fill, since: str = "0") -> r.FillsListed:
    return r.FillsListed(VENUE, BTC.id, fills, TradeId(since))


def last_trade(core: Core) -> str:
    return core.state.last_trade[BTC.id]


def test_where_ids_are_no_numbers_the_latest_trade_is_the_newest() -> None:
    core = Core()
    core.send(listed(trade(UUIDS[0], at(1)), trade(UUIDS[1], at(3)), trade(UUIDS[2], at(2))))
    assert last_trade(core) == UUIDS[1]
    core.send(listed(trade(UUIDS[3], at(2.5)), since=UUIDS[1]))
    assert last_trade(core) == UUIDS[1]


def test_of_numbered_trades_the_highest_is_the_newest_whatever_their_times() -> None:
    core = Core()
    core.send(listed(trade("9", at(5)), trade("10", at(5)), trade("8", at(6))))
    assert last_trade(core) == "10"


def test_trades_without_numbers_from_before_the_journal_are_not_ours_to_book() -> None:
    core = Core(ready=False)
    core.connected(fills=(trade(UUIDS[0], at(-9)), trade(UUIDS[1], at(-5), order="78")))
    assert (core.position, last_trade(core)) == (D(0), UUIDS[1])
    core.send(listed(trade(UUIDS[0], at(-9)), trade(UUIDS[1], at(-5), order="78"), since=UUIDS[1]))
    assert core.position == 0
    core.send(listed(trade(UUIDS[2], at(1), order="79"), since=UUIDS[1]))
    assert core.position == D("0.3")


def test_own_orders_fills_without_numbers_are_booked_once() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    own = msgspec.structs.replace(fill(order, 1, "1 @ 100"), trade_id=TradeId(UUIDS[4]))
    core.reconnect(fills=(own,))
    core.send(listed(own, since=UUIDS[4]))
    assert core.position == D(1)


def test_the_time_of_the_newest_trade_survives_a_restart() -> None:
    core = Core()
    core.send(listed(trade(UUIDS[0], at(3))))
    again = core.restarted()
    again.send(listed(trade(UUIDS[1], at(2), order="80"), since=UUIDS[0]))
    assert (again.position, last_trade(again)) == (D("0.3"), UUIDS[0])


def test_a_snapshot_from_before_the_times_is_read() -> None:
    plain = msgspec.msgpack.decode(encode_state(State(last_trade={BTC.id: TradeId("5")})))
    del plain["last_trade_at"]
    assert decode_state(msgspec.msgpack.encode(plain)).last_trade == {BTC.id: "5"}


@pytest.mark.parametrize("ids", [("٣", "7"), ("-5", "x"), ("9" * 5_000, "1"), ("", "0x10")])
def test_no_id_breaks_the_engine(ids: tuple[str, str]) -> None:
    core = Core()
    trades = tuple(trade(one, at(number), order=str(number)) for number, one in enumerate(ids, start=1))
    core.reconnect(fills=trades)
    core.send(listed(*trades))
    assert last_trade(core) == ids[1]


@given(st.permutations(range(6)))
def test_the_newest_does_not_depend_on_the_order_in_which_trades_come(order: list[int]) -> None:
    core = Core()
    for number in order:
        core.send(listed(trade(UUIDS[number], at(number + 1), order=str(number))))
    assert last_trade(core) == UUIDS[5]
