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

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.domain.errors import ConfigError, OperatorError
from veloz_tui.runtime.link import KeyMaterial
from veloz_tui.sim.settings import AccountSettings, SimSettings

_LOG = logging.getLogger(__name__)
READY_WITHIN_S: Final = 15.0
END_WITHIN_S: Final = 10.0
POLL_S: Final = 0.05
ACCOUNT: Final = "demo"


class DemoKey(msgspec.Struct, frozen=True):
    """A random pair, made at each start: the private half for the engine, the public one for the sim."""

    api_key: str
    private_pem: str
    public_pem: str

    @classmethod
    def random(cls) -> "DemoKey":
        pair = Ed25519PrivateKey.generate()
        private = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
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


async def find_or_start(paths: ProfilePaths, key: DemoKey) -> SimAddress:
    """Give the running venue our new key, or start one. Raises ConfigError or OperatorError."""
    known = await lend_key(paths, key)
    if known is not None:
        return known
    address = await asyncio.to_thread(_start, paths, key)
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
                while await find(paths) is not None:
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return False
    address_file(paths).unlink(missing_ok=True)
    return True


async def find(paths: ProfilePaths) -> SimAddress | None:
    """Return the profile's running venue, if it answers and is the one we know."""
    try:
        known = msgspec.json.decode(address_file(paths).read_bytes(), type=SimAddress)
    except (OSError, msgspec.DecodeError):
        return None
    with contextlib.suppress(httpx.HTTPError, ValueError):
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{known.port}/sim/status")
            if answer.json().get("sim_id") == known.sim_id:
                return known
    return None


async def _give_key(address: SimAddress, key: DemoKey) -> bool:
    body = msgspec.json.encode(key.account)
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            answer = await client.post(f"http://127.0.0.1:{address.port}/sim/accounts", content=body)
            return answer.status_code == httpx.codes.OK
    return False


def _start(paths: ProfilePaths, key: DemoKey) -> SimAddress:
    settings = SimSettings(db_path=str(paths.sim_database), accounts=(key.account,), seed=os.getpid())
    with (paths.logs / "sim.stderr").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "veloz_tui.sim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(msgspec.json.encode(settings) + b"\n")
    child.stdin.flush()
    line = _read_line(child, READY_WITHIN_S)
    try:
        ready = msgspec.json.decode(line)
        return SimAddress(child.pid, int(ready["port"]), str(ready["sim_id"]), is_ours=True)
    except (msgspec.DecodeError, KeyError) as error:
        child.kill()
        said = (paths.logs / "sim.stderr").read_text(errors="replace").strip().splitlines()
        why = said[-1] if said else "it said nothing"
        raise ConfigError(f"the simulated venue did not start: {why}") from error


def _read_line(child: subprocess.Popen[bytes], within_s: float) -> bytes:
    assert child.stdout is not None
    if not select.select([child.stdout], [], [], within_s)[0]:
        child.kill()
        raise OperatorError(f"the simulated venue was not ready within {within_s:.0f} s; see logs/sim.stderr")
    return child.stdout.readline()
