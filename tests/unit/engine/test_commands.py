"""Commands: each once, each one answer, whatever state things are in."""

from decimal import Decimal

import pytest

from tests.unit.engine.factories import (
    BTC,
    MM,
    T0,
    Core,
    D,
    balances,
    fill,
    ids_of,
    limit_buy,
    limit_sell,
    market,
    report,
)
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import CommandTaken, OrderCreated, OrderDenied
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import (
    ChannelState,
    InstrumentId,
    OrderStatus,
    OrderType,
    Severity,
    Side,
    StrategyState,
    TimeInForce,
    TradingState,
)
from veloz_tui.engine.actions import Cancel, Reply, StopEngine, StopHost, Submit, WarmUp
from veloz_tui.engine.risk_inputs import trading_state
from veloz_tui.engine.turn import Turn

ODD = InstrumentId("DOGEUSDT.BINANCE")


def test_a_command_sent_twice_acts_once_and_is_answered_twice() -> None:
    core = Core()
    command = c.PlaceOrder(command_id=core.new_id(), by="me", request=limit_buy("1 @ 100"))
    first = core.command(command)
    second = core.command(command)
    assert first == second
    assert len(ids_of(core.actions, Submit)) == 1


def test_a_refused_command_sent_twice_is_refused_once() -> None:
    core = Core()
    command = c.PlaceOrder(command_id=core.new_id(), request=limit_buy("1000 @ 100"))
    assert core.command(command) == core.command(command)
    assert sum(isinstance(record.event, OrderDenied) for record in core.records) == 1


def test_who_did_what_is_on_record() -> None:
    core = Core()
    core.command(c.Reduce(command_id=core.new_id(), by="pid 812 pts/3"))
    (taken,) = core.said(CommandTaken)
    assert (taken.by, taken.text) == ("pid 812 pts/3", "Reduce")


def test_a_dry_order_says_the_verdict_and_does_nothing() -> None:
    core = Core()
    command = c.PlaceOrder(command_id=core.new_id(), request=limit_buy("1 @ 100"), is_dry=True)
    ack = core.command(command)
    assert ack.verdict is not None
    assert (ack.is_ok, ack.verdict.notional) == (True, D(100))
    assert not core.events
    assert [type(act) for act in core.acts] == [Reply]
    wet = core.command(c.PlaceOrder(command_id=command.command_id, request=limit_buy("1 @ 100")))
    assert wet.client_order_ids


@pytest.mark.parametrize(
    "command",
    [
        lambda core: c.PlaceOrder(command_id=core.new_id(), request=limit_buy("1 @ 1", instrument_id=ODD)),
        lambda core: c.ClosePosition(command_id=core.new_id(), instrument_id=ODD),
    ],
)
def test_an_unknown_instrument_is_said(command: object) -> None:
    core = Core()
    ack = core.command(command(core))  # type: ignore[operator]
    assert (ack.is_ok, ack.code) == (False, "UNKNOWN_INSTRUMENT")


@pytest.mark.parametrize("odd", ["NaN", "sNaN", "Infinity", "-Infinity", "-1", "0", "1E+40", "1E-40"])
@pytest.mark.parametrize("field", ["quantity", "price", "stop_price"])
def test_no_number_from_a_console_breaks_the_core(field: str, odd: str) -> None:
    core = Core()
    stop = {"order_type": OrderType.STOP_LIMIT, "stop_price": D(101)}
    request = limit_buy("1 @ 100", **{**stop, field: D(odd)})
    for is_dry in (True, False):
        assert not core.command(c.PlaceOrder(command_id=core.new_id(), request=request, is_dry=is_dry)).is_ok
    core.tick()
    core.working(limit_buy("1 @ 100"))


@pytest.mark.parametrize("fraction", ["NaN", "sNaN", "Infinity", "-1", "0"])
def test_no_fraction_breaks_the_core_or_turns_a_close_around(fraction: str) -> None:
    core = Core()
    core.holding("1 @ 100")
    ack = core.command(
        c.ClosePosition(command_id=core.new_id(), instrument_id=BTC.id, fraction=Decimal(fraction))
    )
    assert ack.code == "INVALID_FRACTION"
    assert not core.told(Submit)


