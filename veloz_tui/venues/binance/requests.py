"""Binance Spot's requests: what to say, how to sign it. Pure: timestamps are given.

Two signing rules that differ (Binance spot API docs, "Request Security", 2026-01-15): REST percent-encodes
first and signs the bytes as sent; the WebSocket API signs the parameters sorted by name, joined *without*
encoding.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol
from urllib.parse import quote, urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from veloz_tui.domain.errors import ConfigError, InvalidOrder
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import OrderType, TimeInForce

Params = Mapping[str, str | int]

_TIMES_IN_FORCE = frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK})
_ENCODER = msgspec.json.Encoder()


class Signer(Protocol):
    """Holds one API key. Its secret never shows in repr, errors or logs."""

    @property
    def api_key(self) -> str: ...

    def sign(self, payload: bytes) -> str: ...


class HmacSigner:
    """HMAC-SHA256, hex."""

    def __init__(self, *, api_key: str, secret: str) -> None:
        self.api_key = api_key
        self._keyed = hmac.new(secret.encode(), digestmod=hashlib.sha256)  # hashing the key once saves 1 µs

    def sign(self, payload: bytes) -> str:
        mac = self._keyed.copy()
        mac.update(payload)
        return mac.hexdigest()

    def __repr__(self) -> str:
        return "HmacSigner(…)"


class Ed25519Signer:
    """Ed25519, base64. The private key is PKCS#8 PEM."""

    def __init__(self, *, api_key: str, private_key_pem: str) -> None:
        try:
            key = load_pem_private_key(private_key_pem.encode(), password=None)
        except (ValueError, TypeError):
            raise ConfigError("the Binance private key is not an unencrypted PKCS#8 PEM key") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigError("the Binance private key is not an Ed25519 key")
        self.api_key = api_key
        self._key = key

    def sign(self, payload: bytes) -> str:
        return b64encode(self._key.sign(payload)).decode()

    def __repr__(self) -> str:
        return "Ed25519Signer(…)"


def signer_for(*, api_key: str, secret: str) -> Signer:
    """The right signer: a PEM block is an Ed25519 key, anything else an HMAC secret."""
    if secret.lstrip().startswith("-----BEGIN"):
        return Ed25519Signer(api_key=api_key, private_key_pem=secret)
    return HmacSigner(api_key=api_key, secret=secret)


def query_string(params: Params) -> str:
    return urlencode(params)


def signed_query(params: Params, signer: Signer) -> str:
    """The REST query with its signature last; send these very bytes."""
    payload = urlencode(params)
    signature = quote(signer.sign(payload.encode()), safe="")
    return f"{payload}&signature={signature}"


def api_payload(params: Params) -> str:
    """What the WebSocket API signs."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params))


def api_request(*, request_id: str, method: str, params: Params, signer: Signer | None = None) -> str:
    """One WebSocket API frame; with a signer it carries apiKey and signature."""
    sent = dict(params)
    if signer is not None:
        sent["apiKey"] = signer.api_key
        sent["signature"] = signer.sign(api_payload(sent).encode())
    return _ENCODER.encode({"id": request_id, "method": method, "params": sent}).decode()


def stamped(params: Params, *, timestamp_ms: int, recv_window_ms: int) -> dict[str, str | int]:
    """The parameters with their time; a small window bounds how late an order can still be taken."""
    return {**params, "recvWindow": recv_window_ms, "timestamp": timestamp_ms}


def place(client_order_id: str, request: OrderRequest) -> dict[str, str | int]:
    """A new order. Raises InvalidOrder for what Binance Spot doesn't know."""
    params: dict[str, str | int] = {
        "symbol": symbol_of(request.instrument_id),
        "side": request.side.value,
        "type": _order_type(request),
        "quantity": plain(request.quantity),
        "newClientOrderId": client_order_id,
        "newOrderRespType": "FULL",
    }
    if request.order_type is not OrderType.MARKET:
        params["price"] = plain(_required(request.price, "price"))
        if not request.post_only:
            params["timeInForce"] = _time_in_force(request)
    if request.order_type is OrderType.STOP_LIMIT:
        params["stopPrice"] = plain(_required(request.stop_price, "stop price"))
    return params


def cancel(*, symbol: str, venue_order_id: str | None, client_order_id: str) -> dict[str, str | int]:
    """Cancel one order: by the venue's id where it is known (fastest), else by ours."""
    if venue_order_id is not None:
        return {"symbol": symbol, "orderId": int(venue_order_id)}
    return {"symbol": symbol, "origClientOrderId": client_order_id}


def plain(number: Decimal) -> str:
    """A decimal without an exponent (`Decimal.normalize` makes 1E+1 of 10, which Binance refuses)."""
    if not number.is_finite() or number <= 0:
        raise InvalidOrder(f"{number} is not a positive amount", venue="BINANCE")
    return f"{number:f}"


def symbol_of(instrument: str) -> str:
    """`BTCUSDT.BINANCE` -> `BTCUSDT`"""
    return instrument.rpartition(".")[0]


def _order_type(request: OrderRequest) -> str:
    if request.order_type is OrderType.STOP_LIMIT:
        if request.post_only:
            raise InvalidOrder("a stop order can't be post-only on Binance Spot", venue="BINANCE")
        return "STOP_LOSS_LIMIT"
    if request.post_only:
        if request.order_type is OrderType.MARKET or request.time_in_force is not TimeInForce.GTC:
            raise InvalidOrder("only a GTC limit order can be post-only on Binance Spot", venue="BINANCE")
        return "LIMIT_MAKER"
    return request.order_type.value


def _time_in_force(request: OrderRequest) -> str:
    if request.time_in_force not in _TIMES_IN_FORCE:
        raise InvalidOrder(f"Binance Spot has no {request.time_in_force.value} orders", venue="BINANCE")
    return request.time_in_force.value


def _required(number: Decimal | None, name: str) -> Decimal:
    if number is None:
        raise InvalidOrder(f"a {name} is missing", venue="BINANCE")
    return number
