"""A client's side of the conversation: one command a line on standard input, one answer a line on output.

Runs inside the environment of a foreign client: nothing of this project may be imported here.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping

Fields = Mapping[str, str]
Handler = Callable[[Fields], Awaitable[object]]
COMMAND_S = 20.0
LINE_BYTES_MAX = 1_000_000


async def converse(handlers: Mapping[str, Handler], *, refusals: tuple[type[Exception], ...]) -> None:
    """Answer until standard input closes. `refusals` become answers, anything else ends the program."""
    reader = asyncio.StreamReader(limit=LINE_BYTES_MAX)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        answer: dict[str, object] = {"id": request["id"]}
        try:
            async with asyncio.timeout(COMMAND_S):
                answer["result"] = await handlers[request["command"]](request["fields"])
        except refusals as error:
            answer["refusal"] = refusal(error)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def refusal(error: Exception) -> dict[str, object]:
    """The names of an error's classes, most special first, and its text."""
    names = [kind.__name__ for kind in type(error).__mro__ if issubclass(kind, Exception)]
    return {"classes": names[:-1], "text": str(error)}
