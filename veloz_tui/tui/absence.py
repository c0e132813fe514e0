"""What happened while no console of the profile was open, said once at attach.

Fills and alarms are counted from the log; PnL and restarts are the difference to what was last seen. A
journal that began afresh meanwhile (its numbers run lower) can't be compared.
"""

from decimal import Decimal
from pathlib import Path

import msgspec

from veloz_tui.domain.types import SECOND, Nanos, Severity, StrategyId
from veloz_tui.domain.views import LogEntry, View
from veloz_tui.tui import fmt, history, texts


class Seen(msgspec.Struct, frozen=True):
    """What the last console saw last."""

    log_seq: int
    engine_pid: int
    realized: Decimal | None
    restarts: dict[StrategyId, int]


def remember(path: Path | None, view: View | None) -> None:
    """Note what is seen now; its time is the file's."""
    if path is None or view is None:
        return
    restarts = {each.strategy_id: each.restarts for each in view.strategies}
    seen = Seen(view.log_seq, view.status.engine_pid, view.account.realized, restarts)
    history.save(path, [msgspec.json.encode(seen).decode()])


def recall(path: Path | None) -> Seen | None:
    """What was noted, if anything can be read."""
    lines = history.load(path)
    try:
        return msgspec.json.decode(lines[0], type=Seen) if lines else None
    except msgspec.MsgspecError:
        return None


class Absence:
    """Counts log entries after the moment the last console was seen; None: there was none."""

    def __init__(self, since: Nanos | None, seen: Seen | None = None) -> None:
        self._since = since
        self._seen = seen
        self._fills = 0
        self._severities = {Severity.WARN: 0, Severity.CRIT: 0}

    def count(self, entry: LogEntry) -> None:
        """Take an entry from before this console came."""
        if self._since is None or entry.at <= self._since:
            return
        self._fills += entry.kind == "fill"
        if entry.severity in self._severities:
            self._severities[entry.severity] += 1

    def line(self, view: View) -> str:
        """`Since 11:02 (58m): 14 fills, real +42.10, 2 WARN, mm-1 restarted once`; nothing if nothing
        happened."""
        now = view.status.at
        if self._since is None:
            return ""
        alarms = [(self._severities[each], each.value) for each in (Severity.CRIT, Severity.WARN)]
        told = [f"{self._fills} {'fill' if self._fills == 1 else 'fills'}"] if self._fills else []
        told += self._pnl(view)
        told += [f"{number} {name}" for number, name in alarms if number]
        told += self._restarts(view)
        if not told:
            return ""
        at = fmt.clock(self._since, seconds=False).removesuffix("Z")
        return texts.link.since(at, fmt.age((now - self._since) / SECOND), ", ".join(told))

    def _comparable(self, view: View) -> Seen | None:
        seen = self._seen
        return seen if seen is not None and view.log_seq >= seen.log_seq else None

    def _pnl(self, view: View) -> list[str]:
        seen, realized = self._comparable(view), view.account.realized
        if seen is None or seen.realized is None or realized is None or realized == seen.realized:
            return []
        return [f"real {fmt.signed(realized - seen.realized)}"]

    def _restarts(self, view: View) -> list[str]:
        seen = self._comparable(view)
        if seen is None:
            return []
        counted = ((each, each.restarts - seen.restarts.get(each.strategy_id, 0)) for each in view.strategies)
        told = [
            texts.link.restarted(fmt.clean(each.strategy_id), count) for each, count in counted if count > 0
        ]
        return told + (["engine restarted"] if view.status.engine_pid != seen.engine_pid else [])
