"""The vault: one encrypted file that holds API keys where no keyring of the system can.

Theory of operation. The file is a header, a nonce and one AES-256-GCM ciphertext of all entries and
their names. Argon2id makes 64 bytes of the password: 32 encrypt, 32 authenticate the header, so that
a wrong password can be told from a damaged file. The header, the nonce and the service's name are the
cipher's associated data: a changed cost, or the vault of another profile, does not open. Each write has
a new random nonce (2^32 writes are allowed under one key; a person makes a hundred) and replaces the
file atomically. What is not protected: an older copy of the file put in its place opens as before.
"""

import fcntl
import hashlib
import hmac
import os
import struct
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from veloz_tui.config.filesystem import open_private, read_private, write_atomically
from veloz_tui.config.secret import Secret
from veloz_tui.domain.errors import ConfigError

VERSION = 1
MAGIC = b"VELOZVLT"
_HEADER = struct.Struct(">8sHIII16s")  # magic, version, iterations, memory in KiB, lanes, salt
_HEADER_TAG_BYTES = 32
_NONCE_BYTES = 12
_KEY_BYTES = 32
_BODY_AT = _HEADER.size + _HEADER_TAG_BYTES + _NONCE_BYTES

LARGEST_FILE = 1_048_576
MAX_ENTRIES = 256
LONGEST_NAME = 200
LONGEST_VALUE = 16_384
SHORTEST_PASSWORD = 8
PASSWORD_TRIES = 3
FIRST_DELAY_S = 1.0

_ENTRIES = msgspec.json.Decoder(dict[str, str])


class VaultError(ConfigError):
    """The vault can't be used as asked; the text says why and what to do."""


class WrongPassword(VaultError):
    """The password doesn't open this vault (or the first bytes of the file are damaged)."""


class VaultDamaged(VaultError):
    """The password is right, or not even asked for, and the file is not what was written."""


class KdfCost(msgspec.Struct, frozen=True, kw_only=True):
    """How hard Argon2id makes guessing. The default is RFC 9106's second recommended set."""

    iterations: int = 3
    memory_kib: int = 65_536
    lanes: int = 4

    def is_sane(self) -> bool:
        """Whether a reader should agree to such a cost: a damaged header must not eat all memory."""
        return (
            1 <= self.iterations <= 16
            and 1 <= self.lanes <= 16
            and 8 * self.lanes <= self.memory_kib <= 262_144
        )


class _Sealed(msgspec.Struct, frozen=True):
    # The parts of a vault's file.
    header: bytes
    cost: KdfCost
    salt: bytes
    tag: bytes
    nonce: bytes
    body: bytes


class _Keys(msgspec.Struct, frozen=True):
    # What the password and the salt make, and the header they are for.
    header: bytes
    encrypt: bytes
    authenticate: bytes

    def __repr__(self) -> str:
        return "_Keys(…)"


