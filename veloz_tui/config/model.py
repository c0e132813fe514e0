"""The settings as pydantic reads them: defaults and bounds of each. What they mean: config.example.toml."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from veloz_tui.config import plain
from veloz_tui.config.fields import (
    Flag,
    FractionLimit,
    FractionOverride,
    FractionThreshold,
    InstrumentName,
    Instruments,
    Limit,
    Number,
    OpenOrders,
    OrdersASecond,
    Override,
    Positive,
    Threshold,
    TimeOfDay,
    UpperMode,
    Whole,
    Words,
    refuse,
)
from veloz_tui.domain.types import Mode

Fraction = Annotated[Number, Field(ge=0, le=0.5)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
Url = Annotated[str, Field(max_length=200)]


class Section(BaseModel):
    """A table of the file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Profile(Section):
    mode: UpperMode = Mode.DEMO
    quote: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,12}$")] = "USDT"


class TestHosts(Section):
    rest: Url
    websocket_api: Url
    streams: Url
    confirm: str = ""


class Binance(Section):
    instruments: Instruments = ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE", "SOLUSDT.BINANCE")
    key: Name = "main"
    recv_window_ms: Annotated[Whole, Field(ge=500, le=5_000)] = 2_000
    cancel_reserve: Fraction = 0.2
    operator_reserve: Fraction = 0.1
    max_frame_bytes: Annotated[Whole, Field(ge=65_536, le=67_108_864)] = 4_194_304
    test_hosts: TestHosts | None = None


class Venues(Section):
    binance: Binance = Binance()


class Journal(Section):
    durability: plain.Durability = "power"
    allow_process_durability_in_live: str = ""
    submit_deadline_ms: Annotated[Whole, Field(ge=10, le=5_000)] = 250
    snapshot_every: Annotated[Whole, Field(ge=1_000, le=1_000_000)] = 50_000


class InstrumentRisk(Section):
    max_order_size: Override = None
    max_position_size: Override = None
    max_price_deviation: FractionOverride = None
    stop_loss_threshold: FractionOverride = None
    take_profit_threshold: Override = None


class Risk(Section):
    max_order_size: Limit = Decimal(20_000)
    max_position_size: Limit = Decimal(65_000)
    max_leverage: Limit = Decimal(2)
    max_price_deviation: FractionLimit = Decimal("0.05")
    max_orders_per_second: OrdersASecond = 10
    open_orders_max: OpenOrders = 200
    stop_loss_threshold: FractionThreshold = None
    take_profit_threshold: Threshold = None
    account_balance_threshold: Threshold = Decimal(1_000)
    margin_threshold: Threshold = Decimal("1.5")
    instruments: dict[InstrumentName, InstrumentRisk] = {}


class Breaker(Section):
    max_failures: Annotated[Whole, Field(ge=1, le=1_000)] = 5
    reset_timeout_s: Annotated[Number, Field(ge=1, le=3_600)] = 30.0


class Kill(Section):
    chords: Annotated[Words, Field(min_length=1, max_length=4)] = ("ctrl+k", "f12")
    settle_s: Annotated[Number, Field(ge=1, le=60)] = 1.0
    settle_in_doubt_s: Annotated[Number, Field(ge=5, le=600)] = 10.0
    gate_deadline_ms: Annotated[Whole, Field(ge=50, le=5_000)] = 500
    progress_deadline_s: Annotated[Number, Field(ge=0.5, le=30)] = 2.0


class Engine(Section):
    on_detach: plain.OnDetach = "continue"
    grace_s: Annotated[Number, Field(ge=0, le=86_400)] = 60.0
    on_engine_death: plain.OnEngineDeath = "cancel"
    wedge_timeout_s: Annotated[Number, Field(ge=1, le=60)] = 3.0


class Console(Section):
    theme: Name = "dark"
    colors: plain.Colors = "western"
    refresh_hz: Annotated[Number, Field(ge=0.5, le=10)] = 10.0
    close_slippage_bps: Annotated[Positive, Field(le=1_000)] = Decimal(10)
    day_start: TimeOfDay = "00:00"
    mouse: Flag = True
    bell: Flag = True
    sizes: dict[InstrumentName, Annotated[tuple[Positive, ...], Field(min_length=1, max_length=8)]] = {
        "BTCUSDT.BINANCE": (Decimal("0.01"), Decimal("0.05"), Decimal("0.1")),
        "ETHUSDT.BINANCE": (Decimal("0.2"), Decimal(1), Decimal(2)),
        "SOLUSDT.BINANCE": (Decimal(5), Decimal(20), Decimal(50)),
    }
    keymap: dict[str, Annotated[Words, Field(min_length=1, max_length=4)]] = {}


class Strategy(Section):
    source: Annotated[str, Field(alias="class", min_length=1, max_length=300)]
    instrument: InstrumentName | None = None
    instruments: Instruments | None = None
    params: dict[str, JsonValue] = {}
    inline: Flag = False
    autostart: Flag = False
    max_orders_per_second: Annotated[Whole, Field(ge=1, le=1_000)] = 5
    memory_mb: Annotated[Whole, Field(ge=64, le=65_536)] = 512
    nice: Annotated[Whole, Field(ge=0, le=19)] = 10
    callback_limit_s: Annotated[Number, Field(ge=0.1, le=60)] = 4.5
    restart: plain.Restart = "never"
    restart_attempts: Annotated[Whole, Field(ge=1, le=100)] = 3
    restart_window_s: Annotated[Number, Field(ge=1, le=86_400)] = 600.0
    restart_backoff_s: Annotated[Number, Field(ge=0.1, le=3_600)] = 5.0

    @model_validator(mode="after")
    def _names_its_instruments_once(self) -> Self:
        if (self.instrument is None) == (self.instruments is None):
            raise refuse("it needs either instrument or instruments", 'write instrument = "BTCUSDT.BINANCE"')
        return self


class Secrets(Section):
    backend: plain.SecretsBackend = "auto"


class SettingsModel(BaseSettings):
    """Everything that can be set for one profile."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="veloz_",
        env_nested_delimiter="__",
        case_sensitive=True,  # the names are lower-cased before pydantic sees them
        enable_decoding=False,
    )

    profile: Profile = Profile()
    venues: Venues = Venues()
    journal: Journal = Journal()
    risk: Risk = Risk()
    breaker: Breaker = Breaker()
    kill: Kill = Kill()
    engine: Engine = Engine()
    console: Console = Console()
    strategies: dict[str, Strategy] = {}
    secrets: Secrets = Secrets()
