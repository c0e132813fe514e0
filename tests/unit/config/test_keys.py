"""Keys are checked at the venue before they are stored, and again later."""

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from tests.unit.config.memory_backend import MemoryBackend
from tests.unit.config.test_secret import CANARY, key
from veloz_tui.config import keys
from veloz_tui.config.keys import (
    KeyFacts,
    KeyRefused,
    add_key,
    check_key,
    list_keys,
    remove_key,
    summarize,
)
from veloz_tui.config.secret import ApiKey
from veloz_tui.config.secrets import SecretStore
from veloz_tui.domain.errors import AuthenticationFailed, ConfigError

GOOD = KeyFacts(
    can_read=True,
    can_trade=True,
    can_withdraw=False,
    can_transfer=False,
    ip_restricted=True,
    account_uid="42",
)


def venue(**changes: object) -> Callable[[ApiKey], Awaitable[KeyFacts]]:
    async def answer(_: ApiKey) -> KeyFacts:
        return msgspec.structs.replace(GOOD, **changes)

    return answer


@pytest.fixture
def store() -> SecretStore:
    return SecretStore(MemoryBackend())


async def test_a_good_key_is_stored_with_the_account_the_venue_named(store: SecretStore) -> None:
    added = await add_key(store, key(account_uid=""), venue())
    assert added.warnings == ()
    stored = store.require("main")
    assert (stored.account_uid, stored.allow_withdrawals) == ("42", False)
    assert await list_keys(store) == (added.summary,)
    assert added.summary.api_key_ends == "1234"


@pytest.mark.parametrize("right", ["can_withdraw", "can_transfer"])
async def test_a_key_that_moves_money_out_needs_the_words(store: SecretStore, right: str) -> None:
    for words in ("", "yes", "Allow withdrawals", "allow"):
        with pytest.raises(KeyRefused, match="type: allow withdrawals"):
            await add_key(store, key(), venue(**{right: True}), typed_words=words)
    assert store.names() == ()
    added = await add_key(store, key(), venue(**{right: True}), typed_words="allow withdrawals")
    assert "move money out" in added.warnings[0]
    assert store.require("main").allow_withdrawals


@pytest.mark.parametrize("right", ["can_read", "can_trade"])
async def test_a_key_that_can_not_trade_is_refused(store: SecretStore, right: str) -> None:
    with pytest.raises(KeyRefused, match="nothing was stored"):
        await add_key(store, key(), venue(**{right: False}))
    assert store.names() == ()


async def test_no_ip_list_and_a_wrong_clock_are_warnings(store: SecretStore) -> None:
    added = await add_key(store, key(), venue(ip_restricted=False, clock_offset_ms=-1_200))
    assert [warning.partition(":")[0] for warning in added.warnings] == [
        "no IP allow-list",
        "the venue's clock is -1200 ms from ours",
    ]


async def test_a_key_the_venue_refuses_is_not_stored(store: SecretStore) -> None:
    async def refuse(_: ApiKey) -> KeyFacts:
        raise AuthenticationFailed("invalid key", venue="BINANCE", code=-2014)

    with pytest.raises(AuthenticationFailed):
        await add_key(store, key(), refuse)
    assert store.names() == ()


async def test_a_venue_that_does_not_answer_does_not_hold_the_terminal(
    store: SecretStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    async def never(_: ApiKey) -> KeyFacts:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(keys, "CHECK_TIMEOUT_S", 0.05)
    with pytest.raises(KeyRefused, match="did not say"):
        await add_key(store, key(), never)


async def test_a_key_of_another_account_stops_the_start(store: SecretStore) -> None:
    await add_key(store, key(), venue())
    assert (await check_key(store, "main", venue())).facts.account_uid == "42"
    with pytest.raises(KeyRefused, match="belongs to account 43, and was added for 42"):
        await check_key(store, "main", venue(account_uid="43"))


async def test_a_right_gained_later_is_noticed(store: SecretStore) -> None:
    await add_key(store, key(), venue())
    with pytest.raises(KeyRefused, match="may move money out by now"):
        await check_key(store, "main", venue(can_withdraw=True))
    await add_key(store, key(), venue(can_withdraw=True), typed_words="allow withdrawals")
    assert await check_key(store, "main", venue(can_withdraw=True))


async def test_removing_and_checking_a_missing_key_say_so(store: SecretStore) -> None:
    with pytest.raises(ConfigError, match="veloz keys list"):
        await remove_key(store, "main")
    with pytest.raises(ConfigError, match="veloz keys add main"):
        await check_key(store, "main", venue())
    await add_key(store, key(), venue())
    await remove_key(store, "main")
    assert await list_keys(store) == ()


def test_a_summary_shows_neither_the_secret_nor_the_whole_key() -> None:
    shown = repr(summarize(key()))
    assert CANARY not in shown
    assert "ApiKeyCanary" not in shown
