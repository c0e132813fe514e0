"""Small builders of views, contexts and running servers."""

import asyncio
import itertools
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec

from veloz_tui.control.client import ControlClient
from veloz_tui.control.grammar import GrammarContext
from veloz_tui.control.server import ControlServer, Identity
from veloz_tui.domain.commands import AnyCommand
from veloz_tui.domain.types import (
    Asset,
    ClientOrderId,
    CommandId,
    InstrumentId,
    Mode,
    Nanos,
    OrderStatus,
    OrderType,
    Side,
    StrategyId,
    StrategyState,
    TimeInForce,
    TradingState,
    VenueId,
)
from veloz_tui.domain.views import (
    AccountView,
    AssetView,
    InstrumentView,
    KillView,
    LadderView,
    LogEntry,
    OrderView,
    PositionView,
    StatusView,
    StrategyView,
    View,
)

BINANCE = VenueId("BINANCE")
USDT = Asset("USDT")


def instrument(
    base: str = "BTC", quote: str = "USDT", *, bid: str = "64123.60", ask: str = "64123.61"
) -> InstrumentView:
    return InstrumentView(
        instrument_id=InstrumentId(f"{base}{quote}.BINANCE"),
        display=f"{base}-{quote}.BIN",
        venue=BINANCE,
        base=Asset(base),
        quote=Asset(quote),
        tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"),
        min_notional=Decimal(5),
        bid=Decimal(bid) if bid else None,
        ask=Decimal(ask) if ask else None,
        last=None,
        change_fraction=None,
    )


def order(
    client_order_id: str = "vzAA00001000017F3K",
    *,
    side: Side = Side.BUY,
    base: str = "BTC",
    order_type: OrderType = OrderType.LIMIT,
    strategy: str = "manual",
    quantity: str = "0.05",
    price: str = "64120",
) -> OrderView:
    return OrderView(
        client_order_id=ClientOrderId(client_order_id),
        short_id=client_order_id[-4:],
        instrument_id=InstrumentId(f"{base}USDT.BINANCE"),
        side=side,
        order_type=order_type,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        reduce_only=False,
        price=Decimal(price),
        stop_price=None,
        quantity=Decimal(quantity),
        filled=Decimal(0),
        leaves=Decimal(quantity),
        average_price=None,
        status=OrderStatus.ACCEPTED,
        created_at=Nanos(0),
        strategy_id=StrategyId(strategy),
        is_external=strategy == "external",
    )


def position(quantity: str = "0.45", *, base: str = "BTC") -> PositionView:
    return PositionView(
        instrument_id=InstrumentId(f"{base}USDT.BINANCE"),
        quantity=Decimal(quantity),
        entry=None,
        break_even=None,
        mark=None,
        unrealized=None,
        realized_today=Decimal(0),
        limit_fraction=None,
        has_stop=False,
    )


def strategy(name: str = "mm-1") -> StrategyView:
    return StrategyView(
        strategy_id=StrategyId(name),
        state=StrategyState.RUNNING,
        doing="quoting",
        position=None,
        day_pnl=None,
        open_orders=0,
        callback_p99_us=None,
        restarts=0,
        is_inline=False,
        parameters={"size": "0.01", "half_spread_bps": "5"},
    )


def asset(name: str, free: str) -> AssetView:
    return AssetView(
        venue=BINANCE,
        asset=Asset(name),
        free=Decimal(free),
        locked=Decimal(0),
        total=Decimal(free),
        value=None,
    )


