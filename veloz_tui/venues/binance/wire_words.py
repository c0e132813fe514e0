"""What a recorded message of Binance's says, for people: topic, order, outcome, payload. Pure.

Nothing here is redacted yet; requests were noted before they were signed.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from veloz_tui.venues.binance.policy import Answer, Answered, Unanswered, Unwritten
from veloz_tui.venues.wire_tap import Pushed, Received, Sent, Taken

MOST_BYTES: Final = 4_096
"""Of one body: lists of trades and balances can be a hundred times as long."""
_UNANSWERED: Final = "no answer: "


class Words(msgspec.Struct, frozen=True):
    """One message. `client_order_id` empty: it names its order by `venue_order_id`, or none at all."""

    topic: str
    outcome: str
    payload: str
    client_order_id: str = ""
    venue_order_id: str = ""
    symbol: str = ""


class _Event(msgspec.Struct):
    name: str = msgspec.field(name="e", default="")
    symbol: str | None = msgspec.field(name="s", default=None)
    client_id: str | None = msgspec.field(name="c", default=None)
    original_id: str | None = msgspec.field(name="C", default=None)
    order_id: int | None = msgspec.field(name="i", default=None)
    execution: str | None = msgspec.field(name="x", default=None)
    status: str | None = msgspec.field(name="X", default=None)


_EVENT: Final = msgspec.json.Decoder(_Event)


def shortened(answer: Answer) -> Answer:
    """An answer with no more of its body than is worth keeping."""
    if isinstance(answer, Answered) and len(answer.body) > MOST_BYTES:
        return msgspec.structs.replace(answer, body=answer.body[:MOST_BYTES])
    return answer


def words_of(taken: Taken) -> Words:
    """Put one recorded message into words."""
    if isinstance(taken, Sent):
        return _request(taken, payload=_json(taken.params), outcome="")
    if isinstance(taken, Received):
        outcome, payload = _ended(taken.answer)
        return _request(taken.sent, payload=payload, outcome=outcome)
    return _pushed(taken)


def _request(sent: Sent, *, payload: str, outcome: str) -> Words:
    params = sent.params
    client_id = params.get("newClientOrderId") or params.get("origClientOrderId") or ""
    return Words(
        sent.method,
        outcome,
        payload,
        client_order_id=str(client_id),
        venue_order_id=str(params.get("orderId", "")),
        symbol=str(params.get("symbol", "")),
    )


def _ended(answer: msgspec.Struct) -> tuple[str, str]:
    if isinstance(answer, Answered):
        code = "" if answer.code is None else f" {answer.code} {answer.text}"
        return f"{answer.status}{code}", answer.body.decode(errors="replace")
    if isinstance(answer, Unanswered):
        return f"{_UNANSWERED}{answer.reason}", ""
    assert isinstance(answer, Unwritten)
    return f"not written: {answer.reason}", ""


def _pushed(pushed: Pushed) -> Words:
    body = bytes(pushed.body)
    payload = body[:MOST_BYTES].decode(errors="replace")
    try:
        event = _EVENT.decode(body)
    except msgspec.MsgspecError:
        return Words("event", "unreadable", payload)
    # A cancel's report carries a new id in c, and the order's own in C.
    client_id = event.original_id or event.client_id or ""
    said = " ".join(filter(None, (event.execution, event.status)))
    order_id = "" if event.order_id is None else str(event.order_id)
    return Words(event.name, said, payload, client_id, order_id, event.symbol or "")


def _json(params: Mapping[str, str | int]) -> str:
    return msgspec.json.encode(dict(params)).decode()
