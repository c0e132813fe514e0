"""The console's side of the control socket: stay connected, send commands, hand on what the engine says.

`ControlClient` keeps a link for as long as `run` runs; `run_command` and `fetch_view` (control.oneshot) are
for scripts: connect, ask once, leave. No command is ever sent twice, whatever happened to the first one.
"""

import asyncio
import collections
import secrets
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from veloz_tui.control.connection import EngineConnection, Greeting, open_connection
from veloz_tui.control.errors import LinkLost, RefusedByEngine, Unconfirmed
from veloz_tui.control.guardian import (
    GuardianKill,
    GuardianPrepare,
    GuardianReply,
    ask_guardian_async,
)
from veloz_tui.control.identity import own_name
from veloz_tui.control.killing import KILL_TIMEOUT_S, KillOutcome, kill_both, kill_everywhere
from veloz_tui.control.messages import (
    Answer,
    ControlChanged,
    Entries,
    FromEngine,
    Question,
    Refused,
    Reply,
    Request,
    Snapshot,
    Welcome,
)
from veloz_tui.control.oneshot import (
    ANSWER_TIMEOUT_S,
    ControlPaths,
    ask_engine,
    ask_question,
    ask_view,
    fetch_view,
    new_command_id,
    run_command,
    unconfirmed,
)
from veloz_tui.domain.commands import AnyCommand, Kill, WatchInstruments
from veloz_tui.domain.errors import ConfigError, OperatorError
from veloz_tui.domain.queries import Query
from veloz_tui.domain.types import CommandId, InstrumentId
from veloz_tui.domain.views import Ack, LogEntry, View

__all__ = [
    "ControlClient",
    "ControlPaths",
    "KillOutcome",
    "Link",
    "LinkState",
    "ask_engine",
    "ask_question",
    "ask_view",
    "fetch_view",
    "kill_everywhere",
    "new_command_id",
    "run_command",
]

FIRST_RETRY_S = 0.1
LAST_RETRY_S = 1.0
MAX_UNSENT = 64


class LinkState(StrEnum):
    """The link to the engine. REFUSED: it is there and doesn't let us in (the text says why)."""

    CONNECTING = "CONNECTING"
    UP = "UP"
    REFUSED = "REFUSED"
    DOWN = "DOWN"


class Link(msgspec.Struct, frozen=True):
    """What a console shows of its link. `holder`: who may change things; empty: nobody."""

    state: LinkState
    text: str = ""
    has_control: bool = False
    holder: str = ""
    welcome: Welcome | None = None


def _ignore(_: object) -> None:
    pass