# --- Close and flatten ------------------------------------------------------------------------------------


def closing(core: Core, **fields: object) -> OrderRequest:
    command = c.ClosePosition(command_id=core.new_id(), instrument_id=BTC.id, **fields)  # type: ignore[arg-type]
    ack = core.command(command)
    assert ack.is_ok, ack.text
    return core.told(Submit)[0].request


def test_a_close_is_a_reduce_only_ioc_at_the_touch_less_slippage() -> None:
    core = Core()
    core.holding("2 @ 100")
    request = closing(core)
    assert (request.side, request.quantity, request.price) == (Side.SELL, D(2), D("99.89"))
    assert (request.reduce_only, request.time_in_force) == (True, TimeInForce.IOC)


def test_a_short_is_closed_by_buying() -> None:
    core = Core()
    core.holding("2 @ 100", side=Side.SELL)
    request = closing(core)
    assert (request.side, request.price) == (Side.BUY, D("100.12"))


def test_a_part_is_rounded_down_to_the_lot() -> None:
    core = Core()
    core.holding("0.005 @ 5000", venue_order_id="900")
    assert closing(core, fraction=D("0.5"), price=D(5000)).quantity == D("0.002")


def test_more_than_all_is_all() -> None:
    core = Core()
    core.holding("2 @ 100")
    assert closing(core, fraction=D(3)).quantity == D(2)


def test_nothing_is_closed_without_a_position_or_a_price() -> None:
    core = Core()
    command = c.ClosePosition(command_id=core.new_id(), instrument_id=BTC.id)
    assert core.command(command).code == "NOTHING_TO_CLOSE"
    core.holding("2 @ 100")
    core.send(r.BookStale(BTC.id, "gap"))
    ack = core.command(c.ClosePosition(command_id=core.new_id(), instrument_id=BTC.id))
    assert (ack.is_ok, "fresh book" in ack.text) == (False, True)


def test_a_second_close_does_not_cross_zero() -> None:
    core = Core()
    core.holding("2 @ 100")
    closing(core)
    ack = core.command(c.ClosePosition(command_id=core.new_id(), instrument_id=BTC.id))
    assert ack.code == "NOTHING_TO_CLOSE"


def test_what_a_fee_took_from_the_wallet_is_not_sold() -> None:
    core = Core()
    core.holding("2 @ 100")
    core.send(balances(base="1.998"))
    assert closing(core).quantity == D("1.998")


def test_what_an_order_of_ours_locks_can_still_be_asked_for() -> None:
    core = Core()
    core.holding("2 @ 100")
    core.send(balances(base="0", locked="1.998"))
    assert closing(core).quantity == D("1.998")


def test_flatten_cancels_first_and_then_sells_at_the_market() -> None:
    core = Core()
    core.holding("2 @ 100")
    resting = core.working(limit_buy("1 @ 90"), venue_order_id="3")
    ack = core.command(c.Flatten(command_id=core.new_id()))
    kinds = [type(act) for act in core.acts if isinstance(act, Cancel | Submit)]
    assert kinds == [Cancel, Submit]
    assert ids_of(core.acts, Cancel) == [resting.client_order_id]
    request = core.told(Submit)[0].request
    assert (request.order_type, request.side, request.quantity) == (OrderType.MARKET, Side.SELL, D(2))
    assert request.reduce_only
    assert len(ack.client_order_ids) == 1


def test_flatten_of_nothing_cancels_all_the_same() -> None:
    core = Core()
    core.working(limit_buy("1 @ 90"))
    assert core.command(c.Flatten(command_id=core.new_id())).is_ok
    assert core.told(Cancel)
    assert not core.told(Submit)


# --- Matrices: what may leave in which state --------------------------------------------------------------

GROW, SHRINK = limit_buy("1 @ 100"), limit_sell("1 @ 100", reduce_only=True)


