"""A foreign client as a child process in its own environment, spoken to in JSON lines."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from tests.clients.environments import ROOT, interpreter
from tests.clients.terms import Refusal

ANSWER_S = 30.0
LINE_BYTES_MAX = 32_000_000
T = TypeVar("T")


class Refused(Exception):
    """The client raised an error of its own."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.classes[0]}: {refusal.text}")
        self.refusal = refusal


class _Answer(msgspec.Struct):
    id: int
    result: msgspec.Raw = msgspec.Raw(b"null")
    refusal: Refusal | None = None


class Peer:
    """One command at a time; what the client follows runs on in its process."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._next_id = 0

    async def ask(self, command: str, answer_type: type[T], /, **fields: str) -> T:
        """Raises Refused for the client's own errors, RuntimeError when the program has ended."""
        self._next_id += 1
        request = {"id": self._next_id, "command": command, "fields": fields}
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(msgspec.json.encode(request) + b"\n")
        async with asyncio.timeout(ANSWER_S):
            line = await stdout.readline()
        if not line:
            raise RuntimeError(f"the client ended during {command}: {await self._last_words()}")
        answer = msgspec.json.decode(line, type=_Answer)
        assert answer.id == self._next_id
        if answer.refusal is not None:
            raise Refused(answer.refusal)
        return msgspec.json.decode(answer.result, type=answer_type)

    async def tell(self, command: str, /, **fields: str) -> None:
        await self.ask(command, msgspec.Raw, **fields)

    async def refusal_of(self, command: str, /, **fields: str) -> Refusal:
        """The error a command must end in."""
        try:
            await self.tell(command, **fields)
        except Refused as refused:
            return refused.refusal
        return Refusal(["none"], "accepted")

    async def _last_words(self) -> str:
        assert self._child.stderr is not None
        async with asyncio.timeout(ANSWER_S):
            said = await self._child.stderr.read()
        return said.decode("utf-8", "replace")[-4000:]


@asynccontextmanager
async def peer(client: str) -> AsyncIterator[Peer]:
    """Start `tests.clients.run_<client>` with the environment's own interpreter."""
    module = "tests.clients.run_" + client.replace("-", "_")
    child = await asyncio.create_subprocess_exec(
        str(interpreter(client)), "-m", module,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        # No proxies or keys of the surroundings.
        cwd=ROOT, env={"PATH": os.environ.get("PATH", "")}, limit=LINE_BYTES_MAX,
    )  # fmt: skip
    try:
        yield Peer(child)
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
