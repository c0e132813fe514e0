"""Calls one strategy's callbacks and collects what each of them wants. The same in a host and inline."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Concatenate, Final, ParamSpec

import msgspec

from veloz_tui.domain.book import Level, OrderBook
from veloz_tui.domain.errors import StrategyError
from veloz_tui.domain.types import InstrumentId, Nanos
from veloz_tui.strategy.base import Context, Strategy
from veloz_tui.strategy.own_orders import apply_own
from veloz_tui.strategy.views import BookView, Levels, TradeView
from veloz_tui.strategy.wire import Book, Done, Own, Trade

P = ParamSpec("P")
CALLBACKS: Final = (
    "on_start", "on_book", "on_trade", "on_order", "on_fill", "on_timer", "on_params", "on_stop"
)  # fmt: skip
_PARAMS: Final = "params"


class CallbackFailed(StrategyError):
    """A callback raised; the text names file, line and callback. Its intents are gone."""


class Runner:
    """One strategy and its context. Every method returns one Done or raises CallbackFailed.

    `clock` returns seconds; it times the callbacks and decides nothing.
    """

    def __init__(self, strategy: Strategy, ctx: Context, *, clock: Callable[[], float]) -> None:
        self.ctx = ctx
        self.wants = tuple(name for name in CALLBACKS if _is_written(type(strategy), name))
        self._strategy = strategy
        self._clock = clock
        self._hears_orders = "on_order" in self.wants
        self._hears_fills = "on_fill" in self.wants

    def start(self, now: Nanos) -> Done:
        return self._call("on_start", now, self._strategy.on_start)

    def stop(self, now: Nanos) -> Done:
        return self._call("on_stop", now, self._strategy.on_stop)

    def timer(self, name: str, now: Nanos) -> Done:
        return self._call("on_timer", now, self._strategy.on_timer, name)

    def book(self, book: Book, now: Nanos) -> Done:
        instrument = self.ctx.instrument(book.instrument_id)
        view = BookView(instrument, bids=book.bids, asks=book.asks, at=book.at, now=now)
        return self._call("on_book", now, self._strategy.on_book, view)

    def live_book(self, instrument_id: InstrumentId, book: OrderBook, *, at: Nanos, now: Nanos) -> Done:
        """The engine's own book, both sides of it there: read where it stands, nothing is copied."""
        bid, ask = book.best_bid, book.best_ask
        assert bid is not None
        assert ask is not None
        view = BookView(
            self.ctx.instrument(instrument_id),
            bids=(bid,),
            asks=(ask,),
            at=at,
            now=now,
            deeper=_levels_of(book),
        )
        return self._call("on_book", now, self._strategy.on_book, view)

    @property
    def params(self) -> msgspec.Struct | None:
        """What the strategy keeps in `self.params`; None where that is nothing of the kind."""
        params = getattr(self._strategy, _PARAMS, None)
        return params if isinstance(params, msgspec.Struct) else None

    def set_params(self, params: msgspec.Struct, now: Nanos) -> Done:
        """Give it other parameters; only where `params` is one already."""

        def tell(ctx: Context) -> None:
            setattr(self._strategy, _PARAMS, params)
            self._strategy.on_params(ctx)

        return self._call("on_params", now, tell)

    def trade(self, message: Trade, now: Nanos) -> Done:
        trade = message.trade
        instrument = self.ctx.instrument(trade.instrument_id)
        view = TradeView(
            instrument_id=trade.instrument_id,
            price=instrument.price_from_level(trade.price),
            quantity=instrument.quantity_from_level(trade.quantity),
            aggressor=trade.aggressor,
            venue_at=trade.venue_at,
            missed=message.missed,
        )
        return self._call("on_trade", now, self._strategy.on_trade, view)

    def own(self, own: Own, now: Nanos) -> Done:
        """Tell of a fill first, then of the order it changed: one Done for both."""
        fill, order = apply_own(self.ctx, own)
        if not (self._hears_orders or (fill is not None and self._hears_fills)):
            self.ctx.now = max(self.ctx.now, now)
            return Done("on_order", (), 0.0, self.ctx.status)

        def tell(ctx: Context) -> None:
            if fill is not None:
                self._strategy.on_fill(ctx, fill)
            if order is not None:
                self._strategy.on_order(ctx, order)

        return self._call("on_order" if fill is None else "on_fill", now, tell)

    def _call(
        self,
        name: str,
        now: Nanos,
        call: Callable[Concatenate[Context, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Done:
        self.ctx.now = max(self.ctx.now, now)
        begun = self._clock()
        try:
            call(self.ctx, *args, **kwargs)
        except (Exception, SystemExit) as error:  # noqa: BLE001  the boundary of foreign code
            self.ctx.take()
            raise CallbackFailed(describe(error, where=name, source=source_of(self._strategy))) from None
        callback_us = (self._clock() - begun) * 1e6
        return Done(name, self.ctx.take(), callback_us, self.ctx.status)


def _levels_of(book: OrderBook) -> Levels:
    version = book.update_id

    def levels(depth: int) -> tuple[list[Level], list[Level]]:
        if book.update_id != version:
            raise ValueError("levels() of a book that has moved on: read them within on_book")
        return book.bid_levels(depth), book.ask_levels(depth)

    return levels


def describe(error: BaseException, *, where: str, source: str) -> str:
    """Say in one line what was raised and where in the strategy's own file: `mine.py:12 in on_book: …`."""
    place = _innermost(error.__traceback__, source)
    what = " ".join(str(error).split())[:300]
    kind = type(error).__name__
    text = f"{kind}: {what}" if what else kind
    return f"{place} in {where}: {text}" if place else f"{where}: {text}"


def source_of(strategy: Strategy) -> str:
    """Return the path of the file that defines the strategy's class."""
    for callback in CALLBACKS:
        function = vars(type(strategy)).get(callback)
        if function is not None and hasattr(function, "__code__"):
            return str(function.__code__.co_filename)
    return ""


def _is_written(kind: type[Strategy], name: str) -> bool:
    return getattr(kind, name) is not getattr(Strategy, name)


def _innermost(trace: TracebackType | None, source: str) -> str:
    # The deepest line in the strategy's own file; of other files only if it has none there.
    own = last = ""
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        last = f"{Path(filename).name}:{trace.tb_lineno}"
        if filename == source:
            own = last
        trace = trace.tb_next
    return own or last
