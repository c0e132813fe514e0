"""What the open orders add up to, kept up to date event by event: risk asks before every order.

Derived from State and never stored. With 200 open orders a sum over all of them took 2 ms an order; this is a
few microseconds, whatever their number.
"""

from decimal import Decimal
from typing import Final

import msgspec

from veloz_tui.domain import events as e
from veloz_tui.domain.order import Order
from veloz_tui.domain.types import ZERO, ClientOrderId, InstrumentId, OrderStatus, Side, StrategyId
from veloz_tui.engine.state import State

_UNSENT: Final = frozenset({OrderStatus.CREATED, OrderStatus.SUBMITTED})
_NO_ORDERS: Final[dict[ClientOrderId, None]] = {}


class Totals(msgspec.Struct):
    """Leaves of one instrument's open orders, in base units; `bid_value` in quote, of priced buys.

    An order that is being amended counts as the larger of the two.
    """

    buying: Decimal = ZERO
    selling: Decimal = ZERO
    reduce_buying: Decimal = ZERO
    """The reduce-only part of `buying`."""
    reduce_selling: Decimal = ZERO
    bid_value: Decimal = ZERO
    orders: int = 0


class _Counted(msgspec.Struct, frozen=True, gc=False):
    """What one order has been counted with."""

    instrument_id: InstrumentId
    side: Side
    leaves: Decimal
    value: Decimal
    is_reduce_only: bool


class WorkingOrders:
    """Totals an instrument, and the open orders of each strategy."""

    def __init__(self) -> None:
        self.totals: dict[InstrumentId, Totals] = {}
        """Of instruments with open orders."""
        self.unsent: dict[ClientOrderId, None] = {}
        """Open orders whose locks the venue's balances can't show yet."""
        self.ours = 0
        """Open orders that aren't EXTERNAL."""
        self._of_strategy: dict[StrategyId, dict[ClientOrderId, None]] = {}
        self._counted: dict[ClientOrderId, _Counted] = {}

    def begin(self, state: State) -> None:
        """Count what a restart found."""
        for client_order_id in state.open_orders:
            self._count(state.orders[client_order_id])

    def of_strategy(self, strategy_id: StrategyId) -> list[ClientOrderId]:
        """Open orders in the order of their creation."""
        return list(self._of_strategy.get(strategy_id, _NO_ORDERS))

    def of_instrument(self, instrument_id: InstrumentId) -> Totals:
        return self.totals.get(instrument_id) or Totals()

    def note(self, state: State, event: e.AnyEvent) -> None:
        """Follow an event that has just been applied."""
        client_order_id = getattr(event, "client_order_id", None)
        if client_order_id is None:
            return
        self._recount(state.orders.get(client_order_id))
        if type(event) is e.OrderFilled and event.moved_from is not None:
            self._recount(state.orders.get(event.moved_from))

    def _recount(self, order: Order | None) -> None:
        if order is None:
            return
        is_counted = order.client_order_id in self._counted
        if is_counted and not order.is_open:
            self._forget(order)
        elif is_counted:
            self._update(order)
        elif order.is_open:
            self._count(order)

    def _count(self, order: Order) -> None:
        self._of_strategy.setdefault(order.strategy_id, {})[order.client_order_id] = None
        self.ours += not order.is_external
        self.totals.setdefault(order.instrument_id, Totals()).orders += 1
        self._update(order)

    def _forget(self, order: Order) -> None:
        client_order_id, instrument_id = order.client_order_id, order.instrument_id
        totals = self.totals[instrument_id]
        _add(totals, self._counted.pop(client_order_id), sign=-1)
        totals.orders -= 1
        if not totals.orders:
            del self.totals[instrument_id]
        self.unsent.pop(client_order_id, None)
        self.ours -= not order.is_external
        mates = self._of_strategy[order.strategy_id]
        del mates[client_order_id]
        if not mates:
            del self._of_strategy[order.strategy_id]

    def _update(self, order: Order) -> None:
        if order.status in _UNSENT:
            self.unsent[order.client_order_id] = None
        else:
            self.unsent.pop(order.client_order_id, None)
        known = self._counted.get(order.client_order_id)
        leaves = order.exposed
        request = order.request
        value = order.exposed_value if request.side is Side.BUY else ZERO
        if known is not None and known.leaves == leaves and known.value == value:
            return
        counted = _Counted(request.instrument_id, request.side, leaves, value, request.reduce_only)
        totals = self.totals[request.instrument_id]
        if known is not None:
            _add(totals, known, sign=-1)
        _add(totals, counted, sign=1)
        self._counted[order.client_order_id] = counted


def _add(totals: Totals, order: _Counted, *, sign: int) -> None:
    leaves = order.leaves * sign
    if order.side is Side.BUY:
        totals.buying += leaves
        totals.bid_value += order.value * sign
        if order.is_reduce_only:
            totals.reduce_buying += leaves
    else:
        totals.selling += leaves
        if order.is_reduce_only:
            totals.reduce_selling += leaves
