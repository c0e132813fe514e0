"""All checks of one client with one type of key."""

from __future__ import annotations

from collections.abc import Awaitable

from tests.clients.account_checks import (
    check_keys,
    check_refusals,
    check_shared_account,
    check_stream_opening,
)
from tests.clients.desk import desk
from tests.clients.market_checks import check_market
from tests.clients.order_checks import check_orders
from tests.clients.peer import Refused
from tests.clients.table import Table


async def run_checks(client: str, key_type: str, *, title: str) -> Table:
    """A part that ends early is a failed check; the others go on."""
    table = Table(title)
    async with desk(client, key_type, table) as found:
        await _part(table, "market", check_market(found))
        await found.peer.tell("follow_user")
        for wire in ("rest", "ws"):
            await _part(table, f"orders over {wire}", check_orders(found, wire=wire))
        await _part(table, "shared account", check_shared_account(found))
        await _part(table, "refusals", check_refusals(found))
        await _part(table, "keys", check_keys(found))
        await _part(table, "stream opening", check_stream_opening(found))
    return table


async def _part(table: Table, name: str, checks: Awaitable[None]) -> None:
    try:
        await checks
    except Refused as refused:
        table.add(f"{name}: went to its end", refused, "all checks", is_ok=False)
