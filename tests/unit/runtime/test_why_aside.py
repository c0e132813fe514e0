"""Questions are answered beside the engine's loop, and beside the threads that the kill flag needs."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

from tests.unit.engine.factories import BTC, VENUE, Core, limit_buy
from veloz_tui.domain.queries import AskWhy, AskWire, Chain, WireLog
from veloz_tui.journal.files import JournalFiles, prepare
from veloz_tui.runtime.why_desk import WhyDesk
from veloz_tui.runtime.wire_view import WireView
from veloz_tui.venues.binance.policy import Answered
from veloz_tui.venues.wire_tap import WireTap


class Desk:
    def __init__(self, folder: Path) -> None:
        self.core = Core()
        self.order = self.core.working(limit_buy("1 @ 99"))
        self.tap = WireTap(now=lambda: self.core.now)
        files = JournalFiles(folder)
        prepare(files, now=self.core.now, journal_id="desk")
        self.desk = WhyDesk(
            self.core.engine,
            files.database,
            WireView(VENUE, self.tap, self.core.state),
            now=lambda: self.core.now,
            undurable=lambda: self.core.records,
        )

    def request(self, client_order_id: str, body: bytes = b"{}") -> None:
        params = {"symbol": "BTCUSDT", "newClientOrderId": client_order_id}
        self.tap.received(self.tap.sent("orders", "order.place", params), Answered(200, body))


async def test_the_loop_turns_while_the_wire_is_put_into_words(tmp_path: Path) -> None:
    it = Desk(tmp_path)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    for number in range(50):
        it.request(f"other{number}", b'{"price":"1"}' * 300)
    it.request(it.order.client_order_id)
    await it.desk.answer(AskWire())  # the thread is there from now on
    task = asyncio.create_task(others())
    told = await it.desk.answer(AskWire())
    task.cancel()
    it.desk.close()
    assert isinstance(told, WireLog)
    assert turns > 0


async def test_questions_and_the_kill_flag_wait_for_no_thread_of_each_other(tmp_path: Path) -> None:
    it = Desk(tmp_path)
    is_over = Event()
    asyncio.get_running_loop().set_default_executor(pool := ThreadPoolExecutor(1))
    blocked = asyncio.get_running_loop().run_in_executor(None, is_over.wait)
    try:
        async with asyncio.timeout(10):
            assert isinstance(await it.desk.answer(AskWhy(it.order.client_order_id)), Chain)
    finally:
        is_over.set()
        await blocked
        it.desk.close()
        pool.shutdown()


async def test_a_why_tells_the_messages_of_its_order_and_no_others(tmp_path: Path) -> None:
    it = Desk(tmp_path)
    it.request("other")
    it.request(it.order.client_order_id)
    it.tap.sent("orders", "openOrders.cancelAll", {"symbol": "BTCUSDT"})
    it.tap.sent("orders", "openOrders.cancelAll", {"symbol": "ETHUSDT"})
    told = await it.desk.answer(AskWhy(it.order.client_order_id))
    it.desk.close()
    assert isinstance(told, Chain)
    wire = [step.text for step in told.steps if step.kind == "wire"]
    assert [text.split()[1].rstrip(":") for text in wire] == [
        "order.place",
        "order.place",
        "openOrders.cancelAll",
    ]
    assert BTC.id == it.order.instrument_id
