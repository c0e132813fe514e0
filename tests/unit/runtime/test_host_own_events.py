"""What a strategy is told of its own orders. Real processes, no network."""

from decimal import Decimal
from pathlib import Path

from tests.unit.runtime.host_stage import both, created, filled, stage
from tests.unit.strategy.factories import BTC, BTC_ID, MM, request, working
from veloz_tui.domain.events import OrderAccepted, OrderCreated, OrderDenied, RunStopped
from veloz_tui.domain.intents import CancelIntent, PlaceIntent
from veloz_tui.domain.types import ClientOrderId, Nanos, VenueOrderId
from veloz_tui.runtime.hosts import StrategySnapshot

TELLS_ITS_ORDERS = """
    class Mine(Strategy):
        def on_order(self, ctx, order):
            ctx.doing(f"{order.ref} {order.status} {order.reason} {len(ctx.orders())}")
"""


@both
async def test_own_events_arrive_all_and_in_order(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_fill(self, ctx, fill):
                    ctx.doing(f"{fill.ref} {fill.trade_id} {fill.position}")
            """,
            is_inline=is_inline,
        )
        events: list[tuple[int, object]] = [(1, created("a", ref=3))]
        events += [(n + 2, filled("a", n, "0.001")) for n in range(500)]
        s.records(events)
        await s.engine.until(lambda: f"3 499 {Decimal('0.5'):.3f}" in s.engine.doing)
        said = [text for text in s.engine.doing if text]
        assert said == [f"3 {n} {(n + 1) / 1000:.3f}" for n in range(500)]


async def test_other_peoples_events_are_not_told(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_order(self, ctx, order):
                    ctx.doing(order.client_order_id)
            """
        )
        foreign = request(strategy_id=type(MM)("other"))
        s.record(1, OrderCreated(Nanos(1), ClientOrderId("x"), foreign))
        s.record(2, OrderAccepted(Nanos(1), ClientOrderId("x"), VenueOrderId("1")))
        s.record(3, RunStopped(Nanos(1), "no order's"))
        s.record(4, created("a"))
        await s.engine.until(lambda: "a" in s.engine.doing)
        assert s.engine.doing == ["", "a"]


async def test_records_before_the_snapshot_are_not_counted_twice(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        old = working("a")
        s.engine.orders[old.client_order_id] = old
        snapshot = StrategySnapshot(
            seq=10, instruments=(BTC,), positions={BTC_ID: Decimal("0.5")}, orders=(old,)
        )
        s.start(
            """
            class Mine(Strategy):
                def on_start(self, ctx):
                    ctx.doing(" ".join(o.client_order_id for o in ctx.orders()))
                def on_fill(self, ctx, fill):
                    ctx.doing(f"{fill.position}")
            """,
            snapshot=snapshot,
        )
        s.record(10, filled("a", 1, "0.1"))
        s.record(11, filled("a", 2, "0.2"))
        await s.engine.until(lambda: "0.7" in s.engine.doing)
        assert s.engine.doing == ["a", "0.7"]


@both
async def test_an_order_keeps_the_ref_it_was_asked_for_with(tmp_path: Path, is_inline: bool) -> None:
    async with stage(tmp_path) as s:
        await s.started(
            """
            class Mine(Strategy):
                def on_start(self, ctx):
                    btc = ctx.instruments[0].id
                    self.ref = ctx.limit(btc, side=Side.BUY, quantity=Decimal(1), price=Decimal(100))
                def on_order(self, ctx, order):
                    assert order.ref == self.ref
                    ctx.cancel(order)
                    ctx.doing(order.status)
            """,
            is_inline=is_inline,
        )
        assert s.engine.intents == [PlaceIntent(1, request())]
        s.record(1, created("a", ref=1))
        s.record(2, OrderAccepted(Nanos(1), ClientOrderId("a"), VenueOrderId("1")))
        await s.engine.until(lambda: "ACCEPTED" in s.engine.doing)
        assert s.engine.intents[1:] == [CancelIntent(1, "a"), CancelIntent(1, "a")]


async def test_a_denial_reaches_the_strategy(tmp_path: Path) -> None:
    async with stage(tmp_path) as s:
        await s.started(TELLS_ITS_ORDERS)
        denied = OrderDenied(Nanos(1), ClientOrderId("a"), request(), "MAX", "too much", ref=5)
        s.record(1, denied)
        await s.engine.until(lambda: "5 DENIED too much 0" in s.engine.doing)


@both
async def test_a_denial_that_the_journal_left_out_reaches_its_run_only(
    tmp_path: Path, is_inline: bool
) -> None:
    async with stage(tmp_path) as s:
        await s.started(TELLS_ITS_ORDERS, is_inline=is_inline)
        s.record(1, created("a", ref=4))
        denied = OrderDenied(Nanos(1), ClientOrderId(""), request(), "MAX", "too much", ref=5)
        s.hosts.on_denied(MM, 2, denied)
        s.hosts.on_denied(MM, 1, denied)
        await s.engine.until(lambda: "5 DENIED too much 1" in s.engine.doing)
        assert sum("DENIED" in doing for doing in s.engine.doing) == 1
