"""The status lines when something outweighs the figures: the kill question, a halt, a screen too small."""

from collections.abc import Sequence
from decimal import Decimal

from veloz_tui.domain.types import InstrumentId
from veloz_tui.domain.views import KillView, View
from veloz_tui.tui import fmt, table, texts
from veloz_tui.tui.glyphs import Glyphs
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import rows
from veloz_tui.tui.panes.status import mode_badge, state_badge
from veloz_tui.tui.table import Line
from veloz_tui.tui.wrapping import wrapped


def kill_banner(view: View | None, *, width: int, chord: str, remaining_s: float) -> Sequence[Line]:
    """Both lines red, in place: exactly what the second stroke does."""
    consequences = texts.kill.unknown()
    if view is not None:
        kill = view.kill
        consequences = texts.kill.consequences(
            strategies=kill.would_stop,
            orders=kill.would_cancel,
            venues=kill.venues,
            stops=kill.would_cancel_stops,
            unprotected=fmt.clean(kill.unprotected),
        )
    question = texts.kill.question(chord, consequences)
    # What doesn't fit the first line goes on in the second: at 80 columns no consequence is lost.
    first, rest = wrapped(question, width - 1)
    second = rest or texts.kill.second_line(remaining_s)
    return [((f" {first}", "crit"), ("", "crit")), ((f" {second}", "crit"), ("", "crit"))]


def halted_lines(view: View, *, width: int, glyphs: Glyphs) -> Sequence[Line]:
    """After a kill: what is certain, what isn't, what is still open, and the way out."""
    kill = view.kill
    parts = [f"canceled {kill.canceled}/{kill.total}" if kill.total else "", *_evidence(kill)]
    at = fmt.clock(kill.at) if kill.at is not None else fmt.clock(view.status.at)
    text = f"{glyphs.square} {texts.kill.halted(at, fmt.clean(kill.by), parts)}. {texts.kill.REARM_HINT}"
    badge = mode_badge(view.status.mode, glyphs)
    first, rest = wrapped(text, width - 1 - table.length((badge,)))
    lines: list[Line] = [(badge, (f" {first}", "crit"), ("", "crit"))]
    return [*lines, ((f" {rest}", "crit"), ("", "crit"))] if rest else lines


def _evidence(kill: KillView) -> list[str]:
    parts = [f"{fmt.clean(venue)} unverified" for venue in kill.unverified]
    if kill.certified_zero_ms is not None:
        parts.append(f"certified zero {fmt.milliseconds(kill.certified_zero_ms)}")
    elif kill.first_zero_ms is not None:
        parts.append("zero seen, certifying")
    if kill.open_positions:
        parts.append(fmt.clean(kill.open_positions))
    if kill.text:
        parts.append(fmt.clean(kill.text))
    return parts


def tiny(view: View | None, *, width: int, height: int, kill_line: str, glyphs: Glyphs) -> Sequence[Line]:
    """Below 40x10: mode, PnL, alerts, the kill key and the size needed."""
    size = next((text for text in texts.link.CANT_GO_ON if len(text) <= width), texts.link.CANT_GO_ON[-1])
    kill: Line = ((kill_line[:width], "crit" if "KILL?" in kill_line else "base"),)
    if view is None:
        return [((texts.link.WAITING[:width], "warn"),), kill, ((size[:width], "muted"),)][:height]
    badge, tone = mode_badge(view.status.mode, glyphs)
    pnl = view.account.day_pnl
    state: Line = () if width < 16 else ((" ", "base"), *state_badge(view, glyphs))
    forms = [f"day {fmt.signed(pnl)}", f"day {fmt.signed(pnl, 0)}", fmt.signed(pnl, 0)]
    day = next((text for text in forms if len(text) <= width), "#" * width)
    everything: Sequence[Line] = [
        ((badge.strip()[:width], tone), *state),
        kill,
        ((day, rows.money_tone(pnl)),),
        ((f"!{view.status.alerts_unacknowledged} alerts"[:width], "base"),),
        ((size[:width], "muted"),),
    ]
    return everything[:height]


def terminal_title(view: View, names: Names, instrument_id: InstrumentId | None, glyphs: Glyphs) -> str:
    """`!2 ■LIVE BTC 64,123 +311` for the window's title; no control characters can get in."""
    alerts = f"!{view.status.alerts_unacknowledged} " if view.status.alerts_unacknowledged else ""
    instrument = None if instrument_id is None else names.instrument(instrument_id)
    last = "" if instrument is None else f" {fmt.clean(instrument.base)} {fmt.number(instrument.last, 0)}"
    pnl = view.account.day_pnl
    badge = mode_badge(view.status.mode, glyphs)[0].strip()
    return fmt.clean(f"{alerts}{badge}{last} {fmt.signed(pnl and Decimal(round(pnl)), 0)}")
