"""Answers why and what was sent: from the engine's state, the journal and what the adapters recorded.

The journal is read, and messages are put into words, in a thread, by a connection of its own and in bounded
slices: the event loop never waits for it. One thread, and its own: the kill flag and the journal's anchor are
written by the loop's threads, and must not wait for the curious.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from veloz_tui.domain.events import Recorded
from veloz_tui.domain.queries import About, AskWhy, AskWire, Chain, NotKnown, Told
from veloz_tui.domain.types import MANUAL, ClientOrderId, Nanos
from veloz_tui.engine.core import Engine
from veloz_tui.engine.state import AlertRecord
from veloz_tui.engine.why.alert_chain import alert_chain, event_chain
from veloz_tui.engine.why.evidence import Evidence
from veloz_tui.engine.why.order_chain import order_chain
from veloz_tui.journal.reader import JournalReader
from veloz_tui.runtime.wire_view import WireView

MOST_EVENTS: Final = 400
"""Of one order; more than that only a very patient one has."""
MOST_TURNS: Final = 40
BEFORE: Final = 30
AFTER: Final = 30
"""Events looked at around one of an order's: a turn, and the balances that follow a fill."""
MOST_CHOICES: Final = 8
SHORTEST: Final = 2
EVENT: Final = "event:"
"""Before the number of an event."""
T = TypeVar("T")


class WhyDesk:
    """One engine's. `undurable` are the events that the journal doesn't have yet."""

    def __init__(
        self,
        engine: Engine,
        journal: Path,
        wire: WireView,
        *,
        now: Callable[[], Nanos],
        undurable: Callable[[], Sequence[Recorded]],
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._wire = wire
        self._now = now
        self._undurable = undurable
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="why")

    def close(self) -> None:
        """Answer nobody any more; what is being read is read to its end."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def answer(self, query: AskWhy | AskWire) -> Told:
        """Answer one question. JournalError if the journal can't be read."""
        if isinstance(query, AskWire):
            chosen, now = self._wire.chosen(query), self._now()
            return await self._aside(lambda: self._wire.log(chosen, now=now))
        match query.about:
            case About.ORDER:
                return await self._order(query.subject)
            case About.ALERT:
                return await self._alert(query.subject)
            case About.EVENT:
                return await self._event(query.subject)

    # --- orders ---

    async def _order(self, subject: str) -> Told:
        word = subject.strip()
        if word in self._engine.state.alerts:
            return await self._alert(word)
        if word.startswith(EVENT):
            return await self._event(word.removeprefix(EVENT))
        if not word:
            return await self._latest()
        if len(word) < SHORTEST:
            return NotKnown("which order? Write the end of its id, as in: why 7F3K")
        found = await self._resolve(word)
        if len(found) == 1:
            return await self._chain(found[0])
        if not found:
            return NotKnown(
                f"no order ends with {word}: not in memory, and not in the journal. Ids: veloz orders, g o"
            )
        choices = tuple(found[:MOST_CHOICES])
        return NotKnown(
            f"{word} ends {len(found)} or more ids; write more of it: {', '.join(choices)}", choices
        )

    async def _latest(self) -> Told:
        """The operator's newest order, a denied one too."""
        orders = reversed(self._engine.state.orders.values())
        newest = next((order for order in orders if order.strategy_id == MANUAL), None)
        if newest is None:
            return NotKnown("no order of yours is known yet: buy or sell something, or write an id")
        return await self._chain(newest.client_order_id)

    async def _resolve(self, word: str) -> list[str]:
        state = self._engine.state
        if word in state.orders:
            return [word]
        wanted = word.upper()
        known = [str(i) for i in state.orders if i.upper().endswith(wanted)]
        return known or await self._aside(lambda: _ending(self._journal, word))

    async def _chain(self, client_order_id: str) -> Told:
        late = self._undurable()
        own, around = await self._aside(lambda: _story(self._journal, client_order_id, late))
        if not own:
            return NotKnown(f"nothing is known of {client_order_id}: it is in no journal of this profile")
        return order_chain(await self._evidence(ClientOrderId(client_order_id), own, around))

    async def _evidence(
        self, client_order_id: ClientOrderId, own: Sequence[Recorded], around: Sequence[Recorded]
    ) -> Evidence:
        state, live = self._engine.state, self._engine.live
        order = state.orders.get(client_order_id)
        instrument_id = "" if order is None else order.instrument_id
        for each in own:
            request = getattr(each.event, "request", None)
            instrument_id = instrument_id or ("" if request is None else request.instrument_id)
        taken = self._wire.taken()
        wire = await self._aside(
            lambda: tuple(
                self._wire.of_order(
                    taken,
                    client_order_id,
                    instrument=instrument_id,
                    first=own[0].event.at,
                    last=own[-1].event.at,
                )
            )
        )
        decision = next((d for d in reversed(live.decisions) if d.client_order_id == client_order_id), None)
        return Evidence(
            client_order_id=client_order_id,
            events=tuple(own[:MOST_EVENTS]),
            around=tuple(around),
            wire=wire,
            decision=decision,
            postings=tuple(p for p in live.postings if p.client_order_id == client_order_id),
            instrument=next((i for i in state.instruments.values() if i.id == instrument_id), None),
            order=order,
            run_since=self._wire.since,
            now=self._now(),
            is_cut=len(own) > MOST_EVENTS,
        )

    # --- alerts and lines of the log ---

    async def _alert(self, key: str) -> Told:
        alert = self._engine.state.alerts.get(key)
        if alert is None:
            return NotKnown(f"no alert {key}: it is gone from the list; the journal alone has it")
        times = (alert.first_at, alert.last_at)
        turns = await self._aside(lambda: _turns_at(self._journal, times))
        about = next((part for part in key.split(":") if part in self._engine.state.orders), "")
        chain = await self._chain(about) if about else None
        return self._alert_chain(key, alert, turns, chain if isinstance(chain, Chain) else None)

    def _alert_chain(
        self, key: str, alert: AlertRecord, turns: Sequence[Recorded], of_order: Chain | None
    ) -> Chain:
        return alert_chain(key, alert, turns, of_order=of_order, now=self._now())

    async def _event(self, subject: str) -> Told:
        if not subject.isascii() or not subject.isdigit() or len(subject) > 18:
            return NotKnown(f"{subject[:40]} is no event's number")
        seq = int(subject)
        turn = await self._aside(lambda: _turn_of(self._journal, seq))
        event = next((each.event for each in turn if each.seq == seq), None)
        if event is None:
            return NotKnown(f"the journal has no event {seq:,} (yet)")
        client_order_id = getattr(event, "client_order_id", "")
        if client_order_id:
            return await self._chain(client_order_id)
        return event_chain(seq, turn)


