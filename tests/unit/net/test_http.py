"""HTTP outcomes: not sent, sent and unknown, answered."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from veloz_tui.net.http import HttpClient, HttpOutcome, HttpResponse, NotSent, SentUnknown

Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-MBX-Used-Weight-1m: 7\r\n\r\n{}"


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[int]:
    """A raw server: hands each request's head to `handler`, keeps the connection if it doesn't close it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                await handler(await reader.readuntil(b"\r\n\r\n"), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


async def ask(
    handler: Handler, *, path: str = "/x", timeout_s: float = 1.0, max_body_bytes: int = 10_000
) -> HttpOutcome:
    async with server(handler) as port:
        http = HttpClient(f"http://127.0.0.1:{port}", timeout_s=timeout_s, max_body_bytes=max_body_bytes)
        try:
            return await http.request("GET", path)
        finally:
            await http.aclose()


async def answer_ok(_head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)


def abort(writer: asyncio.StreamWriter) -> None:
    """Reset, not close: the client sees ECONNRESET."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


async def test_an_answer_carries_status_lower_case_headers_and_body() -> None:
    outcome = await ask(answer_ok)
    assert isinstance(outcome, HttpResponse)
    assert (outcome.status, outcome.body) == (200, b"{}")
    assert outcome.headers["x-mbx-used-weight-1m"] == "7"


async def test_any_status_is_an_answer() -> None:
    async def refuse(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 418 Teapot\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n")

    outcome = await ask(refuse)
    assert isinstance(outcome, HttpResponse)
    assert (outcome.status, outcome.headers["retry-after"]) == (418, "120")


async def test_the_path_is_sent_byte_for_byte() -> None:
    heads = []

    async def note(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(OK)

    path = "/api?symbols=%5B%22BTCUSDT%22%5D&x=%EF%BC%91&y=a+b&signature=a%2Fb%3D"
    await ask(note, path=path)
    assert heads[0].startswith(b"GET " + path.encode() + b" HTTP/1.1\r\n")


async def test_a_refused_connection_was_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        http = HttpClient(f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert isinstance(await http.request("POST", "/x"), NotSent)
        await http.aclose()


async def test_a_name_that_does_not_resolve_was_not_sent() -> None:
    http = HttpClient("http://venue.invalid")
    assert isinstance(await http.request("POST", "/x"), NotSent)
    await http.aclose()


async def test_a_reset_before_the_answer_is_unknown() -> None:
    async def reset(_head: bytes, writer: asyncio.StreamWriter) -> None:
        abort(writer)

    assert isinstance(await ask(reset), SentUnknown)


async def test_a_reset_in_the_middle_of_the_answer_is_unknown() -> None:
    async def half(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"orderId":')
        await writer.drain()
        abort(writer)

    assert isinstance(await ask(half), SentUnknown)


async def test_silence_is_unknown_after_the_timeout() -> None:
    async def say_nothing(_head: bytes, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)

    assert await ask(say_nothing, timeout_s=0.1) == SentUnknown("timeout")


async def test_what_is_no_http_is_unknown() -> None:
    async def babble(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\x01 hello\r\n\r\n")

    assert isinstance(await ask(babble), SentUnknown)


async def test_an_answer_over_the_size_limit_is_unknown() -> None:
    async def flood(_head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000)

    assert await ask(flood, max_body_bytes=1000) == SentUnknown("answer over 1000 bytes")


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    heads = []

    async def redirect(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(b"HTTP/1.1 307 Elsewhere\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n")

    outcome = await ask(redirect)
    assert isinstance(outcome, HttpResponse)
    assert outcome.status == 307
    assert len(heads) == 1


async def test_nothing_is_retried() -> None:
    count = 0

    async def reset(_head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        abort(writer)

    async with server(reset) as port:
        http = HttpClient(f"http://127.0.0.1:{port}", timeout_s=1)
        await http.request("POST", "/order")
        await http.aclose()
    assert count == 1


async def test_a_forbidden_write_sends_nothing() -> None:
    heads = []

    async def note(head: bytes, writer: asyncio.StreamWriter) -> None:
        heads.append(head)
        writer.write(OK)

    async with server(note) as port:
        http = HttpClient(f"http://127.0.0.1:{port}", timeout_s=1)
        assert isinstance(await http.request("POST", "/x", before_write=lambda: False), NotSent)
        assert isinstance(await http.request("POST", "/y", before_write=lambda: True), HttpResponse)
        await http.aclose()
    assert len(heads) == 1
    assert b"/y" in heads[0]


async def test_requests_share_a_connection() -> None:
    ports = set()

    async def note(_head: bytes, writer: asyncio.StreamWriter) -> None:
        ports.add(writer.get_extra_info("peername"))
        writer.write(OK)

    async with server(note) as port:
        http = HttpClient(f"http://127.0.0.1:{port}")
        for _ in range(3):
            await http.request("GET", "/x")
        await http.aclose()
    assert len(ports) == 1


async def test_no_log_line_shows_a_signature(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await ask(answer_ok, path="/x?signature=canary-5f3a")
    assert "canary-5f3a" not in caplog.text
