"""The processes of a measurement: a canned venue, a whole engine in its own profile; and what they cost."""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec

from tests.bench.market import market_file
from tests.replay.venue import API_KEY, SECRET
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.config.settings import load_settings
from veloz_tui.net.http import HttpClient, HttpResponse
from veloz_tui.runtime.engine_child import EngineChild
from veloz_tui.runtime.link import EngineStart, FromEngine, KeyMaterial, KillState, StopEngineRequest

START_S = 30.0
_TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")
_XDG = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")


def cpu_us(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_US


def memory_mb(pid: int) -> float:
    """Resident now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)


class Played(msgspec.Struct):
    """What the canned venue saw."""

    sent: int
    orders: int
    last_quantity: int
    latencies_us: dict[int, float]
    """From the sending of an update to the first order that names it."""
    takers: int
    users: int
    is_playing: bool
    resting: int
    canceled_at: dict[str, int]
    """Monotonic nanoseconds at which the first cancel of an order came, by its client id."""


class Server:
    """The canned venue."""

    def __init__(self, port: int, pid: int, client: HttpClient) -> None:
        self.port = port
        self.pid = pid
        self._client = client

    async def begin(self, *, first: int = 0, count: int = 0, rate: float = 0.0, speed: float = 0.0) -> None:
        """Begin to send messages, all if `count` is 0. `speed`: of a recording, times as fast as it was."""
        await self._get(f"/bench/play?first={first}&count={count}&rate={rate}&speed={speed}")

    async def stop(self) -> None:
        """Send no more."""
        await self._get("/bench/stop")

    async def play(self, *, first: int = 0, count: int, rate: float = 0.0) -> None:
        """Send messages; return when all are sent."""
        await self.begin(first=first, count=count, rate=rate)
        async with asyncio.timeout(START_S + count * 0.002 + (count / rate if rate else 0.0)):
            while (await self.result()).is_playing:
                await asyncio.sleep(0.1)

    async def result(self) -> Played:
        return msgspec.json.decode(await self._get("/bench/result"), type=Played)

    async def sent(self) -> dict[int, int]:
        """When each message was sent, in monotonic nanoseconds."""
        return dict(msgspec.json.decode(await self._get("/bench/sent"), type=list[tuple[int, int]]))

    async def reset(self) -> None:
        await self._get("/bench/reset")

    async def _get(self, path: str) -> bytes:
        answer = await self._client.request("GET", path)
        if not isinstance(answer, HttpResponse):
            raise RuntimeError(f"{path}: {answer}")
        return answer.body


@asynccontextmanager
async def serving(market: int | Path) -> AsyncIterator[Server]:
    """A generated market of so many messages, or that of a file."""
    path = market_file(market) if isinstance(market, int) else market
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.server", str(path),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        async with asyncio.timeout(START_S):
            port = int(await child.stdout.readline())
        client = HttpClient(f"http://127.0.0.1:{port}")
        try:
            yield Server(port, child.pid, client)
        finally:
            await client.aclose()
    finally:
        child.stdin.close()
        await ended(child)


async def ended(child: asyncio.subprocess.Process) -> None:
    """It was told to end; then it is made to."""
    try:
        async with asyncio.timeout(5):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


@contextmanager
def profile(config: str = "", strategies: Mapping[str, str] | None = None) -> Iterator[ProfilePaths]:
    """A demo profile in a directory of its own; the environment points there meanwhile."""
    before = {name: os.environ.get(name) for name in _XDG}
    with tempfile.TemporaryDirectory(prefix="vz-bench-") as folder:
        for name in _XDG:
            where = Path(folder) / name.lower()
            where.mkdir(mode=0o700)
            os.environ[name] = str(where)
        try:
            paths = ProfilePaths.of("demo")
            paths.create()
            paths.config_file.write_text(config)
            paths.config_file.chmod(0o600)
            for name, text in (strategies or {}).items():
                (paths.strategies / name).write_text(text)
                (paths.strategies / name).chmod(0o600)
            yield paths
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


class EngineProcess:
    """A whole engine, with us in its guardian's place."""

    def __init__(self, child: EngineChild) -> None:
        self.child = child
        self.kill_states: list[KillState] = []

    @property
    def pid(self) -> int:
        return self.child.pid

    def hear(self, message: FromEngine) -> None:
        if isinstance(message, KillState):
            self.kill_states.append(message)

    async def until(self, condition: Callable[[], bool], *, within_s: float = START_S) -> None:
        await until(lambda: condition() or not self.child.is_alive, within_s=within_s)
        if not self.child.is_alive:
            raise RuntimeError(f"the engine ended with {self.child.exit_code}")


@asynccontextmanager
async def engine_process(
    paths: ProfilePaths, *, sim_port: int, sim_id: str = "", waits: bool = True
) -> AsyncIterator[EngineProcess]:
    """READY when it is given, unless told not to wait."""
    log = paths.logs / "engine.stderr"
    child = await EngineChild.spawn(log=log)
    found = EngineProcess(child)
    listening = asyncio.create_task(child.listen(found.hear))
    key = KeyMaterial("BINANCE", API_KEY, SECRET)
    settings = load_settings(paths.profile, config_file=paths.config_file)
    child.send(EngineStart(settings, (key,), sim_port, sim_id))
    try:
        if waits:
            await found.until(lambda: child.phase == "READY")
        yield found
    except RuntimeError as error:
        raise RuntimeError(f"{error}: {log.read_text()[-2000:]}") from error
    finally:
        child.send(StopEngineRequest("done"))
        with contextlib.suppress(TimeoutError):
            await until(lambda: not child.is_alive, within_s=5)
        await child.fence()
        child.close()
        await asyncio.gather(listening, return_exceptions=True)


async def until(condition: Callable[[], bool], *, within_s: float = START_S) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)
