"""e and Shift+Up/Down: amending an order of ours from the orders pane and from the ladder."""

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, Console, RecordingEngine, console, live_view, slowly
from veloz_tui.domain.commands import AmendOrder
from veloz_tui.domain.types import Nanos, OrderStatus
from veloz_tui.domain.views import LogEntry, OrderView
from veloz_tui.tui import texts
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.ticket import Field


def with_orders(*orders: OrderView) -> RecordingEngine:
    return RecordingEngine(f.view(orders=orders))


async def held(c: Console, clock: Clock, *keys: str) -> None:
    """Keys that are held back for the rest of a burst, and the moment until the last one acts."""
    c.session.hush()
    await slowly(c, clock, *keys)
    await c.until(lambda: c.session.ticket or c.message)


def words(c: Console) -> str:
    """The screen as one line: what is wrapped is whole again."""
    return " ".join(" ".join(c.text).split())


def amended(c: Console) -> list[AmendOrder]:
    return [command for command in c.engine.real if isinstance(command, AmendOrder)]


async def test_e_opens_a_ticket_with_what_the_order_has_and_the_review_says_what_it_costs() -> None:
    clock = Clock()
    async with console(with_orders(f.order(3)), clock=clock, size=(120, 40)) as c:
        await held(c, clock, "5", "j", "e")
        ticket = c.session.ticket
        assert ticket is not None
        assert (ticket.value(Field.PRICE), ticket.value(Field.QUANTITY)) == (f.D("64123.40"), f.D("0.05"))
        assert ticket.fields() == [Field.PRICE, Field.QUANTITY]
        dry = [each for each in c.engine.sent if isinstance(each, AmendOrder)]
        assert dry and dry[-1].is_dry
        await slowly(c, clock, "up", "tab", *"0.10", "enter")
        shown = "\n".join(c.text)
        assert "AMEND 0003? 0.05 @64,123.40 -> 0.1 @64,123.41: canceled first, last in its queue" in shown
        await slowly(c, clock, "enter")
        (command,) = amended(c)
        assert (command.price, command.quantity) == (f.D("64123.41"), f.D("0.10"))
        assert command.client_order_id == f.order(3).client_order_id


@pytest.mark.parametrize(("quantity", "asks"), [("0.05", False), ("0.06", True)])
async def test_a_price_may_change_without_a_yes_an_unusual_quantity_that_grows_may_not(
    quantity: str, asks: bool
) -> None:
    clock = Clock()
    async with console(with_orders(f.order(3)), clock=clock, size=(120, 40)) as c:
        c.session.usual_sizes.see([f.order(40 + at, quantity=f.D("0.001")) for at in range(20)])
        await held(c, clock, "5", "j", "e")
        await slowly(c, clock, "up", "tab", *quantity, "enter")
        assert ("type yes" in words(c)) is asks


async def test_a_stop_says_the_gap_and_a_strategys_order_who_moves_it_again() -> None:
    clock = Clock()
    stop, quote = f.orders()[2], f.orders()[4]
    async with console(with_orders(stop, quote), clock=clock, size=(120, 40)) as c:
        await held(c, clock, "5", "j", "e")
        await slowly(c, clock, "up", "enter")
        assert "no stop until the new one rests" in words(c)
        await slowly(c, clock, "escape", "escape")
        await held(c, clock, "j", "e")
        await slowly(c, clock, "up", "enter")
        assert "mm-1 will move it again; Space stops it" in words(c)


async def test_a_post_only_order_amended_over_the_touch_is_not_said_to_take() -> None:
    clock = Clock()
    async with console(with_orders(f.order(3)), clock=clock, size=(120, 40)) as c:
        await held(c, clock, "5", "j", "e")
        await slowly(c, clock, *"64130", "enter")
        assert "AMEND 0003? 0.05 @64,123.40 -> 0.05 @64,130.00" in words(c)
        assert "TAKER" not in words(c), "the engine refuses it: it stays post-only"


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (f.order(6, strategy_id="external", is_external=True), "isn't ours"),
        (f.order(6, status=OrderStatus.SUBMITTED), "on its way"),
        (f.order(6, in_doubt_since=Nanos(f.NOON)), "on its way"),
        (f.order(6, cancel_requested_at=Nanos(f.NOON)), "on its way"),
        (f.order(6, price=None), "no price to change"),
    ],
)
async def test_what_cannot_be_amended_says_why(order: OrderView, says: str) -> None:
    clock = Clock()
    async with console(with_orders(order), clock=clock) as c:
        await held(c, clock, "5", "j", "e")
        assert says in c.message
        assert c.session.mode is Keys.PANES


async def test_without_an_order_nothing_opens() -> None:
    clock = Clock()
    async with console(with_orders(), clock=clock) as c:
        await held(c, clock, "4", "j", "e")
        assert c.message == texts.amends.NOTHING_HERE
        assert c.session.ticket is None


async def test_shift_up_moves_the_order_at_the_cursor_one_tick_whatever_the_rows_are() -> None:
    clock = Clock()
    async with console(with_orders(f.order(3)), clock=clock) as c:
        await held(c, clock, "4", "j", "j", "j", "shift+up")
        (command,) = amended(c)
        assert (command.price, command.quantity) == (f.D("64123.41"), None)


async def test_in_live_the_tick_is_reviewed_first() -> None:
    clock = Clock()
    engine = live_view()
    async with console(engine, clock=clock, size=(120, 40)) as c:
        await held(c, clock, "4", "j", "j", "j", "shift+down")
        assert amended(c) == []
        assert "AMEND 0003? 0.05 @64,123.40 -> 0.05 @64,123.39" in "\n".join(c.text)
        await slowly(c, clock, "enter")
        (command,) = amended(c)
        assert command.price == f.D("64123.39")


async def test_what_becomes_of_the_successor_is_told_as_of_the_operators_own() -> None:
    async with console(clock=Clock()) as c:
        c.session.followed.append("old")
        born = LogEntry(11, f.NOON, "order", "NEW 7F3M", client_order_id="new", replaces="old")
        c.session.on_entries((born, LogEntry(12, f.NOON, "order", "OPEN 7F3M", client_order_id="new")))
        assert c.message == "OPEN 7F3M"
