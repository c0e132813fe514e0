"""Asks a stopped strategy about parameters, in a process that only loads it: its code may be anything."""

import asyncio
import contextlib
import os
import socket
from typing import Final

import msgspec

from veloz_tui.domain.parameters import Parameter
from veloz_tui.runtime.host_process import Tail, ending, spawn
from veloz_tui.strategy.spec import StrategySpec
from veloz_tui.strategy.wire import (
    Failed,
    FrameReader,
    Hello,
    Start,
    WireError,
    decode_from_host,
    encode_body,
    frame,
)

LIMIT_S: Final = 4.0
"""A console gives up on an answer a little later."""


async def probe(spec: StrategySpec, start: Start) -> tuple[str, tuple[Parameter, ...]]:
    """Return why the strategy can't be started like this, or what its parameters would be."""
    engine_end, host_end = socket.socketpair()
    read_end, write_end = os.pipe()
    stderr = Tail()
    try:
        process = await spawn(host_end.fileno(), stderr=write_end)
    except OSError as error:
        engine_end.close()
        os.close(read_end)
        return f"its process can't be started: {error.strerror}", ()
    finally:
        host_end.close()
        os.close(write_end)
    try:
        await asyncio.get_running_loop().connect_read_pipe(lambda: stderr, os.fdopen(read_end, "rb"))
        async with asyncio.timeout(LIMIT_S):
            return await _ask(engine_end, start) or (ending(await process.wait(), stderr.text), ())
    except TimeoutError:
        return f"{spec.source} took over {LIMIT_S:.0f} s to load", ()
    except OSError as error:
        return f"its process can't be asked: {error}", ()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ask(engine_end: socket.socket, start: Start) -> tuple[str, tuple[Parameter, ...]] | None:
    # None: it ended without a word.
    reader, writer = await asyncio.open_unix_connection(sock=engine_end)
    frames = FrameReader()
    try:
        writer.write(frame(encode_body(start), run=0, seq=0, now=0))
        while data := await reader.read(1 << 16):
            for received in frames.feed(data):
                match decode_from_host(received.body):
                    case Hello(_, parameters):
                        return "", parameters
                    case Failed(text):
                        return text[:1000], ()
    except (OSError, WireError, msgspec.DecodeError) as error:
        return f"its process sent what can't be: {error}", ()
    finally:
        writer.close()
    return None
