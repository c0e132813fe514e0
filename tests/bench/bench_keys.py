"""From the key press in a console to the cancel at the venue, in the busiest second of a recorded market.

The second is played twice as fast as it was, again and again, into a whole engine; x is pressed on one
resting order after another. The answer on the console's own screen names the order, and so does the cancel
that arrives: nobody guesses which belong together. The console notes when a key has come to its handler.
"""

import asyncio
import contextlib
import random
import re
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pyte

from tests.bench.console import COLUMNS, PRIVATE, ROWS, Console, console
from tests.bench.processes import START_S, Server, engine_process, profile, serving, until
from tests.bench.recording import FILE, busiest_second
from tests.bench.rows import Options, Row, absent, median, quantile
from tests.bench.traders import RESTER, Trader, profile_of
from tests.tui.emulator import Screen

GOAL_WIRE_MS = 50.0
GOAL_HANDLER_MS = 30.0
SPEED = 2.0
ANSWER_S = 2.0
_PAUSE_S = (0.10, 0.25)
"""Between keys: not in step with the frames, and no burst that the console would distrust."""
SPARE = 10
"""Orders more than presses."""
REPETITIONS_LEAD = 20
REPETITIONS_A_PRESS = 1.3
# What the console says, the engine's answer and the venue's word: the last is sometimes painted first.
_ANSWER = re.compile(r"CANCEL ([0-9A-Z]+) sent|canceling \d+;|CANCELED ([0-9A-Z]+) (?:BUY|SELL) ")
_MESSAGE_ROWS = 4
# Modes and questions which the emulator doesn't know.


class Press(msgspec.Struct):
    """`at` in monotonic nanoseconds; `order` as the screen calls it, empty where no answer came."""

    at: int
    order: str = ""
    handled_at: int = 0
    answered_at: int = 0
    arrived_at: int = 0


async def run(options: Options) -> list[Row]:
    if not FILE.exists():
        return [absent("keys", "key press to cancel at the venue", "the recording isn't there")]
    count = options.size(40, 4)
    rounds = [await _round(count) for _ in range(options.size(options.rounds, 1))]
    presses = [press for found, _ in rounds for press in found]
    rate = median(rate for _, rate in rounds)
    return [
        _row(
            f"key to cancel at the venue, {rate:.0f} messages/s",
            [_ms(press.at, press.arrived_at) for press in presses],
            GOAL_WIRE_MS,
        ),
        _row("key to its handler", [_ms(press.at, press.handled_at) for press in presses], GOAL_HANDLER_MS),
        _row("key to its answer on screen", [_ms(press.at, press.answered_at) for press in presses], None),
    ]


def _ms(begun: int, ended: int) -> float:
    """What never came is later than everything that came."""
    return (ended - begun) / 1e6 if ended else float("inf")


def _row(what: str, waits: list[float], goal_ms: float | None) -> Row:
    p50, p99 = quantile(waits, 0.5), quantile(waits, 0.99)
    value = f"p50 {p50:.1f} p99 {p99:.1f} ms of {len(waits)}"
    if goal_ms is None:
        return Row("keys", what, value)
    return Row("keys", what, value, f"p99 <= {goal_ms:.0f} ms", p99 <= goal_ms)


async def _round(count: int) -> tuple[list[Press], float]:
    """The presses, and how many messages were sent a second meanwhile."""
    text = profile_of([Trader("rester", "rester.py", f"count = {count + SPARE}")])
    async with serving(busiest_second(REPETITIONS_LEAD + int(count * REPETITIONS_A_PRESS))) as server:
        with profile(text, {"rester.py": RESTER}) as paths, tempfile.NamedTemporaryFile() as notes:
            timed = console(paths, "tests.bench.timed_console", paths.profile, notes.name)
            async with engine_process(paths, sim_port=server.port), timed as shown:
                await server.begin(speed=SPEED)
                await _until_resting(server, count + SPARE)
                await until(lambda: shown.painted_s is not None)
                presses, rate = await _press_all(server, shown, count)
                await server.stop()
                await asyncio.sleep(0.2)
                arrived = (await server.result()).canceled_at
            handled = [int(line) for line in Path(notes.name).read_text().splitlines()]
    for press in presses:
        press.arrived_at = _arrival(arrived, press.order)
        press.handled_at = next((at for at in handled if at >= press.at), 0)
    return presses, rate


async def _until_resting(server: Server, count: int) -> None:
    async with asyncio.timeout(START_S):
        while (await server.result()).resting < count:
            await asyncio.sleep(0.1)


async def _press_all(server: Server, shown: Console, count: int) -> tuple[list[Press], float]:
    """As long as the recording lasts, `count` of them."""
    screen = _Screen()
    shown.on_output = screen.look
    await _rest()
    shown.press("5")  # the orders
    before, began, presses = (await server.result()).sent, time.monotonic(), []
    for _ in range(count):
        await _rest()
        shown.press("j")
        await _rest()
        presses.append(await screen.answer_to(shown))
        now = await server.result()
        if not now.is_playing:
            break
    return presses, (now.sent - before) / (time.monotonic() - began)


async def _rest() -> None:
    await asyncio.sleep(random.uniform(*_PAUSE_S))


class _Screen:
    """Waits for the console to say what became of a key."""

    def __init__(self) -> None:
        self._press = Press(0)
        self._done: set[str] = set()
        self._is_over = asyncio.Event()
        self._emulator = Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._emulator)

    def look(self, data: bytes) -> None:
        # The console writes the cells that changed only: what it says stands on the screen, not in its bytes.
        at = time.monotonic_ns()
        self._stream.feed(PRIVATE.sub(b"", data))
        for found in _ANSWER.finditer("\n".join(self._emulator.display[-_MESSAGE_ROWS:])):
            sent, canceled = found.groups()
            if {sent, canceled} & self._done:
                continue  # of an earlier press, painted again
            self._press.order = sent or canceled or self._press.order
            self._press.answered_at = self._press.answered_at or at
            if canceled:
                self._done.add(canceled)
                self._is_over.set()

    async def answer_to(self, shown: Console) -> Press:
        """Press x, and wait until the venue's word on it is on the screen: the next answer is another's."""
        self._is_over.clear()
        self._press = press = Press(time.monotonic_ns())
        shown.press("x")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                await self._is_over.wait()
        return press


def _arrival(arrived: Mapping[str, int], order: str) -> int:
    """0: no cancel of it came. The screen calls an order by the end of its client id."""
    return next((at for name, at in arrived.items() if order and name.endswith(order)), 0)
