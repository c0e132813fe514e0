"""Everything a simulated venue is told at start, as one JSON-codable tree.

Secrets (HMAC) and public keys (Ed25519) travel in `AccountSettings` through the starting call or a pipe,
never through a file: the store doesn't keep them, so each start names them again.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account and its API key. `name` is its identity in the store across restarts.

    `credential`: an HMAC secret, or an Ed25519 public key (PEM, base64 of SPKI DER or of the raw bytes).
    `balances` are granted when the account is first created, not at each start.
    """

    name: str = "demo"
    api_key: str
    credential: str
    key_type: str = "ED25519"
    balances: dict[str, Decimal] = msgspec.field(
        default_factory=lambda: {"USDT": Decimal(100_000), "BTC": Decimal(1)}
    )
    maker_rate: Decimal = Decimal("0.001")
    taker_rate: Decimal = Decimal("0.001")
    pays_fees_in_bnb: bool = False
    can_trade: bool = True
    can_withdraw: bool = False


class InstrumentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the generated market of one instrument starts from."""

    symbol: str
    base: str
    quote: str
    price: Decimal
    tick_size: Decimal
    lot_size: Decimal
    min_notional: Decimal = Decimal(5)
    # Typical quantity of one resting level near the top of the book.
    level_quantity: Decimal = Decimal(1)
    # Standard deviation of the logarithmic price over one day.
    daily_volatility: float = 0.012
    updates_per_s: float = 15.0


DEFAULT_INSTRUMENTS: tuple[InstrumentSettings, ...] = (
    InstrumentSettings(
        symbol="BTCUSDT", base="BTC", quote="USDT", price=Decimal("64250.00"), tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"), level_quantity=Decimal("0.35"),
    ),
    InstrumentSettings(
        symbol="ETHUSDT", base="ETH", quote="USDT", price=Decimal("3180.00"), tick_size=Decimal("0.01"),
        lot_size=Decimal("0.0001"), level_quantity=Decimal(6), daily_volatility=0.016,
    ),
    InstrumentSettings(
        symbol="SOLUSDT", base="SOL", quote="USDT", price=Decimal("148.00"), tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"), level_quantity=Decimal(60), daily_volatility=0.02,
    ),
    InstrumentSettings(
        symbol="BNBUSDT", base="BNB", quote="USDT", price=Decimal("585.00"), tick_size=Decimal("0.01"),
        lot_size=Decimal("0.001"), level_quantity=Decimal(14), updates_per_s=10.0,
    ),
    InstrumentSettings(
        symbol="XRPUSDT", base="XRP", quote="USDT", price=Decimal("0.6120"), tick_size=Decimal("0.0001"),
        lot_size=Decimal("0.1"), level_quantity=Decimal(9000), daily_volatility=0.02, updates_per_s=10.0,
    ),
    InstrumentSettings(
        symbol="ETHBTC", base="ETH", quote="BTC", price=Decimal("0.04950"), tick_size=Decimal("0.00001"),
        lot_size=Decimal("0.0001"), min_notional=Decimal("0.0001"), level_quantity=Decimal(10),
        daily_volatility=0.02, updates_per_s=8.0,
    ),
)  # fmt: skip


class ReplaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recorded market. `speed`: 1 = as recorded, N = N times as fast, 0 = as fast as the clients take it.

    `start`: `subscribed` waits until every stream of the file has a subscriber (admin may start earlier),
    `admin` waits for `POST /sim/replay/start`, `now` begins at once.
    `drop_probability`: depth diff frames left out, each listed at `GET /sim/replay/dropped`.
    """

    path: str
    speed: float = 1.0
    start: str = "subscribed"
    drop_probability: float = 0.0
    drop_seed: int = 0


class MarketSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where prices come from: a seeded generator, or `replay`. `paused` starts it standing still."""

    instruments: tuple[InstrumentSettings, ...] = DEFAULT_INSTRUMENTS
    speed: float = 1.0
    paused: bool = False
    levels: int = 200
    replay: ReplaySettings | None = None


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The venue's own limits, advertised through exchangeInfo and enforced."""

    request_weight_1m: int = 6000
    orders_10s: int = 100
    orders_1d: int = 200_000
    raw_requests_5m: int = 300_000
    connections_5m: int = 300
    messages_per_s: int = 5
    streams_per_connection: int = 1024
    ping_interval_s: float = 20.0
    pong_timeout_s: float = 60.0
    connection_lifetime_s: float = 86_400.0
    # Requests after a 429 that turn it into a 418 ban, and how long that lasts.
    strikes_before_ban: int = 10
    ban_s: float = 120.0


class SimSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole venue. `port` 0 lets the system choose; `db_path` None keeps everything in memory.

    `stop_with_parent`: a child process also ends when its standard input closes (it outlives its parent
    otherwise). `seed` fixes the generated market, fault probabilities and synthetic history.
    """

    host: str = "127.0.0.1"
    port: int = 0
    db_path: str | None = None
    seed: int = 1
    accounts: tuple[AccountSettings, ...] = ()
    market: MarketSettings = MarketSettings()
    limits: LimitSettings = LimitSettings()
    latency_ms: float = 0.0
    clock_offset_ms: int = 0
    stop_with_parent: bool = False
