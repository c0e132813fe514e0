"""A secret that is easy to recognise, and a search for it in everything that a session leaves or shows."""

import asyncio
import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from tests.chaos.profile import Profile, running_profile, until
from veloz_tui.config.secret import ApiKey, Secret
from veloz_tui.config.secrets import SecretStore, service_name
from veloz_tui.config.vault import KdfCost, Vault
from veloz_tui.control.client import ask_question
from veloz_tui.domain.queries import AskWire
from veloz_tui.runtime.sim_child import SimAddress, address_file
from veloz_tui.sim.settings import AccountSettings, SimSettings

SECRET = "canary+/SECRET" + "7f3b9a1c5d2e8f40" * 3
PASSWORD = "canary-PASSWORD-of-the-vault-91b7"
SETTINGS = """
[profile]
mode = "TEST"
[venues.binance.test_hosts]
rest = "http://127.0.0.1:{port}"
websocket_api = "ws://127.0.0.1:{port}/ws-api/v3"
streams = "ws://127.0.0.1:{port}"
confirm = "these are test hosts"
[risk]
max_orders_per_second = 100
[secrets]
backend = "vault"
[strategies.mm]
class = "market_maker"
instrument = "BTCUSDT.BINANCE"
params = {{instrument = "BTCUSDT.BINANCE", half_spread_bps = "5", size = "0.001"}}
"""


def forms(secret: str) -> set[bytes]:
    """The secret as it is and as programs like to write it."""
    raw = secret.encode()
    return {
        raw,
        raw[8:40],  # a part is as bad
        quote(secret, safe="").encode(),
        raw.hex().encode(),
        base64.b64encode(raw).rstrip(b"=")[:-1],
        repr(secret)[1:-1].encode(),
    }


@pytest.fixture
def profile() -> Iterator[tuple[Profile, str]]:
    """A TEST profile with an HMAC key in a vault, and a venue on this machine that knows it."""
    with running_profile(name="canary", starts=False) as found:
        api_key = "k" * 64
        account = AccountSettings(api_key=api_key, credential=SECRET, key_type="HMAC")
        process = subprocess.Popen(
            [sys.executable, "-m", "veloz_tui.sim"],
            env=found.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None and process.stdout is not None
        settings = SimSettings(accounts=(account,), stop_with_parent=True)
        process.stdin.write(msgspec.json.encode(settings) + b"\n")
        process.stdin.flush()
        ready = msgspec.json.decode(process.stdout.readline())
        old_mask = os.umask(0o077)
        try:
            found.paths.create()
            found.write_settings(SETTINGS.format(port=ready["port"]))
            cost = KdfCost(iterations=1, memory_kib=256, lanes=1)
            vault = Vault(found.paths.vault, service=service_name(found.name), cost=cost)
            key = ApiKey(
                name="main",
                venue="BINANCE",
                kind="hmac",
                environment="test",
                api_key=Secret(api_key),
                secret=Secret(SECRET),
            )
            SecretStore(vault.create(Secret(PASSWORD))).put(key)
            address = SimAddress(process.pid, int(ready["port"]), str(ready["sim_id"]))
            address_file(found.paths).write_bytes(msgspec.json.encode(address))
            yield found, api_key
        finally:
            os.umask(old_mask)
            process.kill()
            process.communicate()


def family(pids: set[int]) -> set[int]:
    """These processes and the ones they started: strategies have processes of their own."""
    found = set(pids)
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent in pids:
            found.add(int(status.parent.name))
    return found


def hits(profile: Profile, needles: set[bytes]) -> list[str]:
    """Every place under HOME, and every command line and environment of our processes, that shows one."""
    found = [
        str(path)
        for path in profile.directory.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]
    for pid in family(profile.pids):
        for name in ("cmdline", "environ"):
            try:
                content = Path(f"/proc/{pid}/{name}").read_bytes()
            except OSError:
                continue
            found += [f"/proc/{pid}/{name}"] * any(needle in content for needle in needles)
    return found


def placed(running: Profile, *, number: int = 0) -> str:
    """The id of an order that was sent."""
    ack = running.place(running.away("ETHUSDT", number=number))
    assert ack.is_ok, ack.text
    (order,) = ack.client_order_ids
    return order


def is_accepted(running: Profile, order: str) -> bool:
    found = running.order(order)
    return found is not None and found.status == "ACCEPTED"


def wire_and_why(running: Profile, *, order: str, keys: set[bytes]) -> list[str]:
    """What the wire log and the whys say of requests that were signed, as words and as the socket's bytes."""
    wire = running.veloz("wire", "--count", "500", "--json").text
    assert '"topic":"order.place"' in wire and "Signature bad" in wire
    assert "userDataStream.subscribe.signature" in wire
    socket = msgspec.msgpack.encode(asyncio.run(ask_question(running.paths, AskWire(limit=500))))
    why = running.veloz("why", order, "--json").text
    assert "-> order.place" in why
    for said in (wire.encode(), socket, why.encode()):
        assert b"newClientOrderId" in said, "the search finds what is there"
        assert not [key for key in keys if key in said]
        assert b'"signature"' not in said.replace(b"\\", b"") and b"apiKey" not in said
    return [wire, why]


@pytest.mark.slow
def test_neither_key_nor_password_is_found_anywhere(profile: tuple[Profile, str]) -> None:
    running, api_key = profile
    done = running.veloz_on_a_terminal("engine", typed=[PASSWORD])
    assert done.code == 0, done.text + running.everything_said()
    said = [done.text]
    running.until_ready()
    running.start_strategies("mm")
    order = placed(running)
    until(lambda: is_accepted(running, order))  # else the disconnection below leaves it in doubt
    running.sim.fault(
        "http_error", operation="order.place", status=400, code=-1022, msg="Signature bad", count=5
    )
    placed(running, number=3)
    until(lambda: running.alerts("Signature bad"))
    running.sim.clear_faults()
    for action in ("disconnect", "malformed_frame"):
        running.sim.fault(action, target="all")
        running.until_ready()
    until(lambda: running.strategy("mm").open_orders >= 1)
    said += [running.veloz(word).text for word in ("status", "orders", "check")]
    said.append(running.veloz("status", "--json").text)
    said += wire_and_why(running, order=order, keys={api_key.encode()} | forms(SECRET))
    said.append(running.veloz("journal", "backup", str(running.directory / "backup.db")).text)
    needles = forms(SECRET) | {PASSWORD.encode()}
    assert len(hits(running, {b"BTCUSDT"})) >= 3, "the search finds what is there"
    assert len(family(running.pids)) > len(running.pids)
    assert hits(running, needles) == []
    assert running.veloz("kill").code == 0
    said.append(running.veloz("shutdown").text)
    assert hits(running, needles) == []
    text = "".join(said).replace(PASSWORD + "\r\n", "").encode()
    assert not [needle for needle in needles if needle in text]
    assert running.log("engine.log")
    assert SECRET.encode() not in running.paths.vault.read_bytes()
