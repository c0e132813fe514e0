"""The ticket's price in a lively market: it follows its touch, and what was shown is what is sent."""

from decimal import Decimal

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, Console, console, open_ticket
from veloz_tui.domain.commands import PlaceOrder
from veloz_tui.domain.views import Ack, Verdict, View
from veloz_tui.tui import texts
from veloz_tui.tui.ticket import Field, Step


def market(bid: str, ask: str) -> View:
    """The demo account with another market."""
    return f.view(books=(f.ladder(bids=f.levels(bid, "-0.10"), asks=f.levels(ask, "0.10")),))


def price(c: Console) -> str:
    assert c.session.ticket is not None
    return c.session.ticket.text_of_price


async def send(c: Console, clock: Clock) -> None:
    """Enter on a review line that was looked at."""
    clock.now += 0.3
    await c.press("enter")


async def test_an_untouched_price_follows_its_touch() -> None:
    async with console() as c:
        await open_ticket(c)
        c.engine.show(market("64130.00", "64130.10"))
        assert price(c) == "64,130.00"
        await c.press("tab")
        c.engine.show(market("64125.00", "64125.10"))
        assert price(c) == "64,125.00"


async def test_a_selling_ticket_follows_the_ask() -> None:
    async with console() as c:
        await open_ticket(c, "s")
        c.engine.show(market("64130.00", "64130.10"))
        assert price(c) == "64,130.10"


async def test_a_stale_book_moves_no_price() -> None:
    async with console() as c:
        await open_ticket(c)
        stale = f.ladder(bids=f.levels("64130.00", "-0.10"), stale_reason="gap")
        c.engine.show(f.view(books=(stale,)))
        assert price(c) == "64,123.60"


async def test_an_edited_price_stays_where_it_was_put() -> None:
    async with console() as c:
        await open_ticket(c)
        await c.press("up")
        c.engine.show(market("64130.00", "64130.10"))
        assert price(c) == "64,123.61"


async def test_a_price_from_the_ladders_cursor_stays() -> None:
    async with console() as c:
        await c.press("4", "j", "j", "j")
        await open_ticket(c)
        c.engine.show(market("64130.00", "64130.10"))
        assert price(c) == "64,123.40"


async def test_review_freezes_the_price_while_the_market_runs_away() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        c.engine.show(market("64130.00", "64130.10"))
        await send(c, clock)
        command = c.engine.real[-1]
        assert isinstance(command, PlaceOrder)
        assert (command.request.price, command.request.post_only) == (Decimal("64123.60"), True)


async def test_a_market_that_comes_over_an_untouched_price_changes_the_review_and_needs_a_fresh_enter() -> (
    None
):
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.3
        c.engine.show(market("64120.00", "64120.10"))
        await c.settle()
        shown = "\n".join(c.text)
        assert "SEND? BUY 0.05 BTC-USDT.BIN 64,120.00 LMT GTC POST" in shown
        assert "Price now 64,120.00 (was 64,123.60): the market came over it. Enter once more" in shown
        await c.press("enter")  # meant for the price before
        assert c.engine.real == []
        await send(c, clock)
        command = c.engine.real[-1]
        assert isinstance(command, PlaceOrder)
        assert (command.request.price, command.request.post_only) == (Decimal("64120.00"), True)


async def test_a_market_that_moves_between_frame_and_enter_sends_nothing_that_was_not_shown() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.3
        c.session.store.show(market("64120.00", "64120.10"), clock.now)  # no frame shows it yet
        await c.press("enter")
        assert c.engine.real == []
        await send(c, clock)
        command = c.engine.real[-1]
        assert isinstance(command, PlaceOrder) and command.request.price == Decimal("64120.00")


async def test_every_order_sent_is_the_one_on_the_last_frame() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        for bid in range(64120, 64100, -2):
            await open_ticket(c)
            await c.press("enter")
            clock.now += 0.3
            c.engine.show(market(f"{bid}.00", f"{bid}.10"))
            await c.settle()
            line = next(line for line in c.text if "SEND?" in line)
            await send(c, clock)
            command = c.engine.real[-1]
            assert isinstance(command, PlaceOrder) and f" {command.request.price:,.2f} " in line


async def test_a_selling_order_is_never_made_cheaper_by_review() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c, "s")
        await c.press("enter")
        c.engine.show(market("64140.00", "64140.10"))
        await c.settle()
        await send(c, clock)
        command = c.engine.real[-1]
        assert isinstance(command, PlaceOrder)
        assert (command.request.price, command.request.post_only) == (Decimal("64140.10"), True)


async def test_an_edited_price_needs_a_fresh_enter_when_the_market_comes_over_it() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("up", "down", "enter")
        c.engine.show(market("64120.00", "64120.10"))
        await send(c, clock)
        assert c.engine.real == [] and c.message == texts.orders.MARKET_MOVED


