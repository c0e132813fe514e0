"""`status`, `orders`, `positions`, `watch`: what the engine says, as text or JSON."""

import asyncio
from collections.abc import Iterable, Sequence

import click
import msgspec

from veloz_tui.commands.kill import halted_text
from veloz_tui.commands.profile import Profile, emit, emit_json, json_option
from veloz_tui.control.client import fetch_view
from veloz_tui.control.connection import Greeting, open_connection
from veloz_tui.control.errors import EngineNotRunning, LinkLost
from veloz_tui.control.grammar_values import position_text, quantity_text
from veloz_tui.control.guardian import GuardianStatus, GuardianStatusRequest, ask_guardian
from veloz_tui.control.identity import own_name
from veloz_tui.control.messages import Entries, Snapshot
from veloz_tui.domain.errors import VelozError
from veloz_tui.domain.order import TERMINAL
from veloz_tui.domain.types import BreakerState
from veloz_tui.domain.views import (
    AlertView,
    InstrumentView,
    LogEntry,
    OrderView,
    PositionView,
    VenueView,
    View,
)
from veloz_tui.tui import fmt
from veloz_tui.tui.plain import headline, render


@click.command()
@json_option
@click.pass_obj
def status(profile: Profile, *, as_json: bool) -> int:
    """Show mode, state, money, venues, alerts and the guardian.

    Ends with 4 when no engine is running.

    \b
    veloz status
    veloz status --json | jq .status.trading_state
    """
    guardian = _guardian(profile)
    try:
        view = fetch_view(profile.paths)
    except EngineNotRunning:
        if guardian is not None and not as_json:
            emit(_guardian_line(guardian))
        raise
    if as_json:
        emit_json(_status_tree(view, guardian))
        return 0
    emit("\n".join(_status_lines(view, guardian)))
    return 0


@click.command()
@json_option
@click.pass_obj
def orders(profile: Profile, *, as_json: bool) -> int:
    """List open orders.

    \b
    veloz orders --json | jq '.[].client_order_id'
    """
    view = fetch_view(profile.paths)
    found = tuple(one for one in view.orders if one.status not in TERMINAL)
    if as_json:
        emit_json(found)
        return 0
    known = {one.instrument_id: one for one in view.instruments}
    head = ("id", "instrument", "side", "type", "price", "left", "of", "status", "by")
    rows = [_order_row(one, known.get(one.instrument_id)) for one in found]
    emit(_table(head, rows) if found else "no open orders")
    return 0


@click.command()
@json_option
@click.pass_obj
def positions(profile: Profile, *, as_json: bool) -> int:
    """List positions.

    \b
    veloz positions --json
    """
    view = fetch_view(profile.paths)
    held = tuple(one for one in view.positions if one.quantity)
    if as_json:
        emit_json(held)
        return 0
    known = {one.instrument_id: one for one in view.instruments}
    head = ("instrument", "quantity", "entry", "b/even", "mark", "unrealized", "realized today", "stop")
    emit(
        _table(head, [_position_row(one, known.get(one.instrument_id)) for one in held])
        if held
        else "no positions"
    )
    return 0


@click.command()
@click.option("--plain", is_flag=True, help="The whole block at each interval, not only the log.")
@click.option("--every", default=1.0, show_default=True, type=click.FloatRange(0.1, 3600), help="Seconds.")
@click.option("--count", type=click.IntRange(1), help="End after so many blocks.")
@json_option
@click.pass_obj
def watch(profile: Profile, *, plain: bool, every: float, count: int | None, as_json: bool) -> int:
    """Print what happens, line by line, without a screen. Ctrl+C ends it.

    \b
    veloz watch                      fills, order changes, alerts
    veloz watch --plain --every 5    the plain view every 5 seconds
    veloz watch --json               one JSON object a line
    """
    asyncio.run(_watch(profile, shows_blocks=plain, every_s=every, count=count, as_json=as_json))
    return 0


async def _watch(
    profile: Profile, *, shows_blocks: bool, every_s: float, count: int | None, as_json: bool
) -> None:
    greeting = Greeting(name=own_name(), wants_control=False, wants_views=shows_blocks, views_hz=1 / every_s)
    paths = profile.paths
    connection = await open_connection(
        engine_path=paths.engine_socket, token_path=paths.session_token, greeting=greeting
    )
    shown = 0
    async with connection:
        while count is None or shown < count:
            message = await connection.receive()
            if isinstance(message, Snapshot):
                emit(_json_line(message.view) if as_json else render(message.view, foot=False).rstrip("\n"))
                shown += 1
            elif isinstance(message, Entries) and not shows_blocks:
                for entry in message.entries:
                    emit(_json_line(entry) if as_json else _entry_line(entry))
                    shown += 1


