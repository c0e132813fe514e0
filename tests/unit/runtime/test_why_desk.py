"""Questions answered from state and journal: known orders, forgotten ones, unknown and ambiguous ids."""

import sqlite3
from pathlib import Path

import pytest

from tests.unit.engine.factories import BTC, T0, VENUE, Core, limit_buy, report
from veloz_tui.domain import commands as c
from veloz_tui.domain import reports as r
from veloz_tui.domain.order import Order
from veloz_tui.domain.queries import About, AskWhy, AskWire, Chain, NotKnown, WireLog
from veloz_tui.domain.types import Nanos
from veloz_tui.journal import codec, schema
from veloz_tui.runtime.why_desk import WhyDesk
from veloz_tui.runtime.wire_view import WireView
from veloz_tui.venues.wire_tap import WireTap


class Asked:
    """A core, its journal on disk, an adapter's tap, and the desk over them."""

    def __init__(self, folder: Path) -> None:
        self.core = Core()
        self.path = folder / "journal.db"
        self.tap = WireTap(now=lambda: Nanos(self.core.now))
        self.view = WireView(VENUE, self.tap, self.core.engine.state)
        self.written = 0

    def desk(self) -> WhyDesk:
        """Over a journal that holds everything so far."""
        is_new = not self.path.exists()
        connection = sqlite3.connect(self.path, isolation_level=None)
        if is_new:
            schema.create(connection, journal_id="j", now=T0)
        rows, _ = codec.encode(self.core.records[self.written :], end=codec.genesis("j"))
        if rows:
            connection.execute(*schema.insertion(rows))
        self.written = len(self.core.records)
        connection.close()
        return self._over()

    def _over(self) -> WhyDesk:
        return WhyDesk(
            self.core.engine,
            self.path,
            self.view,
            now=lambda: Nanos(self.core.now),
            undurable=lambda: tuple(self.core.records[self.written :]),
        )

    def order(self) -> Order:
        order = self.core.place(limit_buy("1 @ 100"))
        params = {"symbol": BTC.symbol, "newClientOrderId": order.client_order_id}
        self.tap.sent("orders", "order.place", params)
        self.core.later(ms=5)
        self.core.send(r.SubmitAccepted(order.client_order_id, report(order)))
        return order


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


async def told(desk: WhyDesk, subject: str, about: About = About.ORDER) -> Chain | NotKnown:
    found = await desk.answer(AskWhy(subject, about))
    assert isinstance(found, Chain | NotKnown)
    return found


async def test_the_end_of_an_id_finds_the_order_with_its_wire_and_its_asker(asked: Asked) -> None:
    order = asked.order()
    found = await told(asked.desk(), order.client_order_id[-4:].lower())
    assert isinstance(found, Chain) and found.subject == order.client_order_id
    said = " ".join(step.text for step in found.steps)
    assert "-> order.place" in said and "by test (PlaceOrder)" in said and "ACCEPTED as 1" in said


async def test_an_order_that_memory_has_forgotten_is_found_in_the_journal(asked: Asked) -> None:
    order = asked.order()
    desk = asked.desk()
    state = asked.core.engine.state
    del state.orders[order.client_order_id], state.open_orders[order.client_order_id]
    found = await told(desk, order.client_order_id[-4:])
    assert isinstance(found, Chain) and "the journal alone" in found.now


async def test_what_the_journal_does_not_have_yet_is_told_all_the_same(asked: Asked) -> None:
    asked.desk()
    order = asked.order()
    found = await told(asked._over(), order.client_order_id)
    assert isinstance(found, Chain) and any("ACCEPTED" in step.text for step in found.steps)


async def test_unknown_ambiguous_and_empty_ids_are_answered_with_what_to_write(asked: Asked) -> None:
    first, second = asked.order(), asked.order()
    desk = asked.desk()
    unknown = await told(desk, "ZZZZ")
    assert isinstance(unknown, NotKnown) and "no order ends with ZZZZ" in unknown.text
    state = asked.core.engine.state
    state.orders["y-SAME"] = first  # type: ignore[index]
    state.orders["x-SAME"] = second  # type: ignore[index]
    both = await told(desk, "same")
    assert isinstance(both, NotKnown) and set(both.choices) == {"y-SAME", "x-SAME"}
    assert isinstance(await told(desk, "%"), NotKnown)
    newest = await told(desk, "")
    assert isinstance(newest, Chain)
    assert isinstance(await told(desk, "event:x"), NotKnown)
    assert isinstance(await told(desk, "event:99999999"), NotKnown)


async def test_an_alert_and_an_event_are_told_from_their_turns(asked: Asked) -> None:
    order = asked.core.place(limit_buy("1 @ 100"))
    asked.core.send(r.SubmitUnknown(order.client_order_id, "timeout"))
    asked.core.later(s=1)
    asked.core.command(c.Reduce(command_id=asked.core.new_id(), by="pid 7 pts/3"))
    desk = asked.desk()
    alert = await told(desk, f"doubt:{order.client_order_id}", About.ALERT)
    assert isinstance(alert, Chain) and any("IN DOUBT: timeout" in step.text for step in alert.steps)
    assert isinstance(await told(desk, "nothing", About.ALERT), NotKnown)
    event = await told(desk, f"event:{asked.core.records[-1].seq}")
    assert isinstance(event, Chain) and any("pid 7 pts/3" in step.text for step in event.steps)


async def test_the_wire_log_comes_in_increments_and_begins_afresh_for_another_run(asked: Asked) -> None:
    desk = asked.desk()
    for number in range(5):
        asked.tap.sent("orders", f"m{number}", {})
    newest = await desk.answer(AskWire(limit=2))
    assert isinstance(newest, WireLog) and [each.topic for each in newest.entries] == ["m3", "m4"]
    more = await desk.answer(AskWire(after=3, limit=1))
    assert isinstance(more, WireLog) and (more.last, len(more.entries)) == (4, 1)
    other = await desk.answer(AskWire(after=900))
    assert isinstance(other, WireLog) and len(other.entries) == 5


async def test_secrets_that_a_venue_repeats_are_masked(asked: Asked) -> None:
    asked.tap.sent("rest", "GET /x", {"listenKey": "abcdefghijklmnop", "symbol": "BTCUSDT"})
    log = await asked.desk().answer(AskWire())
    assert isinstance(log, WireLog)
    assert "abcdefghijklmnop" not in log.entries[0].payload and "BTCUSDT" in log.entries[0].payload
