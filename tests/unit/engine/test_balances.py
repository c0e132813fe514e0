"""Balances: of two words on one asset the newer one counts, whichever of stream and answer comes last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.engine.factories import T0, VENUE, Core, D
from veloz_tui.domain import reports as r
from veloz_tui.domain.events import BalanceChanged
from veloz_tui.domain.types import SECOND, Asset, Nanos

BTC, USDT = Asset("BTC"), Asset("USDT")


def at(seconds: float) -> Nanos:
    return Nanos(T0 + int(seconds * SECOND))


def streamed(free: str, venue_at: Nanos | None, *, asset: Asset = BTC) -> r.BalancesReported:
    return r.BalancesReported(VENUE, (r.Balance(asset, D(free), D(0)),), is_complete=False, venue_at=venue_at)


def answered(
    free: str, venue_at: Nanos | None, *, requested_at: Nanos, complete: bool = True
) -> r.BalancesReported:
    held = (r.Balance(BTC, D(free), D(0)),)
    return r.BalancesReported(VENUE, held, is_complete=complete, venue_at=venue_at, requested_at=requested_at)


def free(core: Core, asset: Asset = BTC) -> str:
    return str(core.state.balances[VENUE][asset].free)


def test_an_answer_older_than_a_streamed_balance_does_not_overwrite_it() -> None:
    core = Core()
    core.later(s=5)
    asked_at = core.now
    core.later(s=1)
    core.send(streamed("3", at(6)))
    core.send(answered("7", at(2), requested_at=asked_at, complete=False))
    assert free(core) == "3"
    assert not core.said(BalanceChanged)


def test_an_answer_newer_than_a_streamed_balance_counts() -> None:
    core = Core()
    core.send(streamed("3", at(6)))
    core.later(s=9)
    core.send(answered("7", at(8), requested_at=core.now))
    assert free(core) == "7"


def test_a_streamed_balance_that_waited_in_the_buffer_does_not_overwrite_a_newer_answer() -> None:
    core = Core()
    core.later(s=9)
    core.send(answered("7", at(8), requested_at=core.now))
    core.send(streamed("3", at(6)))
    assert free(core) == "7"


def test_each_asset_is_judged_by_itself() -> None:
    core = Core()
    core.later(s=3)
    asked_at = core.now
    core.send(streamed("500", at(6), asset=USDT))
    core.send(answered("7", at(4), requested_at=asked_at))
    assert (free(core), free(core, USDT)) == ("7", "500")


@pytest.mark.parametrize("venue_at", [None, at(6)])
def test_without_a_later_time_an_answer_asked_for_before_the_streamed_balance_came_is_the_older(
    venue_at: Nanos | None,
) -> None:
    core = Core()
    core.later(s=5)
    asked_at = core.now
    core.later(s=1)
    core.send(streamed("3", at(6)))
    core.later(s=1)
    core.send(answered("7", venue_at, requested_at=asked_at))
    assert free(core) == "3"
    core.send(answered("8", venue_at, requested_at=core.now))
    assert free(core) == "8"


def test_what_an_older_answer_does_not_name_is_kept() -> None:
    core = Core()
    core.later(s=5)
    asked_at = core.now
    core.later(s=1)
    core.send(streamed("40", at(6), asset=USDT))
    core.send(answered("1", at(2), requested_at=asked_at))
    assert free(core, USDT) == "40"


def test_a_time_that_was_known_counts_though_an_answer_without_one_came_between() -> None:
    core = Core()
    core.send(streamed("3", at(6)))
    core.later(s=7)
    core.send(answered("4", None, requested_at=core.now))
    core.send(streamed("2", at(5)))
    assert free(core) == "4"


@given(st.permutations(range(6)), st.lists(st.booleans(), min_size=6, max_size=6))
def test_whatever_the_order_of_arrival_the_newest_word_stands_at_the_end(
    order: list[int], are_answers: list[bool]
) -> None:
    core = Core()
    for number in order:
        word = at(number + 1)
        if are_answers[number]:
            core.send(answered(str(number), word, requested_at=core.now))
        else:
            core.send(streamed(str(number), word))
    assert free(core) == "5"
