"""What the other panes show, and what no pane may show."""

import msgspec
import pytest

from tests.tui import factories as f
from tests.tui.headless import headless
from tests.tui.panes import lines, screen
from veloz_tui.control.client import Link, LinkState
from veloz_tui.domain.types import SECOND, Nanos, Severity, Side, StrategyState
from veloz_tui.domain.views import LogEntry
from veloz_tui.tui import plain, table
from veloz_tui.tui.glyphs import ASCII, UNICODE
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import account, alerts, fills, orders, positions, strategies, watch
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.screen import compose
from veloz_tui.tui.ticket import Ticket, parse_number


def test_an_empty_pane_says_what_to_press() -> None:
    view = f.view(orders=(), positions=())
    assert "b or s opens a ticket" in lines(orders.content(view, width=47, names=Names(view)))[0]
    assert "flat" in lines(positions.content(view, width=47, names=Names(view)))[0]


def test_external_text_can_not_steer_the_terminal() -> None:
    evil = f.strategy("mm\x1b[2J-1", doing="quoting\x07\u202e")
    view = f.view(strategies=(evil,), alerts=(f.alert(text="x\x1b]2;owned\x07y"),))
    shown = screen(view, 200, 55)
    assert "\x1b" not in shown and "\x07" not in shown and "\u202e" not in shown


def test_at_80_columns_there_is_room_for_what_a_strategy_is_doing() -> None:
    shown = screen(f.view(strategies=(f.strategy(doing="quoting, inventory +0.0150"),)))
    assert "mm-1 ► RUN  quoting" in shown


def test_positions_show_what_leaving_needs() -> None:
    view = f.view()
    content = positions.content(view, width=75, names=Names(view))
    assert "0.4500 64,123.20 64,251.58" in lines(content)[0]
    assert lines(content)[0].rstrip().endswith("NO") and "stop 0/1" in content.title


def test_break_even_distance_is_negative_until_the_fees_are_earned_on_both_sides() -> None:
    long = positions.break_even_distance(f.position())
    short = positions.break_even_distance(f.position(quantity=f.D("-0.45"), break_even=f.D("63995.00")))
    assert long is not None and short is not None and long < 0 and short < 0


def test_unacknowledged_critical_alerts_stay_on_top_and_repeats_are_counted() -> None:
    old = f.alert(
        "kill", severity=Severity.CRIT, last_at=Nanos(f.NOON - 900 * SECOND), text="BIN 1 unverified"
    )
    view = f.view(alerts=(f.alert(count=3), old))
    content = alerts.content(view, width=75)
    assert "BIN 1 unverified" in lines(content)[0]
    assert lines(content)[1].endswith("x3")


def test_news_is_listed_but_does_not_wait_to_be_acknowledged() -> None:
    news = f.alert("loss", severity=Severity.INFO, text="daily loss 50 % of limit")
    assert alerts.content(f.view(alerts=(news,)), width=75).title == "Alerts"
    assert alerts.content(f.view(alerts=(news, f.alert())), width=75).title == "Alerts  1 unacked"


def test_a_faulted_strategy_stands_out_by_sign_and_word() -> None:
    view = f.view(strategies=(f.strategy(state=StrategyState.FAULTED, doing="ZeroDivisionError in on_book"),))
    content = strategies.content(view, width=90, names=Names(view), glyphs=ASCII)
    assert "! FAULT ZeroDivisionError in on_book" in lines(content)[0]


def test_a_slow_callback_is_told_in_full() -> None:
    view = f.view(strategies=(f.strategy(callback_p99_us=12_345.6),))
    content = strategies.content(view, width=140, names=Names(view), glyphs=ASCII)
    assert " 12,346 " in lines(content)[0]


def test_without_a_view_every_pane_says_what_it_waits_for() -> None:
    session, _ = headless(None)
    session.on_link(Link(LinkState.DOWN, text="no engine is running"))
    frame = compose(session, width=80, height=24, glyphs=UNICODE, terminal=Terminal())
    assert "no engine is running" in table.plain(frame.lines["ladder"][1])


def test_the_ticket_knows_which_way_a_sell_crosses() -> None:
    ticket = Ticket(f.instrument(), side=Side.SELL, price=f.D("64123.60"), quantity=f.D("0.05"))
    assert ticket.crosses(f.ladder())
    request = ticket.request(f.ladder())
    assert not isinstance(request, str) and not request.post_only


@pytest.mark.parametrize("typed", ["0,5", "abc", "-1", "0", "1e5000", "NaN", "1,23"])
def test_what_is_no_positive_number_never_becomes_an_order(typed: str) -> None:
    assert parse_number(typed) is None


