"""The screens behind g: what the View says of risk, of health, and what this console was told."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from veloz_tui.domain.types import BreakerState, ChannelState
from veloz_tui.domain.views import LogEntry, VenueView, View
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.grid import GridRow, PaneContent
from veloz_tui.tui.keymap import DEFAULT
from veloz_tui.tui.names import Names
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.panes import rows
from veloz_tui.tui.panes.positions import held
from veloz_tui.tui.table import Column, Row
from veloz_tui.tui.wrapping import wrapped_lines

Fact = tuple[str, str, str]
"""Label, value, tone."""
_LABEL: Final = 18
_LINES: Final = 4
_NEAR_LIMIT: Final = Decimal("0.8")
_HISTORY: Final = frozenset({"order", "fill", "denied", "kill"})


def history(log: Iterable[LogEntry], *, width: int) -> PaneContent:
    """What became of orders, newest first."""
    told = [entry for entry in log if entry.kind in _HISTORY]
    lines = [
        Row(str(entry.seq), ((fmt.clock(entry.at)[:-1], "muted"), (fmt.clean(entry.text), "base")))
        for entry in reversed(told)
    ]
    columns = (Column("time"), Column("what", priority=1, max_width=max(10, width - 9), least=10))
    return rows.content(
        "history", columns, lines, width=width, title=f"{texts.names.TITLES['history']} {len(lines)}"
    )


def risk(view: View, names: Names, *, width: int) -> PaneContent:
    """How much is at stake, and how near the limits are."""
    status, account = view.status, view.account
    drawdown = account.drawdown_fraction
    facts: list[Fact] = [
        ("trading", f"{texts.names.STATES[status.trading_state]}  {fmt.clean(status.state_reason)}", "base"),
        ("way out", fmt.clean(status.way_out), "warn"),
        ("equity", f"{fmt.number(account.equity, 2)} {fmt.clean(account.quote)}", "base"),
        ("free", fmt.number(account.free, 2), "base"),
        ("day", *rows.money(account.day_pnl)),
        ("  realized", *rows.money(account.day_realized)),
        ("  unrealized", *rows.money(account.day_unrealized)),
        ("  fees paid", fmt.number(account.day_fees, 2), "base"),
        ("drawdown", fmt.percent(None if drawdown is None else drawdown * 100), "base"),
        (
            "orders / cap",
            f"{status.orders_open} / {fmt.UNKNOWN if status.orders_cap is None else status.orders_cap}",
            "base",
        ),
        ("in doubt", str(status.orders_in_doubt), "warn" if status.orders_in_doubt else "base"),
        *_positions(view, names),
        ("a kill would", _kill(view), "base"),
        *(
            (f"{fmt.clean(venue.code)} without us", fmt.clean(venue.protection), "base")
            for venue in view.venues
        ),
    ]
    return _page("risk", facts, width)


def _positions(view: View, names: Names) -> list[Fact]:
    facts: list[Fact] = []
    for position in held(view):
        limit = position.limit_fraction
        text = (
            f"{fmt.signed(position.quantity, 8).rstrip('0').rstrip('.')}  {rows.fraction(limit)} of limit  "
            f"unrl {fmt.signed(position.unrealized)}  {'stop' if position.has_stop else 'NO stop'}"
        )
        is_near = limit is not None and limit >= _NEAR_LIMIT
        facts.append((names.display(position.instrument_id), text, "warn" if is_near else "base"))
    return facts


def _kill(view: View) -> str:
    kill = view.kill
    return texts.kill.consequences(
        strategies=kill.would_stop,
        orders=kill.would_cancel,
        venues=kill.venues,
        stops=kill.would_cancel_stops,
        unprotected=fmt.clean(kill.unprotected),
    )


def health(view: View, *, width: int) -> PaneContent:
    """Engine, guardian, journal, and every venue's channels."""
    status = view.status
    facts: list[Fact] = [
        (
            "engine",
            f"pid {status.engine_pid}  version {fmt.clean(status.version)}",
            "base",
        ),
        (
            "engine lag",
            f"{fmt.UNKNOWN if status.engine_lag_ms is None else f'{status.engine_lag_ms:.1f}'} ms",
            "base",
        ),
        ("profile", fmt.clean(status.profile), "base"),
        ("journal", fmt.clean(status.journal), "base"),
        ("guardian", fmt.clean(status.guardian), "good" if status.guardian == "ok" else "warn"),
        ("control", fmt.clean(status.controller) or texts.names.NOBODY, "base"),
        ("on detach", fmt.clean(status.on_detach), "base"),
    ]
    for venue in view.venues:
        facts += _venue(venue)
    return _page("health", facts, width)


