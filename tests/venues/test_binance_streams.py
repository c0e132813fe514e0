"""Market data and user stream against the simulated venue: breaks, silence, gaps, shutdowns."""

import asyncio
from decimal import Decimal

import msgspec
import pytest

from tests.venues.desk import FAST, INSTRUMENT, Desk, desk, limit, until
from veloz_tui.domain.book import OrderBook
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.reports import (
    BalancesReported,
    BookDelta,
    BookSnapshot,
    BookStale,
    Channel,
    ChannelReported,
    HealthReported,
    InstrumentsReported,
    OrderReport,
    Quiet,
    ReportedStatus,
    SubmitAccepted,
    TopOfBook,
    TradePrinted,
    VenueSnapshot,
)
from veloz_tui.domain.types import ChannelState, OrderType, Side
from veloz_tui.engine.actions import ResyncBook
from veloz_tui.venues.binance.parse import VENUE


def replay(d: Desk) -> OrderBook:
    """The book as an engine would hold it now."""
    book = OrderBook()
    found: list[BookSnapshot | BookDelta] = [*d.of(BookSnapshot), *d.flowed(BookDelta)]
    for report in sorted(found, key=lambda one: one.update_id):
        if isinstance(report, BookSnapshot):
            book.replace(bids=report.bids, asks=report.asks, update_id=report.update_id)
        elif report.update_id > book.update_id:
            book.apply(bids=report.bids, asks=report.asks, update_id=report.update_id)
    return book


async def again_live(d: Desk, *, after: int) -> None:
    await until(lambda: len(d.of(BookSnapshot)) > after)


async def test_instruments_come_first_then_books_prices_and_trades() -> None:
    async with desk() as d:
        (instruments,) = d.of(InstrumentsReported)
        assert [one.id for one in instruments.instruments] == [INSTRUMENT]
        await until(lambda: bool(d.flowed(BookDelta) and d.flowed(TopOfBook)))
        await d.ask(
            "POST", "/sim/market", {"action": "trade", "symbol": "BTCUSDT", "side": "SELL", "quantity": "1"}
        )
        await until(lambda: any(one.aggressor is Side.SELL for one in d.flowed(TradePrinted)))


async def test_the_book_equals_the_venues_best_prices() -> None:
    async with desk() as d:
        await until(lambda: len(d.flowed(BookDelta)) > 5)
        await d.ask("POST", "/sim/market", {"action": "pause"})
        status = await d.status()
        bid, ask = status.markets["BTCUSDT"].bid, status.markets["BTCUSDT"].ask

        def agrees() -> bool:
            book = replay(d)
            wanted = ((float(bid[0]), float(bid[1])), (float(ask[0]), float(ask[1])))
            return (book.best_bid, book.best_ask) == wanted

        await until(agrees)


async def test_a_lost_market_connection_makes_the_book_stale_and_brings_a_new_one() -> None:
    async with desk() as d:
        before = len(d.of(BookSnapshot))
        await d.fault("disconnect", target="streams")
        await again_live(d, after=before)
        assert d.of(BookStale)[0].instrument_id == INSTRUMENT
        states = [one.state for one in d.of(ChannelReported) if one.channel is Channel.MARKET]
        assert ChannelState.DOWN in states
        assert states[-1] is ChannelState.READY


async def test_books_start_again_when_the_old_connection_died_while_its_successor_opened() -> None:
    async with desk() as d:
        market, before = d.adapter._public.market, len(d.of(BookSnapshot))
        for feed in market._feeds:
            feed.emit(feed.sync.stop("connection lost"))
        assert market.stream.current is not None
        market.on_ready(market.stream.current, continuous=False)
        await again_live(d, after=before)


async def test_a_gap_in_the_stream_is_noticed_and_mended() -> None:
    async with desk() as d:
        before = len(d.of(BookSnapshot))
        await d.fault("gap", transport="streams", kind="depth")
        await again_live(d, after=before)
        assert d.of(BookStale)[0].reason.startswith("gap")


async def test_a_book_that_the_engine_found_crossed_begins_anew_on_the_same_connection() -> None:
    async with desk() as d:
        before, connection = len(d.of(BookSnapshot)), d.adapter._public.market.stream.current
        crossed = d.of(BookSnapshot)[0].instrument_id
        d.adapter.resync_book(ResyncBook(VENUE, crossed, "crossed"))
        await again_live(d, after=before)
        assert d.of(BookStale)[0].reason == "crossed"
        assert d.adapter._public.market.stream.current is connection


async def test_a_snapshot_older_than_the_stream_is_fetched_again() -> None:
    async with desk() as d:
        before = len(d.of(BookSnapshot))
        await d.fault("stale_snapshot", operation="depth", count=2)
        await d.fault("gap", transport="streams", kind="depth")
        await again_live(d, after=before)
        assert d.of(BookSnapshot)[-1].update_id > d.of(BookSnapshot)[0].update_id


