"""The engine without wires: money is conserved, locks match orders, order types do what they say."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.sim.support import limit_buy
from tests.unit.sim.support import settings as sim_settings
from veloz_tui.sim.accounts import Account
from veloz_tui.sim.binance_errors import VenueError
from veloz_tui.sim.orders import Order
from veloz_tui.sim.placement import parse
from veloz_tui.sim.settings import DEFAULT_INSTRUMENTS, AccountSettings, MarketSettings
from veloz_tui.sim.venue import Venue

ZERO = Decimal(0)


def account_settings(name: str, **changes: object) -> AccountSettings:
    base: dict[str, object] = {"api_key": f"key-{name}", "credential": "s", "key_type": "HMAC", "name": name}
    return AccountSettings(**(base | changes))  # type: ignore[arg-type]


def make_venue(*accounts: AccountSettings) -> Venue:
    # Only the instruments that a test trades; the market moves when it says so.
    market = MarketSettings(instruments=(DEFAULT_INSTRUMENTS[0], DEFAULT_INSTRUMENTS[3]), levels=30)
    return Venue(sim_settings(accounts=accounts, market=market))


def named(venue: Venue, name: str) -> Account:
    account = venue.exchange.account_named(name)
    assert account is not None
    return account


def place(venue: Venue, account: Account, **changes: str | None) -> Order:
    params = limit_buy("x") | changes
    del params["newClientOrderId"]
    order, _ = venue.exchange.place(
        account, parse({name: str(value) for name, value in params.items() if value is not None})
    )
    return order


MARKET: dict[str, str | None] = {"type": "MARKET", "price": None, "timeInForce": None}


def totals(venue: Venue) -> dict[str, Decimal]:
    """Over all accounts, the generated participants and the fees."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for account in venue.exchange.booking.accounts.values():
        for asset, balance in account.balances.items():
            found[asset] += balance.total
    for ledger in (venue.exchange.booking.house, venue.exchange.booking.fees):
        for asset, amount in ledger.items():
            found[asset] += amount
    return {asset: amount for asset, amount in found.items() if amount}


def check_locks(venue: Venue) -> None:
    for account in venue.exchange.booking.accounts.values():
        locked: defaultdict[str, Decimal] = defaultdict(Decimal)
        for order in venue.exchange.table.open_orders(account.uid):
            instrument = venue.exchange.listing(order.symbol).instrument
            locked[instrument.quote if order.side == "BUY" else instrument.base] += order.locked
        for asset, balance in account.balances.items():
            assert balance.free >= ZERO
            assert balance.locked == locked[asset]


_STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("place"),
            st.sampled_from(["alice", "bob"]),
            st.sampled_from(["BUY", "SELL"]),
            st.sampled_from(
                ["GTC", "IOC", "FOK", "LIMIT_MAKER", "MARKET", "QUOTE", "STOP_LOSS", "TAKE_PROFIT"]
            ),
            st.integers(-40, 40),
            st.integers(1, 400),
            st.sampled_from(["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"]),
        ),
        st.tuples(st.just("market"), st.floats(-0.002, 0.002)),
        st.tuples(st.just("cancel"), st.integers(0, 5)),
        st.tuples(st.just("amend"), st.integers(0, 5)),
    ),
    max_size=25,
)


def _place_any(venue: Venue, step: tuple[str, str, str, str, int, int, str]) -> None:
    _, name, side, kind, offset, lots, mode = step
    quantity = str(Decimal(lots) / 1000)
    price = str(Decimal(64250 + offset))
    changes: dict[str, str | None] = {
        "side": side, "quantity": quantity, "price": price, "selfTradePreventionMode": mode,
    }  # fmt: skip
    match kind:
        case "MARKET":
            changes |= MARKET
        case "QUOTE":
            changes |= MARKET | {"quantity": None, "quoteOrderQty": str(lots * 10)}
        case "LIMIT_MAKER":
            changes |= {"type": kind, "timeInForce": None}
        case "STOP_LOSS" | "TAKE_PROFIT":
            changes |= {"type": kind, "timeInForce": None, "price": None, "stopPrice": price}
        case _:
            changes |= {"timeInForce": kind}
    place(venue, named(venue, name), **changes)


