"""What the panes show: View-models and whole lines, without Textual."""

import msgspec
import pytest

from tests.tui import factories as f
from tests.tui.headless import headless
from veloz_tui.control.client import Link, LinkState
from veloz_tui.domain.types import (
    SECOND,
    BreakerState,
    ChannelState,
    Mode,
    Nanos,
    Severity,
    Side,
    TradingState,
)
from veloz_tui.domain.views import LogEntry, View
from veloz_tui.tui import plain, table, texts
from veloz_tui.tui.glyphs import ASCII, UNICODE
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.keymap import ANY_PANE
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import alerts, ladder, orders, positions, status, strategies
from veloz_tui.tui.panes.scroll import Scroll
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.screen import compose, footer_line, help_content, message_lines


def lines(content: PaneContent) -> list[str]:
    return [table.plain(row.line).rstrip() for row in content.rows]


def screen(view: View, width: int = 80, height: int = 24) -> str:
    session, _ = headless(view)
    frame = compose(session, width=width, height=height, glyphs=UNICODE, terminal=Terminal())
    return "\n".join(table.plain(line) for part in frame.lines.values() for line in part)


# -- orders -------------------------------------------------------------------------------------------


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


# -- ladder -------------------------------------------------------------------------------------------


def ladder_content(view: View, scroll: Scroll, now: float = 0.0) -> PaneContent:
    return ladder.content(
        view, view.books[0], width=44, height=24, names=Names(view), scroll=scroll, glyphs=UNICODE, now=now
    )


def row_of(content: PaneContent, price: str) -> int:
    return next(at for at, row in enumerate(content.rows) if row.key == price)


def test_a_row_keeps_its_price_while_the_market_stays_in_the_middle_third() -> None:
    scroll = Scroll()
    before = ladder_content(f.view(), scroll)
    after = ladder_content(f.moving_view(3), scroll, now=5.0)
    assert [row.key for row in before.rows] == [row.key for row in after.rows]


def moved_view(best_bid: str, best_ask: str) -> View:
    return f.view(books=(f.ladder(bids=f.levels(best_bid, "-0.10"), asks=f.levels(best_ask, "0.10")),))


def test_the_ladder_recentres_when_the_best_price_leaves_the_middle_third_untouched() -> None:
    scroll = Scroll()
    before = ladder_content(f.view(), scroll)
    after = ladder_content(moved_view("64124.60", "64124.70"), scroll, now=5.0)
    assert [row.key for row in before.rows] != [row.key for row in after.rows]
    assert 6 <= row_of(after, "64124.6") <= 14


def test_the_ladder_does_not_move_under_a_hand_that_touched_it() -> None:
    scroll = Scroll()
    before = ladder_content(f.view(), scroll)
    scroll.touch(4.5)
    after = ladder_content(moved_view("64124.60", "64124.70"), scroll, now=5.0)
    assert [row.key for row in before.rows] == [row.key for row in after.rows]


def test_own_orders_queue_and_marks_stand_beside_their_price() -> None:
    content = ladder_content(f.view(), Scroll())
    bid = lines(content)[row_of(content, "64123.4")]
    assert bid.startswith(" 0.05  ~3.1")
    assert "64,123.20E" in lines(content)[row_of(content, "64123.2")]
    assert "64,123.70▲" in lines(content)[row_of(content, "64123.7")]


def test_an_unknown_queue_is_a_dash_not_a_zero() -> None:
    bids = tuple(msgspec.structs.replace(level, ahead=None) for level in f.ladder().bids)
    content = ladder_content(f.view(books=(f.ladder(bids=bids),)), Scroll())
    assert lines(content)[row_of(content, "64123.4")].startswith(" 0.05    ~-")


def test_grouping_adds_the_sizes_of_the_levels_it_hides() -> None:
    scroll = Scroll()
    ladder_content(f.view(), scroll)
    scroll.regroup(1, f.D("0.01"))
    scroll.regroup(1, f.D("0.01"))
    assert scroll.step == f.D("0.5")
    content = ladder_content(f.view(), scroll)
    view = f.view()
    wanted = sum(level.size for level in view.books[0].bids if f.D("64123.50") <= level.price < f.D("64124"))
    assert f"{wanted:.4f}" in lines(content)[row_of(content, "64123.5")]


def test_a_stale_book_says_so_and_why() -> None:
    book = f.ladder(stale_reason="gap at u=88213, fetching snapshot", age_ms=3100)
    content = ladder_content(f.view(books=(book,)), Scroll())
    assert content.note == (("STALE 3s", "warn"),)
    assert "gap at u=88213" in lines(content)[-1]


def test_a_quiet_market_is_not_stale() -> None:
    content = ladder_content(f.view(books=(f.ladder(is_quiet=True, age_ms=8000),)), Scroll())
    assert content.note == (("quiet 8s", "muted"),)
    assert not content.is_stale


