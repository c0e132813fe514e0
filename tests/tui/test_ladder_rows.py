"""How coarse the ladder's rows are: the book decides, unless the operator did."""

from decimal import Decimal

import pytest

from tests.tui import factories as f
from veloz_tui.domain.types import OrderStatus, Side
from veloz_tui.domain.views import LevelView, View
from veloz_tui.tui.glyphs import UNICODE
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import ladder
from veloz_tui.tui.panes.scroll import Scroll


def sparse(first: str, sign: int) -> tuple[LevelView, ...]:
    """60 levels with gaps of 1 to 90 ticks between them, as in a thin market."""
    price, found = f.D(first), []
    for at in range(60):
        found.append(LevelView(price, f.D("0.5"), f.D(0)))
        price += sign * f.D(1 + at * 37 % 90) / 100
    return tuple(found)


def filled_rows(height: int, scroll: Scroll) -> Decimal:
    """The share of the rows that show a size."""
    book = f.ladder(bids=sparse("64123.60", -1), asks=sparse("64123.70", 1))
    view = f.view(books=(book,))
    content = ladder.content(
        view, book, width=44, height=height, names=Names(view), scroll=scroll, glyphs=UNICODE, now=0.0
    )
    rows = range(sum(1 for row in content.rows if row.key))
    filled = {scroll.row(level.price, side=Side.BUY) for level in book.bids}
    filled |= {scroll.row(level.price, side=Side.SELL) for level in book.asks}
    return Decimal(sum(1 for row in rows if row in filled)) / len(rows)


@pytest.mark.parametrize("height", [10, 20, 40])
def test_the_rows_suit_the_books_own_spacing_so_that_it_looks_filled(height: int) -> None:
    assert filled_rows(height, Scroll()) >= Decimal("0.8")


def test_a_taller_ladder_regroups_by_itself_a_ticket_over_it_does_not() -> None:
    scroll = Scroll()
    filled_rows(20, scroll)
    step = scroll.step
    filled_rows(16, scroll)
    assert scroll.step == step
    filled_rows(50, scroll)
    tall = Scroll()
    filled_rows(50, tall)
    assert scroll.step == tall.step


def test_a_grouping_the_operator_chose_stays_at_every_size_and_after_recentring() -> None:
    scroll = Scroll()
    filled_rows(20, scroll)
    scroll.regroup(2, f.D("0.01"))
    chosen = scroll.step
    scroll.recentre()
    filled_rows(50, scroll)
    assert scroll.step == chosen


def dense(first: str, sign: int) -> tuple[LevelView, ...]:
    """100 levels, one on each tick."""
    return tuple(LevelView(f.D(first) + sign * f.D(at) / 100, f.D(1), f.D(0)) for at in range(100))


def shown(scroll: Scroll, view: View, now: float) -> None:
    ladder.content(
        view, view.books[0], width=44, height=20, names=Names(view), scroll=scroll, glyphs=UNICODE, now=now
    )


@pytest.mark.parametrize(("touched_at", "changes"), [(0.0, True), (99.0, False)])
def test_rows_that_recentre_by_themselves_become_those_the_book_fills_unless_somebody_works_there(
    touched_at: float, changes: bool
) -> None:
    scroll = Scroll()
    scroll.touch(touched_at)
    tight = f.view(books=(f.ladder(bids=dense("64123.60", -1), asks=dense("64123.70", 1)),))
    wide = f.view(books=(f.ladder(bids=sparse("64223.60", -1), asks=sparse("64223.70", 1)),))
    shown(scroll, tight, now=100.0)
    first = scroll.step
    shown(scroll, wide, now=101.0)
    assert (scroll.step != first) is changes


def test_an_order_of_ours_below_the_depth_of_the_book_still_stands_in_its_row() -> None:
    deep = f.order(3, price=f.D("64001.00"))
    gone = f.order(4, price=f.D("64002.00"), status=OrderStatus.CANCELED)
    book = f.ladder()
    view = f.view(books=(book,), orders=(deep, gone, f.order(5)))
    scroll = Scroll()
    shown(scroll, view, now=0.0)
    while scroll.step != f.D(10):
        scroll.regroup(1, f.D("0.01"))
    content = ladder.content(
        view, book, width=44, height=30, names=Names(view), scroll=scroll, glyphs=UNICODE, now=0.0
    )
    rows = {row.key: "".join(text for text, _ in row.line) for row in content.rows if row.key}
    assert rows["64000"].split() == ["0.05", "~-", "64,000.00"]
    assert "0.05 " in rows["64120"], "the one in the book is counted once"