# --- in a thread ------------------------------------------------------------------------------------------


def _ending(path: Path, word: str) -> list[str]:
    with JournalReader(path) as reader:
        if reader.of_order(word, limit=1):
            return [word]
        return reader.orders_ending(word.upper(), limit=MOST_CHOICES + 1)


def _story(
    path: Path, client_order_id: str, undurable: Sequence[Recorded]
) -> tuple[list[Recorded], list[Recorded]]:
    """An order's events, and those of others around them, each once and in order."""
    with JournalReader(path) as reader:
        own = reader.of_order(client_order_id, limit=MOST_EVENTS + 1)
        windows = _windows([each.seq for each in own])
        near = [each for first, last in windows for each in reader.between(first=first, last=last)]
    last = max((each.seq for each in (*own, *near)), default=0)
    late = [each for each in undurable if each.seq > last]
    own += [each for each in late if getattr(each.event, "client_order_id", None) == client_order_id]
    mine = {each.seq for each in own}
    return own, [each for each in (*near, *late) if each.seq not in mine]


def _windows(seqs: Sequence[int]) -> list[tuple[int, int]]:
    """Stretches around numbers, without overlaps; of many numbers the first and the last ones."""
    chosen = seqs if len(seqs) <= MOST_TURNS else (*seqs[: MOST_TURNS // 2], *seqs[-MOST_TURNS // 2 :])
    found: list[tuple[int, int]] = []
    for seq in chosen:
        first, last = max(1, seq - BEFORE), seq + AFTER
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return found


def _turns_at(path: Path, times: Iterable[Nanos]) -> list[Recorded]:
    """The events of the turns at these times."""
    with JournalReader(path) as reader:
        found: dict[int, Recorded] = {}
        for at in times:
            seq = reader.seq_at(at)
            near = reader.between(first=seq, last=seq + BEFORE) if seq else []
            found |= {each.seq: each for each in near if each.event.at == at}
    return [found[seq] for seq in sorted(found)]


def _turn_of(path: Path, seq: int) -> list[Recorded]:
    with JournalReader(path) as reader:
        near = reader.between(first=max(1, seq - BEFORE), last=seq + AFTER)
    at = next((each.event.at for each in near if each.seq == seq), None)
    return [each for each in near if each.event.at == at]
