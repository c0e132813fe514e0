"""Where keys are kept: never where keyring would put them by itself."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import keyring.core
import pytest

from tests.unit.config.memory_backend import MemoryBackend
from tests.unit.config.test_secret import CANARY, key
from tests.unit.config.test_vault import CHEAP, PASSWORD
from veloz_tui.config import keyrings
from veloz_tui.config.keyrings import ALLOWED, Keyring, KeyringUnusable, OsKeyring
from veloz_tui.config.plain import SecretsBackend
from veloz_tui.config.secrets import MAX_KEYS, SecretStore, open_store, service_name
from veloz_tui.config.vault import OpenVault, Vault
from veloz_tui.domain.errors import ConfigError

PLAINTEXT = """
import pathlib
from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringLocked, NoKeyringError
stored = pathlib.Path(__file__).with_name("stored")
class Plaintext(KeyringBackend):
    priority = 100
    def get_password(self, service, username): return None
    def set_password(self, service, username, password): stored.write_text(password)
    def delete_password(self, service, username): pass
class Broken(Plaintext):
    error = None
    def get_password(self, service, username): raise self.error
class Locked(Broken): error = KeyringLocked("Failed to unlock the collection!")
class NoCollection(Broken): error = InitError("Failed to create the collection: Prompt dismissed..")
class NoKeyring(Broken): error = NoKeyringError("No recommended backend was available.")
class Odd(Broken): error = ZeroDivisionError("division by zero")
class Slow(Plaintext):
    def get_password(self, service, username):
        import threading
        threading.Event().wait(60)
"""


def dispose(_: Vault) -> OpenVault:
    raise AssertionError("the vault was not asked for")


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "keys.vault", service="veloz-tui/demo", cost=CHEAP)


@pytest.fixture
def plaintext(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A backend such as keyrings.alt installs: the best there is by its own account, and plaintext."""
    (tmp_path / "plaintext_keyring.py").write_text(PLAINTEXT)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "plaintext_keyring.Plaintext")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    chosen = keyring.core.load_env()
    monkeypatch.delitem(sys.modules, "plaintext_keyring")
    assert type(chosen).__name__ == "Plaintext"  # what keyring itself would use
    return tmp_path / "stored"


def test_without_a_keyring_the_vault_is_offered(monkeypatch: pytest.MonkeyPatch, vault: Vault) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(KeyringUnusable) as refused:
        open_store("auto", service="s", vault=vault, unlock=dispose)
    text = str(refused.value)
    assert "the keyring can't be used" in text
    assert "press V for an encrypted vault" in text
    assert "apt install gnome-keyring" in text
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("choice", ["auto", "secretservice", "pass"])
def test_a_plaintext_keyring_is_never_chosen(plaintext: Path, vault: Vault, choice: SecretsBackend) -> None:
    with pytest.raises(KeyringUnusable):
        open_store(choice, service="s", vault=vault, unlock=dispose).put(key())
    assert not plaintext.exists()


def test_the_allow_list_names_no_plaintext_and_no_chain() -> None:
    modules = {keyring.module for keyring in ALLOWED.values()}
    assert modules == {
        "keyring.backends.SecretService",
        "keyring.backends.macOS",
        "keyring.backends.Windows",
        "keyring_pass",
    }


@pytest.mark.parametrize(
    ("class_name", "said"),
    [
        ("Locked", "it is locked: Failed to unlock the collection!"),
        ("NoCollection", "making one needs a desktop"),
        ("NoKeyring", "there is none"),
        ("Odd", "ZeroDivisionError: division by zero"),
        ("Slow", "did not answer within"),
        ("Missing", "AttributeError"),
    ],
)
def test_every_failure_of_a_keyring_is_one_error_with_a_way_out(
    plaintext: Path, monkeypatch: pytest.MonkeyPatch, class_name: str, said: str
) -> None:
    broken = Keyring(module="plaintext_keyring", class_name=class_name, label="broken", remedy="mend it")
    monkeypatch.setitem(keyrings.ALLOWED, "pass", broken)
    with pytest.raises(KeyringUnusable) as refused:
        OsKeyring("pass", service="s", timeout_s=0.2).get("x")
    assert said in str(refused.value)
    assert "press V" in str(refused.value)
    assert "mend it" in str(refused.value)


def test_a_missing_package_is_said_to_be_missing() -> None:
    if importlib.util.find_spec("keyring_pass") is not None:
        pytest.skip("keyring-pass is installed")
    with pytest.raises(KeyringUnusable, match="its Python package is not installed"):
        OsKeyring("pass", service="s")


