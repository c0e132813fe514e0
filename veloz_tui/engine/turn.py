"""A turn: one message being handled. It collects what was decided, in order.

`emit` appends an event *and applies it* at once, so that later decisions of the same turn see it.
"""

from typing import Final

from veloz_tui.domain.events import AlertRaised, AnyEvent, Recorded
from veloz_tui.domain.types import SECOND, Nanos, Severity
from veloz_tui.engine import queues
from veloz_tui.engine.actions import Action, SetTimer
from veloz_tui.engine.fold import apply
from veloz_tui.engine.live import Live
from veloz_tui.engine.settings import EngineSettings
from veloz_tui.engine.state import State

REPEAT_ALERT_AFTER: Final = 5 * SECOND
"""The same alert again within this time changes nothing: a flood must not fill the journal."""


class Turn:
    """What handlers get: the state to read, and two ways to say what follows."""

    __slots__ = ("actions", "events", "live", "now", "settings", "state")

    def __init__(self, *, state: State, live: Live, settings: EngineSettings, now: Nanos) -> None:
        self.state = state
        self.live = live
        self.settings = settings
        self.now = now
        self.events: list[Recorded] = []
        self.actions: list[Action] = []

    def emit(self, event: AnyEvent) -> int:
        """Make a fact true and return its number."""
        recorded = Recorded(self.state.seq + 1, event)
        apply(self.state, recorded)
        self.live.working.note(self.state, event)
        queues.note(self.state, self.live, event, self.now)
        self.events.append(recorded)
        return recorded.seq

    def act(self, action: Action) -> None:
        self.actions.append(action)

    def timer(self, name: str, *, after_ns: int) -> None:
        """Ask for TimerFired(name); the same name again moves it."""
        self.actions.append(SetTimer(name, Nanos(self.now + after_ns)))

    def alert(
        self, key: str, severity: Severity, text: str, *, code: str = "", is_answer: bool = False
    ) -> None:
        """Raise an alert, unless it is muted; the same one soon again only as an answer."""
        known = self.state.alerts.get(key)
        is_same = known is not None and (known.severity, known.code) == (severity, code)
        if known is not None and is_same and not is_answer and self.now - known.last_at < REPEAT_ALERT_AFTER:
            return
        if severity is not Severity.CRIT and self.live.mutes.get(key, 0) > self.now:
            return
        self.emit(AlertRaised(self.now, key, severity, text, code))
