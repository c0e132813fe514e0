"""Reconciliation: after a start and after each gap, what the venue says against what we hold.

Everything goes the same way as live reports, so nothing is booked twice. Absence from a list ends no order:
an order of ours that isn't listed was asked for by id, and without an answer stays as it was, or in doubt.
"""

from typing import Final

from veloz_tui.domain.reports import Endpoint, OpenOrdersFailed, OpenOrdersListed, VenueSnapshot
from veloz_tui.domain.types import SECOND, InstrumentId, OrderStatus
from veloz_tui.engine import balances, connections, doubts
from veloz_tui.engine.actions import FetchFills, ListOpenOrders
from veloz_tui.engine.fills import fetched_up_to, is_news, number_of, on_fill
from veloz_tui.engine.known_orders import find as find_order
from veloz_tui.engine.order_reports import on_order_report, on_query_answered
from veloz_tui.engine.orders import query
from veloz_tui.engine.turn import Turn

SETTLE: Final = 2 * SECOND
"""An order accepted this shortly before a list was asked for may be missing from it."""


def on_venue_snapshot(turn: Turn, snapshot: VenueSnapshot) -> None:
    """Take it all in; the venue is READY when its user stream says so."""
    venue = turn.live.venues[snapshot.venue]
    if not connections.on_account(turn, snapshot.account):
        return
    # Orders first: trades carry no client id, only the venue's, which these reports teach us.
    for report in snapshot.open_orders:
        on_order_report(turn, report)
    for answer in snapshot.asked_orders:
        on_query_answered(turn, answer)
    _ask_for_unlisted(
        turn, OpenOrdersListed(snapshot.venue, None, snapshot.open_orders, snapshot.requested_at)
    )
    _book_fills(turn, snapshot)
    _doubt_unanswered(turn, snapshot)
    balances.on_balances(turn, snapshot.balances)
    venue.reconciling = False
    venue.reconciled = True
    connections.set_venue_state(turn, snapshot.venue)


def _book_fills(turn: Turn, snapshot: VenueSnapshot) -> None:
    for fill in sorted(snapshot.fills, key=lambda fill: (fill.venue_at, number_of(fill.trade_id) or 0)):
        is_ours = find_order(turn, fill.instrument_id, fill.client_order_id, fill.venue_order_id) is not None
        if is_ours or is_news(turn, fill):
            on_fill(turn, fill)
    for instrument_id in turn.settings.instruments:
        if turn.state.venue_of(instrument_id) == snapshot.venue:
            fetched_up_to(turn, instrument_id, snapshot.fills)


def _doubt_unanswered(turn: Turn, snapshot: VenueSnapshot) -> None:
    """Created or sent by a run that died before the answer: in doubt until the venue gives evidence."""
    for client_order_id in list(turn.state.open_orders):
        order = turn.state.orders[client_order_id]
        if turn.state.venue_of(order.instrument_id) != snapshot.venue:
            continue
        if order.is_in_doubt:
            doubts.doubt(turn, order, order.reason)


def audit(turn: Turn, instrument_id: InstrumentId) -> None:
    """Ask for an instrument's open orders and latest fills, to find what the stream never told."""
    venue = turn.state.venue_of(instrument_id)
    turn.act(ListOpenOrders(venue, instrument_id, purpose="audit"))
    since = turn.state.last_trade.get(instrument_id)
    if since is not None:
        turn.act(FetchFills(venue=venue, instrument_id=instrument_id, since=since))


def on_open_orders_audited(turn: Turn, listed: OpenOrdersListed) -> None:
    """Adopt what we didn't know; ask for what isn't listed any more."""
    for report in listed.orders:
        on_order_report(turn, report)
    _ask_for_unlisted(turn, listed)


def _ask_for_unlisted(turn: Turn, listed: OpenOrdersListed) -> None:
    listed_ids = {(report.instrument_id, report.venue_order_id) for report in listed.orders}
    for client_order_id in list(turn.state.open_orders):
        order = turn.state.orders[client_order_id]
        if (
            order.status is OrderStatus.ACCEPTED
            and (listed.instrument_id is None or order.instrument_id == listed.instrument_id)
            and turn.state.venue_of(order.instrument_id) == listed.venue
            and (order.instrument_id, order.venue_order_id) not in listed_ids
            and order.updated_at < listed.requested_at - SETTLE
        ):
            query(turn, order, Endpoint.ORDER)


def on_open_orders_failed(turn: Turn, report: OpenOrdersFailed) -> None:
    """Says nothing; the next audit or kill poll asks again."""
