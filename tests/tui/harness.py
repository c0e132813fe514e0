"""The console under test: an engine link that records what was sent, and helpers to wait and to read."""

import abc
import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from tests.tui import factories
from veloz_tui.control.client import KillOutcome, Link, LinkState, new_command_id
from veloz_tui.control.guardian import GuardianDone, GuardianReply
from veloz_tui.control.messages import Reply
from veloz_tui.domain.commands import AnyCommand, KillPrepare, PlaceOrder
from veloz_tui.domain.errors import VelozError
from veloz_tui.domain.queries import Query, Told
from veloz_tui.domain.types import InstrumentId, Mode
from veloz_tui.domain.views import Ack, Verdict, View
from veloz_tui.tui.app import VelozApp
from veloz_tui.tui.modes import Mode as Keys
from veloz_tui.tui.options import ConsoleOptions
from veloz_tui.tui.shell import Receiver

_CHARACTERS = {"space": " ", "colon": ":", "question_mark": "?", "slash": "/", "enter": "\r", "tab": "\t"}


class RecordingEngine:
    """An engine link in memory: shows one View, answers every command, and keeps what it was told."""

    def __init__(
        self, view: View | None = None, *, answers: bool = True, is_up: bool = True, has_control: bool = True
    ) -> None:
        self.view = factories.view() if view is None else view
        self.answers = answers
        self.is_up = is_up
        self.has_control = has_control
        self.sent: list[AnyCommand] = []
        self.asked: list[Query] = []
        self.told: Callable[[Query], Told] | None = None
        """How questions are answered; None: never."""
        self.kills: list[str] = []
        self.preparations = 0
        self.guardian_error: VelozError | None = None
        self.watched: list[InstrumentId] = []
        self.receiver: Receiver | None = None

    def connect(self, receiver: Receiver) -> "RecordingEngine":
        self.receiver = receiver
        return self

    async def run(self) -> None:
        assert self.receiver is not None
        if self.is_up:
            self.receiver.on_link(Link(LinkState.UP, has_control=self.has_control))
            self.receiver.on_view(self.view)
        await asyncio.Event().wait()

    def show(self, view: View) -> None:
        assert self.receiver is not None
        self.view = view
        self.receiver.on_view(view)

    def fire(self, command: AnyCommand) -> bool:
        if not self.is_up:
            return False
        self.sent.append(command)
        if self.answers and self.receiver is not None:
            asyncio.get_running_loop().call_soon(self.receiver.on_ack, self._ack(command))
        return True

    def _ack(self, command: AnyCommand) -> Ack:
        verdict = None
        if isinstance(command, PlaceOrder):
            verdict = Verdict(is_ok=True, notional=factories.D("3206.17"), fee=factories.D("3.21"))
        return Ack(command_id=command.command_id, is_ok=True, text="", verdict=verdict)

    def ask(self, question_id: int, query: Query) -> bool:
        if not self.is_up:
            return False
        self.asked.append(query)
        if self.receiver is not None and self.told is not None:
            reply = Reply(question_id, self.told(query))
            asyncio.get_running_loop().call_soon(self.receiver.on_reply, reply)
        return True

    def watch(self, instrument_ids: tuple[InstrumentId, ...], *, depth: int = 60) -> None:
        self.watched.extend(instrument_ids)

    async def kill(self, *, reason: str = "kill", kill_id: str = "") -> KillOutcome:
        self.kills.append(reason)
        return KillOutcome("k1", engine=Ack(command_id=new_command_id(), is_ok=True, text="HALTED"))

    async def prepare_kill(self) -> GuardianReply:
        self.preparations += 1
        if self.guardian_error is not None:
            raise self.guardian_error
        return GuardianDone("warm")

    @property
    def real(self) -> list[AnyCommand]:
        """What could change something: without dry runs and preparations."""
        return [
            command
            for command in self.sent
            if not isinstance(command, KillPrepare) and not getattr(command, "is_dry", False)
        ]


class FeedingEngine(RecordingEngine, abc.ABC):
    """One that shows other Views as long as it runs."""

    @abc.abstractmethod
    async def feed(self) -> None: ...

    async def run(self) -> None:
        feed = asyncio.create_task(self.feed())
        try:
            await super().run()
        finally:
            feed.cancel()
            await asyncio.gather(feed, return_exceptions=True)


class Console:
    """A running console and its engine."""

    def __init__(self, app: VelozApp, engine: RecordingEngine, pilot: Pilot[str]) -> None:
        self.app = app
        self.engine = engine
        self.pilot = pilot
        self.session = app.session

    async def press(self, *keys: str) -> None:
        """Keys by their names or characters, one after the other, through the application's queue.

        Returns when none of them waits any more to see whether it is the head of a burst.
        """
        for key in keys:
            if key == "enter":  # people rest before it
                await self.settle()
                self.session.typing.rest()
            name = _character_to_key(key) if len(key) == 1 else key
            character = key if len(key) == 1 else _CHARACTERS.get(key)
            self.app.post_message(events.Key(name, character))
        await self.settle()
        if self.session.router.is_holding:
            await self.until(lambda: not self.session.router.is_holding)
            if not self.has_left:
                await self.settle()

    async def settle(self) -> None:
        """Until the application has taken everything posted so far, and drawn its reaction."""
        async with asyncio.timeout(5):
            await self._take()
            while self.app.painter.is_urgent and not self.has_left:
                await self._take()
        screen = self.app.screen
        await self.until(lambda: not (screen._layout_required or screen._dirty_widgets) or self.has_left)

    async def _take(self) -> None:
        taken = asyncio.Event()
        self.app.call_later(taken.set)
        await taken.wait()

    @property
    def has_left(self) -> bool:
        """True once the application is on its way out."""
        return self.app._exit

    async def until(self, condition: Callable[[], object], timeout_s: float = 5.0) -> None:
        """Wait until something is so; fails after the bound."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.01)

    @property
    def text(self) -> list[str]:
        """The screen's lines as Textual would draw them now."""
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def message(self) -> str:
        message = self.session.message
        return "" if message is None else message.text


@contextlib.asynccontextmanager
async def console(
    engine: RecordingEngine | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    options: ConsoleOptions | None = None,
    clock: Callable[[], float] | None = None,
) -> AsyncIterator[Console]:
    """Run a console headless until the block ends; it has seen the first View."""
    engine = engine or RecordingEngine()
    chosen = options or ConsoleOptions(reads_tmux=False)
    app = VelozApp(engine.connect, chosen) if clock is None else VelozApp(engine.connect, chosen, clock=clock)
    async with app.run_test(size=size) as pilot:
        running = Console(app, engine, pilot)
        if engine.is_up:
            await running.until(lambda: app.session.store.view is not None and app.painter.plan)
        await running.settle()
        yield running


class Clock:
    """Monotonic seconds that only the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def slowly(c: Console, clock: Clock, *keys: str) -> None:
    """Keys as a person strikes them: no burst."""
    for key in keys:
        clock.now += 0.3
        await c.press(key)


def live_view() -> RecordingEngine:
    return RecordingEngine(factories.view(status=factories.status(mode=Mode.LIVE)))


async def open_ticket(c: Console, key: str = "b") -> None:
    await c.press(key)
    await c.until(lambda: c.session.mode is Keys.TICKET)
