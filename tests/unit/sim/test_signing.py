"""The signature vectors of the protocol sheet's section 2, and the venue's clock rule."""

from __future__ import annotations

import base64

import pytest

from veloz_tui.sim.binance_errors import VenueError
from veloz_tui.sim.signing import (
    Ed25519Verifier,
    HmacVerifier,
    check_time,
    make_verifier,
    parse_form,
    rest_payload,
    ws_payload,
)

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
LIMIT_ORDER = (
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
    "&recvWindow=5000&timestamp=1499827319559"
)
UNICODE_ORDER = LIMIT_ORDER.replace("LTCBTC", "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96")
ED25519_SPKI = "MCowBQYDK2VwAyEAiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="
ED25519_SIGNATURE = (
    "0a1rMs%2FTo0txI0gKUqbRVjrSYmO67AyqsTm1us8JmU1JdXMMqaUyWbgAZn2YMSbh%2BVAgDgGHAMNeVuMRm0c%2BAg%3D%3D"
)
WS_KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
NOW = 1_790_000_000_000


@pytest.mark.parametrize(
    ("query", "signature"),
    [
        (LIMIT_ORDER, "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
        (UNICODE_ORDER, "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3"),
    ],
)
def test_known_rest_signatures_verify(query: str, signature: str) -> None:
    payload, found = rest_payload(f"{query}&signature={signature}".encode(), b"")

    assert payload == query.encode()
    assert HmacVerifier(SECRET).verify(payload, found)
    assert HmacVerifier(SECRET).verify(payload, found.upper())
    assert not HmacVerifier(SECRET).verify(payload + b"0", found)


def test_query_and_body_are_joined_by_nothing() -> None:
    secret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
    query = b"symbol=BTCUSD_200925&side=BUY&type=LIMIT&timeInForce=GTC"
    body = b"quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943"
    signature = b"35396865572e96da34b827284c33a2ba2ea2d013051ee4c41df844e958074952"

    payload, found = rest_payload(query, body + b"&signature=" + signature)

    assert payload == query + body
    assert HmacVerifier(secret).verify(payload, found)


def test_known_ed25519_signature_verifies_from_spki_and_raw_keys() -> None:
    payload, found = rest_payload(f"{LIMIT_ORDER}&signature={ED25519_SIGNATURE}".encode(), b"")
    raw = base64.b64encode(base64.b64decode(ED25519_SPKI)[-32:]).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{ED25519_SPKI}\n-----END PUBLIC KEY-----\n"

    for key in (ED25519_SPKI, raw, pem):
        assert Ed25519Verifier(key).verify(payload, found)
        assert not Ed25519Verifier(key).verify(payload + b"&", found)
        assert not Ed25519Verifier(key).verify(payload, "not base64!")


@pytest.mark.parametrize(
    ("params", "signature"),
    [
        (
            {
                "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC",
                "quantity": "0.01000000", "price": "52000.00", "recvWindow": "100",
                "timestamp": "1645423376532", "apiKey": WS_KEY,
            },
            "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24",
        ),
        (
            {
                "symbol": "１２３４５６", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
                "quantity": "1.00000000", "price": "0.10000000", "recvWindow": "5000",
                "timestamp": "1645423376532", "apiKey": WS_KEY,
            },
            "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd",
        ),
        (
            {"timestamp": "1747385641636", "recvWindow": "5000", "apiKey": WS_KEY},
            "49601ffc5b0122c3c7ee3ea85ef7d6cd76256f5191a57c976418faa32e917653",
        ),
    ],
)  # fmt: skip
def test_known_websocket_signatures_verify(params: dict[str, str], signature: str) -> None:
    assert HmacVerifier(SECRET).verify(ws_payload(params | {"signature": signature}), signature)


@pytest.mark.parametrize("bad", ['symbols=["BTCUSDT"]', "symbol=１２", "a=b c", "a=b:c", "a=b,c"])
def test_unencoded_text_is_an_invalid_signature(bad: str) -> None:
    signature = "0" * 64
    with pytest.raises(VenueError) as caught:
        rest_payload(f"{bad}&signature={signature}".encode(), b"")
    assert caught.value.code == -1022


def test_a_name_sent_twice_is_refused() -> None:
    with pytest.raises(VenueError) as caught:
        parse_form(b"symbol=A&symbol=B")
    assert caught.value.code == -1101


@pytest.mark.parametrize(
    ("timestamp", "window", "code"),
    [
        (NOW, None, None),
        (NOW + 999, None, None),
        (NOW + 1000, None, -1021),
        (NOW + 3_600_000, None, -1021),
        (NOW - 5000, None, None),
        (NOW - 5001, None, -1021),
        (NOW - 5001, "6000.346", None),
        (NOW * 1000, None, None),
        (NOW, "60001", -1131),
        (NOW, "abc", -1100),
        (NOW, "NaN", -1100),
        (0, None, -1102),
    ],
)
def test_the_time_window_is_checked_in_both_directions(
    timestamp: int, window: str | None, code: int | None
) -> None:
    params = {"timestamp": str(timestamp)} | ({} if window is None else {"recvWindow": window})
    found = None
    try:
        check_time(params, NOW)
    except VenueError as error:
        found = error.code
    assert found == code


def test_an_unreadable_key_is_a_value_error() -> None:
    for key_type, credential in (
        ("ED25519", "zz"),
        ("RSA", "x"),
        ("ED25519", base64.b64encode(b"x").decode()),
    ):
        with pytest.raises(ValueError):
            make_verifier(key_type, credential)
