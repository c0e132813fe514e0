"""Tickets, the command line, and text that lands in the wrong pane."""

import asyncio

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, RecordingEngine, console, live_view, open_ticket, slowly
from veloz_tui.domain.commands import (
    PlaceOrder,
    Reduce,
)
from veloz_tui.domain.types import MANUAL, Side
from veloz_tui.domain.views import Verdict
from veloz_tui.tui import texts
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.ordering import live_line
from veloz_tui.tui.strip import strip_lines
from veloz_tui.tui.usual_sizes import UsualSizes


async def test_a_burst_is_dropped_and_locks_trading_keys() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("2", "j")
        clock.now += 1
        await c.press("space", "b", "s", "x", "X", "R")
        await asyncio.sleep(0.1)
        assert c.engine.real == []
        assert c.session.mode is Keys.PANES
        clock.now += 1
        await c.press("R")
        assert c.message == texts.guards.LOCKED
        clock.now += 2
        await c.press("R")
        assert isinstance(c.engine.real[-1], Reduce)


async def test_three_unbound_keys_within_a_second_lock_trading_keys() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        for key in "idp":
            clock.now += 0.3
            await c.press(key)
        clock.now += 0.3
        await c.press("R")
        assert c.engine.real == []


async def test_holding_a_cursor_key_down_is_no_burst() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("5", *"jjjjjjjj", "R")
        assert isinstance(c.engine.real[-1], Reduce)


async def test_a_paste_never_submits_and_does_nothing_in_a_pane() -> None:
    from textual import events

    async with console() as c:
        c.app.post_message(events.Paste("kill\n"))
        await c.settle()
        assert c.engine.kills == [] and c.engine.real == []
        await c.press("colon")
        c.app.post_message(events.Paste("cancel all\x1b[2J\nkill\n"))
        await c.settle()
        assert c.session.edit.text == "cancel all[2J"
        assert c.session.mode is Keys.COMMAND and c.engine.real == []


async def test_b_enter_enter_buys_at_the_own_side_touch_post_only() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.3
        await c.press("enter")
        command = c.engine.real[-1]
        assert isinstance(command, PlaceOrder) and not command.is_dry
        assert command.request.side is Side.BUY
        assert command.request.price == f.D("64123.60")
        assert command.request.quantity == f.D("0.05")
        assert command.request.post_only and command.request.strategy_id == MANUAL


async def test_enter_on_a_review_too_young_to_be_read_does_not_send() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.2
        await c.press("enter")
        assert c.engine.real == []
        assert c.message == texts.guards.TOO_FAST
        assert "review line" in c.message


async def test_a_pasted_b_and_two_enters_send_nothing() -> None:
    async with console() as c:
        await c.press("b", "enter", "enter")
        await asyncio.sleep(0.1)
        assert c.engine.real == []


async def test_review_is_repeated_when_the_market_changed_sides() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.3
        c.engine.show(f.view(books=(f.ladder(asks=f.levels("64123.50", "0.10")),)))
        await c.press("enter")
        assert c.engine.real == []
        assert c.message == texts.orders.MARKET_MOVED


async def test_a_crossing_price_takes_post_only_off_and_says_taker() -> None:
    async with console() as c:
        await open_ticket(c, "s")
        ticket = c.session.ticket
        assert ticket is not None
        for _ in range(11):
            await c.press("down")
        request = ticket.request(c.session.store.book(f.BTC))
        assert not isinstance(request, str) and not request.post_only
        assert "TAKER: fills 0.05 down to 64,123.59" in "\n".join(c.text)


async def test_live_without_presets_starts_with_an_empty_quantity() -> None:
    async with console(live_view()) as c:
        await open_ticket(c)
        await c.press("enter")
        assert "quantity: missing" in c.message


async def test_an_unusual_size_needs_a_typed_yes() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        c.session.usual_sizes.see([f.order(40 + at, quantity=f.D("0.01")) for at in range(20)])
        clock.now += 5
        await open_ticket(c)
        await c.press("tab", "up", "up", "enter")
        clock.now += 0.3
        await c.press("enter")
        assert c.engine.real == [] and c.message == texts.ticket.TYPE_YES
        await c.press(*"yes", "enter")
        assert isinstance(c.engine.real[-1], PlaceOrder)


