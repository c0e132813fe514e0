"""The kill that a guardian has taken up: what the engine said of it, and when it has to go the hard way."""

from veloz_tui.config.plain import KillSettings
from veloz_tui.control.guardian import GuardianKill
from veloz_tui.runtime.link import KillState


class KillWatch:
    """One kill at a time. Times are the caller's monotonic seconds."""

    def __init__(self) -> None:
        self.kill: GuardianKill | None = None
        self.said: KillState | None = None
        """The engine's newest word on it."""
        self.began_at = 0.0
        self._moved_at = 0.0
        self._joined = ""
        """The kill that was under way in the engine when ours came."""

    @property
    def is_certified(self) -> bool:
        """Whether the engine has said so; a sweep's own certificate is in its report."""
        return self.said is not None and "certified_zero" in self.said.stamps

    def begin(self, kill: GuardianKill, now: float) -> None:
        self.kill, self.said, self._joined = kill, None, ""
        self.began_at = self._moved_at = now

    def end(self) -> None:
        """The engine was re-armed."""
        self.kill = self.said = None

    def hear(self, state: KillState, now: float) -> None:
        """Take in the engine's word, unless it is about a kill that was over before ours came."""
        if not self._concerns_us(state):
            return
        if state != self.said:
            self._moved_at = now
        self.said = state

    def moved(self, now: float) -> None:
        """Something was reached without the engine."""
        self._moved_at = now

    def overdue(self, now: float, limits: KillSettings) -> str:
        """What the engine should have reached by now; empty: it is in time."""
        stamps = self.said.stamps if self.said is not None else {}
        if "gate_closed" not in stamps and now - self.began_at > limits.gate_deadline_ms / 1000:
            return "no gate"
        if "first_zero" not in stamps and now - self._moved_at > limits.progress_deadline_s:
            return "no progress"
        return ""

    def _concerns_us(self, state: KillState) -> bool:
        if self.kill is None or state.kill_id == self.kill.kill_id:
            return True
        if "certified_zero" not in state.stamps:
            self._joined = state.kill_id
        return state.kill_id == self._joined
