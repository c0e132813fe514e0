"""What Binance Spot knows of our account, asked over REST: orders, trades, balances. Reads only."""

import asyncio
import logging

from veloz_tui.domain.errors import (
    AuthenticationFailed,
    OrderNotFound,
    RateLimited,
    VenueError,
    VenueRefused,
    VenueUnavailable,
)
from veloz_tui.domain.reports import (
    BalancesReported,
    Endpoint,
    Fill,
    FillsListed,
    OpenOrdersFailed,
    OpenOrdersListed,
    OrderReport,
    QueryAnswered,
    QueryFailed,
    VenueSnapshot,
)
from veloz_tui.domain.types import ClientOrderId, InstrumentId, TradeId, VenueOrderId
from veloz_tui.engine.actions import FetchFills, ListOpenOrders, QueryOrder, Reconcile
from veloz_tui.net.ratelimit import Cost, Lane
from veloz_tui.venues.base import OnReport
from veloz_tui.venues.binance import parse
from veloz_tui.venues.binance.parse import VENUE
from veloz_tui.venues.binance.policy import Answer, Answered, Operation, Verdict, judge
from veloz_tui.venues.binance.requests import Params, symbol_of
from veloz_tui.venues.binance.rest import RestClient
from veloz_tui.venues.binance.session import Session

_LOG = logging.getLogger(__name__)
_TRADES_PAGE = 1000
_MAX_PAGES = 200
_PARALLEL = 8
_PATIENT_S = 61.0  # what must succeed may wait for the next minute's weight


