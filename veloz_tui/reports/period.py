"""Periods of a report: UTC days, ISO weeks and months, cut where the PnL day begins.

A period holds the instants since <= at < until, so neighbours share none and lose none.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

import msgspec

from veloz_tui.domain.results import DAY
from veloz_tui.domain.types import SECOND, Nanos

Kind = Literal["daily", "weekly", "monthly", "custom"]
EPOCH: Final = date(1970, 1, 1)


class Period(msgspec.Struct, frozen=True):
    """What a report is about; `label` names it: `2026-11-22`, `2026-W47`, `2026-11`."""

    kind: Kind
    label: str
    since: Nanos
    until: Nanos

    def __post_init__(self) -> None:
        if self.since >= self.until:
            raise ValueError("a period ends after it begins")

    def overlap(self, begin: int, end: int) -> int:
        """Return how many nanoseconds of begin..end lie in the period."""
        return max(0, min(end, self.until) - max(begin, self.since))


def day_of(at: Nanos, *, day_start_s: int = 0) -> date:
    """Return the PnL day that an instant belongs to."""
    return EPOCH + timedelta(days=(at - day_start_s * SECOND) // DAY)


def daily(day: date, *, day_start_s: int = 0) -> Period:
    return Period("daily", day.isoformat(), _start(day, day_start_s), _start(_later(day, 1), day_start_s))


def weekly(day: date, *, day_start_s: int = 0) -> Period:
    """Return the week, Monday to Sunday, that `day` is in."""
    monday = day - timedelta(days=day.weekday())
    year, week, _ = day.isocalendar()
    until = _start(_later(monday, 7), day_start_s)
    return Period("weekly", f"{year}-W{week:02}", _start(monday, day_start_s), until)


def monthly(day: date, *, day_start_s: int = 0) -> Period:
    """Return the calendar month that `day` is in."""
    first = day.replace(day=1)
    following = _later(first, 32).replace(day=1)
    return Period("monthly", f"{first:%Y-%m}", _start(first, day_start_s), _start(following, day_start_s))


def custom(since: Nanos, until: Nanos) -> Period:
    """Return any period. Raises ValueError if it is empty."""
    return Period("custom", f"{text_of(since)} to {text_of(until)}", since, until)


def nanos_of(moment: datetime) -> Nanos:
    """Return an aware moment, exactly: floats of this size lose microseconds."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return Nanos((since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1_000)


def text_of(at: int) -> str:
    """`2026-11-22 13:05:07Z`"""
    return f"{moment_of(at):%Y-%m-%d %H:%M:%S}Z"


def moment_of(at: int) -> datetime:
    """Return the second that an instant is in."""
    return datetime.fromtimestamp(at // SECOND, UTC)


def _start(day: date, day_start_s: int) -> Nanos:
    return Nanos((day - EPOCH).days * DAY + day_start_s * SECOND)


def _later(day: date, days: int) -> date:
    return day + timedelta(days=days)
