"""Answers to those who look at a strategy: each takes a moment, so the engine's loop never waits for one."""

import asyncio
from collections.abc import Awaitable, Callable

from veloz_tui.control.messages import Answer
from veloz_tui.control.peer import Peer
from veloz_tui.domain.commands import DescribeStrategy
from veloz_tui.domain.errors import OperatorError
from veloz_tui.domain.strategy_views import StrategyDetail
from veloz_tui.domain.types import StrategyId
from veloz_tui.domain.views import Ack

MAX_AT_ONCE = 8
LIMIT_S = 6.0

Describe = Callable[[StrategyId], Awaitable[StrategyDetail]]


class Descriptions:
    """`describe` may raise OperatorError; its text becomes the answer."""

    def __init__(self, describe: Describe | None) -> None:
        self._describe = describe
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, peer: Peer, command: DescribeStrategy) -> None:
        """Answer the peer a little later; at once that it can't be, when too many wait."""
        if self._describe is None or len(self._tasks) >= MAX_AT_ONCE:
            text = "too many are looking at strategies: try again in a moment"
            peer.owe(Answer(Ack(command.command_id, is_ok=False, text=text)))
            return
        task = asyncio.create_task(_answer(peer, command, self._describe), name="strategy detail")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Answer nobody any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _answer(peer: Peer, command: DescribeStrategy, describe: Describe) -> None:
    try:
        async with asyncio.timeout(LIMIT_S):
            detail = await describe(command.strategy_id)
    except OperatorError as error:
        peer.owe(Answer(Ack(command.command_id, is_ok=False, text=str(error))))
    except TimeoutError:
        text = f"{command.strategy_id} said nothing for {LIMIT_S:.0f} s: try again"
        peer.owe(Answer(Ack(command.command_id, is_ok=False, text=text)))
    else:
        peer.owe(Answer(Ack(command.command_id, is_ok=True, text=""), detail))
