"""x, X X, C, Space, P P, R, alerts: what each guard asks before something happens."""

import itertools

import pytest
from textual import _time

from tests.tui import factories as f
from tests.tui.harness import Clock, Console, RecordingEngine, console, live_view, slowly
from veloz_tui.domain.commands import (
    AcknowledgeAlert,
    CancelOrders,
    ClosePosition,
    MuteAlert,
    Pause,
    Reduce,
    StartStrategy,
    StopStrategy,
)
from veloz_tui.domain.types import Mode, OrderStatus, StrategyState
from veloz_tui.domain.views import Ack
from veloz_tui.tui import texts
from veloz_tui.tui.modes import Mode as Keys


async def select_order(c: Console, key: str) -> None:
    await c.press("5")
    c.session.cursors["orders"].key = key


async def test_x_cancels_the_selected_order_at_once() -> None:
    async with console() as c:
        await select_order(c, "vz00000000000003")
        await c.press("x")
        command = c.engine.real[-1]
        assert isinstance(command, CancelOrders)
        assert command.client_order_ids == ("vz00000000000003",)


@pytest.mark.parametrize("key", ["vz00000000000002", "vz00000000000006"])
async def test_a_stop_or_an_external_order_needs_x_twice(key: str) -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await select_order(c, key)
        await c.press("x")
        assert c.engine.real == []
        clock.now += 0.2
        await c.press("x")
        assert isinstance(c.engine.real[-1], CancelOrders)


async def test_x_on_a_strategys_order_says_that_it_will_quote_again() -> None:
    async with console() as c:
        await select_order(c, "vz00000000000004")
        await c.press("x")
        assert "mm-1 will quote again; Space stops it" in c.message


async def test_x_cancels_when_the_processor_is_taken_away_at_the_worst_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with console() as c:
        await select_order(c, "vz00000000000003")
        clock = itertools.count(_time.get_time(), 0.005)  # 5 ms pass between any two looks at the clock
        monkeypatch.setattr(_time, "get_time", lambda: next(clock))
        await c.press("x")
        assert isinstance(c.engine.real[-1], CancelOrders)


async def test_x_on_an_order_which_ended_says_how_and_cancels_nothing_else() -> None:
    async with console() as c:
        await select_order(c, "vz00000000000003")
        done = f.order(3, status=OrderStatus.FILLED, filled=f.D("0.0500"), leaves=f.D(0))
        c.engine.show(f.view(orders=(done, *f.orders()[1:])))
        await c.press("x")
        assert c.message == "0003 is gone: FILLED 0.0500"
        assert c.engine.real == []


async def test_the_cursor_follows_its_order_and_never_another_one() -> None:
    async with console() as c:
        await select_order(c, "vz00000000000003")
        c.engine.show(f.view(orders=f.orders()[1:]))
        await c.press("x")
        assert c.engine.real == []
        assert "0003 is gone" in c.message


async def test_marked_orders_are_canceled_together() -> None:
    async with console() as c:
        await select_order(c, "vz00000000000003")
        await c.press("space")
        c.session.cursors["orders"].key = "vz00000000000005"
        await c.press("space", "x")
        command = c.engine.real[-1]
        assert isinstance(command, CancelOrders)
        assert set(command.client_order_ids) == {"vz00000000000003", "vz00000000000005"}


async def test_cancel_all_in_the_ladder_takes_manual_orders_and_spares_stops_and_external() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("4", "X")
        assert c.message == "XX: cancel 2 (BTC-USDT.BIN, manual 2), keeps 1 stop, 1 external"
        clock.now += 0.2
        await c.press("X")
        command = c.engine.real[-1]
        assert isinstance(command, CancelOrders)
        assert set(command.client_order_ids) == {"vz00000000000001", "vz00000000000003"}
        assert not command.includes_stops and not command.includes_external


@pytest.mark.parametrize("wait", [0.1, 2.1])
async def test_the_second_x_counts_only_between_150_ms_and_2_s(wait: float) -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("4", "X")
        clock.now += wait
        await c.press("X")
        assert c.engine.real == []


async def test_moving_to_another_scope_starts_the_count_again() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("4", "X")
        clock.now += 0.3
        await c.press("5", "X")
        assert c.engine.real == []


