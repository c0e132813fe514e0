"""The armed ladder's clockwork: since when, for how long, what was seen. Pure: the caller brings the time."""

from typing import Final

from veloz_tui.domain.types import InstrumentId

IDLE_S: Final = 60.0
IDLE_FOCUSED_S: Final = 300.0
"""With a terminal that tells of its focus: then losing it disarms sooner."""
UNFOCUSED_S: Final = 3.0


class Armed:
    """Off until started."""

    def __init__(self) -> None:
        self.instrument_id: InstrumentId | None = None
        self._active_at = 0.0
        self._has_focus_events = False
        self._blurred_at: float | None = None
        self._unlocked: tuple[InstrumentId, float] | None = None
        self._last: tuple[object, float] | None = None

    @property
    def is_on(self) -> bool:
        """True while keys and clicks trade."""
        return self.instrument_id is not None

    def start(self, instrument_id: InstrumentId, now: float) -> None:
        """Arm it for one instrument."""
        self.instrument_id, self._active_at, self._last = instrument_id, now, None
        self._blurred_at = None

    def stop(self) -> None:
        """Disarm it."""
        self.instrument_id = None

    def unlock(self, instrument_id: InstrumentId, until: float) -> None:
        """It was typed: until then a key is enough for this instrument."""
        self._unlocked = (instrument_id, until)

    def is_unlocked(self, instrument_id: InstrumentId, now: float) -> bool:
        """True if it was typed not long ago."""
        return self._unlocked is not None and self._unlocked[0] == instrument_id and now < self._unlocked[1]

    def active(self, now: float) -> None:
        """Somebody is there."""
        self._active_at = now

    def focused(self, now: float, *, has_focus: bool) -> None:
        """The terminal told of its focus."""
        self._has_focus_events = True
        self._blurred_at = None if has_focus else now

    def is_unfocused(self, now: float) -> bool:
        """True a while after the terminal lost the focus."""
        return self._blurred_at is not None and now - self._blurred_at >= UNFOCUSED_S

    def left_s(self, now: float) -> float:
        """Seconds until it disarms by itself."""
        idle = IDLE_FOCUSED_S if self._has_focus_events else IDLE_S
        return max(0.0, self._active_at + idle - now)

    def is_twice(self, what: object, now: float, within_s: float) -> bool:
        """True for the same order again at once, as a double click makes it."""
        last, self._last = self._last, (what, now)
        return last is not None and last[0] == what and now - last[1] < within_s
