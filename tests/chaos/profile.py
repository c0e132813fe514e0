"""One profile of the whole program as real processes, in directories of its own, and their certain end.

Guardian, engine and console commands run as a user's would; the simulated venue is started here with settings
of the test's own and is then found by the guardian as the one that was there before. Everything is ended by
process id. Nothing of a test's profile is left on the disk.
"""

import asyncio
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from veloz_tui.config.lock import holder_pid
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.control import oneshot
from veloz_tui.control.connection import Greeting, open_connection
from veloz_tui.control.errors import EngineNotRunning, GuardianNotRunning, LinkLost, RefusedByEngine
from veloz_tui.control.guardian import GuardianReply, GuardianRequest, GuardianStatus, GuardianStatusRequest
from veloz_tui.control.guardian import ask_guardian as ask_guardian_at
from veloz_tui.control.messages import Answer, Request
from veloz_tui.domain.commands import AnyCommand, PlaceOrder, StartStrategy
from veloz_tui.domain.order import OrderRequest
from veloz_tui.domain.types import InstrumentId, Side, StrategyId
from veloz_tui.domain.views import Ack, AlertView, OrderView, StrategyView, View
from veloz_tui.runtime.sim_child import DemoKey, SimAddress, address_file
from veloz_tui.sim.settings import LimitSettings, MarketSettings, SimSettings
from veloz_tui.venues.binance.requests import Signer, signer_for

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 30.0
COMMANDS_A_S = 80
"""Fewer than a console may send; more would look like a flood."""
T = TypeVar("T")


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return f"{self.out}\n{self.err}"


def until(
    condition: Callable[[], T | None], *, within_s: float = 15.0, every_s: float = 0.05, what: str = ""
) -> T:
    """Wait for a condition, return what it gave. An engine between two lives isn't an error here."""
    deadline = time.monotonic() + within_s
    seen: object = None
    while time.monotonic() < deadline:
        try:
            found = condition()
            if found:
                return found
            seen = found
        except (EngineNotRunning, GuardianNotRunning, LinkLost, RefusedByEngine) as error:
            seen = error
        time.sleep(every_s)
    raise AssertionError(f"{what or condition} did not come within {within_s:.0f} s; last: {seen!r}")


class SimVenue:
    """The admin face of a running simulated venue."""

    def __init__(self, address: SimAddress) -> None:
        self.address = address
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{address.port}", timeout=10.0, trust_env=False)
        self._signer: Signer | None = None

    def close(self) -> None:
        self._http.close()

    def status(self) -> dict[str, object]:
        found = self._get("/sim/status")
        assert isinstance(found, dict)
        return found

    def open_orders(self) -> list[dict[str, object]]:
        found = self._get("/sim/orders")
        assert isinstance(found, list)
        return found

    def orders_of(self, client_order_id: str) -> list[dict[str, object]]:
        """Every order that was ever made with this client id."""
        found = self._get(f"/sim/orders?client_order_id={client_order_id}")
        assert isinstance(found, list)
        return found

    def made(self) -> dict[str, int]:
        """How many orders were ever made, by client id."""
        found = self.status()["orders_per_client_id"]
        assert isinstance(found, dict)
        return found

    def requests(self) -> dict[str, int]:
        """How many requests arrived, by wire and operation."""
        found = self.status()["requests"]
        assert isinstance(found, dict)
        return found

    def placements(self) -> int:
        """How many orders anybody tried to make over the API."""
        return sum(count for name, count in self.requests().items() if name in PLACEMENTS)

    def fault(self, action: str, **fields: object) -> None:
        self._post("/sim/faults", {"action": action, **fields})

    def clear_faults(self) -> None:
        self._http.delete("/sim/faults").raise_for_status()

    def market(self, action: str, **fields: object) -> None:
        self._post("/sim/market", {"action": action, **fields})

    def order(self, action: str, **fields: object) -> None:
        self._post("/sim/order", {"action": action, **fields})

    def place(self, **params: str) -> None:
        """An order made elsewhere, as on the venue's own pages."""
        self._post("/sim/place", {"params": params})

    def trades(self, symbol: str) -> list[dict[str, str]]:
        """All trades of the account, from the venue's own list, with a key of the test's own."""
        found: list[dict[str, str]] = []
        while True:
            start = int(found[-1]["id"]) + 1 if found else 0
            page = self._signed("/api/v3/myTrades", symbol=symbol, fromId=start, limit=1000)
            assert isinstance(page, list)
            found += page
            if len(page) < 1000:
                return found

    def balances(self) -> dict[str, Decimal]:
        """What the account has of each asset, free and locked, in the venue's own word."""
        account = self._signed("/api/v3/account")
        assert isinstance(account, dict)
        return {b["asset"]: Decimal(b["free"]) + Decimal(b["locked"]) for b in account["balances"]}

    def bought(self, symbol: str) -> Decimal:
        """The sum of the account's fills, sales negative, less the fees taken in what was bought."""
        total = Decimal(0)
        for trade in self.trades(symbol):
            total += Decimal(trade["qty"]) * (1 if trade["isBuyer"] else -1)
            if symbol.startswith(trade["commissionAsset"]):
                total -= Decimal(trade["commission"])
        return total

    def _signed(self, path: str, **params: str | int) -> object:
        if self._signer is None:
            key = DemoKey.random()
            self._post("/sim/accounts", msgspec.to_builtins(key.account))
            self._signer = signer_for(api_key=key.api_key, secret=key.private_pem)
        server_time = self.status()["server_time"]
        query = urlencode({**params, "timestamp": str(server_time), "recvWindow": 5000})
        query = f"{query}&{urlencode({'signature': self._signer.sign(query.encode())})}"
        return self._get(f"{path}?{query}", headers={"X-MBX-APIKEY": self._signer.api_key})

    def _get(self, path: str, headers: Mapping[str, str] | None = None) -> object:
        answer = self._http.get(path, headers=headers)
        answer.raise_for_status()
        found: object = answer.json()
        return found

    def _post(self, path: str, body: object) -> object:
        answer = self._http.post(path, content=msgspec.json.encode(body))
        assert answer.status_code == 200, answer.text
        found: object = answer.json()
        return found


