"""/ n N o O: what a filter shows, what keys act on under it, and rows that rest while somebody works."""

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock, Console, RecordingEngine, console, slowly
from tests.tui.headless import headless
from veloz_tui.domain.commands import CancelOrders
from veloz_tui.domain.types import Nanos, StrategyId
from veloz_tui.domain.views import View
from veloz_tui.tui.filters import Filter, FilterError, parse
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import facts


def matching(text: str, view: View | None = None, pane: str = "orders") -> list[str]:
    shown = f.view() if view is None else view
    found = parse(text, facts.FIELDS[pane])
    assert isinstance(found, Filter)
    rows = facts.of_pane(pane, shown, Names(shown), ())
    return sorted(key.lstrip("vz0") for key, row in rows.items() if found.fits(row))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("side:sell", ["2", "4"]),
        ("st:dbt", ["1"]),
        ("by:mm-1", ["4", "5"]),
        ("by:mm*", ["4", "5"]),
        ("by:man", ["1", "2", "3", "7"]),
        ("ven:bin side:sell", ["2", "4"]),
        ("age>10s", ["1", "2", "4", "5"]),
        ("age>10m", ["2"]),
        ("age<10s", ["3", "6", "7"]),
        ("-eth", ["1", "2", "3", "4", "5", "6"]),
        ("eth", ["7"]),
        ("-by:mm-1 -side:sell -eth", ["1", "3", "6"]),
        ("BTC SELL", ["2", "4"]),
    ],
)
def test_words_and_fields_are_all_required(text: str, numbers: list[str]) -> None:
    assert matching(text) == numbers


def test_a_fields_value_is_whole_so_that_mm_1_is_not_mm_10() -> None:
    view = f.view(
        orders=(f.order(1, strategy_id=StrategyId("mm-10")), f.order(2, strategy_id=StrategyId("mm-1")))
    )
    assert matching("by:mm-1", view) == ["2"]


@pytest.mark.parametrize("text", ["sid:sell", "side:", "age>ten", "age>", "lvl:warn", "a " * 21])
def test_what_cannot_be_understood_is_no_filter(text: str) -> None:
    assert isinstance(parse(text, facts.FIELDS["orders"]), FilterError)


def test_every_pane_with_fields_has_facts_for_each_of_its_rows_and_sorts() -> None:
    view = f.view()
    for pane, columns in facts.SORTS.items():
        for row in facts.of_pane(pane, view, Names(view), (), (f.wire_entry(1),)).values():
            assert set(row.ranks) == set(columns)
            assert set(row.fields) | {"age"} >= facts.FIELDS[pane] and set(row.fields) <= facts.FIELDS[pane]


async def type_filter(c: Console, text: str) -> None:
    await c.press("slash", *text)


async def test_slash_filters_as_it_is_typed_and_the_title_counts() -> None:
    async with console(size=(120, 40)) as c:
        await c.press("5")
        await type_filter(c, "side:sell")
        assert any("Orders  7 of 7  2/7 /side:sell" in line for line in c.text)
        await c.press("enter")
        assert c.session.mode is Keys.PANES
        assert len(c.session.shown_keys("orders")) == 2


async def test_a_pasted_filter_works_at_once_and_xx_covers_only_what_it_shows() -> None:
    clock = Clock()
    async with console(clock=clock) as c:
        await c.press("5", "/")
        c.session.paste("by:mm-1 side:sell\n")
        await c.press("enter")
        assert c.session.mode is Keys.PANES
        await slowly(c, clock, "X", "X")
        (command,) = c.engine.real
        assert isinstance(command, CancelOrders)
        assert command.client_order_ids == (f.order(4).client_order_id,)


async def test_esc_while_typing_or_later_clears_the_filter() -> None:
    async with console(size=(120, 40)) as c:
        await c.press("5")
        await type_filter(c, "side:sell")
        await c.press("escape")
        assert len(c.session.shown_keys("orders")) == 7
        await type_filter(c, "eth")
        await c.press("enter", "escape")
        assert len(c.session.shown_keys("orders")) == 7
        assert c.message == "Filter off: all rows"


