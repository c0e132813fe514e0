"""From wanted quotes to cancels and new orders, and at which pace.

Latest wins; nothing moves inside the tolerance. A moved quote is canceled first, and its successor follows
when the cancel is confirmed (the next call with the then working orders), unless risk covers both at once.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from veloz_tui.domain.instrument import Instrument
from veloz_tui.domain.intents import QuoteIntent
from veloz_tui.domain.order import Order, OrderRequest
from veloz_tui.domain.types import ZERO, ClientOrderId, Side, StrategyId

Touch = tuple[Decimal, Decimal]
"""The best public bid and ask."""

# A tenth of the half spread, as a part of the whole one.
_DEFAULT_TOLERANCE = Decimal("0.05")
# A wanted size that is up to a tenth larger is no reason to lose the place in the queue.
_GROWTH = Decimal("1.1")


class Covered(msgspec.Struct, frozen=True):
    """What the wallet has for quotes at work and new: base to sell, quote to pay. None: any amount."""

    base: Decimal | None = None
    quote: Decimal | None = None


class QuotePlan(msgspec.Struct, frozen=True):
    """What to do now. The cancels go first."""

    cancels: tuple[ClientOrderId, ...] = ()
    places: tuple[OrderRequest, ...] = ()


def diff_quotes(
    intent: QuoteIntent,
    working: Sequence[Order],
    instrument: Instrument,
    *,
    touch: Touch | None,
    may_overlap: bool,
    strategy_id: StrategyId,
    covered: Covered = Covered(),  # noqa: B008 - frozen
) -> QuotePlan:
    """Return what brings the strategy's `working` quotes to the wanted ones.

    At most one quote a side stays, others are canceled. Orders in doubt or being canceled block their side.
    Without a touch nothing new is placed: it could cross. A side is quoted for less than the wanted size
    where the wallet covers less, and not at all where that is below the venue's least order.
    """
    quotes = [order for order in working if order.is_open and order.instrument_id == instrument.id]
    bids = _Leg(Side.BUY, intent, quotes, instrument=instrument, touch=touch, covered=covered)
    asks = _Leg(Side.SELL, intent, quotes, instrument=instrument, touch=touch, covered=covered)
    cancels = (*bids.cancels(), *asks.cancels())
    places = [
        leg.request(strategy_id)
        for leg in (bids, asks)
        if leg.may_place(may_overlap=may_overlap) and not leg.meets(quotes)
    ]
    return QuotePlan(cancels, tuple(places))


class _Leg:
    """One side of the wanted quotes."""

    __slots__ = ("_instrument", "_keeps", "_own", "_size", "_tolerance", "_touch", "_wanted", "side")

    def __init__(
        self,
        side: Side,
        intent: QuoteIntent,
        quotes: Sequence[Order],
        *,
        instrument: Instrument,
        touch: Touch | None,
        covered: Covered,
    ) -> None:
        self.side = side
        self._instrument = instrument
        self._touch = touch
        self._own = [order for order in quotes if order.side is side]
        wanted = intent.bid if side is Side.BUY else intent.ask
        self._size = instrument.round_quantity(_coverable(intent.size, wanted, side=side, covered=covered))
        self._tolerance = _tolerance(intent, instrument)
        self._wanted = self._quotable(wanted)
        self._keeps = self._best_to_keep()

    def cancels(self) -> list[ClientOrderId]:
        """Every order of the side but the one that stays; each is asked for once."""
        return [
            order.client_order_id
            for order in self._own
            if order is not self._keeps and order.cancel_requested_at is None
        ]

    def may_place(self, *, may_overlap: bool) -> bool:
        if self._wanted is None or self._touch is None or self._keeps is not None:
            return False
        if not may_overlap:
            return not self._own
        return not any(order.is_in_doubt or order.cancel_requested_at is not None for order in self._own)

    def meets(self, quotes: Sequence[Order]) -> bool:
        """Say whether the new order would trade with an own one: it waits until that one is gone."""
        price = self._price
        return any(
            order.side is not self.side
            and order.request.price is not None
            and (price >= order.request.price if self.side is Side.BUY else price <= order.request.price)
            for order in quotes
        )

    def request(self, strategy_id: StrategyId) -> OrderRequest:
        return OrderRequest(
            instrument_id=self._instrument.id,
            side=self.side,
            quantity=self._size,
            price=self._price,
            post_only=True,
            strategy_id=strategy_id,
        )

    @property
    def _price(self) -> Decimal:
        assert self._wanted is not None
        return self._instrument.round_price(self._wanted, side=self.side)

    def _quotable(self, price: Decimal | None) -> Decimal | None:
        # The wanted price before rounding, moved off the other side's best; None where no order may stand.
        if price is None:
            return None
        instrument = self._instrument
        if self._touch is not None:
            bid, ask = self._touch
            one_off = ask - instrument.tick_size if self.side is Side.BUY else bid + instrument.tick_size
            price = min(price, one_off) if self.side is Side.BUY else max(price, one_off)
        rounded = instrument.round_price(price, side=self.side)
        is_allowed = rounded > 0 and rounded >= instrument.min_price
        is_allowed &= instrument.max_price is None or rounded <= instrument.max_price
        is_allowed &= self._size > 0 and self._size >= instrument.min_quantity
        is_allowed &= self._size * rounded >= instrument.min_notional
        return price if is_allowed else None

    def _best_to_keep(self) -> Order | None:
        wanted = self._wanted
        if wanted is None:
            return None
        near = [
            order
            for order in self._own
            if order.cancel_requested_at is None and self._is_near(order, wanted) and self._has_size(order)
        ]
        # The oldest of the nearest: it is first in the queue. One in doubt only if there is no other.
        return min(
            near,
            key=lambda order: (order.is_in_doubt, abs((order.request.price or ZERO) - wanted)),
            default=None,
        )

    def _is_near(self, order: Order, wanted: Decimal) -> bool:
        price = order.request.price
        if price is None:
            return False
        # A price p stands for all wanted prices that round to it; the tolerance widens that at both ends.
        if self.side is Side.BUY:
            return price - self._tolerance <= wanted < price + self._instrument.tick_size + self._tolerance
        return price - self._instrument.tick_size - self._tolerance < wanted <= price + self._tolerance

    def _has_size(self, order: Order) -> bool:
        # A partly filled quote stays until it is gone; one with more left than wanted never does.
        return order.leaves <= self._size <= order.quantity * _GROWTH


def _coverable(size: Decimal, price: Decimal | None, *, side: Side, covered: Covered) -> Decimal:
    if side is Side.SELL:
        return size if covered.base is None else max(ZERO, min(size, covered.base))
    if covered.quote is None or not price:
        return size
    return max(ZERO, min(size, covered.quote / price))


def _tolerance(intent: QuoteIntent, instrument: Instrument) -> Decimal:
    if intent.tolerance is not None:
        return intent.tolerance
    if intent.bid is None or intent.ask is None:
        return instrument.tick_size
    return (intent.ask - intent.bid) * _DEFAULT_TOLERANCE