def test_a_tiny_size_never_looks_like_nothing() -> None:
    assert ladder.size_text(f.D("0.00004"), 5, 7).strip() == "0.00004"
    assert ladder.size_text(f.D("0.00004"), 5, 5).strip() == "<.001"


# -- other panes --------------------------------------------------------------------------------------


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
    from veloz_tui.domain.types import StrategyState

    view = f.view(strategies=(f.strategy(state=StrategyState.FAULTED, doing="ZeroDivisionError in on_book"),))
    content = strategies.content(view, width=90, names=Names(view), glyphs=ASCII)
    assert "! FAULT ZeroDivisionError in on_book" in lines(content)[0]


def test_a_slow_callback_is_told_in_full() -> None:
    view = f.view(strategies=(f.strategy(callback_p99_us=12_345.6),))
    content = strategies.content(view, width=140, names=Names(view), glyphs=ASCII)
    assert " 12,346 " in lines(content)[0]


# -- status, footer, message --------------------------------------------------------------------------


def status_text(view: View, width: int, terminal: Terminal | None = None) -> list[str]:
    shown = status.lines(
        view,
        width=width,
        names=Names(view),
        glyphs=UNICODE,
        instrument_id=f.BTC,
        terminal=terminal or Terminal(kill_tested=True),
    )
    assert all(table.length(line) <= width for line in shown)
    return [table.plain(line) for line in shown]


@pytest.mark.parametrize("width", [40, 60, 80, 110, 120, 170, 200])
def test_mode_pnl_alerts_and_kill_are_in_the_status_at_every_width(width: int) -> None:
    first, second = status_text(f.view(), width)
    assert first.startswith(" DEMO ") and "+311.20" in first and "!2" in first
    assert texts.kill.OK in second


def test_at_120_columns_the_day_is_split_and_the_clock_has_seconds() -> None:
    first, second = status_text(f.view(), 120)
    assert "(real +184.25 unrl +139.20 fee -12.25)" in first and "12:00:01Z" in first
    assert "ord 7/200 doubt 1" in second


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("state", list(TradingState))
def test_the_state_is_a_second_badge_never_instead_of_the_mode(mode: Mode, state: TradingState) -> None:
    first, _ = status_text(f.view(status=f.status(mode=mode, trading_state=state)), 120)
    assert mode.value in first and texts.names.STATES[state] in first


def test_live_has_its_own_shape() -> None:
    first, _ = status_text(f.view(status=f.status(mode=Mode.LIVE)), 80)
    assert first.startswith(" ■LIVE ")


def test_a_breaker_shows_only_when_it_is_not_closed() -> None:
    opened = f.venue(breaker=BreakerState.OPEN, breaker_text="12s (5 timeouts)")
    assert "brk" not in status_text(f.view(), 120)[1]
    assert "brk OPEN 12s (5 timeouts)" in status_text(f.view(venues=(opened,)), 120)[1]


def test_a_venue_that_is_not_ready_says_what_it_does() -> None:
    syncing = f.venue(state=ChannelState.SYNCING, reason="snapshot")
    assert "BIN ◐ SYNCING snapshot" in status_text(f.view(venues=(syncing,)), 120)[1]


def test_a_lost_link_takes_the_second_line_but_kill_stays() -> None:
    _, second = status_text(f.view(), 80, Terminal(kill_tested=True, link_lost_s=2.4))
    assert "UI link lost 2 s: data OLD" in second and texts.kill.OK in second


def halted() -> View:
    kill = f.kill(
        is_halted=True,
        at=f.NOON,
        by="kill",
        canceled=49,
        total=50,
        unverified=("BIN 1",),
        open_positions="OPEN POSITION 0.45 BTC no stop",
    )
    return f.view(kill=kill, status=f.status(trading_state=TradingState.HALTED))


@pytest.mark.parametrize("width", [80, 120, 200])
def test_after_a_kill_the_status_says_what_is_certain_what_not_and_the_way_out(width: int) -> None:
    session, _ = headless(halted())
    frame = compose(session, width=width, height=30, glyphs=UNICODE, terminal=Terminal())
    text = " ".join(" ".join(table.plain(line) for line in frame.lines["status"]).split())
    assert "■ HALTED 12:00:01Z by kill: canceled 49/50; BIN 1 unverified" in text
    assert "OPEN POSITION 0.45 BTC no stop" in text and ":rearm exits" in text
    assert "DEMO" in text


