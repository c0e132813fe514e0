"""A secret that can't be printed by accident, and the record of an API key."""

import hmac
import threading
from collections import deque
from typing import Literal, NoReturn, Self

import msgspec

from veloz_tui.domain.errors import ConfigError

MAX_REMEMBERED = 256
SHORTEST_MASKED = 6  # masking shorter texts would blacken every second word of a log
SHOWN = "Secret(…)"

KeyKind = Literal["hmac", "ed25519"]
Environment = Literal["live", "test"]

# The last secrets this process has seen, for redaction. They stay when their Secret is gone:
# a log line may come later, and Python can't wipe memory anyway.
_remembered: deque[str] = deque(maxlen=MAX_REMEMBERED)
_generation = 0
_lock = threading.Lock()


class Secret:
    """Text that is shown by `reveal` only: not by repr, str, format, pickle, JSON or a traceback.

    Two secrets are equal only if they are the same object; `matches` compares in constant time.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value
        _remember(value)

    def reveal(self) -> str:
        return self.__value

    def matches(self, text: str) -> bool:
        return hmac.compare_digest(self.__value.encode(), text.encode())

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, specification: str) -> str:
        return SHOWN

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret can't be pickled")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret can't be pickled")


def _remember(value: str) -> None:
    global _generation  # noqa: PLW0603 - one process has one set of secrets to keep out of its logs
    if len(value) < SHORTEST_MASKED:
        return
    with _lock:
        if value not in _remembered:
            _remembered.append(value)
            _generation += 1


def remembered_secrets() -> tuple[int, tuple[str, ...]]:
    """Return a number that grows with each new secret, and the secrets. For redaction only."""
    with _lock:
        return _generation, tuple(_remembered)


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """One API key of one venue account."""

    name: str
    venue: str
    """`BINANCE`"""
    kind: KeyKind
    environment: Environment
    api_key: Secret
    secret: Secret
    """The HMAC secret, or the Ed25519 private key as PKCS#8 PEM."""
    account_uid: str = ""
    """The venue's id of the account, as it was when the key was added; empty if it has none."""
    allow_withdrawals: bool = False
    """Accepted in words although it may move money out."""


class _StoredKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: Literal[1] = 1
    name: str
    venue: str
    kind: KeyKind
    environment: Environment
    api_key: str
    secret: str
    account_uid: str
    allow_withdrawals: bool


def kind_of(secret: str) -> KeyKind:
    """Tell a private key in PEM from an HMAC secret."""
    return "ed25519" if secret.lstrip().startswith("-----BEGIN") else "hmac"


def encode_key(key: ApiKey) -> str:
    """Write a key as the JSON that a store keeps."""
    fields = {name: getattr(key, name) for name in key.__struct_fields__}
    fields |= {"api_key": key.api_key.reveal(), "secret": key.secret.reveal()}
    return msgspec.json.encode(msgspec.convert(fields, _StoredKey)).decode()


def decode_key(text: str, *, name: str) -> ApiKey:
    """Read what encode_key wrote; ConfigError, without any of the text, if it can't be."""
    try:
        stored = msgspec.json.decode(text, type=_StoredKey)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ConfigError(
            f"the entry of key {name} can't be read – store of secrets – "
            f"remove it and add it again: veloz keys remove {name}; veloz keys add {name}"
        ) from None
    fields = {field: getattr(stored, field) for field in ApiKey.__struct_fields__}
    return ApiKey(**(fields | {"api_key": Secret(stored.api_key), "secret": Secret(stored.secret)}))
