"""Orders, doubts, latencies, uptime, kills: single stories with known times."""

import pytest

from tests.unit.engine.factories import BTC, MM, D, limit_buy
from tests.unit.reports.histories import SLICE, ListSource, at, numbered, ready, report_of
from veloz_tui.domain import events as e
from veloz_tui.domain.types import (
    SECOND,
    ChannelState,
    ClientOrderId,
    Mode,
    OrderStatus,
    RearmLevel,
    TradeId,
    VenueOrderId,
)
from veloz_tui.engine.state import MAX_ENDED
from veloz_tui.reports.build import build
from veloz_tui.reports.orders import KEEP_ENDED, Orders, percentile
from veloz_tui.reports.period import custom

ONE, TWO = ClientOrderId("vz1"), ClientOrderId("vz2")
BUY = limit_buy("1 @ 100")
MINUTE = custom(at(0), at(60))


def started(seconds: float) -> e.RunStarted:
    return e.RunStarted(at(seconds), 1, "00", Mode.DEMO, "1")


def test_doubts_are_timed_from_the_first_to_the_answer_and_cut_at_the_borders() -> None:
    events = numbered(
        e.OrderCreated(at(-5), ONE, BUY),
        e.OrderInDoubt(at(-4), ONE, "timeout"),
        e.OrderInDoubt(at(-3), ONE, "again"),
        e.OrderAccepted(at(10), ONE, VenueOrderId("1")),
        e.OrderCreated(at(20), TWO, BUY),
        e.OrderInDoubt(at(30), TWO, "timeout"),
        e.OrderNeverArrived(at(70), TWO),
    )
    found = report_of(events, MINUTE).doubts
    # The journal's later words prove nothing of a run it doesn't tell of: known up to the last one inside.
    assert (found.begun, found.open_at_end, found.longest_ns) == (1, 1, 10 * SECOND)
    whole = report_of(events).doubts
    assert (whole.begun, whole.open_at_end) == (2, 0)
    assert (whole.time_ns, whole.longest_ns) == (54 * SECOND, 40 * SECOND)


def test_latencies_leave_out_orders_that_were_in_doubt_and_answers_that_came_first() -> None:
    events = numbered(
        e.OrderCreated(at(0), ONE, BUY),
        e.OrderSubmitted(at(1), ONE),
        e.OrderAccepted(at(3), ONE, VenueOrderId("1")),
        e.OrderAccepted(at(9), ONE, VenueOrderId("1")),
        e.OrderCreated(at(10), TWO, BUY),
        e.OrderInDoubt(at(11), TWO, "timeout"),
        e.OrderAccepted(at(40), TWO, VenueOrderId("2")),
    )
    found = {row.step: (row.count, row.p50_ns, row.p99_ns) for row in report_of(events, MINUTE).latencies}
    assert found == {
        "created-submitted": (1, SECOND, SECOND),
        "submitted-accepted": (1, 2 * SECOND, 2 * SECOND),
        "created-accepted": (1, 3 * SECOND, 3 * SECOND),
        "cancel asked-canceled": (0, None, None),
    }


@pytest.mark.parametrize(
    ("count", "percent", "expected"),
    [(0, 50, None), (1, 99, 1), (2, 50, 1), (100, 50, 50), (100, 99, 99), (101, 99, 100), (1000, 99, 990)],
)
def test_percentiles_are_by_nearest_rank(count: int, percent: int, expected: int | None) -> None:
    assert percentile(range(1, count + 1), percent) == expected


def test_denials_are_told_by_code_with_the_ones_only_counted() -> None:
    denied = [
        e.OrderDenied(at(n), ClientOrderId(f"d{n}"), BUY, code, "no", suppressed=n)
        for n, code in enumerate(("SIZE", "RATE", "RATE"))
    ]
    found = report_of(numbered(*denied), MINUTE)
    assert [(row.code, row.denied, row.suppressed) for row in found.denials] == [
        ("RATE", 2, 3),
        ("SIZE", 1, 0),
    ]
    assert found.orders.created == 0


def test_an_order_that_is_not_ours_counts_as_external_only() -> None:
    request = limit_buy("1 @ 100", strategy_id="external")
    events = numbered(
        e.ExternalOrderSeen(at(1), ONE, request, VenueOrderId("7"), "web"),
        e.CancelRequested(at(2), ONE, "kill"),
        e.OrderCanceled(at(3), ONE),
    )
    counts = report_of(events, MINUTE).orders
    assert (counts.external, counts.canceled, counts.cancel_requests, counts.created) == (1, 0, 0, 0)


def test_a_venue_is_up_while_ready_and_not_after_the_run_died() -> None:
    events = numbered(
        started(0),
        ready(at(10)),
        ready(at(20), ChannelState.SYNCING),
        ready(at(25)),
        e.Rearmed(at(30), RearmLevel.FULL, "the last word before a power cut"),
        started(50),
        ready(at(55)),
        e.RunStopped(at(58), "bye"),
        started(70),
    )
    found = report_of(events, MINUTE)
    (row,) = found.uptime
    assert (row.ready_ns, found.engine_ran_ns) == ((10 + 5 + 3) * SECOND, (30 + 8) * SECOND)
    assert row.downs == 3
    assert str(row.fraction) == "0.473684"


