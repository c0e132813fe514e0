"""Checks API keys, signatures and timestamps as the venue does (protocol sheet, section 2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Protocol
from urllib.parse import unquote, unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from veloz_tui.sim.binance_errors import VenueError, bad_signature, missing

DEFAULT_RECV_WINDOW_MS = Decimal(5000)
MAX_RECV_WINDOW_MS = Decimal(60_000)
AHEAD_MS = 1000
# Microseconds since 1970 are above this, milliseconds below (until the year 5138).
MICROSECONDS_FROM = 100_000_000_000_000
EARLIEST_MS = 1_483_228_800_000  # 2017-01-01
_ENCODED = re.compile(rb"[A-Za-z0-9\-._~%+=&*!'()]*")
_KEY = re.compile(r"[A-Za-z0-9\-_]{1,128}")


class Verifier(Protocol):
    """Holds one key's public half or secret."""

    can_log_on: bool

    def verify(self, payload: bytes, signature: str) -> bool: ...


class HmacVerifier:
    can_log_on = False

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def verify(self, payload: bytes, signature: str) -> bool:
        expected = hmac.new(self._secret, payload, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, signature.lower())


class Ed25519Verifier:
    can_log_on = True

    def __init__(self, public_key: str) -> None:
        self._key = _load_public_key(public_key)

    def verify(self, payload: bytes, signature: str) -> bool:
        try:
            self._key.verify(base64.b64decode(signature, validate=True), payload)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def make_verifier(key_type: str, credential: str) -> Verifier:
    """Raises ValueError for an unknown type or an unreadable key."""
    match key_type.upper():
        case "HMAC":
            return HmacVerifier(credential)
        case "ED25519":
            return Ed25519Verifier(credential)
        case other:
            raise ValueError(f"unknown key type {other}")


def is_key_format(api_key: str) -> bool:
    return _KEY.fullmatch(api_key) is not None


def rest_payload(query: bytes, body: bytes) -> tuple[bytes, str]:
    """The bytes that were signed (query and body joined by nothing) and the decoded signature."""
    query, from_query = _cut_signature(query)
    body, from_body = _cut_signature(body)
    signature = from_query or from_body
    if not signature:
        raise missing("signature")
    payload = query + body
    if _ENCODED.fullmatch(payload) is None:
        # Reserved and non-ASCII characters must be percent-encoded before signing (since 2026-01-15).
        raise bad_signature()
    return payload, unquote(signature.decode("ascii", "replace"))


def parse_form(raw: bytes) -> dict[str, str]:
    """Decode `a=1&b=2`; the same name twice is refused."""
    params: dict[str, str] = {}
    for pair in raw.split(b"&") if raw else ():
        name, _, value = pair.partition(b"=")
        key = _decode(name)
        if key in params:
            raise VenueError(-1101, "Duplicate values for a parameter detected.")
        params[key] = _decode(value)
    return params


def ws_payload(params: Mapping[str, str]) -> bytes:
    """All parameters but the signature, sorted by name, unencoded."""
    pairs = sorted((name, value) for name, value in params.items() if name != "signature")
    return "&".join(f"{name}={value}" for name, value in pairs).encode()


def check_time(params: Mapping[str, str], now: int) -> None:
    """Refuse a request from outside its window; -1021 in both directions."""
    sent = _timestamp_ms(params, now)
    window = _recv_window(params)
    if sent >= now + AHEAD_MS:
        raise VenueError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - sent > window:
        raise VenueError(-1021, "Timestamp for this request is outside of the recvWindow.")


def _timestamp_ms(params: Mapping[str, str], now: int) -> Decimal:
    raw = params.get("timestamp", "")
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 17):
        raise missing("timestamp")
    sent = Decimal(raw)
    if sent >= MICROSECONDS_FROM:
        sent /= 1000
    if sent < EARLIEST_MS or sent > now + 10_000:
        # Too far out to be a clock error; the real venue calls it malformed, but only beyond 10 s ahead.
        if sent > now:
            raise VenueError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        raise missing("timestamp")
    return sent


def _recv_window(params: Mapping[str, str]) -> Decimal:
    raw = params.get("recvWindow")
    if raw is None:
        return DEFAULT_RECV_WINDOW_MS
    try:
        window = Decimal(raw)
    except InvalidOperation:
        window = Decimal(-1)
    if not window.is_finite() or window < 0:
        raise VenueError(-1100, "Illegal characters found in parameter 'recvWindow'.")
    if window > MAX_RECV_WINDOW_MS:
        raise VenueError(-1131, "recvWindow must be less than 60000")
    return window


def _cut_signature(raw: bytes) -> tuple[bytes, bytes]:
    if b"signature=" not in raw:
        return raw, b""
    pairs = raw.split(b"&")
    found = [pair for pair in pairs if pair.startswith(b"signature=")]
    kept = b"&".join(pair for pair in pairs if not pair.startswith(b"signature="))
    return kept, found[0][len(b"signature=") :] if found else b""


def _decode(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8", "replace")


def _load_public_key(text: str) -> Ed25519PublicKey:
    if text.startswith("-----"):
        key = load_pem_public_key(text.encode())
    else:
        raw = base64.b64decode(text, validate=True)
        if len(raw) == 32:
            return Ed25519PublicKey.from_public_bytes(raw)
        key = load_der_public_key(raw)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 public key")
    return key