def _run(venue: Venue, step: tuple[object, ...]) -> None:
    match step:
        case ("place", *_):
            _place_any(venue, step)  # type: ignore[arg-type]
        case ("market", float(move)):
            venue.driver.markets["BTCUSDT"].jump(move)
            venue.driver.markets["BNBUSDT"].jump(move)
            for symbol in venue.driver.markets:
                events = venue.driver.markets[symbol].step(0.1)
                venue.exchange.apply_market(symbol, events)
        case ("cancel" | "amend", int(index)):
            orders = venue.exchange.table.all_open()
            if not orders:
                return
            order = orders[index % len(orders)]
            if step[0] == "cancel":
                venue.exchange.cancel(order, None)
            else:
                venue.exchange.amend(order, order.quantity - Decimal("0.001"), None)


@given(_STEPS)
@settings(max_examples=40, deadline=None)
def test_no_step_creates_or_destroys_money(steps: list[tuple[object, ...]]) -> None:
    venue = make_venue(
        account_settings("alice"),
        account_settings("bob", pays_fees_in_bnb=True, balances={
            "USDT": Decimal(50_000), "BTC": Decimal(2), "BNB": Decimal("0.05"),
        }),
    )  # fmt: skip
    before = totals(venue)
    for step in steps:
        with suppress(VenueError):
            _run(venue, step)
        assert totals(venue) == before
        check_locks(venue)
    for order in venue.exchange.table.all_open():
        venue.exchange.cancel(order, None)
    assert all(not balance.locked for balance in named(venue, "alice").balances.values())
    venue.close()


def test_fees_are_paid_in_bnb_at_a_discount_while_it_lasts() -> None:
    venue = make_venue(account_settings(
        "alice", pays_fees_in_bnb=True,
        balances={"USDT": Decimal(100_000), "BTC": ZERO, "BNB": Decimal("0.05")},
    ))  # fmt: skip
    alice = named(venue, "alice")
    place(venue, alice, **MARKET, quantity="0.1")
    fills = venue.exchange.table.fills(alice.uid, "BTCUSDT")
    assert {fill.commission_asset for fill in fills} == {"BNB"}
    paid = sum((fill.commission for fill in fills), ZERO)
    expected = Decimal(6425) * Decimal("0.00075") / 585
    assert abs(paid / expected - 1) < Decimal("0.02")
    place(venue, alice, **MARKET, quantity="1")
    assert "BTC" in {fill.commission_asset for fill in venue.exchange.table.fills(alice.uid, "BTCUSDT")}


def test_a_market_order_for_money_never_spends_more() -> None:
    venue = make_venue(account_settings("alice"))
    alice = named(venue, "alice")
    order = place(venue, alice, **MARKET, quantity=None, quoteOrderQty="1000")
    assert order.status == "FILLED"
    assert Decimal(999) < order.quote_filled <= Decimal(1000)
    assert order.quantity == order.filled
    assert alice.balance("USDT").total == Decimal(100_000) - order.quote_filled


def test_a_market_sell_for_money_needs_the_base() -> None:
    venue = make_venue(account_settings("alice", balances={"BTC": Decimal("0.01")}))
    with pytest.raises(VenueError, match="insufficient balance"):
        place(venue, named(venue, "alice"), **MARKET, side="SELL", quantity=None, quoteOrderQty="1000")


