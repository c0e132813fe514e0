"""What may leave at all: a table of states against a manual order, a strategy's, and an exit."""

import pytest

from tests.unit.engine.risk.factories import code, d, refusal, world
from veloz_tui.domain.types import BreakerState, ChannelState, TradingState

MANUAL_BUY = "buy 1 @ 100"
STRATEGY_BUY = "buy 1 @ 100 by mm-1"
EXIT = "sell 1 @ 100 reduce by mm-1"


@pytest.mark.parametrize(
    ("changes", "manual", "strategy", "way_out"),
    [
        ({}, "", "", ""),
        ({"trading_state": TradingState.HALTED}, *["STATE_HALTED"] * 3),
        ({"trading_state": TradingState.CANCEL_ONLY}, *["STATE_CANCEL_ONLY"] * 3),
        ({"trading_state": TradingState.REDUCE_ONLY}, "STATE_REDUCE_ONLY", "STATE_REDUCE_ONLY", ""),
        ({"is_paused": True}, "", "STATE_PAUSED", ""),
        ({"journal_ok": False}, *["JOURNAL_NOT_DURABLE"] * 3),
        ({"guardian_ok": False}, *["GUARDIAN_DOWN"] * 3),
        ({"venue_state": ChannelState.DOWN}, *["VENUE_NOT_READY"] * 3),
        ({"venue_state": ChannelState.CONNECTING}, *["VENUE_NOT_READY"] * 3),
        ({"venue_state": ChannelState.SYNCING}, *["VENUE_NOT_READY"] * 3),
        ({"breaker": BreakerState.OPEN}, "BREAKER_OPEN", "BREAKER_OPEN", ""),
        ({"breaker": BreakerState.HALF_OPEN}, "", "", ""),
        ({"trading_state": "NONSENSE"}, *["RISK_INTERNAL"] * 3),
    ],
)
def test_what_each_state_lets_out(
    changes: dict[str, object], manual: str, strategy: str, way_out: str
) -> None:
    inputs = world(position=d("1"), **changes)
    assert (code(MANUAL_BUY, inputs), code(STRATEGY_BUY, inputs), code(EXIT, inputs)) == (
        manual,
        strategy,
        way_out,
    )


def test_reduce_only_lets_no_order_out_that_merely_could_shrink() -> None:
    inputs = world(position=d("1"), trading_state=TradingState.REDUCE_ONLY)
    assert code("sell 1 @ 100", inputs) == "STATE_REDUCE_ONLY"


def test_reduce_only_lets_no_false_exit_out() -> None:
    inputs = world(position=d("1"), trading_state=TradingState.REDUCE_ONLY)
    assert code("buy 1 @ 100 reduce", inputs) == "REDUCE_ONLY_EXCEEDS"
    assert code("sell 1.001 @ 100 reduce", inputs) == "REDUCE_ONLY_EXCEEDS"


def test_the_state_is_named_before_a_fault_of_the_order() -> None:
    assert code("buy 0.0005 @ 100.003", world(trading_state=TradingState.HALTED)) == "STATE_HALTED"


def test_a_halt_says_how_to_get_out_of_it() -> None:
    assert refusal("buy 0.50 @ 100", world(trading_state=TradingState.HALTED)).text == (
        "DENIED BUY 0.50 BTC-USDT: trading is HALTED. Nothing sent. "
        ":rearm exits lets exits out, :rearm full everything [STATE_HALTED]"
    )


def test_a_venue_that_is_not_ready_is_named() -> None:
    text = refusal("buy 1 @ 100", world(venue_state=ChannelState.SYNCING)).text
    assert "BIN is SYNCING, not READY. Nothing sent." in text


@pytest.mark.parametrize("way_out", [":resume", ":rearm full", ":rearm full and :resume"])
def test_reduce_only_names_what_lifts_it(way_out: str) -> None:
    inputs = world(trading_state=TradingState.REDUCE_ONLY, way_out=way_out)
    assert f"Nothing sent. Add reduce, or {way_out} [" in refusal("buy 1 @ 100", inputs).text


def test_cancel_only_says_why() -> None:
    inputs = world(trading_state=TradingState.CANCEL_ONLY, state_reason="journal SLOW: 300 ms")
    assert "CANCEL_ONLY (journal SLOW: 300 ms). Nothing sent." in refusal("buy 1 @ 100", inputs).text
