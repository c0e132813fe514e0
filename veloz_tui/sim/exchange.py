"""The venue's engine: accounts place, cancel and amend orders; the market moves; both meet in one book each.

Each public method is one step: it validates, matches, books, stores in one transaction, then tells listeners.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from veloz_tui.sim import binance_errors as errors
from veloz_tui.sim import filters
from veloz_tui.sim.accounts import Account, AccountProfile
from veloz_tui.sim.booking import Booking, Emit, locked_asset
from veloz_tui.sim.clock import VenueClock
from veloz_tui.sim.ids import IdSource
from veloz_tui.sim.instruments import EXCHANGE_MAX_ORDERS, Instrument
from veloz_tui.sim.levels import BookOrder
from veloz_tui.sim.match_messages import Match as MatchedTrade
from veloz_tui.sim.match_messages import MatchEvent, NewOrder, Side
from veloz_tui.sim.matching import LevelChanges, WouldMatch, WouldTrigger
from veloz_tui.sim.numbers import ZERO, floor_to
from veloz_tui.sim.order_table import OrderTable
from veloz_tui.sim.orders import Order, Trade
from veloz_tui.sim.placement import Placement
from veloz_tui.sim.ratelimit import OrderLimiter
from veloz_tui.sim.settings import LimitSettings
from veloz_tui.sim.store import Store
from veloz_tui.sim.tape import AggregatedTrade, PublicTrade, Tape


class MatchingBook(Protocol):
    """What the exchange needs of a book; the generated and the replayed market each have one."""

    orders: dict[int, BookOrder]
    stops: dict[int, NewOrder]
    last_price: Decimal | None
    update_id: int

    def submit(self, order: NewOrder) -> list[MatchEvent]: ...
    def cancel(self, order_id: int) -> bool: ...
    def reduce(self, order_id: int, leaves: Decimal) -> None: ...
    def force_fill(self, order_id: int, quantity: Decimal, *, taker_id: int) -> list[MatchEvent]: ...
    def best(self, side: Side) -> tuple[Decimal, Decimal] | None: ...
    def depth(self, side: Side, limit: int) -> list[tuple[Decimal, Decimal]]: ...
    def cost_of(self, order: NewOrder) -> Decimal: ...
    def take_changes(self) -> LevelChanges: ...
    def has_changes(self) -> bool: ...


class MarketListener(Protocol):
    """Told after each step that touched a book."""

    def on_step(self, symbol: str, trades: list[PublicTrade], aggregated: list[AggregatedTrade]) -> None: ...


class Listing:
    """One instrument with its book and its tape."""

    __slots__ = ("book", "instrument", "tape")

    def __init__(self, instrument: Instrument, book: MatchingBook) -> None:
        self.instrument = instrument
        self.book = book
        self.tape = Tape()


class Exchange:
    """`emit(uid, event)` receives user data events; `listener` learns of market changes."""

    def __init__(
        self,
        *,
        store: Store,
        clock: VenueClock,
        limits: LimitSettings,
        emit: Emit,
        listener: MarketListener,
    ) -> None:
        self.clock = clock
        self.limits = limits
        self.store = store
        self.ids = IdSource(store.counters(), store.reserve)
        self.table = OrderTable()
        self.listings: dict[str, Listing] = {}
        self.booking = Booking(
            ids=self.ids, clock=clock, emit=emit, price_of=self.last_price, table=self.table
        )
        self._emit = emit
        self._listener = listener

    # Set-up

    def list_instrument(self, instrument: Instrument, book: MatchingBook) -> Listing:
        listing = self.listings[instrument.symbol] = Listing(instrument, book)
        return listing

    def restore(self) -> None:
        """Bring back accounts, history and open orders; the orders rest in their books again."""
        for account in self.store.accounts():
            self._add_account(account)
        for trade in self.store.trades():
            self.table.add_fill(trade)
        for order in self.store.orders():
            self.table.add(order)
            if order.is_open and order.symbol in self.listings:
                self._rest_again(order)

    def account_named(self, name: str) -> Account | None:
        accounts = self.booking.accounts.values()
        return next((account for account in accounts if account.profile.name == name), None)

    def open_account(self, profile: AccountProfile, balances: dict[str, Decimal]) -> Account:
        account = Account(profile)
        self._add_account(account)
        self.store.save_profile(profile)
        for asset, amount in balances.items():
            account.credit(asset, amount)
        self._save()
        return account

    # Reading

    def listing(self, symbol: str) -> Listing:
        found = self.listings.get(symbol)
        if found is None:
            raise errors.unknown_symbol()
        return found

    def last_price(self, symbol: str) -> Decimal | None:
        listing = self.listings.get(symbol)
        if listing is None:
            return None
        if listing.book.last_price is not None:
            return listing.book.last_price
        return listing.tape.last_price()

    def find(
        self, account: Account, symbol: str, *, order_id: int | None, client_id: str | None
    ) -> Order | None:
        """By order id when given (then the client id must fit too), else by client id."""
        if order_id is None:
            return self.table.by_client_id(account.uid, symbol, client_id or "")
        order = self.table.get(symbol, order_id)
        return order if order is not None and order.uid == account.uid else None

    # Orders

    def check(self, account: Account, placement: Placement) -> Instrument:
        """Everything that can be refused before matching; used by order.test too."""
        listing = self.listing(placement.symbol)
        instrument = listing.instrument
        if not account.profile.can_trade:
            raise errors.rejected(errors.TRADING_DISABLED)
        if instrument.status != "TRADING":
            raise errors.rejected(errors.MARKET_CLOSED)
        reference = listing.tape.average_price(self.clock.ms()) or self.last_price(placement.symbol) or ZERO
        filters.check(instrument, placement, reference=reference)
        open_here = self.table.open_orders(account.uid, placement.symbol)
        stops = sum(1 for order in open_here if order.has_stop)
        filters.check_counts(instrument, orders=len(open_here), stops=stops, is_stop=placement.is_stop)
        if len(self.table.open_orders(account.uid)) >= EXCHANGE_MAX_ORDERS:
            raise errors.filter_failure("EXCHANGE_MAX_NUM_ORDERS")
        return instrument

    def place(self, account: Account, placement: Placement) -> tuple[Order, list[Trade]]:
        """Accept and match an order, or raise the refusal. Returns it with its immediate fills."""
        instrument = self.check(account, placement)
        limiter = self.booking.limiters[account.uid]
        limiter.check(self.clock.ms())
        client_id = placement.client_order_id
        if client_id and self.table.open_with_client_id(account.uid, placement.symbol, client_id):
            raise errors.rejected(errors.DUPLICATE_ORDER)
        order, wanted = self._new_order(account, placement, instrument)
        book = self.listings[placement.symbol].book
        self._check_funds(account, order, instrument)
        try:
            events = book.submit(wanted)
        except WouldMatch:
            raise errors.rejected(errors.WOULD_MATCH) from None
        except WouldTrigger:
            raise errors.rejected(errors.WOULD_TRIGGER) from None
        if not order.quantity:
            matches = (event for event in events if isinstance(event, MatchedTrade))
            order.quantity = sum((match.quantity for match in matches), ZERO)
        amount, order.locked = order.locked, ZERO
        self.booking.open(order, asset=locked_asset(order, instrument), amount=amount)
        limiter.add(order.created_at)
        self.booking.announce(order, instrument)
        if not events:
            # A market order that bought nothing and spent nothing: no lot was affordable.
            self.booking.close(order, instrument, "EXPIRED")
            self.booking.report(order, instrument, "EXPIRED")
        fills = self._book_step(placement.symbol, events)
        return order, [fill for fill in fills if fill.order_id == order.order_id]

    def cancel(self, order: Order, cancel_id: str | None) -> str:
        """End an open order; returns the cancel's own client id."""
        instrument = self.listings[order.symbol].instrument
        cancel_id = cancel_id or self._make_client_id()
        self.listings[order.symbol].book.cancel(order.order_id)
        self.booking.canceled(order, instrument, cancel_id)
        self._finish(order.symbol)
        return cancel_id

    def expire(self, order: Order, reason: str) -> None:
        """The venue itself ends an order."""
        instrument = self.listings[order.symbol].instrument
        self.listings[order.symbol].book.cancel(order.order_id)
        order.expiry_reason = reason
        self.booking.close(order, instrument, "EXPIRED")
        self.booking.report(order, instrument, "EXPIRED")
        self._finish(order.symbol)

    def amend(self, order: Order, quantity: Decimal, client_id: str | None) -> None:
        """Lower an order's quantity; it keeps its place."""
        instrument = self.listings[order.symbol].instrument
        if order.amends >= instrument.max_amends:
            raise errors.VenueError(-2038, "Order amend rejected: too many amends.")
        if quantity >= order.quantity or quantity <= order.filled or quantity % instrument.lot_size:
            raise errors.VenueError(-2038, "The requested action would change no state; rejecting.")
        leaves = quantity - order.filled - order.prevented
        book = self.listings[order.symbol].book
        if order.order_id not in book.orders:
            raise errors.VenueError(-2038, "The order isn't on the book.")
        book.reduce(order.order_id, leaves)
        self.booking.amended(
            order, instrument, quantity=quantity, client_id=client_id or self._make_client_id()
        )
        self._finish(order.symbol)

    def force_fill(self, order: Order, quantity: Decimal | None) -> None:
        """Trade an account's resting order at its price, for scripted scenarios."""
        book = self.listings[order.symbol].book
        taker_id = -self.ids.next("forced")
        self.apply_market(
            order.symbol, book.force_fill(order.order_id, quantity or order.leaves, taker_id=taker_id)
        )

    def deposit(self, account: Account, asset: str, amount: Decimal) -> None:
        """Change a balance from outside (negative: a withdrawal) and announce it."""
        if account.free(asset) + amount < ZERO:
            raise errors.insufficient_balance()
        account.credit(asset, amount)
        now = self.clock.ms()
        event = {"e": "balanceUpdate", "E": now, "a": asset, "d": f"{amount:.8f}", "T": now}
        self._emit(account.uid, event)
        self._emit(account.uid, self.booking.position_event(account.uid, [asset]))
        self._save()

    # The market

    def apply_market(self, symbol: str, events: list[MatchEvent]) -> None:
        """Book what the background participants did."""
        self._book_step(symbol, events)

    def _book_step(self, symbol: str, events: list[MatchEvent]) -> list[Trade]:
        listing = self.listings[symbol]
        public, fills = self.booking.apply(listing.instrument, events)
        aggregated = listing.tape.record(public) if public else []
        self._save()
        self._listener.on_step(symbol, public, aggregated)
        return fills

    def _finish(self, symbol: str) -> None:
        self._save()
        self._listener.on_step(symbol, [], [])

    def _save(self) -> None:
        batch = self.booking.take_batch()
        if not batch.is_empty:
            self.store.save(batch)

    # Building orders

    def _new_order(
        self, account: Account, placement: Placement, instrument: Instrument
    ) -> tuple[Order, NewOrder]:
        now = self.clock.ms()
        order = Order(
            symbol=placement.symbol,
            order_id=self.ids.next(f"order:{placement.symbol}", first=1001),
            uid=account.uid,
            client_order_id=placement.client_order_id or self._make_client_id(),
            side=placement.side,
            type=placement.type,
            time_in_force=placement.time_in_force,
            price=placement.price or ZERO,
            quantity=placement.quantity or ZERO,
            quote_quantity=placement.quote_quantity or ZERO,
            stop_price=placement.stop_price or ZERO,
            self_trade=placement.self_trade,
            strategy_id=placement.strategy_id,
            strategy_type=placement.strategy_type,
            created_at=now,
            updated_at=now,
            working_at=-1 if placement.is_stop else now,
        )
        order.locked = self._needed_funds(account, order, instrument)
        return order, book_order(order)

    def _needed_funds(self, account: Account, order: Order, instrument: Instrument) -> Decimal:
        if order.side == "SELL":
            if order.quantity:
                return order.quantity
            return floor_to(account.free(instrument.base), instrument.lot_size)
        if order.price:
            return order.price * order.quantity
        if order.stop_price:
            return order.stop_price * order.quantity
        return order.quote_quantity or self.listings[order.symbol].book.cost_of(book_order(order))

    def _check_funds(self, account: Account, order: Order, instrument: Instrument) -> None:
        if order.locked > account.free(locked_asset(order, instrument)):
            raise errors.insufficient_balance()
        if order.side == "SELL" and order.quote_quantity:
            price = self.last_price(order.symbol) or ZERO
            if order.locked * price < order.quote_quantity:
                raise errors.insufficient_balance()

    def _rest_again(self, order: Order) -> None:
        # What it matches on the way back is the market's doing while the venue was down.
        book = self.listings[order.symbol].book
        try:
            events = book.submit(book_order(order))
        except (WouldMatch, WouldTrigger):
            # The market passed it while the venue was down: it takes part as a plain order.
            events = book.submit(book_order(order, force=True))
        self._book_step(order.symbol, events)

    def _add_account(self, account: Account) -> None:
        self.booking.accounts[account.uid] = account
        self.booking.limiters[account.uid] = OrderLimiter(self.limits)

    def _make_client_id(self) -> str:
        return f"sim{self.ids.next('client')}"


def book_order(order: Order, *, force: bool = False) -> NewOrder:
    """The order as the book wants it; `force` drops the conditions that could refuse it."""
    waits = order.has_stop and order.working_at < 0 and not force
    # A market order bought on a stop may spend what was locked for it, and no more.
    capped = order.has_stop and order.side == "BUY" and not order.price
    budget = order.locked if capped else order.quote_quantity or None
    kind = order.type
    if not waits and (force or order.has_stop):
        kind = "LIMIT" if order.price else "MARKET"
    sells_all = order.type == "MARKET" and order.side == "SELL" and not order.quantity
    return NewOrder(
        order_id=order.order_id,
        side=order.side,
        type=kind,
        owner=order.uid,
        price=order.price or None,
        quantity=order.leaves if order.quantity else (order.locked or None) if sells_all else None,
        quote_quantity=budget or None,
        stop_price=order.stop_price if waits else None,
        time_in_force=order.time_in_force,
        self_trade=order.self_trade,
    )
