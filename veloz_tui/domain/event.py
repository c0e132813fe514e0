"""What every event is."""

import msgspec

from veloz_tui.domain.types import Nanos


class Event(msgspec.Struct, frozen=True, tag=True):
    """A fact. `at` is when the engine took note of it."""

    at: Nanos
