"""The plan of the screen: at every size parts lie inside it and beside each other, and lines fit."""

from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.tui import factories
from tests.tui.headless import headless
from veloz_tui.domain.views import View
from veloz_tui.tui import layout, table
from veloz_tui.tui.glyphs import UNICODE
from veloz_tui.tui.keymap import PANES
from veloz_tui.tui.panes.status import Terminal
from veloz_tui.tui.screen import compose

sizes = st.tuples(st.integers(1, 260), st.integers(1, 80))
requests = st.builds(
    layout.Request,
    width=st.integers(1, 260),
    height=st.integers(1, 80),
    focus=st.sampled_from(PANES),
    zoomed=st.booleans(),
    strip=st.integers(0, 3),
    rows=st.dictionaries(st.sampled_from(PANES), st.integers(0, 60)),
    help_open=st.booleans(),
    message=st.integers(1, 2),
    page=st.sampled_from([(), ("orders", "history"), ("tape",)]),
)


@given(requests)
def test_parts_lie_inside_the_screen_and_never_overlap(request: layout.Request) -> None:
    seen: set[tuple[int, int]] = set()
    for box in layout.plan(request).values():
        cells = {(x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)}
        assert box.width > 0 and box.height > 0
        assert not cells & seen
        seen |= cells
    assert seen == {(x, y) for x in range(request.width) for y in range(request.height)}


@given(requests)
@example(layout.Request(60, 10, "watch"))
def test_the_focused_pane_is_always_visible(request: layout.Request) -> None:
    plan = layout.plan(request)
    assert "tiny" in plan or "help" in plan or request.focus in plan


@settings(max_examples=40, deadline=None)
@given(sizes, st.sampled_from(PANES), st.booleans())
def test_every_line_of_numbers_fits_its_part(size: tuple[int, int], focus: str, zoomed: bool) -> None:
    session, _ = headless(factories.view())
    session.focus, session.is_zoomed = focus, zoomed
    frame = compose(session, width=size[0], height=size[1], glyphs=UNICODE, terminal=Terminal(rtt_ms=28))
    for name in PANES:
        for line in frame.lines.get(name, ())[1:]:
            assert table.length(line) <= frame.plan[name].width + 1, table.plain(line)


@settings(max_examples=25, deadline=None)
@given(st.lists(sizes, min_size=2, max_size=6))
def test_resize_storms_end_in_the_same_picture_as_the_last_size_alone(storm: list[tuple[int, int]]) -> None:
    session, _ = headless(factories.view())
    for width, height in storm:
        session.scroll.recentre()
        last = compose(session, width=width, height=height, glyphs=UNICODE, terminal=Terminal())
    alone, _ = headless(factories.view())
    alone.scroll.step = session.scroll.step
    expected = compose(alone, width=storm[-1][0], height=storm[-1][1], glyphs=UNICODE, terminal=Terminal())
    assert last.plan == expected.plan
    assert (
        last.lines["status"] == expected.lines["status"] if "status" in last.lines else "tiny" in last.lines
    )


def test_the_sizes_of_the_specification_show_their_panes() -> None:
    def shown(width: int, height: int) -> set[str]:
        rows = dict.fromkeys(PANES, 5)
        return set(layout.plan(layout.Request(width, height, "ladder", rows=rows))) & set(PANES)

    assert shown(200, 55) == set(PANES)
    assert shown(120, 40) == shown(80, 24) == {"ladder", "orders", "positions", "strategies", "alerts"}
    assert shown(50, 20) == {"ladder"}
    assert shown(39, 20) == set()


def barren_view() -> View:
    """Everything unknown: no venue, no instrument, orders and positions of instruments nobody described."""
    account = factories.account(
        equity=None,
        free=None,
        day_pnl=None,
        day_realized=None,
        day_unrealized=None,
        day_fees=None,
        drawdown_fraction=None,
        assets=(),
        maker_fee=None,
        taker_fee=None,
    )
    position = factories.position(
        entry=None, break_even=None, mark=None, unrealized=None, limit_fraction=None, by_strategy={}
    )
    return factories.view(
        venues=(),
        instruments=(),
        books=(factories.ladder(bids=(), asks=(), last_price=None, last_side=None, age_ms=None),),
        orders=(factories.order(1, price=None), factories.order(2, quantity=factories.D(0))),
        positions=(position,),
        account=account,
        strategies=(
            factories.strategy(position=None, day_pnl=None, callback_p99_us=None, instrument_id=None),
        ),
        alerts=(),
    )


def half_known_view() -> View:
    """An instrument without prices, and a book with one side only."""
    bare = factories.instrument(bid=None, ask=None, last=None, change_fraction=None)
    return factories.view(instruments=(bare,), books=(factories.ladder(asks=()),))


@settings(max_examples=30, deadline=None)
@given(sizes, st.sampled_from(PANES), st.sampled_from([barren_view, half_known_view]))
def test_unknown_values_never_break_a_screen(
    size: tuple[int, int], focus: str, make: Callable[[], View]
) -> None:
    session, _ = headless(make())
    session.focus = focus
    for key in ("j", "x", "X", "C", "b", "enter", "escape", "escape", "space", "a", "m", "q", "ctrl+k"):
        session.router.press(key, key if len(key) == 1 else None)
        compose(session, width=size[0], height=size[1], glyphs=UNICODE, terminal=Terminal())