def _json_line(value: View | LogEntry) -> str:
    return msgspec.json.encode(value).decode()


def _entry_line(entry: LogEntry) -> str:
    return f"{fmt.timestamp(entry.at)} {entry.severity:4} {entry.kind:8} {fmt.clean(entry.text)}"


def _guardian(profile: Profile) -> GuardianStatus | None:
    try:
        reply = ask_guardian(profile.paths.guardian_socket, GuardianStatusRequest(), timeout_s=1.0)
    except (LinkLost, VelozError):
        return None
    return reply if isinstance(reply, GuardianStatus) else None


def _status_tree(view: View, guardian: GuardianStatus | None) -> dict[str, object]:
    return {
        "status": view.status,
        "kill": view.kill,
        "account": view.account,
        "venues": view.venues,
        "alerts": view.alerts,
        "guardian": guardian,
    }


def _status_lines(view: View, guardian: GuardianStatus | None) -> list[str]:
    lines = [headline(view)]
    if view.status.state_reason:
        lines.append(f"STATE {fmt.clean(view.status.state_reason)}")
    if view.kill.is_halted:
        lines.append(fmt.clean(halted_text(view.kill)))
    lines += [_venue_line(one) for one in view.venues]
    lines += [_alert_line(one) for one in view.alerts]
    lines.append(f"JOURNAL {fmt.clean(view.status.journal)}")
    lines.append(_guardian_line(guardian) if guardian is not None else "GUARDIAN not running")
    lines.append(f"CONTROL {view.status.controller or 'nobody'}")
    return lines


def _venue_line(venue: VenueView) -> str:
    parts = [f"VENUE {venue.code} {venue.state}", f"md {fmt.milliseconds(venue.market_age_ms)}"]
    parts.append(f"rtt {fmt.milliseconds(venue.round_trip_ms)}")
    if venue.breaker is not BreakerState.CLOSED:
        parts.append(f"breaker {venue.breaker} {fmt.clean(venue.breaker_text)}".rstrip())
    return " ".join([*parts, fmt.clean(venue.reason)]).rstrip()


def _alert_line(alert: AlertView) -> str:
    repeated = f" x{alert.count}" if alert.count > 1 else ""
    known = "" if not alert.is_acknowledged else " (acknowledged)"
    return f"ALERT {alert.severity} {fmt.clean(alert.text)}{repeated}{known}"


def _guardian_line(guardian: GuardianStatus) -> str:
    engine = (
        f"engine pid {guardian.engine_pid} {guardian.engine_phase}" if guardian.engine_pid else "no engine"
    )
    return f"GUARDIAN pid {guardian.pid} {engine} {fmt.clean(guardian.text)}".rstrip()


def _order_row(order: OrderView, instrument: InstrumentView | None) -> tuple[str, ...]:
    places = fmt.decimals_of(instrument.tick_size) if instrument is not None else None
    price = fmt.number(order.price, places)
    if order.stop_price is not None:
        price = f"{fmt.number(order.stop_price, places)} then {price}"
    flags = " post" * order.post_only + " reduce" * order.reduce_only
    doubt = " IN DOUBT" if order.in_doubt_since is not None else ""
    return (
        order.short_id,
        instrument.display if instrument is not None else order.instrument_id,
        order.side,
        f"{order.order_type}{flags}",
        price,
        quantity_text(order.leaves),
        quantity_text(order.quantity),
        f"{order.status}{doubt}",
        order.strategy_id,
    )


def _position_row(position: PositionView, instrument: InstrumentView | None) -> tuple[str, ...]:
    places = fmt.decimals_of(instrument.tick_size) if instrument is not None else None
    return (
        instrument.display if instrument is not None else position.instrument_id,
        position_text(position.quantity),
        fmt.number(position.entry, places),
        fmt.number(position.break_even, places),
        fmt.number(position.mark, places),
        fmt.signed(position.unrealized),
        fmt.signed(position.realized_today),
        "yes" if position.has_stop else "no",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [tuple(head), *(tuple(fmt.clean(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
