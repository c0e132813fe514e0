"""Frames of a strategy: few at a time, within its share of the engine, none lost and none reordered."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest

from veloz_tui.domain.intents import CancelIntent, QuoteIntent
from veloz_tui.domain.types import InstrumentId, Nanos
from veloz_tui.runtime.host_inbox import CREDIT_S, FLOOD_WINDOW_S, MAX_WAITING, SHARE, STRETCH_S, Inbox
from veloz_tui.runtime.host_intents import AT_ONCE, parts, without_outdated
from veloz_tui.strategy.wire import Frame, WireError


class Engine:
    """Takes each frame in two steps, each of `cost_s` on a clock that only it moves."""

    def __init__(self, cost_s: float = 0.0) -> None:
        self.now = 0.0
        self.cost_s = cost_s
        self.taken: list[int] = []
        self.said: list[str] = []
        self.inbox = Inbox(
            self.handle,
            on_error=lambda error: self.said.append(str(error)),
            on_flood=lambda share: self.said.append(f"flood {share:.1f}"),
            on_full=lambda: self.said.append("full"),
            on_empty=lambda: self.said.append("empty"),
            clock=lambda: self.now,
        )

    def handle(self, frame: Frame) -> Iterator[None]:
        self.now += self.cost_s
        yield
        if frame.seq < 0:
            raise WireError("what can't be")
        self.now += self.cost_s
        self.taken.append(frame.seq)

    def put(self, *numbers: int) -> None:
        self.inbox.put([Frame(1, number, Nanos(0), b"") for number in numbers])


async def test_what_costs_little_is_taken_at_once() -> None:
    engine = Engine()
    engine.put(1, 2, 3)
    assert engine.taken == [1, 2, 3]
    assert not engine.inbox.is_behind


async def test_others_have_their_turn_after_each_stretch() -> None:
    engine = Engine(cost_s=STRETCH_S)
    engine.put(1, 2, 3)
    seen = []
    while engine.inbox.is_behind:
        seen.append(list(engine.taken))
        await asyncio.sleep(0)
    assert seen[0] == []
    assert engine.taken == [1, 2, 3]
    assert len(seen) >= 5


async def test_what_comes_while_others_wait_stays_behind_them() -> None:
    engine = Engine(cost_s=STRETCH_S)
    engine.put(1, 2)
    engine.put(3)
    while engine.inbox.is_behind:
        await asyncio.sleep(0)
    assert engine.taken == [1, 2, 3]


async def test_more_than_its_share_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(cost_s=CREDIT_S)
    waits: list[float] = []
    loop = asyncio.get_running_loop()
    real = loop.call_later

    def call_later(delay: float, *call: object) -> object:
        waits.append(delay)
        engine.now += delay
        return real(0, *call)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_later", call_later)
    engine.put(1, 2, 3, 4)
    async with asyncio.timeout(5):
        while engine.inbox.is_behind:
            await asyncio.sleep(0)
    assert engine.taken == [1, 2, 3, 4]
    assert sum(waits) == pytest.approx((8 - 2) * CREDIT_S / SHARE)


async def test_one_that_wants_more_all_the_time_is_a_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(cost_s=0.01)
    loop = asyncio.get_running_loop()
    real = loop.call_later

    def call_later(delay: float, *call: object) -> object:
        engine.now += delay
        return real(0, *call)  # type: ignore[arg-type]

    monkeypatch.setattr(loop, "call_later", call_later)
    engine.put(*range(60))
    async with asyncio.timeout(5):
        while not engine.said:
            await asyncio.sleep(0)
    assert engine.said[0].startswith("flood 0.9")
    assert FLOOD_WINDOW_S <= engine.now < FLOOD_WINDOW_S + 1


async def test_too_many_that_wait_are_not_read_from_the_socket() -> None:
    engine = Engine(cost_s=STRETCH_S)
    engine.put(*range(MAX_WAITING + 10))
    assert engine.said == ["full"]
    engine.inbox.finish()
    engine.put(1000)
    while engine.inbox.is_behind:
        await asyncio.sleep(0)
    assert engine.said == ["full", "empty"]
    assert engine.taken == [*range(MAX_WAITING + 10), 1000]


async def test_the_last_words_of_one_that_ended_wait_for_nothing() -> None:
    engine = Engine(cost_s=CREDIT_S)
    engine.put(1, 2, 3)
    assert engine.inbox.is_behind
    engine.inbox.finish()
    assert engine.taken == [1, 2, 3]
    assert not engine.inbox.is_behind


@pytest.mark.parametrize("is_last", [False, True])
async def test_a_frame_that_cannot_be_ends_it(is_last: bool) -> None:
    engine = Engine()
    engine.put(-1, *(() if is_last else (1,)))
    assert engine.said == ["what can't be"]
    assert engine.taken == []
    assert not engine.inbox.is_behind


def quote(instrument: str, bid: int) -> QuoteIntent:
    return QuoteIntent(InstrumentId(instrument), Decimal(bid), None, Decimal(1))


def test_of_several_quotes_on_one_instrument_the_last_counts_and_the_rest_keep_their_order() -> None:
    cancel = CancelIntent(ref=1)
    wanted = (quote("A", 1), quote("B", 1), cancel, quote("A", 2))
    assert without_outdated(wanted) == (quote("B", 1), cancel, quote("A", 2))
    assert without_outdated((cancel, quote("A", 1))) == (cancel, quote("A", 1))


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, AT_ONCE + 1, 5 * AT_ONCE])
def test_intents_are_cut_into_portions_in_order(count: int) -> None:
    intents = tuple(CancelIntent(ref=number) for number in range(1, count + 1))
    cut = list(parts(intents))
    assert sum(cut, ()) == intents
    assert all(len(part) <= AT_ONCE for part in cut)
    assert len(cut) >= 1
