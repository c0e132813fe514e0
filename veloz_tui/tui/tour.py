"""The first-start tour: one line, advanced by doing the thing itself, never in the way."""

from typing import Final

from veloz_tui.domain.types import Mode
from veloz_tui.domain.views import LogEntry, View
from veloz_tui.tui import texts

_STEPS: Final = ("kill_once", "buy", "fill", "cancel", "start", "rearm")


class Tour:
    """Which of the six steps is next. A step is done by the real action, in any mode of mind."""

    def __init__(self, *, is_on: bool, step: int = 0) -> None:
        self._step = min(max(step, 0), len(_STEPS)) if is_on else len(_STEPS)

    @property
    def step(self) -> int:
        """How many steps are done."""
        return self._step

    @property
    def line(self) -> str:
        """The tour's line; empty when off or over."""
        return texts.tour.line(self._step + 1) if self._step < len(_STEPS) else ""

    def done(self, what: str) -> None:
        """The operator did something; only the step's own action counts."""
        if self._step < len(_STEPS) and _STEPS[self._step] == what:
            self._step += 1

    def entry_seen(self, entry: LogEntry) -> None:
        """A fill of any order ends step 3, a re-armed engine the last one."""
        if entry.kind == "fill":
            self.done("fill")
        elif entry.kind == "kill" and entry.text.startswith("RE-ARMED"):
            self.done("rearm")

    def view_seen(self, view: View) -> None:
        """A position does too: the fill may have come before this console. Real accounts aren't for tours."""
        if view.status.mode is not Mode.DEMO:
            self.off()
        if any(position.quantity for position in view.positions):
            self.done("fill")

    @property
    def is_over(self) -> bool:
        """True once it was gone through or switched off."""
        return self._step >= len(_STEPS)

    def off(self) -> None:
        """`:tour off`"""
        self._step = len(_STEPS)

    def restart(self) -> None:
        """`:tour`"""
        self._step = 0
