"""The outcome policy, cell by cell: what each answer proves about each kind of request."""

import itertools

import pytest

from veloz_tui.venues.binance.errors import CODES, Proof, proof_of
from veloz_tui.venues.binance.policy import (
    Answered,
    Operation,
    Unanswered,
    Unwritten,
    Verdict,
    judge,
)

PLACE, CANCEL, CANCEL_ALL, QUERY = Operation
CHANGES = (PLACE, CANCEL, CANCEL_ALL)
A, R, N, U, L = (
    Verdict.ACCEPTED,
    Verdict.REJECTED,
    Verdict.NOT_FOUND,
    Verdict.UNKNOWN,
    Verdict.RATE_LIMITED,
)
DUPLICATE = "Duplicate order sent."
UNKNOWN_ORDER = "Unknown order sent."

# (HTTP status, code, text): what it proves about place, cancel, cancel-all, query
TABLE: list[tuple[int, int | None, str, tuple[Verdict, Verdict, Verdict, Verdict]]] = [
    (200, None, "", (A, A, A, A)),
    (301, None, "", (U, U, U, U)),
    (400, None, "", (U, U, U, U)),  # not the venue's envelope: some proxy's page
    (400, -1000, "An unknown error occurred", (U, U, U, U)),
    (400, -1001, "Internal error", (U, U, U, U)),
    (400, -1006, "Execution status unknown.", (U, U, U, U)),
    (400, -1007, "Send status unknown", (U, U, U, U)),
    (408, None, "", (U, U, U, U)),
    (408, -1007, "Timeout", (U, U, U, U)),
    (409, -2021, "Order cancel-replace partially failed.", (U, U, U, U)),
    (500, None, "", (U, U, U, U)),
    (502, None, "", (U, U, U, U)),
    (503, -1008, "Server is currently overloaded", (U, U, U, R)),
    (504, -1007, "Timeout", (U, U, U, U)),
    (500, -2010, "Account has insufficient balance for requested action.", (U, U, U, R)),
    (500, -2011, "Order is elsewhere", (U, U, U, N)),
    (400, -1008, "Server is currently overloaded", (R, R, R, R)),
    (400, -1013, "Filter failure: PRICE_FILTER", (R, R, R, R)),
    (400, -1021, "Timestamp for this request is outside of the recvWindow.", (R, R, R, R)),
    (400, -1022, "Signature for this request is not valid.", (R, R, R, R)),
    (400, -1102, "Mandatory parameter", (R, R, R, R)),
    (400, -1111, "Parameter 'price' has too much precision.", (R, R, R, R)),
    (400, -2010, "Account has insufficient balance for requested action.", (R, R, R, R)),
    (400, -2010, "Order would immediately match and take.", (R, R, R, R)),
    (400, -2010, DUPLICATE, (U, U, U, U)),  # it proves that the first one lives
    (400, -2011, UNKNOWN_ORDER, (U, N, A, N)),
    (400, -2011, "Order was not canceled due to cancel restrictions.", (R, R, R, R)),
    (400, -2013, "Order does not exist.", (U, N, N, N)),
    (400, -2026, "Order was canceled or expired with no executed qty over 90 days ago.", (U, U, U, U)),
    (400, -9999, "Something new", (R, R, R, R)),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", (R, R, R, R)),
    (401, None, "", (R, R, R, R)),
    (403, None, "", (R, R, R, R)),
    (410, None, "", (R, R, R, R)),
    (451, None, "", (R, R, R, R)),
    (418, -1003, "Way too much request weight used; IP banned until 1790000400000.", (L, L, L, L)),
    (429, -1003, "Too much request weight used", (L, L, L, L)),
    (429, None, "", (L, L, L, L)),
    (429, -1015, "Too many new orders; current limit is 100 orders per 10 SECOND.", (R, R, R, R)),
]


@pytest.mark.parametrize(("status", "code", "text", "expected"), TABLE)
def test_each_answer_proves_what_the_table_says(
    status: int, code: int | None, text: str, expected: tuple[Verdict, ...]
) -> None:
    answer = Answered(status, b"{}", code, text)
    assert tuple(judge(operation, answer).verdict for operation in Operation) == expected


@pytest.mark.parametrize("operation", Operation)
def test_nothing_written_is_not_sent(operation: Operation) -> None:
    assert judge(operation, Unwritten("no connection")).verdict is Verdict.NOT_SENT


@pytest.mark.parametrize("operation", Operation)
def test_no_answer_is_unknown_and_counts_against_the_venue(operation: Operation) -> None:
    judgment = judge(operation, Unanswered("timeout"))
    assert judgment.verdict is Verdict.UNKNOWN
    assert judgment.counts_as_failure


@pytest.mark.parametrize(("operation", "status"), list(itertools.product(CHANGES, range(500, 600))))
def test_no_server_error_ever_settles_a_change(operation: Operation, status: int) -> None:
    codes = [None, *CODES, -9999]
    verdicts = {judge(operation, Answered(status, b"", code, "x")).verdict for code in codes}
    assert verdicts == {Verdict.UNKNOWN}


@pytest.mark.parametrize("status", range(100, 600))
def test_only_a_definite_answer_rejects_an_order(status: int) -> None:
    """Whatever the status, a code that proves nothing leaves the order in doubt."""
    for code in (code for code, known in CODES.items() if known.proof is Proof.NOTHING):
        assert judge(PLACE, Answered(status, b"", code, "x")).verdict is Verdict.UNKNOWN


def test_every_code_has_a_verdict_for_every_operation() -> None:
    for operation, code in itertools.product(Operation, CODES):
        judgment = judge(operation, Answered(400, b"", code, "x"))
        assert judgment.code in (code, None)
        assert judgment.verdict in Verdict


def test_a_refused_clock_a_bad_key_and_missing_funds_are_told_apart() -> None:
    assert judge(PLACE, Answered(400, b"", -1021, "x")).is_bad_clock
    assert judge(PLACE, Answered(401, b"", -2015, "x")).is_bad_key
    funds = "Account has insufficient balance for requested action."
    assert judge(PLACE, Answered(400, b"", -2010, funds)).is_no_funds
    assert judge(PLACE, Answered(429, b"", -1015, "x")).is_too_many_orders


def test_a_refusal_of_the_order_itself_does_not_count_against_the_venue() -> None:
    assert not judge(PLACE, Answered(400, b"", -1013, "Filter failure: LOT_SIZE")).counts_as_failure
    assert judge(PLACE, Answered(400, b"", -1008, "overloaded")).counts_as_failure


def test_an_unlisted_code_has_no_proof() -> None:
    assert proof_of(-9999, "x") is None