async def test_what_is_usual_is_learned_from_every_manual_order_of_that_instrument_alone() -> None:
    clock = Clock()
    typed = tuple(f.order(40 + at, quantity=f.D("0.001")) for at in range(3))
    others = tuple(f.order(50 + at, instrument_id=f.ETH, quantity=f.D("1000")) for at in range(9))
    async with console(RecordingEngine(f.view(orders=typed + others)), clock=clock) as c:
        clock.now += 5
        await open_ticket(c)
        await c.press("enter")
        clock.now += 0.3
        await c.press("enter")
        assert c.engine.real == [] and c.message == texts.ticket.TYPE_YES


def test_an_order_counts_once_and_an_amendment_not_again() -> None:
    sizes = UsualSizes()
    for _ in range(3):
        sizes.see([f.order(1), f.order(2, replaces=f.order(1).client_order_id)])
    assert list(sizes.of(f.BTC)) == [f.D("0.05")]


async def test_a_market_order_is_said_to_have_no_limit() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("tab", "tab", "down", "down")
        assert "TAKER: fills 0.05 at the market" in " ".join(" ".join(c.text).split())


async def test_a_complaint_about_a_field_goes_the_ticket_shows_it_as_long_as_it_is_so() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await open_ticket(c)
        await c.press("x", "enter")
        assert "price: x is no positive number" in c.message
        clock.now += 4
        c.engine.show(c.engine.view)
        await c.until(lambda: c.session.message is None)


async def test_the_ladder_cursor_gives_the_price_but_a_stale_one_does_not() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("4", "j", "j", "j")
        await open_ticket(c)
        clock.now += 1
        assert c.session.ticket is not None
        assert c.session.ticket.text_of_price == "64,123.40"
        await c.press("escape")
        c.engine.show(f.view(books=(f.ladder(stale_reason="gap at u=88213, fetching snapshot"),)))
        await open_ticket(c)
        assert c.session.ticket.text_of_price == "64,123.60"


async def test_the_ticket_never_covers_the_ladder() -> None:
    async with console() as c:
        await open_ticket(c)
        ladder, strip = c.app.painter.plan["ladder"], c.app.painter.plan["strip"]
        assert strip.y >= ladder.y + ladder.height


async def test_a_typed_command_is_sent_as_the_grammar_reads_it() -> None:
    async with console() as c:
        await c.press("colon", *"buy 0.05 btc @bid post", "enter")
        command = c.engine.real[-1]
        assert isinstance(command, PlaceOrder)
        assert (command.request.quantity, command.request.price) == (f.D("0.05"), f.D("64123.60"))


async def test_in_live_a_typed_order_asks_once_more() -> None:
    clock = Clock()
    async with console(live_view(), clock=clock) as c:
        await c.press("colon", *"buy 0.05 btc @bid post", "enter")
        assert c.engine.real == [] and c.session.mode is Keys.CONFIRM
        clock.now += 0.3
        await c.press("y")
        assert isinstance(c.engine.real[-1], PlaceOrder)


async def test_a_yes_before_the_question_could_be_read_is_no_answer() -> None:
    clock = Clock()
    async with console(live_view(), clock=clock) as c:
        await c.press("colon", *"buy 0.05 btc @bid post", "enter")
        clock.now += 0.2
        await c.press("y")
        assert c.engine.real == [] and c.session.question is not None
        assert c.message == texts.guards.NOT_READ
        clock.now += 0.2
        await c.press("n")
        assert c.engine.real == [] and c.session.question is None


async def test_a_line_pasted_as_live_keys_is_not_sent_by_its_own_enter() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        for key in ("colon", *"cancel all", "enter"):
            c.session.router.press(*_event(key))
        assert c.engine.real == [] and c.session.mode is Keys.COMMAND
        assert c.session.command_hint == texts.guards.TYPED_TOO_FAST
        clock.now += 1
        await c.press("enter")
        assert len(c.engine.real) == 1


async def test_an_enter_that_sent_nothing_says_so_loudly() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        for typed in ("rearm full", "rearm full elsewhere", "frobnicate"):
            await c.press("escape", "colon")
            for key in typed:
                clock.now += 0.1
                c.session.router.press(*_event(key))
            clock.now += 0.3
            c.session.router.press("enter", None)
            assert c.session.mode is Keys.COMMAND and c.engine.real == []
            tones = [tone for line in strip_lines(c.session, 80)[1:] for text, tone in line if text.strip()]
            assert tones == ["bar/warn"]
            c.session.router.press("backspace", None)
            assert not c.session.is_held_back


