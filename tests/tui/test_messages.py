"""The message line: what is said, whole; what may take its place; and how old it is."""

import os
from pathlib import Path

import msgspec
import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, RecordingEngine, console
from tests.tui.headless import RecordingShell, headless
from veloz_tui.control.client import Link, LinkState, new_command_id
from veloz_tui.control.messages import Welcome
from veloz_tui.domain.commands import Pause
from veloz_tui.domain.types import MANUAL, SECOND, ClientOrderId, Mode, Nanos, Severity
from veloz_tui.domain.views import Ack, LogEntry, View
from veloz_tui.tui import absence, actions, table, texts, wrapping
from veloz_tui.tui.glyphs import UNICODE
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.screen import compose, message_lines
from veloz_tui.tui.session import Session

DENIAL = (
    "DENIED BUY 0.50 BTC-USDT: order 32,061 > max 20,000 USDT. Nothing sent. "
    "Lower qty or raise limits.max_order_size [ORDER_NOTIONAL_MAX]"
)
TOLD = "DENIED BUY 0.50 BTC-USDT: order 32,061 > max 20,000 USDT. Lower qty"


def entry(seq: int, text: str, kind: str = "fill", **changes: object) -> LogEntry:
    return msgspec.structs.replace(LogEntry(seq, f.NOON, kind, text), **changes)


def shown(session: Session, width: int = 80) -> str:
    return " ".join(" ".join(table.plain(line) for line in message_lines(session, width)).split())


def test_a_denied_order_is_told_in_one_line_at_80_columns() -> None:
    session, _ = headless(f.view())
    session.on_entries((entry(1, DENIAL, "denied", severity=Severity.WARN),))
    assert shown(session) == TOLD


def test_a_denial_is_not_swept_away_by_a_strategys_fills() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    session.on_entries((entry(1, DENIAL, "denied", severity=Severity.WARN), entry(2, "FILL of mm-1")))
    assert shown(session) == TOLD
    clock.now += 3
    session.on_entries((entry(3, "FILL of mm-1"),))
    assert shown(session) == "FILL of mm-1"


def test_an_answer_stays_long_enough_to_be_read() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    session.say("mm-1 stopped, 2 canceled, position +0.0150 stays")
    session.on_entries((entry(1, "FILL of mm-2"),))
    assert shown(session).startswith("mm-1 stopped")


def test_a_refusal_is_read_before_critical_news_which_then_follow() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    session.say("REFUSED rearm: zero isn't certified yet", "warn")
    session.on_entries((entry(1, "HALTED, certified zero", "alert", severity=Severity.CRIT),))
    session.on_entries((entry(2, "FILL of mm-1"),))
    assert shown(session) == "REFUSED rearm: zero isn't certified yet"
    clock.now += 3
    session.lines.settle(clock.now)
    assert shown(session) == "HALTED, certified zero"


def test_news_that_waited_too_long_are_not_told_as_new() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    session.say("size 0.05")
    session.on_entries((entry(1, "FILL of mm-1"),))
    clock.now += 600
    session.lines.settle(clock.now)
    assert session.message is not None and session.message.text == "size 0.05"


def test_progress_of_a_kill_never_waits() -> None:
    session, _ = headless(f.view())
    session.say("KILL sent", "crit")
    session.on_entries((entry(1, "HALTED by kill key", "kill", severity=Severity.CRIT),))
    assert shown(session) == "HALTED by kill key"


def test_the_fate_of_an_order_placed_here_is_told_to_the_end_others_are_not() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    command = Pause(command_id=new_command_id())
    session.send(command, "buy")
    session.on_ack(Ack(command.command_id, is_ok=True, text="SENDING 004A", client_order_ids=(_id("a"),)))
    session.on_entries((entry(1, "OPEN 004A", "order", client_order_id="a"),))
    assert shown(session) == "OPEN 004A"
    clock.now += 5
    session.on_entries((entry(2, "OPEN 0099", "order", client_order_id="b"),))
    assert shown(session) == "OPEN 004A"
    session.on_entries((entry(3, "CANCELED 004A", "order", client_order_id="a"),))
    assert shown(session) == "CANCELED 004A"


