"""Every verb but buy and sell, completion, and text that means nothing."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.control.factories import asset, context, order, position, strategy
from veloz_tui.control.grammar import (
    GrammarContext,
    GrammarError,
    LocalCommand,
    Parsed,
    complete,
    hints,
    parse,
)
from veloz_tui.control.grammar_verbs import VERBS
from veloz_tui.domain import commands
from veloz_tui.domain.commands import (
    AmendOrder,
    CancelOrders,
    ClosePosition,
    Flatten,
    Kill,
    Rearm,
    SetParameters,
    Shutdown,
    StopStrategy,
)
from veloz_tui.domain.types import ClientOrderId, OrderType, RearmLevel, Side, StrategyState


def trading() -> GrammarContext:
    return context(
        orders=(
            order("vzAA0000100001AF3K"),
            order("vzAA0000100002BF3K", base="ETH", strategy="mm-1"),
            order("vzAA0000100003ST0P", side=Side.SELL, order_type=OrderType.STOP_LIMIT),
            order("x-17", strategy="external"),
        ),
        positions=(position("0.45"),),
        strategies=(strategy("mm-1"), strategy("mm-2"), strategy("Grid")),
        assets=(asset("USDT", "1000"), asset("BTC", "1")),
        presets=(Decimal("0.05"),),
    )


def parsed(text: str) -> Parsed:
    found = parse(text, trading())
    assert isinstance(found, Parsed), found
    return found


def error(text: str) -> GrammarError:
    found = parse(text, trading())
    assert isinstance(found, GrammarError), found
    return found


def test_cancel_by_shortest_unique_suffix() -> None:
    command = parsed("cancel af3k t0p AF3K").command
    assert isinstance(command, CancelOrders)
    assert command.client_order_ids == ("vzAA0000100001AF3K", "vzAA0000100003ST0P")
    assert not command.is_all


def test_cancel_with_an_ambiguous_suffix_lists_the_ids() -> None:
    assert error("cancel f3k").choices == ("AF3K", "BF3K")


def test_the_id_of_an_amended_order_leads_to_the_one_that_took_its_place() -> None:
    amended = msgspec.structs.replace(
        order("vzAA000010000500XY"), replaces=ClientOrderId("vzAA00001000040LD1")
    )
    found = parse("cancel 0ld1", context(orders=(amended,)))
    assert isinstance(found, GrammarError)
    assert found.text == "0ld1 was amended: it is 00XY now"


def test_cancel_of_an_unknown_id_lists_what_is_open() -> None:
    found = error("cancel zzzz")
    assert "no open order zzzz" in found.text
    assert "AF3K" in found.choices


@pytest.mark.parametrize(
    ("text", "expected", "review"),
    [
        ("cancel all", {}, "CANCEL 2 orders everywhere, keeps 1 stop and 1 external"),
        (
            "cancel all btc",
            {"instrument_id": "BTCUSDT.BINANCE"},
            "CANCEL 1 orders BTC-USDT.BIN, keeps 1 stop and 1 external",
        ),
        ("cancel all bin", {"venue": "BINANCE"}, "CANCEL 2 orders at BINANCE, keeps 1 stop and 1 external"),
        ("cancel all by mm-1", {"strategy_id": "mm-1"}, "CANCEL 1 orders by mm-1"),
        (
            "cancel all by manual stops",
            {"strategy_id": "manual", "includes_stops": True},
            "CANCEL 2 orders by manual INCLUDING 1 STOP",
        ),
        (
            "cancel all stops external",
            {"includes_stops": True, "includes_external": True},
            "CANCEL 4 orders everywhere INCLUDING 1 STOP",
        ),
        (
            "cancel all by external",
            {"strategy_id": "external", "includes_external": True},
            "CANCEL 1 orders by external",
        ),
    ],
)
def test_cancel_all_filters(text: str, expected: dict[str, object], review: str) -> None:
    found = parsed(text)
    assert isinstance(found.command, CancelOrders)
    defaults = {"is_all": True, "instrument_id": None, "venue": None, "strategy_id": None}
    flags = {"includes_stops": False, "includes_external": False, "client_order_ids": ()}
    wanted = {**defaults, **flags, **expected}
    assert {name: getattr(found.command, name) for name in wanted} == wanted
    assert found.review == review


def test_close_and_flatten() -> None:
    whole, half = parsed("close btc"), parsed("close btc 50%")
    assert isinstance(whole.command, ClosePosition) and isinstance(half.command, ClosePosition)
    assert (whole.command.fraction, half.command.fraction) == (Decimal(1), Decimal("0.5"))
    assert half.review == "CLOSE 50% of LONG 0.45: SELL 0.225 BTC-USDT.BIN LIMIT IOC at about 64,123.60"
    everything, one = parsed("flatten all").command, parsed("flatten eth").command
    assert isinstance(everything, Flatten) and isinstance(one, Flatten)
    assert (everything.instrument_id, one.instrument_id) == (None, "ETHUSDT.BINANCE")


def test_strategy_verbs() -> None:
    assert isinstance(parsed("strategy start mm-1").command, commands.StartStrategy)
    assert isinstance(parsed("strategy pause grid").command, commands.PauseStrategy)
    stop, keep = parsed("strategy stop mm-2").command, parsed("strategy stop mm-2 keep").command
    assert isinstance(stop, StopStrategy) and isinstance(keep, StopStrategy)
    assert (stop.keeps_orders, keep.keeps_orders) == (False, True)
    assert error("strategy stop mm").choices == ("mm-1", "mm-2")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("pause", commands.Pause),
        ("resume", commands.Resume),
        ("reduce", commands.Reduce),
        ("control take", commands.TakeControl),
        (":kill", Kill),
        (": KILL", Kill),
    ],
)
def test_plain_verbs(text: str, kind: type) -> None:
    assert isinstance(parsed(text).command, kind)


def test_kill_says_what_it_does_and_has_its_own_id() -> None:
    found = parsed("kill")
    assert isinstance(found.command, Kill)
    assert found.command.kill_id != found.command.command_id
    assert found.review == "KILL: stop 3 strategies, cancel 4 orders INCLUDING 1 STOPS"


def test_kill_counts_the_strategies_that_run() -> None:
    stopped = msgspec.structs.replace(strategy("mm-2"), state=StrategyState.STOPPED)
    found = parse("kill", context(strategies=(strategy("mm-1"), stopped)))
    assert isinstance(found, Parsed)
    assert found.review == "KILL: stop 1 strategies, cancel 0 orders"


def test_rearm_needs_the_profile_name_typed() -> None:
    assert parsed("rearm full").command == LocalCommand("rearm", ("full",))
    assert "not this profile's name" in error("rearm full live").text
    command = parsed("rearm exits demo").command
    assert isinstance(command, Rearm)
    assert (command.level, command.confirmation) == (RearmLevel.EXITS, "demo")
    assert "demo" not in complete("rearm full ", trading())


def test_shutdown() -> None:
    leaves, cancels = parsed("shutdown").command, parsed("shutdown cancel").command
    assert isinstance(leaves, Shutdown) and isinstance(cancels, Shutdown)
    assert (leaves.cancels_orders, cancels.cancels_orders) == (False, True)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("q", LocalCommand("q")),
        ("wq", LocalCommand("wq")),
        ("theme light", LocalCommand("theme", ("light",))),
        ("theme", LocalCommand("theme", ())),
        ("watch eth", LocalCommand("watch", ("ETHUSDT.BINANCE",))),
        ("book btc", LocalCommand("book", ("BTCUSDT.BINANCE",))),
        ("arm btc", LocalCommand("arm", ("BTCUSDT.BINANCE",))),
        ("filter side:sell -eth", LocalCommand("filter", ("side:sell", "-eth"))),
        ("filter", LocalCommand("filter")),
        ("size 0.05", LocalCommand("size", ("0.05",))),
        ("export orders My.csv", LocalCommand("export", ("orders", "My.csv"))),
        ("report daily", LocalCommand("report", ("daily",))),
        ("tour off", LocalCommand("tour", ("off",))),
        ("help buy", LocalCommand("help", ("buy",))),
    ],
)
def test_local_commands(text: str, local: LocalCommand) -> None:
    assert parsed(text).command == local


@pytest.mark.parametrize(
    ("text", "price", "quantity"),
    [("amend af3k @64,100 qty 0.1", "64100", "0.1"), ("amend af3k @bid-1t", "64123.59", None)],
)
def test_amend_names_the_order_and_what_changes(text: str, price: str, quantity: str | None) -> None:
    command = parsed(text).command
    assert isinstance(command, AmendOrder)
    assert command.client_order_id == "vzAA0000100001AF3K"
    assert command.price == Decimal(price)
    assert command.quantity == (None if quantity is None else Decimal(quantity))
    assert "canceled first, last in its queue" in parsed(text).review


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "write a command"),
        (":", "write a command"),
        ("stop", "stop what? strategy stop mm-1 | sell 0.45 btc stop 63800"),
        ("byu 1 btc market", "did you mean buy?"),
        ("xyzzy", "Tab lists the commands"),
        ("cancel", "cancel what?"),
        ("cancel all by", "by whom?"),
        ("cancel all btc eth", "say one"),
        ("close eth", "no position in ETH-USDT.BIN"),
        ("close btc 150", "at most 100%"),
        ("flatten", "flatten what?"),
        ("pause mm-1", "one strategy: strategy pause NAME"),
        ("kill btc", "kill takes no words"),
        ("control", "control take"),
        ("rearm", "rearm exits demo | rearm full demo"),
        ("strategy start", "strategy start|stop|pause|set|reset|show mm-1"),
        ("strategy start mm-1 keep", "means nothing here"),
        ("report dayly", "dayly is no report: report daily | weekly | monthly"),
        ("report custom", "outside of the console: veloz report custom --from"),
        ("amend af3k", "amend what?"),
        ("amend af3k stop 5", "means nothing here"),
        ("theme light dark", "theme light"),
        ("tour maybe", "tour | tour off"),
        ("x" * 600, "longer than 512"),
        ("buy \x1b[31m btc", "?[31m"),
    ],
)
def test_mistakes_are_answered_with_what_to_write(text: str, says: str) -> None:
    assert says in error(text).text


SAMPLES = """
    all btc eth 0.5 1000u 25% max pos @bid-2t @mid @64,123.60 market stop post ioc by mm-1 manual bin AF3K
    keep full exits demo take qty 50% 1ku @ @1e999 0.0000000000001 99999999999999999999 ٣ x-17 . .bin ,
