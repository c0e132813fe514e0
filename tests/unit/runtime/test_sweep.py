"""The hard kill against a simulated venue: it ends with a certificate, and with nothing less."""

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tests.unit.runtime.venue import SimVenue, kill_client, sim_venue, until
from veloz_tui.runtime.kill_record import take_reports, write_report
from veloz_tui.runtime.sweep import Sweep, SweepReport
from veloz_tui.venues.binance.kill_client import KillClient, Listing

NOTHING = SweepReport("k1", "BINANCE", "test", "why not")


class Run:
    """A sweep under way and what it said of itself."""

    def __init__(self, sweep: Sweep, said: list[SweepReport]) -> None:
        self.sweep = sweep
        self.said = said
        self.task = asyncio.create_task(sweep.run())

    @property
    def report(self) -> SweepReport:
        return self.sweep.report

    async def end(self, within_s: float = 20.0) -> SweepReport:
        async with asyncio.timeout(within_s):
            return await self.task


@asynccontextmanager
async def sweeping(
    port: int,
    *,
    settle_s: float = 0.05,
    symbols: tuple[str, ...] = ("BTCUSDT",),
    on_progress: Callable[[SweepReport], None] = lambda report: None,
) -> AsyncIterator[Run]:
    said: list[SweepReport] = []

    def note(report: SweepReport) -> None:
        said.append(msgspec.structs.replace(report, stamps=dict(report.stamps)))
        on_progress(report)

    async with kill_client(port) as client:
        report = SweepReport("k1", "BINANCE", "test", "why not")
        sweep = Sweep(
            client, report, symbols=symbols, settle_s=settle_s, began=time.monotonic(), on_progress=note
        )
        run = Run(sweep, said)
        try:
            yield run
        finally:
            run.task.cancel()
            await asyncio.gather(run.task, return_exceptions=True)


async def placed(venue: SimVenue, count: int, symbol: str = "BTCUSDT") -> None:
    for _ in range(count):
        await venue.place(symbol)


async def test_everything_is_canceled_and_zero_certified() -> None:
    async with sim_venue() as venue:
        await placed(venue, 5)
        async with sweeping(venue.sim.port) as run:
            report = await run.end()
        assert report.is_certified
        assert (report.canceled, report.still_open, report.problem) == (5, 0, "")
        assert list(report.stamps) == ["cancels_sent", "first_zero", "certified_zero"]
        assert sorted(report.stamps.values()) == list(report.stamps.values())
        assert await venue.open() == 0


async def test_zero_is_not_certified_before_the_settle_time_is_over() -> None:
    async with sim_venue() as venue:
        await placed(venue, 1)
        async with sweeping(venue.sim.port, settle_s=1.5) as run:
            await until(lambda: "first_zero" in run.report.stamps)
            assert not run.report.is_certified
            report = await run.end()
        assert report.stamps["certified_zero"] >= 1_500
        assert report.stamps["first_zero"] < 1_500


async def test_an_order_that_arrives_late_is_canceled_and_delays_the_certificate() -> None:
    async with sim_venue() as venue:
        async with sweeping(venue.sim.port, settle_s=1.0) as run:
            await until(lambda: "first_zero" in run.report.stamps)
            await venue.place()
            report = await run.end()
        assert report.canceled == 1
        assert await venue.open() == 0


async def test_orders_on_symbols_nobody_named_are_found_and_canceled() -> None:
    async with sim_venue() as venue:
        for _ in range(2):
            await venue.place("ETHUSDT", price="2500")
        async with sweeping(venue.sim.port, symbols=()) as run:
            report = await run.end()
        assert report.canceled == 2
        assert await venue.open() == 0


@pytest.mark.parametrize("status", [418, 429])
async def test_a_closed_door_is_unverified_and_nothing_is_sent_into_it(status: int) -> None:
    async with sim_venue() as venue:
        await placed(venue, 2)
        await venue.fault(
            "http_error", operation="openOrders.cancelAll", status=status, code=-1003, retry_after_s=1
        )
        async with sweeping(venue.sim.port) as run:
            await until(lambda: bool(run.report.problem))
            assert run.report.still_open is None
            assert not run.report.is_certified
            requests = (await venue.status()).requests
            await asyncio.sleep(0)
            assert (await venue.status()).requests == requests
            report = await run.end()
        assert report.is_certified
        assert report.stamps["first_zero"] >= 900
        assert await venue.open() == 0


