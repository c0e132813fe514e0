"""`python -m tests.bench [NAME...] [--rounds 5] [--quick] [--json] [--make-peers]`

Measures on this machine, prints a table: what, the value, its goal, pass or MISS. Compared stacks run in
interleaved rounds and values are medians, because machines are shared: read the ratios first. --quick only
shows that everything runs. --make-peers installs other programs into .peers/ for comparison; without them
they are shown as absent. Exit code 0, whatever was missed: a benchmark is not a test.
"""

import argparse
import asyncio
import os
import platform
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Final

import msgspec

from tests.bench import (
    bench_consoles,
    bench_engine,
    bench_far,
    bench_feed,
    bench_frame,
    bench_journal,
    bench_keys,
    bench_kill,
    bench_memory,
    bench_misdeeds,
    bench_order_rtt,
    bench_reports,
    bench_restart,
    bench_tick_to_order,
    peers,
)
from tests.bench.rows import Options, Row, show
from veloz_tui.domain.errors import VelozError

Bench = Callable[[Options], Coroutine[None, None, list[Row]]]
BENCHES: Final[dict[str, Bench]] = {
    "feed": bench_feed.run,
    "engine": bench_engine.run,
    "tick_to_order": bench_tick_to_order.run,
    "order_rtt": bench_order_rtt.run,
    "journal": bench_journal.run,
    "restart": bench_restart.run,
    "reports": bench_reports.run,
    "memory": bench_memory.run,
    "kill": bench_kill.run,
    "keys": bench_keys.run,
    "frame": bench_frame.run,
    "far": bench_far.run,
    "consoles": bench_consoles.run,
    "misdeeds": bench_misdeeds.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; none: all")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--make-peers", action="store_true")
    options = parser.parse_args(arguments)
    if options.make_peers:
        return 1 if peers.make() else 0
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark {unknown[0]}: {', '.join(BENCHES)}")
    chosen = Options(rounds=max(1, options.rounds), is_quick=options.quick)
    for name in options.names or BENCHES:
        _run(name, chosen, as_json=options.json)
    return 0


def _run(name: str, options: Options, *, as_json: bool) -> None:
    before, began = os.getloadavg()[0], time.monotonic()
    try:
        rows = asyncio.run(BENCHES[name](options))
    except (RuntimeError, TimeoutError, VelozError) as error:  # the others are still worth measuring
        sys.stderr.write(f"{name}: {error}\n")
        why = f"{type(error).__name__} {error}".splitlines()[0]
        rows = [Row(name, "did not come to its end", why, "", passed=False)]
    if as_json:
        for row in rows:
            print(msgspec.json.encode(row).decode(), flush=True)
        return
    took_s, after = time.monotonic() - began, os.getloadavg()[0]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"--- {name}: {took_s:.0f} s, load {before:.1f} to {after:.1f} on {machine}")
    print(show(rows), flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
