"""Numbers as the console writes them: exact, signed, never clipped."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui import factories as f
from veloz_tui.tui import fmt
from veloz_tui.tui.names import Names

amounts = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=8)


@given(amounts, st.integers(0, 8))
def test_a_number_reads_back_as_the_value_rounded_to_its_decimals(value: Decimal, decimals: int) -> None:
    text = fmt.number(value, decimals)
    assert abs(Decimal(text.replace(",", "")) - value) <= Decimal(1).scaleb(-decimals) / 2
    assert len(text.partition(".")[2]) == decimals


@given(amounts, st.integers(0, 8))
def test_pnl_has_its_sign_unless_it_is_zero_and_zero_is_never_negative(value: Decimal, decimals: int) -> None:
    text = fmt.signed(value, decimals)
    shown = Decimal(text.replace(",", ""))
    assert (text[0] in "+-") == (shown != 0)
    assert (shown > 0) == text.startswith("+")


@given(amounts, st.integers(1, 20))
def test_a_number_that_does_not_fit_is_hashes_never_a_shorter_number(value: Decimal, width: int) -> None:
    text = fmt.number(value, 2)
    shown = fmt.fit_number(text, width)
    assert len(shown) == width
    assert shown.strip() == text or set(shown) == {"#"}


@given(st.decimals(min_value=0, max_value=10**12, places=5), st.integers(3, 12))
def test_a_short_quantity_is_near_the_value_or_hashes_and_never_zero_for_something(
    value: Decimal, width: int
) -> None:
    shown = fmt.short_quantity(value, 4, width).strip()
    assert len(shown) <= width
    if set(shown) == {"#"} or (value == 0 and shown == fmt.ZERO_SIZE):
        return
    if shown.startswith("<"):
        assert 0 < value < Decimal(shown[1:])
        return
    factor = {"k": 1000, "M": 10**6, "G": 10**9}.get(shown[-1], 1)
    read = Decimal(shown.rstrip("kMG").replace(",", "")) * factor
    assert read > 0
    assert abs(read - value) <= value / 20 or len(shown) == 6  # all four decimals: rounded, not shortened


@given(st.text(), st.integers(1, 40))
def test_words_take_exactly_their_cells(text: str, width: int) -> None:
    assert cell_len(fmt.fit_text(fmt.clean(text), width)) == width


@given(st.text())
def test_cleaned_text_can_not_steer_a_terminal(text: str) -> None:
    cleaned = fmt.clean(text)
    assert not any(
        ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u202e\u2066\u200b" for char in cleaned
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (7200, "2h"),
        (86400 * 3, "3d"),
        (None, "-"),
        (-5, "0s"),
    ],
)
def test_ages(seconds: float | None, text: str) -> None:
    assert fmt.age(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [("9.999", "10.00"), ("10", "10"), ("-19.97", "-20"), ("0.004", "0.00"), ("1.5", "1.50")],
)
def test_basis_points_are_whole_from_ten_up(value: str, text: str) -> None:
    assert fmt.basis_points(Decimal(value)) == text


def test_unknown_is_a_dash_and_never_a_zero() -> None:
    none = (fmt.number(None), fmt.signed(None), fmt.percent(None), fmt.basis_points(None), fmt.quantity(None))
    assert set(none) == {"-"}
    assert fmt.number(Decimal("NaN")) == "-"


def test_an_empty_size_is_a_dot() -> None:
    assert fmt.quantity(Decimal("0.000")) == "·"


@pytest.mark.parametrize(
    ("step", "decimals"), [("0.01", 2), ("0.10", 1), ("1", 0), ("10", 0), ("0.00001", 5)]
)
def test_decimals_come_from_the_tick(step: str, decimals: int) -> None:
    assert fmt.decimals_of(Decimal(step)) == decimals


def test_times_are_utc_and_say_so() -> None:
    assert fmt.clock(1_795_348_801 * 10**9) == "12:00:01Z"
    assert fmt.timestamp(1_795_348_801 * 10**9) == "2026-11-22T12:00:01Z"


@pytest.mark.parametrize(
    ("width", "shown"),
    [(40, "quoting 64,123.20 / 64,124.20"), (28, "quoting 64,123.20 /~"), (12, "quoting~"), (3, "~")],
)
def test_words_are_cut_between_words_so_that_no_number_loses_its_end(width: int, shown: str) -> None:
    fitted = fmt.fit_words("quoting 64,123.20 / 64,124.20", width)
    assert fitted.rstrip() == shown and len(fitted) == width


def test_a_quantity_with_more_decimals_than_the_lot_is_shown_whole() -> None:
    names = Names(f.view())
    assert names.quantity(f.BTC, Decimal("0.01554444")) == "0.01554444"
    assert names.quantity(f.BTC, Decimal("0.01554")) == "0.01554"
    assert names.quantity(f.BTC, Decimal("0.4500")) == "0.4500"
