"""The account pane: every asset, what of it is free and worth; then each venue, and what today cost."""

from decimal import Decimal
from typing import Final

from veloz_tui.domain.types import ZERO
from veloz_tui.domain.views import AccountView, AssetView, View
from veloz_tui.tui import fmt, texts
from veloz_tui.tui.grid import GridRow, PaneContent
from veloz_tui.tui.names import Names
from veloz_tui.tui.panes import rows
from veloz_tui.tui.table import Column, Row
from veloz_tui.tui.wrapping import wrapped_lines

_MAX_DECIMALS: Final = 8
_COLUMNS: Final = (
    Column("ven", priority=5),
    Column("asset", priority=0, max_width=10),
    Column("total", is_number=True, priority=0),
    Column("free", is_number=True, priority=1),
    Column("locked", is_number=True, priority=4),
    Column("value", is_number=True, priority=2),
    Column("%eq", is_number=True, priority=3),
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
    shown = rows.content(
        "account",
        _COLUMNS,
        [_row(asset, names) for asset in account.assets],
        width=width,
        title=f"Account  {fmt.number(account.equity, 2)} {fmt.clean(account.quote)}",
        note=(fees, "base"),
    )
    more = [
        GridRow("", ((f" {part}", "muted"),))
        for text in _more(account, names)
        for part in wrapped_lines(text, max(10, width - 2), 2)
    ]
    return PaneContent(shown.title, shown.note, shown.header, (*shown.rows, *more))


def extra_lines(account: AccountView) -> int:
    """Lines below the assets."""
    return len(account.venues) + 1


def _more(account: AccountView, names: Names) -> list[str]:
    lines = [
        texts.account.venue(
            names.code(each.venue), equity=fmt.number(each.equity, 2), free=fmt.number(each.free, 2)
        )
        for each in account.venues
    ]
    today = texts.account.today(
        fees=fmt.number(account.day_fees, 2), turnover=fmt.number(account.day_turnover, 2)
    )
    return [*lines, today]


def places(asset: AssetView) -> int:
    """Decimals of an asset's amounts: two for the reporting currency, for others as many as they have."""
    if asset.value is not None and asset.value == asset.total:
        return 2
    amounts = (asset.total, asset.free, asset.locked)
    return min(_MAX_DECIMALS, max(fmt.decimals_of(each) if each else 0 for each in amounts))


def _row(asset: AssetView, names: Names) -> Row:
    amounts = [fmt.quantity(amount, places(asset)) for amount in (asset.total, asset.free, asset.locked)]
    part = None if asset.equity_fraction is None else asset.equity_fraction * Decimal(100)
    return Row(
        f"{asset.venue}/{asset.asset}",
        (
            (names.code(asset.venue), "muted"),
            (fmt.clean(asset.asset), "base"),
            (amounts[0], "base"),
            (amounts[1], "base"),
            (amounts[2], "muted" if asset.locked == ZERO else "base"),
            (fmt.number(asset.value, 2), "base"),
            (fmt.percent(part), "muted"),
        ),
    )
