"""A console whose views change at random; before each frame it reports what the screen must show.

Arguments: descriptor of the report pipe, seed, steps, `cells` or `textual`: who paints.
"""

import asyncio
import contextlib
import os
import random
import sys
from typing import Final

import msgspec

from tests.tui import factories
from tests.tui.emulator import Told
from tests.tui.harness import RecordingEngine
from veloz_tui.control.client import Link, LinkState
from veloz_tui.domain.types import SECOND, Nanos, OrderStatus, Side, StrategyId, TradingState
from veloz_tui.domain.views import OrderView, View
from veloz_tui.tui import painter
from veloz_tui.tui.app import VelozApp
from veloz_tui.tui.cells import CellScreen, Shown
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.screen import Frame

REPORT = int(sys.argv[1])
RANDOM: Final = random.Random(int(sys.argv[2]))
STEPS = int(sys.argv[3])
PAUSE_S: Final = 0.03
FRAME_S: Final = 1.0
THEMES: Final = ("dark", "light", "high-contrast", "color-blind", "ansi-16")
WORDS: Final = ("quoting 64,123.20 / 64,124.20", "", "等待行情 for the book", "naïve – waiting", "x" * 300)


def report(text: bytes) -> None:
    data = text + b"\n"
    while data:
        data = data[os.write(REPORT, data) :]


class Teller:
    """Numbers the frames and reports them."""

    def __init__(self) -> None:
        self.app: VelozApp | None = None
        self.number = 0

    def tell(self, shown: Shown) -> int:
        assert self.app is not None
        self.number += 1
        told = Told(
            self.number, shown.width, shown.height, shown.plan, shown.lines, sorted(shown.dimmed),
            self.app.palette.name, self.app.console.color_system,
        )  # fmt: skip
        report(b"frame " + msgspec.json.encode(told))
        return self.number


TELLER = Teller()


class MarkedScreen(CellScreen):
    """Puts a mark behind each frame."""

    def show(self, new: Shown) -> str:
        number = TELLER.tell(new)
        return f"{super().show(new)}\x1b]666;{number}\x07"


class ToldPainter(painter.Painter):
    """Reports what it gives to Textual."""

    def _draw(self, width: int, height: int) -> Frame:
        frame = super()._draw(width, height)
        if self._cells is None:
            dimmed = painter._DATA if frame.is_old else frozenset()
            TELLER.tell(Shown(width, height, frame.plan, frame.lines, dimmed))
        return frame


class RandomEngine(RecordingEngine):
    """Shows another view at each step; loses its link now and then."""

    async def run(self) -> None:
        steps = asyncio.create_task(self._steps())
        try:
            await super().run()
        finally:
            steps.cancel()
            await asyncio.gather(steps, return_exceptions=True)

    async def _steps(self) -> None:
        assert self.receiver is not None
        app = TELLER.app
        assert app is not None
        for number in range(STEPS):
            await self._pause()
            deed = RANDOM.random()
            if deed < 0.05:
                self.receiver.on_link(Link(LinkState.DOWN, text="the engine closed the connection"))
            elif deed < 0.10:
                app.set_theme(RANDOM.choice(THEMES))
            else:
                if deed < 0.2:
                    self.receiver.on_link(Link(LinkState.UP, has_control=RANDOM.random() < 0.7))
                self.show(random_view(self.view, number))
        self.receiver.on_link(Link(LinkState.UP, has_control=True))
        report(b"done")

    async def _pause(self) -> None:
        """Often until the next frame is out, sometimes less, so that frames skip views."""
        last = TELLER.number
        await asyncio.sleep(RANDOM.random() * PAUSE_S)
        if RANDOM.random() < 0.8:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FRAME_S):
                    while TELLER.number == last:
                        await asyncio.sleep(0.01)


def random_view(last: View, number: int) -> View:
    """The last one with something else in it."""
    chance = RANDOM.random
    changes: dict[str, object] = {"status": factories.status(at=Nanos(factories.NOON + number * SECOND // 7))}
    if chance() < 0.6:
        changes["books"] = factories.moving_view(RANDOM.randrange(50)).books
    if chance() < 0.5:
        changes["orders"] = tuple(random_order(at) for at in range(RANDOM.choice((0, 1, 5, 40))))
    if chance() < 0.2:
        book = factories.ladder(stale_reason=RANDOM.choice(("", "gap at u=88213, fetching snapshot")))
        changes["books"] = (book,) if chance() < 0.9 else ()
    if chance() < 0.3:
        changes["alerts"] = tuple(
            factories.alert(str(at), text=RANDOM.choice(WORDS), count=at + 1)
            for at in range(RANDOM.randrange(9))
        )
    if chance() < 0.3:
        changes["strategies"] = tuple(
            factories.strategy(f"mm-{at}", doing=RANDOM.choice(WORDS)) for at in range(RANDOM.randrange(5))
        )
    if chance() < 0.2:
        changes["positions"] = (factories.position(),) if chance() < 0.5 else ()
    if chance() < 0.1:
        changes["kill"] = factories.kill(is_halted=chance() < 0.5, canceled=3, total=7)
        changes["status"] = factories.status(trading_state=RANDOM.choice(list(TradingState)))
    return msgspec.structs.replace(last, **changes)


def random_order(number: int) -> OrderView:
    return factories.order(
        number,
        side=RANDOM.choice((Side.BUY, Side.SELL)),
        price=factories.D(RANDOM.randrange(6_000_000, 6_500_000)) / 100,
        filled=factories.D(RANDOM.randrange(3)) / 100,
        status=RANDOM.choice((OrderStatus.ACCEPTED, OrderStatus.SUBMITTED, OrderStatus.CANCELED)),
        strategy_id=StrategyId(RANDOM.choice(("mm-1", "manual", "网格-2"))),
    )


def main() -> None:
    engine = RandomEngine()
    if sys.argv[4] == "cells":
        vars(painter)["CellScreen"] = MarkedScreen
    else:
        vars(painter)["COMPARED_TEXTUAL"] = "none"
    options = ConsoleOptions(reads_tmux=False, has_tour=False, refresh_hz=20.0)
    TELLER.app = app = VelozApp(engine.connect, options)
    app.painter.__class__ = ToldPainter
    try:
        app.run()
    finally:
        report(b"finally")


if __name__ == "__main__":
    main()
