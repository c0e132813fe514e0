"""How the journal is: one state from what went wrong, how long events wait and how many do. Pure."""

import msgspec

from veloz_tui.domain.reports import JournalState


class WriterSettings(msgspec.Struct, frozen=True):
    """Bounds and times; the defaults are the product's."""

    batch_rows: int = 2_000
    """One statement's rows: 14,000 of SQLite's 32,766 variables."""
    backlog_bound: int = 100_000
    slow_after_s: float = 0.25
    retry_every_s: float = 1.0


class Health:
    """FAILED outranks SLOW. `is_late` and `fault` are set by the writer; `review` draws the conclusion."""

    def __init__(self, settings: WriterSettings) -> None:
        self._settings = settings
        self.state = JournalState.OK
        self.reason = ""
        self.fault = ""
        """Why writes fail; empty: they don't."""
        self.is_dead = False
        """No write will be tried again in this run."""
        self.is_late = False
        """An event waited too long, and no durable write has been in time since."""

    def review(self, *, backlog: int) -> bool:
        """Look again and say whether the state or, while it has failed, its reason has changed."""
        state, reason = self._verdict(backlog)
        changed = state is not self.state or (state is JournalState.FAILED and reason != self.reason)
        self.state, self.reason = state, reason
        return changed

    def _verdict(self, backlog: int) -> tuple[JournalState, str]:
        if self.fault:
            return JournalState.FAILED, self.fault
        if backlog >= self._settings.backlog_bound // 2:
            return (
                JournalState.SLOW,
                f"{backlog} events wait for the disk (bound {self._settings.backlog_bound})",
            )
        if self.is_late:
            return (
                JournalState.SLOW,
                f"an event waited over {self._settings.slow_after_s * 1000:.0f} ms for the disk",
            )
        return JournalState.OK, ""