class ControlClient:
    """A console's link to its engine. Create it anywhere; `run` it in a task; call the rest from that loop.

    Callbacks run on the loop and must be quick. Nothing is queued while the link is down: a command given
    then is refused at once, never sent later.
    """

    def __init__(
        self,
        engine_path: Path,
        token_path: Path,
        guardian_path: Path,
        *,
        name: str = "",
        wants_control: bool = True,
        wants_views: bool = True,
        views_hz: float = 10.0,
        log_since: int | None = None,
        on_view: Callable[[View], None] = _ignore,
        on_entries: Callable[[tuple[LogEntry, ...]], None] = _ignore,
        on_ack: Callable[[Ack], None] = _ignore,
        on_link: Callable[[Link], None] = _ignore,
        on_reply: Callable[[Reply], None] = _ignore,
    ) -> None:
        self._engine_path = engine_path
        self._token_path = token_path
        self._guardian_path = guardian_path
        self.name = name or own_name()
        self._wants_control = wants_control
        self._wants_views = wants_views
        self._views_hz = views_hz
        self._log_since = log_since
        self._on_view = on_view
        self._on_entries = on_entries
        self._on_ack = on_ack
        self._on_link = on_link
        self._on_reply = on_reply
        self.link = Link(LinkState.CONNECTING)
        self.view: View | None = None
        self._unsent: collections.deque[AnyCommand | Question] = collections.deque()
        self._has_unsent = asyncio.Event()
        self._answers: dict[CommandId, asyncio.Future[Ack]] = {}
        self._watch: WatchInstruments | None = None

    @property
    def is_up(self) -> bool:
        return self.link.state is LinkState.UP

    @property
    def has_control(self) -> bool:
        return self.is_up and self.link.has_control

    async def run(self) -> None:
        """Connect, and connect again whenever the link is lost, until canceled."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                async with await self._connect() as connection:
                    retry_s = FIRST_RETRY_S
                    await self._talk(connection)
            except RefusedByEngine as error:
                self._set_link(Link(LinkState.REFUSED, text=str(error)))
            except (OperatorError, ConfigError) as error:
                self._set_link(Link(LinkState.DOWN, text=str(error)))
            finally:
                self._fail_pending()
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, LAST_RETRY_S)

    def fire(self, command: AnyCommand) -> bool:
        """Send without waiting; the answer comes to `on_ack`. False: the link is down, nothing was sent."""
        if not self.is_up or len(self._unsent) >= MAX_UNSENT:
            return False
        if isinstance(command, Kill):
            self._unsent.appendleft(command)
        else:
            self._unsent.append(command)
        self._has_unsent.set()
        return True

    def ask(self, question_id: int, query: Query) -> bool:
        """Ask without waiting; the answer comes to `on_reply`. False: nothing was asked."""
        if not self.is_up or len(self._unsent) >= MAX_UNSENT:
            return False
        self._unsent.append(Question(question_id, query))
        self._has_unsent.set()
        return True

    async def send(self, command: AnyCommand, *, timeout_s: float = ANSWER_TIMEOUT_S) -> Ack:
        """Send and wait for the answer. LinkLost: nothing was sent. Unconfirmed: nobody knows."""
        answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._answers[command.command_id] = answer
        try:
            if not self.fire(command):
                raise LinkLost(f"not connected to the engine, nothing was sent – {self.link.text}")
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError as error:
            raise Unconfirmed(unconfirmed(timeout_s)) from error
        finally:
            self._answers.pop(command.command_id, None)

    def watch(self, instrument_ids: tuple[InstrumentId, ...], *, depth: int = 60) -> None:
        """Choose the books of the views; kept over reconnects."""
        self._watch = WatchInstruments(
            command_id=new_command_id(), instrument_ids=instrument_ids, depth=depth
        )
        self.fire(self._watch)

    async def kill(self, *, reason: str = "kill", kill_id: str = "") -> KillOutcome:
        """Tell guardian and engine at once, with one kill id; return soon after the first has taken it up."""
        command = Kill(command_id=new_command_id(), kill_id=kill_id or secrets.token_hex(8), reason=reason)
        request = GuardianKill(kill_id=command.kill_id, by=self.name, reason=reason)
        engine = asyncio.ensure_future(self.send(command, timeout_s=KILL_TIMEOUT_S))
        return await kill_both(command.kill_id, engine, self._guardian_path, request)

    async def prepare_kill(self) -> GuardianReply:
        """The first stroke, told to the guardian: it warms its connections and signs ahead. VelozError."""
        request = GuardianPrepare(by=self.name)
        return await ask_guardian_async(self._guardian_path, request, timeout_s=KILL_TIMEOUT_S)

    async def _connect(self) -> EngineConnection:
        return await open_connection(
            engine_path=self._engine_path,
            token_path=self._token_path,
            greeting=Greeting(
                name=self.name,
                wants_control=self._wants_control,
                wants_views=self._wants_views,
                views_hz=self._views_hz,
                log_since=self._log_since,
            ),
        )

    async def _talk(self, connection: EngineConnection) -> None:
        welcome = connection.welcome
        if self._log_since is None:
            self._log_since = welcome.log_seq
        self._set_link(Link(LinkState.UP, has_control=welcome.has_control, welcome=welcome))
        if self._watch is not None:
            self.watch(self._watch.instrument_ids, depth=self._watch.depth)
        tasks = {
            asyncio.create_task(self._read(connection), name="control reader"),
            asyncio.create_task(self._write(connection), name="control writer"),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _write(self, connection: EngineConnection) -> None:
        while True:
            await self._has_unsent.wait()
            while self._unsent:
                unsent = self._unsent.popleft()
                await connection.send(unsent if isinstance(unsent, Question) else Request(unsent))
            self._has_unsent.clear()

    async def _read(self, connection: EngineConnection) -> None:
        while True:
            self._hand_on(await connection.receive())

    def _hand_on(self, message: FromEngine) -> None:
        match message:
            case Snapshot():
                self.view = message.view
                self._on_view(message.view)
            case Entries():
                self._take_entries(message.entries)
            case Answer():
                self._take_answer(message.ack)
            case Reply():
                self._on_reply(message)
            case ControlChanged():
                self._take_control_change(message)
            case Refused():
                raise LinkLost(message.text)
            case Welcome():
                pass  # a second one means nothing

    def _take_entries(self, entries: tuple[LogEntry, ...]) -> None:
        if entries:
            self._log_since = max(self._log_since or 0, entries[-1].seq)
        self._on_entries(entries)

    def _take_answer(self, ack: Ack) -> None:
        answer = self._answers.get(ack.command_id)
        if answer is not None and not answer.done():
            answer.set_result(ack)
        self._on_ack(ack)

    def _take_control_change(self, change: ControlChanged) -> None:
        self._set_link(
            msgspec.structs.replace(
                self.link, has_control=change.has_control, holder=change.holder, text=change.text
            )
        )

    def _set_link(self, link: Link) -> None:
        self.link = link
        self._on_link(link)

    def _fail_pending(self) -> None:
        # What was not written yet certainly did nothing; of the rest nobody knows.
        unsent = {one.command_id for one in self._unsent if not isinstance(one, Question)}
        self._unsent.clear()
        self._has_unsent.clear()
        for command_id, answer in self._answers.items():
            if answer.done():
                continue
            if command_id in unsent:
                answer.set_exception(LinkLost("the link to the engine was lost; nothing was sent"))
            else:
                answer.set_exception(
                    Unconfirmed(
                        "UNCONFIRMED: the link was lost before the answer. Look before sending it again"
                    )
                )
