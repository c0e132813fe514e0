"""The two status lines at every width: what is never dropped, and what is said only when it is so."""

import pytest

from tests.tui import factories as f
from tests.tui.headless import headless
from veloz_tui.control.client import Link, LinkState
from veloz_tui.domain.types import BreakerState, ChannelState, Mode, TradingState
from veloz_tui.domain.views import View
from veloz_tui.tui import table, texts
from veloz_tui.tui.glyphs import UNICODE
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import banners, status
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.screen import compose


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


def test_what_the_split_of_the_day_leaves_out_is_said_so_that_it_adds_up() -> None:
    account = f.account(day_pnl=f.D("327.20"))
    first, _ = status_text(f.view(account=account), 140)
    assert "+327.20 (real +184.25 unrl +139.20 fee -12.25 other +16.00)" in first


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("state", list(TradingState))
def test_the_state_is_a_second_badge_never_instead_of_the_mode(mode: Mode, state: TradingState) -> None:
    first, _ = status_text(f.view(status=f.status(mode=mode, trading_state=state)), 120)
    assert mode.value in first and texts.names.STATES[state] in first


def test_live_has_its_own_shape() -> None:
    first, _ = status_text(f.view(status=f.status(mode=Mode.LIVE)), 80)
    assert first.startswith(" ■LIVE ")


def test_a_breaker_shows_only_when_it_is_not_closed() -> None:
    opened = f.venue(breaker=BreakerState.OPEN, breaker_text="brk OPEN 12s (5 timeouts)")
    assert "brk" not in status_text(f.view(), 120)[1]
    assert "│ BIN brk OPEN 12s (5 timeouts) │" in status_text(f.view(venues=(opened,)), 120)[1]
    assert "│BIN brk OPEN│" in status_text(f.view(venues=(opened,)), 60)[1]


def test_a_venue_that_is_not_ready_says_what_it_does() -> None:
    syncing = f.venue(state=ChannelState.SYNCING, reason="snapshot")
    assert "BIN ◐ SYNCING snapshot" in status_text(f.view(venues=(syncing,)), 120)[1]


def test_a_lost_link_takes_the_second_line_but_kill_stays() -> None:
    first, second = status_text(f.view(), 80, Terminal(kill_tested=True, link_lost_s=2.4))
    assert "state unknown" in first and "trading OK" not in first
    assert "UI link lost 2 s: data OLD" in second and texts.kill.OK in second


@pytest.mark.parametrize("width", [80, 120, 200])
def test_after_a_kill_the_status_says_what_is_certain_what_not_and_the_way_out(width: int) -> None:
    session, _ = headless(f.halted())
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
    assert f"REDUCE│{shown}│BTC-USDT" in first.replace(" │ ", "│")


def test_an_observer_is_told_that_it_is_one() -> None:
    session, _ = headless(f.view())
    session.on_link(Link(LinkState.UP, has_control=False, holder="pid 1 pts/1"))
    frame = compose(session, width=120, height=40, glyphs=UNICODE, terminal=Terminal())
    assert "READ-ONLY" in table.plain(frame.lines["status"][0])


@pytest.mark.parametrize(
    ("width", "wanted"),
    [
        (
            200,
            " BIN ● md 12 rtt 48 rate 34% guardian only │ eq 102,311.20 free 61,204.10 │ dd 0.8% "
            "│ ord 7/200 doubt 1 │ kill ^K^K ok │ tty 28ms 10fps",
        ),
        (
            120,
            " BIN ● md 12 rtt 48 rate 34% │ eq 102,311.20 free 61,204.10 │ dd 0.8% │ ord 7/200 doubt 1 "
            "│ kill ^K^K ok │ tty 28ms",
        ),
        (80, " BIN ● md 12 rtt 48│eq 102,311 free 61,204│dd 0.8%│ord 7/200│kill ^K^K ok"),
        (40, " BIN ● md 12 rtt 48│kill ^K^K ok"),
    ],
)
def test_the_second_line_says_as_much_as_its_width_holds(width: int, wanted: str) -> None:
    terminal = Terminal(kill_tested=True, rtt_ms=28.0, frames_per_second=10.0)
    view = f.view(venues=(f.venue(protection="guardian only"),))
    assert status_text(view, width, terminal)[1] == wanted


def test_at_80_columns_the_first_line_holds_day_doubts_alerts_and_time() -> None:
    first, _ = status_text(f.view(), 80)
    assert first == " DEMO  trading OK│BTC-USDT 64,123.60▲│day +311.20 r+184 u+139│doubt 1│!2│12:00Z"


def test_parts_do_not_come_and_go_with_a_digit_of_an_age() -> None:
    def parts(age_ms: int) -> int:
        return status_text(f.view(venues=(f.venue(market_age_ms=age_ms),)), 80)[1].count("│")

    assert parts(3) == parts(45) == parts(999)


@pytest.mark.parametrize("width", [39, 30, 20, 12])
def test_too_small_a_screen_says_what_matters_and_the_size_it_needs(width: int) -> None:
    view = f.view(account=f.account(day_pnl=f.D("-1234567.89")))
    shown = [
        table.plain(line)
        for line in banners.tiny(view, width=width, height=5, kill_line="^K^K KILL", glyphs=UNICODE)
    ]
    assert shown[0].startswith("DEMO") and shown[1] == "^K^K KILL" and shown[3] == "!2 alerts"
    assert shown[2] in {"day -1,234,567.89", "-1,234,568"}
    assert "40x10" in shown[4]
    assert all(len(line) <= width for line in shown)


def test_the_windows_title_has_alerts_mode_price_and_day() -> None:
    view = f.view(status=f.status(mode=Mode.LIVE))
    assert banners.terminal_title(view, Names(view), f.BTC, UNICODE) == "!2 ■LIVE BTC 64,124 +311"
    calm = f.view(status=f.status(alerts_unacknowledged=0))
    assert banners.terminal_title(calm, Names(calm), f.BTC, UNICODE) == "DEMO BTC 64,124 +311"
