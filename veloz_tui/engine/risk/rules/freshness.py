"""Market data to judge the order by: fresh, synced and not crossed."""

from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import OrderType
from veloz_tui.engine.risk.denial import Denial, amount, deny, unknown
from veloz_tui.engine.risk.inputs import RiskInputs


def check(request: OrderRequest, inputs: RiskInputs) -> Denial | None:
    """Refuse when there is no price to measure the order against."""
    if inputs.book is not None and inputs.book.is_crossed:
        return _crossed(request, inputs)
    if inputs.book is None and request.order_type is OrderType.MARKET:
        remedy = "Give a price, or wait until the book is synced"
        return unknown(
            request, inputs, code="BOOK_UNKNOWN", missing="the book is stale: price", remedy=remedy
        )
    reference = inputs.reference
    if reference is None or not (reference.is_finite() and reference > 0):
        remedy = "Wait for fresh market data"
        return unknown(request, inputs, code="REFERENCE_UNKNOWN", missing="market price", remedy=remedy)
    return None


def _crossed(request: OrderRequest, inputs: RiskInputs) -> Denial:
    book = inputs.book
    assert book is not None and book.best_bid is not None and book.best_ask is not None
    bid = inputs.instrument.price_from_level(book.best_bid[0])
    ask = inputs.instrument.price_from_level(book.best_ask[0])
    why = f"the book is crossed: bid {amount(bid)} >= ask {amount(ask)}"
    return deny(request, inputs, code="BOOK_CROSSED", why=why, remedy="Wait until it is synced again")
