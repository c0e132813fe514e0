"""The outcome policy: what an answer, or its absence, proves about a request. Pure.

The rule: an order is refused only if the venue's answer proves that it wasn't accepted. Anything else
leaves it in doubt: HTTP 5xx and 408, -1000, -1001, -1006, -1007, an unreadable answer, a timeout, a socket
lost after the write. Not finding an order is weak evidence and never ends one. Code and text decide first,
then the HTTP class; on a state-changing request a 5xx leaves it unknown whatever the code says (Binance
spot API docs, "HTTP Return Codes").
"""

from enum import Enum

import msgspec

from veloz_tui.venues.binance.errors import NO_OPEN_ORDERS, Proof, proof_of


class Operation(Enum):
    PLACE = "place"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel all"
    QUERY = "query"
    """Reads: nothing changes, so not knowing is harmless."""


class Answered(msgspec.Struct, frozen=True):
    """A whole answer. `code` None: no error envelope in it. `retry_after_ms`: wait this long, if it said
    so.
    """

    status: int
    body: bytes = b""
    code: int | None = None
    text: str = ""
    retry_after_ms: int | None = None


class Unwritten(msgspec.Struct, frozen=True):
    """Provably nothing left this host. `until_ms`: a limiter or a closed door said so, until then."""

    reason: str
    until_ms: int | None = None


class Unanswered(msgspec.Struct, frozen=True):
    """Written, at least in part, and no readable answer."""

    reason: str


Answer = Answered | Unwritten | Unanswered


class Verdict(Enum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_FOUND = "not found"
    UNKNOWN = "unknown"
    RATE_LIMITED = "rate limited"
    """Not executed, and nothing will be for a while."""
    NOT_SENT = "not sent"


class Judgment(msgspec.Struct, frozen=True):
    verdict: Verdict
    code: int | None = None
    text: str = ""
    counts_as_failure: bool = False
    """The venue, not the request, was at fault."""
    is_bad_clock: bool = False
    is_bad_key: bool = False
    is_no_funds: bool = False
    is_too_many_orders: bool = False


_STATES_CHANGE = frozenset({Operation.PLACE, Operation.CANCEL, Operation.CANCEL_ALL})
# Given before a request reaches the venue's engine, so they need no error envelope to be believed.
_DOOR_STATUSES = frozenset({401, 403, 404, 405, 410, 411, 413, 414, 415, 431, 451})
_THROTTLE_STATUSES = frozenset({418, 429})


def judge(operation: Operation, answer: Answer) -> Judgment:
    """Say what `answer` proves about a request of this kind."""
    if isinstance(answer, Unwritten):
        return Judgment(Verdict.NOT_SENT, text=answer.reason)
    if isinstance(answer, Unanswered):
        return Judgment(Verdict.UNKNOWN, text=answer.reason, counts_as_failure=True)
    if 200 <= answer.status < 300 and answer.code is None:
        return Judgment(Verdict.ACCEPTED)
    if operation is Operation.CANCEL_ALL and (answer.code, answer.text) == NO_OPEN_ORDERS:
        return Judgment(Verdict.ACCEPTED, code=answer.code, text=answer.text)
    return _judge_error(operation, answer)


def _judge_error(operation: Operation, answer: Answered) -> Judgment:
    proof = None if answer.code is None else proof_of(answer.code, answer.text)
    text = answer.text or f"HTTP {answer.status}"
    if _proves_nothing(operation, answer, proof):
        return Judgment(Verdict.UNKNOWN, answer.code, text, counts_as_failure=True)
    if proof is Proof.TOO_MANY_ORDERS:
        return Judgment(Verdict.REJECTED, answer.code, text, counts_as_failure=True, is_too_many_orders=True)
    if proof is Proof.THROTTLED or answer.status in _THROTTLE_STATUSES:
        return Judgment(Verdict.RATE_LIMITED, answer.code, text, counts_as_failure=True)
    if proof is Proof.NOT_FOUND and operation is not Operation.PLACE:
        return Judgment(Verdict.NOT_FOUND, answer.code, text)
    return Judgment(
        Verdict.REJECTED,
        answer.code,
        text,
        counts_as_failure=proof is Proof.BUSY or answer.code is None,
        is_bad_clock=proof is Proof.BAD_CLOCK,
        is_bad_key=proof is Proof.BAD_KEY,
        is_no_funds=proof is Proof.NO_FUNDS,
    )


def _proves_nothing(operation: Operation, answer: Answered, proof: Proof | None) -> bool:
    status = answer.status
    if proof is Proof.NOTHING or status == 408:
        return True
    if proof is Proof.NOT_FOUND and operation is Operation.PLACE:  # not an answer to a new order
        return True
    if status >= 500 and (operation in _STATES_CHANGE or proof is None):
        return True
    if status < 400 or status == 409:  # a redirect, an error inside a success, half of a cancel-replace
        return True
    return answer.code is None and status not in _DOOR_STATUSES | _THROTTLE_STATUSES