def test_many_orders_canceled_at_once_are_counted_not_told_one_by_one() -> None:
    session, _ = headless(f.view())
    command = Pause(command_id=new_command_id())
    session.send(command, "cancel 4")
    ids = tuple(_id(name) for name in "abcd")
    session.on_ack(Ack(command.command_id, is_ok=True, text="canceling 4", client_order_ids=ids))
    session.on_entries((entry(1, "CANCELED a", "order", client_order_id="a"),))
    assert shown(session) == "canceling 4"


def test_an_old_message_says_its_age() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    session.tour.off()
    session.say("BUY 0.05 sent")
    clock.now += 240
    assert shown(session) == "BUY 0.05 sent (4m ago)"


async def test_a_selected_alert_is_read_whole_on_the_message_line() -> None:
    long = "daily loss 50 % of the limit " * 4 + "END"
    engine = RecordingEngine(f.view(alerts=(f.alert("one", text=long),)))
    async with console(engine) as c:
        assert "END" not in "\n".join(c.text)
        await c.press("7", "j")
        assert c.message == long
        await c.settle()
        assert "END" in "\n".join(c.text)


async def test_enter_reads_the_selected_row_and_is_silent_without_one() -> None:
    async with console() as c:
        c.session.say("BUY 0.05 sent")
        await c.press("enter")
        assert c.message == "BUY 0.05 sent"
        await c.press("6", "j", "enter")
        assert c.message.startswith("BTC LONG")


def _id(name: str) -> ClientOrderId:
    return ClientOrderId(name)


def test_a_strategy_denied_again_and_again_is_told_once_a_minute() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    denial = entry(1, "DENIED SELL 0.2 ETH-USDT", "denied", severity=Severity.WARN, strategy_id="mm-1")
    session.on_entries((denial,))
    session.say("size 0.05")
    for seq in range(2, 20):
        clock.now += 3
        session.on_entries((msgspec.structs.replace(denial, seq=seq),))
        assert session.message is not None and session.message.text == "size 0.05"
    clock.now += 60
    session.on_entries((msgspec.structs.replace(denial, seq=99),))
    assert shown(session) == "DENIED SELL 0.2 ETH-USDT"


def test_an_operators_own_denial_is_told_each_time() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    for seq in range(1, 3):
        session.hush()
        session.on_entries((entry(seq, DENIAL, "denied", severity=Severity.WARN, strategy_id=MANUAL),))
        assert shown(session) == TOLD


def test_quotes_of_strategies_do_not_push_fills_out_of_their_pane() -> None:
    session, _ = headless(f.view())
    session.on_entries((entry(1, "FILL BUY 0.01", fill=f.own_fill(), instrument_id=f.BTC),))
    session.on_entries(tuple(entry(seq, "NEW", "order") for seq in range(2, 3000)))
    frame = compose(session, width=200, height=55, glyphs=UNICODE, terminal=Terminal())
    assert "BUY  64,123.40 0.0100" in " ".join(table.plain(line) for line in frame.lines["fills"])


def attached(tmp_path: Path, away_s: int, *, before: View | None = None) -> tuple[Session, RecordingShell]:
    """A console that came back after a while, to a log of which it has seen the first entry."""
    mark = tmp_path / "console-seen"
    mark.touch()
    absence.remember(mark, before)
    seen = f.NOON - away_s * SECOND
    os.utime(mark, ns=(seen, seen))
    shell = RecordingShell()
    session = Session(ConsoleOptions(seen_file=mark), shell, Clock())
    welcome = Welcome(1, "demo", Mode.DEMO, 8123, "0.1.0", has_control=True, log_seq=4)
    session.on_link(Link(LinkState.UP, has_control=True, welcome=welcome))
    session.on_entries(
        (
            entry(1, "FILL old", at=Nanos(seen - SECOND)),
            entry(2, "FILL new", at=Nanos(seen + SECOND)),
            entry(3, "FILL newer", at=Nanos(seen + 2 * SECOND)),
            entry(4, "in doubt", "order", severity=Severity.CRIT, at=Nanos(seen + 3 * SECOND)),
        )
    )
    session.on_view(f.view())
    return session, shell


