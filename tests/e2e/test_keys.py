"""`veloz keys` as a user meets it: a venue on this machine, the real vault, what is typed and said."""

import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import pytest

from tests.chaos.profile import Done, Profile, running_profile
from veloz_tui.sim.settings import AccountSettings, SimSettings

pytestmark = pytest.mark.slow

API_KEY, SECRET = "a" * 64, "made-up-secret-for-tests-" + "s" * 39
FIRST, SECOND = "made-up password one", "made-up password two"
SETTINGS = """
[profile]
mode = "TEST"
[secrets]
backend = "vault"
[venues.binance]
key = "main"
instruments = ["BTCUSDT.BINANCE"]
[venues.binance.test_hosts]
rest = "http://127.0.0.1:{port}"
websocket_api = "ws://127.0.0.1:{port}/ws-api/v3"
streams = "ws://127.0.0.1:{port}"
confirm = "these are test hosts"
"""


class Keys(NamedTuple):
    """`veloz keys` of a TEST profile; what is typed goes in as lines."""

    profile: Profile

    def __call__(self, *words: str, typed: tuple[str, ...]) -> Done:
        done = self.profile.veloz("keys", *words, typed="".join(f"{line}\n" for line in typed))
        assert "Traceback" not in done.text
        assert SECRET not in done.text and API_KEY not in done.text
        return done


@pytest.fixture
def keys() -> Iterator[Keys]:
    with running_profile(name="keys", starts=False) as profile:
        account = AccountSettings(api_key=API_KEY, credential=SECRET, key_type="HMAC")
        process = subprocess.Popen(
            [sys.executable, "-m", "veloz_tui.sim"],
            env=profile.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None and process.stdout is not None
        settings = SimSettings(accounts=(account,), stop_with_parent=True)
        process.stdin.write(msgspec.json.encode(settings) + b"\n")
        process.stdin.flush()
        try:
            profile.write_settings(
                SETTINGS.format(port=msgspec.json.decode(process.stdout.readline())["port"])
            )
            yield Keys(profile)
        finally:
            process.kill()
            process.communicate()


def test_a_key_is_added_listed_checked_and_forgotten(keys: Keys) -> None:
    added = keys("add", "main", typed=(FIRST, FIRST, API_KEY, SECRET))
    assert added.code == 0, added.text
    assert f"main BINANCE test hmac …{API_KEY[-4:]}" in added.text
    assert f"main BINANCE test hmac …{API_KEY[-4:]}" in keys("list", typed=(FIRST,)).text
    assert keys("check", "main", typed=(FIRST,)).code == 0
    assert "delete it at the venue too" in keys("remove", "main", typed=(FIRST,)).text
    assert "no keys" in keys("list", typed=(FIRST,)).text


def test_a_wrong_secret_is_refused_by_the_venue_and_not_kept(keys: Keys) -> None:
    added = keys("add", "main", typed=(FIRST, FIRST, API_KEY, "another-secret-" + "x" * 49))
    assert added.code == 1
    assert "no keys" in keys("list", typed=(FIRST,)).text


def test_two_different_new_passwords_make_no_vault(keys: Keys) -> None:
    assert "no vault was made" in keys("add", "main", typed=(FIRST, SECOND)).text
    assert not keys.profile.paths.vault.exists()


def test_the_vaults_password_is_changed(keys: Keys) -> None:
    assert keys("add", "main", typed=(FIRST, FIRST, API_KEY, SECRET)).code == 0
    assert "the password is as it was" in keys("password", typed=(FIRST, SECOND, "a third one")).text
    changed = keys("password", typed=(FIRST, SECOND, SECOND))
    assert changed.code == 0, changed.text
    assert f"…{API_KEY[-4:]}" in keys("list", typed=(SECOND,)).text
    assert "that password doesn't open the vault" in keys("list", typed=(FIRST,)).text


def test_without_a_vault_there_is_no_password_to_change(keys: Keys) -> None:
    said = keys("password", typed=())
    assert said.code == 2
    assert "there is no vault" in said.text
