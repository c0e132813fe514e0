"""The order table, cell by cell, against an expectation written apart from it.

A letter a cell: the next status; `.` nothing moves; `!` stays, an anomaly. Capitals: leaves an end, alarmed.
"""

import pytest

from tests.unit.engine.factories import D, limit_buy
from veloz_tui.domain.order import TERMINAL, TRANSITIONS, Order, OrderEvent
from veloz_tui.domain.types import ClientOrderId, Nanos, OrderStatus, TradeId

S, E = OrderStatus, OrderEvent
EVENTS = (
    E.SUBMITTED,
    E.NOT_SENT,
    E.ACCEPTED,
    E.REJECTED,
    E.IN_DOUBT,
    E.PARTLY_FILLED,
    E.FILLED,
    E.CANCELED,
    E.EXPIRED,
    E.NEVER_ARRIVED,
    E.CANCEL_REQUESTED,
    E.CANCEL_REJECTED,
)
LETTERS = {
    "s": S.SUBMITTED,
    "n": S.NOT_SENT,
    "a": S.ACCEPTED,
    "r": S.REJECTED,
    "f": S.FILLED,
    "c": S.CANCELED,
    "e": S.EXPIRED,
    "v": S.NEVER_ARRIVED,
}
#                   submitted not_sent accepted rejected in_doubt part filled canceled expired never creq crej
EXPECTED = {
    S.CREATED:       "s n a r . a f c e v . .",
    S.SUBMITTED:     ". n a r . a f c e v . .",
    S.ACCEPTED:      ". ! . ! . . f c e ! . .",
    S.FILLED:        ". ! . ! . . . ! ! ! . .",
    S.CANCELED:      ". ! . ! . ! F . . ! . .",
    S.EXPIRED:       ". ! . ! . ! F . . ! . .",
    S.REJECTED:      ". ! A . . A F C E ! . .",
    S.NOT_SENT:      "! . A ! . A F C E ! . .",
    S.NEVER_ARRIVED: ". ! A R . A F C E . . .",
    S.DENIED:        "! ! ! ! . ! ! ! ! ! . .",
}  # fmt: skip
CELLS = [
    (status, event, cell)
    for status, row in EXPECTED.items()
    for event, cell in zip(EVENTS, row.split(), strict=True)
]


def test_the_expectation_and_the_table_cover_everything() -> None:
    assert set(EXPECTED) == set(OrderStatus)
    assert set(EVENTS) == set(OrderEvent)
    assert TRANSITIONS.keys() == {(status, event) for status, event, _ in CELLS}
    assert len(CELLS) == len(OrderStatus) * len(OrderEvent)


@pytest.mark.parametrize(("status", "event", "cell"), CELLS)
def test_cell(status: OrderStatus, event: OrderEvent, cell: str) -> None:
    moved = TRANSITIONS[status, event]
    if cell in ".!":
        assert (moved.status, moved.is_anomaly) == (status, cell == "!")
    else:
        assert (moved.status, moved.is_anomaly) == (LETTERS[cell.lower()], cell.isupper())


def test_only_venue_evidence_leaves_an_end() -> None:
    ours = {E.SUBMITTED, E.NOT_SENT, E.IN_DOUBT, E.CANCEL_REQUESTED, E.CANCEL_REJECTED, E.NEVER_ARRIVED}
    for (status, event), moved in TRANSITIONS.items():
        if status in TERMINAL and moved.status is not status:
            assert event not in ours
            assert moved.is_anomaly


def test_an_accepted_order_ends_by_fill_cancel_or_expiry_only() -> None:
    ends = {event for event in OrderEvent if TRANSITIONS[S.ACCEPTED, event].status in TERMINAL}
    assert ends == {E.FILLED, E.CANCELED, E.EXPIRED}


def test_silence_ends_nothing() -> None:
    for status in set(OrderStatus) - TERMINAL:
        for event in (E.IN_DOUBT, E.CANCEL_REQUESTED, E.CANCEL_REJECTED, E.SUBMITTED):
            assert TRANSITIONS[status, event].status not in TERMINAL


def order(**fields: object) -> Order:
    base = Order(
        client_order_id=ClientOrderId("vz"), request=limit_buy("1 @ 100"), created_at=Nanos(0), created_seq=1
    )
    for name, value in fields.items():
        setattr(base, name, value)
    return base


def test_leaves_follow_the_venues_cumulative_word_when_it_is_ahead() -> None:
    assert order().leaves == 1
    assert order(filled=D("0.4")).leaves == D("0.6")
    assert order(filled=D("0.4"), progressed=D("0.7")).leaves == D("0.3")
    assert order(filled=D("0.7"), progressed=D("0.4")).leaves == D("0.3")
    assert order(filled=D("1.2")).leaves == 0
    assert order(filled=D("0.4"), filled_quote=D(38), trade_ids={TradeId("1")}).average_price == 95
    assert order().average_price is None
