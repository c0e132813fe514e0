"""Compare foreign clients with ours on the simulated venue; `--make` makes their environments first."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys

from tests.clients.desk import KEY_TYPES
from tests.clients.environments import CLIENTS, MAKE_COMMAND, is_made, make, version
from tests.clients.run_checks import run_checks


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.clients",
        description=__doc__,
        epilog="One table a client and type of key; the exit code is 1 if anything differs.",
    )
    parser.add_argument("--make", action="store_true", help="make the environments first (downloads)")
    parser.add_argument("--client", choices=CLIENTS, help="only this one")
    parser.add_argument("--key", choices=KEY_TYPES, help="only this type of key")
    options = parser.parse_args()
    clients = CLIENTS if options.client is None else (options.client,)
    keys = KEY_TYPES if options.key is None else (options.key,)
    if options.make:
        for client in clients:
            try:
                make(client)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                print(f"{client}: {error}", file=sys.stderr)
                return 1
    missing = [client for client in clients if not is_made(client)]
    if missing:
        print(f"no environment for {', '.join(missing)}: {MAKE_COMMAND}", file=sys.stderr)
        return 1
    failures = 0
    for client in clients:
        for key in keys:
            table = asyncio.run(run_checks(client, key, title=f"{client} {version(client)}, {key} key"))
            print(table.text(), end="\n\n", flush=True)
            failures += len(table.failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
