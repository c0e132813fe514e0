"""The fold: every event applies, and a snapshot in the middle changes nothing."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.engine.factories import (
    BTC,
    MM,
    SETTINGS,
    T0,
    VENUE,
    Core,
    D,
    fill,
    foreign,
    limit_buy,
    limit_sell,
    report,
)
from veloz_tui.domain import commands as c
from veloz_tui.domain import events as e
from veloz_tui.domain import intents as i
from veloz_tui.domain import reports as r
from veloz_tui.domain.errors import InvariantBroken
from veloz_tui.domain.order import Order
from veloz_tui.domain.strategy_events import CallbackTimes, StrategyChanged, StrategyParametersSet
from veloz_tui.domain.types import (
    SECOND,
    Asset,
    BreakerState,
    ChannelState,
    ClientOrderId,
    Mode,
    Nanos,
    OrderStatus,
    RearmLevel,
    Severity,
    StrategyState,
    TradeId,
    VenueOrderId,
)
from veloz_tui.engine.core import Engine
from veloz_tui.engine.fold import apply
from veloz_tui.engine.state import KEEP_ENDED, MAX_ALERTS, State, decode_state, encode_state

ID, OTHER = ClientOrderId("vz001BPMN0000019"), ClientOrderId("x-BTCUSDT.BINANCE-7")
BORN = e.OrderCreated(T0, ID, limit_buy("1 @ 100"), 3)
SEEN = e.ExternalOrderSeen(T0, OTHER, limit_sell("1 @ 110", strategy_id="external"), VenueOrderId("7"), "web")


def filled(client_order_id: ClientOrderId = ID, trade: str = "1", quantity: str = "0.5") -> e.OrderFilled:
    return e.OrderFilled(
        at=T0,
        client_order_id=client_order_id,
        instrument_id=BTC.id,
        trade_id=TradeId(trade),
        price=D(100),
        quantity=D(quantity),
        fee=D("0.1"),
        fee_asset=Asset("USDT"),
        is_maker=True,
        fee_value=D("0.1"),
    )


# An example of each kind, in an order in which they make sense.
EVERY_KIND: tuple[e.AnyEvent, ...] = (
    e.RunStarted(T0, 9, "00", Mode.DEMO, "1", "sim-1"),
    e.InstrumentDefined(T0, BTC),
    e.LimitsSet(T0, {"default.max_order_size": "5"}),
    e.VenueStateChanged(T0, VENUE, ChannelState.READY),
    e.BreakerChanged(T0, VENUE, BreakerState.OPEN),
    e.AccountIdentified(T0, VENUE, "7"),
    StrategyChanged(T0, MM, StrategyState.STARTING, 1),
    StrategyParametersSet(T0, MM, "me", {"size": '"1"'}, {"size": '"2"'}, {"size": '"1"'}),
    BORN,
    e.OrderSubmitted(T0, ID),
    e.OrderInDoubt(T0, ID, "timeout"),
    e.AmendRequested(T0, ID, D(2), D(99), None, "test"),
    e.AmendDropped(T0, ID, "canceled by test"),
    e.CancelRequested(T0, ID, "me"),
    e.CancelRejected(T0, ID, -2011, "Unknown order sent."),
    e.OrderAccepted(T0, ID, VenueOrderId("5")),
    e.OrderProgressed(T0, ID, D("0.7")),
    filled(),
    e.OrderCanceled(T0, ID, "user"),
    SEEN,
    e.OrderExpired(T0, OTHER),
    e.OrderCreated(T0, ClientOrderId("b"), limit_buy("1 @ 100")),
    e.OrderNotSent(T0, ClientOrderId("b"), "slow"),
    e.OrderCreated(T0, ClientOrderId("c"), limit_buy("1 @ 100")),
    e.OrderRejected(T0, ClientOrderId("c"), -2010, "no"),
    e.OrderCreated(T0, ClientOrderId("d"), limit_buy("1 @ 100")),
    e.OrderNeverArrived(T0, ClientOrderId("d")),
    e.OrderDenied(T0, ClientOrderId("f"), limit_buy("9 @ 100"), "POS_MAX", "too much"),
    e.AnomalyNoted(T0, ID, "odd"),
    e.BalanceChanged(T0, VENUE, Asset("BTC"), D(1), D(2)),
    e.TradesFetched(T0, BTC.id, TradeId("5")),
    e.DayOpened(T0, D(5), {BTC.id: D(1)}, {BTC.id: D(2)}),
    e.MinuteNoted(T0, D(1000), {BTC.id: D(100)}, {MM: CallbackTimes(10.0, 90.0)}),
    e.Halted(T0, "k1", "kill", "me"),
    e.KillStamped(T0, "k1", "gate_closed", 3.0),
    e.Rearmed(T0, RearmLevel.EXITS, "me"),
    e.ReduceOnlySet(T0, True, "me"),
    e.PausedSet(T0, True, "me"),
    e.AlertRaised(T0, "key", Severity.WARN, "text", "CODE"),
    e.AlertAcknowledged(T0, "key", "me"),
    e.ControlTaken(T0, "me"),
    e.CommandTaken(T0, "me", "Pause"),
    e.RunStopped(T0, "bye"),
)


def fold(events: tuple[e.AnyEvent, ...], state: State | None = None) -> State:
    state = state or State()
    for seq, event in enumerate(events, start=state.seq + 1):
        apply(state, e.Recorded(seq, event))
    return state


def test_there_is_an_example_of_every_kind() -> None:
    assert {type(event) for event in EVERY_KIND} == set(e.AnyEvent.__args__)


@pytest.mark.parametrize("cut", range(len(EVERY_KIND) + 1))
def test_a_snapshot_anywhere_equals_the_fold_of_all(cut: int) -> None:
    middle = decode_state(encode_state(fold(EVERY_KIND[:cut])))
    assert fold(EVERY_KIND[cut:], middle) == fold(EVERY_KIND)


def test_what_every_kind_did() -> None:
    s = fold(EVERY_KIND)
    order = s.orders[ID]
    assert (s.seq, s.epoch, s.account_tag, s.mode, s.sim_id) == (len(EVERY_KIND), 9, "00", Mode.DEMO, "sim-1")
    assert not s.is_running
    assert (s.instruments, s.limits) == ({BTC.id: BTC}, {"default.max_order_size": "5"})
    assert (s.venues[VENUE], s.breakers[VENUE]) == (ChannelState.READY, BreakerState.OPEN)
    assert s.account_uids == {VENUE: "7"}
    assert s.counter == 5
    assert (order.status, order.ref, order.venue_order_id) == (OrderStatus.CANCELED, 3, "5")
    assert (order.filled, order.progressed, order.trade_ids) == (D("0.5"), D("0.7"), {"1"})
    assert (order.submitted_at, order.in_doubt_since, order.cancel_requested_at) == (T0, None, None)
    assert s.by_venue_id == {"BTCUSDT.BINANCE:5": ID, "BTCUSDT.BINANCE:7": OTHER}
    assert [o.status for o in s.orders.values()] == [
        OrderStatus.CANCELED,
        OrderStatus.EXPIRED,
        OrderStatus.NOT_SENT,
        OrderStatus.REJECTED,
        OrderStatus.NEVER_ARRIVED,
        OrderStatus.DENIED,
    ]
    assert s.orders[ClientOrderId("c")].reason == "no [-2010]"
    assert not s.open_orders
    assert list(s.held) == ["d"]
    assert s.position(BTC.id).quantity == D("0.5")
    assert s.anomalies == 1
    assert s.balances[VENUE][Asset("BTC")].total == 3
    assert s.last_trade == {BTC.id: "5"}
    assert (s.day_equity, s.day_realized, s.day_fees) == (D(5), {BTC.id: D(1)}, {BTC.id: D(2)})
    assert s.kill is not None
    assert s.kill.stamps == {"gate_closed": 3.0}
    assert (s.is_halted, s.rearm_level, s.is_reduce_only, s.is_paused) == (
        False,
        RearmLevel.EXITS,
        True,
        True,
    )
    assert s.strategies[MM].state is StrategyState.STARTING
    assert s.alerts["key"].is_acknowledged


@pytest.mark.parametrize("seq", [0, 2, 5])
def test_a_gap_or_a_repeat_is_never_folded(seq: int) -> None:
    state = fold(EVERY_KIND[:1])
    with pytest.raises(InvariantBroken, match="gap"):
        apply(state, e.Recorded(seq if seq != 2 else 1, EVERY_KIND[1]))


def test_a_fill_is_never_folded_twice() -> None:
    state = fold((BORN, filled()))
    with pytest.raises(InvariantBroken, match="twice"):
        fold((filled(),), state)


def test_a_stamp_of_another_kill_is_not_this_ones() -> None:
    state = fold((e.Halted(T0, "k1", "", ""), e.KillStamped(T0, "old", "certified_zero", 1.0)))
    assert state.kill is not None
    assert not state.kill.stamps


def test_a_stamp_stands() -> None:
    stamps = (e.KillStamped(T0, "k1", "gate_closed", 1.0), e.KillStamped(T0, "k1", "gate_closed", 9.0))
    state = fold((e.Halted(T0, "k1", "", ""), *stamps))
    assert state.kill is not None
    assert state.kill.stamps == {"gate_closed": 1.0}


def test_ended_orders_leave_memory_after_two_days_and_open_ones_never() -> None:
    ended, resting = ClientOrderId("ended"), ClientOrderId("resting")
    state = fold(
        (
            e.OrderCreated(T0, ended, limit_buy("1 @ 100")),
            e.OrderAccepted(T0, ended, VenueOrderId("1")),
            e.OrderCanceled(T0, ended),
            e.OrderCreated(T0, resting, limit_buy("1 @ 100")),
        )
    )
    fold((e.OrderCreated(Nanos(T0 + KEEP_ENDED - 1), ClientOrderId("a"), limit_buy("1 @ 100")),), state)
    assert ended in state.orders
    fold((e.OrderCreated(Nanos(T0 + KEEP_ENDED), ClientOrderId("b"), limit_buy("1 @ 100")),), state)
    assert ended not in state.orders
    assert not state.ended
    assert not state.by_venue_id
    assert resting in state.orders


def test_a_reopened_order_is_not_forgotten() -> None:
    state = fold(
        (
            BORN,
            e.OrderNeverArrived(T0, ID),
            e.OrderAccepted(T0, ID, VenueOrderId("5")),
            e.OrderCreated(Nanos(T0 + 2 * KEEP_ENDED), ClientOrderId("b"), limit_buy("1 @ 100")),
        )
    )
    assert state.orders[ID].is_open


def test_an_adopted_guess_is_not_forgotten_while_it_is_open() -> None:
    state = fold(
        (
            SEEN,
            filled(OTHER, quantity="1"),
            e.ExternalOrderSeen(
                T0, OTHER, limit_sell("3 @ 110", strategy_id="external"), VenueOrderId("7"), "web"
            ),
            e.OrderCreated(Nanos(T0 + 2 * KEEP_ENDED), ClientOrderId("b"), limit_buy("1 @ 100")),
        )
    )
    assert (state.orders[OTHER].leaves, state.position(BTC.id).quantity) == (D(2), D(-1))


def test_denials_alone_do_not_fill_the_memory() -> None:
    events = [
        e.OrderDenied(
            Nanos(T0 + n * KEEP_ENDED // 10), ClientOrderId(f"d{n}"), limit_buy("9 @ 100"), "X", "x"
        )
        for n in range(60)
    ]
    assert len(fold(tuple(events)).orders) <= 11


def test_alerts_are_bounded_and_repeats_count() -> None:
    alerts = [e.AlertRaised(T0, f"key{n % 600}", Severity.WARN, "text") for n in range(1_300)]
    state = fold(tuple(alerts))
    assert len(state.alerts) == MAX_ALERTS
    assert next(reversed(state.alerts)) == "key99"
    again = fold((e.AlertRaised(Nanos(T0 + SECOND), "key99", Severity.CRIT, "new", "C"),), state)
    assert (again.alerts["key99"].count, again.alerts["key99"].severity) == (2, Severity.CRIT)


def test_an_acknowledged_alert_raised_again_needs_a_new_one() -> None:
    state = fold(
        (
            e.AlertRaised(T0, "k", Severity.CRIT, "text"),
            e.AlertAcknowledged(T0, "k", "me"),
            e.AlertRaised(T0, "k", Severity.CRIT, "text"),
        )
    )
    assert not state.alerts["k"].is_acknowledged


def test_the_next_run_counts_its_orders_anew() -> None:
    state = fold(
        (e.RunStarted(T0, 9, "00", Mode.DEMO, "1"), BORN, e.RunStarted(T0, 10, "00", Mode.DEMO, "1"))
    )
    assert (state.epoch, state.counter) == (10, 0)


def test_a_run_never_begins_with_the_ids_of_an_earlier_one() -> None:
    state = fold((e.RunStarted(T0, 9, "00", Mode.DEMO, "1"),))
    with pytest.raises(InvariantBroken):
        Engine(SETTINGS, state).start(T0, account_tag="00", epoch=9)
    assert Engine(SETTINGS, state).start(T0, account_tag="00", epoch=11).events
    assert state.epoch == 11


# --- Whole histories --------------------------------------------------------------------------------------


class History:
    """A core under random, realistic messages: reports out of order, repeated, late and contradictory."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.core = Core()
        self.core.run_strategy()
        self.trades = 0
        self.fills: list[r.Fill] = []
        self.often = (self.place, self.quote, self.outcome, self.tell, self.trade)
        self.seldom = (
            self.trade_list,
            self.absent,
            self.cancel,
            self.timer,
            self.gap,
            self.stranger,
            self.rare,
        )

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.core.later(ms=self.random.choice((1, 50, 700, 5_000)))
            self.random.choice(self.often + self.often + self.seldom)()

    def any_order(self) -> Order | None:
        known = [o for o in self.core.state.orders.values() if o.status is not OrderStatus.DENIED]
        return self.random.choice(known) if known else None

    def place(self) -> None:
        request = self.random.choice((limit_buy, limit_sell))(f"{self.random.randint(1, 9)} @ 100")
        self.core.send(c.PlaceOrder(command_id=self.core.new_id(), request=request))

    def quote(self) -> None:
        mid = D(self.random.randint(98, 102))
        self.core.wants(i.QuoteIntent(BTC.id, mid - 1, mid + 1, D(1), tolerance=D(0)))

    def outcome(self) -> None:
        order = self.any_order()
        if order is None or order.is_external:
            return
        name = order.client_order_id
        self.core.send(
            self.random.choice(
                (
                    r.SubmitWritten(name),
                    r.SubmitAccepted(name, self.report(order)),
                    r.SubmitUnknown(name, "timeout"),
                    r.SubmitRejected(name, -2010, "no"),
                    r.SubmitNotSent(name, "gate"),
                    r.CancelFailed(name, -2011, "unknown"),
                    r.CancelSucceeded(name, self.report(order, "CANCELED")),
                    r.CancelUnknown(name, "timeout"),
                )
            )
        )

    def report(self, order: Order, status: str | None = None, fill: r.Fill | None = None) -> r.OrderReport:
        number = order.venue_order_id or str(1_000 + order.created_seq)
        status = status or self.random.choice(("OPEN", "OPEN", "OPEN", "CANCELED", "EXPIRED", "UNKNOWN"))
        return report(order, status, venue_order_id=number, fill=fill)

    def tell(self) -> None:
        order = self.any_order()
        if order is not None:
            self.core.send(self.report(order))

    def trade(self) -> None:
        order = self.any_order()
        if order is None or self.random.random() < 0.3:
            if self.fills:
                self.core.send(self.random.choice(self.fills))  # once more
            return
        self.trades += 1
        number = order.venue_order_id or str(1_000 + order.created_seq)
        trade = fill(order, self.trades, "0.5 @ 100", venue_order_id=number, fee="0.01")
        self.fills.append(trade)
        self.core.send(self.report(order, "OPEN", fill=trade))

    def trade_list(self) -> None:
        """What myTrades says: no client ids, some of it news."""
        order = self.any_order()
        if order is not None:
            self.trades += 1
            number = order.venue_order_id or str(1_000 + order.created_seq)
            self.fills.append(
                fill(order, self.trades, "0.5 @ 100", venue_order_id=number, client_order_id="")
            )
        some = tuple(sorted(self.fills[-20:], key=lambda one: int(one.trade_id)))
        self.core.send(r.FillsListed(VENUE, BTC.id, some, self.random.choice((None, TradeId("0")))))

    def absent(self) -> None:
        order = self.any_order()
        if order is not None:
            self.core.answer(order, None, self.random.choice(list(r.Endpoint)))

    def cancel(self) -> None:
        order = self.any_order()
        if order is not None:
            self.core.cancel(order)

    def timer(self) -> None:
        names = [act.timer for act in self.core.actions[-40:] if hasattr(act, "timer")]
        self.core.timer(self.random.choice(["tick", "kill", *names]))

    def gap(self) -> None:
        self.core.reconnect(fills=tuple(self.fills[-20:]))

    def stranger(self) -> None:
        number = str(self.random.randint(50, 60))
        self.core.send(
            foreign("3 @ 90", venue_order_id=number, status=self.random.choice(("OPEN", "CANCELED")))
        )

    def rare(self) -> None:
        core = self.core
        match self.random.randint(0, 9):
            case 0:
                core.kill(f"k{core.now}")
                core.later(s=14)
                core.listed()
            case 1:
                core.rearm()
            case 2:
                core.send(c.StartStrategy(command_id=core.new_id(), strategy_id=MM))
                run = core.state.strategies[MM].run
                core.send(i.StrategyHostChanged(MM, run, is_running=True))
            case 3:
                core.send(
                    i.StrategyHostChanged(MM, core.state.strategies[MM].run, is_running=False, error="x")
                )
            case 4:
                core.send(c.Pause(command_id=core.new_id()))
            case 5:
                core.send(c.Resume(command_id=core.new_id()))
            case 6:
                core.send(c.Flatten(command_id=core.new_id()))
            case 7:
                core.later(s=1_900)
            case 8:
                core.later(s=3_600)
                core.tick()
            case 9:
                core.send(r.JournalReported(self.random.choice(list(r.JournalState))))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 100))
def test_any_history_replays_to_the_same_state_from_any_snapshot(seed: int, percent: int) -> None:
    history = History(seed)
    history.run(120)
    core = history.core
    assert core.folded() == core.state
    cut = len(core.records) * percent // 100
    state = State()
    for number, record in enumerate(core.records):
        if number == cut:
            state = decode_state(encode_state(state))
        apply(state, record)
    assert state == core.state


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_in_any_history_the_position_is_the_sum_of_the_unique_trades(seed: int) -> None:
    history = History(seed)
    history.run(150)
    core = history.core
    history.core.send(r.FillsListed(VENUE, BTC.id, tuple(history.fills), TradeId("0")))
    told = {one.trade_id: one for one in history.fills}
    signed = sum((one.quantity * one.side.sign for one in told.values()), D(0))
    assert core.position == signed
    by_strategy = core.state.strategy_positions.values()
    assert sum((p[BTC.id].quantity for p in by_strategy if BTC.id in p), D(0)) == signed
    assert core.state.position(BTC.id).fees == sum((one.fee for one in told.values()), D(0))
    booked = [one for order in core.state.orders.values() for one in order.trade_ids]
    assert len(booked) == len(set(booked))
