"""Our own orders, fills and balances as Binance Spot tells them: the user-data subscription of the
WebSocket API.

Nothing is replayed after a break, so each new connection that wasn't made before the old one ended starts a
sync: events are buffered until the engine has reconciled over REST, then handed over in order. An event
that can't be read may have been a fill: the connection is dropped and the sync starts again.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable

import msgspec

from veloz_tui.domain.errors import ProtocolError
from veloz_tui.domain.reports import BalancesReported, Channel, ChannelReported, OrderReport
from veloz_tui.domain.types import ChannelState
from veloz_tui.net.connection import Connection
from veloz_tui.net.ratelimit import Cost, Lane
from veloz_tui.net.stream import StreamState
from veloz_tui.venues.base import OnReport
from veloz_tui.venues.binance import messages as wire
from veloz_tui.venues.binance import parse
from veloz_tui.venues.binance.api_socket import ApiSocket, refuse_opening
from veloz_tui.venues.binance.decoding import Shape
from veloz_tui.venues.binance.market_data import channel_state
from veloz_tui.venues.binance.policy import Answered, Unwritten
from veloz_tui.venues.binance.session import Session

_LOG = logging.getLogger(__name__)
_SUBSCRIPTIONS = Shape(list[wire.Subscription], "subscriptions")
_COST = Cost(Lane.RECONCILE, weight=2)
_KEPT_KEYS = 4_000
# Events that change balances without saying to what.
_BALANCE_HINTS = frozenset({"balanceUpdate", "externalLockUpdate"})


class UserStream:
    """Owner of its ApiSocket. Run `socket.stream` and `watch` in the adapter's TaskGroup."""

    def __init__(self, session: Session, report: OnReport, *, on_balance_hint: Callable[[], None]) -> None:
        self._session = session
        self._report = report
        self._on_balance_hint = on_balance_hint
        self._buffer: deque[OrderReport | BalancesReported] = deque()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._checks_subscription = True
        self.sync_number = 0
        """Counts syncs: a reconciliation that was started for an older one is void."""
        self.is_syncing = True
        self.socket = ApiSocket(session, self, name="user")

    def finish_sync(self, sync_number: int) -> bool:
        """The engine has the snapshot: hand over what came since. False: the connection broke meanwhile."""
        if sync_number != self.sync_number or not self.is_syncing:
            return False
        self.is_syncing = False
        buffered, self._buffer = self._buffer, deque()
        for report in buffered:
            self._report(report)
        self._tell(ChannelState.READY, "")
        return True

    async def watch(self) -> None:
        """Ask now and then whether the subscription still exists: a socket can live on without it."""
        while self._checks_subscription:
            settings = self._session.settings
            await asyncio.sleep(settings.subscription_check_s)
            connection = self.socket.stream.current
            if connection is None or not connection.is_open:
                continue
            answer = await self.socket.call(
                "session.subscriptions",
                {},
                cost=_COST,
                timeout_s=settings.subscription_timeout_s,
                signed=False,
                connection=connection,
            )
            if isinstance(answer, Unwritten):
                continue
            self._judge_subscription(answer if isinstance(answer, Answered) else None)

    def _judge_subscription(self, answer: Answered | None) -> None:
        if answer is None:
            self.socket.stream.drop("no answer on the user stream")
        elif answer.status == 200:
            try:
                alive = bool(_SUBSCRIPTIONS.decode(answer.body))
            except ProtocolError as error:
                _LOG.warning("Binance: %s", error)
                return
            if not alive:
                self.socket.stream.drop("the user-data subscription is gone")
        elif answer.status == 400:  # not offered here
            self._checks_subscription = False

    # --- ApiOwner ---

    async def on_open(self, connection: Connection) -> None:
        answer = await self.socket.call(
            "userDataStream.subscribe.signature",
            {},
            cost=_COST,
            timeout_s=self._session.settings.read_timeout_s,
            connection=connection,
        )
        if not (isinstance(answer, Answered) and answer.status == 200):
            raise refuse_opening("user-data subscription", answer)

    def on_ready(self, *, continuous: bool) -> None:
        if not continuous:
            self._start_sync()

    def _start_sync(self) -> None:
        self.sync_number += 1
        self.is_syncing = True  # what is buffered already came after the subscription: it is kept
        self._tell(ChannelState.SYNCING, "")

    def on_event(self, event: msgspec.Raw) -> None:
        found = parse.user_event(event)
        if found.name == "eventStreamTerminated":
            self.socket.stream.drop("the venue ended the user-data subscription")
        elif found.name in _BALANCE_HINTS:
            self._on_balance_hint()
        if found.report is None or self._is_repeat(found.key):
            return
        if not self.is_syncing:
            self._report(found.report)
        elif len(self._buffer) >= self._session.settings.max_buffered_events:
            self._buffer.clear()
            self.socket.stream.drop("too many events while reconciling")
        else:
            self._buffer.append(found.report)

    def _is_repeat(self, key: str) -> bool:
        """Two sockets overlap while one replaces the other: each execution arrives twice then."""
        if not key:
            return False
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > _KEPT_KEYS:
            self._seen.popitem(last=False)
        return False

    def on_state(self, state: StreamState, reason: str) -> None:
        if state is StreamState.READY:
            return  # SYNCING was said, READY follows the reconciliation
        if state is StreamState.REPLACING:
            return
        self.is_syncing = True
        self._tell(channel_state(state), reason)

    def _tell(self, state: ChannelState, reason: str) -> None:
        self._report(ChannelReported(parse.VENUE, Channel.USER, state, reason))
