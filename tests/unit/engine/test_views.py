"""Views: the state's numbers, whole and unrounded; ids a person can say."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.factories import BTC, MM, VENUE, Core, D, fill, foreign, limit_buy, limit_sell, report
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.intents import StrategyReported
from veloz_tui.domain.types import ChannelState, Nanos, OrderStatus, OrderType, Severity, Side, TradingState
from veloz_tui.domain.views import TradeView, View
from veloz_tui.engine.account_views import _short_ids
from veloz_tui.engine.entries import entry_of
from veloz_tui.engine.live import MAX_TAPE
from veloz_tui.engine.market_views import TAPE_EVERY_NS, TAPE_SHOWN
from veloz_tui.engine.turn import Turn
from veloz_tui.engine.views import Surroundings, build_view


def seen(core: Core, *, depth: int = 10) -> View:
    engine = core.engine
    turn = Turn(state=engine.state, live=engine.live, settings=engine.settings, now=core.now)
    before = (engine.state.seq, len(turn.events), len(turn.actions))
    view = build_view(turn, Surroundings(pid=7), watched=[BTC.id], depth=depth)
    assert (engine.state.seq, len(turn.events), len(turn.actions)) == before  # looking changes nothing
    return view


def busy() -> Core:
    core = Core()
    core.run_strategy()
    core.holding("2 @ 100")
    part = core.working(limit_buy("1 @ 99.99"), venue_order_id="11")
    core.send(report(part, fill=fill(part, 60, "0.25 @ 99.99", venue_order_id="11"), venue_order_id="11"))
    core.working(
        limit_sell("2 @ 94", order_type=OrderType.STOP_LIMIT, stop_price=D(95), reduce_only=True),
        venue_order_id="12",
    )
    core.doubted(limit_buy("1 @ 98"))
    core.send(foreign("3 @ 97"))
    return core


def test_orders_show_what_the_state_holds() -> None:
    core = busy()
    view = seen(core)
    state = core.state
    assert {o.client_order_id for o in view.orders if o.status is not OrderStatus.FILLED} == set(
        state.open_orders
    )
    for shown in view.orders:
        order = state.orders[shown.client_order_id]
        assert (shown.quantity, shown.filled, shown.status) == (order.quantity, order.filled, order.status)
        assert shown.leaves == (order.leaves if order.is_open else 0)
        assert shown.in_doubt_since == order.in_doubt_since
        assert shown.is_external is order.is_external
    assert view.status.orders_open == len(state.open_orders)
    assert view.status.orders_in_doubt == 1
    assert view.log_seq == state.seq


def test_the_ladder_holds_our_resting_leaves_at_their_price() -> None:
    core = busy()
    (book,) = seen(core).books
    (top,) = [level for level in book.bids if level.price == D("99.99")]
    assert (top.mine, top.mine_count, top.size) == (D("0.75"), 1, D(50))
    assert all(level.mine == 0 for level in book.asks)  # a stop isn't in the book
    assert book.stale_reason == ""


def test_positions_and_account_are_the_states() -> None:
    core = busy()
    view = seen(core)
    (position,) = view.positions
    held = core.state.position(BTC.id)
    assert (position.quantity, position.entry) == (held.quantity, held.entry)
    assert position.unrealized == held.unrealized(D(100))
    assert position.break_even == held.break_even(D("0.001"))
    assert position.has_stop
    assert view.account.equity == D(100) * 100 + 1_000_000
    assert [asset.total for asset in view.account.assets] == [D(100), D(1_000_000)]


def test_what_a_kill_would_do_is_counted() -> None:
    core = busy()
    kill = seen(core).kill
    assert (kill.would_cancel, kill.would_cancel_stops, kill.would_stop) == (4, 1, 1)
    assert "2.25 BTC" in kill.unprotected
    assert kill.open_positions == "OPEN POSITION 2.25 BTC"
    assert not kill.is_halted


def test_a_kills_stamps_and_what_is_unverified_are_shown() -> None:
    core = busy()
    core.kill()
    core.later(ms=100)
    view = seen(core)
    assert view.status.trading_state is TradingState.HALTED
    assert view.kill.unverified == ("BIN 4",)
    core.listed()
    assert seen(core).kill.unverified == ()
    core.certify()
    assert seen(core).kill.certified_zero_ms == core.stamps["certified_zero"]


def test_unknown_is_unknown_and_not_zero() -> None:
    core = Core(ready=False)
    view = seen(core)
    assert (view.account.equity, view.account.free, view.account.day_pnl) == (None, None, None)
    assert view.instruments == ()
    assert view.venues[0].state is ChannelState.DOWN
    core.send(r.InstrumentsReported(VENUE, (BTC,)))
    (instrument,) = seen(core).instruments
    assert (instrument.bid, instrument.last, instrument.change_fraction) == (None, None, None)
    assert instrument.stale_reason


def test_strategies_show_their_share() -> None:
    core = Core()
    core.run_strategy()
    core.holding("2 @ 100", side=Side.SELL)
    (shown,) = seen(core).strategies
    assert (shown.strategy_id, shown.position, shown.open_orders) == (MM, D(0), 0)


def test_a_strategys_p99_is_one_and_has_no_ceiling() -> None:
    core = Core()
    core.run_strategy()
    run = core.state.strategies[MM].run

    def called(*microseconds: float) -> float | None:
        for number in microseconds:
            core.send(StrategyReported(MM, run, 1, (), callback_us=number))
        (shown,) = seen(core).strategies
        return shown.callback_p99_us

    assert called(50_000.0) is None  # the first one loads what it needs: it is no p99
    assert called(*[100.0] * 99) == 100.0
    assert called(*[50_000.0] * 20) == 50_000.0


def test_ended_orders_stay_in_view_for_a_moment() -> None:
    core = Core()
    order = core.working(limit_buy("1 @ 100"))
    core.send(report(order, "CANCELED"))
    assert [o.status for o in seen(core).orders] == [OrderStatus.CANCELED]
    core.later(s=11)
    assert seen(core).orders == ()


def test_alerts_are_newest_first() -> None:
    core = busy()
    core.command(c.Reduce(command_id=core.new_id()))
    core.send(r.GuardianReported(is_alive=False))
    view = seen(core)
    assert view.alerts[0].code == "GUARDIAN_GONE"
    assert view.status.alerts_unacknowledged == sum(a.severity is not Severity.INFO for a in view.alerts)
    assert view.status.guardian.startswith("GONE")


def test_only_warnings_and_worse_wait_to_be_acknowledged() -> None:
    core = Core()
    core.send(r.GuardianReported(is_alive=False))
    core.send(r.GuardianReported(is_alive=True))  # the same key, now good news
    (alert,) = (alert for alert in seen(core).alerts if alert.code == "GUARDIAN_BACK")
    assert (alert.severity, alert.is_waiting) == (Severity.INFO, False)
    before = seen(core).status.alerts_unacknowledged
    core.send(r.GuardianReported(is_alive=False))
    assert seen(core).status.alerts_unacknowledged == before + 1
    core.command(c.AcknowledgeAlert(command_id=core.new_id(), key="*"))
    assert seen(core).status.alerts_unacknowledged == 0


def test_every_event_can_be_told() -> None:
    core = busy()
    core.kill()
    core.certify()
    core.rearm()
    entries = [entry_of(core.state, record) for record in core.records]
    told = [entry for entry in entries if entry is not None]
    assert {entry.kind for entry in told} >= {"order", "fill", "alert", "kill", "strategy", "state"}
    assert [entry.seq for entry in told] == sorted(entry.seq for entry in told)
    assert any("FILL BUY 0.25 BTC-USDT @99.99" in entry.text for entry in told)


@given(st.lists(st.text("AB", min_size=1, max_size=7), unique=True, max_size=25))
def test_short_ids_are_unique_suffixes_and_as_short_as_can_be(ids: list[str]) -> None:
    short = _short_ids(ids)
    assert set(short) == set(ids)
    for text, suffix in short.items():
        assert text.endswith(suffix)
        others = [other for other in ids if other != text and other.endswith(suffix)]
        assert not others or suffix == text  # a whole id that another one ends with is as good as it gets
        if len(suffix) > 4 and suffix != text:
            assert any(other.endswith(suffix[1:]) for other in ids if other != text)


def test_ids_of_one_run_are_short() -> None:
    core = Core()
    for number in range(30):
        core.working(limit_buy("0.1 @ 90"), venue_order_id=str(number))
    short = [order.short_id for order in seen(core).orders]
    assert len(set(short)) == 30
    assert {len(text) for text in short} == {4}


def printed(price: float, quantity: float = 0.5, side: Side = Side.BUY) -> r.TradePrinted:
    return r.TradePrinted(BTC.id, price, quantity, side, Nanos(7))


def test_the_tape_is_newest_first_exact_and_bounded() -> None:
    core = Core()
    for number in range(MAX_TAPE + 20):
        core.send(printed(100 + number / 100))
    (book,) = seen(core).books
    assert book.trades[0] == TradeView(Nanos(7), D("101.19"), D("0.5"), Side.BUY)
    assert [trade.price for trade in book.trades] == [D("101.19") - D(at) / 100 for at in range(TAPE_SHOWN)]
    assert len(core.engine.live.books[BTC.id].tape) == MAX_TAPE


def test_the_tape_is_renewed_five_times_a_second_at_most() -> None:
    core = Core()
    core.send(printed(100))
    first = seen(core).books[0].trades
    core.send(printed(101))
    assert seen(core).books[0].trades is first
    core.later(ms=TAPE_EVERY_NS / 1e6)
    assert [trade.price for trade in seen(core).books[0].trades] == [101, 100]


def test_the_days_public_turnover_begins_anew_with_the_day() -> None:
    core = Core()
    assert seen(core).instruments[0].turnover is None
    core.send(printed(100, 0.5))
    core.send(printed(101, 0.5, Side.SELL))
    assert seen(core).instruments[0].turnover == D("100.5")
    core.engine.live.book(BTC.id).open_day()
    assert seen(core).instruments[0].turnover is None
    assert seen(core).instruments[0].change_fraction == 0


def test_our_turnover_of_the_day_counts_buys_and_sells() -> None:
    core = Core()
    core.holding("2 @ 100")
    account = seen(core).account
    assert account.day_turnover == 200
    assert account.gross == 200
    assert account.gross_fraction is not None and account.equity is not None
    assert account.gross_fraction * account.equity == 200


def test_every_venue_and_asset_shows_its_part_of_equity() -> None:
    account = seen(busy()).account
    (venue,) = account.venues
    assert (venue.venue, venue.equity, venue.free) == (VENUE, account.equity, account.free)
    assert sum(asset.equity_fraction or 0 for asset in account.assets) == 1
