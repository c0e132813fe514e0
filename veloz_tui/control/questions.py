"""Questions of consoles, answered beside everything else: few at a time, each in bounded time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from veloz_tui.control.messages import Question, Reply
from veloz_tui.control.peer import Peer
from veloz_tui.domain.errors import VelozError
from veloz_tui.domain.queries import NotKnown, Query, Told

MAX_OPEN: Final = 8
"""Of all consoles together; a console that asks faster is told to wait."""
ANSWER_WITHIN_S: Final = 5.0

OnQuery = Callable[[Query], Awaitable[Told]]
_logger = logging.getLogger("veloz.control")


async def nobody_knows(_query: Query) -> Told:
    """For an engine that answers no questions."""
    return NotKnown("this engine answers no questions")


class Questions:
    """`ask` returns at once; the answer is owed to the console when it is there."""

    def __init__(self, on_query: OnQuery) -> None:
        self._on_query = on_query
        self._open: dict[asyncio.Task[None], Peer] = {}

    def ask(self, peer: Peer, question: Question) -> None:
        """Answer one question in a task of its own."""
        if len(self._open) >= MAX_OPEN:
            peer.owe(Reply(question.question_id, NotKnown("too many questions at once: ask again")))
            return
        task = asyncio.create_task(self._answer(peer, question), name=f"question of {peer.who}")
        self._open[task] = peer
        task.add_done_callback(lambda done: self._open.pop(done, None))

    def forget(self, peer: Peer) -> None:
        """The console has left: nobody waits for what it asked."""
        for task, asker in self._open.items():
            if asker is peer:
                task.cancel()

    async def close(self) -> None:
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, peer: Peer, question: Question) -> None:
        peer.owe(Reply(question.question_id, await self._find(question.query)))

    async def _find(self, query: Query) -> Told:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await self._on_query(query)
        except VelozError as error:
            return NotKnown(str(error))
        except TimeoutError:
            return NotKnown(f"no answer found in {ANSWER_WITHIN_S:.0f} s: ask again")
        except Exception:
            # A console request's boundary: the console hears of it, the others go on.
            _logger.exception("question %s failed", type(query).__name__)
            return NotKnown("the engine failed at it; see its log")
