"""The armed ladder: what arms it, what disarms it, and what keys and clicks then do."""

from collections.abc import Callable

import pytest
from textual import events

from tests.tui import factories as f
from tests.tui.harness import Clock, Console, RecordingEngine, console, live_view, slowly
from veloz_tui.control.client import Link, LinkState
from veloz_tui.domain.commands import CancelOrders, PlaceOrder
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import Side, TimeInForce
from veloz_tui.domain.views import View
from veloz_tui.tui import arming, texts
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.panes import ladder

SIZES = ConsoleOptions(reads_tmux=False, sizes={f.BTC: (f.D("0.05"),)})


async def arm(c: Console, clock: Clock) -> None:
    await slowly(c, clock, "4")
    await press_t(c, clock)
    assert is_armed(c)


def is_armed(c: Console) -> bool:
    """Asked anew (mypy would believe an earlier assert on the attribute)."""
    return c.session.armed.is_on


async def press_t(c: Console, clock: Clock) -> None:
    """t, and the moment until it acts: it is held back for the rest of a burst."""
    c.session.hush()
    await slowly(c, clock, "t")
    await c.until(lambda: c.message)


def placed(c: Console) -> list[OrderRequest]:
    return [command.request for command in c.engine.real if isinstance(command, PlaceOrder)]


async def click(c: Console, price: str, cell: str) -> None:
    """Press the mouse on a cell of the row of a price."""
    await c.pilot.click(offset=place_of(c, price, cell))
    await c.settle()