class Vault:
    """A vault's file. `service` ties it to a profile."""

    __slots__ = ("_cost", "path", "service")

    def __init__(self, path: Path, *, service: str, cost: KdfCost | None = None) -> None:
        self.path = path
        self.service = service
        self._cost = cost or KdfCost()

    def exists(self) -> bool:
        return self.path.is_symlink() or self.path.exists()

    def create(self, password: Secret) -> "OpenVault":
        """Make an empty vault; VaultError if there is one, or the password is too short."""
        with self._locked():
            if self.exists():
                raise VaultError(
                    f"there is a vault already – {self.path} – open it, or move it away first: "
                    f"mv {self.path} {self.path}.old"
                )
            keys = self._new_keys(password)
            self._write({}, keys)
        return OpenVault(self, keys)

    def unlock(self, password: Secret) -> "OpenVault":
        """Open the vault: about a quarter of a second and 64 MB, once. WrongPassword if it doesn't."""
        sealed = self._read()
        keys = _derive(password, header=sealed.header, cost=sealed.cost, salt=sealed.salt)
        if not hmac.compare_digest(_header_tag(keys), sealed.tag):
            raise WrongPassword(f"that password doesn't open the vault – {self.path} – try again")
        self._open(sealed, keys)
        return OpenVault(self, keys)

    def _read(self) -> _Sealed:
        try:
            content = read_private(self.path, limit=LARGEST_FILE)
        except FileNotFoundError:
            raise VaultError(f"there is no vault – {self.path} – make one: veloz keys add NAME") from None
        return self._parse(content)

    def _parse(self, content: bytes) -> _Sealed:
        if len(content) < _BODY_AT or not content.startswith(MAGIC):
            raise self._damaged("not a vault, or cut short")
        header = content[: _HEADER.size]
        _, version, iterations, memory_kib, lanes, salt = _HEADER.unpack(header)
        if version != VERSION:
            raise VaultError(
                f"the vault has format {version}, this program knows {VERSION} – {self.path} – "
                f"use the newer VeloZ that wrote it"
            )
        cost = KdfCost(iterations=iterations, memory_kib=memory_kib, lanes=lanes)
        if not cost.is_sane():
            raise self._damaged("its header makes no sense")
        tag_end = _HEADER.size + _HEADER_TAG_BYTES
        tag, nonce = content[_HEADER.size : tag_end], content[tag_end:_BODY_AT]
        return _Sealed(header=header, cost=cost, salt=salt, tag=tag, nonce=nonce, body=content[_BODY_AT:])

    def _open(self, sealed: _Sealed, keys: _Keys) -> dict[str, str]:
        associated = self._associated(sealed.header, sealed.nonce)
        try:
            return _ENTRIES.decode(AESGCM(keys.encrypt).decrypt(sealed.nonce, sealed.body, associated))
        except (InvalidTag, msgspec.MsgspecError):
            raise self._damaged("its content was changed, or it is another profile's") from None

    def _write(self, entries: dict[str, str], keys: _Keys) -> None:
        nonce = os.urandom(_NONCE_BYTES)
        plaintext = msgspec.json.encode(entries)
        body = AESGCM(keys.encrypt).encrypt(nonce, plaintext, self._associated(keys.header, nonce))
        content = keys.header + _header_tag(keys) + nonce + body
        if len(content) > LARGEST_FILE:
            raise VaultError(f"the vault would exceed {LARGEST_FILE:,} bytes – {self.path} – remove keys")
        write_atomically(self.path, content)

    def _new_keys(self, password: Secret) -> _Keys:
        if len(password.reveal()) < SHORTEST_PASSWORD:
            raise VaultError(
                f"the password is too short – {self.path} – "
                f"take {SHORTEST_PASSWORD} characters or more; four random words are good"
            )
        cost, salt = self._cost, os.urandom(16)
        header = _HEADER.pack(MAGIC, VERSION, cost.iterations, cost.memory_kib, cost.lanes, salt)
        return _derive(password, header=header, cost=cost, salt=salt)

    def _associated(self, header: bytes, nonce: bytes) -> bytes:
        return header + nonce + self.service.encode()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # A file of its own: the vault's is replaced at each write.
        descriptor = open_private(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # held for one small write by anybody
            yield
        finally:
            os.close(descriptor)

    def _damaged(self, why: str) -> VaultDamaged:
        return VaultDamaged(
            f"the vault is damaged: {why} – {self.path} – put a copy of it back, or move it away and add "
            f"the keys again: mv {self.path} {self.path}.damaged"
        )


class OpenVault:
    """An unlocked vault: reads and writes entries. It holds the derived key, not the password.

    Other processes may write to the same file meanwhile: each call reads it anew.
    """

    __slots__ = ("_keys", "_mutex", "_vault")

    def __init__(self, vault: Vault, keys: _Keys) -> None:
        self._vault = vault
        self._keys = keys
        self._mutex = threading.Lock()

    @property
    def label(self) -> str:
        return f"encrypted vault {self._vault.path}"

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries()))

    def get(self, name: str) -> str | None:
        return self._entries().get(name)

    def set(self, name: str, value: str) -> None:
        """Keep an entry; VaultError when it or the vault would grow too large."""
        if not 0 < len(name) <= LONGEST_NAME or len(value) > LONGEST_VALUE:
            raise VaultError(
                f"an entry has a name of 1 to {LONGEST_NAME} and at most {LONGEST_VALUE:,} characters – "
                f"{self._vault.path} – shorten it"
            )

        def put(entries: dict[str, str]) -> None:
            if name not in entries and len(entries) >= MAX_ENTRIES:
                raise VaultError(
                    f"the vault is full, {MAX_ENTRIES} entries – {self._vault.path} – remove unused keys"
                )
            entries[name] = value

        self._change(put)

    def delete(self, name: str) -> None:
        """Remove an entry; harmless when there is none."""

        def remove(entries: dict[str, str]) -> None:
            entries.pop(name, None)

        self._change(remove)

    def change_password(self, password: Secret) -> None:
        """Encrypt everything anew under another password, with a new salt."""
        with self._mutex, self._vault._locked():
            entries = self._read_entries()
            keys = self._vault._new_keys(password)
            self._vault._write(entries, keys)
            self._keys = keys

    def _entries(self) -> dict[str, str]:
        with self._mutex:
            return self._read_entries()

    def _change(self, change: Callable[[dict[str, str]], None]) -> None:
        with self._mutex, self._vault._locked():
            entries = self._read_entries()
            change(entries)
            self._vault._write(entries, self._keys)

    def _read_entries(self) -> dict[str, str]:
        sealed = self._vault._read()
        if sealed.header != self._keys.header:
            raise WrongPassword(
                f"the vault's password was changed meanwhile – {self._vault.path} – unlock it again"
            )
        return self._vault._open(sealed, self._keys)

    def __repr__(self) -> str:
        return f"OpenVault({str(self._vault.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Forget the key as far as Python can."""
        self._keys = _Keys(header=b"", encrypt=b"", authenticate=b"")


def unlock_with_retries(
    vault: Vault, *, ask: Callable[[str], Secret | None], wait: Callable[[float], None]
) -> OpenVault:
    """Ask for the password up to three times, waiting longer after each wrong one.

    `ask` gets what to show and returns None when the user gives up; `wait` gets seconds.
    """
    question = f"Password of {vault.path}: "
    wrong = WrongPassword(f"no password was given – {vault.path} – run the command again")
    for attempt in range(1, PASSWORD_TRIES + 1):
        password = ask(question)
        if password is None:
            break
        try:
            return vault.unlock(password)
        except WrongPassword as error:
            if attempt == PASSWORD_TRIES:
                raise
            wrong = error
            wait(FIRST_DELAY_S * 2 ** (attempt - 1))
            left = PASSWORD_TRIES - attempt
            question = f"Wrong password, {left} {'tries' if left > 1 else 'try'} left: "
    raise wrong


def _derive(password: Secret, *, header: bytes, cost: KdfCost, salt: bytes) -> _Keys:
    derivation = Argon2id(
        salt=salt,
        length=2 * _KEY_BYTES,
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    )
    # The same key strokes make different bytes on different systems: NFKC makes them one.
    material = derivation.derive(unicodedata.normalize("NFKC", password.reveal()).encode())
    return _Keys(header=header, encrypt=material[:_KEY_BYTES], authenticate=material[_KEY_BYTES:])


def _header_tag(keys: _Keys) -> bytes:
    return hmac.digest(keys.authenticate, keys.header, hashlib.sha256)
