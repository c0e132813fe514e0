"""A kill as the guardian sees it: the engine's word, or the hard sweep's where there was one. Pure."""

from veloz_tui.control.guardian import GuardianKill
from veloz_tui.domain.views import KillView
from veloz_tui.runtime.link import KillState
from veloz_tui.runtime.sweep import SweepReport


def kill_view(
    kill: GuardianKill | None, state: KillState | None, report: SweepReport | None, *, flag: str
) -> KillView:
    """Put together what is known; `flag` is the kill flag's text, empty if there is none."""
    stamps = {**(state.stamps if state else {}), **(report.stamps if report else {})}
    return KillView(
        is_halted=kill is not None or bool(flag),
        kill_id=kill.kill_id if kill else flag,
        by=kill.by if kill else "",
        gate_closed_ms=stamps.get("gate_closed"),
        cancels_sent_ms=stamps.get("cancels_sent"),
        first_zero_ms=stamps.get("first_zero"),
        certified_zero_ms=stamps.get("certified_zero"),
        canceled=report.canceled if report else (state.canceled if state else 0),
        total=state.total if state else 0,
        unverified=_unverified(state, report),
        text=report.problem if report else "",
    )


def _unverified(state: KillState | None, report: SweepReport | None) -> tuple[str, ...]:
    if report is None:
        return state.unverified if state is not None else ()
    if report.still_open == 0:
        return ()
    return (f"BIN {'?' if report.still_open is None else report.still_open}",)
