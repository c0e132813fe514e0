"""The entry of the engine process: `python -m veloz_tui.runtime.engine_main --link-fd N`."""

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

from veloz_tui.config.harden import harden_process
from veloz_tui.config.lock import ProfileLock
from veloz_tui.config.logs import configure_logging
from veloz_tui.config.paths import ProfilePaths, private_umask
from veloz_tui.config.redact import asyncio_exception_handler, install_hooks
from veloz_tui.config.secret import Secret
from veloz_tui.domain.errors import VelozError
from veloz_tui.runtime.garbage import seldom_garbage_collection
from veloz_tui.runtime.guardian_link import GuardianLink
from veloz_tui.runtime.link import EngineLeaving

_LOG = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """`--link-fd N`: the descriptor to the guardian. Returns the exit code."""
    private_umask()
    seldom_garbage_collection()
    try:
        return asyncio.run(_main(int(arguments[arguments.index("--link-fd") + 1])))
    except VelozError as error:
        sys.stderr.write(f"veloz engine: {error}\n")
        return error.exit_code


async def _main(descriptor: int) -> int:
    from veloz_tui.runtime.node import Node  # noqa: PLC0415 - most of the code, after main's first lines

    link = await GuardianLink.connect(descriptor)
    try:
        start = await link.start_order()
        settings = start.settings
        profile = settings.profile.name
        paths = ProfilePaths.of(profile)
        paths.create()
        configure_logging(paths.logs, "engine")
        logging.getLogger("veloz.control.websockets").setLevel(logging.WARNING)
        install_hooks()
        asyncio.get_running_loop().set_exception_handler(asyncio_exception_handler)
        harden_process()
        for key in start.keys:  # so that no log line and no wire record can hold them
            Secret(key.secret), Secret(key.api_key)
        _LOG.info("starting with %d keys", len(start.keys))
        paths.bind_mode(settings.profile.mode)
        lock = ProfileLock(paths.engine_lock, purpose=f"the engine of profile {profile}")
        lock.acquire()
        node = Node(start, paths, link)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, node.stop, "SIGTERM")
        loop.add_signal_handler(signal.SIGINT, lambda: None)  # a Ctrl+C of the starting terminal
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        return await node.run()
    except VelozError as error:
        _LOG.error("%s", error)
        link.send(EngineLeaving(str(error)))
        raise
    finally:
        await link.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