def test_a_hanging_keyring_does_not_keep_the_program_from_ending(plaintext: Path) -> None:
    code = """
from veloz_tui.config import keyrings
slow = keyrings.Keyring(module="plaintext_keyring", class_name="Slow", label="x", remedy="y")
keyrings.ALLOWED["pass"] = slow
try:
    keyrings.OsKeyring("pass", service="s", timeout_s=0.1).get("x")
except keyrings.KeyringUnusable:
    print("refused")
"""
    search = os.pathsep.join([str(plaintext.parent), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env=os.environ | {"PYTHONPATH": search},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.stdout, done.returncode) == ("refused\n", 0)


def test_a_vault_once_made_stays_the_place(vault: Vault) -> None:
    made = vault.create(PASSWORD)
    store = open_store("auto", service="s", vault=vault, unlock=lambda _: made)
    store.put(key())
    assert "encrypted vault" in store.label
    assert SecretStore(vault.unlock(PASSWORD)).require("main").secret.reveal() == CANARY


def test_the_keyring_when_chosen_is_not_replaced_by_the_vault(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    vault.create(PASSWORD)
    with pytest.raises(KeyringUnusable):
        open_store("secretservice", service="s", vault=vault, unlock=dispose)


@pytest.fixture(params=["memory", "vault"])
def store(request: pytest.FixtureRequest, vault: Vault) -> SecretStore:
    return SecretStore(MemoryBackend() if request.param == "memory" else vault.create(PASSWORD))


def test_keys_are_kept_replaced_listed_and_removed(store: SecretStore) -> None:
    assert store.names() == ()
    store.put(key())
    store.put(key(name="other"))
    store.put(key(account_uid="43"))
    assert store.names() == ("main", "other")
    assert store.require("main").account_uid == "43"
    assert store.remove("main")
    assert not store.remove("main")
    assert (store.names(), store.get("main")) == (("other",), None)


def test_a_missing_key_names_the_command_that_adds_it() -> None:
    with pytest.raises(ConfigError, match="veloz keys add main"):
        SecretStore(MemoryBackend()).require("main")


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 33, "index\n"])
def test_names_that_can_not_be_typed_are_refused(name: str) -> None:
    store = SecretStore(MemoryBackend())
    with pytest.raises(ConfigError, match="can't name a key"):
        store.put(key(name=name))
    assert store.names() == ()


def test_a_write_that_fails_leaves_no_secret_that_nobody_sees() -> None:
    class Full(MemoryBackend):
        def set(self, name: str, value: str) -> None:
            if name != "index":
                raise ConfigError("full")
            super().set(name, value)

    store = SecretStore(Full())
    with pytest.raises(ConfigError, match="full"):
        store.put(key())
    assert store.names() == ("main",)
    assert store.get("main") is None


def test_the_number_of_keys_is_bounded() -> None:
    store = SecretStore(MemoryBackend())
    for number in range(MAX_KEYS):
        store.put(key(name=f"k{number}"))
    with pytest.raises(ConfigError, match="remove one first"):
        store.put(key())
    store.put(key(name="k0", account_uid="7"))


def test_a_spoiled_index_is_said_to_be_spoiled() -> None:
    backend = MemoryBackend()
    backend.set("index", "{")
    with pytest.raises(ConfigError, match="index of keys can't be read"):
        SecretStore(backend).names()


SECRET_SERVICE = """
from tests.unit.config.test_secret import CANARY, key
from veloz_tui.config.keyrings import OsKeyring
from veloz_tui.config.secrets import SecretStore
store = SecretStore(OsKeyring("secretservice", service="veloz-tui/test"))
store.put(key())
assert store.names() == ("main",)
again = SecretStore(OsKeyring("secretservice", service="veloz-tui/test"))
assert again.require("main").secret.reveal() == CANARY
assert OsKeyring("secretservice", service="veloz-tui/other").get("key:main") is None
assert store.remove("main") and store.get("main") is None
print("kept and removed in", store.label)
"""


@pytest.mark.skipif(
    not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon")),
    reason="needs dbus-run-session and gnome-keyring-daemon",
)
def test_a_real_secret_service_keeps_keys(tmp_path: Path) -> None:
    script = (
        "printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null && "
        f"exec {sys.executable} -c '{SECRET_SERVICE}'"
    )
    tmp_path.chmod(0o700)
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    started = time.monotonic()
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script],
        check=False,
        env=os.environ | home | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "kept and removed in Secret Service" in done.stdout, (
        f"{time.monotonic() - started:.1f} s {done.stderr}"
    )
    # Only there: the folder of its socket vanishes with the daemon.
    stored = b"".join(path.read_bytes() for path in (tmp_path / "keyrings").rglob("*") if path.is_file())
    assert stored and CANARY.encode() not in stored


def test_each_profile_has_entries_of_its_own() -> None:
    assert service_name("live") == "veloz-tui/live"
