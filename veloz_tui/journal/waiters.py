"""Those who wait until an event is durable."""

import asyncio
import heapq
from itertools import count


class Waiters:
    """Futures by event number."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()

    def wait_for(self, seq: int) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._heap, (seq, next(self._order), future))
        return future

    def release(self, seq: int) -> None:
        """Everything up to `seq` is durable."""
        while self._heap and self._heap[0][0] <= seq:
            future = heapq.heappop(self._heap)[2]
            if not future.done():
                future.set_result(None)

    def fail(self, error: Exception) -> None:
        """Nothing more will be durable."""
        for _, _, future in self._heap:
            if not future.done():
                future.set_exception(error)
        self._heap.clear()
