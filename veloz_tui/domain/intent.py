"""The proof that an order's intent is on disk: no transport takes an order without it.

Only the journal's writer mints it (a test looks for any other use of `_mint`).
"""

from typing import final

from veloz_tui.domain.types import ClientOrderId


@final
class DurableIntent:
    """A token of the journal: the OrderCreated of `client_order_id`, event number `seq`, is durable."""

    __slots__ = ("client_order_id", "seq")

    client_order_id: ClientOrderId
    seq: int

    def __init__(self) -> None:
        raise TypeError("a DurableIntent is minted by the journal only")

    @classmethod
    def _mint(cls, *, client_order_id: ClientOrderId, seq: int) -> "DurableIntent":
        token = object.__new__(cls)
        token.client_order_id = client_order_id
        token.seq = seq
        return token