def in_state(name: str) -> Core:
    core = Core()
    core.holding("5 @ 100")
    match name:
        case "paused":
            core.command(c.Pause(command_id=core.new_id()))
        case "reduce":
            core.command(c.Reduce(command_id=core.new_id()))
        case "halted":
            core.kill()
        case "journal slow":
            core.send(r.JournalReported(r.JournalState.SLOW, "300 ms"))
        case "journal failed":
            core.send(r.JournalReported(r.JournalState.FAILED, "disk full"))
        case "no guardian":
            core.send(r.GuardianReported(is_alive=False))
        case "stopping":
            core.command(c.Shutdown(command_id=core.new_id()))
        case "venue down":
            core.channel(ChannelState.DOWN)
        case "breaker open":
            for price in range(90, 95):
                core.doubted(limit_buy(f"1 @ {price}"))
    return core


@pytest.mark.parametrize(
    ("state", "grows", "shrinks"),
    [
        ("ready", True, True),
        ("paused", True, True),  # a pause holds strategies, not the operator
        ("reduce", False, True),
        ("breaker open", False, True),
        ("halted", False, False),
        ("journal slow", False, False),
        ("journal failed", False, False),
        ("no guardian", False, False),
        ("stopping", False, False),
        ("venue down", False, False),
    ],
)
def test_what_may_leave(state: str, *, grows: bool, shrinks: bool) -> None:
    for request, may_leave in ((GROW, grows), (SHRINK, shrinks)):
        core = in_state(state)
        ack = core.command(c.PlaceOrder(command_id=core.new_id(), request=request))
        assert ack.is_ok is may_leave, ack.text
        assert bool(core.told(Submit)) is may_leave


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("ready", TradingState.READY),
        ("paused", TradingState.READY),
        ("reduce", TradingState.REDUCE_ONLY),
        ("halted", TradingState.HALTED),
        ("journal slow", TradingState.CANCEL_ONLY),
        ("journal failed", TradingState.CANCEL_ONLY),
        ("no guardian", TradingState.CANCEL_ONLY),
        ("stopping", TradingState.CANCEL_ONLY),
    ],
)
def test_the_state_says_what_may_leave(state: str, shown: TradingState) -> None:
    engine = in_state(state).engine
    turn = Turn(state=engine.state, live=engine.live, settings=engine.settings, now=T0)
    assert trading_state(turn) is shown


def test_reduce_is_undone_by_resume() -> None:
    core = in_state("reduce")
    core.command(c.Resume(command_id=core.new_id()))
    core.place(GROW)


def test_the_journal_back_lets_orders_out_again() -> None:
    core = in_state("journal failed")
    core.send(r.JournalReported(r.JournalState.OK))
    core.place(GROW)


def test_a_breaker_opens_lets_one_probe_out_and_closes_on_its_answer() -> None:
    core = in_state("breaker open")
    core.later(s=30)
    probe = core.place(limit_buy("0.1 @ 100"))
    assert core.refused(limit_buy("0.1 @ 99")) == "BREAKER_OPEN"
    core.send(r.SubmitWritten(probe.client_order_id))
    core.send(r.SubmitAccepted(probe.client_order_id, report(probe)))
    core.place(limit_buy("0.1 @ 98"))


def test_ordinary_rejections_do_not_open_the_breaker() -> None:
    core = Core()
    for price in range(80, 95):
        order = core.sent(limit_buy(f"1 @ {price}"))
        core.send(r.SubmitRejected(order.client_order_id, -2010, "no"))
    core.place(GROW)


def test_rejections_by_an_overloaded_venue_do() -> None:
    core = Core()
    for price in range(80, 85):
        order = core.sent(limit_buy(f"1 @ {price}"))
        core.send(r.SubmitRejected(order.client_order_id, -1008, "overloaded", counts_as_failure=True))
    assert core.refused(GROW) == "BREAKER_OPEN"


# --- The rest ---------------------------------------------------------------------------------------------