async def test_without_post_only_an_order_that_would_now_take_needs_a_fresh_enter() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("tab", "tab", "tab", "tab", "space", "enter")
        c.engine.show(market("64120.00", "64120.10"))
        await send(c, clock)
        assert c.engine.real == [] and c.message == texts.orders.MARKET_MOVED


async def test_what_is_typed_first_replaces_a_field_and_an_arrow_edits_it() -> None:
    async with console() as c:
        await open_ticket(c)
        ticket = c.session.ticket
        assert ticket is not None
        await c.press("6", "4")
        assert ticket.text(Field.PRICE) == "64"
        await c.press("tab", "end", "5")
        assert ticket.text(Field.QUANTITY) == "0.055"


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "1e-3",
        "-5",
        "--7",
        "0x10",
        "5-6",
        "64,120 0.5",
        "\u0661\u0662",
        "\uff11\uff12",
        "1e999",
        "NaN",
        "",
    ],
)
async def test_a_pasted_text_that_is_no_number_changes_nothing_and_says_so(text: str) -> None:
    async with console() as c:
        await open_ticket(c)
        ticket = c.session.ticket
        assert ticket is not None
        c.session.paste(text)
        assert price(c) == "64,123.60" and ticket.follows
        assert c.message == texts.ticket.NOT_PASTED


@pytest.mark.parametrize(("text", "value"), [("64,120.5\n", "64120.5"), ("@64120.50 USDT", "64120.5")])
async def test_a_pasted_number_goes_into_the_field_and_risk_is_asked_again(text: str, value: str) -> None:
    async with console() as c:
        await open_ticket(c)
        ticket = c.session.ticket
        assert ticket is not None
        asked = len(c.engine.sent)
        c.session.paste(text)
        assert ticket.value(Field.PRICE) == f.D(value) and not ticket.follows
        assert len(c.engine.sent) == asked + 1


@pytest.mark.parametrize("typed", ["1e5", "-5", "5-6", "0x1"])
async def test_a_letter_typed_into_a_number_stays_and_is_refused(typed: str) -> None:
    async with console() as c:
        await open_ticket(c)
        ticket = c.session.ticket
        assert ticket is not None
        await c.press("tab", *typed, "enter")
        assert ticket.text(Field.QUANTITY) == typed
        assert f"{typed} is no positive number" in c.message
        assert ticket.step is Step.EDIT and c.engine.real == []


async def test_an_answer_still_counts_after_the_price_followed_the_market() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        c.engine.answers = False
        await open_ticket(c)
        asked = next(each for each in c.engine.sent if isinstance(each, PlaceOrder))
        c.engine.show(market("64130.00", "64130.10"))
        c.app.on_ack(Ack(asked.command_id, is_ok=True, text="", verdict=Verdict(is_ok=True)))
        assert c.session.ticket is not None and c.session.ticket.verdict is not None


async def test_an_answer_about_other_fields_does_not_count() -> None:
    async with console() as c:
        c.engine.answers = False
        await open_ticket(c)
        asked = next(each for each in c.engine.sent if isinstance(each, PlaceOrder))
        await c.press("tab", "up")
        c.app.on_ack(Ack(asked.command_id, is_ok=True, text="", verdict=Verdict(is_ok=True)))
        assert c.session.ticket is not None and c.session.ticket.verdict is None


async def test_a_denial_is_read_in_one_line_before_sending() -> None:
    denial = (
        "DENIED BUY 0.50 BTC-USDT: order 32,061 > max 20,000 USDT. Nothing sent. "
        "Lower qty or raise limits.max_order_size [ORDER_NOTIONAL_MAX]"
    )
    async with console() as c:
        await open_ticket(c)
        assert c.session.ticket is not None
        c.session.ticket.verdict = Verdict(is_ok=False, text=denial)
        c.app.painter.now()
        await c.settle()
        assert "DENIED BUY 0.50 BTC-USDT: order 32,061 > max 20,000 USDT. Lower qty" in "\n".join(c.text)


async def test_a_review_that_says_denied_is_not_sent_and_what_was_typed_stays() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 1
        ticket = c.session.ticket
        assert ticket is not None and ticket.step is Step.REVIEW
        ticket.verdict = Verdict(
            is_ok=False, text="DENIED BUY 0.50 BTC-USDT: too large. Nothing sent. [CODE]"
        )
        await c.press("enter")
        assert c.engine.real == []
        assert c.session.ticket is ticket
        assert c.message.startswith("DENIED BUY 0.50 BTC-USDT: too large.")
        ticket.verdict = Verdict(is_ok=True)
        await c.press("enter")
        assert isinstance(c.engine.real[-1], PlaceOrder)


async def test_all_fields_are_seen_at_80_columns_whatever_is_typed() -> None:
    async with console() as c:
        await open_ticket(c)
        await c.press("tab", *"1234.00005")
        line = next(line for line in c.text if line.startswith(" BUY "))
        assert "qty 1234.00005" in line and " LMT GTC post yes reduce no" in line
