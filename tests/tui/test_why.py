"""w and g w: the why of what is selected, the wire log, and how both are left."""

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, Console, RecordingEngine, console, slowly
from veloz_tui.domain.queries import (
    About,
    AskWhy,
    AskWire,
    Chain,
    NotKnown,
    Query,
    Step,
    Told,
    WireEntry,
    WireLog,
)
from veloz_tui.domain.types import Nanos, Severity, StrategyState
from veloz_tui.domain.views import LogEntry
from veloz_tui.tui import texts
from veloz_tui.tui.panes import why

SIZES = [(80, 24), (120, 40)]
CHAIN = Chain(
    title="7F3K BUY 0.05 BTC-USDT @64,120",
    subject="vz7F3K",
    steps=(
        Step(f.NOON, "asked", "ASKED BUY 0.05 by pid 812 pts/3 (PlaceOrder)"),
        Step(f.NOON, "risk", "RISK passed", more=tuple(f"{n:>2} rule ok value 1 <= 2" for n in range(1, 40))),
        Step(Nanos(f.NOON + 1_800_000), "wire", "-> order.place (orders)"),
        Step(Nanos(f.NOON + 14_200_000), "doubt", "IN DOUBT: timeout", Severity.WARN),
    ),
    now="IN DOUBT for 4.0 s: the venue is asked. Do not resend",
)


def log(*entries: WireEntry, last: int = 0, at: int = 0, frames: int = 0) -> WireLog:
    return WireLog(entries, last or len(entries), Nanos(at), Nanos(1), frames)


def engine(told: Told = CHAIN) -> RecordingEngine:
    made = RecordingEngine()

    def answer(query: Query) -> Told:
        return (
            told if isinstance(query, AskWhy) else log(f.wire_entry(1), f.wire_entry(2, topic="order.cancel"))
        )

    made.told = answer
    return made


def whole(c: Console) -> str:
    return "\n".join(c.text)


async def assert_closed_asks_nothing(c: Console, clock: Clock, asked: RecordingEngine) -> None:
    await slowly(c, clock, "g", "t")
    count = len(asked.asked)
    clock.now += 5
    c.app._tick()
    await c.settle()
    assert len(asked.asked) == count


@pytest.mark.parametrize("size", SIZES)
async def test_w_unfolds_the_selected_orders_chain_and_esc_goes_back(size: tuple[int, int]) -> None:
    clock, asked = Clock(), engine()
    async with console(asked, size=size, clock=clock) as c:
        await slowly(c, clock, "5", "j", "w")
        key = c.session.cursors["orders"].key
        assert asked.asked == [AskWhy(key or "")]
        await c.until(lambda: "ASKED BUY 0.05 by pid 812" in whole(c))
        assert not [line for line in c.text if len(line) > size[0]]
        await slowly(c, clock, "G")
        assert "Do not resend" in whole(c)
        await slowly(c, clock, "escape")
        assert c.session.focus == "orders" and c.session.page == ()
        assert c.session.cursors["orders"].key == key


