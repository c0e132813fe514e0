"""ClientOrderId: `vz` + account (2) + epoch (5) + counter (6) + check (1), base32, 16 characters.

The epoch is max(last + 1, UTC minutes since 2024) and is durable before any order, in the journal and in a
mark outside of it, so ids never repeat: not after a restored backup, a power cut, or a journal that was begun
anew within the minute. Upper case letters and digits only, so the same id is legal on every venue and needs
no percent-encoding.
"""

import zlib

from veloz_tui.domain.types import ClientOrderId, Nanos

PREFIX = "vz"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U, so ids can be read aloud
_EPOCH_2024_S = 1_704_067_200
MAX_EPOCH = 32**5
_MAX_COUNTER = 32**6


def next_epoch(*, last: int, now: Nanos) -> int:
    """Return the epoch of a run that starts `now` after a run of epoch `last` (0: none)."""
    minutes = (now // 1_000_000_000 - _EPOCH_2024_S) // 60
    return max(last + 1, minutes)


def client_order_id(*, account: str, epoch: int, counter: int) -> ClientOrderId:
    """Return the id of the `counter`-th order of run `epoch` on the account tagged `account` (2 letters)."""
    if not (0 <= epoch < MAX_EPOCH and 0 <= counter < _MAX_COUNTER):
        raise ValueError(f"order id out of range: epoch {epoch}, counter {counter}")
    body = f"{PREFIX}{account}{_base32(epoch, 5)}{_base32(counter, 6)}"
    return ClientOrderId(body + _check(body))


def account_tag(text: str) -> str:
    """Return two letters that tell accounts apart in ids; `text` is venue and account uid."""
    return _base32(zlib.crc32(text.encode()) % 1024, 2)


def is_ours(text: str) -> bool:
    """Say whether `text` is an id made by us: prefix, length, letters and check character."""
    return (
        len(text) == 16
        and text.startswith(PREFIX)
        and all(letter in _ALPHABET for letter in text[2:])
        and _check(text[:15]) == text[15]
    )


def _base32(number: int, width: int) -> str:
    letters = []
    for _ in range(width):
        number, digit = divmod(number, 32)
        letters.append(_ALPHABET[digit])
    return "".join(reversed(letters))


def _check(body: str) -> str:
    return _ALPHABET[zlib.crc32(body.encode()) % 32]
