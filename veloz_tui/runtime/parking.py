"""Where submits wait for their intent to be durable: one FIFO, in the order of their events.

Pure bookkeeping, no clock. Each submit leaves it exactly once: released, or removed with a reason.
"""

from collections.abc import Iterable

from veloz_tui.domain.types import ClientOrderId, Nanos
from veloz_tui.engine.actions import Submit


class Parking:
    """Parked submits by id, in the order they came."""

    def __init__(self) -> None:
        self._parked: dict[ClientOrderId, Submit] = {}

    def __len__(self) -> int:
        return len(self._parked)

    def park(self, submit: Submit) -> None:
        self._parked[submit.client_order_id] = submit

    def release_next(self, durable_seq: int) -> Submit | None:
        """Take out the first one, if its event is durable (seqs grow along the FIFO)."""
        first = next(iter(self._parked.values()), None)
        if first is None or first.seq > durable_seq:
            return None
        return self._parked.pop(first.client_order_id)

    def remove(self, client_order_ids: Iterable[ClientOrderId]) -> list[ClientOrderId]:
        """Take out those of these that are still here; empty: all. Returns which were."""
        wanted = list(client_order_ids) or list(self._parked)
        return [i for i in wanted if self._parked.pop(i, None) is not None]

    def remove_late(self, now: Nanos) -> list[ClientOrderId]:
        """Take out what waited past its deadline."""
        late = [i for i, submit in self._parked.items() if submit.deadline <= now]
        return self.remove(late) if late else []

    @property
    def next_deadline(self) -> Nanos | None:
        return min((submit.deadline for submit in self._parked.values()), default=None)
