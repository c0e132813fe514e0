"""The two status lines: what must be seen comes first, the rest is shortened, then dropped whole."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from veloz_tui.domain.types import SECOND, BreakerState, ChannelState, InstrumentId, Mode, Side, TradingState
from veloz_tui.domain.views import AccountView, VenueView, View
from veloz_tui.tui import fmt, table, texts
from veloz_tui.tui.glyphs import Glyphs
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Line, Span

_BADGES: Final = {
    Mode.DEMO: "mode_demo", Mode.PAPER: "mode_paper", Mode.TEST: "mode_test", Mode.LIVE: "mode_live",
}  # fmt: skip
_STATE_TONES: Final = {
    TradingState.READY: "good",
    TradingState.REDUCE_ONLY: "warn",
    TradingState.CANCEL_ONLY: "warn",
    TradingState.HALTED: "crit",
}
ROOMY_FROM: Final = 110
"""From here on: blanks around the gutters, seconds, cents, and the doubts beside the orders."""
_MS_DIGITS: Final = 3
_CENT: Final = Decimal("0.01")


class Part(NamedTuple):
    """A piece of a status line, its shortest form first. The forms with the lowest numbers get the room.

    `spare`: cells to keep free because its figures may grow, so that parts don't come and go with a digit.
    """

    forms: tuple[tuple[int, Line], ...]
    spare: int = 0


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
    second = _second(view, width=width, glyphs=glyphs, terminal=terminal)
    return [joined(first, width, glyphs), joined(second, width, glyphs)]


def joined(parts: Sequence[Part], width: int, glyphs: Glyphs) -> Line:
    """Parts with gutters between them, each in the longest form there is room for, or dropped whole."""
    gap = 3 if width >= ROOMY_FROM else 1
    blank = " " * (gap // 2)
    line: list[Span] = []
    for form in _fitted(parts, width - 1, gap):
        if line:
            line += [(blank, "bar"), (glyphs.gutter, "bar/gutter"), (blank, "bar")]
        elif not form[0][1].startswith("mode"):
            line.append((" ", "bar"))
        line += [(text, _on_bar(tone)) for text, tone in form]
    return (*(span for span in line if span[0]), ("", "bar"))


def _on_bar(tone: str) -> str:
    return tone if tone.startswith("mode") or tone == "crit" else f"bar/{tone}"


def _fitted(parts: Sequence[Part], width: int, gap: int) -> list[Line]:
    chosen: dict[int, Line] = {}
    offered = [(rank, at, form) for at, part in enumerate(parts) for rank, form in part.forms]
    for _, at, form in sorted(offered, key=lambda each: each[:2]):
        tried = chosen | {at: form}
        cells = sum(table.length(each) + parts[place].spare for place, each in tried.items())
        if cells + gap * (len(tried) - 1) <= width:
            chosen = tried
    return [chosen[at] for at in sorted(chosen)]


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
    state: Line = state_badge(view, glyphs)
    if terminal.link_lost_s is not None:
        state = ((texts.link.STATE_UNKNOWN, "crit"),)  # what was true a while ago must not look true
    parts = [_part(0, mode_badge(status.mode, glyphs), (" ", "base"), *state)]
    if terminal.frozen_s is not None:
        parts.append(_part(0, (texts.screens.frozen(terminal.frozen_s), "warn")))
    if status.way_out and status.trading_state is TradingState.REDUCE_ONLY:
        way_out = fmt.clean(status.way_out).partition(" and ")[0]  # the next one once this is done
        parts.append(_part(2, (way_out, "warn")))
    if instrument_id is not None:
        parts.append(_instrument(view, instrument_id, names, glyphs, is_roomy=width >= ROOMY_FROM))
    parts.append(Part(pnl_forms(view.account, is_roomy=width >= ROOMY_FROM)))
    if terminal.is_observer:
        parts.append(_part(2, ("READ-ONLY", "warn")))
    if status.orders_in_doubt and width < ROOMY_FROM:
        parts.append(_part(2, (f"doubt {status.orders_in_doubt}", "warn")))
    if status.alerts_unacknowledged:
        parts.append(_part(1, (f"!{status.alerts_unacknowledged}", "warn")))
    parts.append(_part(5, (fmt.clock(status.at, seconds=width >= ROOMY_FROM), "muted")))
    return parts


def _part(priority: int, *spans: Span) -> Part:
    return Part(((priority, spans),))


def mode_badge(mode: Mode, glyphs: Glyphs) -> Span:
    """Word, shape and color."""
    shape = glyphs.square if mode is Mode.LIVE else ""
    return f" {shape}{mode.value} ", _BADGES[mode]


def state_badge(view: View, glyphs: Glyphs) -> Line:
    """A second badge, never instead of the mode."""
    state = view.status.trading_state
    shape = glyphs.square if state is TradingState.HALTED else ""
    spans: Line = ((f"{shape}{texts.names.STATES[state]}", _STATE_TONES[state]),)
    if view.status.is_paused:
        spans = (*spans, (f" {texts.names.PAUSED}", "warn"))
    return spans


def _instrument(
    view: View, instrument_id: InstrumentId, names: Names, glyphs: Glyphs, *, is_roomy: bool
) -> Part:
    book = next((each for each in view.books if each.instrument_id == instrument_id), None)
    instrument = names.instrument(instrument_id)
    last = None if instrument is None else instrument.last
    side = None if book is None else book.last_side
    arrow, tone = "", "base"
    if side is not None:
        arrow, tone = (glyphs.up, "up") if side is Side.BUY else (glyphs.down, "down")
    price: Span = (f"{names.price(instrument_id, last)}{arrow}", tone)
    short: Line = ((f"{names.pair(instrument_id)} ", "base"), price)
    change = None if instrument is None else instrument.change_fraction
    if change is None:
        return _part(3, *short)
    moved: Span = (f" {fmt.signed_percent(change * 100)}", rows.money_tone(change))
    long: Line = ((f"{names.display(instrument_id)} ", "base"), price, moved)
    return Part(((3, short), (7, (*short, moved)), *(((8, long),) if is_roomy else ())))


def pnl_forms(account: AccountView, *, is_roomy: bool) -> tuple[tuple[int, Line], ...]:
    """The day's result: split where there is room."""
    day: Line = (("day ", "base"), (fmt.signed(account.day_pnl), rows.money_tone(account.day_pnl)))
    real, open_pnl = account.day_realized, account.day_unrealized
    brief = f" r{fmt.signed(real, 0)} u{fmt.signed(open_pnl, 0)}"
    forms: tuple[tuple[int, Line], ...] = ((1, day), (6, (*day, (brief, "muted"))))
    if not is_roomy:
        return forms
    fees = None if account.day_fees is None else -account.day_fees
    split = (("real", real), ("unrl", open_pnl), ("fee", fees))
    told = " ".join(f"{name} {fmt.signed(value)}" for name, value in split)
    forms = (*forms, (6, (*day, (f" ({told})", "muted"))))
    rest = _rest_of_day(account)
    return (*forms, (9, (*day, (f" ({told} other {rest})", "muted")))) if rest else forms


