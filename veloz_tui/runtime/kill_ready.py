"""Before a kill: the guardian's own connections to the venue, kept open, and the truth about them."""

import asyncio
from collections.abc import Callable
from typing import Final

from veloz_tui.control.guardian import GuardianDone, GuardianRefused, GuardianReply
from veloz_tui.runtime.engine_child import EngineChild
from veloz_tui.runtime.link import PrepareKill
from veloz_tui.venues.binance.kill_client import KillClient

WARM_UP_EVERY_S: Final = 15.0
ANSWER_WITHIN_S: Final = 1.5
"""Less than an asker waits: the banner of the first stroke must not time out."""
MOST_CONNECTIONS: Final = 8


async def keep_warm(client: KillClient, symbols: Callable[[], int]) -> None:
    """Use them now and then, until canceled, so that nobody closes them."""
    while True:
        await client.warm_up(_connections(symbols()))
        await asyncio.sleep(WARM_UP_EVERY_S)


async def make_ready(client: KillClient, engine: EngineChild | None, *, symbols: int) -> GuardianReply:
    """Tell the engine, open what a sweep needs (one connection a symbol), and say how it stands."""
    alone = "no engine: the guardian would sweep alone"
    if engine is not None and engine.is_alive:
        engine.send(PrepareKill())
        alone = f"engine {engine.pid} told"
    count = _connections(symbols)
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            is_warm = await client.warm_up(count)
    except TimeoutError:
        is_warm = False
    if is_warm:
        return GuardianDone(f"warm: {count} connections to BINANCE; {alone}")
    closed_s = client.closed_for_s()
    why = f"has closed its door for {closed_s:.0f} s" if closed_s else "does not answer the guardian"
    return GuardianRefused(f"not warm: BINANCE {why}; {alone}")


def _connections(symbols: int) -> int:
    return min(max(symbols, 2), MOST_CONNECTIONS)
