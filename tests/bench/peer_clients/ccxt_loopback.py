"""ccxt.pro's Binance, pointed at the canned venue."""

# mypy: ignore-errors
# Runs in another environment, with packages that aren't here.
import ccxt.pro


async def loopback(port: int) -> ccxt.pro.binance:
    """Its markets are loaded."""
    exchange = ccxt.pro.binance(
        {"newUpdates": True, "enableRateLimit": False, "apiKey": "k" * 64, "secret": "s" * 64}
    )
    urls = exchange.urls["api"]
    for name, url in list(urls.items()):
        if isinstance(url, str) and url.startswith("http"):
            urls[name] = f"http://127.0.0.1:{port}/" + url.split("//", 1)[1].split("/", 1)[-1]
    urls["ws"]["spot"] = f"ws://127.0.0.1:{port}/ws"
    exchange.options.update(defaultType="spot", fetchMarkets={"types": ["spot"]}, fetchMargins=False)
    exchange.has["fetchCurrencies"] = False
    exchange.is_spot_url = lambda client: True  # it judges by the host's name
    await exchange.load_markets()
    return exchange
