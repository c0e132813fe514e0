"""The engine's side of the control socket: consoles come in, say what they want, and are shown everything.

It runs in the engine's loop and never makes it wait: `publish_entries` and `reply` only hand over, each
console has its own writing task, a slow one is skipped and a stuck one sent away. A view is built and encoded
once for all consoles that watch the same books. What a console may send is bounded in size, time and number;
anything else is refused with a reason, and the engine doesn't notice.
"""

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.exceptions import ConnectionClosed

from veloz_tui.config.filesystem import write_atomically
from veloz_tui.control.answers import Answers
from veloz_tui.control.codec import GarbledFrame, bad_number, decode_from_console, encode
from veloz_tui.control.door import HELLO_DEADLINE_S, check_hello, describe, read_hello, refuse
from veloz_tui.control.gist import gist
from veloz_tui.control.identity import PeerIdentity, bind_private, peer_identity
from veloz_tui.control.lease import ControlLease
from veloz_tui.control.log_ring import LogRing
from veloz_tui.control.messages import (
    MAX_FRAME_BYTES,
    PROTOCOL,
    Answer,
    ControlChanged,
    Hello,
    Question,
    Snapshot,
    Welcome,
)
from veloz_tui.control.peer import Peer, Watch
from veloz_tui.control.questions import OnQuery, Questions, nobody_knows
from veloz_tui.domain.commands import (
    AmendOrder,
    AnyCommand,
    ClosePosition,
    Kill,
    KillPrepare,
    PlaceOrder,
    TakeControl,
    WatchInstruments,
)
from veloz_tui.domain.errors import OperatorError
from veloz_tui.domain.types import InstrumentId, Mode, Nanos
from veloz_tui.domain.views import Ack, LogEntry, View

MAX_PEERS = 8
CLOSE_TIMEOUT_S = 0.5
TICK_S = 0.05
DEFAULT_DEPTH = 60
MAX_DEPTH = 200
MAX_WATCHED = 32
MAX_COMMAND_ID = 64
FLOOD_PAUSE_S = 0.01

