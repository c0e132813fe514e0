"""What happened while no console of the profile was open: counted from the log, said once at attach."""

from typing import Final

from veloz_tui.domain.types import SECOND, Nanos, Severity
from veloz_tui.domain.views import LogEntry
from veloz_tui.tui import fmt, texts

_SHORT_S: Final = 60.0


class Absence:
    """Counts log entries after the moment the last console was seen; None: there was none."""

    def __init__(self, since: Nanos | None) -> None:
        self._since = since
        self._fills = 0
        self._severities = {Severity.WARN: 0, Severity.CRIT: 0}

    def count(self, entry: LogEntry) -> None:
        """Take an entry from before this console came."""
        if self._since is None or entry.at <= self._since:
            return
        self._fills += entry.kind == "fill"
        if entry.severity in self._severities:
            self._severities[entry.severity] += 1

    def line(self, now: Nanos) -> str:
        """`Since 11:02:10Z (58m): 14 fills, 2 WARN`; nothing if nothing happened, or in a moment."""
        if self._since is None or (now - self._since) / SECOND < _SHORT_S:
            return ""
        counts = [(self._fills, "fill" if self._fills == 1 else "fills")]
        counts += [(self._severities[each], each.value) for each in (Severity.CRIT, Severity.WARN)]
        told = [f"{number} {name}" for number, name in counts if number]
        if not told:
            return ""
        return texts.since(fmt.clock(self._since), fmt.age((now - self._since) / SECOND), ", ".join(told))
