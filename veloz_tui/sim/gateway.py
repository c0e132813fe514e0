"""What both wires share: keys, signatures, weights, dispatch, the request ledger and faults on requests."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Literal

import msgspec

from veloz_tui.sim import binance_errors as errors
from veloz_tui.sim import signing
from veloz_tui.sim.accounts import Account
from veloz_tui.sim.binance_errors import VenueError
from veloz_tui.sim.exchange import Exchange
from veloz_tui.sim.faults import Fault, Faults, Occasion
from veloz_tui.sim.market_methods import snapshot
from veloz_tui.sim.operations import Operation, Params
from veloz_tui.sim.ratelimit import RequestLimiter
from veloz_tui.sim.trading_methods import account_status
from veloz_tui.sim.user_events import UserEvents

Delivery = Literal["normal", "never", "close", "half", "truncated"]


class Answer(msgspec.Struct, kw_only=True):
    """`body` is the encoded result, or the encoded `{code, msg}` when `status` isn't 200."""

    status: int
    body: bytes
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    retry_after_ms: int | None = None
    uid: int | None = None
    # Only answers to new orders show the account's order counts.
    shows_order_counts: bool = False


class ApiKey(msgspec.Struct):
    account: Account
    verifier: signing.Verifier


class Gateway:
    """`latency_s` is a simulated one-way delay; `read_lag_ms` hides young orders from queries."""

    def __init__(self, exchange: Exchange, *, faults: Faults, events: UserEvents) -> None:
        self.exchange = exchange
        self.faults = faults
        self.events = events
        self.limiter = RequestLimiter(exchange.limits)
        self.keys: dict[str, ApiKey] = {}
        self.ledger: Counter[str] = Counter()
        self.latency_s = 0.0
        self.read_lag_ms = 0
        self._encoder = msgspec.json.Encoder()
        self._first_books: dict[str, dict[str, object]] = {}
        self._frozen_accounts: dict[int, bytes] = {}

    def remember_books(self) -> None:
        """Keep today's books for the stale_snapshot fault."""
        self._first_books = {
            symbol: snapshot(listing, 1000) for symbol, listing in self.exchange.listings.items()
        }

    def freeze_accounts(self) -> None:
        """Keep today's balances for the frozen_account fault."""
        accounts = self.exchange.booking.accounts.values()
        self._frozen_accounts = {
            account.uid: self._encoder.encode(account_status(self.exchange, account, {}))
            for account in accounts
        }

    # Identity

    def key(self, api_key: str | None) -> ApiKey:
        if not api_key or not signing.is_key_format(api_key):
            raise errors.bad_key_format()
        found = self.keys.get(api_key)
        if found is None:
            raise errors.bad_key()
        return found

    def check_signature(self, key: ApiKey, params: Params, payload: bytes, signature: str) -> None:
        signing.check_time(params, self.exchange.clock.ms())
        if not key.verifier.verify(payload, signature):
            raise errors.bad_signature()

    # Dispatch

    def answer(
        self, operation: Operation, params: Params, authenticate: Callable[[], Account], *, wire: str
    ) -> Answer:
        """Charge, authenticate and run one request; refusals become answers."""
        self.ledger[f"{wire} {operation.name if wire == 'ws-api' else operation.endpoint}"] += 1
        account: Account | None = None
        try:
            weight = operation.weight(params)
            self.limiter.charge(weight, self.exchange.clock.ms())
            if operation.signed is not None:
                account = authenticate()
                self._check_lag(operation, account, params)
                result = operation.signed(self.exchange, account, params)
            else:
                assert operation.public is not None
                result = operation.public(self.exchange, params)
            if operation.is_command:
                self.limiter.refund(weight, self.exchange.clock.ms())
        except VenueError as error:
            return self.refusal(error, account)
        uid = account.uid if account is not None else None
        counts = operation.name in ("order.place", "order.cancelReplace")
        return Answer(status=200, body=self._encoder.encode(result), uid=uid, shows_order_counts=counts)

    def refusal(self, error: VenueError, account: Account | None = None) -> Answer:
        headers: dict[str, str] = {}
        if error.retry_after_ms is not None:
            wait_ms = max(0, error.retry_after_ms - self.exchange.clock.ms())
            headers["Retry-After"] = str(-(-wait_ms // 1000))
        return Answer(
            status=error.status,
            body=self._encoder.encode(error.body()),
            headers=headers,
            retry_after_ms=error.retry_after_ms,
            uid=account.uid if account is not None else None,
        )

    def order_counts(self, uid: int) -> tuple[int, int]:
        limiter = self.exchange.booking.limiters[uid]
        now = self.exchange.clock.ms()
        return limiter.ten_seconds.count(now), limiter.day.count(now)

    def _check_lag(self, operation: Operation, account: Account, params: Params) -> None:
        if not self.read_lag_ms or operation.name != "order.status":
            return
        symbol, raw = params.get("symbol", ""), params.get("orderId", "")
        order = self.exchange.find(
            account,
            symbol,
            order_id=int(raw) if raw.isdigit() else None,
            client_id=params.get("origClientOrderId"),
        )
        if order is not None and self.exchange.clock.ms() - order.created_at < self.read_lag_ms:
            raise errors.no_such_order()

    # Faults

    def fault_for(self, operation: Operation, params: Params, *, wire: str) -> Fault | None:
        occasion = Occasion(
            transport=wire,
            operation=operation.name,
            endpoint=operation.endpoint,
            symbol=params.get("symbol", ""),
        )
        return self.faults.take_request(occasion)

    async def perform(
        self, fault: Fault, params: Params, act: Callable[[], Answer]
    ) -> tuple[Answer | None, Delivery]:
        """Run a request under a fault. No answer at all: abort the connection without acting."""
        wait_s = fault.ms / 1000
        match fault.action:
            case "reset_before":
                return None, "close"
            case "delay_before":
                await asyncio.sleep(wait_s)
                return act(), "normal"
            case "http_error":
                return self._canned(fault, act), "normal"
            case "not_found":
                cancels = fault.operation is not None and "cancel" in fault.operation
                return self.refusal(errors.unknown_cancel() if cancels else errors.no_such_order()), "normal"
            case "empty_list":
                return Answer(status=200, body=b"[]"), "normal"
        answer = act()
        if fault.action == "duplicate_request":
            act()
        self._patch(fault, params, answer)
        if fault.action == "response_before_event":
            self.events.hold(wait_s)
        elif fault.action in ("delay_response", "event_before_response"):
            self.events.flush()
            await asyncio.sleep(wait_s)
        return answer, _delivery(fault)

    def _canned(self, fault: Fault, act: Callable[[], Answer]) -> Answer:
        if fault.act:
            act()
        now = self.exchange.clock.ms()
        retry_ms = None if fault.retry_after_s is None else now + fault.retry_after_s * 1000
        answer = self.refusal(VenueError(fault.code, fault.msg, status=fault.status, retry_after_ms=retry_ms))
        if fault.body is not None:
            answer.body = fault.body.encode()
        return answer

    def _patch(self, fault: Fault, params: Params, answer: Answer) -> None:
        if fault.action == "patch_response":
            found = msgspec.json.decode(answer.body)
            if isinstance(found, dict):
                answer.body = self._encoder.encode(found | (fault.patch or {}))
        elif fault.action == "stale_snapshot" and answer.status == 200:
            answer.body = self._encoder.encode(self._first_books[params["symbol"]])
        elif fault.action == "frozen_account" and answer.uid is not None and answer.status == 200:
            answer.body = self._frozen_accounts.get(answer.uid, answer.body)


def _delivery(fault: Fault) -> Delivery:
    match fault.action:
        case "drop_response":
            return "close" if fault.close else "never"
        case "reset_mid_body":
            return "half"
        case "truncate_body":
            return "truncated"
        case _:
            return "normal"
