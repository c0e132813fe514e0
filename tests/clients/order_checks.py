"""Orders over REST and the WebSocket API: every kind, asked for, streamed, filled, canceled."""

from __future__ import annotations

from decimal import Decimal

from tests.clients import terms
from tests.clients.desk import SYMBOL, Desk, eventually

# What an acknowledgment may leave out; what it says must be true.
ANSWER_UNTOLD = frozenset(terms.Order.__struct_fields__) - {"venue_id"}
STOP_TRADES = 20


async def check_orders(desk: Desk, *, wire: str) -> None:
    """All checks of this module, over one wire; leaves no open order behind."""
    orders = Orders(desk, wire)
    for kind, fields in orders.placements():
        await orders.place(kind, **fields)
    await orders.check_open()
    await orders.check_balances("while orders are open")
    await orders.check_partial_fill()
    await orders.check_stop()
    await orders.check_replace()
    await orders.check_cancels()
    await orders.check_cancel_all()
    await orders.check_balances("at the end")
    await orders.check_fills()


class Orders:
    def __init__(self, desk: Desk, wire: str) -> None:
        self._desk = desk
        self._wire = wire
        self._count = 0

    def placements(self) -> list[tuple[str, dict[str, str]]]:
        """One of each kind, priced at the market as it stands."""
        desk = self._desk
        ticker = desk.ledger.ticker(SYMBOL)
        low, lower = (str(desk.price("BUY", times=times)) for times in ("0.95", "0.94"))
        ask, more = str(ticker.ask), str(ticker.ask_quantity + Decimal("0.05"))
        stop, limit = str(ticker.bid - Decimal("1.5")), str(ticker.bid - Decimal("2.5"))
        return [
            ("limit", {"side": "BUY", "quantity": "0.01", "price": low}),
            ("post_only", {"side": "BUY", "quantity": "0.02", "price": lower}),
            ("stop_limit", {"side": "SELL", "quantity": "0.011", "price": limit, "stop_price": stop}),
            ("fok", {"side": "BUY", "quantity": str(ticker.ask_quantity + 1), "price": ask}),
            ("ioc", {"side": "BUY", "quantity": more, "price": ask}),
            ("fok", {"side": "SELL", "quantity": "0.001", "price": str(ticker.bid)}),
            ("market", {"side": "BUY", "quantity": "0.013"}),
            ("market", {"side": "SELL", "quantity": "0.004"}),
            ("market_cost", {"side": "BUY", "cost": "250"}),
        ]

    async def place(self, kind: str, **fields: str) -> str:
        """Place, then compare the answer, the query and the stream. Returns the client id."""
        self._count += 1
        name, side = f"{kind}-{self._wire}-{self._count}", fields.get("side", "")
        desk = self._desk
        told = await desk.peer.ask(
            "place", terms.Order, symbol=SYMBOL, kind=kind, client_id=name, wire=self._wire, **fields
        )
        truth = desk.ledger.order(SYMBOL, name)
        check = f"{self._wire} {kind} {side.lower()}"
        desk.compare(f"{check}: answer", told, truth, untold=ANSWER_UNTOLD)
        await self._check_order(check, name)
        return name

    async def _check_order(self, check: str, name: str) -> None:
        # The order as it is now: by query, and as the user streams end up telling it.
        desk = self._desk
        truth = desk.ledger.order(SYMBOL, name)
        told = await desk.peer.ask("order", terms.Order, symbol=SYMBOL, client_id=name, wire=self._wire)
        desk.compare(f"{check}: by client id", told, truth, await desk.ours.order(SYMBOL, name))

        async def streamed() -> terms.Order | None:
            return (await desk.peer.ask("user_orders", dict[str, terms.Order])).get(name)

        def is_right(found: terms.Order | None) -> bool:
            own = desk.ours.orders.get(name)
            return found == truth and own is not None and own.status == truth.status

        last = await eventually(streamed, is_right)
        desk.compare(f"{check}: user stream", last, truth, desk.ours.orders.get(name))

    async def check_open(self) -> None:
        desk = self._desk
        told = await desk.peer.ask("open_orders", list[terms.Order], symbol=SYMBOL, wire=self._wire)
        names = {str(one.client_id): one for one in told}
        truth, own = desk.ledger.open_orders(SYMBOL), await desk.ours.open_orders(SYMBOL)
        desk.table.equal(f"{self._wire} open orders", sorted(names), sorted(truth))
        desk.table.equal("open orders, our adapter", sorted(own), sorted(truth))
        for name in truth.keys() & names.keys():
            desk.compare(f"{self._wire} open order {name}", names[name], truth[name], own.get(name))

    async def check_partial_fill(self) -> None:
        """The venue fills a part of a resting order."""
        name = await self._resting("0.03")
        body = {"action": "fill", "symbol": SYMBOL, "client_order_id": name, "quantity": "0.012"}
        await self._desk.admin("/sim/order", body)
        await self._check_order(f"{self._wire} partly filled", name)

    async def check_stop(self) -> None:
        """The market trades down to the stop price: the stop becomes a limit order."""
        desk = self._desk
        name = f"stop_limit-{self._wire}-3"
        for _ in range(STOP_TRADES):
            if desk.ledger.order(SYMBOL, name).status != "OPEN":
                break
            await desk.market("trade", symbol=SYMBOL, side="SELL", quantity="0.5")
        await self._check_order(f"{self._wire} stop triggered", name)
        status = desk.ledger.order(SYMBOL, name).status
        desk.table.equal("the stop was triggered and filled", status, "FILLED")

    async def check_replace(self) -> None:
        """One request ends an order and makes another."""
        desk = self._desk
        old = await self._resting("0.01")
        name = f"{old}-again"
        fields = {"side": "BUY", "quantity": "0.009", "price": str(desk.price("BUY", times="0.96"))}
        target = str(desk.ledger.order(SYMBOL, old).venue_id)
        told = await desk.peer.ask(
            "replace", terms.Order, symbol=SYMBOL, venue_id=target, client_id=name, wire=self._wire, **fields
        )
        check, truth = f"{self._wire} replace", desk.ledger.order(SYMBOL, name)
        desk.compare(f"{check}: answer", told, truth, untold=ANSWER_UNTOLD)
        await self._check_order(f"{check}, the new", name)
        await self._check_order(f"{check}, the old", old)
        desk.table.equal(f"{check}: the old is gone", desk.ledger.order(SYMBOL, old).status, "CANCELED")

    async def check_cancels(self) -> None:
        desk = self._desk
        for by in ("client_id", "venue_id"):
            name = await self._resting("0.01")
            target = name if by == "client_id" else str(desk.ledger.order(SYMBOL, name).venue_id)
            fields = {"symbol": SYMBOL, "wire": self._wire, by: target}
            told = await desk.peer.ask("cancel", terms.Order, **fields)
            check = f"{self._wire} cancel by {by}"
            desk.compare(f"{check}: answer", told, desk.ledger.order(SYMBOL, name), untold=ANSWER_UNTOLD)
            await self._check_order(check, name)

    async def check_cancel_all(self) -> None:
        desk = self._desk
        before = sorted(str(one.venue_id) for one in desk.ledger.open_orders(SYMBOL).values())
        told = await desk.peer.ask("cancel_all", list[terms.Order], symbol=SYMBOL, wire=self._wire)
        ended = sorted(str(one.venue_id) for one in told if one.status == "CANCELED")
        desk.table.equal(f"{self._wire} cancel all: answer", ended, before)
        desk.table.equal(f"{self._wire} cancel all: left open", 0, len(desk.ledger.open_orders(SYMBOL)))

    async def check_balances(self, moment: str) -> None:
        """Free and locked, asked for and streamed."""
        desk = self._desk
        truth = desk.ledger.balances()
        told = _nonzero(await desk.peer.ask("account_balances", terms.Balances, wire=self._wire))

        async def streamed() -> terms.Balances:
            return _nonzero(await desk.peer.ask("user_balances", terms.Balances))

        views = {
            f"{self._wire} balances": told,
            "user stream balances": await eventually(streamed, lambda found: found == truth),
            "balances, our adapter": await desk.ours.account_balances(),
            "user stream balances, our adapter": desk.ours.balances,
        }
        for check, found in views.items():
            is_ok = found == truth
            desk.table.add(f"{check}, {moment}", terms.held(found), terms.held(truth), is_ok=is_ok)

    async def check_fills(self) -> None:
        """Our trades and their fees, asked for and streamed."""
        desk = self._desk
        truth = desk.ledger.fills(SYMBOL)
        told = await desk.peer.ask("fills", list[terms.Fill], symbol=SYMBOL, wire=self._wire)
        streamed = await desk.peer.ask("user_fills", list[terms.Fill])
        own, own_streamed = await desk.ours.account_fills(SYMBOL), list(desk.ours.fills.values())
        views = {
            f"{self._wire} fills and fees": told,
            "user stream fills and fees": streamed,
            "fills and fees, our adapter": own,
            "user stream fills, our adapter": own_streamed,
        }
        for check, fills in views.items():
            _compare_fills(desk, check, fills, truth)

    async def _resting(self, quantity: str) -> str:
        self._count += 1
        name = f"rest-{self._wire}-{self._count}"
        price = str(self._desk.price("BUY", times="0.97"))
        fields = {"side": "BUY", "quantity": quantity, "price": price, "wire": self._wire}
        await self._desk.peer.tell("place", symbol=SYMBOL, kind="limit", client_id=name, **fields)
        return name


def _compare_fills(desk: Desk, check: str, found: list[terms.Fill], truth: list[terms.Fill]) -> None:
    ordered = sorted(found, key=lambda fill: int(fill.trade_id))
    wrong = [
        "; ".join(terms.differences(one, true))
        for one, true in zip(ordered, truth, strict=False)
        if one != true
    ]
    fees = sum((one.fee for one in ordered), Decimal(0))
    true_fees = sum((one.fee for one in truth), Decimal(0))
    told = "; ".join(wrong) or f"{len(ordered)} fills, fees {fees}"
    is_ok = not wrong and len(ordered) == len(truth) > 0
    desk.table.add(check, told, f"{len(truth)} fills, fees {true_fees}", is_ok=is_ok)


def _nonzero(balances: terms.Balances) -> terms.Balances:
    return {asset: both for asset, both in balances.items() if any(both)}
