"""The comparison with foreign clients, where their environments were made; nothing is downloaded here."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from tests.clients import terms
from tests.clients.desk import KEY_TYPES
from tests.clients.environments import CLIENTS, MAKE_COMMAND, is_made
from tests.clients.run_checks import run_checks
from tests.clients.table import Table

ORDER = terms.Order(client_id="a", status="OPEN", quantity=Decimal("0.10"), filled=Decimal(0))


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("key_type", KEY_TYPES)
@pytest.mark.parametrize("client", CLIENTS)
async def test_an_unmodified_client_sees_what_the_venue_and_our_adapter_see(
    client: str, key_type: str
) -> None:
    if not is_made(client):
        pytest.skip(f"no environment for {client} (make it with: {MAKE_COMMAND})")
    table = await run_checks(client, key_type, title=f"{client}, {key_type} key")
    assert not table.failures, table.text()
    assert len(table.rows) > 150


def test_equal_amounts_are_equal_however_they_are_written() -> None:
    assert terms.differences(msgspec.structs.replace(ORDER, quantity=Decimal("0.1")), ORDER) == []


@pytest.mark.parametrize("change", [{"status": "FILLED"}, {"filled": Decimal("0.01")}, {"client_id": None}])
def test_each_different_field_is_named(change: dict[str, object]) -> None:
    found = msgspec.structs.replace(ORDER, **change)
    (difference,) = terms.differences(found, ORDER)
    assert difference.startswith(f"{next(iter(change))}: ")


def test_an_untold_field_may_be_absent_but_not_wrong() -> None:
    untold = frozenset({"status"})
    assert terms.differences(msgspec.structs.replace(ORDER, status=None), ORDER, untold=untold) == []
    assert terms.differences(msgspec.structs.replace(ORDER, status="FILLED"), ORDER, untold=untold)


def test_things_of_different_kinds_differ() -> None:
    assert terms.differences(terms.Book(1, [], []), ORDER)


def test_a_table_shows_the_whole_of_a_difference() -> None:
    table = Table("title")
    table.equal("same", 1, 1)
    table.equal("long", "x" * 100, "y" * 100)
    assert [row.check for row in table.failures] == ["long"]
    assert "x" * 100 in table.text()
    assert table.text().endswith("2 checks, 1 differ")
