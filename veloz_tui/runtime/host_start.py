"""The first frame to a strategy's process: what to run, within which limits, from which state."""

from pathlib import Path

from veloz_tui.domain.types import StrategyId
from veloz_tui.strategy.own_orders import update_of
from veloz_tui.strategy.spec import StrategySnapshot, StrategySpec
from veloz_tui.strategy.wire import Start


def start_message(
    strategy_id: StrategyId,
    spec: StrategySpec,
    snapshot: StrategySnapshot,
    folder: Path | None,
    *,
    is_probe: bool = False,
) -> Start:
    """`is_probe`: it is only asked whether it can be loaded like this."""
    return Start(
        strategy_id=strategy_id,
        source=spec.source,
        folder="" if folder is None else str(folder.resolve()),
        params_json=spec.params_json,
        memory_mb=spec.memory_mb,
        nice=spec.nice,
        instruments=snapshot.instruments,
        positions=snapshot.positions,
        orders=tuple(update_of(order, ref=0) for order in snapshot.orders),
        is_probe=is_probe,
    )
