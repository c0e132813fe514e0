"""Stop loss and take profit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.risk.factories import d
from veloz_tui.domain.types import Side
from veloz_tui.engine.risk.exits import ExitKind, exit_wish
from veloz_tui.engine.risk.limits import InstrumentLimits

BOTH = InstrumentLimits(stop_loss_threshold=d("0.02"), take_profit_threshold=d("0.05"))


@pytest.mark.parametrize(
    ("quantity", "mark", "kind", "side"),
    [
        ("1", "98.01", None, None),
        ("1", "98", ExitKind.STOP_LOSS, Side.SELL),
        ("1", "90", ExitKind.STOP_LOSS, Side.SELL),
        ("1", "104.99", None, None),
        ("1", "105", ExitKind.TAKE_PROFIT, Side.SELL),
        ("-1", "101.99", None, None),
        ("-1", "102", ExitKind.STOP_LOSS, Side.BUY),
        ("-1", "95.01", None, None),
        ("-1", "95", ExitKind.TAKE_PROFIT, Side.BUY),
        ("0", "1", None, None),
    ],
)
def test_the_threshold_counts_from_the_moment_it_is_reached(
    quantity: str, mark: str, kind: ExitKind | None, side: Side | None
) -> None:
    wish = exit_wish(quantity=d(quantity), entry=d("100"), mark=d(mark), limits=BOTH)
    assert (None if wish is None else (wish.kind, wish.side)) == (None if kind is None else (kind, side))


def test_the_whole_position_is_to_be_left() -> None:
    wish = exit_wish(quantity=d("-0.45"), entry=d("100"), mark=d("103"), limits=BOTH)
    assert wish is not None
    assert (wish.quantity, wish.move, wish.threshold) == (d("0.45"), d("-0.03"), d("0.02"))


def test_the_reason_has_the_numbers() -> None:
    wish = exit_wish(quantity=d("1"), entry=d("64123.2"), mark=d("62500"), limits=BOTH)
    assert wish is not None
    assert wish.reason == "stop loss: -2.53 % of entry 64,123.20, threshold 2.00 %"


def test_thresholds_are_off_by_default() -> None:
    assert exit_wish(quantity=d("1"), entry=d("100"), mark=d("1"), limits=InstrumentLimits()) is None


@pytest.mark.parametrize(("entry", "mark"), [(None, "1"), ("100", None), ("0", "1"), ("-1", "1")])
def test_what_is_not_known_asks_for_nothing(entry: str | None, mark: str | None) -> None:
    assert (
        exit_wish(
            quantity=d("1"),
            entry=None if entry is None else d(entry),
            mark=None if mark is None else d(mark),
            limits=BOTH,
        )
        is None
    )


@given(
    quantity=st.decimals("-10", "10", places=3),
    entry=st.decimals("1", "1000", places=2),
    mark=st.decimals("1", "2000", places=2),
)
def test_a_wish_always_shrinks_the_position(quantity: object, entry: object, mark: object) -> None:
    wish = exit_wish(quantity=d(str(quantity)), entry=d(str(entry)), mark=d(str(mark)), limits=BOTH)
    if wish is not None:
        assert d(str(quantity)) + wish.side.sign * wish.quantity == 0
