"""The ladder as its pane shows it: rows, marks, sizes, and a book that isn't fresh."""

import msgspec
import pytest

from tests.tui import factories as f
from tests.tui.panes import lines
from veloz_tui.domain.views import View
from veloz_tui.tui import grid, table
from veloz_tui.tui.glyphs import UNICODE
from veloz_tui.tui.grid import GridCursor, PaneContent
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import ladder
from veloz_tui.tui.panes.scroll import Scroll


def ladder_content(view: View, scroll: Scroll, now: float = 0.0) -> PaneContent:
    return ladder.content(
        view, view.books[0], width=44, height=24, names=Names(view), scroll=scroll, glyphs=UNICODE, now=now
    )


def row_of(content: PaneContent, price: str) -> int:
    return next(at for at, row in enumerate(content.rows) if row.key == price)


def test_a_row_keeps_its_price_while_the_market_stays_in_the_middle_third() -> None:
    scroll = Scroll()
    before = ladder_content(f.view(), scroll)
    after = ladder_content(f.moving_view(2), scroll, now=5.0)
    assert [row.key for row in before.rows] == [row.key for row in after.rows]


def moved_view(best_bid: str, best_ask: str) -> View:
    return f.view(books=(f.ladder(bids=f.levels(best_bid, "-0.10"), asks=f.levels(best_ask, "0.10")),))


def test_the_ladder_recentres_when_the_best_price_leaves_the_middle_third_untouched() -> None:
    scroll = Scroll()
    before = ladder_content(f.view(), scroll)
    after = ladder_content(moved_view("64124.60", "64124.70"), scroll, now=5.0)
    assert [row.key for row in before.rows] != [row.key for row in after.rows]
    assert 6 <= row_of(after, "64124.6") <= 14


def test_the_ladder_does_not_move_under_a_hand_that_touched_it() -> None:
    scroll = Scroll()
    before = ladder_content(f.view(), scroll)
    scroll.touch(4.5)
    after = ladder_content(moved_view("64124.60", "64124.70"), scroll, now=5.0)
    assert [row.key for row in before.rows] == [row.key for row in after.rows]


def test_own_orders_queue_and_marks_stand_beside_their_price() -> None:
    content = ladder_content(f.view(), Scroll())
    bid = lines(content)[row_of(content, "64123.4")]
    assert bid.startswith(" 0.05  ~3.1")
    assert "64,123.20E" in lines(content)[row_of(content, "64123.2")]
    assert "64,123.70▲" in lines(content)[row_of(content, "64123.7")]


def test_an_unknown_queue_is_a_dash_not_a_zero() -> None:
    bids = tuple(msgspec.structs.replace(level, ahead=None) for level in f.ladder().bids)
    content = ladder_content(f.view(books=(f.ladder(bids=bids),)), Scroll())
    assert lines(content)[row_of(content, "64123.4")].startswith(" 0.05    ~-")


def test_grouping_adds_the_sizes_of_the_levels_it_hides() -> None:
    scroll = Scroll()
    ladder_content(f.view(), scroll)
    scroll.regroup(1, f.D("0.01"))
    scroll.regroup(1, f.D("0.01"))
    assert scroll.step == f.D("0.5")
    content = ladder_content(f.view(), scroll)
    view = f.view()
    wanted = sum(level.size for level in view.books[0].bids if f.D("64123.50") <= level.price < f.D("64124"))
    assert f"{wanted:.4f}" in lines(content)[row_of(content, "64123.5")]


def test_a_stale_book_says_so_and_why() -> None:
    book = f.ladder(stale_reason="gap at u=88213, fetching snapshot", age_ms=3100)
    content = ladder_content(f.view(books=(book,)), Scroll())
    assert content.note == (("STALE 3s", "warn"),)
    assert "gap at u=88213" in lines(content)[-1]


@pytest.mark.parametrize("width", range(28, 70))
@pytest.mark.parametrize("step", ["0.1", "500"])
def test_stale_stands_in_the_title_at_every_width(width: int, step: str) -> None:
    book = f.ladder(stale_reason="silent for 31 s", age_ms=31_000)
    scroll = Scroll()
    scroll.step = f.D(step)
    view = f.view(books=(book,))
    content = ladder.content(
        view,
        book,
        width=width,
        height=24,
        names=Names(view),
        scroll=scroll,
        glyphs=UNICODE,
        now=0.0,
        size=f.D("0.05"),
    )
    title = grid.lines(content, grid.GridCursor(), width=width, height=24, focused=False, number="4")[0]
    assert "STALE 31s" in "".join(text for text, _ in title)


def test_a_quiet_market_is_not_stale() -> None:
    content = ladder_content(f.view(books=(f.ladder(is_quiet=True, age_ms=8000),)), Scroll())
    assert content.note == (("quiet 8s", "muted"),)
    assert not content.is_stale


def test_a_tiny_size_never_looks_like_nothing() -> None:
    assert ladder.size_text(f.D("0.00004"), 5, 7).strip() == "0.00004"
    assert ladder.size_text(f.D("0.00004"), 5, 5).strip() == "<.001"


def title(width: int, **book: object) -> str:
    view = f.view(books=(f.ladder(**book),))
    content = ladder.content(
        view,
        view.books[0],
        width=width,
        height=24,
        names=Names(view),
        scroll=Scroll(),
        glyphs=UNICODE,
        now=0.0,
        size=f.D("0.05"),
    )
    return table.plain(
        grid.lines(content, GridCursor(), width=width, height=24, focused=False, number="4")[0]
    )


def test_the_title_has_grouping_size_and_the_spread_in_ticks_and_basis_points() -> None:
    assert title(44).rstrip() == " 4 BTC-USDT.BIN x0.1 sz 0.05 spr 10t 0.02bp"


@pytest.mark.parametrize("width", [32, 44])
def test_a_book_without_news_says_how_old_it_is_before_anybody_knows_why(width: int) -> None:
    assert title(width, age_ms=12_000).rstrip().endswith("age 12s")
    assert title(width, age_ms=12_000, is_quiet=True).rstrip().endswith("quiet 12s")
    assert "age" not in title(width, age_ms=1_900)