@pytest.mark.parametrize("kind", ["duplicate", "malformed"])
async def test_repeated_and_unreadable_frames_leave_a_right_book(kind: str) -> None:
    async with desk() as d:
        await d.fault(kind, transport="streams", kind="depth", count=3)
        start = len(d.flowed(BookDelta))
        await until(
            lambda: len(d.flowed(BookDelta)) > start + 5 and d.adapter._public.market._feeds[0].sync.is_live
        )
        assert not replay(d).is_crossed


async def test_an_oversized_frame_breaks_the_connection_and_it_comes_back() -> None:
    async with desk(stream=msgspec.structs.replace(FAST, max_size=500_000)) as d:
        before = len(d.of(BookSnapshot))
        await d.fault("oversized_frame", target="streams")
        await again_live(d, after=before)


async def test_a_silent_stream_is_found_out_although_its_socket_lives() -> None:
    async with desk(quiet_after_s=0.5, probe_every_s=0.5, late_change_s=0.3) as d:
        await d.fault("silence", target="streams")
        stale = await d.one(BookStale)
        assert "silent" in stale.reason
        before = len(d.of(BookSnapshot))
        await d.fault("unsilence", target="streams")
        await again_live(d, after=before)


async def test_a_venue_that_answers_nothing_at_all_is_stale_before_a_read_would_time_out() -> None:
    async with desk(quiet_after_s=0.3, probe_timeout_s=0.3, stale_after_s=0.6) as d:
        await d.fault("delay_response", operation="depth", ms=30_000)
        await d.fault("silence", target="streams")
        assert "silent" in (await d.one(BookStale)).reason
        await d.fault("unsilence", target="streams")


async def test_a_market_that_stands_still_is_quiet_not_stale() -> None:
    async with desk(paused=True, quiet_after_s=0.3, probe_every_s=0.3) as d:
        assert (await d.one(Quiet)).instrument_id == INSTRUMENT
        assert d.of(BookStale) == []


async def test_a_shutdown_notice_moves_market_data_without_a_break() -> None:
    async with desk(stream=msgspec.structs.replace(FAST, overlap_s=1.0)) as d:
        await d.fault("server_shutdown", target="streams", ms=1500)
        await until(lambda: any(one.reason == "replaced" for one in d.of(ChannelReported)))
        number = len(d.flowed(BookDelta))
        await until(lambda: len(d.flowed(BookDelta)) > number + 15)  # well past the old one's closing
        assert d.of(BookStale) == []
        assert d.state(Channel.MARKET) is ChannelState.READY
        assert replay(d).update_id == d.adapter._public.market._feeds[0].sync.last_id


async def test_no_trade_is_printed_twice_while_connections_overlap() -> None:
    async with desk(paused=True, stream=msgspec.structs.replace(FAST, overlap_s=1.0)) as d:
        stream = d.adapter._public.market.stream
        stream.replace("test")
        await until(lambda: stream.current is not None and stream.current.number == 2)
        for quantity in ("0.01", "0.02", "0.03"):
            trade = {"action": "trade", "symbol": "BTCUSDT", "side": "SELL", "quantity": quantity}
            await d.ask("POST", "/sim/market", trade)
        await until(lambda: any(one.quantity == 0.03 for one in d.flowed(TradePrinted)))
        assert [one.quantity for one in d.flowed(TradePrinted)] == [0.01, 0.02, 0.03]


async def test_a_shutdown_notice_loses_no_answer_in_flight() -> None:
    async with desk(place_timeout_s=5.0) as d:
        price = await d.best(Side.BUY)
        await d.fault("delay_response", operation="order.place", ms=700)
        order_id = d.submit(limit("0.001", price))
        await d.fault("server_shutdown", target="ws-api", ms=1500)
        stream = d.adapter._orders.socket.stream
        await until(lambda: stream.current is not None and stream.current.number == 2)
        later = d.submit(limit("0.001", price))
        for wanted in (later, order_id):
            await d.one(SubmitAccepted, where=lambda one, wanted=wanted: one.client_order_id == wanted)  # type: ignore[misc]
        assert d.state(Channel.USER) is ChannelState.READY
        assert len(d.of(VenueSnapshot)) == 1  # no break, so nothing to reconcile


async def test_overlapping_user_streams_tell_each_event_once() -> None:
    async with desk(stream=msgspec.structs.replace(FAST, overlap_s=1.5)) as d:
        price = await d.best(Side.BUY)
        d.adapter._user.socket.stream.replace("test")
        stream = d.adapter._user.socket.stream
        await until(lambda: stream.current is not None and stream.current.number == 2)
        assert (await d.status()).user_subscriptions == 2
        order_id = d.submit(limit("0.001", price))
        await d.one(OrderReport, where=lambda one: one.client_order_id == order_id)
        d.cancel(order_id)
        await d.one(OrderReport, where=lambda one: one.status is ReportedStatus.CANCELED)
        told = [one.status for one in d.of(OrderReport) if one.client_order_id == order_id]
        assert told == [ReportedStatus.OPEN, ReportedStatus.CANCELED]


