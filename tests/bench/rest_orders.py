"""Orders placed at the simulated venue by hand, apart from any engine."""

import time

from tests.replay.venue import API_KEY, SECRET
from veloz_tui.net.http import HttpClient, HttpResponse
from veloz_tui.venues.binance.requests import HmacSigner, signed_query


async def place_all(port: int, order_ids: list[str], *, price: str, quantity: str) -> None:
    """Rest one BTCUSDT limit buy of each id."""
    client, signer = HttpClient(f"http://127.0.0.1:{port}"), HmacSigner(api_key=API_KEY, secret=SECRET)
    for order_id in order_ids:
        params: dict[str, str | int] = {
            "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "price": price,
            "quantity": quantity, "newClientOrderId": order_id, "timestamp": time.time_ns() // 1_000_000,
        }  # fmt: skip
        target = f"/api/v3/order?{signed_query(params, signer)}"
        answer = await client.request("POST", target, headers={"X-MBX-APIKEY": API_KEY})
        if not isinstance(answer, HttpResponse) or answer.status != 200:
            raise RuntimeError(f"{order_id}: {answer}")
    await client.aclose()
