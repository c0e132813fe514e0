"""The message line: answers to the operator, and news from the engine which wait until those are read."""

from typing import Final, NamedTuple

from veloz_tui.domain.types import MANUAL, Severity
from veloz_tui.domain.views import LogEntry
from veloz_tui.tui import fmt

MESSAGE_S: Final = 10.0
HOLD_S: Final = 3.0
"""How long an answer, or grave news, stays before the next news."""
REPEAT_S: Final = 60.0
_DENIALS: Final = 20


class Message(NamedTuple):
    """One message; times are monotonic seconds."""

    text: str
    tone: str
    at: float
    is_news: bool = False
    is_digest: bool = False
    """What happened before this console came: longer to read, and put away by Enter."""
    until: float = float("inf")
    """It means nothing any more from then on, and goes."""

    def holds(self, news_tone: str, now: float) -> bool:
        """True while news must wait: behind an answer nobody can have read yet, or behind graver news."""
        if self.is_digest:
            return not _rank(news_tone) and now - self.at < MESSAGE_S
        is_graver = _rank(self.tone) > _rank(news_tone)
        is_progress = self.tone == news_tone == "crit"  # of the kill that was just asked for
        return now - self.at < HOLD_S and (is_graver or not (self.is_news or is_progress))


class MessageLine:
    """What stands there now, and the gravest news that waits for its place."""

    def __init__(self) -> None:
        self.message: Message | None = None
        self._waiting: Message | None = None
        self._denials: dict[str, float] = {}

    def tell(self, entry: LogEntry, now: float, *, is_mine: bool) -> None:
        """Show an entry worth a line; what became of the operator's own order is never held back."""
        is_loud = entry.kind in {"fill", "denied", "kill", "alert"} or entry.severity is not Severity.INFO
        if not is_mine and (not is_loud or self._is_repeated(entry, now)):
            return
        news = Message(fmt.clean(entry.text), _tone(entry), now, is_news=True)
        if is_mine or self.message is None or not self.message.holds(news.tone, now):
            self.message = news
        elif self._waiting is None or _rank(self._waiting.tone) <= _rank(news.tone):
            self._waiting = news

    def settle(self, now: float) -> None:
        """News that waited are shown once they may, unless they have become old; what is over goes."""
        if self.message is not None and now >= self.message.until:
            self.message = None
        waiting = self._waiting
        if waiting is None or (self.message is not None and self.message.holds(waiting.tone, now)):
            return
        self._waiting = None
        if now - waiting.at < 2 * HOLD_S:
            self.message = waiting._replace(at=now)

    def _is_repeated(self, entry: LogEntry, now: float) -> bool:
        # A strategy that runs into the same wall again and again must not fill the line.
        if entry.kind != "denied" or entry.strategy_id == MANUAL:
            return False
        said_at = self._denials.get(entry.text)
        if said_at is not None and now - said_at < REPEAT_S:
            return True
        self._denials = {text: at for text, at in self._denials.items() if now - at < REPEAT_S}
        if len(self._denials) < _DENIALS:
            self._denials[entry.text] = now
        return False


def _rank(tone: str) -> int:
    return {"warn": 1, "crit": 2}.get(tone, 0)


def _tone(entry: LogEntry) -> str:
    if entry.severity is Severity.CRIT:
        return "crit"
    return "warn" if entry.severity is Severity.WARN or entry.kind == "denied" else "base"
