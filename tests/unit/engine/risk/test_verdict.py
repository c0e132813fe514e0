"""The ticket's numbers."""

from decimal import Decimal

import pytest

from tests.unit.engine.risk.factories import book, d, limited, order, world
from veloz_tui.domain.views import Verdict
from veloz_tui.engine.risk.check import verdict
from veloz_tui.engine.risk.inputs import RiskInputs


def say(text: str, inputs: RiskInputs, *, entry: str | None = None) -> Verdict:
    return verdict(order(text), inputs, average_entry=None if entry is None else d(entry))


def test_a_buy_shows_what_it_costs_and_leaves() -> None:
    inputs = limited(by={"max_order_size": d("1000")}, free_quote=d("5000"), position=d("1"))
    assert say("buy 2 @ 99", inputs, entry="90") == Verdict(
        is_ok=True,
        notional=d("198"),
        fee=d("0.0990"),
        fee_is_taker=False,
        free_after=d("4801.9010"),
        position_after=d("3"),
        average_after=d("96"),
        size_fraction=d("0.198"),
    )


def test_a_sell_frees_quote_less_its_fee() -> None:
    said = say("sell 1 @ 101", world(free_quote=d("1000"), position=d("3")), entry="90")
    assert (said.free_after, said.position_after, said.average_after) == (d("1100.9495"), d("2"), d("90"))


@pytest.mark.parametrize(
    ("text", "is_taker"),
    [
        ("buy 1 @ 100", False),
        ("buy 1 @ 100.01", True),
        ("sell 1 @ 99.99", True),
        ("sell 1 @ 100", False),
        ("buy 1 @ 100.01 post", False),
        ("buy 1 @ 90 ioc", True),
        ("buy 1 market", True),
        ("sell 1 @ 95 stop 96", True),
    ],
)
def test_which_fee_is_expected(text: str, is_taker: bool) -> None:
    said = say(text, world())
    assert said.fee_is_taker is is_taker
    assert said.notional is not None
    assert said.fee == said.notional * (d("0.001") if is_taker else d("0.0005"))


def test_without_a_book_an_order_counts_as_taking() -> None:
    assert say("buy 1 @ 1", world(book=None)).fee_is_taker


@pytest.mark.parametrize(
    ("position", "entry", "text", "after", "average"),
    [
        ("0", None, "buy 2 @ 99", "2", "99"),
        ("0", None, "sell 2 @ 101", "-2", "101"),
        ("2", "90", "sell 2 @ 101", "0", None),
        ("2", "90", "sell 3 @ 101", "-1", "101"),
        ("-2", "90", "buy 1 @ 99", "-1", "90"),
        ("-2", "90", "sell 2 @ 110", "-4", "100"),
        ("2", None, "buy 1 @ 99", "3", None),
        ("2", "90", "buy 8 market", "10", "98.3050"),  # 5 at 100.01 and 3 at 101, 2 at 90 before
    ],
)
def test_the_position_and_its_average_after(
    position: str, entry: str | None, text: str, after: str, average: str | None
) -> None:
    said = say(text, world(position=d(position)), entry=entry)
    assert said.position_after == d(after)
    assert said.average_after == (None if average is None else d(average))


def test_a_refused_order_shows_its_numbers_beside_the_refusal() -> None:
    said = say("buy 20 @ 99", limited(by={"max_order_size": d("1000")}))
    assert (said.is_ok, said.code, said.limit, said.value) == (
        False,
        "ORDER_NOTIONAL_MAX",
        d("1000"),
        d("1980"),
    )
    assert said.size_fraction == d("1.98")


def test_what_the_book_can_not_fill_has_no_value() -> None:
    said = say("buy 2 market", world(book=book(asks=[(100.0, 1.0)])))
    assert said.code == "BOOK_TOO_THIN"
    assert said.notional is None
    assert said.position_after == d("2")


@pytest.mark.parametrize(
    "changes", [{"free_quote": None}, {"maker_fee": None}, {"has_margin": True}], ids=str
)
def test_what_is_not_known_is_none_and_never_zero(changes: dict[str, object]) -> None:
    said = say("buy 1 @ 100", world(**changes))
    assert said.free_after is None
    assert said.notional == Decimal(100)


@pytest.mark.parametrize("text", ["buy 1 market", "sell 1 market reduce"])
def test_numbers_that_can_not_be_had_do_not_cost_the_verdict(text: str) -> None:
    poisoned = book(bids=[(float("nan"), 5.0)], asks=[(float("nan"), 5.0)])
    said = say(text, world(book=poisoned, position=d("1")))
    assert said.is_ok is text.endswith("reduce")  # the ordinary one is refused: RISK_INTERNAL
    assert said.notional is None


def test_inputs_that_make_no_sense_still_give_a_verdict() -> None:
    assert say("buy 1 @ 100", world(instrument=None)).code == "RISK_INTERNAL"
