"""The orders of the canned venue: what is answered, what the user stream says, and which ones rest.

Immediate-or-cancel orders are new, find nothing and expire at once. All others rest until they are canceled.
"""

import re
import time
from collections.abc import Iterable

import msgspec

QUANTITY = re.compile(rb'quantity"?[:=]"?([0-9.]+)')
_CLIENT_ID = re.compile(rb'newClientOrderId"?[:=]"?([A-Za-z0-9_-]+)')
_CANCELED_ID = re.compile(rb'origClientOrderId"?[:=]"?([A-Za-z0-9_-]+)')
_NUMBER = re.compile(rb'orderId"?[:=]"?([0-9]+)')
_PRICE = re.compile(rb'price"?[:=]"?([0-9.]+)')
_SIDE = re.compile(rb'side"?[:=]"?([A-Za-z]+)')


class CannedOrder(msgspec.Struct, frozen=True):
    number: int
    client_id: str
    side: str
    price: str
    quantity: str
    time_in_force: str

    def answer(self, status: str, *, canceled_by: str = "") -> bytes:
        """The order as an answer to placing, canceling or asking; a cancel's has its own client id."""
        own = {"clientOrderId": canceled_by, "origClientOrderId": self.client_id}
        now = time.time_ns() // 1_000_000
        return msgspec.json.encode({
            "symbol": "BTCUSDT", "orderId": self.number, "orderListId": -1,
            **(own if canceled_by else {"clientOrderId": self.client_id}),
            "transactTime": now, "time": now, "updateTime": now,
            "price": self.price, "origQty": self.quantity, "executedQty": "0", "cummulativeQuoteQty": "0",
            "stopPrice": "0", "status": status, "timeInForce": self.time_in_force, "type": "LIMIT",
            "side": self.side, "fills": [],
        })  # fmt: skip

    def event(self, status: str, *, canceled_by: str = "") -> bytes:
        """The execution report that says the same."""
        now = time.time_ns() // 1_000_000
        return msgspec.json.encode({
            "e": "executionReport", "E": now, "s": "BTCUSDT", "c": canceled_by or self.client_id,
            "S": self.side, "o": "LIMIT", "f": self.time_in_force, "q": self.quantity, "p": self.price,
            "P": "0", "F": "0", "g": -1, "C": self.client_id if canceled_by else "", "x": status,
            "X": status, "r": "NONE", "i": self.number, "l": "0", "z": "0", "L": "0", "n": "0", "N": None,
            "T": now, "t": -1, "I": self.number, "w": status == "NEW", "m": False, "M": False,
            "O": now, "Z": "0", "Y": "0", "Q": "0", "V": "NONE",
        })  # fmt: skip


class CannedOrders:
    """`canceled_at`: monotonic nanoseconds of each order's first cancel request, by client id."""

    def __init__(self) -> None:
        self.resting: dict[int, CannedOrder] = {}
        self.canceled_at: dict[str, int] = {}
        self._numbers = iter(range(1, 1 << 62))

    def place(self, raw: bytes) -> tuple[bytes, tuple[bytes, ...]]:
        """Its answer, and what the user stream says of it."""
        order = _order(raw, next(self._numbers))
        if order.time_in_force == "IOC":
            return order.answer("EXPIRED"), (order.event("NEW"), order.event("EXPIRED"))
        self.resting[order.number] = order
        return order.answer("NEW"), (order.event("NEW"),)

    def cancel(self, raw: bytes, at: int) -> tuple[bytes, tuple[bytes, ...]] | None:
        """None: there is no such order."""
        order = self._find(raw)
        if order is None:
            return None
        del self.resting[order.number]
        self.canceled_at.setdefault(order.client_id, at)
        name = _text(_CLIENT_ID, raw, f"cancel-{order.number}")
        return order.answer("CANCELED", canceled_by=name), (order.event("CANCELED", canceled_by=name),)

    def listed(self) -> bytes:
        return b"[" + b",".join(order.answer("NEW") for order in self.resting.values()) + b"]"

    def _find(self, raw: bytes) -> CannedOrder | None:
        number = _NUMBER.search(raw)
        if number is not None:
            return self.resting.get(int(number[1]))
        return _by_client_id(self.resting.values(), _text(_CANCELED_ID, raw, ""))


def _by_client_id(orders: Iterable[CannedOrder], client_id: str) -> CannedOrder | None:
    return next((order for order in orders if order.client_id == client_id), None)


def _order(raw: bytes, number: int) -> CannedOrder:
    return CannedOrder(
        number=number,
        client_id=_text(_CLIENT_ID, raw, f"order-{number}"),
        side=_text(_SIDE, raw, "BUY").upper(),
        price=_text(_PRICE, raw, "1"),
        quantity=_text(QUANTITY, raw, "1"),
        time_in_force="IOC" if b"IOC" in raw else "GTC",
    )


def _text(pattern: "re.Pattern[bytes]", raw: bytes, otherwise: str) -> str:
    found = pattern.search(raw)
    return otherwise if found is None else found[1].decode()
