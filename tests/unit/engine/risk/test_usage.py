"""How much of each limit is used, and when that is worth an alert."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.risk.factories import BTC, MAKER, d
from veloz_tui.domain.types import InstrumentId, Severity
from veloz_tui.engine.risk.limits import InstrumentLimits, Limits
from veloz_tui.engine.risk.usage import LimitUsage, PositionUse, UsageTracker, level, usages

ALL = Limits(
    default=InstrumentLimits(max_position_size=d("1000")),
    max_leverage=d("2"),
    max_orders_per_second=10,
    strategy_orders_per_second={MAKER: 4},
    account_balance_threshold=d("500"),
    margin_threshold=d("1.5"),
    open_orders_max=200,
)


def used(limits: Limits = ALL, **changes: object) -> dict[tuple[str, str], LimitUsage]:
    quiet: dict[str, object] = {
        "positions": [PositionUse(instrument_id=BTC, value=d("450"))],
        "gross_exposure": d("500"),
        "equity": d("1000"),
        "free_quote": d("2000"),
        "margin_ratio": d("3"),
        "recent_account": 5,
        "recent_strategies": {MAKER: 3},
        "open_orders": 7,
    }
    found = usages(limits=limits, **(quiet | changes))  # type: ignore[arg-type]
    return {(usage.name, usage.scope): usage for usage in found}


def test_each_limit_that_is_on_is_shown_with_what_is_used_of_it() -> None:
    assert {key: usage.fraction for key, usage in used().items()} == {
        ("max_position_size", BTC): d("0.45"),
        ("max_leverage", "account"): d("0.25"),
        ("account_balance_threshold", "account"): d("0.25"),
        ("margin_threshold", "account"): d("0.5"),
        ("max_orders_per_second", "account"): d("0.5"),
        ("open_orders_max", "account"): d("0.035"),
        ("strategy_orders_per_second", MAKER): d("0.75"),
    }


def test_limits_that_are_off_are_not_shown() -> None:
    assert used(Limits()) == {}


def test_what_is_not_known_is_none_and_never_zero() -> None:
    found = used(
        positions=[PositionUse(instrument_id=BTC, value=None)],
        gross_exposure=None,
        free_quote=None,
        margin_ratio=None,
    )
    unknown = {key[0] for key, usage in found.items() if usage.fraction is None}
    assert unknown == {
        "max_position_size",
        "max_leverage",
        "account_balance_threshold",
        "margin_threshold",
    }


@pytest.mark.parametrize("free", ["0", "-10", "0.0001"])
def test_nothing_left_is_far_over_the_limit(free: str) -> None:
    assert used(free_quote=d(free))["account_balance_threshold", "account"].fraction == 10


def test_exposure_without_equity_is_far_over_the_limit() -> None:
    assert used(equity=d("0"))["max_leverage", "account"].fraction == 10
    assert used(equity=d("0"), gross_exposure=d("0"))["max_leverage", "account"].fraction == 0


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        (None, None),
        ("0.4999", None),
        ("0.5", Severity.INFO),
        ("0.7999", Severity.INFO),
        ("0.8", Severity.WARN),
        ("0.9999", Severity.WARN),
        ("1", Severity.CRIT),
        ("7", Severity.CRIT),
    ],
)
def test_levels(fraction: str | None, expected: Severity | None) -> None:
    assert level(None if fraction is None else d(fraction)) == expected


USAGE = LimitUsage(name="max_position_size", scope=BTC, value=d("0"), limit=d("1"), fraction=d("0"))


def rises(*fractions: str | None) -> list[Severity | None]:
    """The crossing that each use in turn gives, or None."""
    tracker = UsageTracker()
    found = []
    for fraction in fractions:
        usage = msgspec.structs.replace(USAGE, fraction=None if fraction is None else d(fraction))
        crossings = tracker.crossings([usage])
        found.append(crossings[0].severity if crossings else None)
    return found


@pytest.mark.parametrize(
    ("fractions", "expected"),
    [
        (["0.1", "0.5", "0.6", "0.8", "1.0"], [None, "INFO", None, "WARN", "CRIT"]),
        (["1.2"], ["CRIT"]),
        (["0.81", "0.79", "0.81", "0.76", "0.85"], ["WARN", None, None, None, None]),
        (["0.81", "0.75", "0.81"], ["WARN", None, None]),
        (["0.81", "0.7499", "0.81"], ["WARN", None, "WARN"]),
        (["1", "0.96", "1"], ["CRIT", None, None]),
        (["1", "0.94", "1"], ["CRIT", None, "CRIT"]),
        (["1", "0.2", "0.5"], ["CRIT", None, "INFO"]),
        (["0.9", None, "0.9"], ["WARN", None, None]),
        ([None, "0.9"], [None, "WARN"]),
    ],
)
def test_an_alert_comes_once_a_rise(fractions: list[str | None], expected: list[str | None]) -> None:
    assert rises(*fractions) == [None if name is None else Severity(name) for name in expected]


def test_limits_are_followed_apart_and_forgotten_when_gone() -> None:
    tracker = UsageTracker()
    high = msgspec.structs.replace(USAGE, fraction=d("0.9"))
    other = msgspec.structs.replace(high, scope=InstrumentId("ETHUSDT.BINANCE"))
    assert [crossing.usage for crossing in tracker.crossings([high])] == [high]
    assert [crossing.usage for crossing in tracker.crossings([high, other])] == [other]
    assert tracker.crossings([other]) == ()
    assert [crossing.usage for crossing in tracker.crossings([high, other])] == [high]


@given(
    center=st.sampled_from(["0.5", "0.8", "1"]),
    trembles=st.lists(st.integers(-24, 24), min_size=1, max_size=50),
)
def test_trembling_around_a_level_alerts_at_most_once(center: str, trembles: list[int]) -> None:
    fractions = [str(d(center) + Decimal(step) / 1000) for step in trembles]
    above = [severity for severity in rises(*fractions) if severity is level(d(center))]
    assert len(above) <= 1