async def test_an_unfinished_filter_is_not_taken_and_says_why() -> None:
    async with console(size=(120, 40)) as c:
        await c.press("5")
        await type_filter(c, "nope:1")
        await c.press("enter")
        assert c.session.mode is Keys.FILTER
        assert any("nope:1 means nothing here" in line for line in c.text)


async def test_a_filter_hides_but_never_cancels_the_selected_order() -> None:
    async with console(size=(120, 40)) as c:
        await c.press("5")
        c.session.cursors["orders"].key = "vz00000000000003"
        await type_filter(c, "side:sell")
        await c.press("enter", "x")
        assert c.engine.real == []
        assert c.session.cursors["orders"].key is None


async def test_xx_covers_what_the_filter_shows() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        await c.press("5")
        await type_filter(c, "by:mm-1")
        clock.now += 1
        await c.press("enter", "X")
        assert c.message == "XX: cancel 2 (orders shown, mm-1 2)"
        clock.now += 0.3
        await c.press("X")
        command = c.engine.real[-1]
        assert isinstance(command, CancelOrders)
        assert set(command.client_order_ids) == {"vz00000000000004", "vz00000000000005"}


async def test_changing_the_filter_starts_the_count_of_xx_again() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        await c.press("5", "X")
        await type_filter(c, "eth")
        clock.now += 0.3
        await c.press("enter", "X")
        assert c.engine.real == []


async def test_kill_works_while_a_filter_is_typed() -> None:
    async with console() as c:
        await c.press("5")
        await type_filter(c, "mm")
        await c.press("ctrl+k", "ctrl+k")
        await c.until(lambda: c.engine.kills)


async def test_n_and_shift_n_go_through_the_matches_and_around() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        await c.press("5")
        await type_filter(c, "side:sell")
        await c.press("enter")
        await slowly(c, clock, "n")
        first = c.session.cursors["orders"].key
        await slowly(c, clock, "n")
        assert c.session.cursors["orders"].key != first
        await slowly(c, clock, "n")
        assert c.session.cursors["orders"].key == first
        await slowly(c, clock, "N")
        assert c.session.cursors["orders"].key != first


async def test_the_ladder_has_no_filter_and_says_so() -> None:
    async with console() as c:
        await c.press("4", "slash")
        assert c.session.mode is Keys.PANES
        assert "nothing to filter" in c.message


async def test_o_sorts_by_the_next_column_with_doubt_on_top_and_shift_o_reverses() -> None:
    async with console(size=(120, 40)) as c:
        await c.press("5", "o")
        keys = [key.lstrip("vz0") for key in c.session.shown_keys("orders")]
        assert keys == ["1", "7", "2", "6", "5", "3", "4"]
        assert any("^price" in line for line in c.text)
        await c.press("O")
        assert [key.lstrip("vz0") for key in c.session.shown_keys("orders")] == [
            "1", "4", "3", "5", "6", "2", "7",
        ]  # fmt: skip


async def test_rows_keep_their_places_for_2_s_after_a_touch() -> None:
    clock = Clock()
    plain = tuple(f.order(number, created_at=Nanos(f.NOON - number)) for number in (3, 2, 1))
    async with console(RecordingEngine(f.view(orders=plain)), size=(120, 40), clock=clock) as c:
        await c.press("5", "j")
        before = c.session.shown_keys("orders")
        doubtful = f.order(1, created_at=plain[2].created_at, in_doubt_since=f.NOON)
        c.engine.show(f.view(orders=(*plain[:2], doubtful)))
        clock.now += 1.9
        await c.press("shift")
        c.app.painter.now()
        await c.settle()
        assert c.session.shown_keys("orders") == before
        clock.now += 0.2
        c.app.painter.now()
        await c.settle()
        assert c.session.shown_keys("orders")[0] == doubtful.client_order_id


def test_the_command_line_filters_too() -> None:
    session, _ = headless(f.view())
    session.focus = "orders"
    session.router.on_action["command"]()
    session.edit.insert("filter side:sell")
    session.router.on_key[Keys.COMMAND]("enter", None)
    assert session.arrangements["orders"].filter is not None