def _rest_of_day(account: AccountView) -> str:
    """What the split doesn't explain: balances that changed in price, positions from before the day."""
    parts = (account.day_pnl, account.day_realized, account.day_unrealized, account.day_fees)
    day, real, open_pnl, fees = parts
    if day is None or real is None or open_pnl is None or fees is None:
        return ""
    rest = day - real - open_pnl + fees
    return fmt.signed(rest) if abs(rest) >= _CENT else ""


def _second(view: View, *, width: int, glyphs: Glyphs, terminal: Terminal) -> list[Part]:
    if terminal.link_lost_s is not None:
        return [_part(0, (texts.link.lost(terminal.link_lost_s), "crit")), _kill_part(terminal)]
    account, status = view.account, view.status
    is_roomy = width >= ROOMY_FROM
    parts: list[Part] = []
    for at, venue in enumerate(view.venues):
        parts += _venue(venue, glyphs, status.at, priority=1 + at)
    parts.append(Part(_money(account, is_roomy=is_roomy)))
    if account.drawdown_fraction is not None:
        parts.append(_part(5, (f"dd {fmt.percent(account.drawdown_fraction * 100)}", "base")))
    cap = "" if status.orders_cap is None else f"/{status.orders_cap}"
    orders: Line = ((f"ord {status.orders_open}{cap}", "base"),)
    if status.orders_in_doubt and is_roomy:
        orders = (*orders, (f" doubt {status.orders_in_doubt}", "warn"))
    parts.append(_part(4, *orders))
    if status.journal not in {"", "power"}:
        parts.append(_part(2, (f"journal {fmt.clean(status.journal)}", "warn")))
    if status.guardian and status.guardian != "ok":
        parts.append(_part(2, (f"guardian {fmt.clean(status.guardian)}", "warn")))
    parts.append(_kill_part(terminal))
    if terminal.rtt_ms is not None:
        rtt = f"tty {fmt.milliseconds(terminal.rtt_ms, unit=True)}"
        rate = f" {terminal.frames_per_second:.0f}fps{' slow' if terminal.is_slow else ''}"
        parts.append(Part(((8, ((rtt, "muted"),)), (9, ((rtt + rate, "muted"),)))))
    return parts


