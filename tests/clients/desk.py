"""One simulated venue, one foreign client and our adapter on the same account, and the table of findings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import ROUND_DOWN, Decimal
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.clients import terms
from tests.clients.ledger import Ledger
from tests.clients.ours import Ours, ours
from tests.clients.peer import Peer, peer
from tests.clients.table import Table
from veloz_tui.net.http import HttpResponse
from veloz_tui.sim.server import RunningSim, start_sim
from veloz_tui.sim.settings import (
    DEFAULT_INSTRUMENTS,
    AccountSettings,
    LimitSettings,
    MarketSettings,
    SimSettings,
)

KEY_TYPES = ("HMAC", "ED25519")
API_KEY = "k" * 64
SECRET = "s" * 64
ACCOUNT = "demo"
SYMBOL = "BTCUSDT"
SYMBOLS = ("BTCUSDT", "XRPUSDT", "ETHBTC")
EVENTUALLY_S = 8.0
NOTHING = frozenset[str]()
T = TypeVar("T")


class Desk:
    """`client` is the peer's name; see ledger.py for what `ledger` is."""

    def __init__(self, *, client: str, sim: RunningSim, connected: Peer, own: Ours, table: Table) -> None:
        self.client = client
        self.sim = sim
        self.peer = connected
        self.ledger = Ledger(sim, ACCOUNT)
        self.ours = own
        self.table = table

    def compare(
        self,
        check: str,
        client: terms.Thing | None,
        truth: terms.Thing,
        own: terms.Thing | None = None,
        *,
        untold: frozenset[str] = NOTHING,
    ) -> None:
        """One row: the client against the ledger, and our adapter (where it has a view) too."""
        wrong = ["nothing"] if client is None else terms.differences(client, truth, untold=untold)
        ours_wrong = [] if own is None else terms.differences(own, truth, untold=frozenset({"cost", "last"}))
        told = "; ".join(wrong) if wrong or client is None else terms.summary(client)
        truly = "OUR ADAPTER: " + "; ".join(ours_wrong) if ours_wrong else terms.summary(truth)
        self.table.add(check, told, truly, is_ok=not wrong and not ours_wrong)

    async def admin(self, path: str, body: Mapping[str, object]) -> None:
        """Make the venue do something."""
        answer = await self.ours.http.request("POST", path, body=msgspec.json.encode(body))
        assert isinstance(answer, HttpResponse), answer
        assert answer.status == 200, answer.body

    async def market(self, action: str, **fields: str) -> None:
        await self.admin("/sim/market", {"action": action, **fields})

    def price(self, side: str, *, times: str = "1") -> Decimal:
        """The best price of a side of SYMBOL, scaled, on the tick."""
        ticker = self.ledger.ticker(SYMBOL)
        best = ticker.bid if side == "BUY" else ticker.ask
        return (best * Decimal(times)).quantize(Decimal("0.01"), ROUND_DOWN)


async def eventually(read: Callable[[], Awaitable[T]], is_right: Callable[[T], bool]) -> T:
    """Read until it is right, at most EVENTUALLY_S; the last value either way."""
    deadline = asyncio.get_running_loop().time() + EVENTUALLY_S
    while True:
        found = await read()
        if is_right(found) or asyncio.get_running_loop().time() > deadline:
            return found
        await asyncio.sleep(0.05)


def key_pair(key_type: str) -> tuple[str, str]:
    """(what the venue is given, what the client signs with)"""
    if key_type == "HMAC":
        return SECRET, SECRET
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return public, pem


def connection(sim: RunningSim, *, secret: str, api_key: str = API_KEY) -> dict[str, str]:
    """The fields of `connect`."""
    return {"http": sim.base_url, "sockets": sim.ws_url, "api_key": api_key, "secret": secret}


@asynccontextmanager
async def desk(client: str, key_type: str, table: Table) -> AsyncIterator[Desk]:
    """Everybody connected, the market standing still."""
    credential, secret = key_pair(key_type)
    account = AccountSettings(
        name=ACCOUNT,
        api_key=API_KEY,
        credential=credential,
        key_type=key_type,
        balances={"USDT": Decimal(1_000_000), "BTC": Decimal(10)},
    )
    listed = tuple(one for one in DEFAULT_INSTRUMENTS if one.symbol in SYMBOLS)
    settings = SimSettings(
        accounts=(account,),
        market=MarketSettings(instruments=listed, paused=True),
        limits=LimitSettings(orders_10s=10_000, request_weight_1m=60_000),
    )
    async with AsyncExitStack() as stack:
        sim = await start_sim(settings)
        stack.push_async_callback(sim.stop)
        own = await stack.enter_async_context(
            ours(port=sim.port, api_key=API_KEY, secret=secret, symbols=SYMBOLS, followed=SYMBOL)
        )
        connected = await stack.enter_async_context(peer(client))
        await connected.tell("connect", **connection(sim, secret=secret))
        yield Desk(client=client, sim=sim, connected=connected, own=own, table=table)
