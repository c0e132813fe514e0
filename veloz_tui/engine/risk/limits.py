"""The limits the operator set. None: that limit is off. Values are quote value, fractions are of 1."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from veloz_tui.domain.errors import ConfigError
from veloz_tui.domain.types import InstrumentId, StrategyId

MAX_RATE: Final = 1_000
"""No rate limit may be set above this: the counters remember so many orders (see rate.py)."""

_DEFAULT = "default."
_INSTRUMENTS = "instruments."
_STRATEGY_RATES = "strategy_orders_per_second."
_BELOW_ONE: Final = ("stop_loss_threshold", "max_price_deviation")


class InstrumentLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one instrument may be traded with."""

    max_order_size: Decimal | None = None
    """Quote value of one order."""
    max_position_size: Decimal | None = None
    """Quote value of the position if everything that works on one side fills."""
    max_price_deviation: Decimal | None = None
    """How much worse than the reference an order's price may be: 0.05 is 5 %."""
    stop_loss_threshold: Decimal | None = None
    """Leave the position when it lost this fraction of its entry price."""
    take_profit_threshold: Decimal | None = None
    """Leave the position when it won this fraction of its entry price."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            _check_positive(name, getattr(self, name))
        for name in _BELOW_ONE:
            value = getattr(self, name)
            if value is not None and value >= 1:
                raise ConfigError(f"{name} {value}: a fraction, below 1 (0.05 is 5 %)")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is limited, in the account's quote currency."""

    default: InstrumentLimits = msgspec.field(default_factory=InstrumentLimits)
    instruments: dict[InstrumentId, InstrumentLimits] = {}
    """Fields that are None here inherit `default`'s."""
    max_leverage: Decimal | None = None
    """Gross worst-case exposure over equity."""
    max_orders_per_second: int | None = None
    """Placements and amendments of the whole account in any second; cancels never count."""
    strategy_orders_per_second: dict[StrategyId, int] = {}
    account_balance_threshold: Decimal | None = None
    """The least free quote balance that an order may leave."""
    margin_threshold: Decimal | None = None
    """The least margin ratio (lower is nearer to liquidation) at which exposure may grow."""
    open_orders_max: int | None = None

    def __post_init__(self) -> None:
        _check_positive("max_leverage", self.max_leverage)
        _check_positive("account_balance_threshold", self.account_balance_threshold)
        _check_positive("margin_threshold", self.margin_threshold)
        _check_count("open_orders_max", self.open_orders_max)
        _check_rate("max_orders_per_second", self.max_orders_per_second)
        for strategy_id, rate in self.strategy_orders_per_second.items():
            _check_rate(f"{_STRATEGY_RATES}{strategy_id}", rate)

    def for_instrument(self, instrument_id: InstrumentId) -> InstrumentLimits:
        """Return the limits in force there: its own, and the default's where it has none."""
        own = self.instruments.get(instrument_id)
        if own is None:
            return self.default
        return InstrumentLimits(
            **{
                name: getattr(self.default, name) if getattr(own, name) is None else getattr(own, name)
                for name in own.__struct_fields__
            }
        )

    def as_text(self) -> dict[str, str]:
        """Return the limits that are on, by name (`default.max_order_size`); from_text is its inverse."""
        text = {f"{_DEFAULT}{name}": str(value) for name, value in _set_fields(self.default)}
        for instrument_id, limits in self.instruments.items():
            text |= {f"{_INSTRUMENTS}{instrument_id}.{name}": str(v) for name, v in _set_fields(limits)}
        for strategy_id, rate in self.strategy_orders_per_second.items():
            text[f"{_STRATEGY_RATES}{strategy_id}"] = str(rate)
        text |= {name: str(value) for name, value in _set_fields(self) if name in _SCALARS}
        return text

    @classmethod
    def from_text(cls, text: Mapping[str, str]) -> "Limits":
        """Read what as_text wrote; ConfigError names what can't be read."""
        default: dict[str, Decimal] = {}
        instruments: dict[InstrumentId, dict[str, Decimal]] = {}
        rates: dict[StrategyId, int] = {}
        scalars: dict[str, Decimal | int] = {}
        for key, value in text.items():
            if key.startswith(_DEFAULT):
                default[_field(key, key.removeprefix(_DEFAULT))] = _decimal(key, value)
            elif key.startswith(_INSTRUMENTS):
                name, _, field = key.removeprefix(_INSTRUMENTS).rpartition(".")
                instruments.setdefault(InstrumentId(name), {})[_field(key, field)] = _decimal(key, value)
            elif key.startswith(_STRATEGY_RATES):
                rates[StrategyId(key.removeprefix(_STRATEGY_RATES))] = _integer(key, value)
            elif key in _SCALARS:
                scalars[key] = (_integer if key in _INTEGERS else _decimal)(key, value)
            else:
                raise ConfigError(f"unknown limit {key}")
        return msgspec.convert(
            {
                "default": InstrumentLimits(**default),
                "instruments": {name: InstrumentLimits(**fields) for name, fields in instruments.items()},
                "strategy_orders_per_second": rates,
                **scalars,
            },
            cls,
        )


_INTEGERS: Final = frozenset({"max_orders_per_second", "open_orders_max"})
_SCALARS: Final = _INTEGERS | {"max_leverage", "account_balance_threshold", "margin_threshold"}


def _set_fields(limits: InstrumentLimits | Limits) -> list[tuple[str, object]]:
    pairs = ((name, getattr(limits, name)) for name in limits.__struct_fields__)
    return [(name, value) for name, value in pairs if value is not None]


def _check_positive(name: str, value: Decimal | None) -> None:
    if value is not None and not (value.is_finite() and value > 0):
        raise ConfigError(f"{name} {value}: must be above 0; leave it out to switch it off")


def _check_count(name: str, value: int | None) -> None:
    if value is not None and value <= 0:
        raise ConfigError(f"{name} {value}: must be above 0; leave it out to switch it off")


def _check_rate(name: str, value: int | None) -> None:
    _check_count(name, value)
    if value is not None and value > MAX_RATE:
        raise ConfigError(f"{name} {value}: must be {MAX_RATE} or less")


def _field(key: str, name: str) -> str:
    if name not in InstrumentLimits.__struct_fields__:
        raise ConfigError(f"unknown limit {key}")
    return name


def _decimal(key: str, value: str) -> Decimal:
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise ConfigError(f"{key} {value!r}: not a number") from error


def _integer(key: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise ConfigError(f"{key} {value!r}: not a whole number") from error
