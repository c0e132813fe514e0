"""DEMO's simulated venue as a child process, found again by `sim.json`.

It outlives an engine or a guardian that crashed, and ends with a shutdown; its store keeps what it knew.
"""

import asyncio
import contextlib
import logging
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from veloz_tui.config.filesystem import read_private
from veloz_tui.config.paths import ProfilePaths
from veloz_tui.domain.errors import ConfigError, OperatorError
from veloz_tui.domain.types import Mode
from veloz_tui.runtime.link import KeyMaterial
from veloz_tui.sim.settings import AccountSettings, SimSettings

_LOG = logging.getLogger(__name__)
READY_WITHIN_S: Final = 15.0
END_WITHIN_S: Final = 10.0
POLL_S: Final = 0.05
ANSWER_WITHIN_S: Final = 2.0
OK: Final = 200
ACCOUNT: Final = "demo"


class DemoKey(msgspec.Struct, frozen=True):
    """A random pair, made at each start: the private half for the engine, the public one for the sim."""

    api_key: str
    private_pem: str
    public_pem: str

    @classmethod
    def random(cls) -> "DemoKey":
        # Not at the top: the guardian starts its children before it loads what it needs itself.
        from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

        pair = Ed25519PrivateKey.generate()
        private = pair.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
        public = pair.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        return cls(f"demo{os.urandom(30).hex()}", private.decode(), public.decode())

    @property
    def material(self) -> KeyMaterial:
        return KeyMaterial("BINANCE", self.api_key, self.private_pem)

    @property
    def account(self) -> AccountSettings:
        return AccountSettings(name=ACCOUNT, api_key=self.api_key, credential=self.public_pem)

    def __repr__(self) -> str:
        return "DemoKey(***)"


class SimAddress(msgspec.Struct, frozen=True):
    """Where a running simulated venue is; no secret in it."""

    pid: int
    port: int
    sim_id: str
    is_ours: bool = False
    """A guardian started it, so it ends with a shutdown; one that somebody else started goes on."""


def address_file(paths: ProfilePaths) -> Path:
    return paths.runtime_directory / "sim.json"


class SimProcess:
    """A simulated venue that loads its code and waits for its settings; `serve` or `give_up` it."""

    def __init__(self, paths: ProfilePaths) -> None:
        self._paths = paths
        with (paths.logs / "sim.stderr").open("ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "veloz_tui.sim"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def serve(self, key: DemoKey) -> SimAddress:
        """Give it its settings and wait until it serves. Raises ConfigError or OperatorError."""
        child = self._child
        assert child.stdin is not None
        database = str(self._paths.sim_database)
        settings = SimSettings(db_path=database, accounts=(key.account,), seed=os.getpid())
        with contextlib.suppress(BrokenPipeError):  # it has ended: what it says is asked for next
            child.stdin.write(msgspec.json.encode(settings) + b"\n")
            child.stdin.flush()
        line = self._ready_line()
        try:
            ready = msgspec.json.decode(line)
            return SimAddress(child.pid, int(ready["port"]), str(ready["sim_id"]), is_ours=True)
        except (msgspec.DecodeError, KeyError) as error:
            child.kill()
            said = (self._paths.logs / "sim.stderr").read_text(errors="replace").strip().splitlines()
            why = said[-1] if said else "it said nothing"
            raise ConfigError(f"the simulated venue did not start: {why}") from error

    def _ready_line(self) -> bytes:
        assert self._child.stdout is not None
        if select.select([self._child.stdout], [], [], READY_WITHIN_S)[0]:
            return self._child.stdout.readline()
        self._child.kill()
        raise OperatorError(
            f"the simulated venue was not ready within {READY_WITHIN_S:.0f} s; see logs/sim.stderr"
        )

    def give_up(self) -> None:
        """End it; without settings it has touched nothing."""
        self._child.kill()
        self._child.wait()


def expects_demo(paths: ProfilePaths) -> bool:
    """Whether the settings, not read yet, can hardly name another mode than DEMO."""
    try:
        return read_private(paths.mode_file, limit=16).decode("ascii", "replace").strip() == Mode.DEMO
    except FileNotFoundError:
        return not paths.config_file.exists()


def begin(paths: ProfilePaths) -> SimProcess | None:
    """Start a venue ahead of the settings, unless one seems to run: loading takes it half a second."""
    return SimProcess(paths) if not address_file(paths).exists() else None


async def find_or_start(paths: ProfilePaths, key: DemoKey, *, begun: SimProcess | None = None) -> SimAddress:
    """Give the running venue our new key, or start one (`begun`). Raises ConfigError or OperatorError."""
    known = await lend_key(paths, key)
    if known is not None:
        if begun is not None:
            begun.give_up()
        return known
    address = await asyncio.to_thread((begun or SimProcess(paths)).serve, key)
    address_file(paths).write_bytes(msgspec.json.encode(address))
    return address


async def lend_key(paths: ProfilePaths, key: DemoKey) -> SimAddress | None:
    """Give the running venue a key, if there is one."""
    known = await find(paths)
    return known if known is not None and await _give_key(known, key) else None


async def end_ours(paths: ProfilePaths) -> None:
    """End the profile's venue, unless somebody else started it."""
    known = await find(paths)
    if known is not None and known.is_ours and not await end(paths):
        _LOG.error("the simulated venue, process %d, doesn't end", known.pid)


async def end(paths: ProfilePaths) -> bool:
    """End the profile's running venue, if there is one; False if it doesn't end in time."""
    known = await find(paths)
    if known is not None and known.pid > 0:
        with contextlib.suppress(ProcessLookupError):
            os.kill(known.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(END_WITHIN_S):
                while not _has_ended(known.pid):  # silent is not enough: it still writes what it knows
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return False
    address_file(paths).unlink(missing_ok=True)
    return True


def _has_ended(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):  # a guardian's own child stays a zombie until asked for
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return True
    return False


async def find(paths: ProfilePaths) -> SimAddress | None:
    """Return the profile's running venue, if it answers and is the one we know."""
    try:
        known = msgspec.json.decode(address_file(paths).read_bytes(), type=SimAddress)
    except (OSError, msgspec.DecodeError):
        return None
    answer = await _ask(known, "GET", "/sim/status")
    with contextlib.suppress(msgspec.DecodeError):
        if answer and msgspec.json.decode(answer, type=_Status).sim_id == known.sim_id:
            return known
    return None


class _Status(msgspec.Struct):
    sim_id: str


async def _give_key(address: SimAddress, key: DemoKey) -> bool:
    return await _ask(address, "POST", "/sim/accounts", msgspec.json.encode(key.account)) is not None


async def _ask(address: SimAddress, method: str, path: str, body: bytes = b"") -> bytes | None:
    # Not at the top, see DemoKey.random: a first start has nobody to ask.
    from veloz_tui.net.http import HttpClient, HttpResponse  # noqa: PLC0415

    client = HttpClient(f"http://127.0.0.1:{address.port}", timeout_s=ANSWER_WITHIN_S)
    try:
        answer = await client.request(method, path, body=body)
    finally:
        await client.aclose()
    return answer.body if isinstance(answer, HttpResponse) and answer.status == OK else None