@pytest.mark.parametrize(
    ("way_out", "shown"),
    [
        (":resume", ":resume"),
        (":rearm full", ":rearm full"),
        (":rearm full and :resume", ":rearm full"),  # the other one once this is done
    ],
)
@pytest.mark.parametrize("width", [80, 120])
def test_reduce_shows_beside_itself_what_lifts_it(width: int, way_out: str, shown: str) -> None:
    view = f.view(status=f.status(trading_state=TradingState.REDUCE_ONLY, way_out=way_out))
    first, _ = status_text(view, width)
    assert f"REDUCE │ {shown} │ BTC-USDT" in first


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_footer_never_drops_kill_and_help_and_never_overflows(width: int) -> None:
    session, _ = headless(f.view())
    line = footer_line(session, width)
    text = table.plain(line)
    assert "^K^K KILL" in text and "? help" in text
    assert table.length(line) <= width


def test_the_last_fill_is_on_the_message_line_and_in_the_fills_pane() -> None:
    session, _ = headless(f.view())
    entry = LogEntry(seq=11, at=f.NOON, kind="fill", text="FILL BUY 0.0100 @64,123.40 maker -> pos +0.46")
    session.on_entries((entry,))
    assert "FILL BUY 0.0100" in table.plain(message_lines(session, 80)[0])
    frame = compose(session, width=200, height=55, glyphs=UNICODE, terminal=Terminal())
    assert any("FILL BUY 0.0100" in table.plain(line) for line in frame.lines["tape"])


def test_entries_sent_twice_are_shown_once() -> None:
    session, _ = headless(f.view())
    entry = LogEntry(seq=11, at=f.NOON, kind="fill", text="FILL")
    session.on_entries((entry,))
    session.on_entries((entry,))
    assert len(session.store.log) == 1


def test_critical_things_ring_even_when_muted_but_not_twice_within_two_seconds() -> None:
    session, shell = headless(f.view())
    session.muted_until = 2000.0
    session.on_entries((LogEntry(seq=11, at=f.NOON, kind="alert", text="x", severity=Severity.CRIT),))
    session.on_entries((LogEntry(seq=12, at=f.NOON, kind="alert", text="x", severity=Severity.CRIT),))
    assert shell.rings == 1


def test_an_observer_is_told_that_it_is_one() -> None:
    session, _ = headless(f.view())
    session.on_link(Link(LinkState.UP, has_control=False, holder="pid 1 pts/1"))
    frame = compose(session, width=120, height=40, glyphs=UNICODE, terminal=Terminal())
    assert "READ-ONLY" in table.plain(frame.lines["status"][0])


def test_without_a_view_every_pane_says_what_it_waits_for() -> None:
    session, _ = headless(None)
    session.on_link(Link(LinkState.DOWN, text="no engine is running"))
    frame = compose(session, width=80, height=24, glyphs=UNICODE, terminal=Terminal())
    assert "no engine is running" in table.plain(frame.lines["ladder"][1])


def test_the_ticket_knows_which_way_a_sell_crosses() -> None:
    from veloz_tui.tui.ticket import Ticket

    ticket = Ticket(f.instrument(), side=Side.SELL, price=f.D("64123.60"), quantity=f.D("0.05"))
    assert ticket.crosses(f.ladder())
    request = ticket.request(f.ladder())
    assert not isinstance(request, str) and not request.post_only


@pytest.mark.parametrize("typed", ["0,5", "abc", "-1", "0", "1e5000", "NaN", "1,23"])
def test_what_is_no_positive_number_never_becomes_an_order(typed: str) -> None:
    from veloz_tui.tui.ticket import parse_number

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


def test_a_long_denial_is_shown_whole_at_80_columns() -> None:
    session, _ = headless(f.view())
    text = (
        "DENIED BUY 0.50 BTC-USDT: position could reach 67,330 long > max 50,000 USDT (now +0.45). "
        "Nothing sent. Lower qty or cancel working orders [POS_MAX]"
    )
    session.say(text, "warn")
    frame = compose(session, width=80, height=24, glyphs=UNICODE, terminal=Terminal())
    shown = " ".join(table.plain(line).strip() for line in frame.lines["message"])
    assert shown == text
    assert frame.plan["message"].height == 2


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_key_is_explained_whole(width: int) -> None:
    session, _ = headless(f.view())
    rows = [table.plain(row.line) for row in help_content(session, width).rows]
    assert not [row for row in rows if "~" in row or len(row) > width]
    told = " ".join(" ".join(row[14:] for row in rows).split())
    for action in session.keymap.in_context(session.focus, ANY_PANE):
        assert action.help in told


def test_a_question_is_read_whole_at_80_columns() -> None:
    session, _ = headless(f.view())
    question = texts.orders.start_live(
        "mm-1", "max_order_size 20,000 USDT, max_position_size 50,000 USDT, 10 orders/s"
    )
    session.ask(question, lambda: None)
    frame = compose(session, width=80, height=24, glyphs=UNICODE, terminal=Terminal())
    shown = " ".join(" ".join(table.plain(line).strip() for line in frame.lines["strip"]).split())
    assert shown == " ".join(question.split())
