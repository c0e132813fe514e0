"""Requests and their signatures, against the published and independently computed vectors."""

from decimal import Decimal

import msgspec
import pytest

from veloz_tui.domain.errors import ConfigError, InvalidOrder
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import InstrumentId, OrderType, Side, TimeInForce
from veloz_tui.venues.binance import requests
from veloz_tui.venues.binance.requests import Ed25519Signer, HmacSigner, Params

KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
PEM = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB
-----END PRIVATE KEY-----
"""
ORDER: Params = {
    "symbol": "LTCBTC",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "1",
    "price": "0.1",
    "recvWindow": 5000,
    "timestamp": 1499827319559,
}
WIDE_SYMBOL = "１２３４５６"
SOCKET_ORDER: Params = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01000000",
    "price": "52000.00",
    "recvWindow": 100,
    "timestamp": 1645423376532,
}


@pytest.fixture
def hmac_signer() -> HmacSigner:
    return HmacSigner(api_key=KEY, secret=SECRET)


def test_a_rest_query_is_signed_as_sent(hmac_signer: HmacSigner) -> None:
    assert requests.signed_query(ORDER, hmac_signer) == (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
        "&timestamp=1499827319559"
        "&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    )


def test_rest_percent_encodes_before_it_signs(hmac_signer: HmacSigner) -> None:
    query = requests.signed_query({**ORDER, "symbol": WIDE_SYMBOL}, hmac_signer)
    assert query.startswith("symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&")
    assert query.endswith("=e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3")


def test_an_ed25519_signature_is_base64_percent_encoded() -> None:
    signer = requests.signer_for(api_key=KEY, secret=PEM)
    assert isinstance(signer, Ed25519Signer)
    assert requests.signed_query(ORDER, signer).endswith(
        "&signature=0a1rMs%2FTo0txI0gKUqbRVjrSYmO67AyqsTm1us8JmU1JdXMMqaUyWbgAZn2YMSbh%2BVAgDgGH"
        "AMNeVuMRm0c%2BAg%3D%3D"
    )


def test_the_socket_signs_sorted_parameters_with_the_key_among_them(hmac_signer: HmacSigner) -> None:
    text = requests.api_request(request_id="7", method="order.place", params=SOCKET_ORDER, signer=hmac_signer)
    frame = msgspec.json.decode(text)
    assert frame["id"] == "7"
    assert frame["method"] == "order.place"
    assert frame["params"]["apiKey"] == KEY
    assert frame["params"]["timestamp"] == 1645423376532
    signature = "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"
    assert frame["params"]["signature"] == signature


def test_the_socket_signs_raw_utf8(hmac_signer: HmacSigner) -> None:
    params = {**SOCKET_ORDER, "symbol": WIDE_SYMBOL, "side": "BUY", "recvWindow": 5000}
    params |= {"price": "0.10000000", "quantity": "1.00000000", "apiKey": KEY}
    signature = hmac_signer.sign(requests.api_payload(params).encode())
    assert signature == "b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd"


def test_a_subscription_is_signed_by_key_window_and_time(hmac_signer: HmacSigner) -> None:
    params: Params = {"recvWindow": 5000, "timestamp": 1747385641636}
    text = requests.api_request(
        request_id="1", method="userDataStream.subscribe.signature", params=params, signer=hmac_signer
    )
    signature = "49601ffc5b0122c3c7ee3ea85ef7d6cd76256f5191a57c976418faa32e917653"
    assert msgspec.json.decode(text)["params"]["signature"] == signature


def test_secrets_never_show_in_a_repr(hmac_signer: HmacSigner) -> None:
    assert SECRET not in repr(hmac_signer)
    assert "MC4C" not in repr(requests.signer_for(api_key=KEY, secret=PEM))


@pytest.mark.parametrize("pem", ["-----BEGIN nothing", PEM.replace("MC4C", "AAAA")])
def test_an_unreadable_private_key_is_a_config_error_that_does_not_quote_it(pem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        requests.signer_for(api_key=KEY, secret=pem)
    assert "AQEB" not in str(caught.value)


# --- Orders ---


def request(**fields: object) -> OrderRequest:
    base = OrderRequest(InstrumentId("BTCUSDT.BINANCE"), Side.BUY, Decimal("0.5"), price=Decimal(60000))
    return msgspec.structs.replace(base, **fields)


def kinds(order: OrderRequest) -> dict[str, str | int]:
    params = requests.place("vz1", order)
    return {name: params[name] for name in ("type", "timeInForce", "price", "stopPrice") if name in params}


def test_a_limit_order_says_everything() -> None:
    assert requests.place("vz1", request()) == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.5",
        "price": "60000",
        "newClientOrderId": "vz1",
        "newOrderRespType": "FULL",
    }


def test_each_kind_of_order_has_its_own_parameters() -> None:
    assert kinds(request(post_only=True)) == {"type": "LIMIT_MAKER", "price": "60000"}
    assert kinds(request(order_type=OrderType.MARKET, price=None)) == {"type": "MARKET"}
    ioc = request(time_in_force=TimeInForce.IOC)
    assert kinds(ioc) == {"type": "LIMIT", "timeInForce": "IOC", "price": "60000"}
    assert kinds(request(time_in_force=TimeInForce.FOK))["timeInForce"] == "FOK"
    stop = request(order_type=OrderType.STOP_LIMIT, stop_price=Decimal(61000))
    expected = {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "price": "60000", "stopPrice": "61000"}
    assert kinds(stop) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"time_in_force": TimeInForce.GTD},
        {"post_only": True, "time_in_force": TimeInForce.IOC},
        {"post_only": True, "order_type": OrderType.MARKET},
        {"post_only": True, "order_type": OrderType.STOP_LIMIT, "stop_price": Decimal(1)},
        {"order_type": OrderType.STOP_LIMIT},
        {"price": None},
        {"price": Decimal(0)},
        {"price": Decimal("NaN")},
        {"quantity": Decimal("-1")},
        {"quantity": Decimal("Infinity")},
    ],
)
def test_what_binance_spot_does_not_know_is_refused_before_it_is_sent(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidOrder):
        requests.place("vz1", request(**fields))


@pytest.mark.parametrize(
    ("number", "text"),
    [("1E+1", "10"), ("0.00000010", "0.00000010"), ("1E-8", "0.00000001"), ("123.4500", "123.4500")],
)
def test_decimals_are_sent_without_an_exponent(number: str, text: str) -> None:
    assert requests.plain(Decimal(number)) == text


def test_a_cancel_names_the_venues_id_when_it_is_known() -> None:
    assert requests.cancel(symbol="BTCUSDT", venue_order_id="28", client_order_id="vz1") == {
        "symbol": "BTCUSDT",
        "orderId": 28,
    }
    assert requests.cancel(symbol="BTCUSDT", venue_order_id=None, client_order_id="vz1") == {
        "symbol": "BTCUSDT",
        "origClientOrderId": "vz1",
    }