async def test_kill_works_on_the_page_of_a_why() -> None:
    clock = Clock()
    async with console(engine(), clock=clock) as c:
        await slowly(c, clock, "5", "j", "w")
        await c.press("ctrl+k", "ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_w_on_an_alert_a_fill_and_a_line_of_history_asks_for_what_they_are() -> None:
    clock, asked = Clock(), engine()
    async with console(asked, clock=clock) as c:
        await slowly(c, clock, "7", "j", "w", "escape")
        assert asked.asked[-1] == AskWhy(f.view().alerts[0].key, About.ALERT)
        fill = LogEntry(5, f.NOON, "fill", "FILL BUY", Severity.INFO, "vzFILL", f.BTC, fill=f.own_fill())
        entries = (
            fill,
            LogEntry(seq=6, at=f.NOON, kind="kill", text="HALTED by kill"),
        )
        c.session.on_entries(entries)
        await slowly(c, clock, "g", "f", "j", "w", "escape")
        assert asked.asked[-1] == AskWhy("vzFILL")
        await slowly(c, clock, "g", "o", "tab", "j", "w")
        assert asked.asked[-1] == AskWhy("6", About.EVENT)


async def test_without_a_selection_w_explains_the_last_denial() -> None:
    clock, asked = Clock(), engine()
    async with console(asked, clock=clock) as c:
        await slowly(c, clock, "4", "w")
        assert asked.asked == [] and c.message == texts.why.NOTHING
        denied = LogEntry(5, f.NOON, "denied", "DENIED", Severity.WARN, "vzDENIED", f.BTC, "manual")
        c.session.on_entries((denied,))
        await slowly(c, clock, "w")
        assert asked.asked == [AskWhy("vzDENIED")]


async def test_an_unknown_id_and_a_lost_link_are_said_on_the_page() -> None:
    clock, asked = Clock(), engine(NotKnown("no order ends with ZZZZ: not in the journal"))
    async with console(asked, clock=clock) as c:
        await slowly(c, clock, "colon", *"why ZZZZ", "enter")
        await c.until(lambda: "no order ends with ZZZZ" in whole(c))
        assert asked.asked == [AskWhy("ZZZZ")]
        asked.is_up = False
        await slowly(c, clock, "escape", "5", "j", "w")
        assert "no link to the engine" in whole(c)


async def test_an_open_why_follows_what_goes_on_and_a_closed_one_asks_nothing() -> None:
    clock, asked = Clock(), engine()
    async with console(asked, clock=clock) as c:
        await slowly(c, clock, "5", "j", "w")
        clock.now += 1.1
        await c.until(lambda: len(asked.asked) == 2)
        await assert_closed_asks_nothing(c, clock, asked)


async def test_the_wire_log_is_fetched_while_it_is_open_only_in_increments() -> None:
    clock, asked = Clock(), engine()
    async with console(asked, size=(120, 40), clock=clock) as c:
        c.app._tick()
        assert asked.asked == []
        await slowly(c, clock, "g", "w")
        await c.until(lambda: "order.cancel" in whole(c))
        assert asked.asked[0] == AskWire(limit=500)
        clock.now += 0.4
        await c.until(lambda: AskWire(after=2, limit=500) in asked.asked)
        await assert_closed_asks_nothing(c, clock, asked)


async def test_the_wire_log_filters_and_a_message_unfolds_whole_with_its_other_half() -> None:
    clock, asked = Clock(), engine()
    async with console(asked, size=(120, 40), clock=clock) as c:
        await slowly(c, clock, "g", "w")
        await c.until(lambda: "order.cancel" in whole(c))
        await slowly(c, clock, "slash", *"place", "enter")
        assert c.session.shown_keys("wire") == ["1"]
        await slowly(c, clock, "j", "enter")
        assert '{"symbol":"BTCUSDT","side":"BUY"}' in whole(c)
        await slowly(c, clock, "escape")
        assert c.session.focus == "wire" and c.session.page == ("wire",)


async def test_a_strategys_why_is_made_of_the_view() -> None:
    stopped = f.strategy("mm-1", state=StrategyState.FAULTED, doing="ZeroDivisionError in on_book")
    view = f.view(strategies=(stopped,))
    entry = LogEntry(5, f.NOON, "denied", "DENIED BUY 1 BTC-USDT [POS_MAX]", Severity.WARN, "", f.BTC, "mm-1")
    said = [step.text for step in why.of_strategy(view, stopped, (entry,)).steps]
    assert any("FAULTED" in each for each in said) and any("[POS_MAX]" in each for each in said)
    assert any("ZeroDivisionError" in each for each in said)


@pytest.mark.parametrize("width", [40, 79, 120])
def test_every_line_fits_and_every_line_can_be_reached(width: int) -> None:
    found = list(why.lines(CHAIN, width=width))
    assert all(len(line.time + line.text) <= width for line in found)
    assert len({line.key for line in found}) == len(found)
