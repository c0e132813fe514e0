"""A simulated venue as a process of its own, and its admin face."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import msgspec

from veloz_tui.net.http import HttpClient, HttpResponse
from veloz_tui.sim.settings import AccountSettings, LimitSettings, SimSettings

API_KEY = "k" * 64
SECRET = "s" * 64
START_S = 20.0
ACCOUNT = AccountSettings(api_key=API_KEY, credential=SECRET, key_type="HMAC")
# What a venue would never allow: measurements are not about its limits.
RAISED = LimitSettings(
    request_weight_1m=10_000_000, orders_10s=1_000_000, orders_1d=100_000_000, raw_requests_5m=100_000_000
)


class _Ready(msgspec.Struct):
    port: int
    sim_id: str


class VenueProcess:
    """A running venue."""

    def __init__(self, child: asyncio.subprocess.Process, ready: _Ready, admin: HttpClient) -> None:
        self.pid = child.pid
        self.port = ready.port
        self.sim_id = ready.sim_id
        self._admin = admin

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> bytes:
        """Talk to its admin face."""
        data = msgspec.json.encode(body) if body is not None else b""
        answer = await self._admin.request(method, path, body=data)
        if not isinstance(answer, HttpResponse) or answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer.body


@asynccontextmanager
async def venue_process(settings: SimSettings) -> AsyncIterator[VenueProcess]:
    """Ends with us, whatever happens: its standard input is our pipe."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "veloz_tui.sim", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(
            msgspec.json.encode(msgspec.structs.replace(settings, stop_with_parent=True)) + b"\n"
        )
        async with asyncio.timeout(START_S):
            line = await child.stdout.readline()
        if not line:
            raise RuntimeError("the simulated venue did not start")
        ready = msgspec.json.decode(line, type=_Ready)
        admin = HttpClient(f"http://127.0.0.1:{ready.port}")
        try:
            yield VenueProcess(child, ready, admin)
        finally:
            await admin.aclose()
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        try:
            async with asyncio.timeout(5):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
