"""Orders and cancels to Binance Spot: over the WebSocket API, or over REST when that provably wrote nothing.

The gate is asked at the last line before either socket. An order that may have been written on one path is
never tried on the other. Cancels ask neither gate nor limiter; while the venue itself has closed its door
they wait here and go first when it opens. Each submit ends in exactly one report; a success that arrives
after its timeout comes as a plain OrderReport.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine

import msgspec

from veloz_tui.domain.errors import InvalidOrder, InvariantBroken, ProtocolError
from veloz_tui.domain.intent import DurableIntent
from veloz_tui.domain.reports import (
    CancelFailed,
    CancelSucceeded,
    CancelUnknown,
    Channel,
    ChannelReported,
    OrderReport,
    SubmitAccepted,
    SubmitNotSent,
    SubmitRejected,
    SubmitUnknown,
    SubmitWritten,
)
from veloz_tui.domain.types import InstrumentId
from veloz_tui.engine.actions import Cancel, CancelAll, Submit
from veloz_tui.net.connection import Connection
from veloz_tui.net.ratelimit import Cost, Lane
from veloz_tui.net.stream import StreamState
from veloz_tui.venues.base import OnReport
from veloz_tui.venues.binance import parse, requests
from veloz_tui.venues.binance.api_socket import ApiSocket
from veloz_tui.venues.binance.errors import REMEDIES
from veloz_tui.venues.binance.market_data import channel_state
from veloz_tui.venues.binance.policy import (
    Answer,
    Answered,
    Operation,
    Unanswered,
    Unwritten,
    Verdict,
    judge,
)
from veloz_tui.venues.binance.requests import Params
from veloz_tui.venues.binance.rest import RestClient
from veloz_tui.venues.binance.session import Session

_LOG = logging.getLogger(__name__)
_CANCEL = Cost(Lane.CANCEL)
_MAX_WAITING = 2_000
_SHORTEST_WAIT_S = 0.25
Spawn = Callable[[Coroutine[object, object, None], str], bool]
"""Run a coroutine in the adapter's TaskGroup; False: there is no room, or it isn't running."""


class OrderEntry:
    """Owner of its ApiSocket. Run `socket.stream` in the adapter's TaskGroup."""

    def __init__(
        self,
        session: Session,
        rest: RestClient,
        report: OnReport,
        *,
        spawn: Spawn,
        spawn_cancel: Spawn,
    ) -> None:
        self._session = session
        self._rest = rest
        self._report = report
        self._spawn = spawn
        self._spawn_cancel = spawn_cancel
        self._gate_reason: str | None = "not opened yet"
        self._waiting: dict[str, Callable[[], None]] = {}
        self._reopening: asyncio.TimerHandle | None = None
        self.socket = ApiSocket(session, self, name="orders")

    def set_gate(self, *, is_open: bool, reason: str) -> None:
        self._gate_reason = None if is_open else reason or "gate closed"

    # --- submit ---

    def submit(self, order: Submit, intent: DurableIntent) -> None:
        if intent.client_order_id != order.client_order_id:
            raise InvariantBroken(f"the intent of {intent.client_order_id} came with {order.client_order_id}")
        try:
            params = requests.place(order.client_order_id, order.request)
        except InvalidOrder as error:
            self._not_sent(order, str(error))
            return
        if self._session.now() > order.deadline:
            self._not_sent(order, "too late: its deadline has passed")
            return
        cost = Cost(Lane.OPERATOR if order.is_exit else Lane.STRATEGY, orders=1)
        if self._gate_reason is not None:  # the last line before the socket
            self._not_sent(order, self._gate_reason)
            return
        unwritten = self.socket.request(
            "order.place",
            params,
            cost=cost,
            timeout_s=self._session.settings.place_timeout_s,
            recv_window_ms=self._session.settings.order_recv_window_ms,
            on_answer=lambda answer: self._on_placed(order, answer),
            on_late=lambda answer: self._on_late(order, answer),
        )
        if unwritten is None:
            self._report(SubmitWritten(order.client_order_id))
        elif unwritten.until_ms is not None:
            self._not_sent(order, f"request budget: {unwritten.reason}")
        elif not self._spawn(self._submit_over_rest(order, params, cost), f"submit-{order.client_order_id}"):
            self._not_sent(order, f"{unwritten.reason}, and no room for a REST request")

    async def _submit_over_rest(self, order: Submit, params: Params, cost: Cost) -> None:
        """The socket provably wrote nothing. The gate is asked again right before the first byte."""
        is_written = False

        def before_write() -> bool:
            nonlocal is_written
            if self._gate_reason is not None or self._session.now() > order.deadline:
                return False
            is_written = True
            self._report(SubmitWritten(order.client_order_id))
            return True

        settings = self._session.settings
        answer: Answer
        try:
            answer = await self._rest.call(
                "POST",
                "/api/v3/order",
                params,
                cost=cost,
                recv_window_ms=settings.order_recv_window_ms,
                timeout_s=settings.place_timeout_s,
                before_write=before_write,
            )
        except asyncio.CancelledError:
            self._on_placed(order, Unanswered("stopped") if is_written else Unwritten("stopped"))
            raise
        if isinstance(answer, Unwritten) and self._gate_reason is not None:
            answer = Unwritten(self._gate_reason)
        self._on_placed(order, answer)

    def _on_placed(self, order: Submit, answer: Answer) -> None:
        client_order_id = order.client_order_id
        judgment = judge(Operation.PLACE, answer)
        match judgment.verdict:
            case Verdict.ACCEPTED:
                report = self._read_order(order, answer)
                if report is None:
                    self._report(SubmitUnknown(client_order_id, "unreadable answer"))
                else:
                    self._report(SubmitAccepted(client_order_id, report))
            case Verdict.REJECTED | Verdict.RATE_LIMITED:
                remedy = REMEDIES.get((judgment.code or 0, judgment.text), "")
                self._report(
                    SubmitRejected(
                        client_order_id, judgment.code, judgment.text, judgment.counts_as_failure, remedy
                    )
                )
            case Verdict.NOT_SENT:
                self._not_sent(order, judgment.text)
            case Verdict.UNKNOWN | Verdict.NOT_FOUND:
                self._report(SubmitUnknown(client_order_id, judgment.text))

    def _on_late(self, order: Submit, answer: Answer) -> None:
        """It was reported unknown when it timed out: only the evidence of life is worth telling."""
        if judge(Operation.PLACE, answer).verdict is Verdict.ACCEPTED:
            report = self._read_order(order, answer)
            if report is not None:
                self._report(report)

    def _read_order(self, order: Submit, answer: Answer) -> OrderReport | None:
        assert isinstance(answer, Answered)
        try:
            report = parse.order(answer.body, request=order.request)
        except ProtocolError as error:
            _LOG.error("Binance, order %s: %s", order.client_order_id, error)
            return None
        is_right = report.client_order_id == order.client_order_id
        return report if is_right and report.instrument_id == order.request.instrument_id else None

    def _not_sent(self, order: Submit, reason: str) -> None:
        self._report(SubmitNotSent(order.client_order_id, reason))

    # --- cancel ---

    def cancel(self, action: Cancel, *, is_retry: bool = False) -> None:
        params = requests.cancel(
            symbol=requests.symbol_of(action.instrument_id),
            venue_order_id=action.venue_order_id,
            client_order_id=action.venue_client_id or action.client_order_id,
        )

        def on_answer(answer: Answer) -> None:
            self._on_cancel_answer(action, answer, is_retry=is_retry)

        self._send_cancel(
            f"order {action.client_order_id}",
            ("order.cancel", "DELETE", "/api/v3/order"),
            params,
            on_answer=on_answer,
            again=lambda: self.cancel(action),
        )

    def _on_cancel_answer(self, action: Cancel, answer: Answer, *, is_retry: bool) -> None:
        client_order_id = action.client_order_id
        judgment = judge(Operation.CANCEL, answer)
        match judgment.verdict:
            case Verdict.ACCEPTED:
                self._report(CancelSucceeded(client_order_id, _order_or_none(answer)))
            case Verdict.RATE_LIMITED:
                self._park(f"order {client_order_id}", lambda: self.cancel(action))
                self._report(CancelUnknown(client_order_id, judgment.text))
            case Verdict.REJECTED if judgment.is_bad_clock and not is_retry:
                self._retry_with_right_clock(action)
            case Verdict.REJECTED | Verdict.NOT_FOUND:
                self._report(CancelFailed(client_order_id, judgment.code, judgment.text))
            case Verdict.UNKNOWN | Verdict.NOT_SENT:
                self._report(CancelUnknown(client_order_id, judgment.text))

    def _retry_with_right_clock(self, action: Cancel) -> None:
        """-1021 proves that it wasn't executed: look at the venue's clock once, sign again, send again."""

        async def retry() -> None:
            self._session.skew.forget()
            await self._rest.sample_clock(_CANCEL)
            self.cancel(action, is_retry=True)

        if not self._spawn_cancel(retry(), f"recancel-{action.client_order_id}"):
            self._report(CancelUnknown(action.client_order_id, "clock refused"))

    def cancel_all(self, action: CancelAll) -> None:
        for instrument in action.instrument_ids:
            self._cancel_all_of(instrument, tries=2)

    def _cancel_all_of(self, instrument: InstrumentId, *, tries: int) -> None:
        def on_answer(answer: Answer) -> None:
            judgment = judge(Operation.CANCEL_ALL, answer)
            if judgment.verdict is Verdict.ACCEPTED:
                self._report_canceled(answer)
            elif judgment.verdict is Verdict.RATE_LIMITED:
                self._park(f"all {instrument}", lambda: self._cancel_all_of(instrument, tries=1))
            else:
                _LOG.warning("Binance, cancel all on %s: %s", instrument, judgment.text)
                if (
                    tries > 1
                ):  # idempotent; what is still left after that is seen by whoever lists open orders
                    self._cancel_all_of(instrument, tries=tries - 1)

        self._send_cancel(
            f"all {instrument}",
            ("openOrders.cancelAll", "DELETE", "/api/v3/openOrders"),
            {"symbol": requests.symbol_of(instrument)},
            on_answer=on_answer,
            again=lambda: self._cancel_all_of(instrument, tries=1),
        )

    def _report_canceled(self, answer: Answer) -> None:
        assert isinstance(answer, Answered)
        if answer.code is not None:  # nothing was open
            return
        try:
            for report in parse.canceled_orders(answer.body):
                self._report(report)
        except ProtocolError as error:
            _LOG.error("Binance, cancel all: %s", error)

    def _send_cancel(
        self,
        name: str,
        endpoint: tuple[str, str, str],
        params: Params,
        *,
        on_answer: Callable[[Answer], None],
        again: Callable[[], None],
    ) -> None:
        """Over the socket; over REST if that wrote nothing; later if the venue's door is closed."""
        method, verb, path = endpoint
        timeout_s = self._session.settings.cancel_timeout_s
        unwritten = self.socket.request(
            method, params, cost=_CANCEL, timeout_s=timeout_s, on_answer=on_answer
        )
        if unwritten is None:
            return
        if unwritten.until_ms is not None:
            self._park(name, again)
            return

        async def over_rest() -> None:
            on_answer(await self._rest.call(verb, path, params, cost=_CANCEL, timeout_s=timeout_s))

        if not self._spawn_cancel(over_rest(), f"cancel {name}"):
            on_answer(Unwritten(f"{unwritten.reason}, and no room for a REST request"))

    # --- while the venue's door is closed ---

    def _park(self, name: str, again: Callable[[], None]) -> None:
        if len(self._waiting) >= _MAX_WAITING:
            _LOG.error("Binance: %d cancels wait already, %s is left to the next try", _MAX_WAITING, name)
            return
        self._waiting[name] = again
        if self._reopening is None:
            delay_s = max(self._session.door_wait_s(), _SHORTEST_WAIT_S)
            self._reopening = asyncio.get_running_loop().call_later(delay_s, self._reopen)

    def _reopen(self) -> None:
        self._reopening = None
        waiting, self._waiting = self._waiting, {}
        for again in waiting.values():
            again()

    # --- ApiOwner ---

    async def on_open(self, connection: Connection) -> None:
        """Every request is signed: there is nothing to log on to."""

    def on_ready(self, *, continuous: bool) -> None:
        pass

    def on_event(self, event: msgspec.Raw) -> None:
        pass

    def on_state(self, state: StreamState, reason: str) -> None:
        self._report(ChannelReported(parse.VENUE, Channel.ORDERS, channel_state(state), reason))


def _order_or_none(answer: Answer) -> OrderReport | None:
    """The canceled order of the answer; without one the order is asked for."""
    assert isinstance(answer, Answered)
    try:
        return parse.order(answer.body)
    except ProtocolError as error:
        _LOG.error("Binance, cancel: %s", error)
        return None
