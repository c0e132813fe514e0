"""The two status lines: what must be seen at any width comes first, the rest is dropped whole."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from veloz_tui.domain.types import SECOND, BreakerState, ChannelState, InstrumentId, Mode, Side, TradingState
from veloz_tui.domain.views import KillView, VenueView, View
from veloz_tui.tui import fmt, table, texts
from veloz_tui.tui.glyphs import Glyphs
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Line, Span
from veloz_tui.tui.wrapping import wrapped

_BADGES: Final = {
    Mode.DEMO: "mode_demo", Mode.PAPER: "mode_paper", Mode.TEST: "mode_test", Mode.LIVE: "mode_live",
}  # fmt: skip
_STATE_TONES: Final = {
    TradingState.READY: "good",
    TradingState.REDUCE_ONLY: "warn",
    TradingState.CANCEL_ONLY: "warn",
    TradingState.HALTED: "crit",
}
SPLIT_PNL_FROM: Final = 110


class Part(NamedTuple):
    """A piece of a status line; a higher priority number goes first when there is no room."""

    priority: int
    spans: Line


class Terminal(NamedTuple):
    """What the console knows about itself."""

    kill_tested: bool = False
    rtt_ms: float | None = None
    frames_per_second: float = 0.0
    is_slow: bool = False
    link_lost_s: float | None = None
    is_observer: bool = False
    frozen_s: float | None = None


def lines(
    view: View,
    *,
    width: int,
    names: Names,
    glyphs: Glyphs,
    instrument_id: InstrumentId | None,
    terminal: Terminal,
) -> Sequence[Line]:
    """Status lines 1 and 2."""
    first = _first(
        view, width=width, names=names, glyphs=glyphs, instrument_id=instrument_id, terminal=terminal
    )
    second = _second(view, width=width, names=names, glyphs=glyphs, terminal=terminal)
    return [joined(first, width, glyphs), joined(second, width, glyphs)]


def joined(parts: list[Part], width: int, glyphs: Glyphs) -> Line:
    """Parts with gutters between them; whole parts are dropped until they fit."""
    kept = list(parts)
    while len(kept) > 1 and _length(kept) > width:
        kept.remove(max(kept, key=lambda part: part.priority))
    line: list[Span] = []
    for at, part in enumerate(kept):
        if at:
            line.append((glyphs.gutter, "bar/gutter"))
        line += [
            (text, tone if tone.startswith("mode") or tone == "crit" else f"bar/{tone}")
            for text, tone in part.spans
        ]
    return (*line, ("", "bar"))


def _length(parts: list[Part]) -> int:
    return sum(table.length(part.spans) for part in parts) + len(parts) - 1


def _first(
    view: View,
    *,
    width: int,
    names: Names,
    glyphs: Glyphs,
    instrument_id: InstrumentId | None,
    terminal: Terminal,
) -> list[Part]:
    status = view.status
    parts = [Part(0, (mode_badge(status.mode, glyphs), (" ", "base"), *state_badge(view, glyphs)))]
    if terminal.frozen_s is not None:
        parts.append(Part(0, ((f" {texts.screens.frozen(terminal.frozen_s)} ", "warn"),)))
    if status.way_out and status.trading_state is TradingState.REDUCE_ONLY:
        way_out = fmt.clean(status.way_out).partition(" and ")[0]  # the next one once this is done
        parts.append(Part(2, ((f" {way_out} ", "warn"),)))
    if instrument_id is not None:
        parts.append(_instrument(view, instrument_id, names, glyphs, width))
    parts.append(_pnl(view, width))
    if terminal.is_observer:
        parts.append(Part(2, ((" READ-ONLY ", "warn"),)))
    if status.orders_in_doubt and width < SPLIT_PNL_FROM:
        parts.append(Part(2, ((f" doubt {status.orders_in_doubt} ", "warn"),)))
    if status.alerts_unacknowledged:
        parts.append(Part(1, ((f" !{status.alerts_unacknowledged} ", "warn"),)))
    parts.append(Part(5, ((f" {fmt.clock(status.at, seconds=width >= SPLIT_PNL_FROM)}", "muted"),)))
    return parts


def mode_badge(mode: Mode, glyphs: Glyphs) -> Span:
    """Word, shape and color."""
    shape = glyphs.square if mode is Mode.LIVE else ""
    return f" {shape}{mode.value} ", _BADGES[mode]


def state_badge(view: View, glyphs: Glyphs) -> Line:
    """A second badge, never instead of the mode."""
    state = view.status.trading_state
    shape = glyphs.square if state is TradingState.HALTED else ""
    spans: Line = ((f"{shape}{texts.names.STATES[state]} ", _STATE_TONES[state]),)
    if view.status.is_paused:
        spans = (*spans, (f"{texts.names.PAUSED} ", "warn"))
    return spans


def _instrument(view: View, instrument_id: InstrumentId, names: Names, glyphs: Glyphs, width: int) -> Part:
    book = next((each for each in view.books if each.instrument_id == instrument_id), None)
    instrument = names.instrument(instrument_id)
    last = None if instrument is None else instrument.last
    side = None if book is None else book.last_side
    arrow, tone = "", "base"
    if side is not None:
        arrow, tone = (glyphs.up, "up") if side is Side.BUY else (glyphs.down, "down")
    name = names.display(instrument_id) if width >= SPLIT_PNL_FROM else names.pair(instrument_id)
    spans: list[Span] = [(f" {name} ", "base"), (f"{names.price(instrument_id, last)}{arrow} ", tone)]
    change = None if instrument is None else instrument.change_fraction
    if change is not None and width >= 100:
        spans.append((f"{fmt.signed_percent(change * 100)} ", rows.money_tone(change)))
    return Part(3, tuple(spans))


def _pnl(view: View, width: int) -> Part:
    account = view.account
    spans: list[Span] = [(" day ", "base"), (fmt.signed(account.day_pnl), rows.money_tone(account.day_pnl))]
    if width >= SPLIT_PNL_FROM:
        fees = None if account.day_fees is None else -account.day_fees
        split = (("real", account.day_realized), ("unrl", account.day_unrealized), ("fee", fees))
        spans.append((f" ({' '.join(f'{name} {fmt.signed(value)}' for name, value in split)})", "muted"))
    return Part(1, (*spans, (" ", "base")))


def _second(view: View, *, width: int, names: Names, glyphs: Glyphs, terminal: Terminal) -> list[Part]:
    if terminal.link_lost_s is not None:
        return [Part(0, ((f" {texts.link.lost(terminal.link_lost_s)} ", "crit"),)), _kill_part(terminal)]
    account, status = view.account, view.status
    parts = [Part(1 + at, _venue(venue, glyphs, status.at)) for at, venue in enumerate(view.venues)]
    places = 2 if width >= SPLIT_PNL_FROM else 0
    money = f" eq {fmt.number(account.equity, places)} free {fmt.number(account.free, places)} "
    parts.append(Part(3, ((money, "base"),)))
    if account.drawdown_fraction is not None:
        parts.append(Part(5, ((f" dd {fmt.percent(account.drawdown_fraction * 100)} ", "base"),)))
    cap = "" if status.orders_cap is None else f"/{status.orders_cap}"
    orders: Line = ((f" ord {status.orders_open}{cap} ", "base"),)
    if status.orders_in_doubt and width >= SPLIT_PNL_FROM:
        orders = (*orders, (f"doubt {status.orders_in_doubt} ", "warn"))
    parts.append(Part(4, orders))
    if status.journal not in {"", "power"}:
        parts.append(Part(2, ((f" journal {fmt.clean(status.journal)} ", "warn"),)))
    if status.guardian and status.guardian != "ok":
        parts.append(Part(2, ((f" guardian {fmt.clean(status.guardian)} ", "warn"),)))
    parts.append(_kill_part(terminal))
    if terminal.rtt_ms is not None:
        rate = f" tty {fmt.milliseconds(terminal.rtt_ms)}ms {terminal.frames_per_second:.0f}fps"
        parts.append(Part(8, ((rate + (" slow" if terminal.is_slow else ""), "muted"),)))
    return parts


def _kill_part(terminal: Terminal) -> Part:
    text = texts.kill.OK if terminal.kill_tested else texts.kill.UNTESTED
    return Part(0, ((f" {text} ", "good" if terminal.kill_tested else "warn"),))


def _venue(venue: VenueView, glyphs: Glyphs, now: int) -> Line:
    shapes = {ChannelState.READY: (glyphs.ready, "good"), ChannelState.DOWN: (glyphs.offline, "crit")}
    shape = shapes.get(venue.state, (glyphs.syncing, "warn"))
    spans: list[Span] = [(f" {fmt.clean(venue.code)} ", "base"), shape]
    if venue.state is not ChannelState.READY:
        spans.append((f" {venue.state.value} {fmt.clean(venue.reason)}".rstrip(), "warn"))
    else:
        figures = f" md {fmt.milliseconds(venue.market_age_ms)} rtt {fmt.milliseconds(venue.round_trip_ms)}"
        spans.append((figures, "base"))
        if venue.rate_used is not None:
            spans.append((f" rate {venue.rate_used * 100:.0f}%", "warn" if venue.rate_used > 0.8 else "base"))
    if venue.breaker is not BreakerState.CLOSED:
        spans.append((f" brk {venue.breaker.value} {fmt.clean(venue.breaker_text)}".rstrip(), "warn"))
    if venue.door_closed_until is not None and venue.door_closed_until > now:
        spans.append((f" DOOR CLOSED {fmt.age((venue.door_closed_until - now) / SECOND)}", "crit"))
    return (*spans, (" ", "base"))


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
    if view is None:
        return [((texts.link.WAITING[:width], "warn"),), ((kill_line[:width], "base"),)][:height]
    badge, tone = mode_badge(view.status.mode, glyphs)
    pnl = view.account.day_pnl
    state: Line = () if width < 16 else ((" ", "base"), *state_badge(view, glyphs))
    everything: Sequence[Line] = [
        ((badge.strip()[:width], tone), *state),
        ((kill_line[:width], "crit" if "KILL?" in kill_line else "base"),),
        ((fmt.fit_text(f"day {fmt.signed(pnl)}", width), rows.money_tone(pnl)),),
        ((f"!{view.status.alerts_unacknowledged} alerts"[:width], "base"),),
        ((texts.link.CANT_GO_ON[:width], "muted"),),
    ]
    return everything[:height]


def terminal_title(view: View, names: Names, instrument_id: InstrumentId | None) -> str:
    """`!2 ■LIVE BTC 64,123 +311` for the window's title; no control characters can get in."""
    alerts = f"!{view.status.alerts_unacknowledged} " if view.status.alerts_unacknowledged else ""
    instrument = None if instrument_id is None else names.instrument(instrument_id)
    last = "" if instrument is None else f" {fmt.clean(instrument.base)} {fmt.number(instrument.last, 0)}"
    pnl = view.account.day_pnl
    return fmt.clean(f"{alerts}{view.status.mode.value}{last} {fmt.signed(pnl and Decimal(round(pnl)), 0)}")