def test_prepare_warms_up_and_leaves_no_trace() -> None:
    core = Core()
    core.command(c.KillPrepare(command_id=core.new_id()))
    assert core.told(WarmUp)
    assert not core.events


def test_shutdown_stops_strategies_and_leaves_by_request_only_what_was_asked() -> None:
    core = Core()
    core.run_strategy()
    kept = core.working(limit_buy("1 @ 100"))
    core.command(c.Shutdown(command_id=core.new_id()))
    assert core.told(StopHost)
    assert core.told(StopEngine)
    assert not core.told(Cancel)
    assert core.state.strategies[MM].state is StrategyState.STOPPED
    other = Core()
    other.working(limit_buy("1 @ 100"))
    other.command(c.Shutdown(command_id=other.new_id(), cancels_orders=True))
    assert other.told(Cancel)
    assert kept.is_open


def test_alerts_are_acknowledged_one_by_one_or_all() -> None:
    core = Core()
    core.doubted(limit_buy("1 @ 100"))
    order = core.doubted(limit_buy("1 @ 99"))
    key = f"doubt:{order.client_order_id}"
    assert not core.command(c.AcknowledgeAlert(command_id=core.new_id(), key="nothing")).is_ok
    core.command(c.AcknowledgeAlert(command_id=core.new_id(), key=key))
    assert [k for k, alert in core.state.alerts.items() if alert.is_acknowledged] == [key]
    core.command(c.AcknowledgeAlert(command_id=core.new_id(), key="*"))
    assert all(alert.is_acknowledged for alert in core.state.alerts.values())


def test_a_mute_silences_anything_but_crit() -> None:
    core = Core()
    for key in ("doubt:x", "guardian"):
        core.command(c.MuteAlert(command_id=core.new_id(), key=key))
    core.send(r.GuardianReported(is_alive=False))
    assert core.alerts("GUARDIAN_GONE")
    core.command(c.MuteAlert(command_id=core.new_id(), key="journal"))
    core.send(r.JournalReported(r.JournalState.SLOW, "300 ms"))
    assert not core.alerts("JOURNAL_SLOW")
    core.send(r.JournalReported(r.JournalState.FAILED, "disk full"))
    assert core.alerts("JOURNAL_FAILED")
    assert core.state.alerts["journal"].severity is Severity.CRIT


def test_every_command_has_a_handler_and_one_answer() -> None:
    plain: dict[type[c.Command], dict[str, object]] = {
        c.PlaceOrder: {"request": market(Side.BUY, "1")},
        c.AmendOrder: {"client_order_id": "none"},
        c.ClosePosition: {"instrument_id": BTC.id},
        c.StartStrategy: {"strategy_id": MM},
        c.StopStrategy: {"strategy_id": MM},
        c.PauseStrategy: {"strategy_id": MM},
        c.SetParameters: {"strategy_id": MM, "values": {}},
        c.Kill: {"kill_id": "k"},
        c.Rearm: {"level": "full", "confirmation": "demo"},
        c.AcknowledgeAlert: {"key": "*"},
        c.MuteAlert: {"key": "x"},
        c.WatchInstruments: {"instrument_ids": (BTC.id,)},
    }
    for kind in c.AnyCommand.__args__:
        core = Core()
        ack = core.command(kind(command_id=core.new_id(), **plain.get(kind, {})))
        assert ack.text or ack.is_ok


def test_the_counter_of_a_run_names_each_order_once() -> None:
    core = Core()
    for number in range(50):
        core.command(
            c.PlaceOrder(command_id=core.new_id(), request=limit_buy(f"{1 if number % 3 else 500} @ 50"))
        )
        core.later(s=2)
    named = [
        record.event.client_order_id
        for record in core.records
        if isinstance(record.event, OrderCreated | OrderDenied)
    ]
    assert len(named) == len(set(named)) == 50


def test_a_fill_by_the_operator_stays_the_operators() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "FILLED", fill=fill(order, 5, "1 @ 100")))
    assert order.status is OrderStatus.FILLED
    assert core.state.strategy_positions[order.strategy_id][BTC.id].quantity == 1