def test_a_run_that_goes_on_after_the_period_fills_it_and_a_dead_one_does_not() -> None:
    lives = numbered(started(0), ready(at(10)), ready(at(90), ChannelState.DOWN))
    died = numbered(started(0), ready(at(10)), started(90))
    assert report_of(lives, MINUTE).uptime[0].ready_ns == 50 * SECOND
    assert report_of(died, MINUTE).uptime[0].ready_ns == 0


@pytest.mark.parametrize(("alive_at", "known"), [(None, 10), (40, 40), (500, 60), (5, 10)])
def test_a_running_engine_vouches_for_the_time_since_its_last_word(alive_at: int | None, known: int) -> None:
    events = numbered(started(0), ready(at(10)))
    now = None if alive_at is None else at(alive_at)
    found = report_of(events, MINUTE, alive_at=now)
    assert found.known_until == at(known)
    assert found.uptime[0].ready_ns == (known - 10) * SECOND


def test_a_running_engine_vouches_for_nothing_after_a_clean_stop() -> None:
    events = numbered(started(0), e.RunStopped(at(10), "bye"))
    assert report_of(events, MINUTE, alive_at=at(40)).known_until == at(10)


def test_kills_keep_their_own_stamps_and_the_time_of_rearming() -> None:
    events = numbered(
        e.Halted(at(-9), "old", "kill", "me"),
        e.KillStamped(at(-8), "old", "gate_closed", 1.0),
        e.Rearmed(at(-7), RearmLevel.FULL, "me"),
        e.Halted(at(1), "k1", "kill", "me"),
        e.KillStamped(at(2), "k1", "gate_closed", 3.0),
        e.Rearmed(at(30), RearmLevel.EXITS, "me"),
        e.Rearmed(at(40), RearmLevel.FULL, "me"),
    )
    (halt,) = report_of(events, MINUTE).halts
    assert (halt.kill_id, halt.stamps, halt.rearmed_at) == ("k1", {"gate_closed": 3.0}, at(30))


def test_an_empty_journal_and_one_of_later_events_give_an_empty_report() -> None:
    journals: list[list[e.Recorded]] = [[], numbered(started(100))]
    for records in journals:
        found = report_of(records, MINUTE)
        assert (found.known_until, found.totals, found.orders.created) == (None, (), 0)
        assert found.engine_ran_ns == 0


def test_nothing_is_read_beyond_the_slice_in_which_the_period_ends() -> None:
    source = ListSource(numbered(started(0), *(e.RunStopped(at(60 + n), "bye") for n in range(50))))
    assert build(source, MINUTE).last_seq == 1
    assert max(source.read) == SLICE


def test_a_trade_that_moves_from_an_external_order_is_counted_once() -> None:
    # It came before the venue's id of its order was known.
    def fill(seconds: float, order: ClientOrderId, moved_from: ClientOrderId | None = None) -> e.OrderFilled:
        return e.OrderFilled(
            at(seconds),
            order,
            BTC.id,
            TradeId("1"),
            D(100),
            D(1),
            D(0),
            BTC.quote,
            True,
            moved_from=moved_from,
        )

    events = numbered(
        e.InstrumentDefined(at(0), BTC),
        e.OrderCreated(at(1), TWO, limit_buy("1 @ 100", strategy_id=MM)),
        e.ExternalOrderSeen(at(2), ONE, limit_buy("1 @ 100", strategy_id="external"), VenueOrderId("7"), ""),
        fill(3, ONE),
        fill(5, TWO, ONE),
    )
    found = report_of(events, MINUTE)
    assert [(row.name, row.fills) for row in found.by_strategy] == [("external", 0), (MM, 1)]
    assert (found.totals[0].fills, found.orders.trades, found.orders.filled) == (1, 1, 1)


def test_ended_orders_are_forgotten_later_than_the_engine_does_and_open_ones_never() -> None:
    period = custom(at(0), at(10**6))
    orders = Orders(period)
    orders.created(e.OrderCreated(at(0), ONE, BUY), at(0))
    names = [ClientOrderId(f"n{number}") for number in range(KEEP_ENDED + 5)]
    for name in names:
        orders.created(e.OrderCreated(at(1), name, BUY), at(1))
        orders.moved(e.OrderCanceled(at(2), name), at(2))
    orders.forget()
    assert KEEP_ENDED >= MAX_ENDED
    assert list(orders.lives) == [ONE, *names[5:]]
    orders.moved(e.OrderAccepted(at(3), ONE, VenueOrderId("1")), at(3))
    assert orders.counts().canceled == len(names)


def test_an_external_order_keeps_the_fills_it_had_before_it_was_listed() -> None:
    request = limit_buy("1 @ 100", strategy_id="external")
    orders = Orders(MINUTE)
    for number in (1, 2):
        orders.external(e.ExternalOrderSeen(at(number), ONE, request, VenueOrderId("7"), ""), at(number))
        orders.filled(
            e.OrderFilled(
                at(number), ONE, BTC.id, TradeId(str(number)), D(100), D("0.5"), D(0), BTC.quote, True
            ),
            at(number),
        )
    assert orders.lives[ONE].status is OrderStatus.FILLED
    assert orders.counts().external == 1