async def test_c_closes_the_selected_position_with_one_enter_even_in_live() -> None:
    async with console(live_view()) as c:
        await c.press("6", "j", "C")
        assert "CLOSE: SELL 0.4500 BTC-USDT.BIN" in "\n".join(c.text)
        await c.press("enter")
        command = c.engine.real[-1]
        assert isinstance(command, ClosePosition)
        assert command.instrument_id == f.BTC


async def test_the_closes_worst_price_is_shown_and_asked_for_again_while_the_market_moves() -> None:
    clock = Clock()
    async with console(RecordingEngine(answers=False), clock=clock, size=(120, 40)) as c:
        await c.press("6", "j", "C")
        for answer in ("0.45 down to 64,059.47", "0.45 down to 63,900.00"):
            asked = [each for each in c.engine.sent if isinstance(each, ClosePosition) and each.is_dry]
            c.session.on_ack(Ack(command_id=asked[-1].command_id, is_ok=True, text=answer))
            await c.press("ctrl+l")
            assert answer in "\n".join(c.text)
            clock.now += 1.1
            c.engine.show(c.engine.view)
        assert "64,059.47" not in "\n".join(c.text)
        assert c.engine.real == []


@pytest.mark.parametrize("keys", ["P", "5 X", "5 j x"])
async def test_an_observer_is_refused_at_the_first_stroke(keys: str) -> None:
    clock = Clock()
    async with console(RecordingEngine(has_control=False), clock=clock) as c:
        await slowly(c, clock, *keys.split())
        await c.until(lambda: c.message)
        assert c.message == texts.guards.OBSERVER
        assert c.engine.real == []


@pytest.mark.parametrize("key", ["P", "X"])
async def test_the_banner_goes_when_a_second_press_would_be_a_first_one_again(key: str) -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, "5", key)
        assert any(f"{key} again" in line or "XX: cancel" in line for line in c.text)
        clock.now += 2.1
        c.engine.show(c.engine.view)
        await c.until(lambda: not any(f"{key} again" in line or "XX: cancel" in line for line in c.text))


async def test_another_key_drops_the_close() -> None:
    async with console() as c:
        await c.press("C", "j", "enter")
        assert c.engine.real == []


async def test_space_stops_a_running_strategy_at_once() -> None:
    async with console() as c:
        await c.press("2", "j", "space")
        await c.until(lambda: c.engine.real)
        assert isinstance(c.engine.real[-1], StopStrategy)


async def test_space_starts_a_stopped_strategy_in_demo() -> None:
    view = f.view(strategies=(f.strategy(state=StrategyState.STOPPED),))
    async with console(RecordingEngine(view)) as c:
        await c.press("2", "j", "space")
        await c.until(lambda: c.engine.real)
        assert isinstance(c.engine.real[-1], StartStrategy)


async def start_in_live(c: Console, clock: Clock, answer: str) -> None:
    await c.press("2", "j", "space")
    await c.until(lambda: c.session.mode is Keys.CONFIRM)
    clock.now += 0.3
    await c.press(answer)


async def test_starting_in_live_asks_and_only_y_starts() -> None:
    stopped = (f.strategy(state=StrategyState.STOPPED),)
    view = f.view(status=f.status(mode=Mode.LIVE), strategies=stopped)
    clock = Clock()
    async with console(RecordingEngine(view), clock=clock) as c:
        await start_in_live(c, clock, "enter")
        assert c.engine.real == []
        clock.now += 1
        await start_in_live(c, clock, "y")
        assert isinstance(c.engine.real[-1], StartStrategy)


async def test_pause_needs_two_presses_and_reduce_one() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("P")
        assert c.engine.real == []
        clock.now += 0.3
        await c.press("P", "R")
        assert [type(command) for command in c.engine.real] == [Pause, Reduce]


async def test_alerts_are_acknowledged_one_by_one_or_all() -> None:
    async with console() as c:
        for key in ("a", "A", "m"):
            await c.press(key)
        await c.until(lambda: len(c.engine.real) == 3)
        kinds = [type(command) for command in c.engine.real]
        assert kinds == [AcknowledgeAlert, AcknowledgeAlert, MuteAlert]
        assert [command.key for command in c.engine.real if isinstance(command, AcknowledgeAlert)] == [
            "doubt",
            "*",
        ]