"""
WORDS = st.sampled_from([*VERBS, *SAMPLES.split()])


@given(
    st.one_of(st.text(max_size=80), st.lists(st.one_of(WORDS, st.text(max_size=6)), max_size=9).map(" ".join))
)
def test_any_text_is_parsed_or_refused_with_a_reason(text: str) -> None:
    found = parse(text, trading())
    assert found.review if isinstance(found, Parsed) else found.text
    assert len(complete(text, trading())) <= 50


@given(st.lists(WORDS, min_size=3, max_size=8).map(lambda words: "buy " + " ".join(words)))
def test_what_is_parsed_as_an_order_has_sane_numbers(text: str) -> None:
    found = parse(text, trading())
    if isinstance(found, Parsed):
        assert isinstance(found.command, commands.PlaceOrder)
        request = found.command.request
        assert request.quantity > 0
        assert (request.price is None) == (request.order_type is OrderType.MARKET)
        assert request.price is None or request.price > 0
        assert request.side is Side.BUY


def test_completion_offers_verbs_then_own_things_first() -> None:
    assert complete("b", trading()) == ["buy", "book"]
    assert complete("buy ", trading()) == ["0.05", "25%", "max", "pos"]
    assert complete("buy 1 ", context(positions=(position("1", base="ETH"),))) == [
        "ETH-USDT.BIN",
        "BTC-USDT.BIN",
    ]
    assert complete("strategy stop m", trading()) == ["mm-1", "mm-2"]
    assert complete("close ", trading()) == ["BTC-USDT.BIN"]
    assert "market" in complete("buy 1 btc m", trading())


def test_completion_tells_what_an_order_id_means() -> None:
    offered = dict(hints("cancel ", trading()))
    assert offered["AF3K"] == "BUY 0.05 BTC-USDT.BIN @64,120"


def test_completion_of_an_empty_world_offers_nothing_and_does_not_fail() -> None:
    empty = context(instruments=())
    assert complete("buy 1 ", empty) == []
    assert isinstance(parse("buy 1 btc market", empty), GrammarError)


def test_parameters_are_set_as_typed() -> None:
    found = parsed("strategy SET mm-1 size=0.02 Name=Ab")
    assert isinstance(found.command, SetParameters)
    assert (found.command.strategy_id, found.command.values) == ("mm-1", {"size": "0.02", "Name": "Ab"})
    assert found.review == "SET mm-1: size 0.01 -> 0.02, Name ? -> Ab"
    assert found.increases_risk


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("strategy set mm-1", "set what? strategy set mm-1 size=0.01"),
        ("strategy set mm-1 size", "size is not KEY=VALUE"),
        ("strategy set mm-1 size = 3", "size is not KEY=VALUE"),
        ("strategy set mm-1 size=", "size= is not KEY=VALUE"),
        ("strategy set mm-1 size=1 size=2", "size is given twice"),
        ("strategy set nobody size=1", "nobody is no strategy"),
    ],
)
def test_parameters_that_mean_nothing_are_answered_with_what_to_write(text: str, said: str) -> None:
    assert said in error(text).text


def test_a_reset_is_of_those_named_or_all_that_are_known() -> None:
    named = parsed("strategy reset mm-1 size").command
    assert isinstance(named, SetParameters)
    assert named.values == {"size": None}
    everything = parsed("strategy reset mm-1").command
    assert isinstance(everything, SetParameters)
    assert everything.values == {"size": None, "half_spread_bps": None}


def test_a_reset_of_what_is_not_set_is_refused_and_not_called_done() -> None:
    said = error("strategy reset mm-1 sise")
    assert said.text == "sise is not set for mm-1: nothing to reset; set are size, half_spread_bps"


def test_completion_knows_names_keys_and_values() -> None:
    assert "set" in complete("strategy ", trading())
    assert complete("strategy set mm", trading()) == ["mm-1", "mm-2"]
    assert complete("strategy set mm-1 ", trading()) == ["size=0.01", "half_spread_bps=5"]
    assert complete("strategy set mm-1 ha", trading()) == ["half_spread_bps=5"]
    assert complete("strategy set mm-1 size=9 ", trading()) == ["half_spread_bps=5"]
    assert complete("strategy reset mm-1 si", trading()) == ["size"]
