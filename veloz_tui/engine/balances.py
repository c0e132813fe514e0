"""Balances: what a venue says we hold. Of two words on one asset the newer one counts.

An answer can be overtaken by the stream, and a streamed balance can wait behind a reconciliation; so each
asset remembers how new what we hold of it is. The venue's own time decides; where that says nothing, an
answer is as old as its question.
"""

from veloz_tui.domain.events import BalanceChanged
from veloz_tui.domain.reports import Balance, BalancesReported
from veloz_tui.domain.types import ZERO
from veloz_tui.engine.live import BalanceWord
from veloz_tui.engine.turn import Turn


def on_balances(turn: Turn, report: BalancesReported) -> None:
    """Take in what is news and not overtaken; a complete report says zero of what it doesn't name."""
    if turn.live.venues[report.venue].is_swapped:
        return
    for balance in report.balances:
        _take(turn, report, balance)
    if report.is_complete:
        named = {balance.asset for balance in report.balances}
        for asset in list(turn.state.balances.get(report.venue, {})):
            if asset not in named:
                _take(turn, report, Balance(asset, ZERO, ZERO))


def _take(turn: Turn, report: BalancesReported, balance: Balance) -> None:
    words = turn.live.venues[report.venue].balance_words
    word = words.get(balance.asset)
    if word is not None and not _is_newer(report, word):
        return
    times = (report.venue_at, word.venue_at if word is not None else None)
    words[balance.asset] = BalanceWord(
        venue_at=max((at for at in times if at is not None), default=None),
        heard_at=turn.now if report.requested_at is None else report.requested_at,
    )
    if turn.state.balances.get(report.venue, {}).get(balance.asset) != balance:
        turn.emit(BalanceChanged(turn.now, report.venue, balance.asset, balance.free, balance.locked))


def _is_newer(report: BalancesReported, word: BalanceWord) -> bool:
    """Two changes within one millisecond have one time; the stream tells them in their order."""
    if report.venue_at is not None and word.venue_at is not None and report.venue_at != word.venue_at:
        return report.venue_at > word.venue_at
    return report.requested_at is None or report.requested_at >= word.heard_at
