"""The guardian's own way to Binance Spot: cancel everything, list what is left. REST only, nothing else.

It has its own connections, clock estimate and rate accounting, shares nothing with an engine, and never
opens, renews or closes a user stream. Every request is idempotent, so a failed one goes on to the venue's
other hosts at once.
"""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from veloz_tui.domain.errors import ProtocolError
from veloz_tui.domain.reports import OrderReport
from veloz_tui.domain.types import Nanos
from veloz_tui.net.backoff import Jitter
from veloz_tui.net.http import HttpClient
from veloz_tui.net.ratelimit import Cost, Kind, Lane, Limit
from veloz_tui.venues.binance import parse
from veloz_tui.venues.binance.policy import Answer, Answered, Operation, Verdict, judge
from veloz_tui.venues.binance.requests import Params, Signer
from veloz_tui.venues.binance.rest import RestClient
from veloz_tui.venues.binance.session import Session
from veloz_tui.venues.binance.settings import BinanceHosts, BinanceSettings

_WEIGHT_LIMIT = Limit(Kind.WEIGHT, 60_000, 6_000)  # until the venue says otherwise


class CancelOutcome(msgspec.Struct, frozen=True):
    """`is_done`: the venue said that nothing of it is open any more. `reason` says why not."""

    symbol: str
    is_done: bool
    canceled: tuple[OrderReport, ...] = ()
    reason: str = ""


class Listing(msgspec.Struct, frozen=True):
    """`orders` None: no usable answer, so nothing is known."""

    orders: tuple[OrderReport, ...] | None
    reason: str = ""


class KillClient:
    """One account. Use `warm_up` every 15 seconds or so; all methods are bounded by a few timeouts."""

    def __init__(
        self,
        hosts: BinanceHosts,
        signer: Signer,
        *,
        now: Callable[[], Nanos],
        jitter: Jitter,
        timeout_s: float = 3.0,
    ) -> None:
        settings = BinanceSettings(hosts=hosts, symbols=(), read_timeout_s=timeout_s)
        self._session = Session(settings, signer, now=now, jitter=jitter)
        self._session.budget.configure([_WEIGHT_LIMIT])
        self._pools = [HttpClient(url, timeout_s=timeout_s) for url in (hosts.rest, *hosts.alternates)]
        self._clients = [RestClient(pool, self._session) for pool in self._pools]

    async def warm_up(self, connections: int = 2) -> bool:
        """Open connections to the first host and look at its clock. True if it answered."""
        cost = Cost(Lane.CANCEL)
        samples = (self._clients[0].sample_clock(cost) for _ in range(connections))
        return any(await asyncio.gather(*samples))

    async def cancel_all(self, symbols: Sequence[str]) -> tuple[CancelOutcome, ...]:
        """Cancel every open order on these symbols, all symbols at once."""
        return tuple(await asyncio.gather(*(self._cancel_symbol(symbol) for symbol in symbols)))

    async def open_orders(self, symbol: str | None = None) -> Listing:
        """Of one symbol (weight 6), or of the whole account (weight 80)."""
        params: Params = {} if symbol is None else {"symbol": symbol}
        weight = 80 if symbol is None else 6
        answer = await self._ask(Operation.QUERY, "GET", "/api/v3/openOrders", params, weight=weight)
        judgment = judge(Operation.QUERY, answer)
        if judgment.verdict is not Verdict.ACCEPTED or not isinstance(answer, Answered):
            return Listing(None, judgment.text)
        try:
            return Listing(parse.orders(answer.body))
        except ProtocolError as error:
            return Listing(None, str(error))

    def closed_for_s(self) -> float:
        """How long the venue keeps its door closed to us (418, 429); 0: open."""
        return self._session.door_wait_s()

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()

    async def _cancel_symbol(self, symbol: str) -> CancelOutcome:
        operation = Operation.CANCEL_ALL
        answer = await self._ask(operation, "DELETE", "/api/v3/openOrders", {"symbol": symbol}, weight=1)
        judgment = judge(operation, answer)
        if judgment.verdict is not Verdict.ACCEPTED or not isinstance(answer, Answered):
            return CancelOutcome(symbol, is_done=False, reason=judgment.text)
        if answer.code is not None:  # nothing was open
            return CancelOutcome(symbol, is_done=True)
        try:
            return CancelOutcome(symbol, is_done=True, canceled=parse.canceled_orders(answer.body))
        except ProtocolError as error:
            return CancelOutcome(symbol, is_done=True, reason=str(error))

    async def _ask(
        self, operation: Operation, method: str, path: str, params: Params, *, weight: int
    ) -> Answer:
        """Ask host after host until one gives a definite answer; a refused clock is looked at once."""
        cost = Cost(Lane.CANCEL, weight=weight)
        answer = await self._clients[0].call(method, path, params, cost=cost)
        if judge(operation, answer).is_bad_clock:
            self._session.skew.forget()
            await self._clients[0].sample_clock(Cost(Lane.CANCEL))
            answer = await self._clients[0].call(method, path, params, cost=cost)
        for client in self._clients[1:]:
            if judge(operation, answer).verdict not in (Verdict.UNKNOWN, Verdict.NOT_SENT):
                break
            answer = await client.call(method, path, params, cost=cost)
        return answer
