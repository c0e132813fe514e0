"""The keyrings of the operating system, by name: never the one that `keyring` would choose.

With keyrings.alt installed, keyring's own choice silently stores base64 plaintext; its chainer asks
every backend there is. So only the classes listed here are used, one at a time, and `get_keyring`,
PYTHON_KEYRING_BACKEND and keyringrc.cfg are never asked.

Each call runs in a thread of its own with a time limit: an unlock prompt nobody can see waits for ever.
"""

import importlib
import queue
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from veloz_tui.config.plain import SecretsBackend
from veloz_tui.config.redact import redacted
from veloz_tui.domain.errors import ConfigError

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

CALL_TIMEOUT_S = 5.0
LONGEST_REASON = 200
VAULT_ADVICE = (
    "press V for an encrypted vault (a file that only your password opens; it needs no keyring), "
    'or write backend = "vault" in [secrets]'
)
T = TypeVar("T")


class KeyringUnusable(ConfigError):
    """The keyring isn't there, is locked, or doesn't answer. Nothing was stored or read."""


class Keyring(msgspec.Struct, frozen=True, kw_only=True):
    """One keyring that may be used: its class, what it is called, how it is made to work."""

    module: str
    class_name: str
    label: str
    remedy: str


ALLOWED: dict[str, Keyring] = {
    "secretservice": Keyring(
        module="keyring.backends.SecretService",
        class_name="Keyring",
        label="Secret Service (GNOME Keyring, KWallet)",
        remedy="on a server start one first: sudo apt install gnome-keyring dbus; "
        "dbus-run-session -- sh -c 'gnome-keyring-daemon --unlock --components=secrets; veloz' "
        "(type the keyring's password, Enter, Ctrl+D)",
    ),
    "keychain": Keyring(
        module="keyring.backends.macOS",
        class_name="Keyring",
        label="macOS Keychain",
        remedy="unlock it: security unlock-keychain",
    ),
    "windows": Keyring(
        module="keyring.backends.Windows",
        class_name="WinVaultKeyring",
        label="Windows Credential Manager",
        remedy="log on with your own account",
    ),
    "pass": Keyring(
        module="keyring_pass",
        class_name="PasswordStoreBackend",
        label="pass",
        remedy="make it work first: pip install keyring-pass; pass init YOUR-GPG-ID; pass ls",
    ),
}


def system_keyring() -> SecretsBackend:
    """Name this system's keyring."""
    if sys.platform == "darwin":
        return "keychain"
    return "windows" if sys.platform == "win32" else "secretservice"


class OsKeyring:
    """Entries of one service in one keyring of the system. Raises KeyringUnusable and nothing else."""

    __slots__ = ("_backend", "_keyring", "_service", "_timeout_s")

    def __init__(self, name: SecretsBackend, *, service: str, timeout_s: float = CALL_TIMEOUT_S) -> None:
        """Find the keyring and ask whether it can be used at all."""
        self._keyring = ALLOWED[name]
        self._service = service
        self._timeout_s = timeout_s
        self._backend = self._call(self._load)

    @property
    def label(self) -> str:
        return self._keyring.label

    def get(self, name: str) -> str | None:
        return self._call(lambda: self._backend.get_password(self._service, name))

    def set(self, name: str, value: str) -> None:
        self._call(lambda: self._backend.set_password(self._service, name, value))

    def delete(self, name: str) -> None:
        """Remove an entry; harmless when there is none."""
        if self.get(name) is not None:
            self._call(lambda: self._backend.delete_password(self._service, name))

    def _load(self) -> "KeyringBackend":
        module = importlib.import_module(self._keyring.module)
        chosen: type[KeyringBackend] = getattr(module, self._keyring.class_name)
        _ = chosen.priority  # raises RuntimeError, saying why, where the keyring can't be used
        return chosen()

    def _call(self, function: Callable[[], T]) -> T:
        outcome = _in_thread(function, timeout_s=self._timeout_s)
        if outcome is None:
            raise self._unusable(
                f"it did not answer within {self._timeout_s:.0f} s; it may be waiting for a password in a "
                f"window you can't see"
            )
        if outcome.error is not None:
            raise self._unusable(_reason(outcome.error)) from None
        return outcome.value()

    def _unusable(self, reason: str) -> KeyringUnusable:
        return KeyringUnusable(
            f"the keyring can't be used: {reason} – {self.label} – {VAULT_ADVICE}; or {self._keyring.remedy}"
        )


class _Outcome(Generic[T]):
    __slots__ = ("_values", "error")

    def __init__(self, values: tuple[T, ...], error: Exception | None) -> None:
        self._values = values
        self.error = error

    def value(self) -> T:
        return self._values[0]


def _in_thread(function: Callable[[], T], *, timeout_s: float) -> _Outcome[T] | None:
    # A daemon thread, not an executor: one that hangs in D-Bus must not keep the program from ending.
    done: queue.SimpleQueue[_Outcome[T]] = queue.SimpleQueue()

    def run() -> None:
        try:
            done.put(_Outcome((function(),), None))
        except Exception as error:  # noqa: BLE001 - plug-ins of the keyring raise what they like
            done.put(_Outcome((), error))

    threading.Thread(target=run, name="keyring", daemon=True).start()
    try:
        return done.get(timeout=timeout_s)
    except queue.Empty:
        return None


def _reason(error: Exception) -> str:
    # By name: the classes live in keyring, which may not be there to import.
    known = {
        "NoKeyringError": "there is none",
        "InitError": "it has no collection yet, and making one needs a desktop",
        "KeyringLocked": "it is locked",
        "ModuleNotFoundError": "its Python package is not installed",
    }
    name = type(error).__name__
    text = redacted(str(error)).strip().splitlines()
    detail = text[0][:LONGEST_REASON].rstrip(".") if text else ""
    said = known.get(name, name if name != "RuntimeError" else "")
    return ": ".join(part for part in (said, detail) if part) or name
