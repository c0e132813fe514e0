"""Binance Spot's error codes: what each proves about the request. A table, and nothing else.

Source: Binance spot API docs, "Error codes" (2026-07-21), and the notes on execution status in "REST API".
"""

from enum import Enum
from types import MappingProxyType

import msgspec


class Proof(Enum):
    """What a code says about the request that it answers."""

    NOTHING = "nothing"
    """The execution status is unknown."""
    REFUSED = "refused"
    NO_FUNDS = "no funds"
    NOT_FOUND = "not found"
    """No such order now: weak evidence, the venue may lag behind."""
    BAD_KEY = "bad key"
    BAD_CLOCK = "bad clock"
    """Outside recvWindow: never executed; our clock needs another look."""
    THROTTLED = "throttled"
    """Too much weight: the door is closed for a while."""
    TOO_MANY_ORDERS = "too many orders"
    """The order count is full; cancels still pass."""
    BUSY = "busy"
    """Not executed, the venue is overloaded or closing."""


class ErrorCode(msgspec.Struct, frozen=True):
    name: str
    proof: Proof


_R = Proof.REFUSED

CODES = MappingProxyType(
    {
        -1000: ErrorCode("UNKNOWN", Proof.NOTHING),
        -1001: ErrorCode("DISCONNECTED", Proof.NOTHING),  # definite on futures, not on spot
        -1002: ErrorCode("UNAUTHORIZED", Proof.BAD_KEY),
        -1003: ErrorCode("TOO_MANY_REQUESTS", Proof.THROTTLED),
        -1006: ErrorCode("UNEXPECTED_RESP", Proof.NOTHING),
        -1007: ErrorCode("TIMEOUT", Proof.NOTHING),
        -1008: ErrorCode("SERVER_BUSY", Proof.BUSY),
        -1010: ErrorCode("ERROR_MSG_RECEIVED", _R),
        -1013: ErrorCode("INVALID_MESSAGE", _R),
        -1014: ErrorCode("UNKNOWN_ORDER_COMPOSITION", _R),
        -1015: ErrorCode("TOO_MANY_ORDERS", Proof.TOO_MANY_ORDERS),
        -1016: ErrorCode("SERVICE_SHUTTING_DOWN", Proof.BUSY),
        -1020: ErrorCode("UNSUPPORTED_OPERATION", _R),
        -1021: ErrorCode("INVALID_TIMESTAMP", Proof.BAD_CLOCK),
        -1022: ErrorCode("INVALID_SIGNATURE", Proof.BAD_KEY),
        -1033: ErrorCode("COMP_ID_IN_USE", _R),
        -1034: ErrorCode("TOO_MANY_CONNECTIONS", Proof.THROTTLED),
        -1035: ErrorCode("LOGGED_OUT", Proof.BAD_KEY),
        -1100: ErrorCode("ILLEGAL_CHARS", _R),
        -1101: ErrorCode("TOO_MANY_PARAMETERS", _R),
        -1102: ErrorCode("MANDATORY_PARAM_EMPTY_OR_MALFORMED", _R),
        -1103: ErrorCode("UNKNOWN_PARAM", _R),
        -1104: ErrorCode("UNREAD_PARAMETERS", _R),
        -1105: ErrorCode("PARAM_EMPTY", _R),
        -1106: ErrorCode("PARAM_NOT_REQUIRED", _R),
        -1108: ErrorCode("PARAM_OVERFLOW", _R),
        -1111: ErrorCode("BAD_PRECISION", _R),
        -1112: ErrorCode("NO_DEPTH", _R),
        -1114: ErrorCode("TIF_NOT_REQUIRED", _R),
        -1115: ErrorCode("INVALID_TIF", _R),
        -1116: ErrorCode("INVALID_ORDER_TYPE", _R),
        -1117: ErrorCode("INVALID_SIDE", _R),
        -1121: ErrorCode("BAD_SYMBOL", _R),
        -1122: ErrorCode("INVALID_SYMBOLSTATUS", _R),
        -1127: ErrorCode("MORE_THAN_XX_HOURS", _R),
        -1128: ErrorCode("OPTIONAL_PARAMS_BAD_COMBO", _R),
        -1130: ErrorCode("INVALID_PARAMETER", _R),
        -1145: ErrorCode("INVALID_CANCEL_RESTRICTIONS", _R),
        -1194: ErrorCode("INVALID_TIME_UNIT", _R),
        -1220: ErrorCode("SYMBOL_DOES_NOT_MATCH_STATUS", _R),
        -2010: ErrorCode("NEW_ORDER_REJECTED", _R),
        -2011: ErrorCode("CANCEL_REJECTED", Proof.NOT_FOUND),
        -2013: ErrorCode("NO_SUCH_ORDER", Proof.NOT_FOUND),
        -2014: ErrorCode("BAD_API_KEY_FMT", Proof.BAD_KEY),
        -2015: ErrorCode("REJECTED_MBX_KEY", Proof.BAD_KEY),
        -2016: ErrorCode("NO_TRADING_WINDOW", _R),
        -2026: ErrorCode("ORDER_ARCHIVED", Proof.NOTHING),  # it existed; the venue won't say how it ended
        -2035: ErrorCode("SUBSCRIPTION_ACTIVE", _R),
        -2036: ErrorCode("SUBSCRIPTION_INACTIVE", _R),
        -2039: ErrorCode("CLIENT_ORDER_ID_INVALID", Proof.NOT_FOUND),
        -2042: ErrorCode("SUBSCRIPTION_IDS_EXHAUSTED", _R),
    }
)

# One code, several meanings: these texts decide.
MESSAGES = MappingProxyType(
    {
        (-2010, "Account has insufficient balance for requested action."): Proof.NO_FUNDS,
        # Our ids never repeat, so the order that is already there is this one.
        (-2010, "Duplicate order sent."): Proof.NOTHING,
        (-2011, "Order was not canceled due to cancel restrictions."): Proof.REFUSED,
    }
)

REMEDIES = MappingProxyType(
    {
        (-2010, "Order would immediately match and take."): "Price it away from the market, or drop post",
        (-2010, "Account has insufficient balance for requested action."): "Lower qty, or free some balance",
        (-2010, "Order would trigger immediately."): "Put the stop on the other side of the market",
        (-2010, "Market is closed."): "Wait until it opens",
        (
            -2010,
            "This symbol is not permitted for this account.",
        ): "See its permissions at the venue",
        (-2010, "This action is disabled on this account."): "See its state at the venue",
    }
)
"""What an operator can do about a refusal."""

NO_OPEN_ORDERS = (-2011, "Unknown order sent.")
"""The answer to cancel-all on a symbol without open orders."""


def proof_of(code: int, text: str) -> Proof | None:
    """What this code and text prove; None for a code that isn't in the table."""
    special = MESSAGES.get((code, text))
    if special is not None:
        return special
    known = CODES.get(code)
    return None if known is None else known.proof
