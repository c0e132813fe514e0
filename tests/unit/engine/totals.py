"""What the engine keeps event by event, against sums over all open orders."""

from veloz_tui.domain.types import OrderStatus, Side
from veloz_tui.engine.core import Engine


def check_totals(engine: Engine) -> None:
    """Every total equals its sum, and counts no order that isn't open."""
    working, state = engine.live.working, engine.state
    orders = [state.orders[i] for i in state.open_orders]
    assert set(working.totals) == {order.instrument_id for order in orders}
    for instrument_id, totals in working.totals.items():
        here = [order for order in orders if order.instrument_id == instrument_id]
        buys = [order for order in here if order.side is Side.BUY]
        sells = [order for order in here if order.side is Side.SELL]
        assert totals.orders == len(here)
        assert totals.buying == sum(order.exposed for order in buys)
        assert totals.selling == sum(order.exposed for order in sells)
        assert totals.reduce_buying == sum(o.exposed for o in buys if o.request.reduce_only)
        assert totals.reduce_selling == sum(o.exposed for o in sells if o.request.reduce_only)
        assert totals.bid_value == sum(o.exposed_value for o in buys)
    assert working.ours == sum(not order.is_external for order in orders)
    unsent = (OrderStatus.CREATED, OrderStatus.SUBMITTED)
    assert set(working.unsent) == {o.client_order_id for o in orders if o.status in unsent}
    for strategy_id in {order.strategy_id for order in state.orders.values()}:
        its = [order.client_order_id for order in orders if order.strategy_id == strategy_id]
        assert sorted(working.of_strategy(strategy_id)) == sorted(its)
