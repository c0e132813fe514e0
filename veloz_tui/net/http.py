"""HTTP for venues: one request, one honest outcome.

`request` never raises for what the network does. It answers whether the request was provably never written
(`NotSent`), may have reached the venue (`SentUnknown`: never repeat an order after it), or was answered
(`HttpResponse`, whatever its status). Nothing is retried, redirected or taken from the environment, and the
libraries' own logging, which would print signed URLs, is off.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from functools import cache

import httpx
import msgspec

_MAX_BODY_BYTES = 32 * 1024 * 1024  # a full exchangeInfo is 5-15 MB
_FIRST_WRITE = "send_request_headers.started"


class HttpResponse(msgspec.Struct, frozen=True):
    """Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotSent(msgspec.Struct, frozen=True):
    """No byte of the request was written: it can't have had an effect."""

    reason: str


class SentUnknown(msgspec.Struct, frozen=True):
    """Written at least in part, and no complete answer: it may or may not have had its effect."""

    reason: str


HttpOutcome = HttpResponse | NotSent | SentUnknown


class _WriteForbidden(Exception):
    pass


class HttpClient:
    """Keep-alive connections to one base URL. `path` is sent byte for byte: encode before signing."""

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float = 10.0,
        max_connections: int = 16,
        max_body_bytes: int = _MAX_BODY_BYTES,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        silence_library_logging()
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._max_body_bytes = max_body_bytes
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_s),
            limits=httpx.Limits(max_connections=max_connections, keepalive_expiry=60.0),
            verify=ssl_context or (False if base_url.startswith("http:") else _default_tls()),
            follow_redirects=False,
            trust_env=False,
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_s: float | None = None,
        before_write: Callable[[], bool] | None = None,
    ) -> HttpOutcome:
        """Send once. The timeout covers the whole exchange, waiting for a connection included.

        `before_write` is asked once, right before the first byte, after any connecting: False forbids it.
        """
        written = False

        async def note_first_write(event: str, _info: Mapping[str, object]) -> None:
            nonlocal written
            if event.endswith(_FIRST_WRITE):
                if before_write is not None and not before_write():
                    raise _WriteForbidden
                written = True

        request = self._client.build_request(
            method,
            self._base_url + path,
            content=body or None,
            headers=dict(headers or {}),
            extensions={"trace": note_first_write},
        )
        try:
            async with asyncio.timeout(timeout_s if timeout_s is not None else self._timeout_s):
                return await self._exchange(request)
        except _WriteForbidden:
            reason = "forbidden before the first byte"
        except TimeoutError:
            reason = "timeout"
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            # The class alone: messages can hold the URL, and with it a signature.
            reason = type(error).__name__
        return SentUnknown(reason) if written else NotSent(reason)

    async def _exchange(self, request: httpx.Request) -> HttpOutcome:
        response = await self._client.send(request, stream=True)
        try:
            chunks: list[bytes] = []
            size = 0
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > self._max_body_bytes:
                    return SentUnknown(f"answer over {self._max_body_bytes} bytes")
                chunks.append(chunk)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return HttpResponse(response.status_code, headers, b"".join(chunks))
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()


@cache
def _default_tls() -> ssl.SSLContext:
    """Loading the certificate authorities takes 90 ms: once is enough for all hosts."""
    return httpx.create_ssl_context()


def silence_library_logging() -> None:
    """httpx logs whole URLs at INFO and httpcore logs traffic at DEBUG: both can hold signatures."""
    for name in (
        "httpx",
        *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
    ):
        logging.getLogger(name).disabled = True
