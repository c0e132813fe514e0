"""Whether an engine is there and lets a console in: said before a screen is taken over."""

import asyncio

from veloz_tui.config.paths import ProfilePaths
from veloz_tui.control.connection import Greeting, open_connection
from veloz_tui.control.identity import own_name


def reach(paths: ProfilePaths) -> None:
    """Knock and leave. Raises EngineNotRunning, RefusedByEngine, LinkLost or ConfigError."""
    asyncio.run(_knock(paths))


async def _knock(paths: ProfilePaths) -> None:
    greeting = Greeting(name=own_name(), wants_control=False, wants_views=False)
    async with await open_connection(
        engine_path=paths.engine_socket, token_path=paths.session_token, greeting=greeting
    ):
        pass