def test_attaching_says_what_happened_meanwhile_without_ringing_for_it(tmp_path: Path) -> None:
    session, shell = attached(tmp_path, 3480)
    assert shown(session) == "Since 11:02 (58m): 2 fills, 1 CRIT. Enter"
    assert shell.rings == 0
    assert [each.text for each in session.store.fills] == ["FILL old", "FILL new", "FILL newer"]


def earned(realized: str, **changes: int) -> View:
    """What was seen before: so much realized, and how often things had been restarted."""
    strategies = (f.strategy(restarts=changes.get("restarts", 0)),)
    return f.view(
        account=f.account(realized=f.D(realized)),
        strategies=strategies,
        status=f.status(engine_pid=changes.get("engine_pid", 8123)),
        log_seq=changes.get("log_seq", 1),
    )


def told(tmp_path: Path, before: View, now: View) -> str:
    """What an hour's absence is told as."""
    path = tmp_path / "console-seen"
    absence.remember(path, before)
    since = Nanos(f.NOON - 3600 * SECOND)
    return absence.Absence(since, absence.recall(path)).line(now)


def test_attaching_says_what_was_earned_and_what_was_restarted(tmp_path: Path) -> None:
    before, now = earned("100.5"), earned("142.6", restarts=1, engine_pid=9000, log_seq=60)
    assert told(tmp_path, before, now) == (
        "Since 11:00 (1h): real +42.10, mm-1 restarted once, engine restarted. Enter"
    )
    assert "mm-1 restarted 3 times" in told(tmp_path, before, earned("100.5", restarts=3, log_seq=60))


def test_nothing_earned_and_nothing_restarted_is_not_told(tmp_path: Path) -> None:
    assert told(tmp_path, earned("100.5"), earned("100.5", log_seq=60)) == ""


def test_a_journal_that_began_afresh_is_not_compared(tmp_path: Path) -> None:
    assert told(tmp_path, earned("100.5", log_seq=900), earned("0", restarts=4, log_seq=60)) == ""


def test_a_mark_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    path = tmp_path / "console-seen"
    for content in (b"", b"{}", b"\xff\x00", b'{"log_seq": "x"}'):
        path.write_bytes(content)
        assert absence.recall(path) is None
    assert absence.recall(tmp_path / "none") is None


def test_enter_puts_the_digest_away_and_fills_wait_for_it(tmp_path: Path) -> None:
    session, _ = attached(tmp_path, 3480)
    actions.install(session)
    session.on_entries((entry(5, "FILL of mm-1"),))
    assert shown(session).startswith("Since ")
    session.router.press("enter", None)
    session.lines.settle(session.clock())
    assert shown(session) == "FILL of mm-1"


def test_grave_news_does_not_wait_for_the_digest(tmp_path: Path) -> None:
    session, _ = attached(tmp_path, 3480)
    session.on_entries((entry(5, "GUARDIAN gone", "alert", severity=Severity.CRIT),))
    assert shown(session) == "GUARDIAN gone"


def test_what_happened_in_a_moment_away_is_told_too(tmp_path: Path) -> None:
    session, _ = attached(tmp_path, 20)
    assert shown(session) == "Since 11:59 (20s): 2 fills, 1 CRIT. Enter"


def test_what_happens_after_attaching_is_news(tmp_path: Path) -> None:
    session, _ = attached(tmp_path, 20)
    session.hush()  # the digest was read
    session.on_entries((entry(5, "FILL BUY 0.05"),))
    assert shown(session) == "FILL BUY 0.05"


@pytest.mark.parametrize("step", range(1, 7))
def test_the_tour_fits_the_smallest_screen_and_one_line_of_80_columns(step: int) -> None:
    line = texts.tour.line(step)
    assert len(wrapping.told(line, 78)) == 1
    small = wrapping.told(line, 38)
    assert len(small) <= 2 and "~" not in small[-1]


async def test_a_ticket_without_a_link_blames_the_link_and_no_other_console() -> None:
    async with console() as c:
        c.session.on_link(Link(LinkState.DOWN, text="the engine closed the connection"))
        await c.press("b")
        assert c.message.startswith("No link to the engine")
