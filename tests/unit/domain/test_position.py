"""Positions against a slow recomputation with fractions, from the list of fills alone."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veloz_tui.domain.position import Position
from veloz_tui.domain.types import Asset

D = Decimal
USDT, BTC, BNB = Asset("USDT"), Asset("BTC"), Asset("BNB")
EXIT_FEE = D("0.001")


class Trade(msgspec.Struct, frozen=True):
    quantity: Decimal
    """Signed."""
    price: Decimal
    fee: Decimal = D(0)
    asset: Asset = USDT
    value: Decimal | None = D(0)


def held(trades: Sequence[Trade]) -> Position:
    position = Position()
    for trade in trades:
        position.apply_fill(
            change=trade.quantity,
            price=trade.price,
            fee=trade.fee,
            fee_asset=trade.asset,
            value=trade.value,
        )
    return position


class Naive:
    """One unit of account: what each lot on the book cost on average; exact fractions, no shortcuts."""

    def __init__(self) -> None:
        self.quantity = self.entry = self.realized = self.fees = self.open_fees = Fraction(0)

    def trade(self, trade: Trade) -> None:
        quantity, price, fee = Fraction(trade.quantity), Fraction(trade.price), Fraction(trade.value or 0)
        self.fees += fee
        if self.quantity * quantity < 0:
            closed = min(abs(self.quantity), abs(quantity))
            sign = 1 if self.quantity > 0 else -1
            self.realized += sign * closed * (price - self.entry)
            self.open_fees *= 1 - closed / abs(self.quantity)
            self.quantity -= sign * closed
            fee *= 1 - closed / abs(quantity)
            quantity += sign * closed
        if quantity:
            total = self.quantity + quantity
            self.entry = (self.entry * self.quantity + price * quantity) / total
            self.quantity = total
            self.open_fees += fee
        if not self.quantity:
            self.entry = self.open_fees = Fraction(0)


def sizes() -> st.SearchStrategy[Decimal]:
    return st.integers(1, 2_000).map(lambda lots: D(lots) / 1000)


@st.composite
def trades(draw: st.DrawFn) -> Trade:
    quantity = draw(sizes()) * draw(st.sampled_from((1, -1)))
    price = D(draw(st.integers(1, 500_000))) / 100
    asset = draw(st.sampled_from((USDT, BTC, BNB)))
    fee = draw(sizes()) / 1000
    value = {USDT: fee, BTC: fee * price, BNB: draw(st.sampled_from((None, fee * 600)))}[asset]
    return Trade(quantity, price, fee, asset, value)


def near(ours: Decimal | None, exact: Fraction) -> bool:
    """Equal but for the 28 digits of a Decimal division."""
    assert ours is not None
    return abs(Fraction(ours) - exact) <= Fraction(1, 10**18)


@given(st.lists(trades(), max_size=40))
def test_it_equals_the_recomputation(fills: list[Trade]) -> None:
    naive = Naive()
    for fill in fills:
        naive.trade(fill)
    position = held(fills)
    assert Fraction(position.quantity) == naive.quantity
    assert near(position.realized, naive.realized)
    assert near(position.fees, naive.fees)
    assert near(position.open_fees, naive.open_fees)
    if naive.quantity:
        assert near(position.entry, naive.entry)
    else:
        assert position.entry is None
        assert position.cost == position.open_fees == 0


@given(st.lists(trades(), max_size=40), st.integers(1, 500_000))
def test_money_is_conserved(fills: list[Trade], cents: int) -> None:
    """Cash spent and earned plus what is held at any mark is realized plus unrealized: nothing is lost."""
    mark = D(cents) / 100
    cash = sum((-Fraction(t.quantity) * Fraction(t.price) for t in fills), Fraction(0))
    worth = cash + sum((Fraction(t.quantity) for t in fills), Fraction(0)) * Fraction(mark)
    position = held(fills)
    assert near(position.realized + position.unrealized(mark), worth)


def test_a_fee_taken_in_what_was_bought_is_a_cost_and_gone_from_the_position() -> None:
    position = Position()
    fee = D("0.001")
    position.apply_fill(change=1 - fee, price=D(100), fee=fee, fee_asset=BTC, value=fee * 100)
    assert position.quantity == D("0.999")
    assert position.entry == 100
    # What is left must bring in the 100 that were paid, after the fee on leaving.
    break_even = position.break_even(EXIT_FEE)
    assert break_even is not None
    assert near(break_even * D("0.999") * D("0.999"), Fraction(100))
    assert position.unrealized(D(100)) + position.realized - position.fees == D("0.999") * 100 - 100


def test_a_fill_eaten_by_its_fee_moves_nothing_but_the_fees() -> None:
    position = Position()
    position.apply_fill(change=D(0), price=D(100), fee=D(1), fee_asset=BTC, value=D(100))
    assert (position.quantity, position.cost, position.fees) == (D(0), D(0), D(100))


@given(st.lists(trades(), min_size=1, max_size=40))
def test_leaving_at_break_even_pays_for_the_open_part_and_both_fees(fills: list[Trade]) -> None:
    position = held(fills)
    price = position.break_even(EXIT_FEE)
    if not position.quantity:
        assert price is None
        return
    assert price is not None
    gain = (
        Fraction(position.unrealized(price))
        - Fraction(position.open_fees)
        - abs(Fraction(position.quantity)) * Fraction(price) * Fraction(EXIT_FEE)
    )
    assert abs(gain) <= Fraction(1, 10**15)


def test_fees_without_a_known_value_are_kept_apart_by_asset() -> None:
    position = held(
        [
            Trade(D(1), D(100), D("0.1"), BNB, None),
            Trade(D(1), D(100), D("0.2"), BNB, None),
            Trade(D(1), D(100), D("0.3"), USDT, D("0.3")),
        ]
    )
    assert position.unvalued_fees == {BNB: D("0.3")}
    assert position.fees == position.open_fees == D("0.3")


def test_a_rebate_is_a_negative_fee() -> None:
    position = held([Trade(D(1), D(100), D("-0.1"), USDT, D("-0.1"))])
    assert position.break_even(D(0)) == D("99.9")


@pytest.mark.parametrize(("first", "second"), [("1", "-3"), ("-1", "3")])
def test_crossing_zero_closes_all_and_opens_the_rest_with_its_share_of_the_fee(
    first: str, second: str
) -> None:
    position = held(
        [Trade(D(first), D(100), D("0.5"), USDT, D("0.5")), Trade(D(second), D(110), D(3), USDT, D(3))]
    )
    assert position.quantity == D(first) + D(second)
    assert position.entry == 110
    assert position.realized == 10 * D(first)
    assert position.open_fees == 2
    assert position.fees == D("3.5")


def test_thirds_leave_no_rest_behind() -> None:
    third = D(1) / 3
    position = held([Trade(D(1), D(100)), *[Trade(-third, D(90)) for _ in range(3)]])
    rest = position.quantity
    position.apply_fill(change=-rest, price=D(90), fee=D(0), fee_asset=USDT, value=D(0))
    assert position.quantity == position.cost == 0
