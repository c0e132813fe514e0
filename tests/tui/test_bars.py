"""The message line, the footer and help: read whole at every width, told once."""

import pytest

from tests.tui import factories as f
from tests.tui.headless import headless
from veloz_tui.domain.types import SECOND, Nanos, Severity
from veloz_tui.domain.views import LogEntry, View
from veloz_tui.tui import table, texts
from veloz_tui.tui.glyphs import UNICODE
from veloz_tui.tui.keymap import ANY_PANE
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.screen import compose, footer_line, help_content, message_lines
from veloz_tui.tui.wrapping import wrapped_lines


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_footer_never_drops_kill_and_help_and_never_overflows(width: int) -> None:
    session, _ = headless(f.view())
    line = footer_line(session, width)
    text = table.plain(line)
    assert "^K^K KILL" in text and "? help" in text
    assert table.length(line) <= width


def test_the_last_fill_is_on_the_message_line_and_in_the_fills_pane() -> None:
    session, _ = headless(f.view())
    entry = LogEntry(
        seq=11,
        at=f.NOON,
        kind="fill",
        text="FILL BUY 0.0100 @64,123.40 maker",
        instrument_id=f.BTC,
        fill=f.own_fill(),
    )
    session.on_entries((entry,))
    assert "FILL BUY 0.0100" in table.plain(message_lines(session, 80)[0])
    frame = compose(session, width=200, height=55, glyphs=UNICODE, terminal=Terminal())
    assert any("12:00:01 BUY  64,123.40 0.0100" in table.plain(line) for line in frame.lines["fills"])


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


@pytest.mark.parametrize("width", [20, 30, 40])
@pytest.mark.parametrize(
    "text",
    ["today: fees 3,993,368,395.76  volume 16,123,045.20", "a 12,345,678,901.67 b 1,234,567.89 c"],
)
def test_a_number_is_not_broken_over_two_lines(text: str, width: int) -> None:
    lines = wrapped_lines(text, width, 9)
    assert " ".join(lines).split() == text.split()
    assert all(len(line) <= width for line in lines)
    assert set(" ".join(wrapped_lines(text, width, 2)).replace("~", "").split()) <= set(text.split())


def doubting(seconds: int) -> View:
    doubt = f.order(1, in_doubt_since=Nanos(f.NOON - seconds * SECOND))
    return f.view(orders=(doubt,))


def test_an_order_in_doubt_rings_once_after_five_seconds() -> None:
    session, shell = headless(doubting(4))
    assert shell.rings == 0
    session.on_view(doubting(6))
    session.on_view(doubting(9))
    assert shell.rings == 1


def test_a_muted_bell_is_silent_for_a_doubt() -> None:
    session, shell = headless(doubting(1))
    session.muted_until = 2000.0
    session.on_view(doubting(6))
    assert shell.rings == 0
