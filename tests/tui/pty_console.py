"""run_console on a real terminal. Arguments: descriptor of a report pipe, folder of the sockets."""

import os
import sys
from pathlib import Path

from tests.tui.test_engine_link import Paths
from veloz_tui.tui.app import run_console
from veloz_tui.tui.options import ConsoleOptions


def main() -> None:
    folder = Path(sys.argv[2])
    paths = Paths(folder / "engine.sock", folder / "token", folder / "guardian.sock")
    status = run_console(paths, ConsoleOptions(reads_tmux=False))
    os.write(int(sys.argv[1]), f"returned {status}\nfinally\n".encode())


if __name__ == "__main__":
    main()