async def drag(c: Console, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Press and release as a terminal tells of them: Textual makes a click of it within one pane."""
    for kind, place in ((events.MouseDown, start), (events.MouseUp, end)):
        c.app.post_message(kind(None, *place, 0, 0, 1, False, False, False))
    await c.settle()
    await c.pilot.pause()


def place_of(c: Console, price: str, cell: str) -> tuple[int, int]:
    """Where a cell of the row of a price is on the screen."""
    keys = [row.key for row in c.session.contents["ladder"].rows]
    box = c.session.parts["ladder"]
    width = max(len(c.session.store.names.price(f.BTC, f.D(key))) for key in keys if key)  # type: ignore[union-attr]
    column = next(x for x in range(box.width) if ladder.cell_at(x, box.width, width) == cell)
    line = keys.index(price)
    return box.x + column, box.y + 2 + line


async def test_unarmed_keys_and_clicks_send_nothing_and_a_click_moves_the_cursor() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await slowly(c, clock, "4", "j", "B")
        await c.until(lambda: c.message == texts.arming.NOT_ARMED)
        await click(c, "64123.4", "bid")
        assert c.session.cursors["ladder"].key == "64123.4"
        assert c.engine.real == []


async def test_armed_keys_place_the_preset_at_the_cursor_post_only() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        await slowly(c, clock, "j", "B")
        await c.until(lambda: placed(c))
        (request,) = placed(c)
        assert (request.side, request.price, request.quantity) == (Side.BUY, f.D("64123.6"), f.D("0.05"))
        assert (request.post_only, request.time_in_force) == (True, TimeInForce.GTC)


@pytest.mark.parametrize(
    ("price", "cell", "side"), [("64123.4", "bid", Side.BUY), ("64124", "ask", Side.SELL)]
)
async def test_an_armed_click_is_a_limit_there(price: str, cell: str, side: Side) -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        await click(c, price, cell)
        (request,) = placed(c)
        assert (request.side, request.price) == (side, f.D(price))


async def test_a_double_click_is_one_order() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        await click(c, "64123.4", "bid")
        await click(c, "64123.4", "bid")
        assert len(placed(c)) == 1
        assert c.message == texts.arming.TWICE


@pytest.mark.parametrize("button", [2, 3])
async def test_other_buttons_trade_nothing(button: int) -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        await c.pilot.click(offset=place_of(c, "64123.4", "bid"), button=button)
        await c.settle()
        assert placed(c) == []


@pytest.mark.parametrize(
    ("price", "aside", "orders"), [("64123.4", 0, 0), ("64123.6", 3, 0), ("64123.6", 1, 1)]
)
async def test_a_drag_through_the_armed_ladder_trades_nothing(price: str, aside: int, orders: int) -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        x, y = place_of(c, price, "bid")
        await drag(c, place_of(c, "64123.6", "bid"), (x + aside, y))
        assert len(placed(c)) == orders


async def test_a_click_while_the_kill_key_waits_stands_it_down_and_trades_nothing() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        await c.press("ctrl+k")
        await click(c, "64123.4", "bid")
        assert placed(c) == [] and c.message == texts.kill.STOOD_DOWN
        await click(c, "64123.4", "bid")
        assert len(placed(c)) == 1


async def test_an_armed_click_on_our_own_size_cancels_it() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock, size=(120, 40)) as c:
        await arm(c, clock)
        await click(c, "64123.4", "mine bid")
        (command,) = c.engine.real
        assert isinstance(command, CancelOrders)
        assert command.client_order_ids == (f.order(3).client_order_id,)


async def test_a_crossing_click_says_taker_and_wants_the_review() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock, size=(120, 40)) as c:
        await arm(c, clock)
        await click(c, "64124.2", "bid")
        assert placed(c) == []
        assert c.session.mode is Keys.TICKET
        assert "TAKER: fills 0.05 up to 64,124.20" in "\n".join(c.text)


async def test_a_click_means_the_price_that_the_terminal_had_drawn() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        frame, keys = c.session.frame_no, [row.key for row in c.session.contents["ladder"].rows]
        line = keys.index("64123.4")
        higher = f.ladder(bids=f.levels("64130.00", "-0.10"), asks=f.levels("64130.10", "0.10"))
        clock.now += 1.5
        c.engine.show(f.view(books=(higher,)))
        await c.until(lambda: c.session.contents["ladder"].rows[line].key not in {"64123.4", ""})
        assert c.session.drawn.key(frame, line) == "64123.4"
        assert c.session.drawn.key(-1, line) is None
        arming.click(c.session, None, "bid")
        assert c.message == texts.arming.NOT_SEEN
        assert placed(c) == []


def stale(c: Console) -> None:
    c.engine.show(f.view(books=(f.ladder(stale_reason="gap"),)))


def halted(c: Console) -> None:
    c.engine.show(f.view(kill=f.kill(is_halted=True)))


def other_instrument(c: Console) -> None:
    c.session.show_instrument(f.ETH)
    c.engine.show(c.engine.view)


def link_down(c: Console) -> None:
    c.session.on_link(Link(LinkState.DOWN, has_control=True))
    arming.settle(c.session)


def control_lost(c: Console) -> None:
    c.session.on_link(Link(LinkState.UP, has_control=False))
    arming.settle(c.session)


def pasted(c: Console) -> None:
    c.session.paste("buy everything")


def killed(c: Console) -> None:
    c.session.kill("test")


@pytest.mark.parametrize("event", [stale, halted, other_instrument, link_down, control_lost, pasted, killed])
async def test_what_disarms_it(event: Callable[[Console], None]) -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        event(c)
        assert not is_armed(c)


async def test_a_burst_of_keys_disarms_it() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        clock.now += 0.3
        await c.press(*"BBBB")
        assert not is_armed(c)
        assert placed(c) == []


def refreshed(c: Console) -> View:
    view = c.engine.view
    c.engine.show(view)
    return view


@pytest.mark.parametrize(("has_focus_events", "limit_s"), [(False, 60), (True, 300)])
async def test_idleness_disarms_it_later_where_the_focus_is_told(
    has_focus_events: bool, limit_s: int
) -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        if has_focus_events:
            c.session.armed.focused(clock.now, has_focus=True)
        clock.now += limit_s - 1
        refreshed(c)
        assert is_armed(c)
        clock.now += 1.5
        refreshed(c)
        assert not is_armed(c)
        assert texts.arming.IDLE in c.message


async def test_losing_the_focus_disarms_it_after_three_seconds() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        c.session.armed.focused(clock.now, has_focus=False)
        clock.now += 2.5
        refreshed(c)
        assert is_armed(c)
        clock.now += 1
        refreshed(c)
        assert not is_armed(c)


async def test_t_again_disarms_it() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        await arm(c, clock)
        await press_t(c, clock)
        assert not is_armed(c)


async def test_live_wants_it_typed_once_and_then_a_key_for_ten_minutes() -> None:
    clock = Clock()
    async with console(live_view(), options=SIZES, clock=clock) as c:
        await slowly(c, clock, "4")
        await press_t(c, clock)
        assert not is_armed(c)
        assert "type :arm" in c.message
        refreshed(c)
        await slowly(c, clock, "colon", *"arm btc")
        refreshed(c)
        await slowly(c, clock, "enter")
        assert is_armed(c)
        await press_t(c, clock)
        await press_t(c, clock)
        assert is_armed(c)
        clock.now += 601
        refreshed(c)
        await press_t(c, clock)
        assert not is_armed(c)


async def test_live_without_a_size_does_not_arm() -> None:
    clock = Clock()
    async with console(live_view(), clock=clock) as c:
        arming.arm_typed(c.session, f.BTC)
        assert c.message == texts.arming.NO_SIZE
        assert not is_armed(c)


async def test_an_observer_is_offered_no_close() -> None:
    async with console(RecordingEngine(has_control=False)) as c:
        await c.press("C")
        assert c.session.closing is None and c.message == texts.guards.OBSERVER


async def test_an_observer_that_gets_control_is_told() -> None:
    async with console(RecordingEngine(has_control=False)) as c:
        assert c.message != texts.link.CONTROL_HERE
        c.session.on_link(Link(LinkState.UP, has_control=True, text="control is free: pid 7 left"))
        assert c.message == texts.link.CONTROL_HERE


async def test_an_observer_cannot_arm() -> None:
    engine = RecordingEngine()
    async with console(engine, options=SIZES, clock=Clock()) as c:
        c.session.on_link(Link(LinkState.UP, has_control=False))
        arming.toggle(c.session)
        assert c.message == texts.guards.OBSERVER
        assert not is_armed(c)
        c.session.hush()
        arming.at_cursor(c.session, Side.BUY)
        assert c.message == texts.guards.OBSERVER


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 55)])
async def test_the_armed_state_is_said_in_words_in_the_title(size: tuple[int, int]) -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock, size=size) as c:
        await arm(c, clock)
        assert ">>ARMED 0.05 " in "\n".join(c.text)
        refreshed(c)
        await press_t(c, clock)
        assert ">>ARMED" not in "\n".join(c.text)


async def test_an_unusual_size_is_reviewed_even_when_armed() -> None:
    clock = Clock()
    async with console(options=SIZES, clock=clock) as c:
        c.session.usual_sizes.see([f.order(40 + at, quantity=f.D("0.001")) for at in range(20)])
        await arm(c, clock)
        await click(c, "64123.4", "bid")
        assert placed(c) == []
        assert c.session.mode is Keys.TICKET
