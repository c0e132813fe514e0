"""Public data: rules, tickers, books over REST and streams, the tape."""

from __future__ import annotations

from tests.clients import terms
from tests.clients.desk import SYMBOL, SYMBOLS, Desk, eventually

EVERYTHING = 1000
STEPS = 15
RUNNING_UPDATES = 25
CANDLES = 100
# ccxt has no Spot order book over the WebSocket API.
BOOK_WIRES = {"ccxt": ("rest",), "python-binance": ("rest", "ws")}


async def check_market(desk: Desk) -> None:
    """All checks of this module; the market stands still before and after."""
    await _check_rules(desk)
    await _check_snapshots(desk)
    await desk.peer.tell("follow_market", symbol=SYMBOL)
    followed = Followed(desk)
    await followed.check_steps()
    await followed.check_running()
    await _check_tape(desk)
    await _check_candles(desk)


async def _check_rules(desk: Desk) -> None:
    for symbol in SYMBOLS:
        told = await desk.peer.ask("rules", terms.Rules, symbol=symbol)
        desk.compare(f"rules of {symbol}", told, desk.ledger.rules(symbol), desk.ours.rules(symbol))


async def _check_snapshots(desk: Desk) -> None:
    for symbol in SYMBOLS:
        told = await desk.peer.ask("ticker", terms.Ticker, symbol=symbol)
        desk.compare(f"ticker of {symbol}", told, desk.ledger.ticker(symbol))
    for wire in BOOK_WIRES[desk.client]:
        for levels in (5, 100, EVERYTHING):
            book = await desk.peer.ask("book", terms.Book, symbol=SYMBOL, levels=str(levels), wire=wire)
            own = desk.ours.book if levels == EVERYTHING else None
            desk.compare(f"{wire} book, {levels} levels", book, desk.ledger.book(SYMBOL, levels=levels), own)


async def _check_candles(desk: Desk) -> None:
    told = await desk.peer.ask("candles", list[terms.Candle], symbol=SYMBOL, limit=str(CANDLES))
    truth = desk.ledger.candles(SYMBOL, newest=CANDLES)
    is_ok = told == truth
    desk.table.add("candles of a minute", f"{len(told)} to {told[-1]}", truth[-1], is_ok=is_ok)


class Followed:
    """The book the client keeps by itself, by update id."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._books: dict[int, terms.Book] = {}
        self._latest: terms.Book | None = None

    async def check_steps(self) -> None:
        """The venue moves once, everybody catches up, all three books are equal; again and again."""
        wrong = ""
        for step in range(STEPS):
            if step % 5 == 4:
                await self._desk.market("trade", symbol=SYMBOL, side="SELL", quantity="1.5")
            await self._desk.market("step", symbol=SYMBOL, value="0.4")
            wrong = wrong or await self._difference()
        table = self._desk.table
        table.add(f"followed book, {STEPS} steps, each whole", wrong or "equal", "equal", is_ok=not wrong)

    async def check_running(self) -> None:
        """The market runs: at equal update ids the client's book equals our adapter's."""
        desk = self._desk
        own = desk.ours.books
        start = max(own)

        async def pairs() -> list[int]:
            await self._collect()
            return [one for one in self._books if one in own and one > start]

        await desk.market("resume")
        found = await eventually(pairs, lambda ids: len(ids) >= RUNNING_UPDATES)
        await desk.market("pause")
        wrong = [str(one) for one in found if terms.differences(self._books[one], own[one])]
        told = f"{len(found) - len(wrong)} of {len(found)} books equal"
        enough = len(found) >= RUNNING_UPDATES
        desk.table.add("followed book, market running", told, "ours", is_ok=enough and not wrong)
        wrong_end = await self._difference()
        desk.table.add("followed book, when it stands", wrong_end or "equal", "equal", is_ok=not wrong_end)

    async def _difference(self) -> str:
        # Empty: the client's, our adapter's and the venue's books are one.
        desk = self._desk
        truth = desk.ledger.book(SYMBOL, levels=EVERYTHING)

        async def latest() -> terms.Book | None:
            await self._collect()
            return self._latest

        def is_right(book: terms.Book | None) -> bool:
            return book == truth and desk.ours.book == truth

        found = await eventually(latest, is_right)
        if found is None:
            return "no book"
        own = [f"OUR ADAPTER {one}" for one in terms.differences(desk.ours.book, truth)]
        return "; ".join([*terms.differences(found, truth), *own])[:2000]

    async def _collect(self) -> None:
        for book in await self._desk.peer.ask("books", list[terms.Book]):
            self._books[book.update_id] = self._latest = book


async def _check_tape(desk: Desk) -> None:
    for side in ("BUY", "SELL"):
        await desk.market("trade", symbol=SYMBOL, side=side, quantity="0.7")
    truth = desk.ledger.prints(SYMBOL)
    last = max(int(one) for one in truth)

    async def prints() -> list[terms.Print]:
        return await desk.peer.ask("prints", list[terms.Print])

    told = await eventually(prints, lambda found: bool(found) and int(found[-1].trade_id) == last)
    wrong = [one.trade_id for one in told if truth.get(one.trade_id) != one]
    first = int(told[0].trade_id) if told else 0
    has_all = [int(one.trade_id) for one in told] == list(range(first, last + 1))
    desk.table.add(
        "followed trades, complete and equal",
        f"{len(told)} trades, {len(wrong)} wrong, {'no' if has_all else 'with'} gaps",
        f"{last - first + 1} trades",
        is_ok=has_all and not wrong,
    )
    theirs = [(float(one.price), float(one.quantity), one.taker) for one in told]
    own = [(one.price, one.quantity, one.aggressor.value) for one in desk.ours.prints[-len(told) :]]
    desk.table.add("our adapter saw the same trades", len(theirs), len(own), is_ok=theirs == own)
    for kind, true in (("trades", truth), ("aggregates", desk.ledger.aggregates(SYMBOL))):
        recent = await desk.peer.ask("recent_prints", list[terms.Print], symbol=SYMBOL, kind=kind)
        newest = sorted(true, key=int)[-50:]
        is_ok = sorted(recent, key=lambda one: int(one.trade_id)) == [true[name] for name in newest]
        desk.table.add(f"recent {kind} over REST", len(recent), len(newest), is_ok=is_ok)