async def test_a_typed_kill_is_never_too_fast() -> None:
    async with console(clock=Clock()) as c:
        for key in ("colon", *"kill", "enter"):
            c.session.router.press(*_event(key))
        await c.until(lambda: c.engine.kills)


@pytest.mark.parametrize("text", ["quit", "make", "apt install", "Ahello", "rm -rf x"])
async def test_the_head_of_a_pasted_text_neither_leaves_nor_silences_anything(text: str) -> None:
    async with console() as c:
        await c.press(*text)
        await asyncio.sleep(0.1)
        assert c.engine.real == [] and not c.has_left
        assert c.session.muted_until == float("-inf")


def _event(key: str) -> tuple[str, str | None]:
    return (key, {"colon": ":", "enter": "\r"}.get(key, key))


async def test_nonsense_stays_on_the_line_with_its_reason() -> None:
    async with console() as c:
        await c.press("colon", *"frobnicate", "enter")
        assert c.session.mode is Keys.COMMAND
        assert "no command frobnicate" in "\n".join(c.text)


async def test_a_recalled_order_needs_a_keystroke_before_enter() -> None:
    async with console() as c:
        await c.press("colon", *"cancel all", "enter")
        sent = len(c.engine.real)
        await c.press("colon", "up", "enter")
        assert c.session.edit.text == "cancel all" and len(c.engine.real) == sent
        await c.press("end", "enter")
        assert len(c.engine.real) == sent + 1


async def test_rearm_asks_for_the_profiles_name() -> None:
    async with console() as c:
        await c.press("colon", *"rearm full", "enter")
        assert c.session.edit.text == "rearm full "
        assert c.engine.real == []
        await c.press(*"demo", "enter")
        assert len(c.engine.real) == 1


@pytest.mark.parametrize("keys", [("q",), ("ctrl+q",), ("colon", "ctrl+q"), ("colon", "q", "enter")])
async def test_leaving_says_that_the_engine_goes_on_and_with_what(keys: tuple[str, ...]) -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await slowly(c, clock, *keys)
        await c.until(lambda: c.app.return_value is not None)
        assert c.app.return_value == (
            "Detached. Engine goes on (DEMO): 7 orders, 1 position, 1 strategy. veloz attach | veloz kill"
        )


async def test_ctrl_c_only_hints() -> None:
    async with console() as c:
        await c.press("ctrl+c", "ctrl+c")
        assert c.message == texts.guards.HINT
        assert c.app.is_running and c.engine.real == []


async def test_the_live_line_drops_whole_figures_never_a_part_of_one() -> None:
    async with console() as c:
        await open_ticket(c)
        ticket = c.session.ticket
        assert ticket is not None
        ticket.verdict = Verdict(
            is_ok=True,
            notional=f.D("3206.17"),
            fee=f.D("3.21"),
            free_after=f.D("57994"),
            position_after=f.D("0.50000000"),
            average_after=f.D("64123.22"),
            ahead=f.D("3.1"),
            size_fraction=f.D("0.31"),
        )
        book = c.session.store.book(f.BTC)
        whole, _ = live_line(ticket, book, "USDT", 200)
        assert whole == (
            "OK = 3,206.17 USDT | fee 3.21 (maker) | free after 57,994 | pos 0.5 avg 64,123.22"
            " | ahead 3.1 | 31.0% of max_order"
        )
        for width in range(20, 120):
            shown, _ = live_line(ticket, book, "USDT", width)
            assert whole.startswith(shown) and whole[len(shown) : len(shown) + 3] in {"", " | "}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("arm nope", "no instrument nope; there is BTC-USDT.BIN, ETH-USDT.BIN"),
        ("buy 0.5 btc", "no price: add @64,123.60 or market"),
    ],
)
async def test_a_line_that_means_nothing_says_so_once_and_stays_to_be_mended(line: str, why: str) -> None:
    async with console() as c:
        await c.press(":", *line)
        c.session.typing.rest()
        await c.press("enter")
        assert c.session.command_hint == f"NOT SENT, {why}"
        assert c.session.mode is Keys.COMMAND and c.session.edit.text == line
        assert c.engine.real == []
