"""`python -m tests.replay FILE... [--drop 0.01 --seed 7] [--speed N] [--seconds N] [--json]`

Plays recorded Binance spot markets through the simulated venue (a process of its own), real WebSockets, the
real adapter, engine, loop and journal. Wherever a recorded bookTicker speaks of the very update that the
book holds, best bid and ask must be equal, price and size. Exit code: 0 good, 1 a mismatch, a missed gap or
a lost message, 2 a file that can't be played.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests.replay.oracle import NotSpot, cut
from tests.replay.run import ReplayFailed, Result, replay
from tests.replay.verdict import SHOWN

_HEAD = (
    "messages",
    "s",
    "compared",
    "syncing",
    "gaps",
    "resyncs",
    "dropped",
    "noticed",
    "covered",
    "lost",
    "wrong",
    "missed",
)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--drop", type=float, default=0.0, help="share of depth diffs the venue leaves out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--speed", type=float, default=0.0, help="times as fast as recorded; 0: full speed")
    parser.add_argument("--seconds", type=float, default=None, help="only the first seconds (.gz files)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    code = 0
    if not options.json:
        print(f"{'file':<40}" + "".join(f"{word:>10}" for word in _HEAD))
    for file in options.files:
        code = max(code, _play(file, options))
    return code


def _play(file: Path, options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            path = file
            if options.seconds is not None:
                path = cut(file, Path(scratch) / file.name, seconds=options.seconds)
            result = asyncio.run(
                replay(
                    path,
                    Path(scratch) / "journal",
                    drop=options.drop,
                    seed=options.seed,
                    speed=options.speed,
                )
            )
        except (NotSpot, ReplayFailed) as error:
            sys.stderr.write(f"{error}\n")
            return 2 if isinstance(error, NotSpot) else 1
    _print(result, as_json=options.json)
    return 0 if result.is_good else 1


def _print(result: Result, *, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode({"is_good": result.is_good, **msgspec.structs.asdict(result)}).decode())
        return
    all_of = list(result.verdicts.values())
    numbers = (
        f"{result.messages:,}", f"{result.took_s:.1f}", result.compared, sum(v.syncing for v in all_of),
        sum(v.gaps for v in all_of), sum(v.resyncs for v in all_of), sum(v.dropped for v in all_of),
        sum(v.noticed for v in all_of), sum(v.covered for v in all_of), result.lost,
        sum(len(v.mismatches) for v in all_of), sum(len(v.missed) for v in all_of),
    )  # fmt: skip
    print(f"{result.file:<40}" + "".join(f"{number:>10}" for number in numbers))
    for symbol, verdict in result.verdicts.items():
        for line in [*verdict.mismatches[:SHOWN], *verdict.missed[:SHOWN]]:
            print(f"  {symbol} {line}")


if __name__ == "__main__":
    raise SystemExit(main())
