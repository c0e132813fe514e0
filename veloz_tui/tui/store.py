"""What the console knows: the last View, the log, the link, and commands without an answer."""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec

from veloz_tui.control.client import Link, LinkState
from veloz_tui.domain.commands import AnyCommand
from veloz_tui.domain.performance import PerformanceView
from veloz_tui.domain.types import ClientOrderId, CommandId, InstrumentId, OrderStatus
from veloz_tui.domain.views import Ack, LadderView, LogEntry, OrderView, View
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.names import Names

UNCONFIRMED_S: Final = 0.250
LOST_S: Final = 2.0
FORGET_S: Final = 30.0
_LOG: Final = 1000
_FILLS: Final = 500
_ENDED: Final = 500

OnAck = Callable[[Ack], None]


class Pending(msgspec.Struct):
    """A command on its way; `what` is how the message line names it."""

    what: str
    sent_at: float
    on_ack: OnAck | None = None


class Store:
    """State behind the screen. Times are the caller's monotonic seconds."""

    def __init__(self) -> None:
        self.view: View | None = None
        self.names: Names | None = None
        self.performance: PerformanceView | None = None
        """What the engine said when the screen of it last asked."""
        self.link = Link(LinkState.CONNECTING)
        self.log: deque[LogEntry] = deque(maxlen=_LOG)
        self.fills: deque[LogEntry] = deque(maxlen=_FILLS)
        """Apart from the log, which strategies fill with their quotes within a minute."""
        self.news_from: int | None = None
        """Entries up to this number happened before this console came."""
        self.pending: dict[CommandId, Pending] = {}
        self._heard_at: float | None = None
        self._ended: dict[ClientOrderId, str] = {}

    # -- from the engine --------------------------------------------------------------------------------

    def show(self, view: View, now: float) -> None:
        """Take a new View; the latest wins."""
        self._heard_at = now
        if self.view is not None:
            self._remember_ended(self.view, view)
        self.view = view
        self.names = Names(view)

    def append(self, entries: tuple[LogEntry, ...], now: float) -> list[LogEntry]:
        """Take log entries; returns those not seen before."""
        self._heard_at = now
        last = self.log[-1].seq if self.log else -1
        new = [entry for entry in entries if entry.seq > last]
        self.log.extend(new)
        self.fills.extend(entry for entry in new if entry.kind == "fill")
        return new

    def answered(self, ack: Ack, now: float) -> Ack | None:
        """Take an answer; returns it if it deserves a line on the screen."""
        self._heard_at = now
        pending = self.pending.pop(ack.command_id, None)
        if pending is not None and pending.on_ack is not None:
            pending.on_ack(ack)
            return None
        return ack if pending is not None else None

    def linked(self, link: Link, now: float) -> None:
        """The link changed: up, down, refused, or control went to somebody else."""
        self.link = link
        if link.state is LinkState.UP:
            self._heard_at = now
            if self.news_from is None:
                self.news_from = -1 if link.welcome is None else link.welcome.log_seq

    def is_history(self, entry: LogEntry) -> bool:
        """True for what happened before this console came: it is listed, not announced."""
        return self.news_from is not None and entry.seq <= self.news_from

    @property
    def has_control(self) -> bool:
        """True if this console may change things."""
        return self.link.has_control

    @property
    def is_observer(self) -> bool:
        """True if another console has control; without a link nobody knows."""
        return self.view is not None and self.link.state is LinkState.UP and not self.link.has_control

    def link_lost_s(self, now: float) -> float | None:
        """Seconds without a word from the engine, None while it talks."""
        if self._heard_at is None:
            return None
        silent = now - self._heard_at
        return silent if silent > LOST_S or self.link.state is not LinkState.UP else None

    # -- commands ---------------------------------------------------------------------------------------

    def sent(self, command: AnyCommand, what: str, now: float, on_ack: OnAck | None = None) -> None:
        """Remember a command until it is answered."""
        self.pending[command.command_id] = Pending(what, now, on_ack)

    def unconfirmed(self, now: float) -> str | None:
        """What was sent over 250 ms ago and has no answer yet."""
        for command_id, pending in list(self.pending.items()):
            waited = now - pending.sent_at
            if waited > FORGET_S:
                del self.pending[command_id]
            elif waited > UNCONFIRMED_S and pending.what:
                return pending.what
        return None

    # -- look-ups ---------------------------------------------------------------------------------------

    def order(self, client_order_id: str) -> OrderView | None:
        """An order of the View."""
        orders = () if self.view is None else self.view.orders
        return next((order for order in orders if order.client_order_id == client_order_id), None)

    def book(self, instrument_id: InstrumentId | None) -> LadderView | None:
        """The book of an instrument, if the engine sends it."""
        books = () if self.view is None else self.view.books
        return next((book for book in books if book.instrument_id == instrument_id), None)

    def how_ended(self, client_order_id: str) -> str:
        """`7F3K is gone: FILLED 0.0500`"""
        return self._ended.get(ClientOrderId(client_order_id), "")

    def _remember_ended(self, old: View, new: View) -> None:
        alive = {order.client_order_id: order for order in new.orders}
        for order in old.orders:
            now = alive.get(order.client_order_id)
            if now is None or now.status in _ENDS:
                self._ended[order.client_order_id] = texts.orders.gone(
                    fmt.clean(order.short_id), self._end_text(now or order)
                )
        while len(self._ended) > _ENDED:
            del self._ended[next(iter(self._ended))]

    def _end_text(self, order: OrderView) -> str:
        if order.status in _ENDS:
            filled = f" {fmt.number(order.filled)}" if order.filled else ""
            return f"{order.status.value}{filled}"
        entries = (entry for entry in reversed(self.log) if entry.client_order_id == order.client_order_id)
        entry = next(entries, None)
        return "" if entry is None else fmt.clean(entry.text)


_ENDS: Final = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.REJECTED,
        OrderStatus.DENIED,
        OrderStatus.NOT_SENT,
        OrderStatus.NEVER_ARRIVED,
    }
)