def test_the_plain_view_is_one_block_without_escapes() -> None:
    assert plain.render(f.view()) == (
        "VeloZ DEMO 2026-11-22T12:00:01Z trading=OK engine=pid 8123 equity=102311.20USDT day=+311.20 "
        "orders=7 doubt=1 alerts=2\n"
        "BOOK BTC-USDT.BIN bid 64123.60x1.1079 ask 64123.70x1.1079 spread 10t age 0.01s\n"
        "POSITION BTC-USDT.BIN LONG 0.45 entry 64123.20 breakeven 64251.58 unrealized +0.18\n"
        "No terminal: showing this once. Live: run `veloz` in a terminal | veloz watch --plain | "
        "veloz status --json | veloz kill\n"
    )


def test_the_tape_shows_the_ladders_market_newest_first_and_can_not_be_selected() -> None:
    view = f.view()
    content = fills.tape(view.books[0], names=Names(view), width=38)
    assert content.title == "Tape  BTC-USDT"
    assert lines(content)[:2] == ["12:00:01 BUY  64,123.60 0.07213", "12:00:00 SELL 64,123.70 0.36213"]
    assert not any(row.key for row in content.rows)


def test_a_tape_without_trades_says_so() -> None:
    view = f.view(books=(f.ladder(trades=()),))
    assert "no trades" in lines(fills.tape(view.books[0], names=Names(view), width=60))[0]


def own_fills() -> list[LogEntry]:
    entry = LogEntry(11, f.NOON, "fill", "FILL", instrument_id=f.BTC, strategy_id="mm-1", fill=f.own_fill())
    return [entry, msgspec.structs.replace(entry, seq=12, fill=f.own_fill(side=Side.SELL, is_maker=False))]


def test_own_fills_have_their_figures_in_columns() -> None:
    content = fills.content(own_fills(), names=Names(f.view()), width=90)
    assert lines(content) == [
        "12:00:01 SELL 64,123.40 0.0100 BTC-USDT T  mm-1 0.00001 BTC",
        "12:00:01 BUY  64,123.40 0.0100 BTC-USDT M  mm-1 0.00001 BTC",
    ]
    slim = lines(fills.content(own_fills(), names=Names(f.view()), width=38))
    assert slim[1] == "12:00:01 BUY  64,123.40 0.0100 BTC  M"


def test_8_shows_the_tape_and_again_our_fills() -> None:
    session, _ = headless(f.view())
    for wanted in ("tape", "fills", "tape"):
        session.router.press("8", "8")
        frame = compose(session, width=80, height=24, glyphs=UNICODE, terminal=Terminal())
        assert session.focus == wanted
        assert {"tape", "fills"} & frame.plan.keys() == {wanted}
        assert table.plain(frame.lines[wanted][0]).startswith(" 8 ")


def test_the_watch_list_shows_age_and_the_markets_volume() -> None:
    view = f.view()
    shown = lines(watch.content(view, width=60, names=Names(view)))
    assert shown[0].split() == ["BTC-USDT.BIN", "64,123.60", "+1.24%", "0.02", "0s", "0.4500", "48.2M"]
    assert shown[1].split() == ["ETH-USDT.BIN", "3,401.25", "+1.24%", "0.29", "8s", "·", "912"]


def test_the_account_shows_each_venue_and_what_today_cost() -> None:
    view = f.view()
    shown = lines(account.content(view, width=46, names=Names(view)))
    assert shown == [
        "USDT  64,410.27 61,204.10 64,410.27 63.0%",
        "BTC        0.59      0.14 37,832.92 37.0%",
        " BIN equity 102,311.20  free 61,204.10",
        " today: fees 12.25  volume 28,874.10",
    ]


def test_the_positions_title_sums_up() -> None:
    view = f.view()
    wide = positions.content(view, width=75, names=Names(view))
    slim = positions.content(view, width=47, names=Names(view))
    assert wide.title == "Positions 1  gross 28,856 = 28% eq  stop 0/1"
    assert slim.title == "Positions 1 28% eq 1 no stop"


def test_only_an_unacknowledged_critical_alert_is_a_full_line() -> None:
    crit = f.alert("kill", severity=Severity.CRIT, text="BIN 1 unverified")
    done = f.alert("old", severity=Severity.CRIT, text="seen", is_acknowledged=True)
    content = alerts.content(f.view(alerts=(f.alert(), crit, done)), width=75)
    tones = {row.key: [tone for _, tone in row.line] for row in content.rows}
    assert set(tones["kill"]) == {"crit"} and content.rows[0].line[-1] == ("", "crit")
    assert "crit" not in tones["doubt"] + tones["old"]
