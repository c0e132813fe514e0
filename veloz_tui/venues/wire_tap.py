"""What an adapter sent and received on its private side, of late: a bounded ring of references.

Recording is an append, after the bytes were handed to the socket. Requests are noted before they are signed,
so that no signature and no key is ever in here; words are made of the rest when somebody asks.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from veloz_tui.domain.types import Nanos

CAPACITY: Final = 2_000


class Sent:
    """A request; `at` is when its last byte was handed to the socket."""

    __slots__ = ("at", "channel", "method", "number", "params")

    def __init__(
        self, *, number: int, at: Nanos, channel: str, method: str, params: Mapping[str, str | int]
    ) -> None:
        self.number = number
        self.at = at
        self.channel = channel
        self.method = method
        self.params = params


class Received:
    """The end of a request: its answer, or why there is none."""

    __slots__ = ("answer", "at", "number", "sent")

    def __init__(self, *, number: int, at: Nanos, sent: Sent, answer: msgspec.Struct) -> None:
        self.number = number
        self.at = at
        self.sent = sent
        self.answer = answer


class Pushed:
    """An event that the venue sent by itself."""

    __slots__ = ("at", "body", "channel", "number")

    def __init__(self, *, number: int, at: Nanos, channel: str, body: msgspec.Raw) -> None:
        self.number = number
        self.at = at
        self.channel = channel
        self.body = body


Taken = Sent | Received | Pushed


class WireTap:
    """Owned by an adapter; single-threaded. Numbers count every entry ever taken."""

    __slots__ = ("_now", "_ring", "last", "public_frames", "since")

    def __init__(self, *, now: Callable[[], Nanos], capacity: int = CAPACITY) -> None:
        self._now = now
        self._ring: deque[Taken] = deque(maxlen=capacity)
        self.since = now()
        self.last = 0
        """The newest entry's number."""
        self.public_frames = 0
        """Public messages so far: counted, not kept."""

    def sent(self, channel: str, method: str, params: Mapping[str, str | int]) -> Sent:
        """Note a request that was written. `params` must hold no signature and no key."""
        self.last += 1
        taken = Sent(number=self.last, at=self._now(), channel=channel, method=method, params=params)
        self._ring.append(taken)
        return taken

    def received(self, sent: Sent, answer: msgspec.Struct) -> None:
        """Note how a request ended; a late answer is a second end."""
        self.last += 1
        self._ring.append(Received(number=self.last, at=self._now(), sent=sent, answer=answer))

    def pushed(self, channel: str, body: msgspec.Raw) -> None:
        self.last += 1
        self._ring.append(Pushed(number=self.last, at=self._now(), channel=channel, body=body))

    def entries(self, *, after: int = 0) -> Iterator[Taken]:
        """Those numbered above `after` that are still here, oldest first."""
        return (taken for taken in tuple(self._ring) if taken.number > after)

    @property
    def lost(self) -> int:
        """How many were forgotten to make room."""
        return self.last - len(self._ring)
