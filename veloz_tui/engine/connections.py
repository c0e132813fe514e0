"""A venue's life: its channels, its reconciliation, and from both whether new orders may leave there.

READY needs the user stream READY and one reconciliation since it was lost. Cancels never ask.
"""

from typing import Final

from veloz_tui.domain import events as e
from veloz_tui.domain.reports import (
    AccountReported,
    Channel,
    ChannelReported,
    HealthReported,
    InstrumentsReported,
)
from veloz_tui.domain.types import ChannelState, Severity, VenueId
from veloz_tui.engine import words
from veloz_tui.engine.actions import Reconcile
from veloz_tui.engine.turn import Turn

MAX_CLOCK_OFFSET_MS: Final = 500.0


def on_channel(turn: Turn, report: ChannelReported) -> None:
    venue = turn.live.venues[report.venue]
    venue.channels[report.channel] = report.state
    venue.reasons[report.channel] = report.reason
    if report.channel is Channel.USER:
        if report.state is ChannelState.SYNCING:
            start_reconciling(turn, report.venue)
        elif report.state is not ChannelState.READY:
            venue.reconciled = venue.reconciling = False
    if report.channel is Channel.MARKET:
        _judge_books(turn, report)
    set_venue_state(turn, report.venue, report.reason)


def _judge_books(turn: Turn, report: ChannelReported) -> None:
    """Without a stream a book is gone; with one that isn't READY a new snapshot would stand still unseen."""
    waits_for = "" if report.state is ChannelState.READY else f"market stream {report.state}"
    for instrument_id in dict.fromkeys((*turn.settings.instruments, *turn.live.books)):
        if turn.state.venue_of(instrument_id) != report.venue:
            continue
        market = turn.live.book(instrument_id)
        market.waits_for = waits_for
        if report.state is ChannelState.DOWN:
            market.stale_reason = report.reason or "market stream lost"


def start_reconciling(turn: Turn, venue: VenueId) -> None:
    """Ask for everything: open orders, our unended ones by id, fills since, balances."""
    live = turn.live.venues[venue]
    live.reconciled = False
    live.reconciling = True
    live.reconcile_asked_at = turn.now
    ours = [turn.state.orders[i] for i in turn.state.open_orders]
    asked = tuple(
        (order.client_order_id, order.instrument_id)
        for order in ours
        if not order.is_external and turn.state.venue_of(order.instrument_id) == venue
    )
    since = tuple(
        (instrument_id, turn.state.last_trade.get(instrument_id))
        for instrument_id in turn.settings.instruments
        if turn.state.venue_of(instrument_id) == venue
    )
    turn.act(Reconcile(venue, asked, since))


def set_venue_state(turn: Turn, venue: VenueId, reason: str = "") -> None:
    """Derive the venue's one state and, if it changed, make it a fact."""
    live = turn.live.venues[venue]
    user = live.channels[Channel.USER]
    state = user
    if user is ChannelState.READY and not live.reconciled:
        state = ChannelState.SYNCING
    if turn.state.venues.get(venue) is state:
        return
    turn.emit(e.VenueStateChanged(turn.now, venue, state, reason))
    code = words.code(venue)
    if state is ChannelState.DOWN:
        turn.alert(
            f"venue:{venue}",
            Severity.WARN,
            f"{code} DOWN: {reason or 'user stream lost'}. No new orders there; cancels are tried",
            code="VENUE_DOWN",
        )
    elif state is ChannelState.READY and f"venue:{venue}" in turn.state.alerts:
        turn.alert(f"venue:{venue}", Severity.INFO, f"{code} READY again, reconciled", code="VENUE_READY")


def on_health(turn: Turn, report: HealthReported) -> None:
    venue = turn.live.venues[report.venue]
    venue.health = report
    venue.door_closed_until = report.door_closed_until
    offset = report.clock_offset_ms
    if offset is not None and abs(offset) > MAX_CLOCK_OFFSET_MS:
        turn.alert(
            f"clock:{report.venue}",
            Severity.WARN,
            f"CLOCK differs from {words.code(report.venue)} by {offset:,.0f} ms: corrected for. "
            "Set this host's clock",
            code="CLOCK_OFFSET",
        )


def on_instruments(turn: Turn, report: InstrumentsReported) -> None:
    """Reference data belongs to the journal, when it is new or changed and of an instrument we use."""
    wanted = set(turn.settings.instruments) | set(turn.state.positions)
    for instrument in report.instruments:
        known = turn.state.instruments.get(instrument.id)
        if known != instrument and (instrument.id in wanted or known is not None):
            turn.emit(e.InstrumentDefined(turn.now, instrument))


def on_account(turn: Turn, report: AccountReported) -> bool:
    """Note who we are; False if the account is not the one the journal belongs to."""
    known = turn.state.account_uids.get(report.venue)
    turn.live.venues[report.venue].is_swapped = known not in (None, report.account_uid)
    if report.fees is not None:
        turn.live.fees[report.venue] = (report.fees.maker, report.fees.taker)
    if known is None:
        turn.emit(e.AccountIdentified(turn.now, report.venue, report.account_uid))
    elif known != report.account_uid:
        turn.alert(
            f"account:{report.venue}",
            Severity.CRIT,
            f"WRONG ACCOUNT at {words.code(report.venue)}: {report.account_uid}, this journal belongs to "
            f"{known}. No orders leave. Put the right key back or use another profile",
            code="ACCOUNT_SWAPPED",
        )
        return False
    return True