async def test_an_unreachable_venue_is_tried_until_it_is_there() -> None:
    async with sim_venue() as first:
        port = first.sim.port
    async with sweeping(port) as run:
        await until(lambda: len([one for one in run.said if one.problem]) > 2)
        assert run.report.still_open is None
        assert "first_zero" not in run.report.stamps
        async with sim_venue(port=port) as venue:
            await placed(venue, 1)
            report = await run.end()
            assert report.is_certified
            assert await venue.open() == 0


async def test_a_list_that_fails_claims_nothing_and_cancels_go_on_without_it() -> None:
    async with sim_venue() as venue:
        await placed(venue, 1)
        await venue.fault("http_error", operation="openOrders.status", status=503, code=-1008, count=0)
        async with sweeping(venue.sim.port) as run:
            await until(lambda: run.report.canceled == 1)
            await venue.place()
            await until(lambda: run.report.canceled == 2)
            assert not run.report.is_certified
            assert run.report.still_open is None
            await venue.heal()
            await run.end()


async def test_an_empty_list_of_one_symbol_is_no_zero() -> None:
    async with sim_venue() as venue:
        await venue.fault(
            "http_error", endpoint="GET /api/v3/openOrders", nth=1, count=3, status=503, code=-1008
        )
        async with sweeping(venue.sim.port, settle_s=30) as run:
            await until(lambda: sum(one.still_open == 0 for one in run.said) >= 1, timeout_s=15)
            assert not run.report.is_certified


async def test_a_cancel_that_fails_is_sent_again() -> None:
    async with sim_venue() as venue:
        await placed(venue, 1)
        await venue.fault("http_error", operation="openOrders.cancelAll", count=2, status=503, code=-1008)
        async with sweeping(venue.sim.port) as run:
            report = await run.end()
        assert report.canceled == 1
        assert await venue.open() == 0


async def test_a_full_disk_does_not_end_it() -> None:
    def full(report: SweepReport) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with sim_venue() as venue:
        await placed(venue, 1)
        async with sweeping(venue.sim.port, on_progress=full) as run:
            assert (await run.end()).is_certified
        assert await venue.open() == 0


async def test_what_cannot_be_canceled_is_asked_for_once_a_second_and_rarely_account_wide() -> None:
    """A list of the whole account weighs 80 of 6,000 a minute: a banned kill switch cancels nothing."""
    async with sim_venue() as venue:
        await placed(venue, 1)
        await venue.fault("http_error", operation="openOrders.cancelAll", count=0, status=503, code=-1008)
        async with sweeping(venue.sim.port, settle_s=0.0) as run:
            client = Listening(run.sweep._client)
            run.sweep._client = client  # type: ignore[assignment]
            began = time.monotonic()
            await until(lambda: len(client.asked) >= 6)
            assert time.monotonic() - began >= 2
            assert client.asked[3:] == ["BTCUSDT"] * 3
            await venue.heal()
            await run.end()
            assert client.asked[-1] is None


class Listening:
    """The client, and what was listed with it."""

    def __init__(self, client: KillClient) -> None:
        self._client = client
        self.asked: list[str | None] = []
        self.cancel_all = client.cancel_all
        self.closed_for_s = client.closed_for_s

    async def open_orders(self, symbol: str | None = None) -> Listing:
        self.asked.append(symbol)
        return await self._client.open_orders(symbol)


# --- The report on disk -----------------------------------------------------------------------------------


def test_a_report_is_written_over_the_one_before_and_taken_once(tmp_path: Path) -> None:
    report = SweepReport("k1", "BINANCE", "guardian", "engine died", {"first_zero": 3.0}, 2, 0)
    write_report(tmp_path, SweepReport("k1", "BINANCE", "guardian", "engine died"))
    write_report(tmp_path, report)
    (path,) = tmp_path.glob("kill-*.json")
    assert path.stat().st_mode & 0o777 == 0o600
    assert take_reports(tmp_path) == [report]
    assert take_reports(tmp_path) == []
    assert [p.name for p in tmp_path.iterdir()] == ["kill-k1.taken"]


def test_a_half_written_report_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "kill-torn.json").write_bytes(b'{"kill_id":"k')
    write_report(tmp_path, SweepReport("k2", "BINANCE", "a", "b"))
    assert [report.kill_id for report in take_reports(tmp_path)] == ["k2"]
    assert take_reports(tmp_path) == []


@pytest.mark.parametrize("kill_id", ["../../etc/passwd", "a/b", "x" * 500, "a\0b"])
def test_no_id_leads_out_of_the_folder(tmp_path: Path, kill_id: str) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    write_report(folder, SweepReport(kill_id, "BINANCE", "a", "b"))
    assert len(list(folder.iterdir())) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["state"]


def test_a_new_report_is_nothing_yet() -> None:
    assert not NOTHING.is_certified
    assert NOTHING.still_open is None
