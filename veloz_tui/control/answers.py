"""Which console gets which answer, and the same answer for a command that comes twice. Pure."""

from collections import OrderedDict
from typing import Generic, TypeVar

from veloz_tui.domain.types import CommandId
from veloz_tui.domain.views import Ack

T = TypeVar("T")
CAPACITY = 2_000


class Answers(Generic[T]):
    """The commands of late, each with its asker, and its answer once there is one."""

    __slots__ = ("_acks", "_askers", "_capacity")

    def __init__(self, *, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._askers: OrderedDict[CommandId, T] = OrderedDict()
        self._acks: dict[CommandId, Ack] = {}

    def is_known(self, command_id: CommandId) -> bool:
        return command_id in self._askers

    def ask(self, command_id: CommandId, asker: T) -> Ack | None:
        """Remember who waits for the answer, and return it if it is there already."""
        self._askers[command_id] = asker
        while len(self._askers) > self._capacity:
            oldest, _ = self._askers.popitem(last=False)
            self._acks.pop(oldest, None)
        return self._acks.get(command_id)

    def answer(self, ack: Ack) -> T | None:
        """Keep an answer and return who waits for it. None: nobody's command, or long ago."""
        asker = self._askers.get(ack.command_id)
        if asker is not None:
            self._acks[ack.command_id] = ack
        return asker