def _money(account: AccountView, *, is_roomy: bool) -> tuple[tuple[int, Line], ...]:
    def form(places: int, *, has_free: bool) -> Line:
        free = f" free {fmt.number(account.free, places)}" if has_free else ""
        return ((f"eq {fmt.number(account.equity, places)}{free}", "base"),)

    whole = ((3, form(0, has_free=False)), (4, form(0, has_free=True)))
    return (*whole, (6, form(2, has_free=True))) if is_roomy else whole


def _kill_part(terminal: Terminal) -> Part:
    text = texts.kill.OK if terminal.kill_tested else texts.kill.UNTESTED
    return _part(0, (text, "good" if terminal.kill_tested else "warn"))


def _venue(venue: VenueView, glyphs: Glyphs, now: int, *, priority: int) -> list[Part]:
    """The venue's figures, and as parts of their own what is wrong there."""
    code = fmt.clean(venue.code)
    shapes = {ChannelState.READY: (glyphs.ready, "good"), ChannelState.DOWN: (glyphs.offline, "crit")}
    name: Line = ((f"{code} ", "base"), shapes.get(venue.state, (glyphs.syncing, "warn")))
    if venue.state is not ChannelState.READY:
        brief: Line = (*name, (f" {venue.state.value}", "warn"))
        reason = fmt.clean(venue.reason)
        told: Line = (*brief, (f" {reason}", "warn"))
        parts = [Part(((priority, brief), (2, told) if reason else (priority, brief)))]
    else:
        parts = [_figures(venue, name, priority)]
    if venue.breaker is not BreakerState.CLOSED:
        said = fmt.clean(venue.breaker_text) or f"brk {venue.breaker.value}"
        state = " ".join(said.split()[:2])
        parts.append(Part(((1, ((f"{code} {state}", "warn"),)), (2, ((f"{code} {said}", "warn"),)))))
    if venue.door_closed_until is not None and venue.door_closed_until > now:
        closed_s = (venue.door_closed_until - now) / SECOND
        parts.append(_part(1, (f"{code} DOOR CLOSED {fmt.age(closed_s)}", "crit")))
    return parts


def _figures(venue: VenueView, name: Line, priority: int) -> Part:
    ages = [fmt.milliseconds(venue.market_age_ms), fmt.milliseconds(venue.round_trip_ms)]
    brief: Line = (*name, (f" md {ages[0]} rtt {ages[1]}", "base"))
    forms = [(priority, name), (2, (*name, (f" md {ages[0]}", "base"))), (2, brief)]
    if venue.rate_used is not None:
        tone = "warn" if venue.rate_used > 0.8 else "base"
        forms.append((7, (*brief, (f" rate {venue.rate_used * 100:.0f}%", tone))))
    if venue.protection:
        forms.append((9, (*forms[-1][1], (f" {fmt.clean(venue.protection)}", "muted"))))
    return Part(tuple(forms), sum(max(0, _MS_DIGITS - len(age)) for age in ages))
