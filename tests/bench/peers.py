"""Other programs' environments: made once on demand, absent otherwise. Nothing else downloads anything."""

import subprocess
import sys
from pathlib import Path
from typing import Literal

FOLDER = Path(__file__).parents[2] / ".peers"
PACKAGES = {
    "ccxt.pro": "ccxt==4.5.*",
    "cryptofeed": "cryptofeed",
    "nautilus_trader": "nautilus_trader==1.*",
}


TRADERS = ("ccxt.pro", "nautilus_trader")
"""Those of them that place orders."""
Work = Literal["feed", "orders"]


def script(name: str, work: Work) -> Path:
    """What a peer runs: `PORT LAST_ID` to count a feed, `PORT` to order on every update."""
    program = name.replace(".", "_").split("_")[0]
    return Path(__file__).parent / "peer_clients" / f"{program}_{work}.py"


def python(name: str) -> Path:
    return FOLDER / _folder(name) / "bin" / "python"


def present() -> dict[str, Path]:
    return {name: python(name) for name in PACKAGES if (FOLDER / _folder(name) / "made").exists()}


def missing() -> list[str]:
    return [name for name in PACKAGES if name not in present()]


def make() -> int:
    """Make each environment that isn't there; returns how many could not be made."""
    failed = 0
    for name in missing():
        folder = FOLDER / _folder(name)
        print(f"{name}: making {folder}", flush=True)
        commands = (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(python(name)), "-m", "pip", "install", "--quiet", PACKAGES[name]],
        )
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
                print(f"{name}: can't be made here: {said[:200]}", flush=True)
                failed += 1
                break
        else:
            (folder / "made").touch()
    return failed


def _folder(name: str) -> str:
    return name.replace(".", "_")
