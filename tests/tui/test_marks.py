"""Space v u: marks, and what x and X X make of them."""

from tests.tui.harness import Clock, Console, console, slowly
from veloz_tui.domain.commands import CancelOrders


def numbers(keys: set[str] | tuple[str, ...]) -> set[str]:
    return {key.lstrip("vz0") for key in keys}


async def mark_the_first_three(c: Console, clock: Clock) -> list[str]:
    await slowly(c, clock, "5", "j", "v", "j", "j", "v")
    return c.session.shown_keys("orders")[:3]


async def test_v_twice_marks_everything_between() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        first = await mark_the_first_three(c, clock)
        assert c.session.marked == set(first)
        assert any("3 marked" in line for line in c.text)


async def test_v_backwards_marks_the_same() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        await slowly(c, clock, "5", "j", "j", "j", "v", "k", "k", "v")
        assert c.session.marked == set(c.session.shown_keys("orders")[:3])


async def test_the_second_v_counts_what_was_marked_before_too() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        await slowly(c, clock, "5", "j", "space", "j", "v", "j", "v")
        assert len(c.session.marked) == 3
        assert c.message.startswith("3 orders marked: x cancels them")


async def test_u_unmarks_and_forgets_where_a_range_began() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        await mark_the_first_three(c, clock)
        await slowly(c, clock, "v", "u", "k", "v")
        assert len(c.session.marked) == 1


async def test_v_without_a_cursor_marks_nothing() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        await slowly(c, clock, "5", "v")
        assert c.session.marked == set()
        assert "Nothing selected" in c.message


async def test_xx_takes_the_marked_ones_and_keeps_the_stop_among_them() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        await mark_the_first_three(c, clock)
        await slowly(c, clock, "X")
        assert c.message == "XX: cancel 2 (3 marked, manual 1 mm-1 1), keeps 1 stop"
        await slowly(c, clock, "X")
        command = c.engine.real[-1]
        assert isinstance(command, CancelOrders)
        assert numbers(command.client_order_ids) == {"1", "4"}


async def test_marking_one_more_starts_the_count_of_xx_again() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        await mark_the_first_three(c, clock)
        await slowly(c, clock, "X", "j", "space")
        await slowly(c, clock, "X")
        assert c.engine.real == []


async def test_marks_that_a_filter_hides_are_kept_told_and_not_canceled() -> None:
    clock = Clock()
    async with console(size=(120, 40), clock=clock) as c:
        await slowly(c, clock, "5", "j", "space", "slash", *"by:mm-1", "enter", "j", "space")
        assert any("1 marked +1 hidden" in line for line in c.text)
        await slowly(c, clock, "x")
        command = c.engine.real[-1]
        assert isinstance(command, CancelOrders)
        assert numbers(command.client_order_ids) == {"4"}
