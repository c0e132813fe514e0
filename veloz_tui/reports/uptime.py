"""When the engine ran and each venue was READY, and the kills: what the journal's own words prove.

An engine that died said no word of it: its run ends with the last event before the next start, so that no
second counts as READY which nobody has seen.
"""

from decimal import Decimal
from typing import Final

from veloz_tui.domain import events as e
from veloz_tui.domain.types import ChannelState, Nanos, VenueId
from veloz_tui.engine.state import State
from veloz_tui.reports.period import Period
from veloz_tui.reports.report import HaltRow, UptimeRow

DIGITS: Final = Decimal("0.000001")


class Stretch:
    """A condition that begins and ends, and how long it held within the period."""

    __slots__ = ("_period", "ends", "since", "total_ns")

    def __init__(self, period: Period) -> None:
        self._period = period
        self.since: Nanos | None = None
        self.total_ns = 0
        self.ends = 0

    def begin(self, at: Nanos) -> None:
        if self.since is None:
            self.since = at

    def end(self, at: Nanos) -> None:
        if self.since is not None:
            self.total_ns += self._period.overlap(self.since, at)
            self.ends += at >= self._period.since
            self.since = None

    def total_at(self, at: Nanos) -> int:
        """Return the time up to now, an open stretch included."""
        return self.total_ns + (0 if self.since is None else self._period.overlap(self.since, at))


class Uptime:
    """The engine's runs and the venues' READY times."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._run = Stretch(period)
        self._venues: dict[VenueId, Stretch] = {}

    def resume(self, state: State) -> None:
        """Go on from the engine's state: what was on then has been on for long enough."""
        for venue, channel in state.venues.items():
            stretch = self._venues.setdefault(venue, Stretch(self._period))
            if state.is_running and channel is ChannelState.READY:
                stretch.begin(state.at)
        if state.is_running:
            self._run.begin(state.at)

    @property
    def is_running(self) -> bool:
        return self._run.since is not None

    def run_started(self, at: Nanos, *, last_at: Nanos) -> None:
        """Begin a run; one that never stopped ended at `last_at`, the last word of it."""
        self.run_stopped(last_at)
        self._run.begin(at)

    def run_stopped(self, at: Nanos) -> None:
        for stretch in (self._run, *self._venues.values()):
            stretch.end(at)

    def venue_changed(self, event: e.VenueStateChanged, at: Nanos) -> None:
        stretch = self._venues.setdefault(event.venue, Stretch(self._period))
        if event.state is ChannelState.READY:
            stretch.begin(at)
        else:
            stretch.end(at)

    def ran_ns(self, known_until: Nanos) -> int:
        return self._run.total_at(known_until)

    def rows(self, known_until: Nanos) -> tuple[UptimeRow, ...]:
        ran = self.ran_ns(known_until)
        return tuple(
            UptimeRow(venue, ready := stretch.total_at(known_until), stretch.ends, _share(ready, ran))
            for venue, stretch in self._venues.items()
        )


class Halts:
    """Kills of the period, with what belongs to them."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._found: list[HaltRow] = []
        self._stamps: dict[str, dict[str, float]] = {}
        self._rearmed: dict[int, Nanos] = {}

    def halted(self, event: e.Halted, at: Nanos) -> None:
        if at >= self._period.since:
            self._found.append(HaltRow(at, event.kill_id, event.reason, event.by, {}, None))

    def stamped(self, event: e.KillStamped) -> None:
        self._stamps.setdefault(event.kill_id, {}).setdefault(event.stage, event.elapsed_ms)

    def rearmed(self, at: Nanos) -> None:
        for number in range(len(self._found)):
            self._rearmed.setdefault(number, at)

    def rows(self) -> tuple[HaltRow, ...]:
        return tuple(
            HaltRow(
                one.at,
                one.kill_id,
                one.reason,
                one.by,
                self._stamps.get(one.kill_id, {}),
                self._rearmed.get(number),
            )
            for number, one in enumerate(self._found)
        )


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(DIGITS) if whole else None
