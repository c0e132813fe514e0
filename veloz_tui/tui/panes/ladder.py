"""The ladder: fixed rows, a row keeps its price. It recentres only when nobody is touching it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from veloz_tui.domain.types import ZERO, InstrumentId, Side
from veloz_tui.domain.views import InstrumentView, LadderView, LevelView, PositionView, View
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.glyphs import Glyphs
from veloz_tui.tui.grid import GridRow, PaneContent
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes.ladder_edges import edge_rows
from veloz_tui.tui.panes.orders import is_open, is_stop
from veloz_tui.tui.panes.scroll import Scroll
from veloz_tui.tui.table import Line, Span

_WIDE: Final = 40
_ROOMY: Final = 48
_FOOT_FROM: Final = 8
_TWO_EDGES_FROM: Final = 20
_OLD_S: Final = 2.0


class _Cell(NamedTuple):
    size: Decimal = ZERO
    mine: Decimal = ZERO
    orders: int = 0
    ahead: Decimal | None = None


class _Widths(NamedTuple):
    mine: int
    ahead: int
    size: int
    price: int
    right: int
    rest: int


def content(
    view: View,
    book: LadderView,
    *,
    width: int,
    height: int,
    names: Names,
    scroll: Scroll,
    glyphs: Glyphs,
    now: float,
    size: Decimal | None = None,
    armed: str = "",
) -> PaneContent:
    """The pane; `height` is all of it, title and header included.

    `size` is what tickets start with; `armed` what the title says while keys and clicks trade.
    """
    instrument = names.instrument(book.instrument_id)
    if instrument is None:
        return missing()
    rows = max(1, height - (2 if height >= 4 else 1))
    has_foot = rows >= _FOOT_FROM
    edges = 0 if not has_foot else 1 if rows < _TWO_EDGES_FROM else 2
    count = rows - has_foot - edges
    scroll.settle(book, instrument, height=count, now=now)
    top, bottom = scroll.price(0), scroll.price(count - 1)
    if top is None or bottom is None:
        return missing()
    lines = _rows(view, book, instrument, scroll=scroll, count=count, width=width, names=names, glyphs=glyphs)
    if edges:
        above, below = edge_rows(
            view,
            book.instrument_id,
            top=top,
            bottom=bottom,
            names=names,
            glyphs=glyphs,
            width=width,
            is_one=edges == 1,
        )
        lines = [*above, *lines, *below, GridRow("", _foot(view, book, names, width))]
    is_said = not armed and width >= _WIDE
    return PaneContent(
        title=armed_title(armed, names.display(book.instrument_id), width)
        or _title(book, instrument, scroll, names=names, width=width, size=size),
        note=(_condition(book),) if is_said else (),
        header=_header(_widths(width, len(names.price(book.instrument_id, top))), is_armed=bool(armed)),
        rows=tuple(lines),
        is_stale=bool(book.stale_reason),
        wants_header=True,
    )


def armed_title(armed: str, name: str, width: int) -> str:
    """The title while keys and clicks trade: what they send first, then the name if it fits."""
    whole = f"{armed} {name}"
    return whole if armed and len(whole) + 5 <= width else armed


def missing() -> PaneContent:
    """No book to show."""
    return PaneContent(
        title=texts.names.TITLES["ladder"],
        rows=(GridRow("", ((f" {texts.names.EMPTY['ladder']}", "muted"),)),),
    )


def price_key(price: Decimal) -> str:
    """The key of the row of a price."""
    return f"{price.normalize():f}"


def _rows(
    view: View,
    book: LadderView,
    instrument: InstrumentView,
    *,
    scroll: Scroll,
    count: int,
    width: int,
    names: Names,
    glyphs: Glyphs,
) -> list[GridRow]:
    bids, asks = (
        _with_deeper(_grouped(levels, side, scroll, count), _deeper(view, book, levels, side), side, scroll)
        for levels, side in ((book.bids, Side.BUY), (book.asks, Side.SELL))
    )
    marks = _marks(view, book, scroll, glyphs)
    prices = [scroll.price(row) or ZERO for row in range(count)]
    texts_of_prices = [names.price(book.instrument_id, price) for price in prices]
    fitted = _widths(width, max(len(text) for text in texts_of_prices))
    largest = max(
        (cell.size for row, cell in [*bids.items(), *asks.items()] if 0 <= row < count), default=ZERO
    )
    decimals = fmt.decimals_of(instrument.lot_size)
    return [
        GridRow(
            price_key(prices[row]),
            _line(
                text.rjust(fitted.price),
                bids.get(row, _Cell()),
                asks.get(row, _Cell()),
                mark=marks.get(row, (" ", "base")),
                fitted=fitted,
                largest=largest,
                decimals=decimals,
            ),
        )
        for row, text in enumerate(texts_of_prices)
    ]


def _grouped(levels: Iterable[LevelView], side: Side, scroll: Scroll, count: int) -> dict[int, _Cell]:
    cells: dict[int, _Cell] = {}
    for level in levels:
        row = scroll.row(level.price, side=side)
        if row is None or (row >= count if side is Side.BUY else row < 0):
            break  # best first: the others are farther away
        old = cells.get(row, _Cell())
        ahead = old.ahead if old.ahead is not None else level.ahead
        cells[row] = _Cell(old.size + level.size, old.mine + level.mine, old.orders + level.mine_count, ahead)
    return cells


def _deeper(
    view: View, book: LadderView, levels: Iterable[LevelView], side: Side
) -> list[tuple[Decimal, Decimal]]:
    """Prices and leaves of our orders at no level of the view: below its depth, or not in the book yet."""
    counted = {level.price for level in levels if level.mine}
    return [
        (order.price, order.leaves)
        for order in view.orders
        if order.instrument_id == book.instrument_id
        and order.side is side
        and order.price is not None
        and order.price not in counted
        and is_open(order)
        and not is_stop(order)
    ]


def _with_deeper(
    cells: dict[int, _Cell], own: Iterable[tuple[Decimal, Decimal]], side: Side, scroll: Scroll
) -> dict[int, _Cell]:
    for price, leaves in own:
        row = scroll.row(price, side=side)
        if row is not None:
            old = cells.get(row, _Cell())
            cells[row] = old._replace(mine=old.mine + leaves, orders=old.orders + 1)
    return cells


def _line(
    price: str, bid: _Cell, ask: _Cell, *, mark: Span, fitted: _Widths, largest: Decimal, decimals: int
) -> Line:
    size = fitted.size
    spans: list[Span] = []
    own = bid if bid.mine or fitted.right else ask
    if fitted.mine:
        side = "" if fitted.right else "b" if bid.mine else "s"
        spans.append((_mine(own, fitted.mine, side), "mine"))
    if fitted.ahead:
        queued = bid if bid.mine else ask
        ahead = f"~{fmt.short_quantity(queued.ahead, 1, fitted.ahead - 2)}" if queued.mine else ""
        spans.append((ahead.rjust(fitted.ahead), "muted"))
    spans += _bar(bid.size, largest, size, decimals, tone="bid", anchored_right=True)
    spans += [(" ", "base"), (price, "base"), mark]
    if fitted.rest:
        spans.append((" " * fitted.rest, "base"))
    spans += _bar(ask.size, largest, size, decimals, tone="ask", anchored_right=False)
    if fitted.right:
        spans.append((" " + _mine(ask, fitted.right - 1, "").strip().ljust(fitted.right - 1), "mine"))
    return tuple((text, tone) for text, tone in spans if text)


def _bar(
    size: Decimal, largest: Decimal, width: int, decimals: int, *, tone: str, anchored_right: bool
) -> list[Span]:
    if not size:
        return [(" " * width, "base")]
    text = size_text(size, decimals, width).rjust(width)
    filled = 0 if not largest else max(1, min(width, round(size / largest * width)))
    if anchored_right:
        return [(text[: width - filled], "base"), (text[width - filled :], f"base/{tone}")]
    return [(text[:filled], f"base/{tone}"), (text[filled:], "base")]


def size_text(size: Decimal, decimals: int, width: int) -> str:
    """A public size: four decimals at most unless that would show a small size as nothing."""
    shown = min(decimals, 4)
    if size < Decimal("0.001"):
        exact = fmt.quantity(size, decimals)
        return exact if len(exact) <= width else "<.001".rjust(width)
    return fmt.short_quantity(size, shown, width)


def _mine(cell: _Cell, width: int, side: str) -> str:
    if not cell.mine:
        return " " * width
    exact = fmt.number(cell.mine.normalize())
    for text in (
        f"{exact}{side} x{cell.orders}" if cell.orders > 1 else f"{exact}{side}",
        f"{exact}{side}",
        exact,
    ):
        if len(text) <= width:
            return text.rjust(width)
    return "#" * width


def _widths(width: int, price: int) -> _Widths:
    price = max(price, len("price"))  # the title's
    mine, ahead, right = (5 if width < _ROOMY else 8, 6, 8) if width >= _WIDE else (6, 0, 0)
    room = width - mine - ahead - right - price - 2
    if room < 12:  # a very long price: own sizes give way to the market's
        mine, room = 0, room + mine
    size = min(10, max(3, room // 2))
    return _Widths(mine, ahead, size, price, right, max(0, min(1, room - 2 * size)))


def cell_at(column: int, width: int, price: int) -> str:
    """What stands in a column: `mine`, `mine bid`, `mine ask`, `bid`, `ask`, or nothing one could mean."""
    fitted = _widths(width, price)
    mine = "mine bid" if fitted.right else "mine"
    ends = (
        (fitted.mine, mine),
        (fitted.ahead, mine),
        (fitted.size, "bid"),
        (2 + fitted.price + fitted.rest, ""),
        (fitted.size, "ask"),
        (fitted.right, "mine ask"),
    )
    end = 0
    for cells, name in ends:
        end += cells
        if column < end:
            return name
    return ""


def _header(fitted: _Widths, *, is_armed: bool) -> Line:
    parts = [
        "mine".rjust(fitted.mine) if fitted.mine else "",
        "ahead".rjust(fitted.ahead) if fitted.ahead else "",
        "bid".rjust(fitted.size),
        " " + "price".rjust(fitted.price) + " " + " " * fitted.rest,
        "ask".rjust(fitted.size),
        " mine".ljust(fitted.right) if fitted.right else "",
    ]
    return (("".join(parts), "header/warn" if is_armed else "header"),)


def _marks(view: View, book: LadderView, scroll: Scroll, glyphs: Glyphs) -> dict[int, Span]:
    """Last trade, break-even, entry and stops beside their prices; the weightier one wins."""
    marks: dict[int, Span] = {}

    def put(price: Decimal | None, side: Side, span: Span) -> None:
        row = None if price is None else scroll.row(price, side=side)
        if row is not None:
            marks[row] = span

    rose = book.last_side is Side.BUY
    put(book.last_price, Side.BUY, (glyphs.up, "up") if rose else (glyphs.down, "down"))
    position = position_in(view, book.instrument_id)
    if position is not None:
        put(position.break_even, Side.BUY, ("=", "warn"))
        put(position.entry, Side.BUY, ("E", "mine"))
    for order in view.orders:
        if order.instrument_id == book.instrument_id and order.stop_price is not None and is_open(order):
            put(order.stop_price, order.side, ("!", "warn"))
    return marks


def position_in(view: View, instrument_id: InstrumentId) -> PositionView | None:
    """The position held in an instrument, None when flat."""
    found = (each for each in view.positions if each.instrument_id == instrument_id and each.quantity)
    return next(found, None)


def _title(
    book: LadderView,
    instrument: InstrumentView,
    scroll: Scroll,
    *,
    names: Names,
    width: int,
    size: Decimal | None,
) -> str:
    name = names.display(book.instrument_id)
    step = "" if scroll.step is None else f"x{fmt.number(scroll.step.normalize())}"
    condition = _condition(book)[0]
    if book.stale_reason and width < _WIDE:
        return f"{name} {condition}"
    if not book.bids or not book.asks:
        return f"{name}  {step}"
    spread = book.asks[0].price - book.bids[0].price
    ticks = f"spr {fmt.number((spread / instrument.tick_size).quantize(Decimal(1)))}t"
    preset = "" if size is None else f"sz {fmt.compact(size)}"
    if width < _WIDE and condition:
        return _first_to_fit(width - 5, f"{name} {step} {condition}", f"{name} {condition}")
    if width < _WIDE:
        return _first_to_fit(width - 5, f"{name} {step} {preset} {ticks}", f"{name} {step} {ticks}")
    bps = fmt.basis_points(spread / book.bids[0].price * Decimal(10_000))
    whole = f"{name}  {step} {preset} {ticks} {bps}bp"
    room = width - 4 - (len(condition) + 2 if condition else 0)
    return _first_to_fit(
        room, whole, f"{name}  {step} {preset} {ticks}", f"{name}  {step} {ticks}", f"{name}  {step}", name
    )


def _first_to_fit(width: int, *texts_: str) -> str:
    plain = [" ".join(text.split()) for text in texts_]
    return next((text for text in plain if len(text) <= width), plain[-1])


def _condition(book: LadderView) -> Span:
    age_s = None if book.age_ms is None else book.age_ms / 1000
    if book.stale_reason:
        return f"STALE {fmt.age(age_s)}", "warn"
    if book.is_quiet:
        return f"quiet {fmt.age(age_s)}", "muted"
    if age_s is not None and age_s >= _OLD_S:
        return f"age {fmt.age(age_s)}", "warn"  # nothing says yet whether the market or the line is silent
    return "", "base"


def _foot(view: View, book: LadderView, names: Names, width: int) -> Line:
    if book.stale_reason:
        return ((f" {fmt.fit_text(fmt.clean(book.stale_reason), max(1, width - 1))}", "warn"),)
    position = position_in(view, book.instrument_id)
    if position is None:
        return ((" flat", "muted"),)
    sign = "+" if position.quantity > ZERO else "-"
    held = f" {sign}{fmt.number(abs(position.quantity).normalize())}"
    even = names.price(book.instrument_id, position.break_even)
    tone = "base" if not position.unrealized else "up" if position.unrealized > ZERO else "down"
    parts: list[Span] = [
        (held, "base"),
        (f" unrl {fmt.signed(position.unrealized)}", tone),
        (f" b/e {even}", "base"),
        (f" @{names.price(book.instrument_id, position.entry)}", "base"),
    ]
    return _fitting(parts, width)


def _fitting(parts: list[Span], width: int) -> Line:
    # Whole parts only: a clipped number is a wrong number.
    kept = list(parts)
    while len(kept) > 1 and sum(len(text) for text, _ in kept) > width:
        kept.pop()
    return tuple(kept)
