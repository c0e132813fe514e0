"""The message line: what is said, whole; what may take its place; and how old it is."""

from tests.tui import factories as f
from tests.tui.harness import Clock, RecordingEngine, console
from tests.tui.headless import headless
from veloz_tui.control.client import new_command_id
from veloz_tui.domain.commands import Pause
from veloz_tui.domain.types import ClientOrderId, Severity
from veloz_tui.domain.views import Ack, LogEntry
from veloz_tui.tui import table
from veloz_tui.tui.screen import message_lines
from veloz_tui.tui.session import Session

DENIAL = (
    "DENIED BUY 0.50 BTC-USDT: order 32,061 > max 20,000 USDT. Nothing sent. "
    "Lower qty or limits.max_order_size [ORDER_NOTIONAL_MAX]"
)


def entry(seq: int, text: str, kind: str = "fill", **changes: str | Severity) -> LogEntry:
    return LogEntry(seq, f.NOON, kind, text, **changes)  # type: ignore[arg-type]


def shown(session: Session, width: int = 80) -> str:
    return " ".join(" ".join(table.plain(line) for line in message_lines(session, width)).split())


def test_a_denied_order_is_told_whole_at_80_columns() -> None:
    session, _ = headless(f.view())
    session.on_entries((entry(1, DENIAL, "denied", severity=Severity.WARN),))
    assert shown(session) == DENIAL


def test_a_denial_is_not_swept_away_by_a_strategys_fills() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    session.on_entries((entry(1, DENIAL, "denied", severity=Severity.WARN), entry(2, "FILL of mm-1")))
    assert shown(session) == DENIAL
    clock.now += 3
    session.on_entries((entry(3, "FILL of mm-1"),))
    assert shown(session) == "FILL of mm-1"


def test_an_answer_stays_long_enough_to_be_read() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    session.say("mm-1 stopped, 2 canceled, position +0.0150 stays")
    session.on_entries((entry(1, "FILL of mm-2"),))
    assert shown(session).startswith("mm-1 stopped")


def test_what_is_critical_never_waits() -> None:
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
        await c.press("2", "j", "enter")
        assert c.message.startswith("mm-1 ► RUN")


def _id(name: str) -> ClientOrderId:
    return ClientOrderId(name)