def _venue(venue: VenueView) -> list[Fact]:
    def figure(value: float | None, unit: str, factor: int = 1) -> str:
        return fmt.UNKNOWN if value is None else f"{value * factor:,.0f}{unit}"

    code = fmt.clean(venue.code)
    is_ready = venue.state is ChannelState.READY
    figures = (
        f"market data {figure(venue.market_age_ms, ' ms')}  order RTT {figure(venue.round_trip_ms, ' ms')}  "
        f"clock {figure(venue.clock_offset_ms, ' ms')}  rate {figure(venue.rate_used, '%', 100)}"
    )
    breaker = venue.breaker is BreakerState.CLOSED
    return [
        (code, f"{venue.state}  {fmt.clean(venue.reason)}", "good" if is_ready else "warn"),
        ("", figures, "base"),
        *(
            (f"  {fmt.clean(name)}", str(state), "base" if state is ChannelState.READY else "warn")
            for name, state in venue.channels.items()
        ),
        ("  breaker", f"{venue.breaker}  {fmt.clean(venue.breaker_text)}", "base" if breaker else "warn"),
    ]


def settings(options: ConsoleOptions, *, width: int) -> PaneContent:
    """What this console was started with; all of it is changed in the settings file."""
    sizes = [
        f"{fmt.clean(str(instrument_id))} {' '.join(fmt.compact(size) for size in sizes)}"
        for instrument_id, sizes in options.sizes.items()
    ]
    usual = {action.id: action.chords for action in DEFAULT}
    keys = [
        f"{name}: {' '.join(chords) or '-'}"
        for name, chords in options.keymap.items()
        if tuple(chords) != usual.get(name)
    ]
    facts: list[Fact] = [
        (
            "theme",
            f"{options.theme}  colors {options.colors}{'  no color' if options.no_color else ''}",
            "base",
        ),
        ("refresh", f"{options.refresh_hz:g} Hz", "base"),
        ("mouse", _yes(is_so=options.has_mouse), "base"),
        ("bell", _yes(is_so=options.has_bell), "base"),
        ("observer", _yes(is_so=options.is_observer), "base"),
        ("sizes", ";  ".join(sizes) or texts.names.BUILT_IN, "base"),
        ("keys changed", ";  ".join(fmt.clean(each) for each in keys) or texts.names.NONE, "base"),
    ]
    return _page("settings", facts, width)


def _yes(*, is_so: bool) -> str:
    return "yes" if is_so else "no"


def _page(name: str, facts: Sequence[Fact], width: int) -> PaneContent:
    lines: list[GridRow] = []
    for at, (label, value, tone) in enumerate(facts):
        if not value.strip():
            continue
        first, *more = wrapped_lines(value.strip(), max(10, width - _LABEL - 3), _LINES)
        lines.append(GridRow(f"{at}", ((f" {fmt.fit_text(label, _LABEL)} ", "muted"), (first, tone))))
        lines += [GridRow("", ((" " * (_LABEL + 2), "muted"), (line, tone))) for line in more]
    return PaneContent(f"{texts.names.TITLES[name]}   {texts.screens.PAGE_KEYS}", rows=tuple(lines))
