"""Chains: what is known of an order, an alert or an event, in the order of time, and nothing invented."""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.unit.engine.factories import BTC, VENUE, Core, fill, limit_buy, limit_sell, report
from veloz_tui.domain import commands as c
from veloz_tui.domain import events as e
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import Recorded
from veloz_tui.domain.order import Order
from veloz_tui.domain.queries import Chain, WireEntry
from veloz_tui.domain.types import ChannelState, Nanos, Severity
from veloz_tui.engine.why.alert_chain import alert_chain, event_chain
from veloz_tui.engine.why.evidence import Evidence
from veloz_tui.engine.why.order_chain import order_chain
from veloz_tui.engine.why.remedies import REMEDIES


def evidence(core: Core, order: Order, *, run_since: int = 0, wire: Sequence[WireEntry] = ()) -> Evidence:
    own = [x for x in core.records if getattr(x.event, "client_order_id", "") == order.client_order_id]
    live = core.engine.live
    return Evidence(
        client_order_id=order.client_order_id,
        events=tuple(own),
        around=tuple(x for x in core.records if x not in own),
        wire=tuple(wire),
        decision=next((d for d in live.decisions if d.client_order_id == order.client_order_id), None),
        postings=tuple(p for p in live.postings if p.client_order_id == order.client_order_id),
        instrument=BTC,
        order=order,
        run_since=Nanos(run_since),
        now=core.now,
    )


def chain(core: Core, order: Order, *, run_since: int = 0) -> Chain:
    return order_chain(evidence(core, order, run_since=run_since))


def text(found: Chain) -> str:
    return "\n".join(line for step in found.steps for line in (step.text, *step.more)) + f"\n{found.now}"


def wired(
    number: int, at: int, *, is_sent: bool, outcome: str = "", reply_to: int | None = None
) -> WireEntry:
    ms = None if is_sent else 12.0
    return WireEntry(
        number, Nanos(at), "BIN", is_sent, "order.place", "orders", "", BTC.id, outcome, ms, "{}", reply_to
    )


def test_a_filled_order_tells_who_asked_each_check_and_what_the_fill_did() -> None:
    core = Core()
    order = core.place(limit_buy("1 @ 100"))
    core.later(ms=3)
    core.send(r.SubmitWritten(order.client_order_id))
    core.later(ms=10)
    trade = fill(order, 7, "1 @ 100", fee="0.1")
    core.send(r.SubmitAccepted(order.client_order_id, report(order, "FILLED", fill=trade)))
    found = chain(core, order)
    said = text(found)
    assert "ASKED BUY 1 BTC-USDT @100 LIMIT GTC by test (PlaceOrder)" in said
    assert "16 rules" in said and "13 position" in said and "room 9,900" in said
    assert "durable and handed over 3.0 ms later" in said
    assert "FILL 1 @100 maker, fee 0.1 USDT, trade 7" in said
    assert "position 0 -> +1, entry - -> 100, realized +0" in said
    assert found.now == "FILLED: filled 1 of 1"
    times = [step.at for step in found.steps if step.at is not None]
    assert times == sorted(times)


def test_a_denial_shows_the_rule_with_its_numbers_and_that_nothing_was_sent() -> None:
    core = Core()
    ack = core.command(c.PlaceOrder(command_id=core.new_id(), by="test", request=limit_buy("200 @ 100")))
    assert not ack.is_ok
    (order,) = [o for o in core.engine.state.orders.values() if o.status == "DENIED"]
    found = chain(core, order)
    line = next(
        line for line in text(found).splitlines() if "DENIED  could" in line or "DENIED could" in line
    )
    assert "20,000 <= 10,000 USDT, room -10,000" in line
    assert "14 leverage        not asked" in text(found)
    assert "nothing was sent" in found.now
    assert any(step.kind == "risk" and step.severity is Severity.WARN for step in found.steps)


def test_an_order_in_doubt_tells_why_what_it_raised_and_how_it_was_resolved() -> None:
    core = Core()
    order = core.place(limit_buy("1 @ 100"))
    core.send(r.SubmitUnknown(order.client_order_id, "timeout"))
    found = chain(core, order)
    assert "IN DOUBT: timeout" in text(found)
    assert "so: ALERT WARN [IN_DOUBT]" in text(found)
    assert "Do not resend" in found.now
    core.later(s=4)
    core.answer(order, report(order))
    assert "it was in doubt for 4.0 s" in text(chain(core, order))