PLACEMENTS = frozenset({"ws-api order.place", "rest POST /api/v3/order"})


class Profile:
    """A DEMO profile (or another mode's, by its settings). Made and ended by `running_profile`."""

    def __init__(self, directory: Path, *, name: str = "demo") -> None:
        self.directory = directory
        self.name = name
        runtime = directory / "r"
        runtime.mkdir(mode=0o700, exist_ok=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "VELOZ_"))}
        self.environ: dict[str, str] = {
            **kept,
            "HOME": str(directory),
            "XDG_STATE_HOME": str(directory / "s"),
            "XDG_CONFIG_HOME": str(directory / "c"),
            "XDG_RUNTIME_DIR": str(runtime),
            "PYTHONPATH": str(ROOT),
        }
        self.paths = ProfilePaths.of(name, environ=self.environ)
        self.pids: set[int] = set()
        self._sim_process: subprocess.Popen[bytes] | None = None
        self._sim: SimVenue | None = None
        self._commands = 0

    # --- files ---

    def write_settings(self, text: str) -> Path:
        path = self.paths.config_file
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def write_strategy(self, file_name: str, text: str) -> None:
        self.paths.strategies.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.paths.strategies.parent.chmod(0o700)
        (self.paths.strategies / file_name).write_text(text)

    def log(self, name: str) -> str:
        try:
            return (self.paths.logs / name).read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def everything_said(self) -> str:
        """All that the processes of this profile wrote outside of their log files."""
        return "".join(self.log(path.name) for path in sorted(self.paths.logs.glob("*.stderr")))

    # --- processes ---

    def veloz(self, *words: str, typed: str | None = None, timeout_s: float = 90.0) -> Done:
        """Run a command as from a shell without a terminal."""
        done = subprocess.run(
            [sys.executable, "-m", "veloz_tui", "--profile", self.name, *words],
            env=self.environ,
            input=typed,
            stdin=subprocess.DEVNULL if typed is None else None,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            cwd="/",
        )
        self._note_pids()
        return Done(done.returncode, done.stdout, done.stderr)

    def veloz_on_a_terminal(self, *words: str, typed: Sequence[str], timeout_s: float = 60.0) -> Done:
        """Run a command with a controlling terminal; each line is typed once something was asked."""
        pid, terminal = os.forkpty()
        if pid == 0:
            os.chdir("/")
            command = [sys.executable, "-m", "veloz_tui", "--profile", self.name, *words]
            os.execve(sys.executable, command, {**self.environ, "TERM": "xterm"})
        said, waiting = b"", list(typed)
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.2)[0]:
                if waiting and said.rstrip().endswith(b":"):
                    os.write(terminal, waiting.pop(0).encode() + b"\n")
                continue
            try:
                piece = os.read(terminal, 65_536)
            except OSError:  # its other end is closed
                break
            said += piece
        os.close(terminal)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._note_pids()
        return Done(code, said.decode(errors="replace"), "")

    def spawn(self, *words: str) -> "subprocess.Popen[str]":
        """Begin a command; the caller waits for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "veloz_tui", "--profile", self.name, *words],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )

    def start(self, *, within_s: float = READY_WITHIN_S) -> View:
        """`veloz engine`, then READY."""
        done = self.veloz("engine")
        assert done.code == 0, done.err + self.everything_said()
        return self.until_ready(within_s=within_s)

    def until_ready(self, *, within_s: float = READY_WITHIN_S) -> View:
        view = until(self._ready_view, within_s=within_s, what="READY with fresh books")
        self._note_pids()
        return view

    def is_ready(self) -> bool:
        return self._ready_view() is not None

    def _ready_view(self) -> View | None:
        view = self.view()
        is_ready = view.status.trading_state != "CANCEL_ONLY" and all(v.state == "READY" for v in view.venues)
        has_books = bool(view.instruments) and all(i.bid and not i.stale_reason for i in view.instruments)
        return view if is_ready and has_books else None

    def start_sim(
        self,
        *,
        limits: LimitSettings | None = None,
        market: MarketSettings | None = None,
        is_on_disk: bool = True,
    ) -> None:
        """Start a venue with limits of its own, where the guardian will look for one."""
        old_mask = os.umask(0o077)
        try:
            self.paths.create()
            key = DemoKey.random()
            settings = SimSettings(
                db_path=str(self.paths.sim_database) if is_on_disk else None,
                accounts=(key.account,),
                limits=limits or LimitSettings(),
                market=market or MarketSettings(),
                seed=7,
                stop_with_parent=True,
            )
            with (self.paths.logs / "sim.stderr").open("ab") as log:
                self._sim_process = subprocess.Popen(
                    [sys.executable, "-m", "veloz_tui.sim"],
                    env=self.environ,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                )
            assert self._sim_process.stdin is not None and self._sim_process.stdout is not None
            self._sim_process.stdin.write(msgspec.json.encode(settings) + b"\n")
            self._sim_process.stdin.flush()
            ready = json.loads(self._sim_process.stdout.readline())
            address = SimAddress(self._sim_process.pid, int(ready["port"]), str(ready["sim_id"]))
            address_file(self.paths).write_bytes(msgspec.json.encode(address))
        finally:
            os.umask(old_mask)

    @property
    def sim(self) -> SimVenue:
        if self._sim is None:
            address = msgspec.json.decode(address_file(self.paths).read_bytes(), type=SimAddress)
            self.pids.add(address.pid)
            self._sim = SimVenue(address)
        return self._sim

    @property
    def engine_pid(self) -> int:
        pid = holder_pid(self.paths.engine_lock)
        assert pid is not None, "no engine runs"
        self.pids.add(pid)
        return pid

    @property
    def guardian_pid(self) -> int:
        pid = holder_pid(self.paths.guardian_lock)
        assert pid is not None, "no guardian runs"
        self.pids.add(pid)
        return pid

    @property
    def is_running(self) -> bool:
        locks = (self.paths.engine_lock, self.paths.guardian_lock)
        return any(holder_pid(lock) is not None for lock in locks)

    def _note_pids(self) -> None:
        for lock in (self.paths.engine_lock, self.paths.guardian_lock):
            pid = holder_pid(lock)
            if pid is not None:
                self.pids.add(pid)
        with contextlib.suppress(OSError, msgspec.DecodeError):
            address = msgspec.json.decode(address_file(self.paths).read_bytes(), type=SimAddress)
            self.pids.add(address.pid)

    def kill_both(self) -> None:
        """kill -9 of guardian and engine, so that neither brings the other back."""
        if not self.pids:
            return
        deadline = time.monotonic() + 10.0
        quiet_since = time.monotonic()
        while time.monotonic() < deadline and time.monotonic() - quiet_since < 0.3:
            for lock in (self.paths.guardian_lock, self.paths.engine_lock):
                pid = holder_pid(lock)
                if pid is not None:
                    send(pid, signal.SIGKILL)
                    quiet_since = time.monotonic()
            time.sleep(0.02)

    def close(self) -> None:
        """End everything of this profile, by process id; print what went wrong in it, for a failed test."""
        self._note_pids()
        self.kill_both()
        if self._sim is not None:
            self._sim.close()
        if self._sim_process is not None:
            self._sim_process.kill()
            self._sim_process.communicate()
        for pid in self.pids:
            if is_ours(pid):
                send(pid, signal.SIGKILL)
        logs = [line for name in ("engine.log", "guardian.log") for line in self.log(name).splitlines()]
        bad = [line[:2000] for line in logs if '"ERROR"' in line or '"CRITICAL"' in line]
        print(*bad[-20:], self.everything_said()[-3000:], sep="\n")
        if not self.paths.runtime_directory.is_relative_to(self.directory):
            shutil.rmtree(self.paths.runtime_directory, ignore_errors=True)

    # --- asking ---

    def view(self, *, depth: int = 10) -> View:
        return oneshot.fetch_view(self.paths, depth=depth)

    def command(self, command: AnyCommand, *, timeout_s: float = 5.0) -> Ack:
        return oneshot.run_command(self.paths, command, timeout_s=timeout_s)

    def ask_guardian(self, request: GuardianRequest, *, timeout_s: float = 2.0) -> GuardianReply:
        return ask_guardian_at(self.paths.guardian_socket, request, timeout_s=timeout_s)

    def guardian_status(self) -> GuardianStatus | None:
        try:
            reply = self.ask_guardian(GuardianStatusRequest())
        except (GuardianNotRunning, LinkLost):
            return None
        return reply if isinstance(reply, GuardianStatus) else None

    def start_strategies(self, *names: str) -> None:
        for name in names:
            ack = self.command(
                StartStrategy(command_id=oneshot.new_command_id(), strategy_id=StrategyId(name))
            )
            assert ack.is_ok, ack.text

    def place(self, request: OrderRequest) -> Ack:
        return self.command(PlaceOrder(command_id=oneshot.new_command_id(), request=request))

    def place_many(self, requests: Sequence[OrderRequest]) -> list[Ack]:
        """Over one connection, at the speed of a quick script."""
        return asyncio.run(self._place_many(requests))

    async def _place_many(self, requests: Sequence[OrderRequest]) -> list[Ack]:
        greeting = Greeting(name="test", wants_views=False)
        connection = await open_connection(
            engine_path=self.paths.engine_socket, token_path=self.paths.session_token, greeting=greeting
        )
        acks: list[Ack] = []
        async with connection:
            for request in requests:
                command = PlaceOrder(command_id=oneshot.new_command_id(), request=request)
                await connection.send(Request(command))
                await asyncio.sleep(1 / COMMANDS_A_S)
            while len(acks) < len(requests):
                message = await connection.receive(timeout_s=10.0)
                if isinstance(message, Answer):
                    acks.append(message.ack)
        return acks

    def away(
        self, symbol: str, *, side: Side = Side.BUY, percent: str = "1", value: str = "12", number: int = 0
    ) -> OrderRequest:
        """A resting order `percent` (and `number` tenths of a basis point) from the touch."""
        instrument_id = InstrumentId(f"{symbol}.BINANCE")
        found = next(i for i in self.view().instruments if i.instrument_id == instrument_id)
        touch = found.bid if side is Side.BUY else found.ask
        assert touch is not None
        share = Decimal(percent) / 100 + Decimal(number) / 100_000
        price = touch * (1 - share * side.sign)
        price = (price / found.tick_size).to_integral_value() * found.tick_size
        quantity = (Decimal(value) / price / found.lot_size).to_integral_value() * found.lot_size
        return OrderRequest(
            instrument_id=instrument_id, side=side, quantity=quantity, price=price, post_only=True
        )

    def order(self, client_order_id: str) -> OrderView | None:
        return next((o for o in self.view().orders if o.client_order_id == client_order_id), None)

    def alerts(self, word: str = "") -> list[AlertView]:
        return [alert for alert in self.view().alerts if word in alert.text or word == alert.code]

    def strategy(self, name: str) -> StrategyView:
        return next(s for s in self.view().strategies if s.strategy_id == name)


@contextlib.contextmanager
def running_profile(
    *,
    name: str = "demo",
    settings: str = "",
    sim: LimitSettings | None = None,
    market: MarketSettings | None = None,
    strategies: Mapping[str, str] | None = None,
    starts: bool = True,
) -> Iterator[Profile]:
    """A profile in a temporary directory with a short name (socket paths are short), ended at the end."""
    with tempfile.TemporaryDirectory(prefix="vz", ignore_cleanup_errors=True) as directory:
        profile = Profile(Path(directory), name=name)
        try:
            if settings:
                profile.write_settings(settings)
            for file_name, text in (strategies or {}).items():
                profile.write_strategy(file_name, text)
            if sim is not None or market is not None:
                profile.start_sim(limits=sim, market=market)
            if starts:
                profile.start()
            yield profile
        finally:
            profile.close()


def send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def is_ours(pid: int) -> bool:
    """Whether a process is one of ours still, and not another one that got its number."""
    try:
        return b"veloz_tui" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