async def test_a_lost_user_stream_syncs_again_before_it_is_ready() -> None:
    async with desk() as d:
        d.forget()
        await d.fault("disconnect", target="ws-api")
        await until(lambda: d.state(Channel.USER) is ChannelState.READY)
        states = [one.state for one in d.of(ChannelReported) if one.channel is Channel.USER]
        assert states.index(ChannelState.DOWN) < states.index(ChannelState.SYNCING)
        assert len(d.of(VenueSnapshot)) == 1


async def test_events_during_a_sync_come_after_the_snapshot() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        d.answers_sync = False
        d.forget()
        await d.fault("disconnect", target="ws-api")
        await until(lambda: d.state(Channel.USER) is ChannelState.SYNCING)
        await until(lambda: d.state(Channel.ORDERS) is ChannelState.READY)
        order_id = d.submit(limit("0.001", price))
        await d.one(SubmitAccepted)
        await until(lambda: len(d.adapter._user._buffer) >= 2)
        assert d.of(OrderReport) == []
        d.reconcile()
        await until(lambda: d.state(Channel.USER) is ChannelState.READY)
        kinds = [type(one) for one in d.reports]
        assert kinds.index(VenueSnapshot) < kinds.index(OrderReport) < len(kinds) - 1
        assert d.of(OrderReport)[0].client_order_id == order_id


async def test_an_unreadable_user_event_starts_a_new_sync() -> None:
    async with desk() as d:
        price = await d.best(Side.BUY)
        d.forget()
        await d.fault("patch_event", transport="ws-api", kind="user", patch={"q": "NaN", "B": 1})
        order_id = d.submit(limit("0.001", price))
        snapshot = await d.one(VenueSnapshot)
        assert [one.client_order_id for one in snapshot.open_orders] == [order_id]


async def test_a_fill_missed_during_a_break_is_in_the_snapshot() -> None:
    async with desk() as d:
        d.fills_since = ((INSTRUMENT, None),)
        d.answers_sync = False
        await d.fault("disconnect", target="ws-api")
        await until(lambda: d.state(Channel.USER) is ChannelState.SYNCING)
        await until(lambda: d.state(Channel.ORDERS) is ChannelState.READY)
        order_id = d.submit(OrderRequest(INSTRUMENT, Side.BUY, Decimal("0.001"), OrderType.MARKET))
        accepted = await d.one(SubmitAccepted)
        d.forget()
        d.reconcile()
        snapshot = await d.one(VenueSnapshot)
        ids = {fill.trade_id for fill in accepted.report.fills}
        assert accepted.client_order_id == order_id
        assert ids <= {fill.trade_id for fill in snapshot.fills}


async def test_a_deposit_is_noticed() -> None:
    async with desk() as d:
        await d.ask("POST", "/sim/deposit", {"account": "demo", "asset": "USDT", "amount": "123"})
        await until(
            lambda: any(
                balance.free == Decimal(100_123)
                for report in d.of(BalancesReported)
                for balance in report.balances
            )
        )


async def test_a_wrong_clock_is_measured_and_orders_still_pass() -> None:
    async with desk(clock_every_s=0.2) as d:
        await d.fault("clock_offset", ms=-30_000)
        await until(
            lambda: any(abs((one.clock_offset_ms or 0) + 30_000) < 500 for one in d.flowed(HealthReported))
        )
        order_id = d.submit(limit("0.001", await d.best(Side.BUY)))
        assert (await d.one(SubmitAccepted)).client_order_id == order_id


async def test_a_flapping_venue_is_not_stormed_and_everything_comes_back() -> None:
    async with desk() as d:
        for _ in range(5):
            await d.fault("disconnect", target="all")
            await asyncio.sleep(0.05)
        d.forget()
        await d.fault("disconnect", target="all")
        await d.ready()


async def test_the_adapter_starts_when_the_venue_is_not_there_yet() -> None:
    async with desk(waits=False, retry_base_s=0.05, retry_cap_s=0.1) as d:
        await d.ready()
        assert d.of(InstrumentsReported)


async def test_a_user_stream_that_answers_nothing_is_found_out() -> None:
    async with desk(subscription_check_s=0.2, subscription_timeout_s=0.3) as d:
        d.forget()
        await d.fault("silence", target="ws-api")
        reason = "no answer on the user stream"
        await d.one(ChannelReported, where=lambda one: one.reason == reason)
        await d.fault("unsilence", target="ws-api")
        await until(lambda: d.state(Channel.USER) is ChannelState.READY)


async def test_a_revoked_key_takes_the_user_stream_down_and_says_why() -> None:
    async with desk() as d:
        d.forget()
        await d.fault("revoke_key", api_key="k" * 64)
        await d.fault("disconnect", target="ws-api")
        await until(lambda: any("API-key" in one.reason for one in d.of(ChannelReported)))
        assert d.state(Channel.USER) is not ChannelState.READY


async def test_an_unknown_instrument_is_named_and_nothing_starts() -> None:
    async with desk(symbols=("NOPEUSDT",), waits=False, retry_base_s=0.05, retry_cap_s=0.1) as d:
        await until(lambda: any("symbol" in one.reason for one in d.of(ChannelReported)))
        assert d.of(InstrumentsReported) == []
        assert d.state(Channel.USER) is None
