"""A kill is told to engine and guardian at once: who has taken it up, and how long to wait for the other."""

import asyncio
from pathlib import Path

import msgspec

from veloz_tui.control.guardian import GuardianKill, GuardianReply, KillProgress, ask_guardian_async
from veloz_tui.control.identity import own_name
from veloz_tui.control.oneshot import ControlPaths, ask_engine, new_command_id
from veloz_tui.domain.commands import Kill
from veloz_tui.domain.errors import VelozError
from veloz_tui.domain.views import Ack

KILL_TIMEOUT_S = 2.0
# After the first word that the kill is under way, how long to wait for the other's.
KILL_GRACE_S = 0.25


class KillOutcome(msgspec.Struct, frozen=True):
    """Who has taken up a kill so far. None: no word from that side yet; `failures` says why."""

    kill_id: str
    engine: Ack | None = None
    guardian: GuardianReply | None = None
    failures: tuple[str, ...] = ()

    @property
    def is_taken_up(self) -> bool:
        return (self.engine is not None and self.engine.is_ok) or isinstance(self.guardian, KillProgress)


async def kill_everywhere(paths: ControlPaths, *, kill_id: str, reason: str) -> KillOutcome:
    """ControlClient.kill without a link: connects to engine and guardian for this one thing."""
    name = own_name()
    command = Kill(command_id=new_command_id(), kill_id=kill_id, reason=reason)
    engine = asyncio.ensure_future(ask_engine(paths, command, timeout_s=KILL_TIMEOUT_S, wants_control=False))
    request = GuardianKill(kill_id=kill_id, by=name, reason=reason)
    return await kill_both(kill_id, engine, paths.guardian_socket, request)


async def kill_both(
    kill_id: str, engine: asyncio.Future[Ack], guardian_path: Path, request: GuardianKill
) -> KillOutcome:
    guardian = asyncio.ensure_future(ask_guardian_async(guardian_path, request, timeout_s=KILL_TIMEOUT_S))
    try:
        await _first_words(engine, guardian)
    finally:
        engine.cancel()
        guardian.cancel()
        await asyncio.gather(engine, guardian, return_exceptions=True)
    return KillOutcome(
        kill_id,
        engine=None if _failure(engine) else engine.result(),
        guardian=None if _failure(guardian) else guardian.result(),
        failures=tuple(filter(None, (_failure(engine), _failure(guardian)))),
    )


async def _first_words(engine: asyncio.Future[Ack], guardian: asyncio.Future[GuardianReply]) -> None:
    # Until one of them has taken the kill up, and a little longer for the other.
    waiting: set[asyncio.Future[Ack] | asyncio.Future[GuardianReply]] = {engine, guardian}
    timeout_s: float | None = None
    while waiting:
        done, waiting = await asyncio.wait(waiting, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            return
        if any(not _failure(future) for future in done):
            timeout_s = KILL_GRACE_S


def _failure(future: asyncio.Future[Ack] | asyncio.Future[GuardianReply]) -> str:
    if future.cancelled():
        return "no word yet"
    error = future.exception()
    if error is not None and not isinstance(error, VelozError):
        raise error
    return str(error) if error is not None else ""
