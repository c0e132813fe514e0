"""Where each venue listens. LIVE hosts are compiled in and can't be set.

Source: Binance spot API docs, "General API information", "WebSocket API", "WebSocket streams"
and "Testnet" (November 2026).
"""

from urllib.parse import urlsplit

from veloz_tui.config.plain import HostSettings
from veloz_tui.domain.types import Mode

BINANCE_LIVE = HostSettings(
    rest="https://api.binance.com",
    websocket_api="wss://ws-api.binance.com:443/ws-api/v3",
    streams="wss://stream.binance.com:9443",
    alternates=(
        "https://api-gcp.binance.com",
        "https://api1.binance.com",
        "https://api2.binance.com",
        "https://api3.binance.com",
        "https://api4.binance.com",
    ),
)
BINANCE_TEST = HostSettings(
    rest="https://testnet.binance.vision",
    websocket_api="wss://ws-api.testnet.binance.vision/ws-api/v3",
    streams="wss://stream.testnet.binance.vision",
)
# Public data only: these hosts know no orders and no keys. There is no WebSocket API among them.
LIVE_DOMAINS = ("binance.com", "binance.us", "okx.com", "coinbase.com")
# Binance's demo mode lives below the domain of the real exchange, with its own keys.
NOT_LIVE_HOSTS = frozenset({"demo-api.binance.com", "demo-ws-api.binance.com", "demo-stream.binance.com"})


def binance_hosts(mode: Mode, *, test_hosts: HostSettings | None) -> HostSettings | None:
    """Return the base URLs for a mode; `test_hosts` is the profile's own choice for TEST."""
    if mode is Mode.LIVE:
        return BINANCE_LIVE
    if mode is Mode.TEST:
        return test_hosts or BINANCE_TEST
    return None


def is_live_host(url: str) -> bool:
    """Whether an order sent to `url` would be real."""
    host = (urlsplit(url).hostname or "").rstrip(".").lower()
    if host in NOT_LIVE_HOSTS:
        return False
    return any(host == domain or host.endswith(f".{domain}") for domain in LIVE_DOMAINS)


def is_loopback(url: str) -> bool:
    """Whether `url` is this machine, over plain HTTP or WebSocket."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "ws") and parts.hostname in ("127.0.0.1", "::1", "localhost")
