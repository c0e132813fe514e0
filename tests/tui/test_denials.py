"""What a denied order's owner reads at 80 columns: what, value, limit and remedy of each rule."""

import re

import pytest

from tests.tui import factories as f
from tests.tui.harness import Clock
from tests.tui.headless import headless
from tests.unit.engine.risk.factories import book, d, instrument, limited, refusal, world
from veloz_tui.domain.types import BreakerState, ChannelState, TradingState
from veloz_tui.engine.risk.inputs import RiskInputs
from veloz_tui.tui import table
from veloz_tui.tui.screen import message_lines

BTC = instrument(lot_size=d("0.00001"), min_quantity=d("0.00001"))


def market(**changes: object) -> RiskInputs:
    """Bitcoin around 64,123.60 with the position and orders of a busy morning."""
    there = book(bids=[(64123.60, 5.0)], asks=[(64123.70, 0.5)])
    inputs = limited(
        limits=changes.pop("limits", None),  # type: ignore[arg-type]
        by=changes.pop("by", None),  # type: ignore[arg-type]
        instrument=BTC,
        book=there,
        reference=d("64123.65"),
    )
    busy = {
        "position": d("0.45"),
        "buy_leaves": d("0.1"),
        "free_quote": d("61204.10"),
        "free_base": d("0.14"),
    }
    return world(**{name: getattr(inputs, name) for name in inputs.__struct_fields__} | busy | changes)


HALTED = {"trading_state": TradingState.HALTED}
REDUCE = {"trading_state": TradingState.REDUCE_ONLY, "way_out": ":rearm full and :resume"}
CANCEL = {"trading_state": TradingState.CANCEL_ONLY, "state_reason": "guardian gone: its process ended"}
BUY = "buy 0.50 @ 64123.60"
CASES = [
    ("ORDER_NOTIONAL_MAX", BUY, {"by": {"max_order_size": d("20000")}}),
    ("MIN_NOTIONAL", "buy 0.00005 @ 64123.60", {}),
    ("MAX_NOTIONAL", "buy 200 @ 64123.60", {}),
    ("STATE_HALTED", BUY, HALTED),
    ("STATE_REDUCE_ONLY", BUY, REDUCE),
    ("STATE_CANCEL_ONLY", BUY, CANCEL),
    ("STATE_PAUSED", BUY + " by mm-1", {"is_paused": True}),
    ("JOURNAL_NOT_DURABLE", BUY, {"journal_ok": False}),
    ("GUARDIAN_DOWN", BUY, {"guardian_ok": False}),
    ("VENUE_NOT_READY", BUY, {"venue_state": ChannelState.SYNCING}),
    ("BREAKER_OPEN", BUY, {"breaker": BreakerState.OPEN}),
    ("TICK", "buy 0.50 @ 64123.605", {}),
    ("PRICE_MAX", "sell 0.10 @ 2000000", {}),
    ("LOT", "buy 0.500001 @ 64123.60", {}),
    ("QUANTITY_MAX", "buy 10000 @ 64123.60", {}),
    ("POST_ONLY_CONFLICT", "buy 0.50 @ 64123.60 ioc post", {}),
    ("REDUCE_ONLY_EXCEEDS", "sell 0.50 @ 64123.60 reduce", {"reduce_leaves": d("0.2")}),
    ("BOOK_UNKNOWN", "buy 0.50 market", {"book": None}),
    ("BOOK_TOO_THIN", "buy 0.75 market", {}),
    ("PRICE_COLLAR", "buy 0.50 @ 66123.60", {"by": {"max_price_deviation": d("0.005")}}),
    ("MSG_RATE", BUY, {"limits": {"max_orders_per_second": 10}, "recent_account": 10}),
    ("OPEN_ORDERS_MAX", BUY, {"limits": {"open_orders_max": 200}, "open_orders": 200}),
    ("POS_MAX", BUY, {"by": {"max_position_size": d("50000")}}),
    ("LEVERAGE_MAX", BUY, {"limits": {"max_leverage": d("2")}, "gross_exposure": d("190000")}),
    ("BALANCE_INSUFFICIENT", "buy 1.50 @ 64123.60", {}),
    ("MIN_FREE_BALANCE", BUY, {"limits": {"account_balance_threshold": d("50000")}}),
]


def shown(text: str, width: int = 80) -> list[str]:
    session, _ = headless(f.view())
    session.say(text, "warn")
    return [table.plain(line).strip() for line in message_lines(session, width)]


@pytest.mark.parametrize(("code", "order", "changes"), CASES)
def test_every_refusal_is_told_in_two_lines_at_most_with_its_reason_and_its_remedy(
    code: str, order: str, changes: dict[str, object]
) -> None:
    denial = refusal(order, market(**changes))
    assert denial.code == code
    lines = shown(denial.text)
    reason, _, rest = denial.text.partition(" Nothing sent. ")
    remedy = re.split(r" or (?:raise )?limits\.| \[", rest)[0]
    told = " ".join(lines)
    assert len(lines) <= 2 and "~" not in told
    assert told.startswith(reason) and remedy in told


@pytest.mark.parametrize(
    ("order", "changes", "line"),
    [
        (
            BUY,
            {"by": {"max_order_size": d("20000")}},
            "DENIED BUY 0.50 BTC-USDT: order 32,062 > max 20,000 USDT. Lower qty",
        ),
        (
            "buy 0.00005 @ 64123.60",
            {},
            "DENIED BUY 0.00005 BTC-USDT: order 3.21 < venue's least 5.00 USDT. Raise qty",
        ),
    ],
)
def test_an_orders_value_its_limit_and_the_remedy_are_one_line(
    order: str, changes: dict[str, object], line: str
) -> None:
    assert shown(refusal(order, market(**changes)).text) == [line]


def test_where_there_is_room_nothing_is_left_out() -> None:
    text = refusal(BUY, market(by={"max_order_size": d("20000")})).text
    assert shown(text, 160) == [text]
    assert shown(text, 130) == [text.removesuffix(" [ORDER_NOTIONAL_MAX]")]


def test_other_sentences_are_never_shortened() -> None:
    text = (
        "REJECTED by BIN: would take, post-only. Nothing sent. Price lower or drop post and try again [POST]"
    )
    assert " ".join(shown(text)) == text


def test_an_old_refusal_is_shortened_too() -> None:
    clock = Clock()
    session, _ = headless(f.view(), clock)
    session.tour.off()
    session.say(refusal(BUY, market(by={"max_order_size": d("20000")})).text, "warn")
    clock.now += 240
    lines = [table.plain(line).strip() for line in message_lines(session, 80)]
    assert lines == ["DENIED BUY 0.50 BTC-USDT: order 32,062 > max 20,000 USDT. Lower qty  (4m ago)"]
