"""The orders pane: what is on top, which code, which price."""

import pytest

from tests.tui import factories as f
from tests.tui.panes import lines
from veloz_tui.domain.types import SECOND, Nanos
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import orders


def test_orders_in_doubt_come_first_then_stops_then_the_oldest() -> None:
    view = f.view()
    content = orders.content(view, width=47, names=Names(view), followed=f.BTC)
    assert [line[:5] for line in lines(content)] == [
        "?BUY ",
        "!SELL",
        " SELL",
        " BUY ",
        ">BUY ",
        "xBUY ",
        "+1 on",
    ]


def test_a_narrow_pane_follows_the_ladders_instrument_and_counts_the_rest() -> None:
    view = f.view()
    content = orders.content(view, width=47, names=Names(view), followed=f.ETH)
    assert lines(content)[-1] == "+6 on other instruments"
    assert len(content.rows) == 2


def test_a_stop_shows_its_trigger() -> None:
    view = f.view()
    shown = lines(orders.content(view, width=47, names=Names(view), followed=f.BTC))[1]
    assert "63,800.00" in shown and "63,700.00" not in shown


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (f.order(1, in_doubt_since=Nanos(f.NOON - 12 * SECOND)), "DBT 12s"),
        (f.order(1, cancel_requested_at=f.NOON), "CXLing"),
        (f.order(1, filled=f.D("0.01")), "PART"),
        (f.order(1), "OPEN"),
    ],
)
def test_status_codes(order: object, code: str) -> None:
    assert isinstance(order, type(f.order(1)))
    assert orders.status(order, f.NOON)[0] == code