_logger = logging.getLogger("veloz.control")


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine tells a console about itself."""

    profile: str
    mode: Mode
    version: str
    guardian_path: str = ""


def _ignore_control(_holder: str, _text: str) -> None:
    pass


class ControlServer:
    """Serves consoles from `start` to `close`; the engine's lock guarantees that `path` is nobody else's.

    `on_command` gets each admitted command with `by` filled in, and must only hand it on; an OperatorError it
    raises becomes the answer. `build_view` is called at up to 20 Hz for each set of watched books.
    `on_query` answers questions, beside everything else.
    `on_control` hears (console in control or "", what happened) at each change, for the journal and for
    what is to happen on detaching. One-shot commands hold the lease for moments and don't count as consoles.
    """

    def __init__(
        self,
        path: Path,
        token_path: Path,
        on_command: Callable[[AnyCommand], None],
        build_view: Callable[[frozenset[InstrumentId], int], View],
        *,
        identity: Identity,
        on_control: Callable[[str, str], None] = _ignore_control,
        on_query: OnQuery = nobody_knows,
        now: Callable[[], Nanos] = lambda: Nanos(time.time_ns()),
    ) -> None:
        self._path = path
        self._token_path = token_path
        self._on_command = on_command
        self._build_view = build_view
        self._identity = identity
        self._on_control = on_control
        self._questions = Questions(on_query)
        self._now = now
        self._token = secrets.token_hex(32).encode()
        self._log = LogRing()
        self._answers: Answers[Peer] = Answers()
        self._lease: ControlLease[Peer] = ControlLease()
        self._peers: list[Peer] = []
        self._at_the_door = 0
        self._server: Server | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._view_failure = ""
        self._lasting_controller = ""

    async def start(self) -> None:
        """Write the session token, bind the socket (both 0600) and let consoles in."""
        write_atomically(self._token_path, self._token + b"\n")
        self._server = await unix_serve(
            self._serve,
            sock=bind_private(self._path),
            compression=None,
            max_size=MAX_FRAME_BYTES,
            max_queue=16,
            open_timeout=HELLO_DEADLINE_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=None,
            logger=logging.getLogger("veloz.control.websockets"),
        )
        self._ticker = asyncio.create_task(self._tick(), name="control views")

    async def close(self) -> None:
        """Send everybody away and remove socket and token."""
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        await self._questions.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self._path.unlink(missing_ok=True)
        self._token_path.unlink(missing_ok=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def controller(self) -> str:
        """Who holds the control lease; empty: nobody."""
        holder = self._lease.holder
        return holder.who if holder is not None else ""

    @property
    def peer_count(self) -> int:
        """How many consoles are attached, observers included."""
        return len(self._peers)

    def publish_entries(self, entries: Sequence[LogEntry]) -> None:
        """Give every console these log entries, in order and each once. Never waits."""
        self._log.extend(entries)
        for peer in self._peers:
            peer.log_grew()

    def reply(self, ack: Ack) -> None:
        """Answer the console whose command it was, if it is still there. Never waits."""
        peer = self._answers.answer(ack)
        if peer in self._peers and peer is not None:
            peer.owe(Answer(ack))

    async def _serve(self, connection: ServerConnection) -> None:
        try:
            peer = await self._admit(connection)
        except OperatorError as error:
            await refuse(connection, str(error))
            return
        except (ConnectionClosed, TimeoutError):
            return
        writer = asyncio.create_task(peer.write(), name=f"console {peer.who}")
        try:
            await self._read(peer, connection)
        finally:
            self._leave(peer)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    async def _admit(self, connection: ServerConnection) -> Peer:
        # Raises OperatorError with the reason to stay out.
        who = peer_identity(connection.transport.get_extra_info("socket"))
        if not who.is_us:
            raise OperatorError(f"user {who.uid} is not the owner of this engine")
        if len(self._peers) + self._at_the_door >= MAX_PEERS:
            names = ", ".join(peer.who for peer in self._peers)
            raise OperatorError(f"{MAX_PEERS} consoles are attached already ({names}): close one")
        self._at_the_door += 1
        try:
            hello = await read_hello(connection)
        finally:
            self._at_the_door -= 1
        check_hello(hello, token=self._token, version=self._identity.version)
        return self._let_in(connection, hello, who)

    def _let_in(self, connection: ServerConnection, hello: Hello, identity: PeerIdentity) -> Peer:
        peer = Peer(connection, hello, who=describe(identity, hello.name), log=self._log, depth=DEFAULT_DEPTH)
        self._peers.append(peer)
        was_holder = self._lease.holder
        if hello.wants_control and hello.wants_views:
            self._lease.join(peer)
        peer.owe(
            Welcome(
                protocol=PROTOCOL,
                profile=self._identity.profile,
                mode=self._identity.mode,
                engine_pid=os.getpid(),
                version=self._identity.version,
                has_control=self._lease.holder is peer,
                log_seq=self._log.last_seq,
                guardian_path=self._identity.guardian_path,
            )
        )
        peer.owe(ControlChanged(self._lease.holder is peer, self.controller))
        if self._lease.holder is not was_holder:
            self._control_moved(f"control to {peer.who}", apart_from=peer)
        peer.log_grew()
        return peer

    def _leave(self, peer: Peer) -> None:
        self._peers.remove(peer)
        self._questions.forget(peer)
        was_holder = self._lease.holder
        self._lease.leave(peer)
        if was_holder is peer:
            self._control_moved(f"control is free: {peer.who} left {self._clock()}")

    def _control_moved(self, text: str, *, apart_from: Peer | None = None) -> None:
        holder = self._lease.holder
        for peer in self._peers:
            if peer is not apart_from:
                peer.owe(ControlChanged(peer is holder, self.controller, text))
        lasting = next((peer.who for peer in self._lease.line if peer.hello.wants_views), "")
        if lasting != self._lasting_controller:
            self._lasting_controller = lasting
            self._on_control(lasting, text)

    async def _read(self, peer: Peer, connection: ServerConnection) -> None:
        loop = asyncio.get_running_loop()
        try:
            async for frame in connection:
                message = decode_from_console(frame)
                if isinstance(message, Hello):
                    raise GarbledFrame("a second hello")
                if isinstance(message, Question):
                    self._questions.ask(peer, message)
                else:
                    self._take(peer, message.command)
                if peer.is_flooding(loop.time()):
                    await asyncio.sleep(FLOOD_PAUSE_S)
        except GarbledFrame as error:
            await refuse(connection, f"{peer.who}: {error}")
        except ConnectionClosed:
            pass

    def _take(self, peer: Peer, command: AnyCommand) -> None:
        refusal = self._refusal(peer, command)
        if refusal:
            peer.owe(Answer(Ack(command.command_id, is_ok=False, text=refusal, code="CONTROL")))
            return
        is_repeat = self._answers.is_known(command.command_id)
        earlier = self._answers.ask(command.command_id, peer)
        if earlier is not None:
            peer.owe(Answer(earlier))
        elif not is_repeat:
            self._act(peer, command)

    def _refusal(self, peer: Peer, command: AnyCommand) -> str:
        if not 0 < len(command.command_id) <= MAX_COMMAND_ID:
            return f"a command's id has 1 to {MAX_COMMAND_ID} characters. Nothing done"
        if problem := bad_number(command):
            return f"{problem}. Nothing done"
        is_script = peer.hello.wants_control and not peer.hello.wants_views
        if is_script or peer is self._lease.holder or not _needs_control(command):
            return ""
        holder = self.controller or "nobody"
        return f"this console only observes, {holder} has control. Nothing done. To take it: control take"

    def _act(self, peer: Peer, command: AnyCommand) -> None:
        match command:
            case TakeControl():
                self.reply(self._hand_over(peer, command))
            case WatchInstruments():
                self.reply(_watch(peer, command))
            case _:
                try:
                    self._on_command(msgspec.structs.replace(command, by=peer.who))
                except OperatorError as error:
                    self.reply(Ack(command.command_id, is_ok=False, text=str(error)))
                except Exception:
                    # A console request's boundary: the console hears of it, the others go on.
                    _logger.exception("command %s of %s failed", type(command).__name__, peer.who)
                    self.reply(
                        Ack(command.command_id, is_ok=False, text="the engine failed at it; see its log")
                    )

    def _hand_over(self, peer: Peer, command: TakeControl) -> Ack:
        if self._lease.holder is peer:
            return Ack(command.command_id, is_ok=True, text="you have control already")
        self._lease.take(peer)
        self._control_moved(f"control taken by {peer.who} {self._clock()}")
        return Ack(command.command_id, is_ok=True, text="you have control")

    def _clock(self) -> str:
        return time.strftime("%H:%M:%SZ", time.gmtime(self._now() / 1_000_000_000))

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._show(loop.time())
            await asyncio.sleep(TICK_S)

    def _show(self, now_s: float) -> None:
        for peer in [one for one in self._peers if one.is_stuck(now_s)]:
            _logger.warning("console %s reads nothing: sent away", peer.who)
            peer.abort()
        due: dict[Watch, list[Peer]] = {}
        for peer in self._peers:
            if peer.wants_view(now_s):
                due.setdefault(peer.watch, []).append(peer)
        for watch, peers in due.items():
            self._show_to(peers, watch, now_s)

    def _show_to(self, peers: Sequence[Peer], watch: Watch, now_s: float) -> None:
        view = self._view(watch)
        if view is None:
            return
        news = gist(view)
        takers = [peer for peer in peers if peer.takes(news, now_s=now_s)]
        if takers:
            frame = encode(Snapshot(view))
            for peer in takers:
                peer.offer_view(frame, news, now_s=now_s)

    def _view(self, watch: Watch) -> View | None:
        try:
            view = self._build_view(*watch)
        except Exception as error:
            # Consoles show that their data grows old; trading goes on without a picture.
            if str(error) != self._view_failure:
                _logger.exception("no view could be built")
            self._view_failure = str(error)
            return None
        self._view_failure = ""
        return view


def _watch(peer: Peer, command: WatchInstruments) -> Ack:
    if len(command.instrument_ids) > MAX_WATCHED:
        return Ack(command.command_id, is_ok=False, text=f"at most {MAX_WATCHED} books at once")
    peer.watch = (frozenset(command.instrument_ids), min(max(command.depth, 1), MAX_DEPTH))
    return Ack(command.command_id, is_ok=True, text=f"watching {len(command.instrument_ids)} books")


def _needs_control(command: AnyCommand) -> bool:
    match command:
        case Kill() | KillPrepare() | TakeControl() | WatchInstruments():
            return False
        case PlaceOrder() | ClosePosition() | AmendOrder():
            return not command.is_dry
        case _:
            return True
