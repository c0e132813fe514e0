"""Where API keys are kept: the system's keyring or our vault, chosen by name, never by accident.

One entry a key, `key:NAME`, as JSON, under the service `veloz-tui/<profile>`; and one entry `index`
with the names, because a keyring can't list what it holds.
"""

import re
from collections.abc import Callable
from typing import Protocol

import msgspec

from veloz_tui.config.keyrings import OsKeyring, system_keyring
from veloz_tui.config.plain import SecretsBackend
from veloz_tui.config.secret import ApiKey, decode_key, encode_key
from veloz_tui.config.vault import OpenVault, Vault
from veloz_tui.domain.errors import ConfigError

INDEX = "index"
KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
MAX_KEYS = 64
_NAMES = msgspec.json.Decoder(list[str])


class SecretBackend(Protocol):
    """Entries by name. Every method may raise ConfigError and blocks for up to some seconds."""

    @property
    def label(self) -> str: ...

    def get(self, name: str) -> str | None: ...

    def set(self, name: str, value: str) -> None: ...

    def delete(self, name: str) -> None: ...


class SecretStore:
    """The API keys of one profile. Its calls block: from asyncio use `asyncio.to_thread`."""

    __slots__ = ("_backend",)

    def __init__(self, backend: SecretBackend) -> None:
        self._backend = backend

    @property
    def label(self) -> str:
        """What holds the keys, for the screen and for `veloz check`."""
        return self._backend.label

    def names(self) -> tuple[str, ...]:
        text = self._backend.get(INDEX)
        if text is None:
            return ()
        try:
            return tuple(_NAMES.decode(text))
        except msgspec.MsgspecError:
            raise ConfigError(
                f"the index of keys can't be read – {self.label} – add the keys again: veloz keys add NAME"
            ) from None

    def get(self, name: str) -> ApiKey | None:
        text = self._backend.get(_entry(name))
        return None if text is None else decode_key(text, name=name)

    def require(self, name: str) -> ApiKey:
        """Return a key, or ConfigError with the command that adds it."""
        key = self.get(name)
        if key is None:
            raise ConfigError(f"there is no API key {name} – {self.label} – add it: veloz keys add {name}")
        return key

    def put(self, key: ApiKey) -> None:
        """Keep a key under its name, in place of an older one."""
        _check_name(key.name)
        names = self.names()
        if key.name not in names:
            if len(names) >= MAX_KEYS:
                raise ConfigError(f"{MAX_KEYS} keys are kept already – {self.label} – remove one first")
            # Index first: a crash in between leaves a name without a key, which shows, and not a
            # secret that nobody sees.
            self._write_index((*names, key.name))
        self._backend.set(_entry(key.name), encode_key(key))

    def remove(self, name: str) -> bool:
        """Forget a key; False when there was none."""
        names = self.names()
        found = name in names or self._backend.get(_entry(name)) is not None
        self._backend.delete(_entry(name))
        if name in names:
            self._write_index(tuple(other for other in names if other != name))
        return found

    def _write_index(self, names: tuple[str, ...]) -> None:
        self._backend.set(INDEX, msgspec.json.encode(sorted(names)).decode())


def service_name(profile: str) -> str:
    """Name the profile's entries in a keyring that other programs share."""
    return f"veloz-tui/{profile}"


def open_store(
    choice: SecretsBackend, *, service: str, vault: Vault, unlock: Callable[[Vault], OpenVault]
) -> SecretStore:
    """Open the store that the settings chose. `unlock` is called only if it is the vault.

    `auto` is the vault if there is one (once made, it stays the place), else the system's keyring.
    KeyringUnusable says what is missing and offers the vault.
    """
    if choice == "vault" or (choice == "auto" and vault.exists()):
        return SecretStore(unlock(vault))
    name = system_keyring() if choice == "auto" else choice
    return SecretStore(OsKeyring(name, service=service))


def _check_name(name: str) -> None:
    if not KEY_NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} can't name a key – veloz keys add – "
            f"use 1 to 32 of A-Z a-z 0-9 _ . -, a letter or digit first"
        )


def _entry(name: str) -> str:
    return f"key:{name}"
