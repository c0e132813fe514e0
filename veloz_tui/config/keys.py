"""What `veloz keys add | list | check | remove` do, without the terminal.

A key is checked at its venue before it is stored. One that may move money out is refused unless the
words are typed; one without an IP allow-list is stored with a warning.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from veloz_tui.config.secret import ApiKey, Environment, KeyKind
from veloz_tui.config.secrets import SecretStore
from veloz_tui.domain.errors import ConfigError

WITHDRAWAL_PHRASE = "allow withdrawals"
CHECK_TIMEOUT_S = 20.0
CLOCK_WARNING_MS = 500
SHOWN_CHARACTERS = 4


class KeyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the venue says about a key."""

    can_read: bool
    can_trade: bool
    can_withdraw: bool
    can_transfer: bool
    """To other accounts: money leaves as well."""
    ip_restricted: bool
    account_uid: str = ""
    clock_offset_ms: int = 0
    """The venue's clock minus ours."""


KeyCheck = Callable[[ApiKey], Awaitable[KeyFacts]]
"""Asks the venue; raises VenueError (AuthenticationFailed for a wrong key)."""


class KeySummary(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it may be shown."""

    name: str
    venue: str
    kind: KeyKind
    environment: Environment
    api_key_ends: str
    account_uid: str
    allow_withdrawals: bool


class CheckedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, what the venue says about it, and what the operator should know."""

    summary: KeySummary
    facts: KeyFacts
    warnings: tuple[str, ...]


class KeyRefused(ConfigError):
    """The key was not stored, or must not be used; the text says why."""


async def add_key(store: SecretStore, key: ApiKey, check: KeyCheck, *, typed_words: str = "") -> CheckedKey:
    """Ask the venue about a key and store it. `typed_words` is what was typed to allow withdrawals.

    Raises KeyRefused (nothing was stored), VenueError, ConfigError of the store.
    """
    facts = await _ask(check, key)
    if not (facts.can_read and facts.can_trade):
        missing = "trading" if facts.can_read else "reading"
        raise KeyRefused(
            f"key {key.name} has no right to {missing}; nothing was stored – {key.venue} – "
            f"switch the right on at the venue, then add it again"
        )
    moves_money = facts.can_withdraw or facts.can_transfer
    if moves_money and typed_words.strip() != WITHDRAWAL_PHRASE:
        right = "withdraw" if facts.can_withdraw else "transfer to other accounts"
        raise KeyRefused(
            f"key {key.name} may {right}; nothing was stored – {key.venue} – switch that right off at the "
            f"venue (VeloZ never needs it), or type: {WITHDRAWAL_PHRASE}"
        )
    stored = msgspec.structs.replace(key, account_uid=facts.account_uid, allow_withdrawals=moves_money)
    await asyncio.to_thread(store.put, stored)
    return CheckedKey(summary=summarize(stored), facts=facts, warnings=_warnings(facts))


async def check_key(store: SecretStore, name: str, check: KeyCheck) -> CheckedKey:
    """Ask the venue about a stored key: at each start, and daily.

    KeyRefused if it is now another account's, or has gained a right that was not allowed.
    """
    key = await asyncio.to_thread(store.require, name)
    facts = await _ask(check, key)
    if key.account_uid and facts.account_uid and key.account_uid != facts.account_uid:
        raise KeyRefused(
            f"key {name} belongs to account {facts.account_uid}, and was added for {key.account_uid} – "
            f"{key.venue} – use a profile of its own for the other account, or add the key again"
        )
    if (facts.can_withdraw or facts.can_transfer) and not key.allow_withdrawals:
        raise KeyRefused(
            f"key {name} may move money out by now, and could not when it was added – {key.venue} – "
            f"find out who changed it; switch it off at the venue, or add the key again"
        )
    return CheckedKey(summary=summarize(key), facts=facts, warnings=_warnings(facts))


async def list_keys(store: SecretStore) -> tuple[KeySummary, ...]:
    """List the stored keys, by name; a name whose key is gone is left out."""

    def read() -> tuple[KeySummary, ...]:
        found = (store.get(name) for name in store.names())
        return tuple(summarize(key) for key in found if key is not None)

    return await asyncio.to_thread(read)


async def remove_key(store: SecretStore, name: str) -> None:
    """Forget a key; ConfigError if there is none. At the venue it lives on."""
    if not await asyncio.to_thread(store.remove, name):
        raise ConfigError(f"there is no API key {name} – {store.label} – see: veloz keys list")


def summarize(key: ApiKey) -> KeySummary:
    """Show a key without showing it."""
    return KeySummary(
        name=key.name,
        venue=key.venue,
        kind=key.kind,
        environment=key.environment,
        api_key_ends=key.api_key.reveal()[-SHOWN_CHARACTERS:],
        account_uid=key.account_uid,
        allow_withdrawals=key.allow_withdrawals,
    )


async def _ask(check: KeyCheck, key: ApiKey) -> KeyFacts:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await check(key)
    except TimeoutError:
        raise KeyRefused(
            f"the venue did not say within {CHECK_TIMEOUT_S:.0f} s what key {key.name} may do – "
            f"{key.venue} – check the network and try again"
        ) from None


def _warnings(facts: KeyFacts) -> tuple[str, ...]:
    found = []
    if not facts.ip_restricted:
        found.append("no IP allow-list: whoever has this key can use it from anywhere; set one at the venue")
    if facts.can_withdraw or facts.can_transfer:
        found.append("it may move money out; VeloZ never needs that")
    if abs(facts.clock_offset_ms) > CLOCK_WARNING_MS:
        found.append(
            f"the venue's clock is {facts.clock_offset_ms:+d} ms from ours: check this machine's NTP"
        )
    return tuple(found)
