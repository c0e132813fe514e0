"""What a Binance key may do, asked when it is added: a key that can withdraw has no place in a trading
console.
"""

from collections.abc import Callable

import msgspec

from veloz_tui.domain.errors import VenueError
from veloz_tui.domain.types import Nanos
from veloz_tui.net.backoff import Jitter
from veloz_tui.net.http import HttpClient
from veloz_tui.net.ratelimit import Cost, Lane
from veloz_tui.venues.binance import messages as wire
from veloz_tui.venues.binance import parse
from veloz_tui.venues.binance.decoding import Shape
from veloz_tui.venues.binance.reconcile import body_or_raise
from veloz_tui.venues.binance.requests import Signer
from veloz_tui.venues.binance.rest import RestClient
from veloz_tui.venues.binance.session import Session
from veloz_tui.venues.binance.settings import BinanceHosts, BinanceSettings

_PERMISSIONS = Shape(wire.WireKeyPermissions, "key permissions")
_COST = Cost(Lane.OPERATOR, weight=20)
_LIVE_REST = "https://api.binance.com"  # the only host that tells what a key may do


class KeyFacts(msgspec.Struct, frozen=True):
    """None: this host doesn't say (the testnet has no /sapi)."""

    account_uid: str
    can_trade: bool
    """Both the account and the key may."""
    can_withdraw: bool | None
    can_transfer: bool | None
    is_ip_restricted: bool | None
    clock_offset_ms: float

    @property
    def problems(self) -> tuple[str, ...]:
        """What speaks against using this key, worst first; empty: nothing."""
        found = (
            (not self.can_trade, "the key can't trade: enable spot trading for it"),
            (self.can_withdraw, "the key can withdraw: make one without that right"),
            (self.can_transfer, "the key can move funds to other accounts: make one without that right"),
            (self.is_ip_restricted is False, "the key works from any address: restrict it to this host's"),
            (abs(self.clock_offset_ms) > 1000, f"this host's clock is off by {self.clock_offset_ms:.0f} ms"),
        )
        return tuple(text for is_problem, text in found if is_problem)


async def check_key(
    hosts: BinanceHosts, signer: Signer, *, now: Callable[[], Nanos], jitter: Jitter
) -> KeyFacts:
    """Ask the venue. Raises VenueError (AuthenticationFailed for a wrong key) when it can't be known."""
    http = HttpClient(hosts.rest)
    session = Session(BinanceSettings(hosts=hosts, symbols=()), signer, now=now, jitter=jitter)
    rest = RestClient(http, session)
    try:
        for _ in range(3):
            await rest.sample_clock(_COST)
        account = parse.account(body_or_raise(await rest.call("GET", "/api/v3/account", {}, cost=_COST)))
        permissions = await _permissions(rest, is_live=hosts.rest == _LIVE_REST)
    finally:
        await http.aclose()
    key_trades = permissions is None or permissions.enable_spot_and_margin_trading
    return KeyFacts(
        account_uid=account.account_uid,
        can_trade=account.can_trade and key_trades,
        can_withdraw=None if permissions is None else permissions.enable_withdrawals,
        can_transfer=None if permissions is None else _can_transfer(permissions),
        is_ip_restricted=None if permissions is None else permissions.ip_restrict,
        clock_offset_ms=session.skew.offset_ms,
    )


async def _permissions(rest: RestClient, *, is_live: bool) -> wire.WireKeyPermissions | None:
    answer = await rest.call("GET", "/sapi/v1/account/apiRestrictions", {}, cost=_COST)
    try:
        return _PERMISSIONS.decode(body_or_raise(answer))
    except VenueError:
        if is_live:  # not knowing whether a real key can withdraw is no answer
            raise
        return None  # the testnet has no /sapi


def _can_transfer(permissions: wire.WireKeyPermissions) -> bool:
    return permissions.enable_internal_transfer or permissions.permits_universal_transfer
