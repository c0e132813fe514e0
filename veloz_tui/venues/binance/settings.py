"""Where Binance Spot is, and the numbers the adapter runs by."""

import msgspec

from veloz_tui.net.connection import StreamSettings


class BinanceHosts(msgspec.Struct, frozen=True, kw_only=True):
    """Base URLs, without a slash at the end."""

    rest: str
    api_socket: str
    """The WebSocket API, path included."""
    streams: str
    """Market streams; `/stream` is appended."""
    alternates: tuple[str, ...] = ()
    """More REST hosts of the same venue, for the kill client."""


def loopback(*, port: int, host: str = "127.0.0.1") -> BinanceHosts:
    """A simulated venue that serves everything on one port."""
    return BinanceHosts(
        rest=f"http://{host}:{port}",
        api_socket=f"ws://{host}:{port}/ws-api/v3",
        streams=f"ws://{host}:{port}",
    )


class BinanceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds where the name says so."""

    hosts: BinanceHosts
    symbols: tuple[str, ...]
    order_recv_window_ms: int = 2000
    """How late an order may still be taken: it bounds how long one can be in doubt."""
    recv_window_ms: int = 5000
    place_timeout_s: float = 5.0
    cancel_timeout_s: float = 3.0
    read_timeout_s: float = 10.0
    snapshot_limit: int = 1000
    quiet_after_s: float = 2.0
    """An instrument without a book change for this long is probed over REST."""
    probe_every_s: float = 10.0
    probe_timeout_s: float = 3.0
    stale_after_s: float = 5.0
    """Silent for this long and the probe fails: stale."""
    late_change_s: float = 1.5
    """How long after a probe the stream may still deliver what the probe saw."""
    clock_every_s: float = 60.0
    instruments_every_s: float = 900.0
    subscription_check_s: float = 5.0
    subscription_timeout_s: float = 4.0
    """Together: how long a user stream that answers nothing goes unnoticed."""
    health_every_s: float = 1.0
    retry_base_s: float = 0.5
    retry_cap_s: float = 15.0
    max_tasks: int = 256
    max_buffered_events: int = 10_000
    cancel_reserve: float = 0.2
    operator_reserve: float = 0.1
    stream: StreamSettings = StreamSettings()