def view(
    *,
    instruments: tuple[InstrumentView, ...] = (),
    orders: tuple[OrderView, ...] = (),
    positions: tuple[PositionView, ...] = (),
    strategies: tuple[StrategyView, ...] = (),
    assets: tuple[AssetView, ...] = (),
    books: tuple[LadderView, ...] = (),
    profile: str = "demo",
    log_seq: int = 0,
) -> View:
    return View(
        status=StatusView(
            mode=Mode.DEMO,
            profile=profile,
            trading_state=TradingState.READY,
            is_paused=False,
            state_reason="",
            at=Nanos(1_795_348_801_000_000_000),
            orders_open=len(orders),
            orders_cap=None,
            orders_in_doubt=0,
            alerts_unacknowledged=0,
            engine_pid=1,
            engine_lag_ms=None,
            journal="process",
            guardian="ok",
            controller="",
            on_detach="continue",
            version="0",
        ),
        kill=KillView(is_halted=False),
        venues=(),
        instruments=instruments,
        books=books,
        orders=orders,
        positions=positions,
        account=AccountView(
            quote=USDT,
            equity=None,
            free=None,
            day_pnl=None,
            day_realized=None,
            day_unrealized=None,
            day_fees=None,
            drawdown_fraction=None,
            assets=assets,
        ),
        strategies=strategies,
        alerts=(),
        log_seq=log_seq,
    )


TWO_INSTRUMENTS = (instrument(), instrument("ETH", bid="3180.00", ask="3180.10"))


def context(
    *,
    instruments: tuple[InstrumentView, ...] | None = None,
    orders: tuple[OrderView, ...] = (),
    positions: tuple[PositionView, ...] = (),
    strategies: tuple[StrategyView, ...] = (),
    assets: tuple[AssetView, ...] = (),
    presets: tuple[Decimal, ...] = (),
) -> GrammarContext:
    """A console's surroundings: BTC-USDT and ETH-USDT unless told otherwise, ids c1, c2, …"""
    numbers = itertools.count(1)
    shown = view(
        instruments=TWO_INSTRUMENTS if instruments is None else instruments,
        orders=orders,
        positions=positions,
        strategies=strategies,
        assets=assets,
    )
    return GrammarContext.from_view(
        shown, next_command_id=lambda: CommandId(f"c{next(numbers)}"), presets=presets
    )


def entry(seq: int, text: str = "") -> LogEntry:
    return LogEntry(seq=seq, at=Nanos(seq), kind="order", text=text or f"entry {seq}")


class EngineStub:
    """An engine's end of the control server: keeps commands, shows one view. Answers nothing by itself."""

    def __init__(self, directory: Path) -> None:
        self.engine_socket = directory / "engine.sock"
        self.session_token = directory / "session.token"
        self.guardian_socket = directory / "guardian.sock"
        self.commands: list[AnyCommand] = []
        self.control: list[tuple[str, str]] = []
        self.views: list[tuple[frozenset[InstrumentId], int]] = []
        self.view = view()
        self.server = ControlServer(
            self.engine_socket,
            self.session_token,
            self.commands.append,
            self._build_view,
            identity=Identity(profile="demo", mode=Mode.DEMO, version="0.1.0"),
            on_control=lambda holder, text: self.control.append((holder, text)),
            now=lambda: Nanos(1_795_348_804_000_000_000),
        )

    def _build_view(self, instrument_ids: frozenset[InstrumentId], depth: int) -> View:
        self.views.append((instrument_ids, depth))
        return self.view

    @property
    def token(self) -> str:
        return self.session_token.read_text().strip()


class Console:
    """A running ControlClient that remembers what it was told."""

    def __init__(
        self, engine: EngineStub, name: str, *, wants_control: bool = True, log_since: int | None = None
    ) -> None:
        self.entries: list[LogEntry] = []
        self.links: list[str] = []
        self.acks: list[str] = []
        self.client = ControlClient(
            engine.engine_socket,
            engine.session_token,
            engine.guardian_socket,
            name=name,
            wants_control=wants_control,
            log_since=log_since,
            views_hz=20,
            on_entries=self.entries.extend,
            on_ack=lambda ack: self.acks.append(ack.text),
            on_link=lambda link: self.links.append(link.text),
        )
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Console":
        self._task = asyncio.create_task(self.client.run())
        await until(lambda: self.client.is_up)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def until(is_so: Callable[[], object], *, timeout_s: float = 5.0) -> None:
    """Wait for a condition, within a bound."""
    async with asyncio.timeout(timeout_s):
        while not is_so():
            await asyncio.sleep(0.005)


def with_id(command: AnyCommand, command_id: str) -> AnyCommand:
    return msgspec.structs.replace(command, command_id=CommandId(command_id))