class AccountReader:
    """The actions always end in a report; the questions raise VenueError when there is no usable answer."""

    def __init__(self, session: Session, rest: RestClient, report: OnReport) -> None:
        self._session = session
        self._rest = rest
        self._report = report

    # --- actions ---

    async def query(self, action: QueryOrder) -> None:
        try:
            found = await self._look_for(action)
        except VenueError as error:
            self._report(QueryFailed(action.client_order_id, str(error)))
            return
        now = self._session.venue_nanos()
        self._report(QueryAnswered(action.client_order_id, action.endpoint, found, now))

    async def list_open_orders(self, action: ListOpenOrders) -> None:
        requested_at = self._session.now()
        lane = Lane.CANCEL if action.purpose == "kill" else Lane.RECONCILE
        try:
            found = await self.open_orders(action.instrument_id, lane=lane)
        except VenueError as error:
            self._report(OpenOrdersFailed(VENUE, action.instrument_id, str(error), action.purpose))
            return
        self._report(OpenOrdersListed(VENUE, action.instrument_id, found, requested_at, action.purpose))

    async def fetch_fills(self, action: FetchFills) -> None:
        """A failure is only logged: whoever misses fills asks again."""
        try:
            if action.since is None and action.venue_order_id is not None:
                found = await self.trades_of(action.instrument_id, action.venue_order_id)
            else:
                found = await self.trades_since(action.instrument_id, action.since)
        except VenueError as error:
            _LOG.warning("Binance, fills of %s: %s", action.instrument_id, error)
            return
        # `since` says that nothing after it is missing: later audits begin where this one ends.
        self._report(FillsListed(VENUE, action.instrument_id, found, action.since))

    async def snapshot(self, action: Reconcile) -> VenueSnapshot:
        """Everything reconciliation needs. Raises VenueError if any part of it can't be had."""
        requested_at = self._session.now()
        open_orders = await self.open_orders(None)
        listed = {report.client_order_id for report in open_orders}
        missing = [one for one in action.ask_orders if one[0] not in listed]
        asked: list[QueryAnswered] = []
        for start in range(0, len(missing), _PARALLEL):
            asked += await self._ask_together(missing[start : start + _PARALLEL])
        fills: list[Fill] = []
        for instrument, since in action.fills_since:
            fills += await self.trades_since(instrument, since)
        account_asked_at = self._session.now()
        body = await self._read("/api/v3/account", {}, weight=20)
        return VenueSnapshot(
            venue=VENUE,
            requested_at=requested_at,
            open_orders=open_orders,
            asked_orders=tuple(asked),
            fills=tuple(fills),
            balances=parse.balances(body, requested_at=account_asked_at),
            account=parse.account(body),
        )

    # --- questions ---

    async def balances(self) -> BalancesReported:
        requested_at = self._session.now()
        body = await self._read("/api/v3/account", {}, weight=20)
        return parse.balances(body, requested_at=requested_at)

    async def open_orders(
        self, instrument: InstrumentId | None, *, lane: Lane = Lane.RECONCILE
    ) -> tuple[OrderReport, ...]:
        """Of one instrument, or of the whole account (dear)."""
        params = {} if instrument is None else {"symbol": symbol_of(instrument)}
        weight = 80 if instrument is None else 6
        return parse.orders(await self._read("/api/v3/openOrders", params, weight=weight, lane=lane))

    async def order(self, instrument: InstrumentId, params: Params) -> OrderReport | None:
        """By `origClientOrderId` or `orderId`; None: the venue doesn't know it (now)."""
        try:
            body = await self._read("/api/v3/order", {"symbol": symbol_of(instrument), **params}, weight=4)
        except OrderNotFound:
            return None
        return parse.order(body)

    async def trades_of(self, instrument: InstrumentId, venue_order_id: VenueOrderId) -> tuple[Fill, ...]:
        """All trades of one order, paged."""
        return await self._trades(instrument, {"orderId": int(venue_order_id)}, weight=5)

    async def trades_since(self, instrument: InstrumentId, since: TradeId | None) -> tuple[Fill, ...]:
        """All trades after that one, paged; None: the latest page."""
        if since is None:
            params: Params = {"symbol": symbol_of(instrument), "limit": _TRADES_PAGE}
            return parse.trades(await self._read("/api/v3/myTrades", params, weight=20))
        return await self._trades(instrument, {"fromId": int(since) + 1}, weight=20)

    async def _trades(self, instrument: InstrumentId, params: Params, *, weight: int) -> tuple[Fill, ...]:
        found: list[Fill] = []
        query: dict[str, str | int] = {"symbol": symbol_of(instrument), **params, "limit": _TRADES_PAGE}
        for _ in range(_MAX_PAGES):
            page = parse.trades(await self._read("/api/v3/myTrades", query, weight=weight))
            found += page
            if len(page) < _TRADES_PAGE:
                return tuple(found)
            query["fromId"] = int(page[-1].trade_id) + 1
        raise VenueUnavailable(f"over {_MAX_PAGES * _TRADES_PAGE} trades on {instrument}", venue=VENUE)

    # --- one order, three endpoints ---

    async def _look_for(self, action: QueryOrder) -> OrderReport | None:
        match action.endpoint:
            case Endpoint.ORDER:
                by_id: Params = {"origClientOrderId": action.client_order_id}
                if action.venue_order_id is not None:
                    by_id = {"orderId": int(action.venue_order_id)}
                return await self.order(action.instrument_id, by_id)
            case Endpoint.OPEN_ORDERS:
                found = await self.open_orders(action.instrument_id)
                return next((one for one in found if is_it(one, action)), None)
            case Endpoint.TRADES:
                return await self._look_for_trades(action)

    async def _look_for_trades(self, action: QueryOrder) -> OrderReport | None:
        """Trades carry the venue's id only: without it this endpoint can't say anything."""
        if action.venue_order_id is None:
            raise VenueUnavailable("trades can't be searched without the venue's order id", venue=VENUE)
        if not await self.trades_of(action.instrument_id, action.venue_order_id):
            return None
        return await self.order(action.instrument_id, {"orderId": int(action.venue_order_id)})

    async def _ask_together(self, orders: list[tuple[ClientOrderId, InstrumentId]]) -> list[QueryAnswered]:
        answers = await asyncio.gather(*(self._ask(*one) for one in orders), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if isinstance(answer, QueryAnswered)]

    async def _ask(self, client_order_id: ClientOrderId, instrument: InstrumentId) -> QueryAnswered:
        found = await self.order(instrument, {"origClientOrderId": client_order_id})
        return QueryAnswered(client_order_id, Endpoint.ORDER, found, self._session.venue_nanos())

    async def _read(self, path: str, params: Params, *, weight: int, lane: Lane = Lane.RECONCILE) -> bytes:
        # Questions of the kill switch never wait for a budget, and are asked again every second anyway.
        wait_s = 0.0 if lane is Lane.CANCEL else _PATIENT_S
        cost = Cost(lane, weight=weight)
        return body_or_raise(await self._rest.call("GET", path, params, cost=cost, wait_s=wait_s))


def body_or_raise(answer: Answer) -> bytes:
    """The body of a read that was answered, or the VenueError that says what the caller must do."""
    judgment = judge(Operation.QUERY, answer)
    text = judgment.text
    match judgment.verdict:
        case Verdict.ACCEPTED:
            assert isinstance(answer, Answered)
            return answer.body
        case Verdict.NOT_FOUND:
            raise OrderNotFound(text, venue=VENUE, code=judgment.code)
        case Verdict.RATE_LIMITED:
            wait_ms = answer.retry_after_ms if isinstance(answer, Answered) else None
            raise RateLimited(text, retry_after_s=(wait_ms or 10_000) / 1000, venue=VENUE, code=judgment.code)
        case Verdict.REJECTED if judgment.is_bad_key:
            raise AuthenticationFailed(text, venue=VENUE, code=judgment.code)
        case Verdict.REJECTED if not (judgment.is_bad_clock or judgment.counts_as_failure):
            raise VenueRefused(text, venue=VENUE, code=judgment.code)
        case Verdict.REJECTED | Verdict.UNKNOWN | Verdict.NOT_SENT:
            raise VenueUnavailable(text, venue=VENUE, code=judgment.code)


def is_it(report: OrderReport, action: QueryOrder) -> bool:
    by_venue_id = action.venue_order_id is not None and report.venue_order_id == action.venue_order_id
    return by_venue_id or report.client_order_id == action.client_order_id
