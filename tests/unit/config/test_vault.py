"""The vault: what goes in comes out, and nothing else opens it."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veloz_tui.config import vault as vault_module
from veloz_tui.config.secret import Secret
from veloz_tui.config.vault import (
    LARGEST_FILE,
    LONGEST_VALUE,
    MAX_ENTRIES,
    KdfCost,
    OpenVault,
    Vault,
    VaultDamaged,
    VaultError,
    WrongPassword,
    unlock_with_retries,
)
from veloz_tui.domain.errors import ConfigError

CHEAP = KdfCost(iterations=1, memory_kib=8, lanes=1)
PASSWORD = Secret("correct horse battery")
CANARY = "Canary0123456789abcdefghijklmnopqrstuvwx"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "keys.vault", service="veloz-tui/demo", cost=CHEAP)


@pytest.fixture
def opened(vault: Vault) -> OpenVault:
    made = vault.create(PASSWORD)
    made.set("key:main", CANARY)
    return made


ENTRIES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=100),
    max_size=4,
)


@settings(max_examples=40, deadline=None)
@given(entries=ENTRIES, password=st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=30))
def test_what_goes_in_comes_out(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str], password: str
) -> None:
    vault = Vault(tmp_path_factory.mktemp("v") / "keys.vault", service="s", cost=CHEAP)
    made = vault.create(Secret(password))
    for name, value in entries.items():
        made.set(name, value)
    found = vault.unlock(Secret(password))
    assert {name: found.get(name) for name in found.names()} == entries
    for name in entries:
        found.delete(name)
    assert made.names() == ()


def test_every_single_changed_byte_is_detected(vault: Vault, opened: OpenVault) -> None:
    good = vault.path.read_bytes()
    assert CANARY.encode() not in good
    undetected = []
    for position in range(len(good)):
        damaged = bytearray(good)
        damaged[position] ^= 1
        vault.path.write_bytes(damaged)
        try:
            vault.unlock(PASSWORD)
        except VaultError:
            continue
        undetected.append(position)
    assert undetected == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_tampering_is_detected(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    vault = Vault(tmp_path_factory.mktemp("v") / "keys.vault", service="s", cost=CHEAP)
    vault.create(PASSWORD).set("a", "b")
    good = vault.path.read_bytes()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 8)))
    inserted = data.draw(st.binary(max_size=8))
    changed = good[:start] + inserted + good[end:]
    if changed == good:
        return
    vault.path.write_bytes(changed)
    with pytest.raises(VaultError):
        vault.unlock(PASSWORD)


def test_a_wrong_password_is_not_called_damage(vault: Vault, opened: OpenVault) -> None:
    with pytest.raises(WrongPassword, match="doesn't open the vault"):
        vault.unlock(Secret("incorrect horse"))


def test_damage_is_not_called_a_wrong_password(vault: Vault, opened: OpenVault) -> None:
    content = bytearray(vault.path.read_bytes())
    content[-1] ^= 0x80
    vault.path.write_bytes(content)
    with pytest.raises(VaultDamaged, match=r"was changed.*mv "):
        vault.unlock(PASSWORD)


@pytest.mark.parametrize("content", [b"", b"VELOZVLT", b"PK\x03\x04" * 50, b"x" * 300])
def test_another_file_is_not_taken_for_a_vault(vault: Vault, content: bytes) -> None:
    vault.path.write_bytes(content)
    vault.path.chmod(0o600)
    with pytest.raises(VaultDamaged, match="not a vault, or cut short"):
        vault.unlock(PASSWORD)


def test_a_newer_format_is_refused_before_the_password_matters(vault: Vault, opened: OpenVault) -> None:
    content = bytearray(vault.path.read_bytes())
    content[9] = 2
    vault.path.write_bytes(content)
    with pytest.raises(VaultError, match="format 2, this program knows 1") as refused:
        vault.unlock(PASSWORD)
    assert not isinstance(refused.value, WrongPassword | VaultDamaged)


def test_a_header_that_asks_for_all_memory_is_refused(vault: Vault, opened: OpenVault) -> None:
    content = bytearray(vault.path.read_bytes())
    content[14] = 0xFF  # the highest byte of the memory in KiB
    vault.path.write_bytes(content)
    with pytest.raises(VaultDamaged, match="its header makes no sense"):
        vault.unlock(PASSWORD)


def test_a_vault_of_another_profile_does_not_open(vault: Vault, opened: OpenVault) -> None:
    other = Vault(vault.path, service="veloz-tui/live", cost=CHEAP)
    with pytest.raises(VaultDamaged, match="another profile"):
        other.unlock(PASSWORD)


def test_each_write_has_a_new_nonce(vault: Vault, opened: OpenVault) -> None:
    contents = set()
    for _ in range(5):
        opened.set("key:main", CANARY)
        contents.add(vault.path.read_bytes())
    assert len(contents) == 5


def test_the_default_cost_is_the_recommended_one(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "v", service="s")
    vault.create(PASSWORD)
    assert KdfCost() == KdfCost(iterations=3, memory_kib=65_536, lanes=4)
    assert vault.path.read_bytes()[8:22].hex() == "0001" + "00000003" + "00010000" + "00000004"
    assert vault.unlock(PASSWORD).names() == ()


def test_the_same_password_typed_on_another_system_opens_it(vault: Vault) -> None:
    vault.create(Secret("pässword-é"))
    assert vault.unlock(Secret("pa\u0308ssword-e\u0301")).names() == ()


def test_a_short_password_is_refused_and_nothing_is_made(vault: Vault) -> None:
    with pytest.raises(VaultError, match="too short"):
        vault.create(Secret("1234567"))
    assert not vault.exists()


def test_a_vault_is_never_made_over_another(vault: Vault, opened: OpenVault) -> None:
    with pytest.raises(VaultError, match="there is a vault already"):
        vault.create(PASSWORD)
    assert vault.unlock(PASSWORD).get("key:main") == CANARY


def test_a_missing_vault_is_said_to_be_missing(vault: Vault) -> None:
    with pytest.raises(VaultError, match="there is no vault"):
        vault.unlock(PASSWORD)


def test_the_password_can_be_changed(vault: Vault, opened: OpenVault) -> None:
    before = vault.path.read_bytes()
    opened.change_password(Secret("another password"))
    assert opened.get("key:main") == CANARY
    assert vault.unlock(Secret("another password")).get("key:main") == CANARY
    assert vault.path.read_bytes()[22:38] != before[22:38]  # another salt
    with pytest.raises(WrongPassword):
        vault.unlock(PASSWORD)


def test_one_opened_before_the_password_changed_must_unlock_again(vault: Vault, opened: OpenVault) -> None:
    vault.unlock(PASSWORD).change_password(Secret("another password"))
    with pytest.raises(WrongPassword, match="changed meanwhile"):
        opened.get("key:main")
    with pytest.raises(WrongPassword, match="changed meanwhile"):
        opened.set("x", "y")


def test_writers_do_not_lose_each_others_entries(vault: Vault, opened: OpenVault) -> None:
    def write(prefix: int) -> None:
        other = vault.unlock(PASSWORD)
        for number in range(5):
            other.set(f"{prefix}-{number}", "x")

    threads = [threading.Thread(target=write, args=(prefix,)) for prefix in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(opened.names()) == 1 + 15


def test_the_file_is_private_and_wider_ones_are_refused(vault: Vault, opened: OpenVault) -> None:
    assert vault.path.stat().st_mode & 0o777 == 0o600
    vault.path.chmod(0o640)
    for attempt in (
        lambda: vault.unlock(PASSWORD),
        lambda: opened.get("key:main"),
        lambda: opened.set("a", "b"),
    ):
        with pytest.raises(ConfigError, match="chmod 600"):
            attempt()


def test_a_symbolic_link_is_refused(vault: Vault, opened: OpenVault) -> None:
    moved = vault.path.rename(vault.path.with_name("moved"))
    vault.path.symlink_to(moved)
    with pytest.raises(ConfigError, match="symbolic link"):
        vault.unlock(PASSWORD)
    with pytest.raises(ConfigError):
        vault.create(PASSWORD)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_vault_of_someone_else_is_refused(vault: Vault, opened: OpenVault) -> None:
    os.chown(vault.path, 65534, 65534)
    with pytest.raises(ConfigError, match="belongs to user 65534"):
        vault.unlock(PASSWORD)


def test_sizes_are_bounded(vault: Vault, opened: OpenVault, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("", "x"), ("n" * 201, "x"), ("n", "x" * (LONGEST_VALUE + 1))):
        with pytest.raises(VaultError, match="shorten it"):
            opened.set(name, value)
    monkeypatch.setattr(vault_module, "MAX_ENTRIES", 1)
    opened.set("key:main", "again")
    with pytest.raises(VaultError, match="full"):
        opened.set("another", "x")
    assert MAX_ENTRIES * (LONGEST_VALUE // 64) <= LARGEST_FILE
    vault.path.write_bytes(b"VELOZVLT" + b"\0" * LARGEST_FILE)
    with pytest.raises(ConfigError, match="longer than"):
        vault.unlock(PASSWORD)


def test_a_failed_write_leaves_the_old_vault(
    vault: Vault, opened: OpenVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            opened.set("key:main", "new")
    assert opened.get("key:main") == CANARY
    assert sorted(path.name for path in vault.path.parent.iterdir()) == ["keys.vault", "keys.vault.lock"]


def test_nothing_shows_the_key_or_the_entries(opened: OpenVault) -> None:
    shown = repr(opened) + str(opened) + repr(opened._keys) + repr(opened._vault)
    assert opened._keys.encrypt.hex() not in shown
    assert repr(opened._keys.encrypt) not in shown
    assert CANARY not in shown


def test_three_tries_with_growing_pauses(vault: Vault, opened: OpenVault) -> None:
    asked: list[str] = []
    waited: list[float] = []

    def ask(question: str) -> Secret:
        asked.append(question)
        return Secret("wrong password")

    with pytest.raises(WrongPassword):
        unlock_with_retries(vault, ask=ask, wait=waited.append)
    assert len(asked) == 3
    assert waited == [1.0, 2.0]
    assert "2 tries left" in asked[1]
    assert "1 try left" in asked[2]


def test_a_right_second_try_opens_and_giving_up_is_no_endless_question(
    vault: Vault, opened: OpenVault
) -> None:
    answers = iter([Secret("wrong password"), PASSWORD])
    found = unlock_with_retries(vault, ask=lambda _: next(answers), wait=lambda _: None)
    assert found.get("key:main") == CANARY
    tries = iter([Secret("wrong password"), None])
    with pytest.raises(WrongPassword, match="that password doesn't open"):
        unlock_with_retries(vault, ask=lambda _: next(tries), wait=lambda _: None)
    with pytest.raises(WrongPassword, match="no password was given"):
        unlock_with_retries(vault, ask=lambda _: None, wait=lambda _: None)
