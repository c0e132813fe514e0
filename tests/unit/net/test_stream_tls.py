"""The same stream over TLS: bursts, and certificates that nobody vouches for."""

import asyncio
import datetime
import ipaddress
import random
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.asyncio.server import ServerConnection, serve

from tests.unit.net.test_stream import FAST, Recorder, until
from veloz_tui.net.connect_budget import ConnectBudget
from veloz_tui.net.stream import Stream

FRAMES = 5_000


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed one for 127.0.0.1, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's server")])
    now = datetime.datetime.now(datetime.UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(host, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + pem)
    return path


async def burst(socket: ServerConnection) -> None:
    for number in range(FRAMES):
        await socket.send(f"{number} " + "x" * 1_200)
    await socket.wait_closed()


async def told(certificate: Path, client: ssl.SSLContext, *, frames: int) -> Recorder:
    """What a stream tells that talks to a server with this certificate."""
    seen = Recorder()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with serve(burst, "127.0.0.1", 0, ssl=context, close_timeout=0.1) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        stream = Stream(
            lambda: f"wss://127.0.0.1:{port}",
            seen,
            settings=FAST,
            budget=ConnectBudget(limit=1000, window_s=1),
            jitter=random.Random(3).random,
            ssl_context=client,
        )
        running = asyncio.create_task(stream.run())
        try:
            await until(lambda: len(seen.frames) >= frames and len(seen.states) >= 3)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    return seen


async def test_a_burst_over_tls_loses_none(certificate: Path) -> None:
    seen = await told(certificate, ssl.create_default_context(cafile=certificate), frames=FRAMES)
    assert [frame.split()[0] for _, frame in seen.frames] == [b"%d" % number for number in range(FRAMES)]
    assert seen.lost in ([], [(1, "stopped")])  # by us, at the end


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    seen = await told(certificate, ssl.create_default_context(), frames=0)
    assert seen.ready == []
    assert seen.frames == []