def test_a_stop_locks_waits_triggers_and_fills() -> None:
    venue = make_venue(account_settings("alice"))
    alice = named(venue, "alice")
    venue.exchange.apply_market(
        "BTCUSDT", venue.driver.markets["BTCUSDT"].market_order("BUY", Decimal("0.001"))
    )
    stop = place(
        venue,
        alice,
        side="SELL",
        type="STOP_LOSS",
        timeInForce=None,
        price=None,
        stopPrice="64000",
        quantity="0.5",
    )
    assert (stop.status, stop.working_at, alice.balance("BTC").locked) == ("NEW", -1, Decimal("0.5"))
    market = venue.driver.markets["BTCUSDT"]
    market.jump(-0.01)
    for _ in range(20):
        venue.exchange.apply_market("BTCUSDT", market.step(0.05))
    assert (stop.status, stop.working_at > 0) == ("FILLED", True)
    assert alice.balance("BTC").total == Decimal("0.5")


def test_at_most_five_stops_may_wait() -> None:
    venue = make_venue(account_settings("alice"))
    alice = named(venue, "alice")
    stop = {"side": "SELL", "type": "STOP_LOSS", "timeInForce": None, "price": None, "stopPrice": "60000"}
    for _ in range(5):
        place(venue, alice, **stop)
    with pytest.raises(VenueError, match="MAX_NUM_ALGO_ORDERS"):
        place(venue, alice, **stop)


def test_self_trade_prevention_expires_in_match() -> None:
    venue = make_venue(account_settings("alice"))
    alice = named(venue, "alice")
    resting = place(venue, alice, price="64249.99", quantity="0.1")
    taker = place(venue, alice, side="SELL", price="64249.99", quantity="0.04")
    assert (resting.status, resting.prevented, resting.filled) == ("EXPIRED_IN_MATCH", Decimal("0.1"), ZERO)
    assert taker.status == "NEW"
    assert alice.balance("USDT").locked == ZERO


def test_what_is_restored_equals_what_was_kept(tmp_path: object) -> None:
    path = f"{tmp_path}/venue.db"
    market = MarketSettings(instruments=DEFAULT_INSTRUMENTS[:1], levels=30)
    kept = sim_settings(accounts=(account_settings("alice"),), market=market, db_path=path)
    venue = Venue(kept)
    alice = named(venue, "alice")
    filled = place(venue, alice, **MARKET, quantity="0.1")
    resting = place(venue, alice, price="60000", quantity="0.01")
    stop = place(
        venue,
        alice,
        side="SELL",
        type="STOP_LOSS",
        timeInForce=None,
        price=None,
        stopPrice="50000",
        quantity="0.1",
    )
    sim_id, uid = venue.exchange.store.sim_id, alice.uid
    before = {asset: (one.free, one.locked) for asset, one in alice.balances.items()}
    update_id = venue.exchange.listing("BTCUSDT").book.update_id
    venue.close()

    again = Venue(kept)
    exchange = again.exchange
    alice = named(again, "alice")
    assert (exchange.store.sim_id, alice.uid) == (sim_id, uid)
    assert {asset: (one.free, one.locked) for asset, one in alice.balances.items()} == before
    assert {one.order_id for one in exchange.table.open_orders(uid)} == {resting.order_id, stop.order_id}
    book = exchange.listing("BTCUSDT").book
    assert resting.order_id in book.orders
    assert stop.order_id in book.stops
    assert book.update_id > update_id
    restored = exchange.find(alice, "BTCUSDT", order_id=filled.order_id, client_id=None)
    assert restored == filled
    newer = place(again, alice, price="59000", quantity="0.01")
    assert newer.order_id > stop.order_id
    latest = place(again, alice, **MARKET, quantity="0.001")
    newest = [one for one in exchange.table.fills(uid, "BTCUSDT") if one.order_id == latest.order_id]
    older = [one for one in exchange.table.fills(uid, "BTCUSDT") if one.order_id == filled.order_id]
    assert min(one.trade_id for one in newest) > max(one.trade_id for one in older)
    assert exchange.table.open_with_client_id(uid, "BTCUSDT", resting.client_order_id)
    check_locks(again)
    again.close()