def test_of_a_former_run_nothing_is_invented() -> None:
    core = Core()
    order = core.place(limit_sell("1 @ 100"))
    core.send(r.SubmitWritten(order.client_order_id))
    core.send(r.SubmitAccepted(order.client_order_id, report(order, fill=fill(order, 7, "1 @ 100"))))
    core.engine.live.decisions.clear()
    core.engine.live.postings.clear()
    said = text(chain(core, order, run_since=core.now + 1))
    assert "each rule's numbers: - (of a former run)" in said
    assert "SENT to the venue: - (wire times and words are of a former run)" in said
    assert "position before and after: - (of a former run)" in said
    assert "no longer kept" in text(chain(core, order))


def test_a_cancel_says_who_wanted_it_and_a_refused_cancel_with_the_venues_words() -> None:
    core = Core()
    order = core.place(limit_buy("1 @ 100"))
    core.send(r.SubmitAccepted(order.client_order_id, report(order)))
    ids = (order.client_order_id,)
    core.command(c.CancelOrders(command_id=core.new_id(), by="pid 7 pts/3", client_order_ids=ids))
    core.send(r.CancelFailed(order.client_order_id, -2011, "Unknown order sent."))
    said = text(chain(core, order))
    assert "CANCEL wanted by pid 7 pts/3" in said
    assert "CANCEL refused by the venue: Unknown order sent. [-2011]" in said


def test_wire_messages_stand_between_the_events_of_their_time() -> None:
    core = Core()
    order = core.place(limit_buy("1 @ 100"))
    at = core.now
    core.later(ms=20)
    core.send(r.SubmitRejected(order.client_order_id, -2010, "Too late", counts_as_failure=False))
    wire = (
        wired(1, at + 1_000_000, is_sent=True),
        wired(2, at + 13_000_000, is_sent=False, outcome="400 -2010 Too late", reply_to=1),
    )
    kinds = [step.kind for step in order_chain(evidence(core, order, wire=wire)).steps]
    assert kinds[:3] == ["asked", "risk", "intent"]
    assert kinds.index("wire") < kinds.index("venue")
    answer = next(s for s in order_chain(evidence(core, order, wire=wire)).steps if "<-" in s.text)
    assert answer.severity is Severity.WARN and "after 12.0 ms" in answer.text


def test_the_command_of_another_turn_is_not_taken_for_this_orders() -> None:
    core = Core()
    core.command(c.Pause(command_id=core.new_id(), by="somebody else"))
    core.later(s=1)
    order = core.place(limit_buy("1 @ 100"))
    own = tuple(
        msgspec.structs.replace(evidence(core, order), around=evidence(core, order).around[:-1]).around
    )
    without = msgspec.structs.replace(
        evidence(core, order), around=tuple(x for x in own if not isinstance(x.event, e.CommandTaken))
    )
    assert "somebody else" not in text(order_chain(without))
    assert "in an earlier command" in text(order_chain(without))


def test_an_alert_tells_since_when_how_often_what_lifts_it_and_what_to_do() -> None:
    core = Core()
    core.channel(ChannelState.DOWN)
    core.later(s=60)
    alert = core.engine.state.alerts[f"venue:{VENUE}"]
    raised = [x for x in core.records if x.event.at == alert.first_at]
    found = alert_chain(f"venue:{VENUE}", alert, raised, of_order=None, now=core.now)
    said = text(found)
    assert "RAISED first; 60.0 s ago" in said
    assert "venue BIN DOWN" in said
    assert "Lifted by: READY again" in found.now and "To do: wait" in found.now


def test_a_line_of_the_log_tells_who_asked_for_it() -> None:
    core = Core()
    core.command(c.Reduce(command_id=core.new_id(), by="pid 7 pts/3"))
    turn = [x for x in core.records if x.event.at == core.now]
    seq = next(x.seq for x in turn if isinstance(x.event, e.ReduceOnlySet))
    said = text(event_chain(seq, [Recorded(x.seq, x.event) for x in turn]))
    assert "Reduce by pid 7 pts/3" in said and "REDUCE on by" in said


def test_every_code_of_an_alert_has_a_remedy_in_words() -> None:
    for lifts, do in REMEDIES.values():
        assert lifts and do
    assert {"IN_DOUBT", "LIMIT_USE", "KILL", "DISK_LOW"} <= REMEDIES.keys()


def test_every_code_of_an_alert_that_the_documentation_knows_has_a_remedy() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
    table = page.partition("## Alerts")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    codes = {code for row in rows for code in re.findall("`(.*?)`", row)}
    assert len(codes) > 20
    assert codes <= REMEDIES.keys()
