"""The account pane: every asset, what of it is free, and what it is worth."""

from typing import Final

from veloz_tui.domain.views import AssetView, View
from veloz_tui.tui import fmt
from veloz_tui.tui.grid import PaneContent
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Column, Row

_MAX_DECIMALS: Final = 8
_COLUMNS: Final = (
    Column("ven", priority=4),
    Column("asset", priority=0, max_width=10),
    Column("total", is_number=True, priority=0),
    Column("free", is_number=True, priority=1),
    Column("locked", is_number=True, priority=3),
    Column("value", is_number=True, priority=2),
)


def content(view: View, *, width: int, names: Names) -> PaneContent:
    """The pane; its title has equity, its note the fees."""
    account = view.account
    fees = ""
    if account.maker_fee is not None or account.taker_fee is not None:
        pair = [
            fmt.basis_points(None if fee is None else fee * 10_000)
            for fee in (account.maker_fee, account.taker_fee)
        ]
        fees = f"fee {pair[0]}/{pair[1]}bp"
    return rows.content(
        "account",
        _COLUMNS,
        [_row(asset, names) for asset in account.assets],
        width=width,
        title=f"Account  {fmt.number(account.equity, 2)} {fmt.clean(account.quote)}",
        note=(fees, "base"),
    )


def _row(asset: AssetView, names: Names) -> Row:
    places = 2 if asset.value is not None and asset.value == asset.total else _MAX_DECIMALS
    amounts = [fmt.quantity(amount, places) for amount in (asset.total, asset.free, asset.locked)]
    return Row(
        f"{asset.venue}/{asset.asset}",
        (
            (names.code(asset.venue), "muted"),
            (fmt.clean(asset.asset), "base"),
            (amounts[0], "base"),
            (amounts[1], "base"),
            (amounts[2], "muted"),
            (fmt.number(asset.value, 2), "base"),
        ),
    )
