"""The screen of one strategy: what is on it, how it is reached, and that it is asked anew."""

import msgspec
import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, console, slowly
from veloz_tui.control.messages import Reply
from veloz_tui.domain.parameters import Parameter
from veloz_tui.domain.queries import AskStrategy, NotKnown
from veloz_tui.domain.strategy_views import (
    CallbackFigures,
    Fault,
    LogLine,
    SetBy,
    StrategyDetail,
    StrategyFill,
    StrategyResults,
)
from veloz_tui.domain.types import Asset, ClientOrderId, Nanos, Side
from veloz_tui.tui.panes import strategy as pane

AT = Nanos(1_795_000_000_000_000_000)


def detail(name: str = "mm-1", **changes: object) -> StrategyDetail:
    base = StrategyDetail(
        at=AT,
        strategy=f.strategy(name),
        source="mine.py",
        code="3f2a91c0de12",
        reason="",
        changed_at=AT,
        run=3,
        waits_for=(),
        parameters=(
            Parameter(
                name="size",
                value="0.02",
                default="0.01",
                kind="number",
                bounds="above 0",
                unit="BTC",
                meaning="Of each quote.",
            ),
            Parameter(name="instrument", value="BTCUSDT.BINANCE", default=None, kind="text", is_fixed=True),
        ),
        parameters_error="",
        set_by={"size": SetBy("pid 7", AT, "0.015")},
        orders=(),
        fills=(
            StrategyFill(
                AT,
                ClientOrderId("vz1"),
                f.BTC,
                Side.BUY,
                f.D("64000"),
                f.D("0.01"),
                f.D("0.1"),
                Asset("USDT"),
                True,
            ),
        ),
        results=StrategyResults(f.D("5"), f.D("1"), f.D("-2"), f.D("2"), f.D("1.5"), f.D("-0.5")),
        callbacks=CallbackFigures(1234, 80.0, 300.0, 2_000.0, 1, 4.5),
        faults=(Fault(AT, 2, "mine.py:3 in on_book: ValueError"),),
        restart_policy="never",
        log=(LogLine(AT, "first"), LogLine(AT, "last \x1b[31mred")),
    )
    return msgspec.structs.replace(base, **changes)


def text(shown: StrategyDetail, width: int = 120) -> str:
    content = pane.content(shown, width=width)
    rows = ["".join(part for part, _ in row.line) for row in content.rows]
    return "\n".join([content.title, *rows])


def test_a_parameter_is_told_with_its_unit_bounds_default_and_who_set_it() -> None:
    shown = text(detail(), width=200)
    assert "0.02 BTC; set by pid 7" in shown
    assert "the settings file says 0.015; number above 0, default 0.01; Of each quote." in shown
    assert "text, must be given, only at its start" in shown


def test_which_code_it_runs_is_told() -> None:
    assert "mine.py  3f2a91c0de12" in text(detail())


def test_results_fills_callbacks_and_failures_are_told() -> None:
    shown = text(detail())
    for line in (
        "unrealized       -2.00",
        "BUY 0.01 BTCUSDT.BINANCE @64,000  maker  fee 0.1 USDT",
        "p50 80 us, p99 300 us, longest 2,000 us",
        "1 over a third of the limit; 4.5 s end it",
        "mine.py:3 in on_book: ValueError",
    ):
        assert line in shown, shown


def test_the_log_is_newest_first_and_moves_no_cursor() -> None:
    shown = text(detail())
    assert shown.index("last") < shown.index("first")
    assert "\x1b" not in shown


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_pane(width: int) -> None:
    log = (LogLine(AT, "x" * 400),)
    for row in pane.content(detail(log=log, waits_for=("y" * 300,)), width=width).rows:
        assert len("".join(part for part, _ in row.line)) <= max(width, pane.LABEL + 13)


def test_why_it_waits_is_told_or_that_nothing_is_in_its_way() -> None:
    assert "nothing is in its way" in text(detail())
    assert "no fresh book: gap" in text(detail(waits_for=("BTC: no fresh book: gap", "HALTED")))


@pytest.mark.parametrize("key", ["i", "enter"])
async def test_a_key_on_a_strategy_shows_it_and_it_is_asked_anew(key: str) -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        name = c.engine.view.strategies[0].strategy_id
        await slowly(c, clock, "g", "s", "home", key)
        assert c.engine.asked == [AskStrategy(name)]
        assert any("asking" in line for line in c.text)
        clock.now += 1.1
        c.engine.show(c.engine.view)
        assert c.engine.asked == [AskStrategy(name)]  # one at a time
        c.app.on_reply(Reply(1, detail(name)))
        await c.until(lambda: any("nothing is in its way" in line for line in c.text))
        clock.now += 1.1
        c.engine.show(c.engine.view)
        assert c.engine.asked == [AskStrategy(name)] * 2
        await slowly(c, clock, "escape")
        assert c.session.page == ()


async def test_an_answer_about_another_strategy_is_not_shown() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "g", "s", "home", "i")
        c.app.on_reply(Reply(1, detail("another")))
        await c.settle()
        assert any("asking" in line for line in c.text)


async def test_why_a_strategy_cant_be_shown_is_said() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "g", "s", "home", "i")
        c.app.on_reply(Reply(1, NotKnown("no strategy x: configured are none")))
        assert c.message == "no strategy x: configured are none"


async def test_the_command_line_shows_it_too() -> None:
    async with console() as c:
        name = c.engine.view.strategies[0].strategy_id
        await c.press("colon", *f"strategy show {name}".replace(" ", "~").replace("~", " "))
        await c.press("enter")
        assert c.session.page == ("strategy",)
        assert c.session.inspection.strategy_id == name
