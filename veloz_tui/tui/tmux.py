"""Does tmux take the kill key before it reaches us? Some set-ups bind Ctrl+K in the root table."""

import asyncio
from collections.abc import Sequence
from typing import Final

_LIMIT_S: Final = 0.2


async def eaten_chords(chords: Sequence[str]) -> list[str]:
    """Those chords which tmux's root table binds; empty if tmux doesn't answer within 200 ms."""
    try:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            "list-keys",
            "-T",
            "root",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return []
    try:
        async with asyncio.timeout(_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return []
    return bound_chords(output.decode("utf-8", "replace"), chords)


def bound_chords(listing: str, chords: Sequence[str]) -> list[str]:
    """Those chords which a `tmux list-keys -T root` listing binds."""
    bound = set()
    for line in listing.splitlines():
        words = [word for word in line.split() if word != "-r"]
        if words[:3] == ["bind-key", "-T", "root"] and len(words) > 3:
            bound.add(words[3].replace("\\", "").lower())
    return [chord for chord in chords if _tmux_name(chord) in bound]


def _tmux_name(chord: str) -> str:
    return chord.replace("ctrl+", "c-").replace("alt+", "m-").replace("shift+", "s-")
