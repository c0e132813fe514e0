"""The clients' virtual environments, `.peers/<client>/` in the checkout. Made only when asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".peers"
CLIENTS = ("ccxt", "python-binance")
MAKE_COMMAND = "python -m tests.clients --make"
INSTALL_S = 600


def interpreter(client: str) -> Path:
    return FOLDER / client / "bin" / "python"


def is_made(client: str) -> bool:
    return (FOLDER / client / "made").exists()


def make(client: str) -> None:
    """Make the environment and install the client's newest release. Raises CalledProcessError."""
    folder = FOLDER / client
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=INSTALL_S)
    python = str(interpreter(client))
    subprocess.run([python, "-m", "pip", "install", "-q", client], check=True, timeout=INSTALL_S)
    # Only a finished environment counts.
    (folder / "made").touch()


def version(client: str) -> str:
    code = f"from importlib.metadata import version; print(version({client!r}))"
    done = subprocess.run(
        [str(interpreter(client)), "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()
